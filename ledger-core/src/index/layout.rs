//! The header of a run, and where its sections are: all of it follows from a few counts.

use super::block::{CONTENT, Identity, Section};
use super::{Damage, Span, damaged, filter};
use crate::error::Result;
use crate::hash::Blake3;

/// The first bytes of every run.
pub(super) const MAGIC: &[u8; 20] = b"ledger/v1 index run\n";
/// The part of the header that names the run: magic, range and hashes.
const NAMED: usize = 100;
/// All bytes of the header that are not zero.
const USED: usize = NAMED + 24;
/// More than this of anything is not a run but nonsense; keeps sums far from overflow.
const COUNT_LIMIT: u64 = 1 << 48;
/// Postings that share a bucket of the fan-out table, on average, at most.
const BUCKET: u64 = 64;

/// Numbers of 8 bytes in a block.
pub(super) const NUMBERS: u64 = (CONTENT / 8) as u64;
/// Postings of 32 bytes in a block.
pub(super) const POSTINGS: u64 = (CONTENT / 32) as u64;
/// Buckets in a block of the fan-out table: one number fewer, so that a block holds both ends.
pub(super) const BUCKETS: u64 = NUMBERS - 1;

/// What a run covers and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) span: Span,
    pub(super) segments: u64,
    pub(super) postings: u64,
    /// Distinct keys that are in the filter.
    pub(super) filtered: u64,
}

impl Header {
    /// The bytes at the start of the header's block.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = named(&self.span);
        for count in [self.segments, self.postings, self.filtered] {
            bytes.extend(count.to_be_bytes());
        }
        bytes
    }

    /// Reads the content of the header's block; the checksum is checked by the caller, with the
    /// identity from here.
    pub(super) fn parse(name: &str, content: &[u8]) -> Result<Self> {
        let (used, rest) =
            content.split_at_checked(USED).ok_or_else(|| damaged(name, Damage::Length))?;
        let rest_of = used.strip_prefix(MAGIC).ok_or_else(|| damaged(name, Damage::Magic))?;
        let (first, at) = number(rest_of);
        let (end, at) = number(at);
        let (before, at) = hash(at);
        let (last, at) = hash(at);
        let (segments, at) = number(at);
        let (postings, at) = number(at);
        let (filtered, _) = number(at);
        let span = Span { first, end, before, last };
        let sound = first < end
            && span.entries() <= COUNT_LIMIT
            && (1..=span.entries()).contains(&segments)
            && postings <= COUNT_LIMIT
            && filtered <= postings
            && rest.iter().all(|byte| *byte == 0);
        if !sound {
            return Err(damaged(name, Damage::Header));
        }
        Ok(Self { span, segments, postings, filtered })
    }

    /// What all blocks of this run, and of no other, are tied to.
    pub(super) fn identity(&self) -> Identity {
        identity(&self.span)
    }

    /// First entry of every segment that holds entries of the run, 8 bytes each.
    pub(super) fn segments(&self) -> Section {
        Section { start: 1, items: self.segments, per_block: NUMBERS }
    }

    /// Offset of every entry in its segment, 8 bytes each.
    pub(super) fn offsets(&self) -> Section {
        self.segments().after(self.span.entries(), NUMBERS)
    }

    /// The postings in order, 32 bytes each.
    pub(super) fn postings(&self) -> Section {
        self.offsets().after(self.postings, POSTINGS)
    }

    /// Where each bucket of keys starts among the postings; an item is a bucket.
    pub(super) fn fan_out(&self) -> Section {
        self.postings().after(1 << self.fan_out_bits(), BUCKETS)
    }

    /// The lines of the filter.
    pub(super) fn filter(&self) -> Section {
        self.fan_out().after(filter::lines(self.filtered), filter::LINES)
    }

    /// How many leading bits of a key choose its bucket.
    pub(super) fn fan_out_bits(&self) -> u32 {
        self.postings.div_ceil(BUCKET).max(1).next_power_of_two().trailing_zeros()
    }

    /// Blocks in the whole file.
    pub(super) fn blocks(&self) -> u64 {
        self.filter().end()
    }
}

/// The identity of the run that covers the span.
pub(super) fn identity(span: &Span) -> Identity {
    Blake3::of(&named(span)).0
}

/// Which bucket a key with these first 64 bits falls into.
pub(super) fn bucket(high: u64, bits: u32) -> u64 {
    high.checked_shr(64 - bits).unwrap_or(0)
}

fn named(span: &Span) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USED);
    bytes.extend(MAGIC);
    bytes.extend(span.first.to_be_bytes());
    bytes.extend(span.end.to_be_bytes());
    bytes.extend(span.before.0);
    bytes.extend(span.last.0);
    bytes
}

fn number(bytes: &[u8]) -> (u64, &[u8]) {
    bytes.split_first_chunk().map_or((0, &[]), |(number, rest)| (u64::from_be_bytes(*number), rest))
}

fn hash(bytes: &[u8]) -> (Blake3, &[u8]) {
    bytes.split_first_chunk().map_or((Blake3::default(), &[]), |(hash, rest)| (Blake3(*hash), rest))
}
