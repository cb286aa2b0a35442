//! Derived state: the index is brought up to the head, or made anew when it is of another history.
//!
//! Everything here can be deleted; the next run makes the same bytes again.

use std::sync::Arc;

use super::tail::Part;
use super::{Ledger, Tail, walk};
use crate::chain::End;
use crate::error::Result;
use crate::hash::Blake3;
use crate::index::{self, Index, Kind, Writer};
use crate::schema::joins;
use crate::segment::{Blocks, Place};
use crate::store::Store;
use crate::store::memory::Memory;

/// Entries of one run when the index is built from the entries: what fits into flat memory.
const RUN: usize = 65_536;

impl Ledger {
    /// How many entries the index covers of *this* history; an index of another one counts as none,
    /// and so does one without the postings that this version asks for.
    pub(super) fn index_covers(&self) -> Result<u64> {
        let (covered, last) = self.index.covered();
        if covered == 0 || covered > self.head.size {
            return Ok(0);
        }
        let line = self.index.locate(covered - 1)?;
        let Some((segment, offset)) = line else { return Ok(0) };
        let line = self.line_at(covered - 1, Place { segment, offset });
        let same = line.is_ok_and(|line| Some(Blake3::of(&line)) == last);
        let whole = index::key(Kind::Join, joins::CONTENTS);
        Ok(if same && self.index.last(whole)?.is_some() { covered } else { 0 })
    }

    /// Brings the index to the head by reading entries; used when it is far behind or missing.
    ///
    /// In a folder that cannot be written, the tail in memory takes its place.
    pub(super) fn rebuild_index(&mut self) -> Result<()> {
        let writer = match Writer::open(Arc::clone(&self.store)) {
            Ok(writer) => writer,
            // whoever makes the index now is nearly done: hundreds that made it in memory instead would
            // need all of it
            Err(error) if error.code() == "busy" => return Err(error),
            Err(_) => return self.without_index(),
        };
        // the process that held the lock before may have mended it, and brought it further
        self.index = Index::open(Arc::clone(&self.store))?;
        self.head = self.newest_head()?;
        if self.index_covers()? == 0 && writer.delete().is_err() {
            return self.without_index();
        }
        self.index = Index::open(Arc::clone(&self.store))?;
        let covered = self.index_covers()?;
        let mut before = match covered.checked_sub(1) {
            Some(_) => self.index.covered().1.unwrap_or_default(),
            None => End::empty(&self.origin.to_string()).last,
        };
        let from = self.place_before(covered)?;
        let store = Arc::clone(&self.store);
        let mut blocks = Blocks::new(&*store, from, Some(self.end_place()))?;
        let mut tail = Tail::new(covered);
        while let Some(block) = blocks.next_block()? {
            for read in walk::block(&block, None) {
                let read = read.map_err(|error| walk::at(error, tail.next()))?;
                if read.index >= tail.next() {
                    tail.replay(read.place, read.hash, &read.found);
                    if tail.len() == RUN {
                        hand_in(&writer, &mut tail, before)?;
                        before = read.hash;
                    }
                }
            }
        }
        hand_in(&writer, &mut tail, before)?;
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

    /// The background step of an appender, on the spot: hands its tail to the index when it has
    /// grown past `at_least` entries, and merges small runs. Losing it loses nothing.
    pub fn catch_up(&mut self, at_least: usize, merge_below: u64) -> Result<bool> {
        let Some(handover) = self.hand_over(at_least)? else { return Ok(false) };
        let written = handover.write(merge_below);
        self.take_over()?;
        written.map(|()| true)
    }

    /// What the index should take in now, to be written on any thread while appending goes on; none
    /// below `at_least` entries, or while an earlier one was not taken over. Not under the log's lock.
    pub fn hand_over(&mut self, at_least: usize) -> Result<Option<Handover>> {
        if self.tail.len() < at_least.max(1) || self.tail.is_giving() || self.stopped {
            return Ok(None);
        }
        let first = self.tail.first();
        let before = match first.checked_sub(1) {
            Some(index) => Blake3::of(&self.line(index)?),
            None => End::empty(&self.origin.to_string()).last,
        };
        let store = Arc::clone(&self.store);
        Ok(self.tail.give().map(|part| Handover { store, part, before }))
    }

    /// Opens the index again after a [`Handover`] was written, by whomever.
    pub fn take_over(&mut self) -> Result<()> {
        self.index = Index::open(Arc::clone(&self.store))?;
        if self.tail.taken(self.index.covered().0) {
            return Ok(());
        }
        // it was not written, or another process was faster: begin again from what is there
        self.settle()
    }
}

/// Entries on their way into the index. Dropping it unwritten loses nothing.
#[derive(Debug)]
pub struct Handover {
    store: Arc<dyn Store>,
    part: Arc<Part>,
    /// The hash of the line before the part's first entry.
    before: Blake3,
}

impl Handover {
    /// Writes a run and merges runs of up to `merge_below` entries; nothing if the index does not end
    /// where the part begins. Codes `busy`, and those of the store.
    pub fn write(self, merge_below: u64) -> Result<()> {
        let writer = Writer::open(Arc::clone(&self.store))?;
        let (covered, last) = Index::open(Arc::clone(&self.store))?.covered();
        if covered == self.part.first() && (covered == 0 || Some(self.before) == last) {
            writer.write(self.part.batch(self.before)?)?;
            while writer.merge_step(merge_below)? {}
        }
        Ok(())
    }
}

/// Writes what the tail holds as one run; nothing when it holds nothing.
fn hand_in(writer: &Writer, tail: &mut Tail, before: Blake3) -> Result<()> {
    let Some(part) = tail.give() else { return Ok(()) };
    writer.write(part.batch(before)?)?;
    tail.taken(part.end());
    Ok(())
}
