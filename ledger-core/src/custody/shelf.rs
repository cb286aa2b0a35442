//! The shelf: files of texts being added to, and the persons being met, until they are committed.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::error::Result;
use crate::hash::Blake3;
use crate::store;
use crate::store::records::Batch;
use crate::vault::cipher::DataKey;
use crate::vault::persons::Pseudonym;
use crate::vault::record::{At, Known, Person, Texts};
use crate::vault::texts::{self, Head, Text};

use super::{Vault, lost};

/// Persons that are remembered between commits.
const PERSONS_MAX: usize = 65_536;

/// What waits for the next commit.
pub(super) struct Shelf {
    random: [u8; 32],
    open: BTreeMap<u64, Open>,
    persons: HashMap<Pseudonym, Meeting>,
    pub(super) batch: Batch,
    waiting: usize,
}

/// A file that grows.
struct Open {
    record: Texts,
    /// Frames not yet written.
    frames: Vec<u8>,
    /// What is in the file or waits for it.
    known: HashSet<Blake3>,
    fresh: bool,
}

enum Meeting {
    Erased,
    Known { person: Person, changed: bool },
}

impl Shelf {
    /// `random` is 32 fresh random bytes: new data keys come from them.
    pub(super) fn new(random: [u8; 32]) -> Self {
        Self {
            random,
            open: BTreeMap::new(),
            persons: HashMap::new(),
            batch: Batch::default(),
            waiting: 0,
        }
    }

    /// How many texts wait for [`Shelf::commit`].
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether one of them was erased: then nothing bound to all of them is kept.
    pub(super) fn any_erased(&mut self, vault: &Vault, persons: &[Pseudonym]) -> Result<bool> {
        for name in persons {
            if matches!(self.meet(vault, *name)?, Meeting::Erased) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds a name under which a person is known.
    pub(super) fn learn(&mut self, vault: &Vault, name: Pseudonym, known: Known) -> Result<()> {
        if let Meeting::Known { person, changed } = self.meet(vault, name)?
            && let Err(place) = person.known.binary_search(&known)
        {
            person.known.insert(place, known);
            *changed = true;
        }
        Ok(())
    }

    /// Adds a text; false when it is there already.
    pub(super) fn add(&mut self, vault: &Vault, head: &Head, text: &Text) -> Result<bool> {
        let number = head.entry / texts::ENTRIES;
        let mut keys = Vec::with_capacity(head.persons.len());
        for name in &head.persons {
            if let Meeting::Known { person, changed } = self.meet(vault, *name)? {
                keys.push(DataKey::from_bytes(person.key));
                if let Err(place) = person.files.binary_search(&number) {
                    person.files.insert(place, number);
                    *changed = true;
                }
            }
        }
        let random = self.random;
        let open = match self.open.entry(number) {
            std::collections::btree_map::Entry::Occupied(found) => found.into_mut(),
            std::collections::btree_map::Entry::Vacant(empty) => {
                empty.insert(Open::load(vault, number, &random)?)
            }
        };
        if !open.known.insert(head.commitment) {
            return Ok(false);
        }
        if head.persons.is_empty() {
            keys.push(DataKey::from_bytes(open.record.key));
        }
        texts::write(head, &texts::key(&keys, head.commitment), text, &mut open.frames)?;
        self.waiting += 1;
        Ok(true)
    }

    /// Makes everything durable: the frames, then the records that count them.
    pub(super) fn commit(&mut self, vault: &mut Vault) -> Result<()> {
        let files = &vault.home.files;
        let mut fresh = false;
        // if we stop in here, bytes are left past the length that the record says; they do not count,
        // and the next run writes over them
        for (number, open) in &mut self.open {
            if open.frames.is_empty() {
                continue;
            }
            let name = texts::file(*number, open.record.generation);
            if open.fresh {
                files.write(&name, 0, &texts::header(*number))?;
                fresh = true;
            }
            files.write(&name, open.record.length, &open.frames)?;
            files.sync(&name)?;
            open.record.length += open.frames.len() as u64;
            open.fresh = false;
            open.frames.clear();
            vault.put(&mut self.batch, At::Texts(*number), &open.record)?;
        }
        if fresh {
            files.sync_dir(texts::FOLDER)?;
        }
        for (name, meeting) in &mut self.persons {
            if let Meeting::Known { person, changed } = meeting
                && *changed
            {
                vault.put(&mut self.batch, At::Person(*name), person)?;
                *changed = false;
            }
        }
        self.waiting = 0;
        if !self.batch.0.is_empty() {
            vault.commit(std::mem::take(&mut self.batch))?;
        }
        // what comes next is most likely in the newest file
        if let Some(newest) = self.open.keys().next_back().copied() {
            self.open.retain(|number, _| *number == newest);
        }
        if self.persons.len() > PERSONS_MAX {
            self.persons.clear();
        }
        Ok(())
    }

    fn meet(&mut self, vault: &Vault, name: Pseudonym) -> Result<&mut Meeting> {
        match self.persons.entry(name) {
            std::collections::hash_map::Entry::Occupied(found) => Ok(found.into_mut()),
            std::collections::hash_map::Entry::Vacant(empty) => {
                let meeting = if vault.erased(name)?.is_some() {
                    Meeting::Erased
                } else if let Some(person) = vault.person(name)? {
                    Meeting::Known { person, changed: false }
                } else {
                    let key = DataKey::derive("ledger/v1 data key", &self.random, &[&name.0]);
                    let person = Person {
                        key: key.to_bytes(),
                        known: Vec::new(),
                        files: Vec::new(),
                        restricted_by: None,
                    };
                    Meeting::Known { person, changed: true }
                };
                Ok(empty.insert(meeting))
            }
        }
    }
}

impl Open {
    fn load(vault: &Vault, number: u64, random: &[u8; 32]) -> Result<Self> {
        let Some(record) = vault.texts(number)? else {
            let key = DataKey::derive("ledger/v1 file key", random, &[&number.to_be_bytes()]);
            let length = texts::header(number).len() as u64;
            let record = Texts { generation: 1, length, key: key.to_bytes() };
            return Ok(Self { record, frames: Vec::new(), known: HashSet::new(), fresh: true });
        };
        let bytes = vault.file(number, &record)?;
        let known =
            texts::read(number, &bytes)?.iter().map(|frame| frame.head.commitment).collect();
        Ok(Self { record, frames: Vec::new(), known, fresh: false })
    }
}

impl Vault {
    /// The bytes of a file of texts that count; code `vault-short`.
    pub(super) fn file(&self, number: u64, record: &Texts) -> Result<Vec<u8>> {
        let name = texts::file(number, record.generation);
        let length = usize::try_from(record.length).unwrap_or(usize::MAX);
        if self.home.files.len(&name)?.is_none_or(|found| found < record.length) {
            return Err(lost(&name));
        }
        store::read_range(&*self.home.files, &name, 0, length)
    }
}
