//! Cover: what the report is, the two verdicts, and what needs attention.

use ledger_core::check::State;
use ledger_core::report::{Figure, Issue, Report};

use crate::text::{escaped, glyph, minute, number, short, told};

/// One of the two verdicts.
pub(super) struct Verdict {
    pub(super) name: &'static str,
    pub(super) state: &'static str,
    pub(super) said: String,
    pub(super) reasons: Vec<String>,
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
            said: format!("{} {said} {}", glyph(state), escaped(&what)),
            reasons: known.reasons.iter().map(|reason| told(reason)).collect(),
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

pub(super) fn issue(issue: &Issue) -> String {
    let owner = match issue.owner.get(..8) {
        Some(owner) => format!("owner {}", escaped(owner)),
        None => "no owner".to_owned(),
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
    let control = escaped(&issue.control);
    format!(
        r##"<b class="sev-{0}">{0}</b> <a href="#{control}">{control}</a> <bdi>{1}</bdi>{alike} — {owner}, {due}"##,
        escaped(&issue.severity),
        told(&issue.sentence),
    )
}

pub(super) fn figure(figure: &Figure) -> String {
    let of = figure.of.map(|of| format!(" <small>of {}</small>", number(of))).unwrap_or_default();
    let state = figure.state.as_str();
    let mark = match figure.state {
        State::NotApplicable => String::new(),
        _ => format!(r#"<span aria-hidden="true">{}</span> "#, glyph(state)),
    };
    format!("<b>{mark}{}{of}</b> {}", number(figure.count), escaped(&figure.label))
}

/// What stands on the cover.
pub(super) fn facts(report: &Report, digest: &str) -> Vec<(&'static str, String)> {
    let front = &report.front;
    let mut facts = vec![
        ("Report", format!("<code>{}</code>", escaped(&front.id))),
        ("report.json", format!(r#"<code class="whole">{}</code>"#, escaped(digest))),
        (
            "Cut-off",
            format!(
                "{} UTC; what was recorded later is left out",
                minute(&front.cutoff.to_string())
            ),
        ),
    ];
    for framework in &front.frameworks {
        facts.push((
            "Framework",
            format!("{}, version {}", escaped(&framework.title), escaped(&framework.version)),
        ));
    }
    let layers =
        if front.layers.is_empty() { "none".to_owned() } else { escaped(&front.layers.join(", ")) };
    facts.push(("Overlays", layers));
    let root = escaped(&front.root);
    facts.push(("Ledger", format!("<code>{}</code>", escaped(&front.origin))));
    facts.push((
        "Checkpoint",
        format!(r#"{} entries, root <code class="whole">{root}</code>"#, number(front.size)),
    ));
    facts.push((
        "Dated",
        match &front.anchored {
            Some(known) => format!(
                "{} of these entries, from outside: {} {} (entry {})",
                number(known.size),
                escaped(&known.kind),
                short(&known.digest),
                known.entry
            ),
            None => "no entry says that any of these was dated from outside; signed checkpoints are on the page of signatures".to_owned(),
        },
    ));
    if let Some(known) = &front.supersedes {
        facts.push((
            "Corrects",
            format!(
                r#"<code>{}</code>, report.json <code class="whole">{}</code>: the differences are in H02"#,
                escaped(&known.report),
                escaped(&known.digest)
            ),
        ));
    }
    facts.push((
        "Before",
        match &front.previous {
            Some(known) => format!(
                "<code>{}</code> over {} entries (entry {}): {}{}",
                escaped(&known.report),
                number(known.size),
                known.entry,
                match known.consistent {
                    State::Pass => "its entries are the first of these, unchanged",
                    _ => "its entries are NOT the first of these",
                },
                if known.superseded { "; this report stands in its place" } else { "" },
            ),
            None => "no report was issued before".to_owned(),
        },
    ));
    facts.push(("Persons", escaped(&front.persons)));
    facts.push(("Tool", escaped(&front.tool)));
    facts.push(("Again", format!(r#"<code class="whole">{}</code>"#, escaped(&front.command))));
    facts
}
