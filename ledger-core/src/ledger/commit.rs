//! Commit: a group of admitted events becomes durable entries, or nothing happened.
//!
//! lock → read head → the laws → persons and inbox, synced → entries, synced → head, synced →
//! unlock → acknowledge. Nothing refers to what is not yet durable.

use std::sync::Arc;

use super::door::Admitted;
use super::recover::is_poisoned;
use super::stage::{Checked, Group, Receipt, Stage};
use super::tail::Mark;
use super::{LOCK, Ledger, POISON};
use crate::error::{Error, Result};
use crate::head::Head;
use crate::segment::{self, MAX_SEGMENT, Place};
use crate::time::Timestamp;
use crate::tree::Frontier;
use crate::vault::inbox::{self, Item};
use crate::vault::persons::DELTA;

impl Ledger {
    /// Appends admitted events in order, and returns when they are durable.
    ///
    /// The outer error means nothing of the group was promised; an inner one that this event was
    /// refused and why. After a failed sync the ledger is poisoned (code `poisoned`) until
    /// `ledger recover`. Codes besides those of the laws: `busy`, `poisoned`, `no-space`, `io`.
    pub fn append(&mut self, admitted: &[Admitted], group: Group) -> Result<Vec<Result<Receipt>>> {
        self.append_at(admitted, group, || group.now)
    }

    /// As [`Ledger::append`], with the time asked for once the lock is held: of several processes
    /// that wait for it none then records an earlier time than the entry before.
    pub fn append_at(
        &mut self,
        admitted: &[Admitted],
        group: Group,
        now: impl FnOnce() -> Timestamp,
    ) -> Result<Vec<Result<Receipt>>> {
        self.append_with(admitted, &[], group, now)
    }

    /// As [`Ledger::append_at`], with what goes to the vault beside the events' own disclosures: the
    /// keys of private attachments that they name. So a key travels with the very group that needs it.
    pub fn append_with(
        &mut self,
        admitted: &[Admitted],
        items: &[Item],
        mut group: Group,
        now: impl FnOnce() -> Timestamp,
    ) -> Result<Vec<Result<Receipt>>> {
        if self.stopped {
            return Err(poisoned());
        }
        let _lock = self.store.lock(LOCK)?;
        group.now = now();
        if is_poisoned(&*self.store)? {
            return Err(poisoned());
        }
        self.refresh()?;
        let mark = self.tail.mark();
        if let Err(error) = self.mend_tail() {
            return Err(self.failed(mark, error));
        }
        let mark = self.tail.mark();
        let mut outcomes = undecided(admitted);
        let (mut stage, checked) = match self.prepare(admitted, &mut outcomes, group, mark) {
            Ok(prepared) => prepared,
            Err(error) => {
                self.take_back(mark);
                return Err(error);
            }
        };
        if group.all_or_nothing && outcomes.iter().flatten().any(Result::is_err) {
            self.forget(mark)?;
            for outcome in &mut outcomes {
                // the same event twice in a group that is not written has no receipt
                if matches!(outcome, Some(Ok(receipt)) if receipt.index >= self.head.size) {
                    *outcome = None;
                }
            }
            return Ok(settled(outcomes, &[]));
        }
        stage.items.extend_from_slice(items);
        let written = self.write(&stage, &checked, group);
        self.staged.clear();
        if let Err(error) = written {
            return Err(self.failed(mark, error));
        }
        Ok(settled(outcomes, &receipts(&stage, self.head.size)))
    }

    /// What [`Ledger::append`] would say to each event now, without a lock and without writing.
    ///
    /// Codes of the laws; an outer error means that nothing could be told.
    pub fn rehearse(&mut self, admitted: &[Admitted], group: Group) -> Result<Vec<Result<()>>> {
        if self.stopped || is_poisoned(&*self.store)? {
            return Err(poisoned());
        }
        let mark = self.tail.mark();
        let mut outcomes = undecided(admitted);
        let prepared = self.prepare(admitted, &mut outcomes, group, mark);
        self.forget(mark)?;
        prepared?;
        let told = |outcome: Option<Result<Receipt>>| outcome.map_or(Ok(()), |said| said.map(drop));
        Ok(outcomes.into_iter().map(told).collect())
    }

    /// Stages the events and applies the laws to their lines, without those that are refused, until
    /// all that is staged holds.
    fn prepare(
        &mut self,
        admitted: &[Admitted],
        outcomes: &mut [Option<Result<Receipt>>],
        group: Group,
        mark: Mark,
    ) -> Result<(Stage, Vec<Checked>)> {
        loop {
            self.forget(mark)?;
            let stage = self.stage(admitted, outcomes, group)?;
            let refused = match self.check(admitted, &stage) {
                Ok(checked) => return Ok((stage, checked)),
                Err(refused) => refused,
            };
            for (owner, error) in refused {
                if let Some(outcome) = outcomes.get_mut(owner) {
                    *outcome = Some(Err(error));
                }
            }
        }
    }

    /// Takes back what was staged.
    fn take_back(&mut self, mark: Mark) {
        self.tail.back_to(mark);
        self.staged.clear();
    }

    /// Takes back what a group that will not be written had staged, its new persons too.
    fn forget(&mut self, mark: Mark) -> Result<()> {
        if !self.staged.is_empty() {
            self.take_back(mark);
        }
        match &mut self.persons {
            Some(persons) => persons.refresh(&*self.store),
            None => Ok(()),
        }
    }

    /// After a failed write nothing was promised; after a failed sync nobody knows, so all stop.
    pub(super) fn failed(&mut self, mark: Mark, error: Error) -> Error {
        self.take_back(mark);
        if error.is_sync() {
            self.stopped = true;
            // if even the mark cannot be written, the lines past the head still show the next
            // process that something was not finished
            let marked = self
                .store
                .write(POISON, 0, format!("{error}\n").as_bytes())
                .and_then(|()| self.store.sync(POISON))
                .and_then(|()| self.store.sync_dir(""));
            return match marked {
                Ok(()) => {
                    error.hint("run `ledger recover`; nothing that was acknowledged is in doubt")
                }
                Err(_) => {
                    error.hint("the mark `poison` could not be written either; check the disk")
                }
            };
        }
        error
    }

    /// Makes the group durable, in the order in which one thing refers to another.
    fn write(&mut self, stage: &Stage, checked: &[Checked], group: Group) -> Result<()> {
        if stage.hashes.is_empty() {
            return Ok(());
        }
        let store = Arc::clone(&self.store);
        // if we stop in here, recovery finds pseudonyms and disclosures that no entry refers to
        if let Some(persons) = &mut self.persons {
            if persons.pending() > 0 {
                persons.flush(&*store)?;
                // every opening reads the whole delta, so it must not grow long
                if persons.wants_compaction() {
                    persons.compact(&*store)?;
                }
            } else if !stage.items.is_empty() {
                // what another process wrote before it died may be in the page cache only
                let length = store.len(DELTA)?;
                if length.is_some() && length != self.synced_delta {
                    store.sync(DELTA)?;
                }
            }
            self.synced_delta = store.len(DELTA)?;
        }
        self.deliver(&stage.items, group)?;
        // if we stop in here, recovery finds lines past the head: lawful ones are rewritten and
        // kept, a torn one is set aside; nothing was acknowledged
        let (places, place) = self.put_lines()?;
        let head = self.next_head(stage, checked, place)?;
        // if we stop in here, the older slot stands and recovery keeps the lawful lines after it
        head.write(&*store)?;
        if head.segment != self.head.segment {
            // the mode protects from accidents only; failing to set it breaks no promise
            let _sealed = store.seal(&segment::name(self.head.segment));
        }
        self.head = head;
        let postings = checked.iter().flat_map(|checked| checked.postings.each());
        for ((place, hash), postings) in places.into_iter().zip(&stage.hashes).zip(postings) {
            self.tail.push(place, *hash, postings);
        }
        if let Some(registry) = &stage.registry {
            self.registry = Arc::new(registry.clone());
        }
        Ok(())
    }

    /// Writes the group's lines, rolling the segment where it would grow past its limit; where each
    /// is, and where the log ends then.
    fn put_lines(&self) -> Result<(Vec<Place>, Place)> {
        let mut place = self.end_place();
        let mut places = Vec::with_capacity(self.staged.len());
        let (mut begun, mut from) = (place, 0);
        for position in 0..self.staged.len() {
            let range = self.staged.range(position).unwrap_or_default();
            let length = range.len() as u64;
            if place.offset > 0 && place.offset + length > MAX_SEGMENT {
                self.put(begun, self.staged.bytes(from..range.start))?;
                place = Place { segment: self.head.size + position as u64, offset: 0 };
                (begun, from) = (place, range.start);
            }
            places.push(place);
            place.offset += length;
        }
        self.put(begun, self.staged.bytes(from..self.staged.end()))?;
        Ok((places, place))
    }

    fn put(&self, place: Place, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let file = segment::name(place.segment);
        self.store.write(&file, place.offset, bytes)?;
        self.store.sync(&file)?;
        if place.offset == 0 { self.store.sync_dir(segment::DIR) } else { Ok(()) }
    }

    /// Disclosures go to the vault's inbox, readable by the vault's owner only.
    fn deliver(&self, items: &[Item], group: Group) -> Result<()> {
        let Some(key) = &self.vault_key else { return Ok(()) };
        if items.is_empty() {
            return Ok(());
        }
        let random = blake3::derive_key("release-ledger inbox of a group", &group.random);
        let (name, bytes) =
            inbox::seal_group(*key, self.origin.genesis().0, self.head.size, items, &random)?;
        inbox::deliver(&*self.store, &name, &bytes)
    }

    fn next_head(&self, stage: &Stage, checked: &[Checked], end: Place) -> Result<Head> {
        let mut frontier = Frontier::from_parts(self.head.size, self.head.frontier.clone())?;
        for leaf in checked.iter().flat_map(|checked| &checked.leaves) {
            frontier.push(*leaf)?;
        }
        Ok(Head {
            counter: self.head.counter + 1,
            size: self.head.size + stage.hashes.len() as u64,
            segment: end.segment,
            offset: end.offset,
            last: stage.hashes.last().copied().unwrap_or(self.head.last),
            frontier: frontier.hashes().to_vec(),
        })
    }
}

/// An outcome for each event, not known yet.
fn undecided(admitted: &[Admitted]) -> Vec<Option<Result<Receipt>>> {
    admitted.iter().map(|_| None).collect()
}

fn receipts(stage: &Stage, size: u64) -> Vec<(usize, Receipt)> {
    let first = size - stage.hashes.len() as u64;
    let indexes = first..size;
    let receipts = indexes.zip(&stage.hashes).map(|(index, hash)| Receipt {
        index,
        hash: *hash,
        known: false,
    });
    stage.owners.iter().copied().zip(receipts).collect()
}

fn settled(
    outcomes: Vec<Option<Result<Receipt>>>,
    receipts: &[(usize, Receipt)],
) -> Vec<Result<Receipt>> {
    let mut receipts = receipts.iter().peekable();
    outcomes
        .into_iter()
        .enumerate()
        .map(|(position, outcome)| match outcome {
            Some(outcome) => outcome,
            None => receipts
                .next_if(|(owner, _)| *owner == position)
                .map(|(_, receipt)| *receipt)
                .ok_or_else(|| {
                    Error::refused(
                        "group",
                        "another event of the group was refused, so none was appended",
                    )
                }),
        })
        .collect()
}

pub(super) fn poisoned() -> Error {
    Error::unavailable("poisoned", "the ledger is marked: a sync failed, so what is on the disk is in doubt")
        .hint("run `ledger recover`; it re-reads the disk, checks it against the head, and lifts the mark")
}
