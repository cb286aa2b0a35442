//! Originals: private attachments that name somebody who goes, and files that nobody can search.
//!
//! A text is searched and a copy without the names is left. What is no text, is not there or does not
//! open cannot be searched, and nobody can tell whom it names: its key goes, and so the whole of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::blob;
use crate::error::{Kind as Failed, Result};
use crate::hash::Sha256;
use crate::json::{self, Value};
use crate::ledger::Ledger;
use crate::retention::{Class, Order};
use crate::store::{self, Store};
use crate::vault::attachment;
use crate::vault::cipher::DataKey;
use crate::vault::record::{At, Attached};

use super::destroy::{Changes, Destroyed};
use super::needle::Needles;
use super::{COPIES, REASON, SET_ASIDE, Vault, copy_name, removed};

impl Vault {
    /// Leaves a copy without the names of each original that has one, and nothing of those that
    /// cannot be searched.
    pub(super) fn drop_originals(
        &self,
        ledger: &Ledger,
        orders: &[Order],
        needles: &BTreeMap<u64, Needles>,
        changes: &mut Changes,
        done: &mut Destroyed,
    ) -> Result<()> {
        let orders: Vec<&Order> = orders.iter().filter(|o| o.erases(Class::Original)).collect();
        let Some(first) = orders.first() else { return Ok(()) };
        for (digest, mut record) in self.attachments()? {
            if record.key.is_none() && record.copy.is_none() {
                continue;
            }
            let mut by = Vec::new();
            if let Some(mut copy) = self.searchable(ledger, digest)? {
                for order in &orders {
                    if let Some(changed) = needles.get(&order.entry).and_then(|n| n.replace(&copy))
                    {
                        copy = changed;
                        by.push(order.entry);
                    }
                }
                if by.is_empty() {
                    continue;
                }
                record.copy = Some(self.put_copy(digest, &record, &by, &copy)?);
            } else {
                by.push(first.entry);
                record.copy = None;
                done.unsearched += 1;
            }
            done.attachments += 1;
            record.key = None;
            record.erased_by.append(&mut by);
            changes.put(self, At::Attached(digest), &record)?;
        }
        Ok(())
    }

    /// Adds the logins, names and addresses under which lists of access know those who go: a row says
    /// whose account it is (`person`), and no event discloses what else stands in it.
    pub(super) fn add_listed(
        &self,
        ledger: &Ledger,
        orders: &[Order],
        needles: &mut BTreeMap<u64, Needles>,
    ) -> Result<()> {
        let mut known: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
        for order in orders {
            for one in self.person(order.person)?.map(|p| p.known).unwrap_or_default() {
                known.entry((one.issuer, one.id)).or_default().push(order.entry);
            }
        }
        for (digest, record) in self.attachments()? {
            if record.key.is_none() && record.copy.is_none() {
                continue;
            }
            let text = self.searchable(ledger, digest)?.unwrap_or_default();
            // what is no list ends at its first line
            for row in text.lines().map_while(|line| json::read(line.as_bytes()).ok()) {
                let Some(person) = row.get("person") else { continue };
                let text = |value: &Value, name: &str| {
                    value.get(name).and_then(Value::as_text).map(str::to_owned)
                };
                let who = text(person, "issuer").zip(text(person, "id"));
                for entry in who.and_then(|who| known.get(&who)).into_iter().flatten() {
                    let Some(needles) = needles.get_mut(entry) else { continue };
                    let names =
                        [text(&row, "account"), text(person, "name"), text(person, "email")];
                    names.iter().flatten().for_each(|name| needles.add(name));
                }
            }
        }
        Ok(())
    }

    /// The original as text; none when it is none, is not there, or does not open. A disk that fails
    /// says nothing, and must be asked again.
    fn searchable(&self, ledger: &Ledger, digest: Sha256) -> Result<Option<String>> {
        match self.attachment(ledger, digest) {
            Ok(bytes) => Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok())),
            Err(error)
                if error.kind() != Failed::Unavailable || error.code() == "attachment-missing" =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
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

    /// Removes the files that were set aside, and says so beside their reasons: they could not be
    /// read, so nobody can tell whom they name. Gives how many there were.
    pub(super) fn drop_set_aside(&self, orders: &[Order]) -> Result<u64> {
        let erases = |order: &&Order| Class::ALL.iter().any(|class| order.erases(*class));
        let Some(order) = orders.iter().find(erases) else { return Ok(0) };
        let files = &*self.home.files;
        let mut gone = 0;
        for name in files.list(SET_ASIDE)?.iter().filter(|name| !name.ends_with(REASON)) {
            let file = format!("{SET_ASIDE}/{name}");
            let reason = format!("{file}{REASON}");
            let said = store::read_all(files, &reason)?.unwrap_or_default();
            let mut said = String::from_utf8_lossy(&said).into_owned();
            let line = removed(order.entry);
            if !said.ends_with(&line) {
                said.push_str(&line);
                // if we stop in here, the file is still there and goes with the next opening
                store::replace(files, &reason, said.as_bytes())?;
            }
            files.remove(&file)?;
            gone += 1;
        }
        if gone > 0 {
            files.sync_dir(SET_ASIDE)?;
        }
        Ok(gone)
    }
}
