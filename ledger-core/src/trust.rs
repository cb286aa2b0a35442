//! Trust: the registry of keys, folded from the log, and the law of link for who may sign what.
//!
//! Spec page: `spec/trust.md`. Authority is judged by log position: a key signs entry *i* if it was
//! registered before *i* and did not end before *i*. Entry 0 names the roots; they alone register
//! and revoke keys, as t distinct persons; a key puts another in its own place. [`Registry::judge`]
//! is used before a write and after a read, on the same entry.
//!
//! `record`: one key · `law`: who may say what · `genesis`, `change`: entries that change keys · `list`: all
//! keys as text · `directory`: the derived file.

mod change;
pub mod directory;
mod genesis;
mod law;
pub mod list;
mod record;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

pub use self::change::brought;
pub use self::record::{Ending, Holder, Reason, Record, Scope, Suspicion};
use crate::capability::Capability;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::hash::{Blake3, Sha256};
use crate::key::{KeyId, PublicKey};
use crate::signature;

use self::directory::{Directory, Facts};

/// The types of events that change or state who may sign.
pub const KEY_EVENTS: &[&str] =
    &["key.listed", "key.registered", "key.revoked", "key.rotated", "ledger.created"];
/// From this many keys on, those in the map are put into the sorted table, so that a copy of the
/// registry stays cheap at any size.
const MANY: usize = 1024;

/// All keys of one ledger as the entries so far say.
///
/// A copy is cheap: what is large is shared.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// Keys in a sorted table: from the derived file, or put there because they were many.
    base: Arc<Directory>,
    /// Keys that are not in the table, or not as they stand there.
    keys: HashMap<KeyId, Arc<Record>>,
    /// The keys that are not in the table, in the order of their registration.
    order: Vec<KeyId>,
    /// Keys that are asked for without their ids: administrators, signers of checkpoints, suspects.
    special: Vec<KeyId>,
    threshold: usize,
    solo: bool,
    /// SHA-256 of entry 0's event bytes: what every other event must name.
    ledger: Option<[u8; 32]>,
}

/// What can be said of an entry's authority, at its own place in the log.
#[derive(Debug)]
pub enum Judgement {
    /// Its signers may say it.
    Valid,
    /// As [`Judgement::Valid`], but one of its keys was later reported compromised, and the report
    /// covers this entry. It stands; whether it is true is for people to find out.
    Suspect(KeyId, Suspicion),
    /// It does not hold: codes as of [`Registry::judge`].
    Refused(Error),
}

impl Registry {
    /// How many distinct persons administrative events need.
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// Whether one person alone administers this ledger; printed beside every verdict.
    pub fn solo(&self) -> bool {
        self.solo
    }

    /// The record of a key.
    pub fn get(&self, key: &KeyId) -> Option<&Record> {
        match self.keys.get(key) {
            Some(record) => Some(record),
            None => self.base.get(key),
        }
    }

    /// The public key of a registered key.
    pub fn public(&self, key: &KeyId) -> Option<&PublicKey> {
        self.get(key).and_then(Record::public)
    }

    /// How many keys were registered.
    pub fn len(&self) -> usize {
        self.base.len() + self.order.len()
    }

    /// Whether no key was registered: the log has no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All keys, in the order of their registration.
    pub fn keys(&self) -> Vec<(KeyId, &Record)> {
        let ids = self.base.in_order().into_iter().map(|(id, _, _)| id);
        let ids = ids.chain(self.order.iter().copied());
        ids.filter_map(|id| Some((id, self.get(&id)?))).collect()
    }

    /// The canonical list of keys: what `key.listed` commits to (`spec/trust.md`).
    pub fn list(&self) -> String {
        let mut text = String::new();
        for (_, line, _) in self.lines() {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// The registered keys that may sign checkpoints of `size` entries.
    pub fn checkpoint_keys(&self, size: u64) -> Vec<&PublicKey> {
        self.special()
            .filter(|(_, record)| record.has(&Capability::Checkpoint) && record.stands_at(size))
            .filter_map(|(_, record)| record.public())
            .collect()
    }

    /// The keys that were reported compromised, and what of theirs is in doubt.
    pub fn suspects(&self) -> Vec<(KeyId, Suspicion)> {
        self.special().filter_map(|(id, record)| Some((id, record.suspect?))).collect()
    }

    /// The public key with which each of the event's signatures is checked, in order.
    ///
    /// Keys that the event itself brings (roots, a key being registered, a successor) are taken from
    /// it. Codes `key-unknown`, `key-encoding`, `key-weak`, `key-torsion`.
    pub fn signer_keys(&self, event: &Event<'_>) -> Result<Vec<PublicKey>> {
        let brought = brought(event)?;
        let of = |id: &KeyId| {
            let known = self.public(id).copied();
            known.or_else(|| brought.iter().find(|key| key.id() == *id).copied())
        };
        event.signers.iter().map(|id| of(id).ok_or_else(|| law::unknown(id))).collect()
    }

    /// As [`Registry::judge`], and holds each signature against its key, one by one; code
    /// `signature-false` beside those.
    pub fn judge_signed(&self, entry: &Entry<'_>) -> Result<()> {
        self.judge(entry)?;
        let keys = self.signer_keys(&entry.event)?;
        keys.iter().zip(&entry.signatures).try_for_each(|(key, signature)| {
            signature::verify_one(key, entry.event.bytes(), &signature.bytes)
        })
    }

    /// What can be said of the entry now: as [`Registry::judge`], and whether a key of its was
    /// reported compromised since.
    ///
    /// The registry may be a later one, but for entries that are key events themselves: those are
    /// judged by the registry as it stood before them.
    pub fn judgement(&self, entry: &Entry<'_>) -> Judgement {
        match self.judge(entry) {
            Err(error) => Judgement::Refused(error),
            Ok(()) => self.doubt(entry),
        }
    }

    /// Of an entry that holds: whether one of its keys was reported compromised since.
    pub fn doubt(&self, entry: &Entry<'_>) -> Judgement {
        let doubt = |id: &KeyId| Some((*id, self.get(id)?.suspicion_at(entry.index)?));
        match entry.event.signers.iter().find_map(doubt) {
            Some((id, suspicion)) => Judgement::Suspect(id, suspicion),
            None => Judgement::Valid,
        }
    }

    /// From a derived file; its facts were held against the log by the caller.
    pub fn from_directory(directory: Directory) -> Self {
        let facts = *directory.facts();
        Self {
            special: directory.special(),
            threshold: usize::try_from(facts.threshold).unwrap_or(usize::MAX),
            solo: facts.solo,
            ledger: (!directory.is_empty()).then_some(facts.ledger.0),
            base: Arc::new(directory),
            keys: HashMap::new(),
            order: Vec::new(),
        }
    }

    /// As a derived file that covers this many entries, the last of which has this hash.
    pub fn to_directory(&self, covered: u64, last: Blake3) -> Directory {
        let facts = Facts {
            covered,
            last,
            ledger: Sha256(self.ledger.unwrap_or_default()),
            threshold: self.threshold as u64,
            solo: self.solo,
        };
        let lines = self.lines();
        let lines = lines.iter().map(|(id, line, special)| (*id, line.as_bytes(), *special));
        Directory::new(facts, lines)
    }

    fn special(&self) -> impl Iterator<Item = (KeyId, &Record)> {
        self.special.iter().filter_map(|id| Some((*id, self.get(id)?)))
    }

    /// Id, line and speciality of all keys, in the order of their registration.
    fn lines(&self) -> Vec<(KeyId, std::borrow::Cow<'_, str>, bool)> {
        let mut lines = Vec::with_capacity(self.len());
        let own =
            |id: &KeyId, record: &Record| (*id, list::line(id, record).into(), is_special(record));
        for (id, line, special) in self.base.in_order() {
            lines.push(match self.keys.get(&id) {
                Some(record) => own(&id, record),
                None => (id, String::from_utf8_lossy(line), special),
            });
        }
        for id in &self.order {
            lines.extend(self.keys.get(id).map(|record| own(id, record)));
        }
        lines
    }

    /// Puts a key or what became of it into the map.
    fn put(&mut self, id: KeyId, record: Record) {
        if is_special(&record) && !self.special.contains(&id) {
            self.special.push(id);
        }
        if !self.base.contains(&id) && !self.keys.contains_key(&id) {
            self.order.push(id);
        }
        self.keys.insert(id, Arc::new(record));
        if self.keys.len() >= MANY.max(self.base.len() / 16) {
            let facts = self.base.facts();
            self.base = Arc::new(self.to_directory(facts.covered, facts.last));
            self.keys.clear();
            self.order.clear();
        }
    }
}

/// Whether the key is asked for without its id.
fn is_special(record: &Record) -> bool {
    record.suspect.is_some()
        || record.has(&Capability::Admin)
        || record.has(&Capability::Checkpoint)
}
