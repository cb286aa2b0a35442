//! `persons.idx`: a text header, then sorted records in blocks with a check each.

use std::cmp::Ordering;

use super::{INDEX, Key, Pseudonym, Record, check, digits, from_digits};
use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Blake3;
use crate::store::{self, Store};

const MAGIC: &[u8] = b"release-ledger/persons@v1\ngeneration ";
const KEY: &[u8] = b"\nkey ";
const COUNT: &[u8] = b"\ncount ";
const CHECK: &[u8] = b"\ncheck ";
const CHECK_CONTEXT: &str = "ledger/v1 persons header";

const DIGITS: usize = 20;
const BASE64_32: usize = 44;
const HEADER_LEN: usize =
    MAGIC.len() + KEY.len() + COUNT.len() + CHECK.len() + 2 * DIGITS + 2 * BASE64_32 + 1;

const RECORD_LEN: usize = 48;
const RECORDS_PER_BLOCK: usize = 85;
const CHECK_LEN: usize = 16;
/// A full block is one page of 4 KiB.
const BLOCK_LEN: usize = RECORDS_PER_BLOCK * RECORD_LEN + CHECK_LEN;

/// Guesses by interpolation before the search halves: hashes are uniform, so two or three suffice.
const GUESSES: u32 = 16;

/// The head of the index; its check is also the key of all block checks, so that a block of another
/// generation is never taken for one of this.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) generation: u64,
    pub(super) key: Key,
    pub(super) count: u64,
    pub(super) check: [u8; 32],
}

impl Header {
    pub(super) fn new(generation: u64, key: Key, count: u64) -> Self {
        let mut header = Self { generation, key, count, check: [0; 32] };
        header.check = blake3::derive_key(CHECK_CONTEXT, &header.checked());
        header
    }

    /// The lines before the check.
    fn checked(&self) -> Vec<u8> {
        let generation = digits(self.generation);
        let (key, count) = (encoding::base64(&self.key.0), digits(self.count));
        [MAGIC, generation.as_bytes(), KEY, key.as_bytes(), COUNT, count.as_bytes()].concat()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let check = encoding::base64(&self.check);
        [&self.checked(), CHECK, check.as_bytes(), b"\n"].concat()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (generation, rest) = bytes.strip_prefix(MAGIC)?.split_at_checked(DIGITS)?;
        let (key, rest) = rest.strip_prefix(KEY)?.split_at_checked(BASE64_32)?;
        let (count, _) = rest.strip_prefix(COUNT)?.split_at_checked(DIGITS)?;
        let key = Key(encoding::from_base64(key).ok()?);
        let header = Self::new(from_digits(generation)?, key, from_digits(count)?);
        (header.encode() == bytes).then_some(header)
    }

    /// Reads the header, and holds the length of the file against it.
    pub(super) fn read(store: &dyn Store) -> Result<Option<Self>> {
        let Some(length) = store.len(INDEX)? else { return Ok(None) };
        let bytes = store::read_range(store, INDEX, 0, HEADER_LEN)?;
        let header = Self::parse(&bytes).ok_or_else(|| {
            Error::malformed("persons-header", "the header of the persons is damaged").at(INDEX)
        })?;
        // a rewrite between the two reads shows as a length that does not fit: worth a second look
        if header.file_len() != Some(length) && header.file_len() != store.len(INDEX)? {
            let message = format!("{length} bytes do not fit {} persons", header.count);
            return Err(Error::malformed("persons-length", message).at(INDEX));
        }
        Ok(Some(header))
    }

    fn blocks(&self) -> u64 {
        self.count.div_ceil(wide(RECORDS_PER_BLOCK))
    }

    fn file_len(&self) -> Option<u64> {
        let records = self.count.checked_mul(wide(RECORD_LEN))?;
        let checks = self.blocks().checked_mul(wide(CHECK_LEN))?;
        records.checked_add(checks)?.checked_add(wide(HEADER_LEN))
    }

    /// Looks one hash up; reads two or three blocks.
    pub(super) fn find(&self, store: &dyn Store, hash: Blake3) -> Result<Option<Pseudonym>> {
        // blocks `low..high` may hold the hash; their hashes lie in `least..=most`
        let (mut low, mut high) = (0, self.blocks());
        let (mut least, mut most) = (0, u64::MAX);
        let wanted = prefix(hash);
        for step in 0.. {
            if low >= high {
                break;
            }
            let guess = if step < GUESSES {
                low.saturating_add(share(wanted, least, most, high - low)).min(high - 1)
            } else {
                low.midpoint(high)
            };
            let block = self.read_block(store, guess)?;
            let (Some((first, _)), Some((last, _))) = (block.first(), block.last()) else { break };
            if hash < *first {
                (high, most) = (guess, prefix(*first));
            } else if hash > *last {
                (low, least) = (guess + 1, prefix(*last));
            } else {
                let place = block.binary_search_by(|(found, _)| found.cmp(&hash)).ok();
                return Ok(place.and_then(|place| block.get(place)).map(|(_, name)| *name));
            }
        }
        Ok(None)
    }

    /// All records in their order.
    pub(super) fn read_records(&self, store: &dyn Store) -> Result<Vec<Record>> {
        let mut records: Vec<Record> = Vec::new();
        for number in 0..self.blocks() {
            let block = self.read_block(store, number)?;
            if let (Some(last), Some(first)) = (records.last(), block.first())
                && last.0 >= first.0
            {
                return Err(damaged(number));
            }
            records.extend(block);
        }
        Ok(records)
    }

    fn read_block(&self, store: &dyn Store, number: u64) -> Result<Vec<Record>> {
        let before = number * wide(RECORDS_PER_BLOCK);
        let records = self.count.saturating_sub(before).min(wide(RECORDS_PER_BLOCK));
        let length = usize::try_from(records).unwrap_or(0) * RECORD_LEN + CHECK_LEN;
        let offset = wide(HEADER_LEN) + number * wide(BLOCK_LEN);
        let bytes = store::read_range(store, INDEX, offset, length)?;
        if let Some(block) = self.parse_block(number, &bytes, length) {
            return Ok(block);
        }
        // not our generation any more, or damage?
        match Self::read(store)? {
            Some(header) if header == *self => Err(damaged(number)),
            _ => Err(stale()),
        }
    }

    fn parse_block(&self, number: u64, bytes: &[u8], length: usize) -> Option<Vec<Record>> {
        let (records, found) = bytes.split_last_chunk::<CHECK_LEN>()?;
        if bytes.len() != length || *found != self.block_check(number, records) {
            return None;
        }
        let records: Vec<Record> =
            records.chunks_exact(RECORD_LEN).filter_map(from_bytes).collect();
        let ascending = records.is_sorted_by(|one, next| one.0.cmp(&next.0) == Ordering::Less);
        ascending.then_some(records)
    }

    fn block_check(&self, number: u64, records: &[u8]) -> [u8; CHECK_LEN] {
        check(&self.check, &[&number.to_be_bytes(), records])
    }
}

/// The whole file of these records, which are sorted and distinct, and its header.
pub(super) fn encode(generation: u64, key: Key, records: &[Record]) -> (Header, Vec<u8>) {
    let header = Header::new(generation, key, wide(records.len()));
    let mut out = header.encode();
    for (number, block) in records.chunks(RECORDS_PER_BLOCK).enumerate() {
        let mut bytes = Vec::with_capacity(BLOCK_LEN);
        for (hash, pseudonym) in block {
            bytes.extend_from_slice(&hash.0);
            bytes.extend_from_slice(&pseudonym.0);
        }
        let check = header.block_check(wide(number), &bytes);
        out.extend_from_slice(&bytes);
        out.extend_from_slice(&check);
    }
    (header, out)
}

/// The record in its 48 bytes.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<Record> {
    let (hash, pseudonym) = bytes.split_first_chunk()?;
    Some((Blake3(*hash), Pseudonym(*pseudonym.first_chunk()?)))
}

/// Which of `blocks` a hash falls into, if hashes are spread evenly over `least..=most`.
fn share(wanted: u64, least: u64, most: u64, blocks: u64) -> u64 {
    let part = u128::from(wanted.saturating_sub(least)) * u128::from(blocks);
    let whole = u128::from(most.saturating_sub(least)) + 1;
    u64::try_from(part / whole).unwrap_or(u64::MAX)
}

/// The first eight bytes, as a number.
fn prefix(hash: Blake3) -> u64 {
    hash.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Sizes in memory fit in 64 bits on every machine there is.
fn wide(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

fn damaged(number: u64) -> Error {
    let message = format!("block {number} of the persons is damaged");
    Error::malformed("persons-block", message).at(INDEX)
}

/// Another process wrote since we looked.
pub(super) fn stale() -> Error {
    Error::unavailable("persons-stale", "the persons were written by another process").at(INDEX)
}
