//! Destroy: what the log ordered is carried out, so that the bytes are gone.
//!
//! The entry `person.erased` is the durable intent. It is appended first; carrying it out may stop
//! anywhere and begins again at the next opening, and a restored backup carries out all of them. Files
//! are written anew under a new generation beside the old ones, the records go into a new database
//! (sled keeps old bytes in its log), and one replacement of the mark makes all of it happen at once.
//! Then the old files and the old database are removed.

use std::collections::{BTreeMap, BTreeSet};

use crate::blob;
use crate::error::{Kind as Failed, Result};
use crate::hash::Sha256;
use crate::index::Kind;
use crate::ledger::{self, Ledger};
use crate::retention::{Class, Order};
use crate::store::records::Batch;
use crate::store::{self, Store};
use crate::vault::attachment;
use crate::vault::cipher::DataKey;
use crate::vault::persons::{Persons, Pseudonym};
use crate::vault::record::{self, At, Attached, Erased, Mark, Person, Texts};
use crate::vault::texts::{self, Frame, Text};

use super::needle::Needles;
use super::open::name_of;
use super::order::{after, goes, plain};
use super::read::Keys;
use super::{COPIES, Vault, copy_name};

/// Records that are copied in one batch.
const BATCH: usize = 4_096;
/// Sealed texts that name a person at another place than an identity does.
const NAMES: [&str; 2] = ["/data/account", "/data/employee_ref"];

/// What was destroyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Destroyed {
    /// Orders that were carried out now.
    pub orders: u64,
    /// Texts that are gone.
    pub texts: u64,
    /// Attachments whose key is gone.
    pub attachments: u64,
    /// Attachments that are no text, so that nobody can tell whom they name.
    pub unsearched: u64,
}

/// What the next database will say instead.
#[derive(Default)]
pub(super) struct Changes(pub(super) BTreeMap<Vec<u8>, Option<Vec<u8>>>);

impl Changes {
    pub(super) fn put(
        &mut self,
        vault: &Vault,
        at: At,
        value: &impl bincode::Encode,
    ) -> Result<()> {
        let key = at.key();
        let sealed = record::seal(&vault.root, &key, value)?;
        self.0.insert(key, Some(sealed));
        Ok(())
    }
}

impl Vault {
    /// Carries out every order of the log that was not carried out here yet. The inbox is taken in
    /// first, since it may hold what must go.
    pub fn carry_out(&mut self, ledger: &mut Ledger, random: [u8; 32]) -> Result<Destroyed> {
        ledger.refresh()?;
        let mut orders = Vec::new();
        let mut indexes: Vec<u64> =
            ledger.find(Kind::Type, "person.erased", usize::MAX)?.iter().map(|p| p.index).collect();
        indexes.sort_unstable();
        for index in indexes {
            if self.get::<u64>(At::Done(index))?.is_none() {
                orders.extend(ledger.entry(index, Order::of)?);
            }
        }
        if orders.is_empty() {
            return Ok(Destroyed::default());
        }
        // no pseudonym of theirs is given out from here on; what was given out before is in the inbox
        forget(ledger, &orders)?;
        self.absorb(ledger, random, &mut |_, _| {})?;
        self.destroy(ledger, &orders)
    }

    fn destroy(&mut self, ledger: &Ledger, orders: &[Order]) -> Result<Destroyed> {
        let mut done = Destroyed { orders: orders.len() as u64, ..Destroyed::default() };
        let mut changes = Changes::default();
        let needles = self.needles(ledger, orders)?;
        done.texts = self.drop_texts(&mut changes, &mut |frame, text| {
            orders.iter().any(|order| goes(order, frame, text, needles.get(&order.entry)))
        })?;
        self.drop_attachments(ledger, orders, &needles, &mut changes, &mut done)?;
        self.drop_persons(orders, &mut changes)?;
        self.rewrite(changes)?;
        self.tidy(&**ledger.store())?;
        Ok(done)
    }

    fn drop_persons(&self, orders: &[Order], changes: &mut Changes) -> Result<()> {
        let mut persons: BTreeMap<Pseudonym, Option<Person>> = BTreeMap::new();
        for order in orders {
            let person = match persons.remove(&order.person) {
                Some(person) => person,
                None => self.person(order.person)?,
            };
            persons.insert(order.person, person.and_then(|person| after(order, person)));
            if order.erases(Class::Identity) {
                changes.put(self, At::Erased(order.person), &Erased { entry: order.entry })?;
            }
            changes.put(self, At::Done(order.entry), &order.entry)?;
        }
        for (name, person) in persons {
            match person {
                Some(person) => changes.put(self, At::Person(name), &person)?,
                None => drop(changes.0.insert(At::Person(name).key(), None)),
            }
        }
        Ok(())
    }

    /// What to look for: names, addresses, logins and employee numbers of those who go.
    fn needles(&self, ledger: &Ledger, orders: &[Order]) -> Result<BTreeMap<u64, Needles>> {
        let mut all = BTreeMap::new();
        for order in orders {
            let mut needles = Needles::new(order.person);
            for known in self.person(order.person)?.map(|p| p.known).unwrap_or_default() {
                needles.add(&known.id);
                known.name.iter().chain(&known.email).for_each(|text| needles.add(text));
            }
            for opened in self.open_person(order.person)? {
                if !NAMES.contains(&opened.text.pointer.as_str()) {
                    continue;
                }
                // a login or number belongs to the person whom its entry is about
                let about = ledger.entry(opened.entry, |entry| {
                    entry.person("/data/principal").or_else(|| entry.person("/data/person"))
                })?;
                if about == Some(order.person) {
                    needles.add(&plain(&opened.text));
                }
            }
            all.insert(order.entry, needles);
        }
        Ok(all)
    }

    /// Writes anew, beside the old ones, the files of which frames go; gives how many went.
    pub(super) fn drop_texts(
        &self,
        changes: &mut Changes,
        goes: &mut dyn FnMut(&Frame<'_>, Option<&Text>) -> bool,
    ) -> Result<u64> {
        let mut gone = 0;
        let mut written = false;
        for (number, record) in self.numbers()? {
            let bytes = self.file(number, &record)?;
            let own = DataKey::from_bytes(record.key);
            let mut keys = Keys { vault: self, own, known: BTreeMap::new() };
            let mut kept = texts::header(number);
            let mut some = 0;
            for frame in texts::read(number, &bytes)? {
                let text = keys.open(&frame)?;
                if goes(&frame, text.as_ref()) {
                    some += 1;
                } else {
                    kept.extend_from_slice(frame.bytes);
                }
            }
            if some == 0 {
                continue;
            }
            gone += some;
            let generation = record.generation + 1;
            let name = texts::file(number, generation);
            // if we stop in here, a file is left that no record names; the next opening removes it
            let files = &self.home.files;
            files.remove(&name)?;
            files.write(&name, 0, &kept)?;
            files.sync(&name)?;
            written = true;
            let record = Texts { generation, length: kept.len() as u64, ..record };
            changes.put(self, At::Texts(number), &record)?;
        }
        if written {
            self.home.files.sync_dir(texts::FOLDER)?;
        }
        Ok(gone)
    }

    fn drop_attachments(
        &self,
        ledger: &Ledger,
        orders: &[Order],
        needles: &BTreeMap<u64, Needles>,
        changes: &mut Changes,
        done: &mut Destroyed,
    ) -> Result<()> {
        let orders: Vec<&Order> = orders.iter().filter(|o| o.erases(Class::Original)).collect();
        if orders.is_empty() {
            return Ok(());
        }
        for (digest, mut record) in self.attachments()? {
            let text = match self.attachment(ledger, digest) {
                Ok(Some(text)) => text,
                Ok(None) => continue,
                // what is not there or does not open names nobody; a disk that fails must be asked again
                Err(error)
                    if error.kind() != Failed::Unavailable
                        || error.code() == "attachment-missing" =>
                {
                    done.unsearched += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut by = Vec::new();
            let Ok(mut copy) = String::from_utf8(text) else {
                // nobody can tell whom it names: it goes whole if its entry names one of them
                match named(ledger, record.entry, &orders)? {
                    Some(entry) => {
                        done.attachments += 1;
                        (record.key, record.copy) = (None, None);
                        record.erased_by.push(entry);
                        changes.put(self, At::Attached(digest), &record)?;
                    }
                    None => done.unsearched += 1,
                }
                continue;
            };
            for order in &orders {
                if let Some(changed) = needles.get(&order.entry).and_then(|n| n.replace(&copy)) {
                    copy = changed;
                    by.push(order.entry);
                }
            }
            if by.is_empty() {
                continue;
            }
            done.attachments += 1;
            record.copy = Some(self.put_copy(digest, &record, &by, &copy)?);
            record.key = None;
            record.erased_by.append(&mut by);
            changes.put(self, At::Attached(digest), &record)?;
        }
        Ok(())
    }

    /// Leaves a copy without the names, under a new key, in a file of that key's name.
    fn put_copy(
        &self,
        digest: Sha256,
        record: &Attached,
        by: &[u64],
        text: &str,
    ) -> Result<[u8; 32]> {
        let old = record.key.or(record.copy).unwrap_or_default();
        let by: Vec<u8> = by.iter().flat_map(|entry| entry.to_be_bytes()).collect();
        let key = DataKey::derive("ledger/v1 copy key", &old, &[&digest.0, &by]);
        let bytes = attachment::encrypt(&key, text.as_bytes())?;
        store::replace(&*self.home.files, &copy_name(digest, &key), &bytes)?;
        Ok(key.to_bytes())
    }

    /// The next database: all records but those that change or go; then it is in force.
    pub(super) fn rewrite(&mut self, changes: Changes) -> Result<()> {
        let generation = self.generation + 1;
        let fresh = self.home.databases.create(&name_of(generation))?;
        let mut batch = Batch::default();
        self.each(b"", &mut |key, value| {
            if !changes.0.contains_key(key) && key != At::Mark.key() {
                batch.put(key.to_vec(), value.to_vec());
            }
            if batch.0.len() >= BATCH { fresh.apply(std::mem::take(&mut batch)) } else { Ok(()) }
        })?;
        for (key, value) in changes.0 {
            if let Some(value) = value {
                batch.put(key, value);
            }
        }
        let commits = self.commits + 1;
        self.put(&mut batch, At::Mark, &Mark { ledger: self.ledger, commits })?;
        fresh.apply(batch)?;
        self.commits = commits;
        self.switch(generation, fresh)
    }

    /// Removes attachments and copies that nothing can open any more.
    pub(super) fn tidy_attachments(&self, ledger: &dyn Store) -> Result<()> {
        let mut copies = BTreeSet::new();
        let mut gone = false;
        for (digest, record) in self.attachments()? {
            copies.extend(record.copy.map(|key| copy_name(digest, &DataKey::from_bytes(key))));
            if record.key.is_none() && ledger.len(&blob::file(digest))?.is_some() {
                ledger.remove(&blob::file(digest))?;
                gone = true;
            }
        }
        if gone {
            ledger.sync_dir(blob::FOLDER)?;
        }
        for name in self.home.files.list(COPIES)? {
            let name = format!("{COPIES}/{name}");
            if !copies.contains(&name) {
                self.home.files.remove(&name)?;
                self.home.files.sync_dir(COPIES)?;
            }
        }
        Ok(())
    }
}

/// The first order about a person whom the entry names.
fn named(ledger: &Ledger, entry: u64, orders: &[&Order]) -> Result<Option<u64>> {
    ledger.entry(entry, |entry| {
        let about = |order: &&&Order| entry.persons.iter().any(|(_, name)| *name == order.person);
        orders.iter().find(about).map(|order| order.entry)
    })
}

/// Takes the pseudonyms of those who go out of the persons, under the ledger's lock.
fn forget(ledger: &Ledger, orders: &[Order]) -> Result<()> {
    let gone: BTreeSet<Pseudonym> = orders
        .iter()
        .filter(|order| order.erases(Class::Identity))
        .map(|order| order.person)
        .collect();
    let store = &**ledger.store();
    if gone.is_empty() {
        return Ok(());
    }
    let _lock = store.lock(ledger::LOCK)?;
    let Some(mut persons) = Persons::open(store)? else { return Ok(()) };
    let there = persons.records(store)?.iter().any(|(_, name)| gone.contains(name));
    // bytes of a rewrite that stopped half way may still be in the delta
    if there || persons.has_void_delta() || persons.torn() > 0 {
        persons.rewrite(store, |_, name| (!gone.contains(&name)).then_some(name))?;
    }
    Ok(())
}
