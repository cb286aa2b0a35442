//! Blocks: 4,064 bytes of content and a checksum that says whose and which block it is.
//!
//! A missing posting could let a stream be accepted twice, so nothing is read unchecked. The
//! checksum covers the identity of the run and the number of the block: a block that was written
//! to the wrong place, or stems from another run, does not pass.

use super::{Damage, damaged};
use crate::error::Result;
use crate::store::Store;

/// Bytes of a block on disk.
pub(super) const BLOCK: usize = 4096;
/// Bytes of a block that are content; the rest is the checksum.
pub(super) const CONTENT: usize = BLOCK - 32;
/// Blocks that sequential work reads and writes at once.
const CHUNK: usize = 16;

/// What ties a block to its run: see `layout::Header::identity`.
pub(super) type Identity = [u8; 32];

/// Consecutive blocks with items of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// Number of the first block.
    pub(super) start: u64,
    pub(super) items: u64,
    pub(super) per_block: u64,
}

impl Section {
    /// Number of the block after the last.
    pub(super) fn end(&self) -> u64 {
        self.start + self.items.div_ceil(self.per_block)
    }

    /// A section right behind this one.
    pub(super) fn after(self, items: u64, per_block: u64) -> Self {
        Self { start: self.end(), items, per_block }
    }
}

/// The checksum of a block.
pub(super) fn checksum(identity: &Identity, number: u64, content: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(identity).update(&number.to_be_bytes()).update(content);
    *hasher.finalize().as_bytes()
}

/// The content of a block, if its checksum holds.
pub(super) fn content<'a>(identity: &Identity, number: u64, block: &'a [u8]) -> Option<&'a [u8]> {
    let (content, sum) = block.split_at_checked(CONTENT)?;
    (checksum(identity, number, content) == *sum).then_some(content)
}

/// Writes a section after the other, in whole blocks, to a file that has no header yet.
pub(super) struct Output<'a> {
    store: &'a dyn Store,
    name: &'a str,
    identity: Identity,
    number: u64,
    open: Vec<u8>,
    done: Vec<u8>,
}

impl<'a> Output<'a> {
    /// Starts after the header's block, which is written last by [`Output::block`].
    pub(super) fn new(store: &'a dyn Store, name: &'a str, identity: Identity) -> Self {
        let [open, done] = [BLOCK, BLOCK * CHUNK].map(Vec::with_capacity);
        Self { store, name, identity, number: 1, open, done }
    }

    /// Adds an item to the section; items do not straddle blocks.
    pub(super) fn item(&mut self, bytes: &[u8]) -> Result<()> {
        if self.open.len() + bytes.len() > CONTENT {
            self.close()?;
        }
        self.open.extend_from_slice(bytes);
        Ok(())
    }

    /// Ends the section: fills its last block with zeros, and hands all bytes to the store.
    pub(super) fn end_section(&mut self) -> Result<()> {
        if !self.open.is_empty() {
            self.close()?;
        }
        self.flush()
    }

    /// Writes the header's block; everything else must be there.
    pub(super) fn header(&mut self, content: &[u8]) -> Result<()> {
        let mut block = content.to_vec();
        block.resize(CONTENT, 0);
        block.extend(checksum(&self.identity, 0, &block));
        self.store.write(self.name, 0, &block)
    }

    fn close(&mut self) -> Result<()> {
        self.open.resize(CONTENT, 0);
        let sum = checksum(&self.identity, self.number + self.waiting(), &self.open);
        self.done.append(&mut self.open);
        self.done.extend(sum);
        if self.done.len() >= BLOCK * CHUNK { self.flush() } else { Ok(()) }
    }

    fn waiting(&self) -> u64 {
        (self.done.len() / BLOCK) as u64
    }

    fn flush(&mut self) -> Result<()> {
        if !self.done.is_empty() {
            self.store.write(self.name, self.number * BLOCK as u64, &self.done)?;
            self.number += self.waiting();
            self.done.clear();
        }
        Ok(())
    }
}

/// The items of a section in order, each of `N` bytes, reading ahead a bounded chunk.
pub(super) struct Items<'a, const N: usize> {
    store: &'a dyn Store,
    name: &'a str,
    identity: Identity,
    section: Section,
    next_block: u64,
    left: u64,
    chunk: Vec<u8>,
    at: usize,
}

impl<'a, const N: usize> Items<'a, N> {
    /// All items of the section.
    pub(super) fn new(
        store: &'a dyn Store,
        name: &'a str,
        identity: Identity,
        section: Section,
    ) -> Self {
        let (next_block, left) = (section.start, section.items);
        Self { store, name, identity, section, next_block, left, chunk: Vec::new(), at: 0 }
    }

    /// Reads and checks the next chunk, and packs its items without gaps.
    fn refill(&mut self) -> Result<()> {
        let count = (self.section.end() - self.next_block).min(CHUNK as u64);
        let mut raw = vec![0; usize::try_from(count).unwrap_or(0) * BLOCK];
        let got = self.store.read(self.name, self.next_block * BLOCK as u64, &mut raw)?;
        if got < raw.len() || raw.is_empty() {
            return Err(damaged(self.name, Damage::Length));
        }
        self.chunk.clear();
        self.at = 0;
        for block in raw.chunks_exact(BLOCK) {
            let content = content(&self.identity, self.next_block, block)
                .ok_or_else(|| damaged(self.name, Damage::Checksum))?;
            let used = CONTENT - CONTENT % N;
            self.chunk.extend_from_slice(content.get(..used).unwrap_or_default());
            self.next_block += 1;
        }
        Ok(())
    }

    fn read_next(&mut self) -> Result<[u8; N]> {
        if self.at >= self.chunk.len() {
            self.refill()?;
        }
        let item = self.chunk.get(self.at..).and_then(|rest| rest.first_chunk().copied());
        self.at += N;
        item.ok_or_else(|| damaged(self.name, Damage::Length))
    }
}

impl<const N: usize> Iterator for Items<'_, N> {
    type Item = Result<[u8; N]>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let item = self.read_next();
        if item.is_err() {
            self.left = 0;
        }
        Some(item)
    }
}
