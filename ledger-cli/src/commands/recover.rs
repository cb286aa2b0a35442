//! `ledger recover`

use std::path::PathBuf;

use clap::Args;
use ledger_core::json::Value;
use ledger_core::ledger::Mended;

use crate::context::Context;
use crate::delivery::{self, recovery};
use crate::environment;
use crate::failure::{Answer, Result};
use crate::{keys, output};

/// Mend what a crash or a failed sync left behind
///
/// Nothing below the head is changed: what was acknowledged is read back and checked. Lawful lines
/// past the head are kept, the rest goes to `recovered/`, and the mark of a failed sync is lifted.
/// With a key the recovery is recorded at once, without one by the next append.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger recover --key ops.pem")]
pub(crate) struct Recover {
    /// Key file that signs the record
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Recovers.
pub(crate) fn run(args: &Recover, context: &mut Context) -> Result<Answer> {
    let given = args.key.is_some() || environment::path(environment::KEY)?.is_some();
    let key = if given { Some(keys::load_one(args.key.as_ref())?) } else { None };
    let (folder, mut ledger) = context.open_to_append()?;
    let mended = ledger.recover().map_err(|error| folder.place(error.into()))?;
    let Some(mended) = mended else {
        context.out.object([("mended", Value::Bool(false))])?;
        context.out.line("nothing to mend")?;
        return Ok(Answer::Yes);
    };
    show(&mended, context)?;
    context.out.flush()?;
    if let Some(key) = key {
        let receipt = recovery::record(&mut ledger, &mended, &key)?;
        output::talk(format!("recorded as entry {}", receipt.index));
        delivery::remember(&folder, &ledger)?;
    } else {
        recovery::record_later(&folder, &mended)?;
        output::talk("the next append records it");
    }
    Ok(Answer::Yes)
}

fn show(mended: &Mended, context: &mut Context) -> Result<()> {
    let out = &mut context.out;
    out.object([
        ("digest", Value::text(&mended.digest)),
        ("head_slot", Value::Bool(mended.slot)),
        ("kept", Value::count(mended.kept)),
        ("mark_lifted", Value::Bool(mended.lifted)),
        ("mended", Value::Bool(true)),
        ("set_aside_bytes", Value::count(mended.set_aside_bytes)),
        ("size", Value::count(mended.size)),
    ])?;
    out.line(format!("entries    {}", mended.size))?;
    out.line(format!("kept       {} lawful entries past the head", mended.kept))?;
    out.line(format!("set aside  {} bytes, {}", mended.set_aside_bytes, mended.digest))?;
    if mended.lifted {
        out.line("mark       of a failed sync, lifted")?;
    }
    if mended.slot {
        out.line("head       a damaged slot, written anew")?;
    }
    Ok(())
}
