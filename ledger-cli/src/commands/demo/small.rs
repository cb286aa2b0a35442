//! The small demonstration: a release history of nine weeks that fits on a screen.

mod history;

use std::path::Path;
use std::sync::Arc;

use ledger_core::json::Value;
use ledger_core::signer;
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;
use ledger_core::verify::Verdict;

use super::{copy_folder, flip};
use crate::commands::verify;
use crate::context::{Context, PATIENCE, folder_at};
use crate::failure::{Answer, Failure, Result};
use crate::output::Out;
use crate::state::State;
use crate::verified::{self, Known};
use crate::{environment, files};

/// Records, verifies, tampers with a copy, verifies again.
pub(super) fn run(dir: &Path, context: &mut Context) -> Result<Answer> {
    let path = dir.join("ledger");
    let state = State::at(dir.join("state"));
    let store: Arc<dyn Store> = Arc::new(Dir::create(&path, PATIENCE)?);
    let mut history = history::record(Arc::clone(&store))?;
    history.write_keys(&dir.join("keys"))?;
    state.pin(history.ledger.origin(), &path)?;
    let last = history.ledger.end();
    state.remember(history.ledger.origin(), last.size.saturating_sub(1), last.last)?;
    let signed = signer::sign(&history.ledger, None, &history.signer)?;
    state.keep_signed(history.ledger.origin(), &signed.memory)?;
    signer::publish(&store, &signed)?;
    history.ledger.catch_up(1, 0)?;
    let policy = history.policy()?;
    files::create(&dir.join("auditor.policy"), policy.as_bytes(), 0o644)?;

    let out = &mut context.out;
    out.line(format!("Recorded {} events of three services in {}", last.size, path.display()))?;
    out.line("")?;
    out.line("`ledger verify` says:")?;
    let intact = verified::check(&folder_at(&path, state.clone())?, &Known::default())?;
    verify::print(&intact, out)?;

    let copy = dir.join("tampered");
    copy_folder(&path, &copy)?;
    let flipped = flip(&copy)?;
    out.line("")?;
    out.line(format!("One byte flipped in a copy: {flipped}"))?;
    out.line("")?;
    out.line("`ledger verify` says about the copy:")?;
    let tampered = verified::check(&folder_at(&copy, state)?, &Known::default())?;
    verify::print(&tampered, out)?;
    next_steps(dir, out)?;
    out.object([
        ("folder", Value::text(dir.display().to_string())),
        ("intact", verify::value(&intact)),
        ("tampered", verify::value(&tampered)),
    ])?;
    if intact.verdict == Verdict::Holds && tampered.verdict == Verdict::DoesNotHold {
        return Ok(Answer::Yes);
    }
    Err(Failure::refused("demo", "verification did not say what it should have said"))
}

fn next_steps(dir: &Path, out: &mut Out) -> Result<()> {
    let dir = dir.display();
    let ledger = environment::program();
    out.line("")?;
    out.line(format!("All files are in {dir}: ledger, tampered, keys, state, auditor.policy"))?;
    out.line("Next:")?;
    out.line(format!("  export LEDGER_DIR={dir}/ledger LEDGER_STATE={dir}/state"))?;
    out.line(format!("  {ledger} log --subject service:payments"))?;
    out.line(format!("  {ledger} prove 20 --to {dir}/20.proof"))?;
    out.line(format!(
        "  {ledger} show 20 --raw | {ledger} verify {dir}/20.proof --policy {dir}/auditor.policy --entry -"
    ))
}
