//! Asking the index.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::cache::{Cache, Content};
use super::cover::Cover;
use super::layout::POSTINGS;
use super::run::{Run, Source, posting_at};
use super::{Damage, Key, ORDER_END, Posting, Span, check, damaged, is_damage};
use crate::error::{Error, Result};
use crate::hash::Blake3;
use crate::store::Store;

/// Bytes of blocks that an index keeps in memory, unless told otherwise.
pub const CACHE_BYTES: usize = 4 << 20;
/// How often a reader looks for merged runs in the place of removed ones before it gives up.
const ATTEMPTS: usize = 8;

/// The index as it stood when it was opened: it answers for the entries below [`Index::covered`],
/// and for no others, however many a writer adds or merges meanwhile. What it finds is a hint: the
/// caller reads the entries.
///
/// Errors of all questions: damage ([`is_damage`]), with the run as the place (delete the folder,
/// build it again), `index-stale` (open it again: what it stood on is gone), those of the store.
pub struct Index {
    store: Arc<dyn Store>,
    cache: Cache,
    covered: u64,
    last: Option<Blake3>,
    runs: Mutex<Arc<Vec<Run>>>,
    bad: Vec<String>,
}

impl Index {
    /// Opens what there is; an empty or missing folder is an index that covers nothing. Writes
    /// nothing. Runs that cannot be used are left out, and named by [`Index::bad`].
    pub fn open(store: Arc<dyn Store>) -> Result<Self> {
        Self::open_with_cache(store, CACHE_BYTES)
    }

    /// Like [`Index::open`], with another bound for the blocks held in memory, in bytes.
    pub fn open_with_cache(store: Arc<dyn Store>, bytes: usize) -> Result<Self> {
        let Cover { runs, bad, .. } = Cover::read(store.as_ref(), u64::MAX)?;
        let last = runs.last().map(|run| *run.span());
        let (covered, last) = (last.map_or(0, |span| span.end), last.map(|span| span.last));
        let runs = Mutex::new(Arc::new(runs));
        Ok(Self { store, cache: Cache::new(bytes), covered, last, runs, bad })
    }

    /// How many entries it covers, from 0, and the hash of the last one's line. The caller compares
    /// it with the log: an index of another history is deleted, not used.
    pub fn covered(&self) -> (u64, Option<Blake3>) {
        (self.covered, self.last)
    }

    /// The ranges of its runs, in order.
    pub fn spans(&self) -> Vec<Span> {
        self.runs().iter().map(|run| *run.span()).collect()
    }

    /// Names of runs that were set aside: damaged, or of another history.
    pub fn bad(&self) -> &[String] {
        &self.bad
    }

    /// The postings of the key with these orders, ascending by order and index; at most `limit`.
    pub fn lookup(&self, key: Key, orders: Range<u64>, limit: usize) -> Result<Vec<Posting>> {
        self.page(key, (orders.start, 0)..(orders.end, 0), limit)
    }

    /// Like [`Index::lookup`] between two places (order, index), for going on after a limit: the
    /// next page begins at the last posting's order and its index + 1.
    pub fn page(&self, key: Key, places: Range<(u64, u64)>, limit: usize) -> Result<Vec<Posting>> {
        self.asking(|runs, from| {
            let mut cursors = Vec::new();
            let mut heap = BinaryHeap::new();
            for run in runs {
                let mut cursor = self.cursor(run, run.find(from, key, places.clone())?);
                if let Some(posting) = cursor.next(from)? {
                    heap.push(Reverse((posting, cursors.len())));
                    cursors.push(cursor);
                }
            }
            let mut found = Vec::new();
            while found.len() < limit {
                let Some(Reverse((posting, number))) = heap.pop() else { break };
                found.push(posting);
                let next = cursors.get_mut(number).map(|cursor| cursor.next(from)).transpose()?;
                heap.extend(next.flatten().map(|posting| Reverse((posting, number))));
            }
            Ok(found)
        })
    }

    /// The entries from `first` on that the key has postings of, in no order; runs that end before
    /// are not asked.
    pub fn since(&self, key: Key, first: u64) -> Result<Vec<u64>> {
        self.asking(|runs, from| {
            let mut found = Vec::new();
            for run in runs.iter().filter(|run| run.span().end > first) {
                let mut cursor = self.cursor(run, run.find(from, key, (0, 0)..(ORDER_END, 0))?);
                while let Some(posting) = cursor.next(from)? {
                    found.extend(Some(posting.index).filter(|index| *index >= first));
                }
            }
            Ok(found)
        })
    }

    /// How many postings the key has with these orders, without reading them.
    pub fn count(&self, key: Key, orders: Range<u64>) -> Result<u64> {
        self.asking(|runs, from| {
            runs.iter().try_fold(0, |sum, run| {
                let range = run.find(from, key, (orders.start, 0)..(orders.end, 0))?;
                if run.span().end <= self.covered {
                    return Ok(sum + (range.end - range.start));
                }
                let (mut cursor, mut count) = (self.cursor(run, range), sum);
                while cursor.next(from)?.is_some() {
                    count += 1;
                }
                Ok(count)
            })
        })
    }

    /// The posting of the key with the largest order, and among those the largest index.
    pub fn last(&self, key: Key) -> Result<Option<Posting>> {
        self.last_below(key, ORDER_END)
    }

    /// The last posting of the key whose order is below `order`.
    pub fn last_below(&self, key: Key, order: u64) -> Result<Option<Posting>> {
        self.asking(|runs, from| {
            let mut last = None;
            for run in runs {
                let range = run.find(from, key, (0, 0)..(order, 0))?;
                // only a run that reaches past what is covered has postings to step over
                for number in range.rev() {
                    let posting = self.cursor(run, number..number + 1).next(from)?;
                    if posting.is_some() {
                        last = last.max(posting);
                        break;
                    }
                }
            }
            Ok(last)
        })
    }

    /// The first posting of the key with exactly this order.
    pub fn exact(&self, key: Key, order: u64) -> Result<Option<Posting>> {
        Ok(self.lookup(key, order..order.saturating_add(1), 1)?.first().copied())
    }

    /// Whether the key has a posting with exactly this order.
    pub fn contains_exact(&self, key: Key, order: u64) -> Result<bool> {
        Ok(self.exact(key, order)?.is_some())
    }

    /// False when the key is certainly in no run; for keys of streams and sources this asks the
    /// filters only, for all others it says true.
    pub fn might_contain(&self, key: Key) -> Result<bool> {
        self.asking(|runs, from| {
            for run in runs {
                if run.might_contain(from, key)? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Where the entry's line starts: first entry of its segment, and offset in it in bytes. None
    /// when the index does not cover it.
    pub fn locate(&self, index: u64) -> Result<Option<(u64, u64)>> {
        if index >= self.covered {
            return Ok(None);
        }
        self.asking(|runs, from| {
            let place = runs.partition_point(|run| run.span().end <= index);
            runs.get(place).map(|run| run.locate(from, index)).transpose()
        })
    }

    /// Reads all of every run and holds it against the format; the names of damaged runs, with
    /// those of [`Index::bad`]. It cannot tell whether a posting is missing that the writer forgot:
    /// for that, build it again and compare the bytes.
    pub fn check(&self) -> Result<Vec<String>> {
        let mut damaged = self.bad.clone();
        for run in self.runs().iter() {
            match check::check(self.store.as_ref(), run) {
                Err(error) if is_damage(&error) => damaged.push(run.name.clone()),
                other => other?,
            }
        }
        Ok(damaged)
    }

    /// Goes through a range of a run's postings, of entries that are covered.
    fn cursor<'a>(&self, run: &'a Run, range: Range<u64>) -> Cursor<'a> {
        Cursor { run, range, block: None, covered: self.covered }
    }

    fn runs(&self) -> Arc<Vec<Run>> {
        Arc::clone(&self.runs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the runs; when a merge has removed one, asks the runs that cover the same entries now.
    /// These may reach further, into what another process appended: cursors leave that out.
    fn asking<T>(&self, question: impl Fn(&[Run], &Source<'_>) -> Result<T>) -> Result<T> {
        let from = Source { store: self.store.as_ref(), cache: &self.cache };
        for _ in 0..ATTEMPTS {
            match question(&self.runs(), &from) {
                Err(error) if error.code() == "missing" => {}
                answer => return answer,
            }
            let mut cover = Cover::read(self.store.as_ref(), u64::MAX)?;
            let reaches = cover.runs.last().map(|run| (run.span().end, run.span().last));
            let same = match reaches {
                Some((end, last)) => {
                    end > self.covered || (end == self.covered && Some(last) == self.last)
                }
                None => self.covered == 0,
            };
            if !same {
                break;
            }
            cover.runs.retain(|run| run.span().first < self.covered);
            *self.runs.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(cover.runs);
        }
        Err(Error::unavailable("index-stale", "the index has changed since it was opened")
            .hint("open it again"))
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("covered", &self.covered).finish_non_exhaustive()
    }
}

/// Goes through a range of a run's postings, a block at a time, and passes over those of entries that
/// the index does not cover: a run that was merged since may have some.
struct Cursor<'a> {
    run: &'a Run,
    range: Range<u64>,
    block: Option<(u64, Content)>,
    covered: u64,
}

impl Cursor<'_> {
    fn next(&mut self, from: &Source<'_>) -> Result<Option<Posting>> {
        while let Some(number) = self.range.next() {
            let block = number / POSTINGS;
            let content = match self.block.take() {
                Some((held, content)) if held == block => content,
                _ => self.run.posting_block(from, number)?,
            };
            let posting = posting_at(&content, number % POSTINGS)
                .ok_or_else(|| damaged(&self.run.name, Damage::Posting))?;
            self.block = Some((block, content));
            if posting.index < self.covered {
                return Ok(Some(posting));
            }
        }
        Ok(None)
    }
}
