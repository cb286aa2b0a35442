//! T26 sources-reconciled: what each source holds is what the ledger holds, and no source was silent.
//!
//! An item is a population of a registered source. The counts are those that somebody took at the
//! source; where they contradict themselves nothing can be told from them.

use std::collections::BTreeSet;

use super::lag;
use crate::check::scope::{UNREAD, since};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, entries, micros, span,
};
use crate::fact::Said;
use crate::schema::scope::{SourceReconciled, SourceRegistered};
use crate::schema::words::{Active, Reference};
use crate::time::Timestamp;

const POPULATIONS: Parameter = Parameter::new(
    "populations",
    || Value::Ids(Vec::new()),
    Direction::Larger,
    "event types whose source must be reconciled; empty: all that the registered sources name",
);
const MAX_LAG: Parameter = Parameter::new(
    "max_lag",
    || Value::minutes(15),
    Direction::Smaller,
    "95th percentile of the time from occurrence to recording, per source",
);
const OUTAGE: Parameter = Parameter::new(
    "outage_after",
    || Value::hours(4),
    Direction::Smaller,
    "silence of a source, beyond its heartbeat, that is an outage",
);

const MISSING: Kind =
    Kind::fails("missing-in-ledger", Severity::High, "the source holds what the ledger does not");
const EXTRA: Kind = Kind::fails(
    "extra-in-ledger",
    Severity::High,
    "the ledger holds what the source does not know",
);
const DIFFERENT: Kind = Kind::fails(
    "attributes-differ",
    Severity::Medium,
    "source and ledger hold the same records with other contents",
);
const UNRECONCILED: Kind = Kind::undecided(
    "not-reconciled",
    Severity::High,
    "no reconciliation covers a part of the period",
);
const SILENT: Kind =
    Kind::fails("source-outage", Severity::Medium, "the source gave no sign of life for too long");
const LAG: Kind =
    Kind::fails("lag-too-long", Severity::Medium, "what happened is recorded too late");
const CONTRADICTS: Kind = Kind::undecided(
    "counts-contradict",
    Severity::High,
    "the counts of a reconciliation do not add up",
);
const UNKNOWN: Kind = Kind::undecided(
    "source-unregistered",
    Severity::High,
    "no registered source has the population, or one reports that nobody registered",
);

/// T26.
pub const TEST: Test = Test {
    id: "T26",
    name: "sources-reconciled",
    version: "1",
    population: "populations of registered sources",
    rule: "Counts taken at the source cover the whole period and show nothing missing, extra or different; the \
           source gave signs of life at its pace, and its events were recorded soon.",
    parameters: &[POPULATIONS, MAX_LAG, OUTAGE],
    kinds: &[MISSING, EXTRA, DIFFERENT, UNRECONCILED, SILENT, LAG, CONTRADICTS, UNKNOWN, UNREAD],
    run,
};

/// Populations of which one that is missing defeats every control over them.
const GRAVE: [&str; 5] =
    ["access.changed", "deployment.finished", "deployment.started", "deployments", "grants"];

type Source = Said<SourceRegistered>;
type Reconciled = Said<SourceReconciled>;

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let wanted = context.parameters.ids(&POPULATIONS);
    let mut found = BTreeSet::new();
    for id in context.facts.source_registered.ids(Reference::Source) {
        let Some(source) = in_force(context, id.as_str()) else {
            census.exclude("source is not active in the period");
            continue;
        };
        for population in source.populations.iter().map(crate::schema::typed::Id::as_str) {
            if !wanted.is_empty() && !wanted.iter().any(|name| name == population) {
                census.exclude("population is not asked for");
                continue;
            }
            found.insert(population.to_owned());
            census.items.push(judge(context, source, population));
        }
    }
    for population in wanted.iter().filter(|name| !found.contains(*name)) {
        let mut item = Item::new(population.clone(), context.period.from);
        let sentence = format!("no registered source has the population {population}");
        let first = context.facts.source_registered.all().first();
        item.raise(&UNKNOWN, sentence, [first.map_or(0, |row| row.at.index)]);
        census.items.push(item);
    }
    strangers(context, &mut census);
    census
}

/// The newest registration of a source that holds in the period.
fn in_force<'c>(context: &Context<'c>, id: &str) -> Option<&'c Source> {
    let from = |row: &Source| row.from.unwrap_or(row.at.occurred);
    let all = context.facts.source_registered.of(Reference::Source, id);
    let newest = all
        .filter(|row| from(row) < context.period.to)
        .max_by_key(|row| (from(row), row.at.index))?;
    let over = newest.to.is_some_and(|to| to <= context.period.from);
    (newest.state == Active::Active && !over).then_some(newest)
}

/// Sources that report and that nobody registered.
fn strangers(context: &Context<'_>, census: &mut Census) {
    for id in context.facts.source_heartbeat.ids(Reference::Source) {
        let known =
            context.facts.source_registered.of(Reference::Source, id.as_str()).next().is_some();
        let mut beats = context.facts.source_heartbeat.of(Reference::Source, id.as_str());
        let beat = beats.find(|row| context.period.has(row.at.occurred));
        if let Some(beat) = beat.filter(|_| !known) {
            let mut item = Item::new(id.as_str(), beat.at.occurred);
            let sentence =
                format!("source {id} reported at {} and was never registered", beat.at.occurred);
            item.raise(&UNKNOWN, sentence, [beat.at.index]);
            census.items.push(item);
        }
    }
}

fn judge(context: &Context<'_>, source: &Source, population: &str) -> Item {
    let mut item = Item::new(format!("{}/{population}", source.source), context.period.from);
    item.cite([source.at.index]);
    let words = format!("population {population} of source {}", source.source);
    let rows = context.facts.source_reconciled.of(Reference::Source, source.source.as_str());
    let mut rows: Vec<&Reconciled> = rows
        .filter(|row| row.population.as_str() == population)
        .filter(|row| row.from < context.period.to && context.period.from < row.to)
        .collect();
    rows.sort_by_key(|row| (row.from, row.at.index));
    covered(context, source, &words, &rows, &mut item);
    for row in newest(&rows) {
        counted(&words, population, row, &mut item);
    }
    alive(context, source, &mut item);
    let lags = lag::of(context, population, source.relay_key.as_ref());
    if let Some((percentile, entry)) = lags {
        item.read("lag", span(percentile));
        let most = context.parameters.span(&MAX_LAG);
        if percentile > most {
            let sentence = format!(
                "{words}: of 20 records 19 were recorded within {}, which is more than {}",
                span(percentile),
                span(most)
            );
            item.raise(&LAG, sentence, [source.at.index, entry]);
        }
    }
    context.tell_unread(&mut item, Reference::Source, source.source.as_str());
    item
}

/// Of reconciliations of the same time the one that was taken last.
fn newest<'r>(rows: &[&'r Reconciled]) -> Vec<&'r Reconciled> {
    let mut last: Vec<&Reconciled> = Vec::new();
    for row in rows {
        match last.iter_mut().find(|known| known.from == row.from && known.to == row.to) {
            Some(known) if known.extracted_at <= row.extracted_at => *known = row,
            Some(_) => {}
            None => last.push(row),
        }
    }
    last
}

/// Whether reconciliations cover the whole period.
fn covered(
    context: &Context<'_>,
    source: &Source,
    words: &str,
    rows: &[&Reconciled],
    item: &mut Item,
) {
    let begun = source.from.unwrap_or(context.period.from).max(context.period.from);
    let end = source.to.unwrap_or(context.period.to).min(context.period.to);
    let mut until = begun;
    for row in rows {
        if row.from > until {
            break;
        }
        // what a count says of times after it was taken it cannot know
        until = until.max(row.to.min(row.extracted_at));
    }
    if until < end {
        let cited = rows.iter().map(|row| row.at.index).chain([source.at.index]);
        item.raise(
            &UNRECONCILED,
            format!("{words} was not reconciled from {until} to {end}"),
            cited,
        );
    }
}

fn counted(words: &str, population: &str, row: &Reconciled, item: &mut Item) {
    let entry = [row.at.index];
    item.cite(entry);
    let when = format!("{words} was counted from {} to {} ({})", row.from, row.to, entries(&entry));
    if row.matched + row.missing + row.different != row.source_count {
        let sentence = format!(
            "{when}: {} matched, {} missing and {} different do not make {}",
            row.matched, row.missing, row.different, row.source_count
        );
        item.raise(&CONTRADICTS, sentence, entry);
    }
    if row.missing > 0 {
        let grave = GRAVE.contains(&population);
        let severity = if grave { Severity::Critical } else { Severity::High };
        let sentence =
            format!("{when}: {} of {} are not in the ledger", row.missing, row.source_count);
        item.raise_as(&MISSING, severity, sentence, entry);
    }
    if row.extra > 0 {
        item.raise(
            &EXTRA,
            format!("{when}: the source does not know {} of the ledger's", row.extra),
            entry,
        );
    }
    if row.different > 0 {
        item.raise(&DIFFERENT, format!("{when}: {} differ", row.different), entry);
    }
}

/// Whether the source gave signs of life at its pace.
fn alive(context: &Context<'_>, source: &Source, item: &mut Item) {
    let Some(every) = micros(source.heartbeat_every.as_str()) else { return };
    let most = every.saturating_add(context.parameters.span(&OUTAGE));
    let begun = source.from.unwrap_or(source.at.occurred).max(context.period.from);
    let end = source.to.unwrap_or(context.period.to).min(context.period.to).min(context.now);
    let beats = context.facts.source_heartbeat.of(Reference::Source, source.source.as_str());
    let mut spans: Vec<(Timestamp, Timestamp, u64)> =
        beats.map(|row| (row.from, row.to, row.at.index)).collect();
    spans.sort_unstable();
    let (mut until, mut last) = (begun, source.at.index);
    let tail = (end, end, 0);
    for (from, to, entry) in spans.iter().chain([&tail]) {
        let silence = since(until, (*from).min(end));
        if silence > most {
            let sentence = format!(
                "source {} is to give a sign of life every {} and gave none from {until} for {}",
                source.source,
                span(every),
                span(silence)
            );
            let cited = [last, *entry, source.at.index].into_iter().filter(|entry| *entry > 0);
            item.raise(&SILENT, sentence, cited);
        }
        if *to >= until {
            (until, last) = (*to, *entry);
        }
        if until >= end {
            return;
        }
    }
    item.read("last sign of life", until);
}
