//! Told: what the demonstration prints.

use std::collections::BTreeMap;

use ledger_core::json::Value;

use super::findings::{Findings, Planted};
use crate::environment;
use crate::failure::Result;
use crate::output::Out;

/// All there is to tell.
pub(super) struct Told {
    pub(super) dir: String,
    pub(super) found: Findings,
    pub(super) handed: String,
    pub(super) package: (u8, String),
    pub(super) drill: (u8, String),
    pub(super) intact: String,
    /// Whether ledger and package hold.
    pub(super) verified: bool,
    pub(super) flipped: String,
    /// Whether the changed copy does not.
    pub(super) tampered: bool,
    pub(super) broken: String,
}

/// Prints it.
pub(super) fn print(told: &Told, planted: &[Planted], out: &mut Out) -> Result<()> {
    out.line("A quarter of a fictional company: 12 services in 4 regions, 40 people")?;
    out.line("")?;
    out.line("`ledger verify` says:")?;
    block(&told.intact, out)?;
    out.line("")?;
    out.line("What was planted, and the tests that say so:")?;
    let mut missed = 0;
    for row in planted {
        let seen = told.found.all.iter().any(|finding| row.is(finding));
        missed += usize::from(!seen);
        let mark = if seen { "▲" } else { "◆ NOT FOUND" };
        out.line(format!("{mark} {:<38} {} {}  {}", row.told, row.test, row.code, row.item))?;
    }
    let strange: Vec<_> = told.found.strange(planted).collect();
    for ((test, code, item), sentence) in &strange {
        out.line(format!("◆ NOT PLANTED {test} {code} {item}: {sentence}"))?;
    }
    let all = planted.len();
    out.line(format!(
        "{} of {all} found; {} found that nobody planted",
        all - missed,
        strange.len()
    ))?;
    let mut states = BTreeMap::new();
    states.extend(told.found.states.iter().map(|(state, count)| (state.as_str(), *count)));
    let states: Vec<String> = states
        .iter()
        .map(|(state, count)| format!("{count} {}", state.replace('_', " ")))
        .collect();
    out.line(format!("Controls: {}", states.join(", ")))?;
    out.line("")?;
    out.line("The evidence package:")?;
    block(&told.handed, out)?;
    out.line("`ledger verify` says of it:")?;
    block(&told.package.1, out)?;
    out.line("")?;
    out.line("`ledger drill` says:")?;
    block(told.drill.1.lines().next_back().unwrap_or_default(), out)?;
    out.line("")?;
    files(&told.dir, out)?;
    out.line("")?;
    out.line(format!("One byte flipped in a copy: {}", told.flipped))?;
    out.line("`ledger verify` says about the copy:")?;
    block(&told.broken, out)?;
    out.object([
        ("folder", Value::text(&told.dir)),
        ("planted", Value::count(all as u64)),
        ("found", Value::count((all - missed) as u64)),
        ("strange", Value::count(strange.len() as u64)),
        ("verified", Value::Bool(told.verified)),
        ("tampering_seen", Value::Bool(told.tampered)),
    ])
}

fn files(dir: &str, out: &mut Out) -> Result<()> {
    let ledger = environment::program();
    out.line(format!("All files are in {dir}:"))?;
    out.line("  ledger, state, keys, company.toml, auditor.policy: what commands stand on")?;
    out.line("  transcript.txt: each command that made it")?;
    out.line("  report/: the quarter as pages, tables and one document; evidence.zip: what an auditor gets")?;
    out.line("Next:")?;
    out.line(format!("  export LEDGER_DIR={dir}/ledger LEDGER_STATE={dir}/state"))?;
    out.line(format!("  {ledger} facts --deployment d-14"))?;
    out.line(format!("  {ledger} exception list --period 2026-Q3 --overlay {dir}/company.toml"))?;
    out.line(format!("  {ledger} verify {dir}/evidence.zip --policy {dir}/auditor.policy"))
}

fn block(text: &str, out: &mut Out) -> Result<()> {
    text.lines().try_for_each(|line| out.line(format!("  {line}")))
}
