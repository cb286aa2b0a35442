//! Hierarchy: whether the data about managers and owners were fresh when a review opened.

use std::collections::BTreeMap;

use super::campaign::Campaign;
use crate::check::scope::since;
use crate::check::{Context, Direction, Item, Kind, Parameter, Severity, Value, span};
use crate::time::Timestamp;

/// The population of a feed of persons.
const PERSONS: &str = "person.changed";

pub(super) const HIERARCHY: Parameter = Parameter::new(
    "hierarchy_age",
    || Value::days(7),
    Direction::Smaller,
    "how old the data about managers and owners may be when a review opens",
);

pub(super) const OLD: Kind = Kind::fails(
    "hierarchy-stale",
    Severity::Medium,
    "the data about managers were not checked soon before the review",
);

/// Whether the data about managers were checked soon before.
pub(super) fn hierarchy(context: &Context<'_>, campaign: &Campaign<'_>, item: &mut Item) {
    let (at, most) = (campaign.at(), context.parameters.span(&HIERARCHY));
    let opened = campaign.opened.at.index;
    // every feed of persons, for nobody knows which of them tells of whom
    let mut feeds: BTreeMap<&str, Option<(Timestamp, u64)>> = BTreeMap::new();
    let registered = context.facts.source_registered.all().iter();
    let registered = registered.filter(|row| row.from.unwrap_or(row.at.occurred) <= at);
    for row in registered.filter(|row| row.populations.iter().any(|name| name.as_str() == PERSONS))
    {
        feeds.insert(row.source.as_str(), None);
    }
    let reconciled = context.facts.source_reconciled.all().iter();
    for row in reconciled.filter(|row| row.population.as_str() == PERSONS && row.extracted_at <= at)
    {
        let newest = feeds.entry(row.source.as_str()).or_default();
        *newest = (*newest).max(Some((row.extracted_at, row.at.index)));
    }
    if feeds.is_empty() {
        let sentence =
            format!("{}; no feed of persons was ever reconciled before", campaign.words());
        item.raise(&OLD, sentence, [opened]);
    }
    for (source, newest) in feeds {
        let when = newest.map(|(when, _)| when);
        if when.is_some_and(|when| since(when, at) <= most) {
            item.cite(newest.map(|(_, entry)| entry));
            continue;
        }
        let when = when.map_or("was never reconciled".to_owned(), |when| {
            format!("was last reconciled at {when}, {} before", span(since(when, at)))
        });
        let sentence = format!("{}; the feed of persons of {source} {when}", campaign.words());
        item.raise(&OLD, sentence, [opened].into_iter().chain(newest.map(|(_, entry)| entry)));
    }
}
