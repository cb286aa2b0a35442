//! Markdown: the summary for a pull request or a chat.

use std::fmt::Write as _;

use ledger_core::check::State;
use ledger_core::report::{Brief, Dataset, Kind, Report, words};

use crate::text::{
    brief as shorter, glyph, minute, number, person, short, visible, words as state,
};

/// Controls that are named one by one at most.
const NAMED: usize = 40;

/// The summary. `digest` is that of `report.json`.
pub fn markdown(report: &Report, digest: &str) -> String {
    let front = &report.front;
    let mut out = String::new();
    let _ = writeln!(out, "# {}: {}\n", plain(&front.entity), plain(&front.title));
    let _ = writeln!(
        out,
        "{}, {} to {}, {}. DRAFT until signed.\n",
        front.period,
        front.first,
        front.last,
        plain(&front.zone)
    );
    for sentence in &report.conclusion.sentences {
        let _ = writeln!(out, "{}", plain(sentence));
    }
    out.push('\n');
    verdicts(report, &mut out);
    attention(report, &mut out);
    out.push_str("\n## Controls\n\n| control | result | in scope | pass | fail | cannot tell | waived |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
    let noted = report.controls.iter().filter(|control| control.state < State::Pass);
    for control in noted.take(NAMED) {
        let of = |state: State| number(control.counts.get(&state).copied().unwrap_or(0));
        let _ = writeln!(
            out,
            "| {} {} | {} {} | {} | {} | {} | {} | {} |",
            control.id,
            plain(&control.title),
            glyph(control.state.as_str()),
            words(control.state),
            number(control.counts.values().sum()),
            of(State::Pass),
            of(State::Fail),
            of(State::Indeterminate),
            of(State::Waived),
        );
    }
    for state in [State::Pass, State::NoOccurrence, State::NotApplicable] {
        let ids: Vec<&str> = report
            .controls
            .iter()
            .filter(|control| control.state == state)
            .map(|control| control.id.as_str())
            .collect();
        if !ids.is_empty() {
            let _ =
                writeln!(out, "\n{} {}: {}", glyph(state.as_str()), words(state), ids.join(", "));
        }
    }
    let _ = writeln!(
        out,
        "\n`{}`\nreport.json `{digest}`\nmade again by `{}`",
        front.id,
        plain_code(&front.command)
    );
    out
}

/// The two verdicts, and what they are over.
fn verdicts(report: &Report, out: &mut String) {
    let front = &report.front;
    for (name, known) in [("INTEGRITY", &report.integrity), ("COMPLETENESS", &report.completeness)]
    {
        let said = match known.state {
            State::Pass => "holds",
            State::Fail if name == "INTEGRITY" => "**does not hold: results not reliable**",
            State::Fail => "does not hold",
            _ => "cannot tell",
        };
        let _ = writeln!(out, "- {name}: {} {said}", glyph(known.state.as_str()));
    }
    let _ = writeln!(out, "- {} entries, root `{}`", number(front.size), front.root);
}

/// Rows of a table of a brief that are shown.
const ROWS: usize = 20;

/// The brief. `digest` is that of its `report.json`.
pub fn brief(brief: &Brief, digest: &str) -> String {
    let report = &brief.report;
    let front = &report.front;
    let mut out = format!("# {}: {}\n\n", plain(&front.entity), plain(&front.title));
    for sentence in &report.conclusion.sentences {
        let _ = writeln!(out, "{}", plain(sentence));
    }
    out.push('\n');
    verdicts(report, &mut out);
    for section in &report.sections {
        let _ = writeln!(out, "\n## {}\n\n{}", section.title, plain(&section.sentence));
        let tables = section.datasets.iter().filter_map(|id| report.dataset(id));
        tables.for_each(|dataset| rows(dataset, &mut out));
    }
    let _ = writeln!(
        out,
        "\n`{}`\nreport.json `{digest}`\nmade again by `{}`",
        front.id,
        plain_code(&front.command)
    );
    out
}

/// A table, its first rows.
fn rows(dataset: &Dataset, out: &mut String) {
    let about = &dataset.about;
    let _ = writeln!(out, "\n{} {} ({})\n", about.id, plain(&about.title), about.file());
    if dataset.rows.is_empty() {
        out.push_str("nothing of this kind was recorded\n");
        return;
    }
    let head: Vec<String> = about.columns.iter().map(|column| plain(&column.name)).collect();
    let rule =
        about.columns.iter().map(|column| if column.kind.is_number() { "---:" } else { "---" });
    let _ = writeln!(out, "| {} |", head.join(" | "));
    let _ = writeln!(out, "| {} |", rule.collect::<Vec<_>>().join(" | "));
    for row in dataset.rows.iter().take(ROWS) {
        let cells = row.iter().zip(&about.columns).map(|(cell, column)| {
            let text = cell.to_text();
            match column.kind {
                Kind::Time => plain(&minute(&text)),
                Kind::Digest => plain(&short(&text)),
                Kind::Person => {
                    let (first, beside) = person(&text);
                    format!("{}{}", plain(first), plain(beside))
                }
                Kind::State => format!("{} {}", glyph(&text), state(&text)),
                _ => plain(&shorter(&text)),
            }
        });
        let _ = writeln!(out, "| {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    if dataset.rows.len() > ROWS {
        let _ = writeln!(out, "\n{ROWS} of {} rows", number(dataset.rows.len() as u64));
    }
}

fn attention(report: &Report, out: &mut String) {
    if report.conclusion.issues.is_empty() {
        return;
    }
    out.push_str("\n## What needs attention\n\n");
    for issue in &report.conclusion.issues {
        let due = if issue.due.is_empty() { "no date".to_owned() } else { minute(&issue.due) };
        let owner = match person(&issue.owner) {
            ("", _) => "no owner".to_owned(),
            (owner, beside) => format!("{owner}{beside}"),
        };
        let _ = writeln!(
            out,
            "- **{}** {}: {} ({} of its kind; {owner}, {due})",
            issue.severity,
            issue.control,
            plain(&shorter(&issue.sentence)),
            number(issue.alike)
        );
    }
}

/// A text that is no markup, on one line.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for char in visible(text).chars() {
        if "\\`*_{}[]<>()#+!|~&@".contains(char) {
            out.push('\\');
        }
        out.push(char);
    }
    out
}

/// A text within a code span.
fn plain_code(text: &str) -> String {
    visible(text).replace('`', "'")
}
