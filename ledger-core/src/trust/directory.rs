//! The directory of keys: a derived file from which a registry of any size opens at once.
//!
//! `index/keys` holds the canonical list of keys as of the entries it covers, behind a table sorted
//! by key id. A key is found by binary search, its line is read and its point decompressed when the
//! key is first used. It names the range it covers and the hash of that range's last line; whoever
//! opens it holds both against the log. `verify` never reads it.

use std::sync::OnceLock;

use super::list;
use super::record::Record;
use crate::hash::{Blake3, Sha256};
use crate::key::KeyId;

/// The file, in the folder of the index.
pub const NAME: &str = "index/keys";
const MAGIC: &[u8; 20] = b"ledger/v1 keys file\n";
/// Magic, checksum, covered, last, ledger, threshold, solo, keys, bytes of the list.
const HEADER: usize = 20 + 32 + 8 + 32 + 32 + 8 + 8 + 8 + 8;
/// Magic and checksum.
const SUMMED: usize = 20 + 32;
/// Key id, offset, length and flags.
const ROW: usize = 32 + 8 + 4 + 4;
/// The key is one that is asked for without its id: see [`super::Registry`].
const SPECIAL: u32 = 1;

/// What the rest of the registry needs to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// How many entries it covers, from 0.
    pub covered: u64,
    /// The hash of the last covered entry's line.
    pub last: Blake3,
    /// SHA-256 of entry 0's event bytes.
    pub ledger: Sha256,
    /// How many persons administrative events need.
    pub threshold: u64,
    /// Whether one person alone administers the ledger.
    pub solo: bool,
}

/// The keys of a range of entries, as bytes.
#[derive(Debug, Default)]
pub struct Directory {
    facts: Facts,
    /// The file: room for the header, the table, the list.
    bytes: Vec<u8>,
    /// Records that were asked for; none where a line is not what it should be.
    slots: Vec<OnceLock<Option<Box<Record>>>>,
}

impl Directory {
    /// From the lines of keys in the order of their registration: id, line, whether it is special.
    pub fn new<'a>(facts: Facts, lines: impl Iterator<Item = (KeyId, &'a [u8], bool)>) -> Self {
        let mut rows = Vec::new();
        let mut list = Vec::new();
        for (id, line, special) in lines {
            let length = u32::try_from(line.len()).unwrap_or(u32::MAX);
            rows.push((id, list.len() as u64, length, if special { SPECIAL } else { 0 }));
            list.extend_from_slice(line);
            list.push(b'\n');
        }
        rows.sort_unstable();
        let mut bytes = header(&facts, rows.len(), list.len());
        for (id, offset, length, flags) in &rows {
            bytes.extend_from_slice(&id.0);
            bytes.extend_from_slice(&offset.to_be_bytes());
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(&flags.to_be_bytes());
        }
        bytes.append(&mut list);
        Self { facts, slots: slots(rows.len()), bytes }
    }

    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let rest = self.bytes.get(SUMMED..).unwrap_or_default();
        [&MAGIC[..], &Blake3::of(rest).0, rest].concat()
    }

    /// Reads the file; none when it is not what [`Directory::encode`] wrote: it is made anew then.
    pub fn parse(bytes: Vec<u8>) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (checksum, rest) = rest.split_first_chunk::<32>()?;
        if Blake3::of(rest).0 != *checksum {
            return None;
        }
        let (covered, rest) = number(rest)?;
        let (last, rest) = rest.split_first_chunk::<32>()?;
        let (ledger, rest) = rest.split_first_chunk::<32>()?;
        let (threshold, rest) = number(rest)?;
        let (solo, rest) = number(rest)?;
        let (keys, rest) = number(rest)?;
        let (length, rest) = number(rest)?;
        let keys = usize::try_from(keys).ok()?;
        let wanted = keys.checked_mul(ROW)?.checked_add(usize::try_from(length).ok()?)?;
        if wanted != rest.len() || solo > 1 {
            return None;
        }
        let (last, ledger) = (Blake3(*last), Sha256(*ledger));
        let facts = Facts { covered, last, ledger, threshold, solo: solo == 1 };
        Some(Self { facts, slots: slots(keys), bytes })
    }

    /// What it covers, and the facts of entry 0.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// How many keys it holds.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The record of a key.
    pub fn get(&self, key: &KeyId) -> Option<&Record> {
        let at = self.find(key)?;
        let slot = self.slots.get(at)?;
        let record = slot.get_or_init(|| {
            let (id, record) = list::parse(self.row(at)?.line).ok()?;
            (id == *key).then(|| Box::new(record))
        });
        record.as_deref()
    }

    /// Whether the key is there, without reading its line.
    pub fn contains(&self, key: &KeyId) -> bool {
        self.find(key).is_some()
    }

    /// The keys that are asked for without their ids.
    pub fn special(&self) -> Vec<KeyId> {
        let rows = (0..self.len()).filter_map(|at| self.row(at));
        rows.filter(|row| row.special).map(|row| row.id).collect()
    }

    /// All keys in the order of their registration: id, line, whether it is special.
    pub fn in_order(&self) -> Vec<(KeyId, &[u8], bool)> {
        let mut rows: Vec<_> = (0..self.len()).filter_map(|at| self.row(at)).collect();
        rows.sort_unstable_by_key(|row| row.offset);
        rows.into_iter().map(|row| (row.id, row.line, row.special)).collect()
    }

    fn find(&self, key: &KeyId) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.id(middle)?.cmp(&key.0) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    fn id(&self, at: usize) -> Option<&[u8; 32]> {
        self.bytes.get(HEADER.checked_add(at.checked_mul(ROW)?)?..)?.first_chunk()
    }

    fn row(&self, at: usize) -> Option<Row<'_>> {
        let row = self.bytes.get(HEADER.checked_add(at.checked_mul(ROW)?)?..)?;
        let (id, rest) = row.split_first_chunk::<32>()?;
        let (offset, rest) = number(rest)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let flags = u32::from_be_bytes(*rest.first_chunk()?);
        let offset = usize::try_from(offset).ok()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let list = self.bytes.get(HEADER.checked_add(self.len().checked_mul(ROW)?)?..)?;
        let line = list.get(offset..offset.checked_add(length)?)?;
        Some(Row { id: KeyId(*id), offset, line, special: flags & SPECIAL != 0 })
    }
}

/// One row of the table, and the line that it points at.
struct Row<'a> {
    id: KeyId,
    offset: usize,
    line: &'a [u8],
    special: bool,
}

/// The header, its checksum still open.
fn header(facts: &Facts, keys: usize, list: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + keys.saturating_mul(ROW).saturating_add(list));
    bytes.extend_from_slice(&[0; SUMMED]);
    bytes.extend_from_slice(&facts.covered.to_be_bytes());
    bytes.extend_from_slice(&facts.last.0);
    bytes.extend_from_slice(&facts.ledger.0);
    bytes.extend_from_slice(&facts.threshold.to_be_bytes());
    bytes.extend_from_slice(&u64::from(facts.solo).to_be_bytes());
    bytes.extend_from_slice(&(keys as u64).to_be_bytes());
    bytes.extend_from_slice(&(list as u64).to_be_bytes());
    bytes
}

fn slots(count: usize) -> Vec<OnceLock<Option<Box<Record>>>> {
    std::iter::repeat_with(OnceLock::new).take(count).collect()
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*number), rest))
}
