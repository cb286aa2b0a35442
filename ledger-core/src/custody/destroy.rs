//! Destroy: what the log ordered is carried out, so that the bytes are gone.
//!
//! The entry `person.erased` is the durable intent. It is appended first; carrying it out may stop
//! anywhere and begins again at the next opening, and a restored backup carries out all of them. Files
//! are written anew under a new generation beside the old ones, the records go into a new database
//! (sled keeps old bytes in its log), and one replacement of the mark makes all of it happen at once.
//! Then the old files and the old database are removed.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::index::Kind;
use crate::ledger::{self, Ledger};
use crate::retention::{Class, Order};
use crate::store::records::Batch;
use crate::vault::cipher::DataKey;
use crate::vault::persons::{Persons, Pseudonym};
use crate::vault::record::{self, At, Erased, Mark, Person, Texts};
use crate::vault::texts::{self, Frame, Text};

use super::Vault;
use super::needle::Needles;
use super::open::name_of;
use super::order::{after, goes, plain};
use super::read::Keys;

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
    /// Those of them that could not be searched, so that nobody can tell whom they name.
    pub unsearched: u64,
    /// Files that had been set aside, which nobody could search either.
    pub set_aside: u64,
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
        self.drop_originals(ledger, orders, &needles, &mut changes, &mut done)?;
        done.set_aside = self.drop_set_aside(orders)?;
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
        self.add_listed(ledger, orders, &mut all)?;
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
