//! Which identity is which pseudonym, without a name in the file (`spec/persons.md`).
//!
//! `vault/persons.idx` maps the keyed hash of an identity to a pseudonym, sorted; new persons go to
//! the append-only `vault/persons.delta` until they are merged. Appenders look persons up by
//! `pread`, whatever the size of the file. Both files can be rewritten without a record, which is
//! what erasure does; neither is ever part of the log.

mod delta;
mod identity;
mod index;

use std::collections::BTreeMap;
use std::fmt;

use crate::error::{Error, Result};
use crate::hash::Blake3;
use crate::store::{self, Store};

use delta::Delta;
pub use identity::{Key, Pseudonym};
use index::Header;

/// The sorted file.
pub const INDEX: &str = "vault/persons.idx";

/// The append-only file beside it.
pub const DELTA: &str = "vault/persons.delta";

/// From this many records in the delta on, it should be merged: opening reads all of it.
pub const DELTA_MAX: usize = 4_096;

/// One line of either file: the keyed hash of an identity and its pseudonym.
pub type Record = (Blake3, Pseudonym);

/// The open persons of a ledger.
///
/// Answers are as of the last [`Persons::open`] or [`Persons::refresh`]. Whoever writes holds the
/// ledger's lock from `refresh` to the last [`Persons::flush`] or [`Persons::rewrite`].
pub struct Persons {
    header: Header,
    delta: Delta,
    /// Records of the delta.
    recent: BTreeMap<Blake3, Pseudonym>,
    /// Records of the index that were asked for.
    known: BTreeMap<Blake3, Pseudonym>,
    /// Assigned here, not yet in a file.
    pending: BTreeMap<Blake3, Pseudonym>,
}

impl Persons {
    /// Makes both files, empty; code `persons-exists` when there is something already.
    ///
    /// The index comes last: if we stop before it, there are no persons yet, and the next attempt
    /// starts over.
    pub fn create(store: &dyn Store, key: Key) -> Result<Self> {
        let exists = || Error::refused("persons-exists", format!("`{INDEX}` or its delta exists"));
        if store.len(INDEX)?.is_some() {
            return Err(exists());
        }
        let header = Header::new(1, key, 0);
        if store.len(DELTA)?.is_some_and(|length| length > delta::HEADER_LEN) {
            return Err(exists());
        }
        store::replace(store, DELTA, &Delta::empty(&header).header())?;
        store::replace(store, INDEX, &header.encode())?;
        store.sync_dir("")?;
        Self::load(store, header)
    }

    /// Opens the persons, or none where this folder has none (the vault lives elsewhere).
    ///
    /// Reads the header of the index and all of the delta. Codes `persons-header`,
    /// `persons-length`, `persons-delta-missing`, `persons-delta-header`, `persons-delta-damaged`,
    /// `persons-conflict`.
    pub fn open(store: &dyn Store) -> Result<Option<Self>> {
        match Header::read(store)? {
            Some(header) => Self::load(store, header).map(Some),
            None => Ok(None),
        }
    }

    fn load(store: &dyn Store, header: Header) -> Result<Self> {
        let delta = Delta::open(store, &header)?;
        let mut persons = Self {
            header,
            delta,
            recent: BTreeMap::new(),
            known: BTreeMap::new(),
            pending: BTreeMap::new(),
        };
        persons.read_tail(store)?;
        Ok(persons)
    }

    fn read_tail(&mut self, store: &dyn Store) -> Result<()> {
        for (hash, pseudonym) in self.delta.read_tail(store)? {
            let earlier = self.recent.insert(hash, pseudonym);
            if earlier.is_some_and(|earlier| earlier != pseudonym) {
                let message = "the delta gives one identity two pseudonyms";
                return Err(Error::untrue("persons-conflict", message).at(DELTA));
            }
        }
        Ok(())
    }

    /// Takes in what other processes wrote, and forgets assignments that were never flushed.
    ///
    /// Called under the ledger's lock before anything is assigned: otherwise two processes could
    /// give one person two pseudonyms.
    pub fn refresh(&mut self, store: &dyn Store) -> Result<()> {
        let header = Header::read(store)?
            .ok_or_else(|| Error::unavailable("persons-missing", format!("`{INDEX}` is gone")))?;
        if header == self.header && self.delta.is_current(store)? {
            self.pending.clear();
            return self.read_tail(store);
        }
        *self = Self::load(store, header)?;
        Ok(())
    }

    /// The pseudonym of an identity, if it has one.
    ///
    /// Codes `persons-block` (damage) and `persons-stale`: the index was rewritten since; refresh.
    pub fn resolve(
        &mut self,
        store: &dyn Store,
        issuer: &str,
        id: &str,
    ) -> Result<Option<Pseudonym>> {
        let hash = self.header.key.identity(issuer, id);
        self.find(store, hash)
    }

    fn find(&mut self, store: &dyn Store, hash: Blake3) -> Result<Option<Pseudonym>> {
        let known = [&self.pending, &self.recent, &self.known];
        if let Some(pseudonym) = known.iter().find_map(|records| records.get(&hash)) {
            return Ok(Some(*pseudonym));
        }
        let found = self.header.find(store, hash)?;
        if let Some(pseudonym) = found {
            self.known.insert(hash, pseudonym);
        }
        Ok(found)
    }

    /// The pseudonym of an identity; `random` becomes it when the identity has none.
    ///
    /// A new one is only remembered here until [`Persons::flush`].
    pub fn assign(
        &mut self,
        store: &dyn Store,
        issuer: &str,
        id: &str,
        random: [u8; 16],
    ) -> Result<Pseudonym> {
        let hash = self.header.key.identity(issuer, id);
        if let Some(pseudonym) = self.find(store, hash)? {
            return Ok(pseudonym);
        }
        self.pending.insert(hash, Pseudonym(random));
        Ok(Pseudonym(random))
    }

    /// How many assignments wait for [`Persons::flush`].
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Appends the pending assignments to the delta and syncs it, before any entry refers to them.
    ///
    /// If we stop on the way, the tail of the delta is torn: the next reader ignores it, the next
    /// writer rewrites the delta without it. Code `persons-stale` when another process wrote since
    /// the last refresh. After any error the state of the delta is unknown: refresh.
    pub fn flush(&mut self, store: &dyn Store) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let records: Vec<Record> = self.pending.iter().map(|(hash, name)| (*hash, *name)).collect();
        self.delta.append(store, &self.header, &records)?;
        self.recent.append(&mut self.pending);
        Ok(())
    }

    /// Whether the delta has grown so long that [`Persons::compact`] is due.
    pub fn wants_compaction(&self) -> bool {
        self.recent.len() >= DELTA_MAX
    }

    /// Merges the delta into the index; see [`Persons::rewrite`].
    pub fn compact(&mut self, store: &dyn Store) -> Result<()> {
        self.rewrite(store, |_, pseudonym| Some(pseudonym))
    }

    /// Writes both files anew under the next generation; `keep` says for every record which
    /// pseudonym it has from now on, or none to drop it.
    ///
    /// If we stop before the new index is in its place, everything is as it was. If we stop after
    /// it, the delta is of an older generation than the index, and so void: its records are already
    /// merged or dropped, and the next flush replaces it.
    pub fn rewrite(
        &mut self,
        store: &dyn Store,
        mut keep: impl FnMut(Blake3, Pseudonym) -> Option<Pseudonym>,
    ) -> Result<()> {
        self.refresh(store)?;
        let mut records: BTreeMap<Blake3, Pseudonym> =
            self.header.read_records(store)?.into_iter().collect();
        records.extend(&self.recent);
        let records: Vec<Record> = records
            .into_iter()
            .filter_map(|(hash, pseudonym)| Some((hash, keep(hash, pseudonym)?)))
            .collect();
        let generation = self.header.generation.saturating_add(1);
        let (header, bytes) = index::encode(generation, self.header.key, &records);
        store::replace(store, INDEX, &bytes)?;
        store::replace(store, DELTA, &Delta::empty(&header).header())?;
        *self = Self::load(store, header)?;
        Ok(())
    }

    /// All records, sorted by hash: reads the whole index, for checks and rewrites.
    pub fn records(&self, store: &dyn Store) -> Result<Vec<Record>> {
        let mut records: BTreeMap<_, _> = self.header.read_records(store)?.into_iter().collect();
        records.extend(&self.recent);
        Ok(records.into_iter().collect())
    }

    /// The key that hashes identities, source records and source ids.
    pub fn key(&self) -> Key {
        self.header.key
    }

    /// How often the files were rewritten, from 1.
    pub fn generation(&self) -> u64 {
        self.header.generation
    }

    /// Bytes at the end of the delta that were ignored: a writer stopped in the middle, or is in
    /// the middle now.
    pub fn torn(&self) -> u64 {
        self.delta.torn()
    }

    /// Whether the delta is left over from a rewrite that stopped half way. Its bytes are still
    /// there, so an erasure is not finished: rewrite again.
    pub fn has_void_delta(&self) -> bool {
        self.delta.is_void()
    }
}

/// Shows sizes, no key and no person.
impl fmt::Debug for Persons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Persons")
            .field("generation", &self.header.generation)
            .field("indexed", &self.header.count)
            .field("recent", &self.recent.len())
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}

/// The 20 digits of a number in a header.
fn digits(number: u64) -> String {
    format!("{number:020}")
}

/// Reads exactly 20 digits.
fn from_digits(text: &[u8]) -> Option<u64> {
    let digits = text.len() == 20 && text.iter().all(u8::is_ascii_digit);
    if digits { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
}

/// The first `N` bytes of a keyed BLAKE3 hash: finds accidents, not attacks.
fn check<const N: usize>(key: &[u8; 32], parts: &[&[u8]]) -> [u8; N] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in parts {
        hasher.update(part);
    }
    let mut out = [0; N];
    hasher.finalize_xof().fill(&mut out);
    out
}
