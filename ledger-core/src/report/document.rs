//! Document: a report as canonical JSON.

use std::collections::BTreeMap;

use super::tested::{Performed, Tested};
use super::{About, Dataset, Report, Section};
use crate::check::{Severity, State};
use crate::evaluate::Verdict;
use crate::json::{Lazy, Value};

/// The whole; a table of a large period is as large as all else, so its rows are made as they are written.
pub(super) fn report(report: &Report) -> Lazy<'_> {
    let sections = |sections: &[Section]| list(sections.iter().map(Section::to_json));
    Lazy::object([
        ("appendices", sections(&report.appendices).into()),
        ("basis", sections(&report.basis).into()),
        ("completeness", verdict(&report.completeness).into()),
        ("conclusion", report.conclusion.to_json().into()),
        ("controls", list(report.controls.iter().map(control)).into()),
        ("datasets", Lazy::list(report.datasets.iter().map(Dataset::document))),
        ("format", Value::text("ledger/report/v1").into()),
        ("front", report.front.to_json().into()),
        ("integrity", verdict(&report.integrity).into()),
        ("populations", list(report.populations.iter().map(About::to_json)).into()),
        ("sections", sections(&report.sections).into()),
    ])
}

fn list(items: impl Iterator<Item = Value>) -> Value {
    Value::List(items.collect())
}

fn texts(texts: &[String]) -> Value {
    list(texts.iter().map(Value::text))
}

pub(super) fn verdict(verdict: &Verdict) -> Value {
    Value::object([
        ("reasons", texts(&verdict.reasons)),
        ("state", Value::text(verdict.state.as_str())),
    ])
}

fn counts(counts: &BTreeMap<State, u64>) -> Value {
    Value::object(counts.iter().map(|(state, count)| (state.as_str(), Value::count(*count))))
}

fn open(open: &BTreeMap<Severity, u64>) -> Value {
    Value::object(open.iter().map(|(severity, count)| (severity.as_str(), Value::count(*count))))
}

fn control(control: &Tested) -> Value {
    let citations = control.citations.iter().map(|citation| {
        let mut members = vec![("ref", Value::text(&citation.reference))];
        members.extend(citation.via.as_ref().map(|via| ("via", Value::text(via))));
        let word = citation.implementation.map(|word| ("implementation", word.as_str()));
        members.extend(word.map(|(name, word)| (name, Value::text(word))));
        let strength = citation.strength.map(|strength| ("strength", strength.as_str()));
        members.extend(strength.map(|(name, word)| (name, Value::text(word))));
        Value::object(members)
    });
    let crosswalk = control.crosswalk.iter().map(|(name, ids)| (name.clone(), texts(ids)));
    let mut members = vec![
        ("attributes", texts(&control.attributes)),
        ("citations", list(citations)),
        ("closed", Value::count(control.closed)),
        ("conclusion", Value::text(&control.conclusion)),
        ("control", Value::text(&control.control)),
        ("counts", counts(&control.counts)),
        ("crosswalk", Value::object(crosswalk)),
        ("domain", Value::text(&control.domain)),
        ("exceptions", Value::text(&control.exceptions)),
        ("excluded", Value::count(control.excluded)),
        ("framework", Value::text(&control.framework)),
        ("frequency", Value::text(&control.frequency)),
        ("guidance", texts(&control.guidance)),
        ("id", Value::text(&control.id)),
        ("in_scope", Value::count(control.counts.values().sum())),
        ("key", Value::Bool(control.key)),
        ("kind", Value::text(&control.kind)),
        ("open", open(&control.open)),
        ("paper", Value::text(&control.paper)),
        ("reasons", texts(&control.reasons)),
        ("requirement", Value::text(&control.requirement)),
        ("state", Value::text(control.state.as_str())),
        ("strength", Value::text(&control.strength)),
        ("tests", list(control.tests.iter().map(performed))),
        ("title", Value::text(&control.title)),
    ];
    members.extend(control.before.as_ref().map(|before| ("before", Value::text(before))));
    Value::object(members)
}

fn performed(test: &Performed) -> Value {
    let excluded = test.excluded.iter().map(|(why, count)| (why.clone(), Value::count(*count)));
    let limits = test.limits.iter().map(|limit| {
        Value::object([
            ("basis", Value::text(&limit.basis)),
            ("layer", Value::text(&limit.layer)),
            ("meaning", Value::text(&limit.meaning)),
            ("name", Value::text(&limit.name)),
            ("value", Value::text(&limit.value)),
        ])
    });
    Value::object([
        ("counted", Value::Bool(test.counted)),
        ("counts", counts(&test.counts)),
        ("dataset", Value::text(&test.dataset)),
        ("excluded", Value::object(excluded)),
        ("id", Value::text(&test.id)),
        ("limits", list(limits)),
        ("name", Value::text(&test.name)),
        ("population", Value::text(&test.population)),
        ("rule", Value::text(&test.rule)),
        ("version", Value::text(&test.version)),
    ])
}
