//! Markdown: the summary for a pull request or a chat.

use std::fmt::Write as _;

use ledger_core::check::State;
use ledger_core::report::{Report, words};

use crate::text::{glyph, minute, number, visible};

/// Controls that are named one by one at most.
const NAMED: usize = 40;

/// The summary. `digest` is that of `report.json`.
pub fn markdown(report: &Report, digest: &str) -> String {
    let front = &report.front;
    let mut out = String::new();
    let _ = writeln!(out, "# {}: {}\n", plain(&front.entity), plain(&front.title));
    let span = ledger_core::check::Period { from: front.from, to: front.to };
    let last = ledger_core::report::period::last(span);
    let day = ledger_core::report::period::day;
    let _ = writeln!(
        out,
        "{}, {} to {}, UTC. DRAFT until signed.\n",
        front.period,
        day(front.from),
        day(last)
    );
    for sentence in &report.conclusion.sentences {
        let _ = writeln!(out, "{}", plain(sentence));
    }
    out.push('\n');
    for (name, known) in [("INTEGRITY", &report.integrity), ("COMPLETENESS", &report.completeness)]
    {
        let said = match known.state {
            State::Pass => "holds",
            State::Fail => "**does not hold: results not reliable**",
            _ => "cannot tell",
        };
        let said = if name == "COMPLETENESS" && known.state == State::Fail {
            "does not hold"
        } else {
            said
        };
        let _ = writeln!(out, "- {name}: {} {said}", glyph(known.state.as_str()));
    }
    let _ = writeln!(out, "- {} entries, root `{}`", number(front.size), front.root);
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

fn attention(report: &Report, out: &mut String) {
    if report.conclusion.issues.is_empty() {
        return;
    }
    out.push_str("\n## What needs attention\n\n");
    for issue in &report.conclusion.issues {
        let due = if issue.due.is_empty() { "no date".to_owned() } else { minute(&issue.due) };
        let owner = issue.owner.get(..8).unwrap_or("no owner");
        let _ = writeln!(
            out,
            "- **{}** {}: {} ({} of its kind; {owner}, {due})",
            issue.severity,
            issue.control,
            plain(&issue.sentence),
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
