//! Population: what the tests of a control went through, and what they found.

use std::collections::BTreeMap;

use super::Material;
use super::dataset::{Dataset, Kind, Sheet, entries, row};
use super::finding::Finding;
use crate::check::{Severity, State};
use crate::evaluate::{Evaluation, Outcome, Run, exception_id, limit_words};
use crate::exception::items;

/// The id of the dataset of a run's items.
pub(super) fn run_id(number: usize, run: &Run) -> String {
    format!("R{:02}-{}", number + 1, run.test.id)
}

/// The exceptions of a control.
pub(super) fn exceptions(outcome: &Outcome, material: &Material<'_>) -> Dataset {
    let control = &outcome.control.id;
    let mut sheet = Sheet::new(
        &format!("X-{control}"),
        &format!("Exceptions of {control}"),
        "each thing that the tests which count for the control say is wrong or cannot be told, by severity, time and item",
        &[
            ("exception", Kind::Id),
            ("item", Kind::Id),
            ("at", Kind::Time),
            ("system", Kind::Id),
            ("test", Kind::Id),
            ("code", Kind::Id),
            ("severity", Kind::Severity),
            ("result", Kind::State),
            ("what happened", Kind::Sentence),
            ("stands", Kind::Text),
            ("due", Kind::Time),
            ("entries", Kind::Entries),
        ],
    )
    .with("control", control);
    let lives: BTreeMap<&str, &Finding<'_>> = material
        .findings
        .iter()
        .filter(|known| known.control == control)
        .map(|known| (known.id.as_str(), known))
        .collect();
    let mut rows = Vec::new();
    for (run, item) in items(material.evaluation, outcome) {
        let id = exception_id(control, run.test.id, &item.id);
        let known = lives.get(id.as_str());
        for exception in &item.exceptions {
            let state = match (exception.severity, exception.undecided, known) {
                (Severity::Info, ..) => State::NotApplicable,
                (_, true, _) => State::Indeterminate,
                (_, _, Some(known)) if known.accepted.is_some() => State::Waived,
                _ => State::Fail,
            };
            let cells = row![
                id.as_str(),
                item.id.as_str(),
                item.at,
                item.system.as_deref(),
                run.test.id,
                exception.code,
                exception.severity.as_str(),
                state,
                exception.sentence.as_str(),
                known.map_or("for information", |known| known.stands()),
                known.and_then(|known| known.life.due),
                entries(exception.entries.iter().copied()),
            ];
            rows.push(((exception.severity, item.at, item.id.as_str()), cells, state));
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    for (_, cells, state) in rows {
        sheet.tested(cells, state);
    }
    sheet.done()
}

/// All items of a run, without the digest.
pub(super) fn of(number: usize, evaluation: &Evaluation) -> Option<Dataset> {
    let run = evaluation.runs.get(number)?;
    let mut values: Vec<&str> =
        run.census.items.iter().flat_map(|item| item.values.iter().map(|(name, _)| name)).collect();
    values.sort_unstable();
    values.dedup();
    let first = [("item", Kind::Id), ("at", Kind::Time), ("system", Kind::Id)];
    let told = [("result", Kind::State), ("exceptions", Kind::Text)];
    let mut columns: Vec<(&str, Kind)> = first.into_iter().chain(told).collect();
    // a value may be named like a column of every run
    let named: Vec<String> = values.iter().map(|name| format!("read: {name}")).collect();
    columns.extend(named.iter().map(|name| (name.as_str(), Kind::Text)));
    columns.push(("entries", Kind::Entries));
    let title = format!("{}: {}", run.test.id, run.test.population);
    let mut sheet = Sheet::new(&run_id(number, run), &title, run.test.rule, &columns)
        .with("test", format!("{}@{}", run.test.id, run.test.version));
    if let Some(regime) = run.regime {
        sheet = sheet.with("regime", regime.as_str());
    }
    let period = evaluation.slices.get(run.slice)?.period;
    sheet = sheet.with("from", period.from.to_string()).with("to", period.to.to_string());
    for known in run.test.parameters {
        sheet = sheet.with(known.name, limit_words(&run.parameters.get(known)));
    }
    for item in &run.census.items {
        let codes: Vec<&str> = item.exceptions.iter().map(|exception| exception.code).collect();
        let state = item.state();
        let mut cells =
            row![item.id.as_str(), item.at, item.system.as_deref(), state, codes.join(" ")];
        for name in &values {
            let all: Vec<&str> = item
                .values
                .iter()
                .filter(|(known, _)| known == name)
                .map(|(_, value)| value)
                .collect();
            cells.push(all.join(", ").into());
        }
        cells.push(entries(item.entries.iter().copied()).into());
        sheet.tested(cells, state);
    }
    for (why, count) in &run.census.excluded {
        sheet.exclude(why, *count);
    }
    Some(sheet.open())
}
