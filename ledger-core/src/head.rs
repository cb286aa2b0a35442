//! Head: how much of the log is durable. Two alternating slots, each checked as a whole.
//!
//! Spec page: `spec/head.md`. The head is the promise: what it covers was synced before it was
//! written, and readers never pass it. A slot is 4,096 bytes: a checksum line, then text lines, then
//! zero bytes. Slot `counter mod 2` is written next, so a torn write spoils only the older head.

use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::{Blake3, Sha256};
use crate::json::MAX_INTEGER;
use crate::store::{self, Store};

/// The file's name.
pub const NAME: &str = "head";
/// Bytes of one slot.
pub const SLOT: usize = 4096;
const MAGIC: &str = "release-ledger/head@v1";

/// One head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Counts commits, from 1; the larger of two slots is the newer.
    pub counter: u64,
    /// How many entries are durable.
    pub size: u64,
    /// The first index of the open segment: its file name.
    pub segment: u64,
    /// How many bytes of the open segment are durable.
    pub offset: u64,
    /// BLAKE3 of the last line.
    pub last: Blake3,
    /// The complete subtrees of the RFC 6962 tree over all lines, largest first.
    pub frontier: Vec<Sha256>,
}

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The newest head that is whole.
    pub head: Head,
    /// The slot that is damaged or was torn, if one is; it may have held a newer head.
    pub damaged: Option<usize>,
}

impl Head {
    /// The bytes of the slot.
    pub fn to_slot(&self) -> Vec<u8> {
        let mut body = format!(
            "{MAGIC}\ncounter {}\nsize {}\nsegment {}\noffset {}\nlast {}\n",
            self.counter,
            self.size,
            self.segment,
            self.offset,
            self.last.to_base64()
        );
        for hash in &self.frontier {
            body.push_str("subtree ");
            body.push_str(&hash.to_base64());
            body.push('\n');
        }
        let mut rest = body.into_bytes();
        rest.resize(SLOT - CHECKSUM_LINE, 0);
        let mut slot = format!("checksum {}\n", Blake3::of(&rest).to_base64()).into_bytes();
        slot.append(&mut rest);
        slot
    }

    /// Reads one slot; code `head-slot`.
    pub fn from_slot(slot: &[u8]) -> Result<Self> {
        Self::read_slot(slot)
            .filter(|head| head.to_slot() == slot)
            .ok_or_else(|| Error::untrue("head-slot", "the head slot is damaged"))
    }

    fn read_slot(slot: &[u8]) -> Option<Self> {
        let (line, rest) = slot.split_at_checked(CHECKSUM_LINE)?;
        let checksum = line.strip_prefix(b"checksum ")?.strip_suffix(b"\n")?;
        if slot.len() != SLOT || Blake3::from_base64(checksum).ok()? != Blake3::of(rest) {
            return None;
        }
        let body = rest.split(|&byte| byte == 0).next()?;
        let mut lines = std::str::from_utf8(body).ok()?.lines();
        if lines.next() != Some(MAGIC) {
            return None;
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let head = Self {
            counter: field("counter")?.parse().ok()?,
            size: field("size")?.parse().ok()?,
            segment: field("segment")?.parse().ok()?,
            offset: field("offset")?.parse().ok()?,
            last: Blake3::from_base64(field("last")?.as_bytes()).ok()?,
            frontier: Vec::new(),
        };
        let subtree = |line: &str| {
            let hash = line.strip_prefix("subtree ")?;
            encoding::from_base64(hash.as_bytes()).ok().map(Sha256)
        };
        let frontier: Option<Vec<Sha256>> = lines.map(subtree).collect();
        let frontier = frontier?;
        let limit = MAX_INTEGER.unsigned_abs();
        let bounded =
            [head.counter, head.size, head.segment, head.offset].iter().all(|n| *n <= limit);
        let placed = head.segment <= head.size && (head.offset == 0) == (head.segment == head.size);
        let whole = frontier.len() == head.size.count_ones() as usize;
        (bounded && placed && whole).then_some(Self { frontier, ..head })
    }

    /// Reads the file: the newest whole head, and whether a slot is damaged. None when there is no
    /// file; code `head-lost` when no slot is whole.
    pub fn read(store: &dyn Store) -> Result<Option<Read>> {
        let mut read = Self::read_once(store);
        // a reader without the lock can meet a slot that is just being written: look again
        for _ in 0..3 {
            match &read {
                Ok(Some(Read { damaged: None, .. }) | None) => break,
                _ => read = Self::read_once(store),
            }
        }
        read
    }

    fn read_once(store: &dyn Store) -> Result<Option<Read>> {
        let Some(length) = store.len(NAME)? else { return Ok(None) };
        if length > 2 * SLOT as u64 {
            return Err(Error::untrue("head-lost", "the head file is longer than its two slots"));
        }
        let bytes = store::read_range(store, NAME, 0, 2 * SLOT)?;
        let slot = |number: usize| {
            let slot = bytes.get(number * SLOT..(number + 1) * SLOT)?;
            // a slot written in the wrong place would let the next write spoil the newest
            Self::from_slot(slot).ok().filter(|head| head.counter % 2 == number as u64)
        };
        let (read, damaged) = match (slot(0), slot(1)) {
            (Some(first), Some(second)) if first.counter < second.counter => (second, None),
            (Some(first), Some(_)) => (first, None),
            (Some(first), None) => (first, Some(1)),
            (None, Some(second)) => (second, Some(0)),
            (None, None) => {
                return Err(Error::untrue("head-lost", "neither slot of the head is whole").hint(
                    "restore `head` from a copy, or verify a copy of the ledger that has one",
                ));
            }
        };
        Ok(Some(Read { head: read, damaged }))
    }

    /// Writes the head into its slot and makes it durable.
    ///
    /// If we stop before the sync, recovery finds the older head, and after it lawful lines that
    /// it keeps; after it, the group is acknowledged or will be found when asked for again.
    pub fn write(&self, store: &dyn Store) -> Result<()> {
        store.write(NAME, (self.counter % 2) * SLOT as u64, &self.to_slot())?;
        store.sync(NAME)
    }

    /// Writes a file with this head in both slots, as one atomic step (a new ledger, a recovery).
    pub fn write_both(&self, store: &dyn Store) -> Result<()> {
        let even = Self { counter: self.counter + self.counter % 2, ..self.clone() };
        let odd = Self { counter: even.counter + 1, ..self.clone() };
        store::replace(store, NAME, &[even.to_slot(), odd.to_slot()].concat())
    }
}

/// `checksum `, 44 characters, newline.
const CHECKSUM_LINE: usize = 9 + 44 + 1;
