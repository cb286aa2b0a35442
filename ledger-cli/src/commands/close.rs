//! `ledger close`

use clap::Args;

use crate::commands::record;
use crate::context::Context;
use crate::delivery;
use crate::failure::{Answer, Result};
use crate::hook::{Hook, Next, Options};

/// End the stream of this job, so that nobody can add to it and none of it can be missing unseen
///
/// Records `stream.closed` with the length of the stream. What is recorded after it is a new stream.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger close --key ci.pem")]
pub(crate) struct Close {
    #[command(flatten)]
    options: Options,
}

/// Closes the stream.
pub(crate) fn run(args: &Close, context: &mut Context) -> Result<Answer> {
    let mut hook = Hook::begin(&args.options, context)?;
    if !hook.is_open()? {
        context.out.object([("open", ledger_core::json::Value::Bool(false))])?;
        context.out.line("no stream of this job is open")?;
        return Ok(Answer::Yes);
    }
    let told = hook.record(&Next::Close, |receipts| delivery::acknowledge(receipts, context))?;
    record::tell(told, hook.require_ack, context)
}
