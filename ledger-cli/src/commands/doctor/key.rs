//! The keys of who asks: whether they can be read, by whom else, and what the ledger lets them do.

use std::path::{Path, PathBuf};

use ledger_core::key::{self, PublicKey};
use ledger_core::ledger::Ledger;
use ledger_core::trust::{Holder, Record};

use super::finding::Finding;
use crate::failure::{Failure, Result};
use crate::hook::spool;
use crate::{environment, files, keys};

/// The keys that are named.
pub(super) struct Keys(Vec<PathBuf>);

impl Keys {
    /// Those given, else the one of the environment.
    pub(super) fn named(given: &[PathBuf]) -> Self {
        if !given.is_empty() {
            return Self(given.to_vec());
        }
        // an empty variable has its own line
        Self(environment::path(environment::KEY).ok().flatten().into_iter().collect())
    }

    /// A line for each.
    pub(super) fn look(&self, ledger: Option<&Ledger>) -> Vec<Finding> {
        if self.0.is_empty() {
            let said = "none is named, so none was looked at";
            let hint = format!("give --key FILE, or set `{}`", environment::KEY);
            return vec![Finding::warn("key", said).hint(hint)];
        }
        self.0.iter().map(|path| one(path, ledger)).collect()
    }
}

fn one(path: &Path, ledger: Option<&Ledger>) -> Finding {
    let shown = path.display();
    if let Err(failure) = spool::private(path) {
        return Finding::of("key", &failure).command(format!("chmod 600 {shown}"));
    }
    let public = match public(path) {
        Ok(Some(public)) => public,
        Ok(None) => return Finding::ok("key", format!("{shown} is locked by a passphrase")),
        Err(failure) => return Finding::of("key", &failure),
    };
    let id = public.id();
    let Some(ledger) = ledger else {
        return Finding::ok("key", format!("{shown} is {id}; no ledger is here to know it"));
    };
    match ledger.registry().get(&id) {
        None => Finding::warn("key", format!("{shown} is {id}, which this ledger does not know"))
            .hint("persons with `admin` register it")
            .command(format!("ledger key register --new {shown} …")),
        Some(record) => registered(path, record),
    }
}

fn registered(path: &Path, record: &Record) -> Finding {
    let shown = path.display();
    if let Some(suspect) = &record.suspect {
        let said = format!("{shown} was reported compromised by entry {}", suspect.by);
        return Finding::fail("key", said)
            .hint("what it signs is refused; make another, and have it registered")
            .command("ledger key new FILE");
    }
    if let Some(ended) = &record.ended {
        let said = format!("{shown} ended with entry {}: {}", ended.index, ended.reason.word());
        return Finding::fail("key", said)
            .hint("sign with its successor, or have a new key registered")
            .command("ledger key list");
    }
    let holder = match &record.holder {
        Holder::Person(name) => format!("person {name}"),
        Holder::Service(name) => format!("service `{name}`"),
    };
    let may: Vec<String> = record.capabilities.iter().map(ToString::to_string).collect();
    Finding::ok("key", format!("{shown} is {holder}'s: {}", may.join(", ")))
}

/// The public half; none of a file that only a passphrase opens, which nobody is asked for here.
fn public(path: &Path) -> Result<Option<PublicKey>> {
    if path.to_string_lossy().starts_with("agent:") {
        return keys::public(path).map(Some);
    }
    let bytes = files::read(path)?;
    let read = key::read_public(&bytes).or_else(|error| match error.code() {
        "key-private" => key::read_private(&bytes).map(|key| *key.public()),
        _ => Err(error),
    });
    match read {
        Err(error) if error.code() == "key-encrypted" => Ok(None),
        read => read.map(Some).map_err(|error| Failure::from(error).within(files::shown(path))),
    }
}
