//! What verification found, for people and for machines.

mod dates;

pub(super) use ledger_core::drill::word as words;
use ledger_core::json::Value;
use ledger_core::vault::persons::Pseudonym;
use ledger_core::verify::{Fault, Notice, Report, Suspect, Verdict};

use crate::failure::Result;
use crate::output::Out;

/// More faults than this are counted; all are in the JSON.
const SHOWN: usize = 20;
/// More persons than this are counted; `MAX_LISTED` are in the JSON.
const ERASED: usize = 3;
/// More persons than this are counted in the JSON, too.
const MAX_LISTED: usize = 1000;

/// The verdict of COMPLETENESS: what the log itself shows of what is missing.
fn completeness(report: &Report) -> Verdict {
    let found = report.notices.iter().any(Notice::is_finding);
    // no gap is not yet a proof that nothing is missing: that takes registered sources that report
    if found { Verdict::DoesNotHold } else { Verdict::CannotTell }
}

pub(super) fn glyph(verdict: Verdict) -> char {
    match verdict {
        Verdict::Holds => '●',
        Verdict::DoesNotHold => '▲',
        Verdict::CannotTell => '◆',
    }
}

/// A line with a verdict, as all verdict commands print it.
pub(super) fn headline(name: &str, verdict: Verdict, rest: &str) -> String {
    let line = format!("{} {name:<13} {}", glyph(verdict), words(verdict));
    if rest.is_empty() { line } else { format!("{line}: {rest}") }
}

/// At most ten lines when all holds.
pub(crate) fn print(report: &Report, out: &mut Out) -> Result<()> {
    out.line(headline("INTEGRITY", report.verdict, report.reason.as_deref().unwrap_or_default()))?;
    let mut fact = |name: &str, text: String| out.line(format!("  {name:<13} {text}"));
    fact("ledger", report.origin.clone())?;
    fact("entries", format!("{}, {} signatures", report.size, report.signatures))?;
    fact("root", report.root.clone())?;
    fact("checkpoints", coverage(report))?;
    if !report.anchors.is_empty() {
        fact("held against", report.anchors.join("; "))?;
    }
    if let Some(words) = dates::words(report) {
        fact("dated", words)?;
    }
    if report.solo {
        fact("solo", "one person alone may change keys and rules".to_owned())?;
    }
    for suspect in &report.suspects {
        fact("suspect", doubtful(suspect))?;
    }
    if !report.erased.is_empty() {
        fact("erased", forgotten(report))?;
    }
    for fault in report.faults.iter().take(SHOWN) {
        fact("fault", shown(fault))?;
    }
    let more = report.faults.len().saturating_sub(SHOWN);
    if more > 0 {
        fact("", format!("and {more} more faults; --json lists them all"))?;
    }
    let (findings, others): (Vec<_>, Vec<_>) =
        report.notices.iter().partition(|notice| notice.is_finding());
    for notice in others.iter().take(SHOWN) {
        fact("note", notice.message.clone())?;
    }
    let verdict = completeness(report);
    let seen = match (verdict, report.faults.is_empty()) {
        (Verdict::DoesNotHold, _) => "",
        (_, false) => "not with these faults",
        (_, true) => "no source is registered; no gap in any stream, and the clock never went back",
    };
    out.line(headline("COMPLETENESS", verdict, seen))?;
    for notice in findings.iter().take(SHOWN) {
        out.line(format!("  {:<13} {}", "finding", notice.message))?;
    }
    let more = findings.len().saturating_sub(SHOWN);
    if more > 0 {
        out.line(format!("  {:<13} and {more} more findings; --json lists them all", ""))?;
    }
    dates::print(report, out)
}

fn coverage(report: &Report) -> String {
    match (report.checkpoints, report.uncovered) {
        (0, _) if !report.faults.is_empty() => "none that holds".to_owned(),
        (0, _) => format!("none: all {} entries are under no checkpoint", report.size),
        (count, 0) => format!("{count}, the newest over all {} entries", report.checkpointed),
        (count, 1) => format!("{count}; the newest entry is under no checkpoint"),
        (count, newest) => format!("{count}; the newest {newest} entries are under no checkpoint"),
    }
}

fn shown(fault: &Fault) -> String {
    let place = fault.index.map_or_else(String::new, |index| format!("entry {index}: "));
    let followers = match fault.followers {
        0 => String::new(),
        count => format!(" (and {count} more for the same reason)"),
    };
    format!("{place}{}{followers} [{}, {}]", fault.message, fault.class.word(), fault.code)
}

/// What a compromised key signed: it stands, and people must look at it.
fn doubtful(suspect: &Suspect) -> String {
    let (from, by) = (suspect.suspicion.from, suspect.suspicion.by);
    let listed: Vec<String> = suspect.entries.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = suspect.count.saturating_sub(listed.len() as u64);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let entries = match suspect.count {
        0 => "it signed none".to_owned(),
        _ => format!("it signed {}{more}", listed.join(", ")),
    };
    let sizes: Vec<String> =
        suspect.checkpoints.iter().take(SHOWN).map(ToString::to_string).collect();
    let checkpoints = match sizes.as_slice() {
        [] => String::new(),
        sizes => format!(", and checkpoints of {} entries, which cover nothing", sizes.join(", ")),
    };
    format!(
        "key {} was reported compromised by entry {by}, from entry {from} on: {entries}{checkpoints}",
        suspect.key
    )
}

/// Who was erased: the pseudonym stays in the log, the name is gone from the vault.
fn forgotten(report: &Report) -> String {
    let each = |(person, entry): (&Pseudonym, &u64)| format!("{person} by entry {entry}");
    let listed: Vec<String> = report.erased.iter().take(ERASED).map(each).collect();
    let more = report.erased.len().saturating_sub(listed.len());
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    format!("{} person(s): {}{more}", report.erased.len(), listed.join(", "))
}

/// The stable shape of `docs/output.md`.
pub(crate) fn value(report: &Report) -> Value {
    let mut members = vec![
        ("anchors", Value::List(report.anchors.iter().map(Value::text).collect())),
        ("checkpointed", Value::count(report.checkpointed)),
        ("checkpoints", Value::count(report.checkpoints)),
        ("completeness", Value::text(words(completeness(report)))),
        ("dated", dates::value(report)),
        ("entries", Value::count(report.size)),
        ("faults", Value::List(report.faults.iter().map(fault).collect())),
        ("erased", erased(report)),
        ("integrity", Value::text(words(report.verdict))),
        (
            "notices",
            Value::List(
                report
                    .notices
                    .iter()
                    .map(|notice| {
                        Value::object([
                            ("code", Value::text(notice.code)),
                            ("message", Value::text(&notice.message)),
                        ])
                    })
                    .collect(),
            ),
        ),
        ("origin", Value::text(&report.origin)),
        ("root", Value::text(&report.root)),
        ("signatures", Value::count(report.signatures)),
        ("solo", Value::Bool(report.solo)),
        ("suspects", Value::List(report.suspects.iter().map(suspect).collect())),
        ("uncovered", Value::count(report.uncovered)),
    ];
    members.extend(report.reason.iter().map(|reason| ("reason", Value::text(reason))));
    Value::object(members)
}

fn erased(report: &Report) -> Value {
    let persons = report.erased.iter().take(MAX_LISTED);
    let persons = persons.map(|(person, entry)| (person.to_string(), Value::count(*entry)));
    Value::object([
        ("count", Value::count(report.erased.len() as u64)),
        ("persons", Value::Object(persons.collect())),
    ])
}

fn suspect(suspect: &Suspect) -> Value {
    Value::object([
        (
            "checkpoints",
            Value::List(suspect.checkpoints.iter().map(|size| Value::count(*size)).collect()),
        ),
        ("count", Value::count(suspect.count)),
        (
            "entries",
            Value::List(suspect.entries.iter().map(|index| Value::count(*index)).collect()),
        ),
        ("key", Value::text(suspect.key.to_string())),
        ("reported", Value::count(suspect.suspicion.by)),
        ("suspect_from", Value::count(suspect.suspicion.from)),
    ])
}

fn fault(fault: &Fault) -> Value {
    let mut members = vec![
        ("class", Value::text(fault.class.word())),
        ("code", Value::text(fault.code)),
        ("followers", Value::count(fault.followers)),
        ("message", Value::text(&fault.message)),
    ];
    members.extend(fault.index.map(|index| ("index", Value::count(index))));
    Value::object(members)
}
