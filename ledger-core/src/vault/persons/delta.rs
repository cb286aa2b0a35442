//! `persons.delta`: persons since the last rewrite, in the order in which they came.
//!
//! A record says at which record its append began. Before a sync any part of an append may be lost,
//! in any order; everything before an append was synced when it began. So a bad record is a torn
//! tail unless a good record after it belongs to a later append: then it is damage.

use super::index::{self, Header};
use super::{DELTA, Record, check, digits, from_digits};
use crate::encoding;
use crate::error::{Error, Result};
use crate::store::{self, Store};

const MAGIC: &[u8] = b"release-ledger/persons-delta@v1 ";
const CHECK_CONTEXT: &str = "ledger/v1 persons delta";
const DIGITS: usize = 20;

/// One line: the magic, the generation, a space, the check and a newline.
pub(super) const HEADER_LEN: u64 = 32 + 20 + 1 + 44 + 1;

/// Hash, pseudonym, the number of the first record of its append, and the check.
const RECORD_LEN: usize = 32 + 16 + 8 + 8;

/// Where we are in the delta.
pub(super) struct Delta {
    generation: u64,
    /// The header's check, over the generation and the key of the persons; keys the record checks.
    key: [u8; 32],
    /// How many whole records were read or written.
    count: u64,
    /// Where the append of the last of them began.
    append: u64,
    /// Bytes after them that are no whole record.
    torn: u64,
    /// Of an older generation than the index.
    void: bool,
}

impl Delta {
    /// A delta of the index's generation without records.
    pub(super) fn empty(header: &Header) -> Self {
        Self::of(header, header.generation)
    }

    fn of(header: &Header, generation: u64) -> Self {
        let input = [MAGIC, digits(generation).as_bytes(), b" ", &header.key.0].concat();
        let key = blake3::derive_key(CHECK_CONTEXT, &input);
        let void = generation < header.generation;
        Self { generation, key, count: 0, append: 0, torn: 0, void }
    }

    pub(super) fn header(&self) -> Vec<u8> {
        let (generation, check) = (digits(self.generation), encoding::base64(&self.key));
        [MAGIC, generation.as_bytes(), b" ", check.as_bytes(), b"\n"].concat()
    }

    /// Reads the header only.
    pub(super) fn open(store: &dyn Store, header: &Header) -> Result<Self> {
        let bytes = read_header(store)?;
        let generation = bytes
            .strip_prefix(MAGIC)
            .and_then(|rest| rest.split_at_checked(DIGITS))
            .and_then(|(generation, _)| from_digits(generation));
        let delta = generation.map(|generation| Self::of(header, generation));
        match delta {
            // a delta newer than its index cannot come about: the index is always replaced first
            Some(delta) if delta.header() == bytes && delta.generation <= header.generation => {
                Ok(delta)
            }
            _ => {
                let message = "the header of the delta is damaged, or it belongs to other persons";
                Err(Error::malformed("persons-delta-header", message).at(DELTA))
            }
        }
    }

    /// Whether the file still is the one whose records we have.
    pub(super) fn is_current(&self, store: &dyn Store) -> Result<bool> {
        let same = read_header(store)? == self.header();
        Ok(same && store.len(DELTA)?.is_some_and(|length| length >= self.end()))
    }

    pub(super) fn torn(&self) -> u64 {
        self.torn
    }

    pub(super) fn is_void(&self) -> bool {
        self.void
    }

    /// Reads on from where we are to the last whole record; a void delta has nothing to say.
    pub(super) fn read_tail(&mut self, store: &dyn Store) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        if self.void {
            return Ok(records);
        }
        let length = store.len(DELTA)?.unwrap_or(0).saturating_sub(self.end());
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let bytes = store::read_range(store, DELTA, self.end(), length)?;
        let mut rest = bytes.as_slice();
        while let Some((record, after)) = rest.split_at_checked(RECORD_LEN) {
            let Some((found, append)) = self.parse(self.count, record) else { break };
            if append != self.append && append != self.count {
                return Err(damaged(self.count));
            }
            records.push(found);
            (self.append, self.count, rest) = (append, self.count + 1, after);
        }
        self.torn = u64::try_from(rest.len()).unwrap_or(u64::MAX);
        self.must_be_torn(rest)?;
        Ok(records)
    }

    /// Refuses bad records that a later append follows.
    fn must_be_torn(&self, rest: &[u8]) -> Result<()> {
        for (number, record) in (self.count..).zip(rest.chunks_exact(RECORD_LEN)) {
            if self.parse(number, record).is_some_and(|(_, append)| append > self.count) {
                return Err(damaged(self.count));
            }
        }
        Ok(())
    }

    /// Appends the records, synced. A torn or void delta is replaced as a whole, because bytes past
    /// the end of what we write could otherwise be read as records one day.
    pub(super) fn append(
        &mut self,
        store: &dyn Store,
        header: &Header,
        records: &[Record],
    ) -> Result<()> {
        let whole = self.end();
        let ours = read_header(store)? == self.header()
            && (self.void || store.len(DELTA)? == Some(whole + self.torn));
        if !ours || Header::read(store)? != Some(*header) {
            return Err(index::stale());
        }
        let mut next = if self.void { Self::empty(header) } else { Self { torn: 0, ..*self } };
        let appended = next.encode(records);
        if self.void {
            store::replace(store, DELTA, &[next.header(), appended].concat())?;
        } else if self.torn > 0 {
            let kept = usize::try_from(whole).unwrap_or(usize::MAX);
            let kept = store::read_range(store, DELTA, 0, kept)?;
            store::replace(store, DELTA, &[kept, appended].concat())?;
        } else {
            store.write(DELTA, whole, &appended)?;
            store.sync(DELTA)?;
        }
        *self = next;
        Ok(())
    }

    fn encode(&mut self, records: &[Record]) -> Vec<u8> {
        self.append = self.count;
        let append = self.append.to_be_bytes();
        let mut out = Vec::with_capacity(records.len() * RECORD_LEN);
        for (hash, pseudonym) in records {
            let record = [&hash.0, pseudonym.0.as_slice(), &append].concat();
            out.extend_from_slice(&record);
            out.extend_from_slice(&self.check(self.count, &record));
            self.count += 1;
        }
        out
    }

    /// The record and where its append began, if the record is whole and in its place.
    fn parse(&self, number: u64, bytes: &[u8]) -> Option<(Record, u64)> {
        let (record, found) = bytes.split_last_chunk::<8>()?;
        if *found != self.check(number, record) {
            return None;
        }
        let append = u64::from_be_bytes(*record.last_chunk()?);
        Some((index::from_bytes(record)?, append))
    }

    fn check(&self, number: u64, record: &[u8]) -> [u8; 8] {
        check(&self.key, &[&number.to_be_bytes(), record])
    }

    /// Where the last whole record ends, in bytes.
    fn end(&self) -> u64 {
        HEADER_LEN + self.count * 64
    }
}

fn read_header(store: &dyn Store) -> Result<Vec<u8>> {
    if store.len(DELTA)?.is_none() {
        let message = format!("`{DELTA}` is gone, and with it the newest persons");
        return Err(Error::unavailable("persons-delta-missing", message));
    }
    store::read_range(store, DELTA, 0, usize::try_from(HEADER_LEN).unwrap_or(0))
}

fn damaged(number: u64) -> Error {
    let message = format!("record {number} of the delta is damaged");
    Error::malformed("persons-delta-damaged", message).at(DELTA)
}
