//! Holding a whole run against the format: every block, every order, every agreement.

use super::block::{BLOCK, CONTENT, Identity, Items, Section, content};
use super::filter::{self, LINE};
use super::layout::{BUCKETS, Header, bucket};
use super::run::Run;
use super::{Damage, Posting, damaged};
use crate::error::Result;
use crate::store::Store;

/// Code `index-damaged` at the first thing that is not as the format says.
pub(super) fn check(store: &dyn Store, run: &Run) -> Result<()> {
    let Run { name, header, identity } = run;
    let length = header.blocks().checked_mul(BLOCK as u64);
    if store.len(name)? != length {
        return Err(damaged(name, Damage::Length));
    }
    let sections =
        [header.segments(), header.offsets(), header.postings(), header.fan_out(), header.filter()];
    let sizes = [8, 8, 32, 8, LINE];
    for (section, size) in sections.iter().zip(sizes) {
        check_padding(store, name, identity, section, size)?;
    }
    check_places(store, run)?;
    check_postings(store, run)
}

/// All blocks of the section have their checksums, and zeros after their items.
fn check_padding(
    store: &dyn Store,
    name: &str,
    identity: &Identity,
    section: &Section,
    size: usize,
) -> Result<()> {
    for number in section.start..section.end() {
        let mut block = [0; BLOCK];
        let got = store.read(name, number * BLOCK as u64, &mut block)?;
        let content = content(identity, number, &block).filter(|_| got == BLOCK);
        let content = content.ok_or_else(|| damaged(name, Damage::Checksum))?;
        let before = (number - section.start) * section.per_block;
        let items = (section.items - before).min(section.per_block);
        // a block of the fan-out table holds one number more than it has buckets
        let items = items + u64::from(section.per_block == BUCKETS);
        let used = usize::try_from(items).unwrap_or(CONTENT).saturating_mul(size);
        if content.get(used..).is_none_or(|rest| rest.iter().any(|byte| *byte != 0)) {
            return Err(damaged(name, Damage::Padding));
        }
    }
    Ok(())
}

/// Segments ascend, and every entry is in one, at an offset above the one before it.
fn check_places(store: &dyn Store, run: &Run) -> Result<()> {
    let Run { name, header, identity } = run;
    let wrong = || damaged(name, Damage::Place);
    let mut segments = Items::<8>::new(store, name, *identity, header.segments());
    let mut next = || segments.next().transpose().map(|item| item.map(u64::from_be_bytes));
    let mut segment = next()?.filter(|first| *first <= header.span.first).ok_or_else(wrong)?;
    let mut following = next()?;
    let mut before = None;
    let offsets = Items::<8>::new(store, name, *identity, header.offsets());
    for (index, offset) in (header.span.first..).zip(offsets) {
        let offset = u64::from_be_bytes(offset?);
        if following == Some(index) {
            segment = index;
            following = next()?;
            before = None;
        }
        let starts = segment == index;
        if starts != (offset == 0) || before.is_some_and(|before| offset <= before) {
            return Err(wrong());
        }
        before = Some(offset);
    }
    if following.is_some() { Err(wrong()) } else { Ok(()) }
}

/// Postings ascend, speak of the run's entries, and are found through fan-out table and filter.
fn check_postings(store: &dyn Store, run: &Run) -> Result<()> {
    let Run { name, header, identity } = run;
    let mut tables = Tables::new(store, run);
    let mut before: Option<Posting> = None;
    let mut number = 0;
    let mut filtered = 0;
    for posting in Items::<32>::new(store, name, *identity, header.postings()) {
        let posting = Posting::from_bytes(&posting?);
        let in_order = before.is_none_or(|before| before < posting);
        let in_range = (header.span.first..header.span.end).contains(&posting.index);
        if !in_order || !in_range || posting.order == super::ORDER_END {
            return Err(damaged(name, Damage::Posting));
        }
        let new = before.is_none_or(|before| before.key != posting.key);
        filtered += u64::from(new && posting.key.is_filtered());
        tables.expect(&posting, number)?;
        before = Some(posting);
        number += 1;
    }
    if filtered != header.filtered {
        return Err(damaged(name, Damage::Filter));
    }
    tables.finish(number)
}

/// The fan-out table and the filter, built again along the postings and compared.
struct Tables<'a> {
    name: &'a str,
    header: &'a Header,
    /// The boundaries as they are in the file, and the number of the next to be read.
    boundaries: Items<'a, 8>,
    next: u64,
    lines: Items<'a, LINE>,
    line: [u8; LINE],
    line_number: u64,
}

impl<'a> Tables<'a> {
    fn new(store: &'a dyn Store, run: &'a Run) -> Self {
        let Run { name, header, identity } = run;
        let fan_out = header.fan_out();
        // as plain numbers: one more per block than it has buckets
        let blocks = fan_out.end() - fan_out.start;
        let numbers = Section { items: fan_out.items + blocks, per_block: BUCKETS + 1, ..fan_out };
        Self {
            name,
            header,
            boundaries: Items::new(store, name, *identity, numbers),
            next: 0,
            lines: Items::new(store, name, *identity, header.filter()),
            line: [0; LINE],
            line_number: 0,
        }
    }

    fn expect(&mut self, posting: &Posting, number: u64) -> Result<()> {
        let bucket = bucket(posting.key.high(), self.header.fan_out_bits());
        while self.next <= bucket {
            self.boundary(number)?;
        }
        if posting.key.is_filtered() {
            let line = filter::line(posting.key, self.header.filter().items);
            while self.line_number < line {
                self.close_line()?;
            }
            filter::set(&mut self.line, posting.key);
        }
        Ok(())
    }

    fn finish(mut self, number: u64) -> Result<()> {
        while self.next <= self.header.fan_out().items {
            self.boundary(number)?;
        }
        while self.line_number < self.header.filter().items {
            self.close_line()?;
        }
        Ok(())
    }

    fn boundary(&mut self, number: u64) -> Result<()> {
        let inner = self.next > 0 && self.next < self.header.fan_out().items;
        let times = if inner && self.next.is_multiple_of(BUCKETS) { 2 } else { 1 };
        for _ in 0..times {
            if self.boundaries.next().transpose()? != Some(number.to_be_bytes()) {
                return Err(damaged(self.name, Damage::FanOut));
            }
        }
        self.next += 1;
        Ok(())
    }

    fn close_line(&mut self) -> Result<()> {
        if self.lines.next().transpose()? != Some(self.line) {
            return Err(damaged(self.name, Damage::Filter));
        }
        self.line = [0; LINE];
        self.line_number += 1;
        Ok(())
    }
}
