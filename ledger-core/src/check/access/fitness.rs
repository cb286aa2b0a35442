//! Fitness: whether a snapshot is whole, fresh and reconciled with its source, so that a review may be
//! made of it.
//!
//! The same law before a review opens, and in T18.

use super::observed::Seen;
use crate::check::scope::since;
use crate::check::{Context, Direction, Parameter, Value, span};
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// The population that has to be reconciled.
const LISTED: &str = "access.observed";

/// How old a snapshot may be.
pub(crate) const AGE: Parameter = Parameter::new(
    "max_snapshot_age",
    || Value::days(7),
    Direction::Smaller,
    "how old a snapshot may be when its review opens",
);

/// Why it is not fit for a review that opens at a time: codes and words; and the entry that
/// reconciled it.
pub(crate) fn unfit(
    context: &Context<'_>,
    seen: &Seen<'_>,
    at: Timestamp,
) -> (Vec<(&'static str, String)>, Option<u64>) {
    let taken = seen.said.taken_at;
    let most = context.parameters.span(&AGE);
    let mut why = Vec::new();
    if taken > at {
        why.push(("review-snapshot-later", "was taken after the review had begun".to_owned()));
    } else if since(taken, at) > most {
        why.push(("review-snapshot-old", format!("was {} old", span(since(taken, at)))));
    }
    if seen.rows().is_ok() && seen.whole().is_none() {
        let rows = seen.said.rows;
        let total = seen.said.total_reported.map(|total| format!(" of {total}"));
        let words = format!("is not whole: {rows}{} rows", total.unwrap_or_default());
        why.push(("review-snapshot-partial", words));
    }
    // the reconciliation has to name the system: another source's says nothing about this one
    let of_system =
        context.facts.source_reconciled.of(Reference::System, seen.said.system.as_str());
    let reconciled = of_system.into_iter().find(|row| {
        row.population.as_str() == LISTED
            && row.from <= taken
            && taken < row.to
            && row.missing == 0
            && row.extra == 0
    });
    if reconciled.is_none() {
        why.push(("review-snapshot-unreconciled", "was not reconciled with its source".to_owned()));
    }
    (why, reconciled.map(|row| row.at.index))
}
