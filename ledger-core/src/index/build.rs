//! Building a run: from a batch of entries, or from the runs that a merge joins.

use super::block::{Items, Output};
use super::filter::{self, LINE};
use super::layout::{BUCKETS, Header, bucket};
use super::{FOLDER, Key, Posting, Span};
use crate::error::{Error, Result};
use crate::hash::Blake3;
use crate::store::Store;

/// What some consecutive entries say, before it becomes a run.
#[derive(Clone, Debug)]
pub struct Batch {
    first: u64,
    before: Blake3,
    last: Blake3,
    segments: Vec<u64>,
    offsets: Vec<u64>,
    postings: Vec<Posting>,
}

impl Batch {
    /// An empty batch that begins with entry `first`, whose `chain` is `before`.
    pub fn new(first: u64, before: Blake3) -> Self {
        let [segments, offsets] = [Vec::new(), Vec::new()];
        Self { first, before, last: before, segments, offsets, postings: Vec::new() }
    }

    /// Makes room for what will be added.
    pub fn reserve(&mut self, entries: usize, postings: usize) {
        self.offsets.reserve(entries);
        self.postings.reserve(postings);
    }

    /// Adds the next entry: where its line starts, and the hash of its line.
    ///
    /// Code `index-batch` when it cannot be there: a segment starts at offset 0 with the entry it is
    /// named after, and offsets grow.
    pub fn entry(&mut self, segment: u64, offset: u64, line: Blake3) -> Result<()> {
        let index = self.end();
        let known = self.segments.last().is_none_or(|last| *last == segment);
        let grows = self.offsets.last().is_none_or(|last| *last < offset) && segment < index;
        let starts = segment == index && offset == 0;
        if !(starts || known && grows && offset > 0) {
            return Err(Error::refused(
                "index-batch",
                format!("entry {index} cannot be at offset {offset} of segment {segment}"),
            ));
        }
        if starts || self.segments.is_empty() {
            self.segments.push(segment);
        }
        self.offsets.push(offset);
        self.last = line;
        Ok(())
    }

    /// Adds a posting of the newest entry; code `index-batch` when there is none, or when `order` is
    /// not below [`super::ORDER_END`].
    pub fn post(&mut self, key: Key, order: u64) -> Result<()> {
        match self.end().checked_sub(1) {
            Some(index) if !self.is_empty() && order < super::ORDER_END => {
                self.postings.push(Posting { key, order, index });
                Ok(())
            }
            _ => Err(Error::refused("index-batch", "a posting needs an entry and an order")),
        }
    }

    /// The entry after the last.
    pub fn end(&self) -> u64 {
        self.first + self.offsets.len() as u64
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether it has no entry yet.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Writes the run of the batch, durably.
    pub(super) fn write(mut self, store: &dyn Store) -> Result<Span> {
        if self.is_empty() {
            return Err(Error::refused("index-batch", "a run needs an entry"));
        }
        self.postings.sort_unstable();
        self.postings.dedup();
        let span =
            Span { first: self.first, end: self.end(), before: self.before, last: self.last };
        let counts = (self.segments.len() as u64, self.postings.len() as u64);
        let number = |number: u64| Ok(number.to_be_bytes());
        let postings = self.postings.as_slice();
        let parts = Parts {
            segments: self.segments.into_iter().map(number),
            offsets: self.offsets.into_iter().map(number),
            postings: postings.iter().map(|posting| Ok(posting.to_bytes())),
        };
        parts.write(store, span, counts, Some(postings))?;
        Ok(span)
    }
}

/// The content of a run, in order.
pub(super) struct Parts<S, O, P> {
    pub(super) segments: S,
    pub(super) offsets: O,
    pub(super) postings: P,
}

impl<S, O, P> Parts<S, O, P>
where
    S: Iterator<Item = Result<[u8; 8]>>,
    O: Iterator<Item = Result<[u8; 8]>>,
    P: Iterator<Item = Result<[u8; 32]>>,
{
    /// Writes the run durably; `counts` are those of segments and postings. The tables behind the
    /// postings have sizes that depend on all of them: what is `known`, all postings in memory, need
    /// not be read again for them.
    ///
    /// If we stop before the rename, a `.tmp` file is left, which readers ignore and the next writer
    /// removes; after it, the run stands whole.
    pub(super) fn write(
        self,
        store: &dyn Store,
        span: Span,
        counts: (u64, u64),
        known: Option<&[Posting]>,
    ) -> Result<()> {
        let name = span.name();
        let temporary = format!("{name}.tmp");
        store.remove(&temporary)?;
        let mut header = Header { span, segments: counts.0, postings: counts.1, filtered: 0 };
        let mut output = Output::new(store, &temporary, header.identity());
        for segment in self.segments {
            output.item(&segment?)?;
        }
        output.end_section()?;
        for offset in self.offsets {
            output.item(&offset?)?;
        }
        output.end_section()?;
        let mut previous = None;
        for posting in self.postings {
            let posting = posting?;
            output.item(&posting)?;
            let key = Posting::from_bytes(&posting).key;
            header.filtered += u64::from(key.is_filtered() && previous != Some(key));
            previous = Some(key);
        }
        output.end_section()?;
        let keys = || -> Box<dyn Iterator<Item = Result<Key>> + '_> {
            match known {
                Some(postings) => Box::new(postings.iter().map(|posting| Ok(posting.key))),
                None => Box::new(read_keys(store, &temporary, &header)),
            }
        };
        write_fan_out(keys(), &header, &mut output)?;
        write_filter(keys(), &header, &mut output)?;
        output.header(&header.to_bytes())?;
        store.sync(&temporary)?;
        store.rename(&temporary, &name)?;
        store.sync_dir(FOLDER)
    }
}

fn read_keys<'a>(
    store: &'a dyn Store,
    name: &'a str,
    header: &Header,
) -> impl Iterator<Item = Result<Key>> + use<'a> {
    let items = Items::<32>::new(store, name, header.identity(), header.postings());
    items.map(|item| item.map(|bytes| Posting::from_bytes(&bytes).key))
}

/// For every bucket the number of postings before it. A block begins with the number that the block
/// before it ended with, so that both ends of a bucket are in one block.
fn write_fan_out(
    keys: impl Iterator<Item = Result<Key>>,
    header: &Header,
    output: &mut Output<'_>,
) -> Result<()> {
    let bits = header.fan_out_bits();
    let buckets = header.fan_out().items;
    let mut boundary = |bucket: u64, count: u64| {
        output.item(&count.to_be_bytes())?;
        if bucket > 0 && bucket < buckets && bucket.is_multiple_of(BUCKETS) {
            output.item(&count.to_be_bytes())?;
        }
        Ok(())
    };
    let mut next = 0;
    let mut count = 0;
    for key in keys {
        let bucket = bucket(key?.high(), bits);
        while next <= bucket {
            boundary(next, count)?;
            next += 1;
        }
        count += 1;
    }
    while next <= buckets {
        boundary(next, count)?;
        next += 1;
    }
    output.end_section()
}

fn write_filter(
    keys: impl Iterator<Item = Result<Key>>,
    header: &Header,
    output: &mut Output<'_>,
) -> Result<()> {
    let lines = header.filter().items;
    let mut line = [0; LINE];
    let mut number = 0;
    for key in keys {
        let key = key?;
        if !key.is_filtered() {
            continue;
        }
        while number < filter::line(key, lines) {
            output.item(&line)?;
            line = [0; LINE];
            number += 1;
        }
        filter::set(&mut line, key);
    }
    while number < lines {
        output.item(&line)?;
        line = [0; LINE];
        number += 1;
    }
    output.end_section()
}

/// The name of the run of a range, if the text is one: the only spelling of two numbers.
pub(super) fn parse_name(file: &str) -> Option<(u64, u64)> {
    let (first, end) = file.strip_suffix(".run")?.split_once('-')?;
    let number = |text: &str| {
        let digits = text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let (first, end): (u64, u64) = (number(first)?, number(end)?);
    (first < end).then_some((first, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        let hash = Blake3::default();
        let span = Span { first: 7, end: 4711, before: hash, last: hash };
        let name = span.name();
        assert_eq!(name, "index/00000000000000000007-00000000000000004711.run");
        assert_eq!(parse_name(name.strip_prefix("index/").unwrap()), Some((7, 4711)));
        for bad in [
            "7-4711.run",
            "00000000000000000007-00000000000000000007.run",
            "00000000000000000007-00000000000000004711.run.tmp",
            "+0000000000000000007-00000000000000004711.run",
            "99999999999999999998-99999999999999999999.run",
            "lock",
        ] {
            assert_eq!(parse_name(bad), None, "{bad}");
        }
        assert_eq!(bucket(u64::MAX, 0), 0);
        assert_eq!(bucket(u64::MAX, 3), 7);
    }

    #[test]
    fn batch_refuses_impossible_places() {
        let mut batch = Batch::new(5, Blake3::default());
        let mut entry = |segment, offset| batch.entry(segment, offset, Blake3::default()).is_ok();
        assert!(!entry(5, 1) && !entry(6, 0) && !entry(3, 0), "a segment starts at its entry");
        assert!(entry(3, 40));
        assert!(!entry(3, 40) && !entry(3, 0) && !entry(2, 50), "offsets grow in their segment");
        assert!(entry(3, 41) && entry(7, 0) && entry(7, 9));
        assert!(batch.post(Key([0; 16]), u64::MAX).is_err());
        assert_eq!((batch.len(), batch.end()), (4, 9));
        assert!(Batch::new(5, Blake3::default()).post(Key([0; 16]), 0).is_err());
    }
}
