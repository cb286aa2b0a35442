//! `ledger demo`

mod history;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use ledger_core::json::Value;
use ledger_core::segment;
use ledger_core::signer;
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;
use ledger_core::verify::Verdict;

use crate::commands::verify;
use crate::context::{Context, PATIENCE, folder_at};
use crate::environment;
use crate::failure::{Answer, Failure, Result};
use crate::output::Out;
use crate::state::State;
use crate::verified::{self, Known};
use crate::{files, random};

/// Record a small release history, verify it, and show what a flipped byte does
///
/// Keys, times and salts come from a fixed seed, so the history is the same each time. It goes the way
/// of every event: sealed, signed, through the door, into the log.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// New folder for the demonstration; without it one below the system's temporary folder
    dir: Option<PathBuf>,
}

/// Records, verifies, tampers with a copy, verifies again.
pub(crate) fn run(args: &Demo, context: &mut Context) -> Result<Answer> {
    let dir = new_folder(args)?;
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
    next_steps(&dir, out)?;
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

fn new_folder(args: &Demo) -> Result<PathBuf> {
    let dir = if let Some(dir) = &args.dir {
        dir.clone()
    } else {
        let name = ledger_core::encoding::hex(&random::bytes::<4>()?);
        environment::temporary().join(format!("ledger-demo-{name}"))
    };
    let shown = dir.display().to_string();
    match std::fs::read_dir(&dir).map(Iterator::count) {
        Ok(0) => {}
        Ok(_) => {
            return Err(Failure::new("folder-taken", "the folder is not empty")
                .within(shown)
                .hint("name a new folder; nothing was changed"));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Dir::create(&dir, PATIENCE).map_err(|error| Failure::from(error).within(shown))?;
        }
        Err(error) => {
            return Err(
                Failure::new("io", format!("cannot read the folder: {error}")).within(shown)
            );
        }
    }
    files::absolute(&dir)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let fail = |error: std::io::Error| {
        Failure::new("io", format!("cannot copy `{}`: {error}", from.display()))
    };
    std::fs::create_dir_all(to).map_err(fail)?;
    for entry in std::fs::read_dir(from).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(fail)?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).map_err(fail)?;
        }
    }
    Ok(())
}

/// Changes one hex digit of the digest that an approval was given for.
fn flip(copy: &Path) -> Result<String> {
    let file = copy.join(segment::name(0));
    let mut bytes = files::read(&file)?;
    let wanted = b"\"for\":{\"artifact\":\"sha256:";
    let fail = || Failure::new("demo", "there is no approval to tamper with");
    let at = bytes.windows(wanted.len()).position(|window| window == wanted).ok_or_else(fail)?;
    let at = at + wanted.len();
    let byte = bytes.get_mut(at).ok_or_else(fail)?;
    let before = *byte;
    *byte = if before == b'a' { b'b' } else { b'a' };
    let told = format!(
        "`{}` became `{}` in the digest that an approval was given for",
        char::from(before),
        char::from(*byte)
    );
    files::replace(&file, &bytes, 0o644, false)?;
    Ok(told)
}
