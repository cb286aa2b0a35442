//! Control: the lead sheet of one control.

use askama::Template;
use ledger_core::report::{Limit, Performed, Tested};

use super::Book;
use crate::chart::{self, Picture};
use crate::line::{Line, Span};
use crate::table::{Table, counted};
use crate::text::{number, short, words};

/// Rows of its exceptions that a lead sheet shows.
pub(super) const ROWS: usize = 12;

/// A lead sheet.
#[derive(Template)]
#[template(path = "control.html")]
pub(crate) struct Lead {
    pub(crate) id: String,
    pub(crate) title: Line,
    pub(crate) badge: Line,
    pub(crate) conclusion: Line,
    pub(crate) reasons: Vec<Line>,
    pub(crate) requirement: Line,
    pub(crate) control: Line,
    pub(crate) citations: Line,
    pub(crate) nature: Line,
    crosswalk: Line,
    guidance: Vec<Line>,
    pub(crate) ties: Line,
    pub(crate) paper: Line,
    pub(crate) tests: Vec<Run>,
    how: Line,
    strip: Option<Picture>,
    pub(crate) table: Option<Table>,
}

/// Rows of its exceptions that paper has.
const PRINTED: usize = 2;

/// A test on a lead sheet.
pub(crate) struct Run {
    head: Line,
    rule: Line,
    counts: Line,
    file: String,
    limits: Vec<Line>,
    /// The same on one line, as paper has it.
    pub(crate) line: Line,
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
        id: known.id.clone(),
        title: known.title.as_str().into(),
        badge: Line::of(Span::State(known.state.as_str().to_owned())),
        conclusion: Line::told(&*known.conclusion),
        reasons: known.reasons.iter().map(Line::told).collect(),
        requirement: known.requirement.as_str().into(),
        control: known.control.as_str().into(),
        citations: citations(known),
        nature: Line::plain(parts.join(", ")).and(format!(
            "; the evidence {} it; before: {}",
            strength(&known.strength),
            known.before.as_deref().map_or("not recorded", words),
        )),
        crosswalk: crosswalk.join("; ").into(),
        guidance: known.guidance.iter().map(|text| text.as_str().into()).collect(),
        ties: ties(known),
        paper: known.paper.as_str().into(),
        tests: known.tests.iter().map(|test| run(test, book)).collect(),
        how: how(known),
        strip: report.dataset("G03").and_then(|weeks| chart::strip(weeks, &known.id)),
        table,
    }
}

/// What stands behind the fold on a screen.
fn how(known: &Tested) -> Line {
    let ids: Vec<&str> = known.tests.iter().map(|test| test.id.as_str()).collect();
    let limits: usize = known.tests.iter().map(|test| test.limits.len()).sum();
    let limits = number(limits as u64);
    Line::plain("How it was tested: ").and(ids.join(", ")).and(format!(", with {limits} limits"))
}

fn strength(word: &str) -> &'static str {
    match word {
        "evidences" => "shows",
        "supports" => "supports",
        _ => "is context of",
    }
}

fn citations(known: &Tested) -> Line {
    let mut line = Line::default();
    for (at, citation) in known.citations.iter().enumerate() {
        line = line.and(if at > 0 { "; " } else { "" }).and(&*citation.reference);
        let beside: Vec<String> = [
            citation.via.as_ref().map(|via| format!("through {via}")),
            citation.implementation.map(|word| word.as_str().to_owned()),
            citation.strength.map(|strength| strength.as_str().to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !beside.is_empty() {
            line = line.and(format!(" ({})", beside.join(", ")));
        }
    }
    line
}

/// Counts that tie.
fn ties(known: &Tested) -> Line {
    let in_scope: u64 = known.counts.values().sum();
    let total = in_scope + known.excluded;
    let mut line = format!(
        "{} in all = {} in scope + {} left out",
        number(total),
        number(in_scope),
        number(known.excluded)
    );
    if !known.counts.is_empty() {
        line = format!("{line}; {} = {}", number(in_scope), counted(&known.counts).join(" + "));
    }
    let open: u64 = known.open.values().sum();
    format!("{line}; {} open, {} closed", number(open), number(known.closed)).into()
}

fn run(test: &Performed, book: &Book<'_>) -> Run {
    let condition = if test.counted { "" } else { " (condition: its exceptions count elsewhere)" };
    let counts = match counted(&test.counts) {
        none if none.is_empty() => "no occurrence".to_owned(),
        counts => counts.join(", "),
    };
    let mut line = Line::plain(counts);
    for (at, (why, count)) in test.excluded.iter().enumerate() {
        let before = if at > 0 { ", " } else { "; " };
        line = line.and(format!("{before}{} left out: ", number(*count))).and(why);
    }
    let digest = book.report.about(&test.dataset).map(|about| about.digest.to_reference());
    let digest = short(&digest.unwrap_or_default());
    let file = format!("csv/{}.csv", test.dataset);
    let named = |first: Line| {
        let named = first.and(" ").and(&*test.name).and(", version ").and(&*test.version);
        named.and(condition).and(": ")
    };
    let brief = named(Line::of(Span::Strong(test.id.clone()))).join(&line);
    Run {
        line: brief.and("; ").and(&*file).and(format!(", sha256 {digest}")),
        head: named(Line::plain(&*test.id)).and(&*test.population),
        rule: test.rule.as_str().into(),
        counts: line,
        file,
        limits: test.limits.iter().map(limit).collect(),
    }
}

fn limit(limit: &Limit) -> Line {
    let value = if limit.value.is_empty() { "none" } else { &*limit.value };
    Line::plain(&*limit.name)
        .and(" = ")
        .with(Span::Strong(value.to_owned()))
        .and(" by ")
        .and(&*limit.layer)
        .and(" (")
        .and(&*limit.basis)
        .and(")")
}
