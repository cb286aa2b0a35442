//! Key files as people name them, with `--key` or `LEDGER_KEY`.

use std::path::{Path, PathBuf};

use ledger_core::json::Value;
use ledger_core::key::{self, Signer, SigningKey};

use crate::environment;
use crate::failure::{Failure, Result};
use crate::files;

/// The secret key in a file.
pub(crate) fn load(path: &Path) -> Result<SigningKey> {
    if path.to_string_lossy().starts_with("agent:") {
        return Err(Failure::new("key-agent", "keys of an agent are not used by this version")
            .hint("give the file of the key"));
    }
    let bytes = files::read(path).map_err(|failure| match failure.code() {
        "missing" => failure.instead(
            "make a key with `ledger key new`, `openssl genpkey` or `ssh-keygen -t ed25519`",
        ),
        "denied" => failure.instead("a key is read by its owner: run as the one who made it"),
        _ => failure,
    })?;
    key::read_private(&bytes).map_err(|error| {
        Failure::from(error)
            .within(files::shown(path))
            .hint("a key is PKCS#8 PEM or OpenSSH, as `ledger key new` makes it")
    })
}

/// The keys that sign: those given, or the one of `LEDGER_KEY`; at least one.
pub(crate) fn load_all(given: &[PathBuf]) -> Result<Vec<SigningKey>> {
    if !given.is_empty() {
        return given.iter().map(|path| load(path)).collect();
    }
    match environment::path(environment::KEY)? {
        Some(path) => Ok(vec![
            load(&path).map_err(|failure| failure.within(format!("`{}`", environment::KEY)))?,
        ]),
        None => Err(Failure::new("key-none", "no key to sign with")
            .hint(format!("give --key FILE, or set `{}`", environment::KEY))),
    }
}

/// Exactly one key.
pub(crate) fn load_one(given: Option<&PathBuf>) -> Result<SigningKey> {
    let mut keys = load_all(given.map(std::slice::from_ref).unwrap_or_default())?;
    keys.pop().ok_or_else(|| Failure::new("key-none", "no key to sign with"))
}

/// The keys as those who sign.
pub(crate) fn signers(keys: &[SigningKey]) -> Vec<&dyn Signer> {
    keys.iter().map(|key| key as &dyn Signer).collect()
}

/// A person or account as `ISSUER:ID`, split at the first colon.
pub(crate) fn identity(text: &str) -> Result<Value> {
    match text.split_once(':') {
        Some((issuer, id)) if !issuer.is_empty() && !id.is_empty() => {
            Ok(Value::object([("issuer", Value::text(issuer)), ("id", Value::text(id))]))
        }
        _ => Err(Failure::new("identity", format!("`{text}` does not name a person"))
            .hint("write ISSUER:ID, like `hr:4711` or `github:583231`")),
    }
}
