//! What the owner may look up: the texts of an entry, all of a person, and who was erased.

use std::collections::BTreeMap;

use crate::blob;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::vault::attachment;
use crate::vault::cipher::DataKey;
use crate::vault::persons::Pseudonym;
use crate::vault::texts::{self, Frame, Text};
use crate::{error::Error, hash::Sha256};

use super::{Vault, copy_name, lost};

/// One opened text and the entry in which it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The entry.
    pub entry: u64,
    /// The persons it is bound to.
    pub persons: Vec<Pseudonym>,
    /// Where it stands, and what opens it.
    pub text: Text,
}

impl Vault {
    /// What the vault can open of an entry; empty when it has nothing of it.
    pub fn open_entry(&self, entry: u64) -> Result<Vec<Opened>> {
        let mut found =
            self.opened(entry / texts::ENTRIES, &mut |frame| frame.head.entry == entry)?;
        found.sort_by(|one, other| one.text.pointer.cmp(&other.text.pointer));
        Ok(found)
    }

    /// Everything that is bound to a person, in the order of the entries.
    pub fn open_person(&self, name: Pseudonym) -> Result<Vec<Opened>> {
        let mut found = Vec::new();
        for number in self.person(name)?.map(|person| person.files).unwrap_or_default() {
            found
                .append(&mut self.opened(number, &mut |frame| frame.head.persons.contains(&name))?);
        }
        found.sort_by(|a, b| (a.entry, &a.text.pointer).cmp(&(b.entry, &b.text.pointer)));
        Ok(found)
    }

    /// A private attachment of the ledger: its plain text, or the copy that an erasure left; none
    /// when the vault has no key to either. Codes `attachment-*`, `vault-short`.
    pub fn attachment(&self, ledger: &Ledger, digest: Sha256) -> Result<Option<Vec<u8>>> {
        let Some(record) = self.attached(digest)? else { return Ok(None) };
        if let Some(key) = record.key {
            let bytes = attachment::get(&**ledger.store(), digest)?.ok_or_else(|| {
                Error::unavailable("attachment-missing", "the attachment's bytes are not there")
                    .at(blob::file(digest))
            })?;
            return attachment::open(&DataKey::from_bytes(key), &bytes).map(Some);
        }
        let Some(key) = record.copy else { return Ok(None) };
        let name = copy_name(digest, &DataKey::from_bytes(key));
        let bytes = crate::store::read_all(&*self.home.files, &name)?.ok_or_else(|| lost(&name))?;
        attachment::open(&DataKey::from_bytes(key), &bytes).map(Some)
    }

    fn opened(
        &self,
        number: u64,
        wanted: &mut dyn FnMut(&Frame<'_>) -> bool,
    ) -> Result<Vec<Opened>> {
        let Some(record) = self.texts(number)? else { return Ok(Vec::new()) };
        let bytes = self.file(number, &record)?;
        let mut keys =
            Keys { vault: self, own: DataKey::from_bytes(record.key), known: BTreeMap::new() };
        let mut found = Vec::new();
        for frame in texts::read(number, &bytes)? {
            if wanted(&frame)
                && let Some(text) = keys.open(&frame)?
            {
                let (entry, persons) = (frame.head.entry, frame.head.persons);
                found.push(Opened { entry, persons, text });
            }
        }
        Ok(found)
    }
}

/// The keys that frames of a file need.
pub(super) struct Keys<'v> {
    pub(super) vault: &'v Vault,
    pub(super) own: DataKey,
    pub(super) known: BTreeMap<Pseudonym, Option<DataKey>>,
}

impl Keys<'_> {
    /// Opens a frame; none when one of its persons has no key any more.
    pub(super) fn open(&mut self, frame: &Frame<'_>) -> Result<Option<Text>> {
        if frame.head.persons.is_empty() {
            return frame.open(&texts::key(&[self.own], frame.head.commitment)).map(Some);
        }
        let mut keys = Vec::with_capacity(frame.head.persons.len());
        for name in &frame.head.persons {
            let key = if let Some(key) = self.known.get(name) {
                *key
            } else {
                let key = self.vault.person(*name)?.map(|p| DataKey::from_bytes(p.key));
                self.known.insert(*name, key);
                key
            };
            let Some(key) = key else { return Ok(None) };
            keys.push(key);
        }
        frame.open(&texts::key(&keys, frame.head.commitment)).map(Some)
    }
}
