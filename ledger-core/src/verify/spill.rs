//! What must be unique: places in streams and identities of imports, sorted and merged.
//!
//! Records are sorted in memory in runs of bounded length; runs beyond the first go to scratch and
//! are merged at the end, so that memory does not grow with the log.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::fault::{Class, Fault, Notice};
use crate::chain::Link;
use crate::error::Result;
use crate::hash::Blake3;
use crate::index::Key;
use crate::store::Store;

/// Records of one run.
const RUN: usize = 262_144;
/// Bytes of one record.
const RECORD: usize = 97;
/// Records read at a time from each run while merging.
const PAGE: usize = 512;
const NO_PREV: Blake3 = Blake3([0; 32]);

/// One claim to a place: (stream, seq) or (identity, 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Record {
    key: [u8; 16],
    order: u64,
    index: u64,
    kind: u8,
    hash: [u8; 32],
    prev: [u8; 32],
}

const STREAM: u8 = 0;
const STREAM_FINAL: u8 = 1;
const SOURCE: u8 = 2;

impl Record {
    fn to_bytes(self) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        let fields = self
            .key
            .into_iter()
            .chain(self.order.to_be_bytes())
            .chain(self.index.to_be_bytes())
            .chain([self.kind])
            .chain(self.hash)
            .chain(self.prev);
        bytes.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk()?;
        let (order, rest) = rest.split_first_chunk()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (kind, rest) = rest.split_first()?;
        let (hash, rest) = rest.split_first_chunk()?;
        let (prev, _) = rest.split_first_chunk()?;
        Some(Self {
            key: *key,
            order: u64::from_be_bytes(*order),
            index: u64::from_be_bytes(*index),
            kind: *kind,
            hash: *hash,
            prev: *prev,
        })
    }
}

/// Collects claims, and at the end says which do not go together.
pub(super) struct Places<'s> {
    scratch: Option<&'s dyn Store>,
    records: Vec<Record>,
    /// Names and lengths (in records) of the runs in scratch.
    runs: Vec<(String, u64)>,
}

impl<'s> Places<'s> {
    pub(super) fn new(scratch: Option<&'s dyn Store>) -> Self {
        Self { scratch, records: Vec::new(), runs: Vec::new() }
    }

    /// A place in a stream.
    pub(super) fn stream(&mut self, key: Key, link: &Link) -> Result<()> {
        self.add(Record {
            key: key.bytes(),
            order: link.seq,
            index: link.index,
            kind: if link.is_final { STREAM_FINAL } else { STREAM },
            hash: link.hash.0,
            prev: link.prev.unwrap_or(NO_PREV).0,
        })
    }

    /// An identity of an import.
    pub(super) fn source(&mut self, key: Key, index: u64, original: Blake3) -> Result<()> {
        let (hash, prev) = (original.0, NO_PREV.0);
        self.add(Record { key: key.bytes(), order: 0, index, kind: SOURCE, hash, prev })
    }

    fn add(&mut self, record: Record) -> Result<()> {
        self.records.push(record);
        match self.scratch {
            Some(scratch) if self.records.len() == RUN => self.spill(scratch),
            _ => Ok(()),
        }
    }

    fn spill(&mut self, scratch: &dyn Store) -> Result<()> {
        self.records.par_sort_unstable();
        let name = format!("places-{:06}", self.runs.len());
        let mut bytes = Vec::with_capacity(self.records.len() * RECORD);
        self.records.iter().for_each(|record| bytes.extend_from_slice(&record.to_bytes()));
        scratch.remove(&name)?;
        scratch.write(&name, 0, &bytes)?;
        self.runs.push((name, self.records.len() as u64));
        self.records.clear();
        Ok(())
    }

    /// Merges all runs and judges neighbours.
    pub(super) fn judge(
        mut self,
        faults: &mut dyn FnMut(Fault),
        notices: &mut Vec<Notice>,
    ) -> Result<()> {
        self.records.par_sort_unstable();
        let mut sources: Vec<Source<'_>> = Vec::new();
        for (name, count) in &self.runs {
            let Some(store) = self.scratch else { continue };
            sources.push(Source::new(Some((store, name)), *count, Vec::new()));
        }
        sources.push(Source::new(None, 0, std::mem::take(&mut self.records)));
        let mut heap = BinaryHeap::with_capacity(sources.len());
        for (number, source) in sources.iter_mut().enumerate() {
            heap.extend(source.next()?.map(|record| Reverse((record, number))));
        }
        let mut judge = Judge::default();
        while let Some(Reverse((record, number))) = heap.pop() {
            judge.next(record, faults);
            let next = sources.get_mut(number).map(Source::next).transpose()?.flatten();
            heap.extend(next.map(|record| Reverse((record, number))));
        }
        drop(sources);
        if let Some(scratch) = self.scratch {
            self.runs.iter().try_for_each(|(name, _)| scratch.remove(name))?;
        }
        judge.report(notices);
        Ok(())
    }
}

/// One sorted run being read.
struct Source<'s> {
    file: Option<(&'s dyn Store, &'s str)>,
    left: u64,
    at: u64,
    page: std::vec::IntoIter<Record>,
}

impl<'s> Source<'s> {
    fn new(file: Option<(&'s dyn Store, &'s str)>, left: u64, page: Vec<Record>) -> Self {
        Self { file, left, at: 0, page: page.into_iter() }
    }

    fn next(&mut self) -> Result<Option<Record>> {
        if let Some(record) = self.page.next() {
            return Ok(Some(record));
        }
        let (Some((store, name)), true) = (self.file, self.left > 0) else { return Ok(None) };
        let count = usize::try_from(self.left).unwrap_or(PAGE).min(PAGE);
        let bytes = crate::store::read_range(store, name, self.at, count * RECORD)?;
        let page: Vec<Record> = bytes.chunks_exact(RECORD).filter_map(Record::from_bytes).collect();
        self.at += bytes.len() as u64;
        self.left = if page.is_empty() { 0 } else { self.left - page.len() as u64 };
        self.page = page.into_iter();
        Ok(self.page.next())
    }
}

/// Judges records in order: neighbours in a stream stand beside each other.
#[derive(Default)]
struct Judge {
    last: Option<Record>,
    gaps: u64,
    streams_with_gaps: u64,
    first_gap: Option<u64>,
    gap_in: Option<[u8; 16]>,
}

impl Judge {
    fn next(&mut self, record: Record, faults: &mut dyn FnMut(Fault)) {
        let before = self.last.filter(|last| {
            last.key == record.key && (last.kind == SOURCE) == (record.kind == SOURCE)
        });
        self.last = Some(record);
        let mut fault = |code: &'static str, message: String| {
            faults(Fault {
                index: Some(record.index),
                class: Class::Link,
                code,
                message,
                followers: 0,
            });
        };
        let Some(before) = before else {
            if record.kind != SOURCE && record.order > 0 {
                self.gap(&record);
            }
            return;
        };
        if record.kind == SOURCE {
            let message = format!(
                "the record that it was imported from is also that of entry {}",
                before.index
            );
            return fault("source-twice", message);
        }
        if before.order == record.order {
            let message = format!("its place in its stream is also that of entry {}", before.index);
            return fault("stream-fork", message);
        }
        if before.kind == STREAM_FINAL {
            let message =
                format!("it follows entry {}, the final event of its stream", before.index);
            return fault("stream-ended", message);
        }
        if before.order + 1 < record.order {
            return self.gap(&record);
        }
        if before.hash != record.prev {
            let message = format!(
                "`prev` is not the hash of its stream's event before it, entry {}",
                before.index
            );
            fault("stream-prev", message);
        }
    }

    fn gap(&mut self, record: &Record) {
        self.gaps += 1;
        self.first_gap.get_or_insert(record.index);
        if self.gap_in != Some(record.key) {
            self.gap_in = Some(record.key);
            self.streams_with_gaps += 1;
        }
    }

    fn report(self, notices: &mut Vec<Notice>) {
        if let Some(first) = self.first_gap {
            notices.push(Notice {
                code: "stream-gap",
                message: format!(
                    "{} gap(s) in {} stream(s): events that producers numbered are not here, the first before entry {first}",
                    self.gaps, self.streams_with_gaps
                ),
            });
        }
    }
}
