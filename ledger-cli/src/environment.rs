//! The environment: the one place where its variables are read.
//!
//! `LEDGER_DIR`, `LEDGER_KEY`, `LEDGER_ORIGIN`, `LEDGER_PERSON`, `LEDGER_KEY_PASSPHRASE_FILE`, `LEDGER_STATE`; of a server
//! `LEDGER_TOKEN`, `LEDGER_TOKEN_FILE`, `LEDGER_CA`, `LEDGER_CLIENT_CERT`, `LEDGER_CLIENT_KEY`, while its client library reads
//! `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; for the places of other things
//! `XDG_STATE_HOME`, `HOME`, `TMPDIR` and `SSH_AUTH_SOCK`. A variable of ours that is set but empty is a mistake in a script, so it is an error.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::failure::{Failure, Result};

/// The folder of the ledger.
pub(crate) const DIR: &str = "LEDGER_DIR";
/// The file of the key that signs.
pub(crate) const KEY: &str = "LEDGER_KEY";
/// The origin of the ledger, where its folder may be away.
pub(crate) const ORIGIN: &str = "LEDGER_ORIGIN";
/// The person whose key signs decisions, as `ISSUER:ID`.
pub(crate) const PERSON: &str = "LEDGER_PERSON";
/// The file with the passphrase of the key.
pub(crate) const PASSPHRASE: &str = "LEDGER_KEY_PASSPHRASE_FILE";
/// The folder of what is remembered outside the ledger.
pub(crate) const STATE: &str = "LEDGER_STATE";
/// The token that a server asks for.
pub(crate) const TOKEN: &str = "LEDGER_TOKEN";
/// The file with that token.
pub(crate) const TOKEN_FILE: &str = "LEDGER_TOKEN_FILE";
/// The file with the certificates that a server's is held against, in the place of the system's.
pub(crate) const CA: &str = "LEDGER_CA";
/// The file with the certificate that is shown to a server, and those between it and its root.
pub(crate) const CLIENT_CERT: &str = "LEDGER_CLIENT_CERT";
/// The file with the key of that certificate.
pub(crate) const CLIENT_KEY: &str = "LEDGER_CLIENT_KEY";

/// Every variable of ours: one that is called like them and is none of them was misspelt.
pub(crate) const OURS: [&str; 11] =
    [DIR, KEY, ORIGIN, PERSON, PASSPHRASE, STATE, TOKEN, TOKEN_FILE, CA, CLIENT_CERT, CLIENT_KEY];

/// The variables that are set and called like ours, in order, and whether each is empty.
pub(crate) fn ours() -> Vec<(String, bool)> {
    let mut found: Vec<(String, bool)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.is_empty())))
        .filter(|(name, _)| name.starts_with("LEDGER_"))
        .collect();
    found.sort();
    found
}

/// A variable as a path; none when it is unset, an error when it is empty.
pub(crate) fn path(name: &'static str) -> Result<Option<PathBuf>> {
    match raw(name) {
        Some(value) if value.is_empty() => {
            Err(Failure::new("environment-empty", format!("`{name}` is set, but empty"))
                .hint(format!("give `{name}` a value, or unset it")))
        }
        value => Ok(value.map(PathBuf::from)),
    }
}

/// Where the state lies unless somebody says otherwise: `$XDG_STATE_HOME/ledger`, or
/// `~/.local/state/ledger` (XDG Base Directory specification: an empty variable counts as unset, a
/// relative path as none).
pub(crate) fn default_state() -> Result<PathBuf> {
    let absolute = |name| raw(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local").join("state")));
    state.map(|state| state.join("ledger")).ok_or_else(|| {
        Failure::new("environment-state", "there is no place for what is kept outside the ledger")
            .hint(format!("give --state DIR, or set `{STATE}` or `HOME`"))
    })
}

/// The socket of the ssh-agent; none when there is no agent.
pub(crate) fn agent() -> Result<Option<PathBuf>> {
    path("SSH_AUTH_SOCK")
}

/// How this program was called, for commands that people copy.
pub(crate) fn program() -> String {
    std::env::args_os()
        .next()
        .map_or_else(|| "ledger".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The system's folder for temporary files (`TMPDIR`, else `/tmp`).
pub(crate) fn temporary() -> PathBuf {
    std::env::temp_dir()
}

/// A variable of a pipeline that is on the hook's list of those it reads (`hook/ci.rs`); none when
/// it is unset, empty or no text.
pub(crate) fn listed(name: &'static str) -> Option<String> {
    raw(name).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty())
}

fn raw(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
