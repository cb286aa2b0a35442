//! Merging: one run of many neighbours, in one pass and bounded memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::block::Items;
use super::build::Parts;
use super::run::Run;
use super::{Damage, Span, damaged};
use crate::error::Result;
use crate::store::Store;

/// Fewest runs worth a merge.
const FEWEST: usize = 8;
/// Most runs in one merge: each is read ahead by 64 KiB, twice.
const MOST: usize = 64;

/// The neighbours whose merge rewrites the fewest entries for each run that it saves.
///
/// None of them may be larger than all others together: so every entry that is rewritten ends in a
/// run of at least twice the size, and is rewritten a logarithmic number of times.
pub(super) fn choose(runs: &[Run], max_entries: u64) -> Option<&[Run]> {
    let sizes: Vec<u64> = runs.iter().map(|run| run.span().entries()).collect();
    let (start, count) = choose_sizes(&sizes, max_entries)?;
    runs.get(start..start + count)
}

fn choose_sizes(sizes: &[u64], max_entries: u64) -> Option<(usize, usize)> {
    let mut best: Option<(u128, u128, usize)> = None;
    for start in 0..sizes.len() {
        let (mut sum, mut largest) = (0_u64, 0);
        for (before, size) in sizes.iter().skip(start).take(MOST).enumerate() {
            sum = sum.saturating_add(*size);
            largest = largest.max(*size);
            if sum > max_entries {
                break;
            }
            let saved = before as u128;
            let work = u128::from(sum);
            let better = best.is_none_or(|(least, saves, _)| work * saves < least * saved);
            if before + 1 >= FEWEST && largest <= sum / 2 && better {
                best = Some((work, saved, start));
            }
        }
    }
    best.and_then(|(_, saved, start)| Some((start, usize::try_from(saved).ok()? + 1)))
}

/// Writes the run that covers what the neighbours cover, durably. Its bytes are those that a batch
/// of all their entries would have given.
pub(super) fn merge(store: &dyn Store, window: &[Run]) -> Result<()> {
    let (Some(first), Some(last)) = (window.first(), window.last()) else { return Ok(()) };
    let (first_span, last_span) = (first.span(), last.span());
    let span = Span {
        first: first_span.first,
        end: last_span.end,
        before: first_span.before,
        last: last_span.last,
    };
    let mut count = 0;
    let mut previous = None;
    for segment in segments(store, window) {
        let segment = segment?;
        count += u64::from(previous != Some(segment));
        previous = Some(segment);
    }
    let mut previous = None;
    let distinct = move |segment: &Result<[u8; 8]>| match segment {
        Ok(segment) => previous.replace(*segment) != Some(*segment),
        Err(_) => true,
    };
    let offsets = window
        .iter()
        .flat_map(|run| Items::<8>::new(store, &run.name, run.identity, run.header.offsets()));
    let postings = window.iter().map(|run| run.header.postings).sum();
    let parts = Parts {
        segments: segments(store, window).filter(distinct),
        offsets,
        postings: Merged::new(store, window)?,
    };
    parts.write(store, span, (count, postings), None)
}

/// The segments of all runs; a segment that two runs share comes twice in a row.
fn segments<'a>(
    store: &'a dyn Store,
    window: &'a [Run],
) -> impl Iterator<Item = Result<[u8; 8]>> + use<'a> {
    window
        .iter()
        .flat_map(move |run| Items::new(store, &run.name, run.identity, run.header.segments()))
}

/// The postings of all runs in order.
struct Merged<'a> {
    sources: Vec<(Items<'a, 32>, &'a str)>,
    heap: BinaryHeap<Reverse<([u8; 32], usize)>>,
}

impl<'a> Merged<'a> {
    fn new(store: &'a dyn Store, window: &'a [Run]) -> Result<Self> {
        let mut merged = Self { sources: Vec::new(), heap: BinaryHeap::new() };
        for (number, run) in window.iter().enumerate() {
            let mut items = Items::new(store, &run.name, run.identity, run.header.postings());
            if let Some(first) = items.next() {
                merged.heap.push(Reverse((first?, number)));
            }
            merged.sources.push((items, &run.name));
        }
        Ok(merged)
    }

    fn step(&mut self) -> Option<Result<[u8; 32]>> {
        let mut top = self.heap.peek_mut()?;
        let Reverse((posting, number)) = *top;
        let (items, name) = self.sources.get_mut(number)?;
        match items.next() {
            Some(Ok(next)) if next > posting => *top = Reverse((next, number)),
            Some(Ok(_)) => return Some(Err(damaged(name, Damage::Posting))),
            Some(Err(error)) => return Some(Err(error)),
            None => drop(std::collections::binary_heap::PeekMut::pop(top)),
        }
        Some(Ok(posting))
    }
}

impl Iterator for Merged<'_> {
    type Item = Result<[u8; 32]>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_what_is_small_and_leaves_what_is_large() {
        let choose = |sizes: &[u64]| choose_sizes(sizes, u64::MAX);
        assert_eq!(choose(&[1; 7]), None);
        assert_eq!(choose(&[1; 8]), Some((0, 8)));
        assert_eq!(choose(&[1; 70]), Some((0, 64)));
        assert_eq!(choose(&[1000, 1, 1, 1, 1, 1, 1, 1]), None);
        assert_eq!(choose(&[1000, 1, 1, 1, 1, 1, 1, 1, 1]), Some((1, 8)));
        assert_eq!(choose(&[9, 1, 9, 1, 9, 1, 9, 1]), Some((0, 8)));
        assert_eq!(choose_sizes(&[10; 20], 79), None);
        assert_eq!(choose_sizes(&[10; 20], 80), Some((0, 8)));
        assert_eq!(choose(&[u64::MAX; 9]), None, "no sum overflows");
    }

    #[test]
    fn few_runs_remain_and_little_is_rewritten() {
        let mut sizes: Vec<u64> = Vec::new();
        let mut rewritten = 0;
        for step in 0..20_000_u64 {
            sizes.push(1 + step * 7919 % 100);
            while let Some((start, count)) = choose_sizes(&sizes, u64::MAX) {
                let sum = sizes.drain(start..start + count).sum();
                sizes.insert(start, sum);
                rewritten += sum;
            }
            assert!(sizes.len() < 50, "{} runs after {step}", sizes.len());
        }
        let total: u64 = sizes.iter().sum();
        assert!(rewritten < total * 10, "each entry {} times", rewritten / total);
    }
}
