//! Times: what anchors leave of what entries claim.
//!
//! An entry below a dated checkpoint existed when that was dated: it claims in vain to be younger. An entry
//! that is not below it may still be older, if it was recorded while somebody asked; that it claims so is
//! worth saying, and no more.

use super::Anchor;
use crate::time::Timestamp;

/// More entries than this are counted, not listed.
const MAX_LISTED: usize = 1000;

/// On which side of an anchor an entry claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It claims to be younger than an anchor that it is below: that cannot be.
    After,
    /// It claims to be older than an anchor that it is not below: that may be, for a while.
    Before,
}

/// An entry that claims a time outside its anchors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outside {
    /// The entry.
    pub index: u64,
    /// What is wrong with it.
    pub side: Side,
    /// The member that claims it: `recorded_at` or `occurred_at`.
    pub member: &'static str,
    /// What it claims.
    pub claimed: Timestamp,
    /// How many entries the anchor covers.
    pub size: u64,
    /// What the anchor says.
    pub anchored: Timestamp,
}

/// The anchors that a reader trusts, and what they say of the entries that pass by in order.
#[derive(Clone, Debug, Default)]
pub struct Brackets {
    /// By size: the earliest time by which all below it existed, and the size that says so.
    until: Vec<(u64, Timestamp, u64)>,
    /// By size: the latest time before which no word was given, and the size that says so.
    since: Vec<(Timestamp, u64)>,
    /// How many of them the entries have passed.
    passed: usize,
    /// Entries below an anchor.
    pub below: u64,
    /// Of these, entries that are not below another one.
    pub between: u64,
    /// Entries that claim to be younger than they are; all are counted.
    pub after: u64,
    /// Entries that claim to be older than what they are not below; all are counted.
    pub before: u64,
    /// The first thousand of each.
    pub listed: Vec<Outside>,
}

impl Brackets {
    /// From all anchors; those that are not trusted say nothing.
    pub fn new(anchors: &[Anchor]) -> Self {
        let mut trusted: Vec<&Anchor> = anchors.iter().filter(|anchor| anchor.trusted).collect();
        trusted.sort_by_key(|anchor| anchor.size);
        let mut until: Vec<(u64, Timestamp, u64)> = Vec::new();
        for anchor in trusted.iter().rev() {
            // a larger checkpoint that was dated earlier holds for all below it
            let later = until.last().filter(|(_, time, _)| *time <= anchor.latest);
            let (time, by) =
                later.map_or((anchor.latest, anchor.size), |(_, time, by)| (*time, *by));
            until.push((anchor.size, time, by));
        }
        until.reverse();
        let mut since: Vec<(Timestamp, u64)> = Vec::new();
        for anchor in trusted {
            let before = since.last().filter(|(time, _)| *time >= anchor.earliest);
            since.push(before.copied().unwrap_or((anchor.earliest, anchor.size)));
        }
        Self { until, since, ..Self::default() }
    }

    /// Takes the next entry; what it claims is held against the anchors around it.
    pub fn entry(&mut self, index: u64, recorded: Timestamp, occurred: Timestamp) {
        while self.until.get(self.passed).is_some_and(|(size, ..)| *size <= index) {
            self.passed += 1;
        }
        let since = self.passed.checked_sub(1).and_then(|last| self.since.get(last)).copied();
        if let Some((_, anchored, size)) = self.until.get(self.passed).copied() {
            self.below += 1;
            self.between += u64::from(since.is_some());
            let claims = [("recorded_at", recorded), ("occurred_at", occurred)];
            let wrong = claims.into_iter().find(|(_, claimed)| *claimed > anchored);
            if let Some((member, claimed)) = wrong {
                self.list(Outside { index, side: Side::After, member, claimed, size, anchored });
            }
        }
        if let Some((anchored, size)) = since.filter(|(time, _)| recorded < *time) {
            let (member, claimed) = ("recorded_at", recorded);
            self.list(Outside { index, side: Side::Before, member, claimed, size, anchored });
        }
    }

    fn list(&mut self, outside: Outside) {
        let count = match outside.side {
            Side::After => &mut self.after,
            Side::Before => &mut self.before,
        };
        *count += 1;
        if *count <= MAX_LISTED as u64 {
            self.listed.push(outside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use proptest::prelude::*;

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    fn anchor(size: u64, earliest: u64, latest: u64, trusted: bool) -> Anchor {
        Anchor {
            name: String::new(),
            size,
            kind: Kind::Token,
            by: String::new(),
            earliest: at(earliest),
            latest: at(latest),
            trusted,
        }
    }

    proptest! {
        /// Against the definition: each entry held against each anchor.
        #[test]
        fn as_each_entry_by_each_anchor(
            anchors in prop::collection::vec((0_u64..12, 0_u64..50, 0_u64..5, any::<bool>()), 0..6),
            entries in prop::collection::vec((0_u64..60, 0_u64..60), 0..14),
        ) {
            let anchors: Vec<Anchor> = anchors
                .into_iter()
                .map(|(size, time, span, trusted)| anchor(size, time, time + span, trusted))
                .collect();
            let mut brackets = Brackets::new(&anchors);
            let (mut below, mut between, mut after, mut before) = (0, 0, Vec::new(), Vec::new());
            for (index, (recorded, occurred)) in (0_u64..).zip(&entries) {
                brackets.entry(index, at(*recorded), at(*occurred));
                let trusted = || anchors.iter().filter(|anchor| anchor.trusted);
                let covers = trusted().filter(|anchor| anchor.size > index);
                let passed = trusted().filter(|anchor| anchor.size <= index);
                let until = covers.map(|anchor| anchor.latest.micros()).min();
                let since = passed.map(|anchor| anchor.earliest.micros()).max();
                below += u64::from(until.is_some());
                between += u64::from(until.is_some() && since.is_some());
                if until.is_some_and(|until| *recorded.max(occurred) > until) {
                    after.push((index, until.unwrap()));
                }
                if since.is_some_and(|since| *recorded < since) {
                    before.push((index, since.unwrap()));
                }
            }
            prop_assert_eq!((brackets.below, brackets.between), (below, between));
            let listed = |side| -> Vec<(u64, u64)> {
                let own = brackets.listed.iter().filter(|outside| outside.side == side);
                own.map(|outside| (outside.index, outside.anchored.micros())).collect()
            };
            prop_assert_eq!(listed(Side::After), after);
            prop_assert_eq!(listed(Side::Before), before);
        }
    }
}
