//! Document: an evaluation as canonical JSON.

use std::collections::BTreeMap;

use super::{Evaluation, Outcome, Run, Slice, Verdict};
use crate::check::{Exception, Item, Period, State, Value as Limit};
use crate::json::{Lazy, Value};

pub(super) fn evaluation(evaluation: &Evaluation) -> Lazy<'_> {
    let question = &evaluation.question;
    let front = &evaluation.front;
    Lazy::object([
        ("completeness", verdict(&front.completeness).into()),
        (
            "controls",
            Lazy::list(evaluation.outcomes.iter().map(|known| outcome(known, &evaluation.runs))),
        ),
        ("cutoff", Value::text(question.cutoff.to_string()).into()),
        ("format", Value::text("ledger/evaluation/v1").into()),
        ("frameworks", Lazy::list(question.frameworks.iter().map(Value::text))),
        ("integrity", verdict(&front.integrity).into()),
        (
            "ledger",
            Value::object([
                ("origin", Value::text(&front.origin)),
                ("root", Value::text(&front.root)),
                ("size", Value::count(front.size)),
            ])
            .into(),
        ),
        ("not_evidenced", Lazy::list(not_evidenced(evaluation))),
        ("period", period(question.period).into()),
        ("runs", Lazy::list(evaluation.runs.iter().map(run))),
        ("slices", Lazy::list(evaluation.slices.iter().map(slice))),
        (
            "tool",
            Value::object([
                ("name", Value::text("ledger")),
                ("version", Value::text(env!("CARGO_PKG_VERSION"))),
            ])
            .into(),
        ),
    ])
}

fn list(items: impl Iterator<Item = Value>) -> Value {
    Value::List(items.collect())
}

fn verdict(verdict: &Verdict) -> Value {
    Value::object([
        ("reasons", list(verdict.reasons.iter().map(Value::text))),
        ("state", Value::text(verdict.state.as_str())),
    ])
}

fn period(period: Period) -> Value {
    Value::object([
        ("from", Value::text(period.from.to_string())),
        ("to", Value::text(period.to.to_string())),
    ])
}

fn counts(counts: &BTreeMap<State, u64>) -> Value {
    Value::object(counts.iter().map(|(state, count)| (state.as_str(), Value::count(*count))))
}

fn not_evidenced(evaluation: &Evaluation) -> impl Iterator<Item = Value> {
    let first = evaluation.slices.first().map(|slice| &slice.resolved.catalogue.not_evidenced);
    let asked = |framework: &String| evaluation.question.frameworks.contains(framework);
    first.into_iter().flatten().filter(move |missing| asked(&missing.framework)).map(|missing| {
        Value::object([
            ("framework", Value::text(&missing.framework)),
            ("reason", Value::text(&missing.reason)),
            ("ref", Value::text(&missing.reference)),
        ])
    })
}

fn slice(slice: &Slice) -> Value {
    let layers = slice.resolved.layers.iter().map(|(id, version, digest)| {
        Value::object([
            ("digest", Value::text(digest.to_reference())),
            ("id", Value::text(id)),
            ("version", Value::text(version)),
        ])
    });
    let tailored = slice.resolved.tailored.iter().map(|tailored| {
        Value::object([
            ("approver", Value::text(&tailored.approver)),
            ("control", Value::text(&tailored.control)),
            ("layer", Value::text(&tailored.layer)),
            ("reason", Value::text(&tailored.reason)),
        ])
    });
    let mut members = vec![
        ("catalogue", Value::text(slice.resolved.digest().to_reference())),
        ("layers", list(layers)),
        ("period", period(slice.period)),
        ("tailored_out", list(tailored)),
    ];
    if !slice.regions.is_empty() {
        members.push(("regions", list(slice.regions.iter().map(Value::text))));
    }
    Value::object(members)
}

fn outcome(outcome: &Outcome, runs: &[Run]) -> Value {
    let control = &outcome.control;
    let stands_on = outcome.runs.iter().map(|(number, counted)| {
        Value::object([("counted", Value::Bool(*counted)), ("run", Value::count(*number as u64))])
    });
    let mut exceptions: u64 = 0;
    for run in outcome
        .runs
        .iter()
        .filter(|(_, counted)| *counted)
        .filter_map(|(number, _)| runs.get(*number))
    {
        exceptions += run.census.items.iter().map(|item| item.exceptions.len() as u64).sum::<u64>();
    }
    let waived = outcome.waived.iter().map(|(id, entry)| {
        Value::object([("entry", Value::count(*entry)), ("exception", Value::text(id))])
    });
    Value::object([
        ("counts", counts(&outcome.counts)),
        ("exceptions", Value::count(exceptions)),
        ("framework", Value::text(&control.framework)),
        ("id", Value::text(&control.id)),
        ("items", Value::count(outcome.counts.values().sum())),
        ("key", Value::Bool(control.key)),
        ("reasons", list(outcome.reasons.iter().map(Value::text))),
        ("runs", list(stands_on)),
        ("state", Value::text(outcome.state.as_str())),
        ("strength", Value::text(control.strength.as_str())),
        ("title", Value::text(&control.title)),
        ("waived", list(waived)),
    ])
}

fn run(run: &Run) -> Lazy<'_> {
    let limits = run
        .test
        .parameters
        .iter()
        .map(|known| (known.name, Value::text(limit(&run.parameters.get(known)))));
    let excluded =
        run.census.excluded.iter().map(|(reason, count)| (*reason, Value::count(*count)));
    let left_out: u64 = run.census.excluded.values().sum();
    let in_scope = run.census.items.len() as u64;
    let mut members: Vec<(&'static str, Lazy<'_>)> = vec![
        ("counts", counts(&run.counts()).into()),
        ("excluded", Value::object(excluded).into()),
        ("in_scope", Value::count(in_scope).into()),
        ("items", Lazy::written(&run.census.items, item)),
        ("limits", Value::object(limits).into()),
        ("population", Value::text(run.test.population).into()),
        ("rule", Value::text(run.test.rule).into()),
        ("slice", Value::count(run.slice as u64).into()),
        ("test", Value::text(run.test.id).into()),
        ("total", Value::count(in_scope + left_out).into()),
        ("version", Value::text(run.test.version).into()),
    ];
    members.extend(run.regime.map(|regime| ("regime", Value::text(regime.as_str()).into())));
    Lazy::object(members)
}

/// A limit in the words of a report: spans as ISO 8601 has them.
pub fn limit(limit: &Limit) -> String {
    match limit {
        Limit::Span(micros) => {
            let seconds = micros / 1_000_000;
            match (seconds % 86_400, seconds % 3_600) {
                (0, _) => format!("P{}D", seconds / 86_400),
                (_, 0) => format!("PT{}H", seconds / 3_600),
                _ => format!("PT{seconds}S"),
            }
        }
        Limit::BusinessDays(days) => format!("{days} business days"),
        Limit::Count(count) => count.to_string(),
        Limit::Percent(percent) => format!("{percent} %"),
        Limit::Flag(flag) => flag.to_string(),
        Limit::Ids(ids) => ids.join(","),
    }
}

fn item(item: &Item) -> Value {
    let values = item.values.iter().map(|(name, value)| (name, Value::text(value)));
    let mut members = vec![
        ("at", Value::text(item.at.to_string())),
        ("entries", list(item.entries.iter().map(|index| Value::count(*index)))),
        ("id", Value::text(&item.id)),
        ("state", Value::text(item.state().as_str())),
        ("values", Value::object(values)),
    ];
    members.extend(item.system.as_ref().map(|system| ("system", Value::text(system))));
    if !item.exceptions.is_empty() {
        members.push(("exceptions", list(item.exceptions.iter().map(exception))));
    }
    Value::object(members)
}

fn exception(exception: &Exception) -> Value {
    Value::object([
        ("code", Value::text(exception.code)),
        ("entries", list(exception.entries.iter().map(|index| Value::count(*index)))),
        ("sentence", Value::text(&exception.sentence)),
        ("severity", Value::text(exception.severity.as_str())),
        ("undecided", Value::Bool(exception.undecided)),
    ])
}
