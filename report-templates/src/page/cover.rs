//! Cover: what the report is, the two verdicts, and what needs attention.

use ledger_core::check::State;
use ledger_core::report::{Figure, Front, Issue, Report};

use crate::line::{Line, Span};
use crate::text::{glyph, minute, number, person, short};

/// One of the two verdicts.
pub(crate) struct Verdict {
    pub(crate) name: &'static str,
    pub(crate) state: &'static str,
    pub(crate) said: Line,
    pub(crate) reasons: Vec<Line>,
}

pub(super) fn verdicts(report: &Report) -> Vec<Verdict> {
    let front = &report.front;
    let one = |name, known: &ledger_core::evaluate::Verdict, what: String| {
        let said = match known.state {
            State::Pass => "holds",
            State::Fail => "does not hold",
            _ => "cannot tell",
        };
        let state = known.state.as_str();
        Verdict {
            name,
            state,
            said: Line::plain(format!("{} {said} ", glyph(state))).and(what),
            reasons: known.reasons.iter().map(Line::told).collect(),
        }
    };
    let entries = format!("over {} entries, root {}", number(front.size), short_root(&front.root));
    vec![
        one("INTEGRITY", &report.integrity, entries),
        one("COMPLETENESS", &report.completeness, String::new()),
    ]
}

fn short_root(root: &str) -> String {
    match (root.get(..8), root.len().checked_sub(4).and_then(|from| root.get(from..))) {
        (Some(first), Some(last)) => format!("{first}\u{2026}{last}"),
        _ => root.to_owned(),
    }
}

pub(super) fn issue(issue: &Issue) -> Line {
    let owner = match person(&issue.owner) {
        ("", _) => "no owner".to_owned(),
        (owner, beside) => format!("owner {owner}{beside}"),
    };
    let due = if issue.due.is_empty() {
        "no date".to_owned()
    } else {
        format!("due {}", minute(&issue.due))
    };
    let alike = match issue.alike {
        0 | 1 => String::new(),
        many => format!(", and {} more of its kind", number(many - 1)),
    };
    let control = &issue.control;
    Line::of(Span::Weight(issue.severity.clone()))
        .and(" ")
        .with(Span::Link(format!("#{control}"), control.clone()))
        .and(" ")
        .with(Span::Apart(issue.sentence.clone()))
        .and(format!("{alike} \u{2014} {owner}, {due}"))
}

pub(super) fn figure(figure: &Figure) -> (Line, Line) {
    let mut mark = match figure.state {
        State::NotApplicable => Line::default(),
        state => Line::of(Span::Glyph(state.as_str().to_owned())).and(" "),
    };
    mark = mark.and(number(figure.count));
    if let Some(of) = figure.of {
        mark = mark.and(" ").with(Span::Small(format!("of {}", number(of))));
    }
    (mark, figure.label.as_str().into())
}

/// What stands on the cover.
pub(super) fn facts(report: &Report, digest: &str) -> Vec<(&'static str, Line)> {
    let front = &report.front;
    let code = |text: &str| Line::of(Span::Code(text.to_owned()));
    let whole = |text: &str| Line::of(Span::Whole(text.to_owned()));
    let mut facts = vec![
        ("Report", code(&front.id)),
        ("report.json", whole(digest)),
        (
            "Cut-off",
            Line::plain(minute(&front.cutoff.to_string()))
                .and(" UTC; what was recorded later is left out"),
        ),
    ];
    for framework in &front.frameworks {
        let title = Line::plain(&*framework.title);
        facts.push(("Framework", title.and(", version ").and(&*framework.version)));
    }
    let layers = if front.layers.is_empty() { "none".into() } else { front.layers.join(", ") };
    facts.push(("Overlays", layers.into()));
    facts.push(("Ledger", code(&front.origin)));
    let entries = Line::plain(format!("{} entries, root ", number(front.size)));
    facts.push(("Checkpoint", entries.with(Span::Whole(front.root.clone()))));
    facts.push(("Dated", dated(front)));
    if let Some(known) = &front.supersedes {
        let line = code(&known.report).and(", report.json ");
        let line = line.with(Span::Whole(known.digest.clone()));
        facts.push(("Corrects", line.and(": the differences are in H02")));
    }
    facts.push(("Before", before(front)));
    facts.push(("Persons", front.persons.as_str().into()));
    facts.push(("Tool", front.tool.as_str().into()));
    facts.push(("Again", whole(&front.command)));
    facts
}

/// What was dated from outside.
fn dated(front: &Front) -> Line {
    match &front.anchored {
        Some(known) => {
            let entries = number(known.size);
            Line::plain(format!("{entries} of these entries, from outside: "))
                .and(&*known.kind)
                .and(format!(" {} (entry {})", short(&known.digest), known.entry))
        }
        None => "no entry says that any of these was dated from outside; signed checkpoints are on the page of signatures".into(),
    }
}

/// The report that was issued before.
fn before(front: &Front) -> Line {
    let Some(known) = &front.previous else { return "no report was issued before".into() };
    let held = match known.consistent {
        State::Pass => "its entries are the first of these, unchanged",
        _ => "its entries are NOT the first of these",
    };
    let instead = if known.superseded { "; this report stands in its place" } else { "" };
    let entries = number(known.size);
    let words = format!(" over {entries} entries (entry {}): {held}{instead}", known.entry);
    Line::of(Span::Code(known.report.clone())).and(words)
}
