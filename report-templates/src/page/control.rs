//! Control: the lead sheet of one control.

use askama::Template;
use ledger_core::report::{Performed, Tested};

use super::Book;
use crate::chart;
use crate::table::{Table, badge};
use crate::text::{escaped, number, short, told, words};

/// Rows of its exceptions that a lead sheet shows.
pub(super) const ROWS: usize = 12;

/// A lead sheet.
#[derive(Template)]
#[template(path = "control.html")]
pub(super) struct Lead {
    id: String,
    title: String,
    badge: String,
    conclusion: String,
    reasons: Vec<String>,
    requirement: String,
    control: String,
    citations: String,
    nature: String,
    crosswalk: String,
    guidance: Vec<String>,
    ties: String,
    paper: String,
    tests: Vec<Run>,
    how: String,
    strip: String,
    table: Option<Table>,
}

/// Rows of its exceptions that paper has.
const PRINTED: usize = 2;

/// A test on a lead sheet.
pub(super) struct Run {
    head: String,
    rule: String,
    counts: String,
    file: String,
    limits: Vec<String>,
    /// The same on one line, as paper has it.
    line: String,
}

pub(super) fn lead(known: &Tested, book: &Book<'_>) -> Lead {
    let report = book.report;
    let exceptions = report.dataset(&known.exceptions).filter(|dataset| !dataset.rows.is_empty());
    let table = exceptions.map(|dataset| super::table(dataset, ROWS).printed(PRINTED));
    let key = if known.key { "key control" } else { "not a key control" };
    let parts = [&*known.kind, &*known.frequency, key];
    let crosswalk = known.crosswalk.iter().map(|(name, ids)| format!("{name} {}", ids.join(", ")));
    let crosswalk: Vec<String> = crosswalk.collect();
    Lead {
        id: escaped(&known.id),
        title: escaped(&known.title),
        badge: badge(known.state.as_str()),
        conclusion: told(&known.conclusion),
        reasons: known.reasons.iter().map(|reason| told(reason)).collect(),
        requirement: escaped(&known.requirement),
        control: escaped(&known.control),
        citations: citations(known),
        nature: format!(
            "{}; the evidence {} it; before: {}",
            escaped(&parts.join(", ")),
            strength(&known.strength),
            known.before.as_deref().map_or("not recorded", words),
        ),
        crosswalk: escaped(&crosswalk.join("; ")),
        guidance: known.guidance.iter().map(|text| escaped(text)).collect(),
        ties: ties(known),
        paper: escaped(&known.paper),
        tests: known.tests.iter().map(|test| run(test, book)).collect(),
        how: how(known),
        strip: report
            .dataset("G03")
            .map(|weeks| chart::strip(weeks, &known.id))
            .unwrap_or_default(),
        table,
    }
}

/// What stands behind the fold on a screen.
fn how(known: &Tested) -> String {
    let ids: Vec<String> = known.tests.iter().map(|test| escaped(&test.id)).collect();
    let limits: usize = known.tests.iter().map(|test| test.limits.len()).sum();
    format!("How it was tested: {}, with {} limits", ids.join(", "), number(limits as u64))
}

fn strength(word: &str) -> &'static str {
    match word {
        "evidences" => "shows",
        "supports" => "supports",
        _ => "is context of",
    }
}

fn citations(known: &Tested) -> String {
    let one = |citation: &ledger_core::control::Citation| {
        let mut words = escaped(&citation.reference);
        let beside: Vec<String> = [
            citation.via.as_ref().map(|via| format!("through {via}")),
            citation.implementation.map(|word| word.as_str().to_owned()),
            citation.strength.map(|strength| strength.as_str().to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !beside.is_empty() {
            words = format!("{words} ({})", escaped(&beside.join(", ")));
        }
        words
    };
    known.citations.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Counts that tie.
fn ties(known: &Tested) -> String {
    let in_scope: u64 = known.counts.values().sum();
    let total = in_scope + known.excluded;
    let mut line = format!(
        "{} in all = {} in scope + {} left out",
        number(total),
        number(in_scope),
        number(known.excluded)
    );
    if !known.counts.is_empty() {
        let counts = known.counts.iter();
        let counts =
            counts.map(|(state, count)| format!("{} {}", number(*count), words(state.as_str())));
        line = format!("{line}; {} = {}", number(in_scope), counts.collect::<Vec<_>>().join(" + "));
    }
    let open: u64 = known.open.values().sum();
    format!("{line}; {} open, {} closed", number(open), number(known.closed))
}

fn run(test: &Performed, book: &Book<'_>) -> Run {
    let counted = if test.counted { "" } else { " (condition: its exceptions count elsewhere)" };
    let counts: Vec<String> = test
        .counts
        .iter()
        .map(|(state, count)| format!("{} {}", number(*count), words(state.as_str())))
        .collect();
    let excluded: Vec<String> = test
        .excluded
        .iter()
        .map(|(why, count)| format!("{} left out: {}", number(*count), escaped(why)))
        .collect();
    let mut line = if counts.is_empty() { "no occurrence".to_owned() } else { counts.join(", ") };
    if !excluded.is_empty() {
        line = format!("{line}; {}", excluded.join(", "));
    }
    let limit = |limit: &ledger_core::report::Limit| {
        let value = if limit.value.is_empty() { "none" } else { &*limit.value };
        format!(
            "{} = <b>{}</b> by {} ({})",
            escaped(&limit.name),
            escaped(value),
            escaped(&limit.layer),
            escaped(&limit.basis)
        )
    };
    let digest = book.report.about(&test.dataset).map(|about| about.digest.to_reference());
    let file = format!("csv/{}.csv", escaped(&test.dataset));
    Run {
        line: format!(
            "<b>{}</b> {}, version {}{counted}: {line}; {file}, sha256 {}",
            escaped(&test.id),
            escaped(&test.name),
            escaped(&test.version),
            short(&digest.unwrap_or_default()),
        ),
        head: format!(
            "{} {}, version {}{counted}: {}",
            escaped(&test.id),
            escaped(&test.name),
            escaped(&test.version),
            escaped(&test.population)
        ),
        rule: escaped(&test.rule),
        counts: line,
        file,
        limits: test.limits.iter().map(limit).collect(),
    }
}
