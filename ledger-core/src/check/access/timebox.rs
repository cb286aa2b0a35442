//! Timebox: until when access was given, and whether it ended then.

use super::expiry::{Changed, Removals, words};
use crate::check::scope::plus;
use crate::check::{Context, Direction, Item, Kind, Parameter, Severity, Value};
use crate::schema::words::Reference;
use crate::time::Timestamp;

pub(super) const EXPIRED: Kind =
    Kind::fails("expiry-missed", Severity::High, "time-boxed access was not taken away at its end");
pub(super) const RUNS: Kind =
    Kind::fails("expiry-ahead", Severity::Info, "the access is time-boxed, and its end is ahead");
pub(super) const GRACE: Parameter = Parameter::new(
    "expiry_grace",
    || Value::hours(1),
    Direction::Smaller,
    "how long a time-boxed grant may outlive its end",
);

/// Until when the access was asked for or given, and the entry that says so.
pub(super) fn until(context: &Context<'_>, row: &Changed) -> Option<(Timestamp, u64)> {
    let own = row.expires_at.map(|end| (end, row.at.index));
    own.or_else(|| {
        let asked =
            context.facts.access_requested.of(Reference::Access, row.access.as_ref()?.as_str());
        let mut ends = asked.filter_map(|asked| Some((asked.expires_at?, asked.at.index)));
        ends.next_back()
    })
}

/// Whether time-boxed access ended in time.
pub(super) fn expire(
    context: &Context<'_>,
    row: &Changed,
    end: Timestamp,
    said: u64,
    ends: &Removals<'_>,
    item: &mut Item,
) {
    let words = words(row);
    item.read("expires", end);
    let last = plus(end, context.parameters.span(&GRACE));
    let removed = ends.first(row, row.effective_at);
    if let Some(removed) = removed.filter(|removed| removed.effective_at <= last) {
        item.cite([removed.at.index]);
        return;
    }
    let cited = [row.at.index, said];
    if context.now < last {
        item.raise(&RUNS, format!("{words}; it ends at {end}"), cited);
        return;
    }
    let how = removed.map_or("nothing says that it was taken away".to_owned(), |removed| {
        format!("it was taken away at {} (entry {})", removed.effective_at, removed.at.index)
    });
    let cited = cited.into_iter().chain(removed.map(|removed| removed.at.index));
    item.raise(&EXPIRED, format!("{words}; its time was over at {end}, and {how}"), cited);
}
