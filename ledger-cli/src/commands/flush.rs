//! `ledger flush`

use clap::Args;
use ledger_core::json::Value;

use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::hook::{Hook, Options};
use crate::output::talk;

/// Deliver what waits in the spool
///
/// What the ledger refuses is kept beside the spool, told on standard error, and declared to the ledger
/// as a gap of its stream.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger flush --key ci.pem")]
pub(crate) struct Flush {
    #[command(flatten)]
    options: Options,
}

/// Delivers.
pub(crate) fn run(args: &Flush, context: &mut Context) -> Result<Answer> {
    let mut hook = Hook::begin(&args.options, context)?;
    let (delivered, waiting) = hook.flush()?;
    context.out.object([
        ("delivered", Value::count(delivered as u64)),
        ("waiting", Value::count(waiting as u64)),
    ])?;
    context.out.line(format!("delivered {delivered}, waiting {waiting}"))?;
    if waiting == 0 {
        return Ok(Answer::Yes);
    }
    if let Some(failure) = hook.away() {
        talk(format!("note: the ledger is away: {failure}"));
    }
    Ok(if hook.require_ack { Answer::Spooled } else { Answer::Yes })
}
