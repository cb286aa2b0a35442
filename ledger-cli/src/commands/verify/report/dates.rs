//! What others' clocks say of a ledger.

use ledger_core::anchor::{Kind, Outside, Side};
use ledger_core::json::Value;
use ledger_core::verify::Report;

use crate::commands::anchor;
use crate::failure::Result;
use crate::output::Out;

/// More entries than this are counted; a thousand are in the JSON.
const SHOWN: usize = 10;

/// Who dated how much; none where nobody did.
pub(super) fn words(report: &Report) -> Option<String> {
    let trusted = || report.dated.iter().filter(|anchor| anchor.trusted);
    let newest = trusted().map(|anchor| anchor.latest).max()?;
    let count = |kind| trusted().filter(|anchor| anchor.kind == kind).count();
    let brackets = &report.brackets;
    Some(format!(
        "{} entries existed when others dated them, {} of these between two anchors: {} token(s), {} cosignature(s), the newest of {newest}",
        brackets.below,
        brackets.between,
        count(Kind::Token),
        count(Kind::Witness),
    ))
}

/// Entries that claim another time than that, one line each.
pub(super) fn print(report: &Report, out: &mut Out) -> Result<()> {
    let brackets = &report.brackets;
    for (side, count) in [(Side::After, brackets.after), (Side::Before, brackets.before)] {
        let own = brackets.listed.iter().filter(|outside| outside.side == side).take(SHOWN);
        for outside in own {
            out.line(format!("  {:<13} {}", "time", claim(outside)))?;
        }
        let more = count.saturating_sub(SHOWN as u64);
        if more > 0 {
            out.line(format!("  {:<13} and {more} more like this; --json lists a thousand", ""))?;
        }
    }
    Ok(())
}

fn claim(outside: &Outside) -> String {
    let Outside { index, member, claimed, size, anchored, .. } = outside;
    match outside.side {
        Side::After => format!(
            "entry {index} cannot be of {claimed} ({member}): it is below the anchor of {size} entries, which existed at {anchored}"
        ),
        Side::Before => format!(
            "entry {index} says {claimed} ({member}), before the anchor of {size} entries was given at {anchored}, and is not below it: recorded meanwhile, or dated back"
        ),
    }
}

/// The stable shape of `docs/output.md`.
pub(super) fn value(report: &Report) -> Value {
    let brackets = &report.brackets;
    let outside = brackets.listed.iter().map(|outside| {
        Value::object([
            ("anchored", Value::text(outside.anchored.to_string())),
            ("claimed", Value::text(outside.claimed.to_string())),
            ("entry", Value::count(outside.index)),
            ("member", Value::text(outside.member)),
            ("side", Value::text(if outside.side == Side::After { "after" } else { "before" })),
            ("size", Value::count(outside.size)),
        ])
    });
    Value::object([
        ("after", Value::count(brackets.after)),
        ("anchors", Value::List(report.dated.iter().map(anchor::value).collect())),
        ("before", Value::count(brackets.before)),
        ("below", Value::count(brackets.below)),
        ("between", Value::count(brackets.between)),
        ("outside", Value::List(outside.collect())),
    ])
}
