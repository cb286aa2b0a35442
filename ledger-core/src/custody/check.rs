//! Check: every pseudonym of every entry, derived again from what was disclosed.

use std::collections::HashMap;

use crate::entry::Entry;
use crate::error::Result;
use crate::hash::Blake3;
use crate::json::Document;
use crate::ledger::Ledger;
use crate::schema;
use crate::vault::cipher::DataKey;
use crate::vault::persons::{Persons, Pseudonym};
use crate::vault::texts::{self, Text};

use super::Vault;
use super::absorb::known;
use super::positions::spots;
use super::read::Keys;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Entries that were read.
    pub entries: u64,
    /// Sealed values that a disclosure opens.
    pub opened: u64,
    /// Pseudonyms that the disclosed identity gives again.
    pub derived: u64,
    /// Pseudonyms that the law of link gives: the signing key's holder.
    pub by_key: u64,
    /// Pseudonyms of which it cannot be told, by reason.
    pub untold: Vec<(Untold, u64)>,
    /// What contradicts itself.
    pub faults: Vec<Fault>,
}

/// Why a pseudonym cannot be derived again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Untold {
    /// The person was erased.
    Erased,
    /// There is no disclosure here: it was never delivered, waits in the inbox, or is lost.
    Undisclosed,
    /// The identity has no pseudonym in `persons.idx`: it was lost or never there.
    Unfiled,
}

impl Untold {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Erased => "erased",
            Self::Undisclosed => "undisclosed",
            Self::Unfiled => "unfiled",
        }
    }
}

/// An entry whose pseudonym is another than its disclosure gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The entry.
    pub entry: u64,
    /// The pointer of the person.
    pub pointer: String,
    /// What the entry says.
    pub found: Pseudonym,
    /// What the identity gives.
    pub derived: Pseudonym,
}

impl Vault {
    /// Reads the whole log and holds it against the disclosures, one file of texts at a time.
    pub fn check(&self, ledger: &Ledger, progress: &mut dyn FnMut(u64, u64)) -> Result<Checked> {
        let mut persons = Persons::open(&**ledger.store())?;
        let mut done = Checked::default();
        let mut blocks = ledger.blocks()?;
        let mut document = Document::default();
        let mut page = Page::empty();
        while let Some(block) = blocks.next_block()? {
            for line in &block.lines {
                let entry = Entry::parse(&mut document, block.line(line))?;
                if page.number != Some(entry.index / texts::ENTRIES) {
                    page = Page::load(self, entry.index / texts::ENTRIES)?;
                }
                self.entry(ledger, &entry, &mut page, persons.as_mut(), &mut done)?;
            }
            progress(done.entries, ledger.size());
        }
        done.untold.sort_unstable();
        Ok(done)
    }

    fn entry(
        &self,
        ledger: &Ledger,
        entry: &Entry<'_>,
        page: &mut Page,
        mut persons: Option<&mut Persons>,
        done: &mut Checked,
    ) -> Result<()> {
        done.entries += 1;
        let own = schema::find(entry.event.kind).and_then(|kind| kind.own);
        for (commitment, spot) in spots(entry)? {
            let text = page.texts.remove(&commitment).filter(|text| {
                text.pointer == spot.pointer && spot.is_opened_by(commitment, &text.disclosure)
            });
            done.opened += u64::from(text.is_some());
            let Some(found) = spot.person() else { continue };
            let Some(identity) = text.and_then(|text| known(&text.disclosure.value)) else {
                let untold = if self.erased(found)?.is_some() {
                    Untold::Erased
                } else if own == Some(spot.pointer.as_str()) {
                    done.by_key += 1;
                    continue;
                } else {
                    Untold::Undisclosed
                };
                done.cannot_tell(untold);
                continue;
            };
            let derived = match persons.as_deref_mut() {
                Some(all) => all.resolve(&**ledger.store(), &identity.issuer, &identity.id)?,
                None => None,
            };
            match derived {
                Some(derived) if derived == found => done.derived += 1,
                Some(derived) => done.faults.push(Fault {
                    entry: entry.index,
                    pointer: spot.pointer,
                    found,
                    derived,
                }),
                None => done.cannot_tell(Untold::Unfiled),
            }
        }
        Ok(())
    }
}

impl Checked {
    fn cannot_tell(&mut self, why: Untold) {
        match self.untold.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => self.untold.push((why, 1)),
        }
    }
}

/// The opened texts of one file.
struct Page {
    number: Option<u64>,
    texts: HashMap<Blake3, Text>,
}

impl Page {
    fn empty() -> Self {
        Self { number: None, texts: HashMap::new() }
    }

    fn load(vault: &Vault, number: u64) -> Result<Self> {
        let mut page = Self { number: Some(number), texts: HashMap::new() };
        let Some(record) = vault.texts(number)? else { return Ok(page) };
        let bytes = vault.file(number, &record)?;
        let own = DataKey::from_bytes(record.key);
        let mut keys = Keys { vault, own, known: std::collections::BTreeMap::new() };
        for frame in texts::read(number, &bytes)? {
            if let Some(text) = keys.open(&frame)? {
                page.texts.insert(frame.head.commitment, text);
            }
        }
        Ok(page)
    }
}
