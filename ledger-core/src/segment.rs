//! Segments: the files of lines, read in blocks of whole lines, never past the head.
//!
//! Spec page: `spec/store.md`. `entries/<first-index>.jsonl`, 20-digit names; a new one begins
//! where a line would pass 64 MiB. Sealed ones are read-only; only the newest is open.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::store::Store;

/// The folder of the segments.
pub const DIR: &str = "entries";
/// A segment is rolled before it grows past this many bytes.
pub const MAX_SEGMENT: u64 = 64 * 1024 * 1024;
/// How much is read at a time.
const BLOCK: usize = 4 * 1024 * 1024;

/// The file name of the segment that begins with entry `first`.
pub fn name(first: u64) -> String {
    format!("{DIR}/{first:020}.jsonl")
}

/// The first indexes of all segments there are, ascending. Other files in the folder are ignored.
pub fn list(store: &dyn Store) -> Result<Vec<u64>> {
    let first = |file: &String| {
        let number: u64 = file.strip_suffix(".jsonl")?.parse().ok()?;
        (name(number).strip_prefix("entries/") == Some(file.as_str())).then_some(number)
    };
    let mut found: Vec<u64> = store.list(DIR)?.iter().filter_map(first).collect();
    found.sort_unstable();
    Ok(found)
}

/// A place in the log: a segment and a byte offset in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// First index of the segment.
    pub segment: u64,
    /// Bytes from its beginning.
    pub offset: u64,
}

/// Whole lines, as they were read.
#[derive(Debug)]
pub struct Block {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Each line without its newline.
    pub lines: Vec<Range<usize>>,
    /// Where the block begins.
    pub place: Place,
    /// Whether the last line lacks its newline: the segment ends within it.
    pub unterminated: bool,
}

impl Block {
    /// The bytes of a line.
    pub fn line(&self, line: &Range<usize>) -> &[u8] {
        self.bytes.get(line.clone()).unwrap_or_default()
    }

    /// The place of a line.
    pub fn place_of(&self, line: &Range<usize>) -> Place {
        Place { segment: self.place.segment, offset: self.place.offset + line.start as u64 }
    }
}

/// Reads blocks from one place to another, segment by segment.
#[derive(Debug)]
pub struct Blocks<'s> {
    store: &'s dyn Store,
    segments: Vec<u64>,
    at: Place,
    end: Option<Place>,
}

impl<'s> Blocks<'s> {
    /// Reads from `from` to `end`; without an end, to the end of the last segment.
    pub fn new(store: &'s dyn Store, from: Place, end: Option<Place>) -> Result<Self> {
        let mut segments = list(store)?;
        segments
            .retain(|&first| first >= from.segment && end.is_none_or(|end| first <= end.segment));
        segments.reverse();
        if segments.pop() != Some(from.segment) {
            return Err(Error::untrue(
                "segment-missing",
                format!("the segment `{}` is missing", name(from.segment)),
            ));
        }
        Ok(Self { store, segments, at: from, end })
    }

    /// The next block; none at the end. Code `segment-short` when a segment ends before the head.
    pub fn next_block(&mut self) -> Result<Option<Block>> {
        loop {
            let limit = self.end.filter(|end| end.segment == self.at.segment).map(|end| end.offset);
            let left = limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.at.offset));
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(BLOCK);
            let mut bytes = vec![0; wanted];
            let file = name(self.at.segment);
            let count =
                if wanted == 0 { 0 } else { self.store.read(&file, self.at.offset, &mut bytes)? };
            bytes.truncate(count);
            if count < wanted && limit.is_some() {
                let have = self.at.offset + count as u64;
                return Err(Error::untrue(
                    "segment-short",
                    format!(
                        "`{file}` ends after {have} bytes, before the head's {}",
                        limit.unwrap_or(0)
                    ),
                ));
            }
            if count == 0 {
                match self.segments.pop() {
                    Some(segment) => self.at = Place { segment, offset: 0 },
                    None => return Ok(None),
                }
                continue;
            }
            let last_of_segment = count < BLOCK || left == count as u64;
            return Ok(Some(self.cut(bytes, last_of_segment)));
        }
    }

    /// Cuts the bytes into lines and moves on; a rest without newline is read again next time.
    fn cut(&mut self, mut bytes: Vec<u8>, last_of_segment: bool) -> Block {
        let mut lines = Vec::with_capacity(bytes.len() / 512);
        let mut start = 0;
        for position in memchr::memchr_iter(b'\n', &bytes) {
            lines.push(start..position);
            start = position + 1;
        }
        let rest = start < bytes.len();
        let unterminated = rest && (last_of_segment || lines.is_empty());
        if unterminated {
            lines.push(start..bytes.len());
        } else {
            bytes.truncate(start);
        }
        let place = self.at;
        self.at.offset += bytes.len() as u64;
        Block { bytes, lines, place, unterminated }
    }
}
