//! One run, read by position: what it knows of a key, and where an entry is.

use std::ops::Range;
use std::sync::Arc;

use super::block::{self, BLOCK, Identity, Section};
use super::cache::{Cache, Content};
use super::filter::{self, LINE, LINES};
use super::layout::{BUCKETS, Header, NUMBERS, POSTINGS, bucket};
use super::{Damage, Key, Posting, Span, damaged};
use crate::error::Result;
use crate::store::Store;

/// A run whose header was read and found right.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) name: String,
    pub(super) header: Header,
    pub(super) identity: Identity,
}

/// Where blocks come from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) cache: &'a Cache,
}

impl Run {
    /// Reads the header: one read, whatever the size.
    pub(super) fn open(store: &dyn Store, name: String) -> Result<Self> {
        let mut bytes = [0; BLOCK];
        if store.read(&name, 0, &mut bytes)? < BLOCK {
            return Err(damaged(&name, Damage::Length));
        }
        let header = Header::parse(&name, bytes.get(..block::CONTENT).unwrap_or_default())?;
        let identity = header.identity();
        if block::content(&identity, 0, &bytes).is_none() {
            return Err(damaged(&name, Damage::Checksum));
        }
        if header.span.name() != name {
            return Err(damaged(&name, Damage::Name));
        }
        Ok(Self { name, header, identity })
    }

    pub(super) fn span(&self) -> &Span {
        &self.header.span
    }

    /// The postings of the key between two places in its order, as a range of their numbers.
    pub(super) fn find(
        &self,
        from: &Source<'_>,
        key: Key,
        orders: Range<(u64, u64)>,
    ) -> Result<Range<u64>> {
        if !self.might_contain(from, key)? {
            return Ok(0..0);
        }
        let within = self.bucket(from, key)?;
        let posting = |(order, index)| Posting { key, order, index };
        let start = self.lower_bound(from, within.clone(), posting(orders.start))?;
        let end = self.lower_bound(from, start..within.end, posting(orders.end))?;
        Ok(start..end)
    }

    /// False when the key is certainly not in the run.
    pub(super) fn might_contain(&self, from: &Source<'_>, key: Key) -> Result<bool> {
        let filter = self.header.filter();
        if !key.is_filtered() {
            return Ok(self.header.postings > 0);
        }
        if filter.items == 0 {
            return Ok(false);
        }
        let line = filter::line(key, filter.items);
        let content = self.block(from, filter.start + line / LINES)?;
        let start = usize::try_from(line % LINES).unwrap_or(0) * LINE;
        Ok(filter::has(content.get(start..start + LINE).unwrap_or_default(), key))
    }

    /// Segment and offset of an entry of the run.
    pub(super) fn locate(&self, from: &Source<'_>, index: u64) -> Result<(u64, u64)> {
        let offset = self.number(from, self.header.offsets(), index - self.header.span.first)?;
        let segments = self.header.segments();
        // the last segment that starts at the entry or before it
        let (mut low, mut high) = (0, segments.items - 1);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.number(from, segments, middle)? <= index {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        let segment = self.number(from, segments, low)?;
        if segment > index || (segment == index) != (offset == 0) {
            return Err(damaged(&self.name, Damage::Place));
        }
        Ok((segment, offset))
    }

    /// The block with the posting of this number.
    pub(super) fn posting_block(&self, from: &Source<'_>, number: u64) -> Result<Content> {
        self.block(from, self.header.postings().start + number / POSTINGS)
    }

    fn bucket(&self, from: &Source<'_>, key: Key) -> Result<Range<u64>> {
        let bucket = bucket(key.high(), self.header.fan_out_bits());
        let content = self.block(from, self.header.fan_out().start + bucket / BUCKETS)?;
        let start = number_at(&content, bucket % BUCKETS);
        let end = number_at(&content, bucket % BUCKETS + 1);
        if start > end || end > self.header.postings {
            return Err(damaged(&self.name, Damage::FanOut));
        }
        Ok(start..end)
    }

    /// The first posting of the range that is not below `wanted`.
    fn lower_bound(&self, from: &Source<'_>, within: Range<u64>, wanted: Posting) -> Result<u64> {
        if within.is_empty() {
            return Ok(within.start);
        }
        let (mut low, mut high) = (within.start / POSTINGS, (within.end - 1) / POSTINGS);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let content = self.posting_block(from, middle * POSTINGS)?;
            if posting_at(&content, 0).is_some_and(|first| first < wanted) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        let content = self.posting_block(from, low * POSTINGS)?;
        let mut number = within.start.max(low * POSTINGS);
        let end = within.end.min((low + 1) * POSTINGS);
        while number < end
            && posting_at(&content, number % POSTINGS).is_some_and(|posting| posting < wanted)
        {
            number += 1;
        }
        Ok(number)
    }

    fn number(&self, from: &Source<'_>, section: Section, item: u64) -> Result<u64> {
        let content = self.block(from, section.start + item / NUMBERS)?;
        Ok(number_at(&content, item % NUMBERS))
    }

    fn block(&self, from: &Source<'_>, number: u64) -> Result<Content> {
        let place = (self.identity, number);
        if let Some(content) = from.cache.get(&place) {
            return Ok(content);
        }
        let mut bytes = [0; BLOCK];
        let offset = number.saturating_mul(BLOCK as u64);
        if from.store.read(&self.name, offset, &mut bytes)? < BLOCK {
            return Err(damaged(&self.name, Damage::Length));
        }
        let content = block::content(&self.identity, number, &bytes)
            .ok_or_else(|| damaged(&self.name, Damage::Checksum))?;
        let content: Content = Arc::from(content);
        from.cache.put(place, Arc::clone(&content));
        Ok(content)
    }
}

/// The posting in this place of its block.
pub(super) fn posting_at(content: &[u8], place: u64) -> Option<Posting> {
    let start = usize::try_from(place).ok()?.checked_mul(32)?;
    content.get(start..)?.first_chunk().map(Posting::from_bytes)
}

/// The number in this place of its block; the place is below [`NUMBERS`].
fn number_at(content: &[u8], place: u64) -> u64 {
    let start = usize::try_from(place).unwrap_or(usize::MAX).saturating_mul(8);
    let bytes = content.get(start..).and_then(|rest| rest.first_chunk());
    bytes.map_or(u64::MAX, |bytes| u64::from_be_bytes(*bytes))
}
