//! Keys as people name them, with `--key` or `LEDGER_KEY`: a file, or a key of the ssh-agent.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use ledger_core::json::Value;
use ledger_core::key::{self, KeyId, PublicKey, Signer, SigningKey};

use crate::agent::{self, AgentKey};
use crate::environment;
use crate::failure::{Failure, Result};
use crate::files;

/// The name of a key that lives in the agent begins so.
const AGENT: &str = "agent:";

/// A key that can sign here.
#[derive(Debug)]
pub(crate) enum Key {
    /// From a file.
    Secret(SigningKey),
    /// In the ssh-agent.
    Agent(AgentKey),
}

impl Signer for Key {
    fn public(&self) -> &PublicKey {
        match self {
            Self::Secret(key) => key.public(),
            Self::Agent(key) => key.public(),
        }
    }

    fn sign(&self, message: &[u8]) -> ledger_core::error::Result<[u8; 64]> {
        match self {
            Self::Secret(key) => Signer::sign(key, message),
            Self::Agent(key) => key.sign(message),
        }
    }
}

/// The key of that name.
pub(crate) fn load(path: &Path) -> Result<Key> {
    match path.to_string_lossy().strip_prefix(AGENT) {
        Some(fingerprint) => agent::find(fingerprint).map(Key::Agent),
        None => secret(path).map(Key::Secret),
    }
}

/// The public half of a key that becomes known, and the key if it is here; with `elsewhere` it need
/// not be.
pub(crate) fn newcomer(path: &Path, elsewhere: bool) -> Result<(PublicKey, Option<Key>)> {
    match load(path) {
        Ok(key) => Ok((*key.public(), Some(key))),
        Err(failure) if failure.code() == "key-public" && elsewhere => Ok((public(path)?, None)),
        Err(failure) => Err(failure),
    }
}

/// The secret key in a file; a locked one is opened with its passphrase.
fn secret(path: &Path) -> Result<SigningKey> {
    let bytes = read(path)?;
    let place = |error| {
        Failure::from(error)
            .within(files::shown(path))
            .hint("a key is PKCS#8 PEM or OpenSSH, as `ledger key new` makes it")
    };
    match key::read_private(&bytes) {
        Err(error)
            if error.code() == "key-encrypted" && bytes.starts_with(b"-----BEGIN OPENSSH") =>
        {
            let passphrase = passphrase(path)?.ok_or_else(|| {
                place(error).instead(format!(
                    "name the file of its passphrase in `{}`, or use the agent: `ssh-add`, then --key agent:SHA256:…",
                    environment::PASSPHRASE
                ))
            })?;
            key::read_private_locked(&bytes, &passphrase).map_err(place)
        }
        read => read.map_err(place),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    files::read(path).map_err(|failure| match failure.code() {
        "missing" => failure.instead(
            "make a key with `ledger key new`, `openssl genpkey` or `ssh-keygen -t ed25519`",
        ),
        "denied" => failure.instead("a key is read by its owner: run as the one who made it"),
        _ => failure,
    })
}

/// The passphrase from the file that the environment names, or typed; none when nobody can be asked.
fn passphrase(path: &Path) -> Result<Option<Vec<u8>>> {
    if let Some(file) = environment::path(environment::PASSPHRASE)? {
        let mut bytes = files::read(&file)?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        if bytes.is_empty() {
            return Err(Failure::new("key-passphrase", "the file of the passphrase is empty")
                .within(files::shown(&file)));
        }
        return Ok(Some(bytes));
    }
    let terminal = console::Term::stderr();
    if !terminal.is_term() || !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let asked = terminal
        .write_str(&format!("passphrase of {}: ", files::shown(path)))
        .and_then(|()| terminal.read_secure_line());
    let typed = asked
        .map_err(|error| Failure::new("key-passphrase", format!("cannot ask for it: {error}")))?;
    Ok(Some(typed.into_bytes()))
}

/// The keys that sign: those given, or the one of `LEDGER_KEY`; at least one.
pub(crate) fn load_all(given: &[PathBuf]) -> Result<Vec<Key>> {
    if !given.is_empty() {
        return given.iter().map(|path| load(path)).collect();
    }
    match environment::path(environment::KEY)? {
        Some(path) => Ok(vec![
            load(&path).map_err(|failure| failure.within(format!("`{}`", environment::KEY)))?,
        ]),
        None => Err(Failure::new("key-none", "no key to sign with").hint(format!(
            "give --key FILE or --key agent:SHA256:…, or set `{}`",
            environment::KEY
        ))),
    }
}

/// Exactly one key.
pub(crate) fn load_one(given: Option<&PathBuf>) -> Result<Key> {
    let mut keys = load_all(given.map(std::slice::from_ref).unwrap_or_default())?;
    keys.pop().ok_or_else(|| Failure::new("key-none", "no key to sign with"))
}

/// Exactly one key, from a file: what signs notes has its key on its own machine.
pub(crate) fn load_file(given: Option<&PathBuf>) -> Result<SigningKey> {
    match load_one(given)? {
        Key::Secret(key) => Ok(key),
        Key::Agent(_) => Err(Failure::new("key-agent", "an agent's key signs events, not notes")
            .hint("give the file of the key")),
    }
}

/// The keys as those who sign.
pub(crate) fn signers(keys: &[Key]) -> Vec<&dyn Signer> {
    keys.iter().map(|key| key as &dyn Signer).collect()
}

/// Somebody's key that need not be here: its id, or the file of its public half.
pub(crate) fn named(text: &str) -> Result<KeyId> {
    if let Ok(id) = KeyId::parse(text) {
        return Ok(id);
    }
    public(Path::new(text))
        .map(|key| key.id())
        .map_err(|failure| failure.hint("name a key by its id, or by the file of its public half"))
}

/// The public half of the key in a file, whichever half stands there.
pub(crate) fn public(path: &Path) -> Result<PublicKey> {
    if path.to_string_lossy().starts_with(AGENT) {
        return load(path).map(|key| *key.public());
    }
    let bytes = files::read(path)?;
    match key::read_public(&bytes) {
        Err(error) if error.code() == "key-private" => secret(path).map(|key| *key.public()),
        read => read.map_err(|error| Failure::from(error).within(files::shown(path))),
    }
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
