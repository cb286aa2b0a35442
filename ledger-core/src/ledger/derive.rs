//! Derived state: the index is brought up to the head, or made anew when it is of another history.
//!
//! Everything here can be deleted; the next run makes the same bytes again.

use std::sync::Arc;

use super::{Ledger, Tail};
use crate::chain::End;
use crate::entry::Entry;
use crate::error::Result;
use crate::hash::Blake3;
use crate::index::{Index, Writer};
use crate::json::Document;
use crate::segment::{Blocks, Place};
use crate::store::memory::Memory;

/// Entries of one run when the index is built from the entries: what fits into flat memory.
const RUN: usize = 65_536;

impl Ledger {
    /// How many entries the index covers of *this* history; an index of another one counts as none.
    pub(super) fn index_covers(&self) -> Result<u64> {
        let (covered, last) = self.index.covered();
        if covered == 0 || covered > self.head.size {
            return Ok(0);
        }
        let line = self.index.locate(covered - 1)?;
        let Some((segment, offset)) = line else { return Ok(0) };
        let line = self.line_at(covered - 1, Place { segment, offset });
        let same = line.is_ok_and(|line| Some(Blake3::of(&line)) == last);
        Ok(if same { covered } else { 0 })
    }

    /// Brings the index to the head by reading entries; used when it is far behind or missing.
    ///
    /// In a folder that cannot be written, the tail in memory takes its place.
    pub(super) fn rebuild_index(&mut self) -> Result<()> {
        let Ok(writer) = Writer::open(Arc::clone(&self.store)) else { return self.without_index() };
        if self.index_covers()? == 0 && writer.delete().is_err() {
            return self.without_index();
        }
        let index = Index::open(Arc::clone(&self.store))?;
        self.index = index;
        let covered = self.index_covers()?;
        let mut before = match covered.checked_sub(1) {
            Some(_) => self.index.covered().1.unwrap_or_default(),
            None => End::empty(&self.origin.to_string()).last,
        };
        let from = self.place_before(covered)?;
        let store = Arc::clone(&self.store);
        let mut blocks = Blocks::new(&*store, from, Some(self.end_place()))?;
        let mut tail = Tail::new(covered);
        let mut document = Document::default();
        while let Some(block) = blocks.next_block()? {
            for range in &block.lines {
                let entry = Entry::parse(&mut document, block.line(range)).map_err(|error| {
                    error.at(format!("entry {}", tail.next())).hint(super::VERIFY)
                })?;
                if entry.index >= tail.next() {
                    let last = entry.hash();
                    tail.replay(block.place_of(range), last, &entry);
                    if tail.len() == RUN {
                        writer.write(tail.batch(before)?)?;
                        tail.begin_after();
                        before = last;
                    }
                }
            }
        }
        if tail.len() > 0 {
            writer.write(tail.batch(before)?)?;
        }
        self.index = Index::open(Arc::clone(&self.store))?;
        self.tail = Tail::new(self.index.covered().0);
        Ok(())
    }

    /// In a folder that cannot be written, an index of another history is as good as none.
    fn without_index(&mut self) -> Result<()> {
        if self.index_covers()? == 0 {
            self.index = Index::open(Arc::new(Memory::new()))?;
        }
        Ok(())
    }

    /// The background step of an appender: hands its tail to the index when it has grown past
    /// `at_least` entries, and merges small runs. Not under the log's lock; losing it loses nothing.
    pub fn catch_up(&mut self, at_least: usize, merge_below: u64) -> Result<bool> {
        if self.tail.len() < at_least.max(1) || self.stopped {
            return Ok(false);
        }
        let writer = Writer::open(Arc::clone(&self.store))?;
        let (covered, last) = Index::open(Arc::clone(&self.store))?.covered();
        if covered == self.tail_first() && (covered == 0 || Some(self.before_tail()?) == last) {
            let before = self.before_tail()?;
            writer.write(self.tail.batch(before)?)?;
            while writer.merge_step(merge_below)? {}
        }
        let index = Index::open(Arc::clone(&self.store))?;
        let covered = index.covered().0;
        self.index = index;
        if covered == self.tail.next() {
            self.tail.begin_after();
        } else {
            // another process was faster: begin again from what it wrote
            self.settle()?;
        }
        Ok(true)
    }

    fn tail_first(&self) -> u64 {
        self.tail.next() - self.tail.len() as u64
    }

    /// The hash of the line before the tail's first entry.
    fn before_tail(&self) -> Result<Blake3> {
        match self.tail_first().checked_sub(1) {
            Some(index) => Ok(Blake3::of(&self.line(index)?)),
            None => Ok(End::empty(&self.origin.to_string()).last),
        }
    }
}
