//! Series: a metric week by week, for what is drawn over time.

use std::collections::BTreeMap;

use super::definition::Definition;
use super::member::Member;
use super::value::{Tally, Value};
use crate::check::Period;
use crate::time::Timestamp;

/// Microseconds of a week.
const WEEK: u64 = 7 * 86_400 * 1_000_000;
/// The epoch was a Thursday: the first Monday came four days later, and three days before it the last.
const MONDAY: u64 = 3 * 86_400 * 1_000_000;

/// One week, as the calendar has it: from Monday, UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// Its Monday, which may lie before the period.
    pub from: Timestamp,
    /// The values of its days within the period: first as a whole, then by line.
    pub values: Vec<Value>,
}

/// The weeks of a period, also those in which nothing happened.
pub(super) fn weeks(
    definition: &Definition,
    minimum: u64,
    period: Period,
    members: &[Member],
    service: Option<&str>,
) -> Vec<Week> {
    let of =
        |member: &&Member| service.is_none_or(|name| member.services.iter().any(|s| s == name));
    let mut by: BTreeMap<u64, Tally<'_>> = BTreeMap::new();
    let number = |at: Timestamp| (at.micros() + MONDAY) / WEEK;
    if period.from < period.to {
        let last = Timestamp::from_micros(period.to.micros() - 1).unwrap_or(period.from);
        for week in number(period.from)..=number(last) {
            by.insert(week, Tally::default());
        }
    }
    for member in members.iter().filter(of).filter(|member| period.has(member.at)) {
        by.entry(number(member.at)).or_default().take(member);
    }
    let one = |(week, tally): (u64, Tally<'_>)| {
        let from = (week * WEEK).saturating_sub(MONDAY);
        let mut values = tally.values(definition, minimum, false);
        // a member of several services is the week's once
        values.retain(|value| value.service.is_none());
        Week { from: Timestamp::from_micros(from).unwrap_or(period.from), values }
    };
    by.into_iter().map(one).collect()
}
