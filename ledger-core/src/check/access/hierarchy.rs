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
    let opened = campaign.opened.at.index;
    for feed in feeds(context, campaign.at()) {
        match feed.old {
            None => item.cite(feed.entry),
            Some(why) => {
                let sentence = format!("{}; {why}", campaign.words());
                item.raise(&OLD, sentence, [opened].into_iter().chain(feed.entry));
            }
        }
    }
}

/// A feed of persons, as it stood at a time.
pub(crate) struct Feed {
    /// The entry that last reconciled it.
    pub(crate) entry: Option<u64>,
    /// Why it is too old, if it is.
    pub(crate) old: Option<String>,
}

/// Every feed of persons, for nobody knows which of them tells of whom; where there is none, one that
/// says so.
pub(crate) fn feeds(context: &Context<'_>, at: Timestamp) -> Vec<Feed> {
    let most = context.parameters.span(&HIERARCHY);
    let mut feeds: BTreeMap<&str, Option<(Timestamp, u64, u64)>> = BTreeMap::new();
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
        let wrong = row.missing.saturating_add(row.extra);
        *newest = (*newest).max(Some((row.extracted_at, row.at.index, wrong)));
    }
    if feeds.is_empty() {
        let why = "no feed of persons was ever reconciled before".to_owned();
        return vec![Feed { entry: None, old: Some(why) }];
    }
    let one = |(source, newest): (&str, Option<(Timestamp, u64, u64)>)| {
        let entry = newest.map(|(_, entry, _)| entry);
        let when = newest.map(|(when, ..)| when);
        if let Some((when, _, wrong @ 1..)) = newest {
            let why = format!(
                "the feed of persons of {source} had {wrong} persons too few or too many at {when}"
            );
            return Feed { entry, old: Some(why) };
        }
        if when.is_some_and(|when| since(when, at) <= most) {
            return Feed { entry, old: None };
        }
        let when = when.map_or("was never reconciled".to_owned(), |when| {
            format!("was last reconciled at {when}, {} before", span(since(when, at)))
        });
        Feed { entry, old: Some(format!("the feed of persons of {source} {when}")) }
    };
    feeds.into_iter().map(one).collect()
}
