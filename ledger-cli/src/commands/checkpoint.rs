//! `ledger checkpoint`

use std::path::PathBuf;

use clap::Args;
use ledger_core::error::Error;
use ledger_core::json::Value;
use ledger_core::signer;

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::keys;
use crate::state::State;

/// Sign and publish a checkpoint of the ledger as it stands
///
/// The key has the single capability `checkpoint` and is never one that appends. The signer
/// remembers in the state folder what it signed last, and refuses a ledger that does not continue it.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger checkpoint --key signer.pem")]
pub(crate) struct Checkpoint {
    /// Key file of the signer
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Signs, remembers, publishes: in this order.
pub(crate) fn run(args: &Checkpoint, context: &mut Context) -> Result<Answer> {
    let key = keys::load_file(args.key.as_ref())?;
    let (folder, ledger) = context.open_to_append()?;
    let _lock = folder.state.lock(&format!("{}.lock", State::signer(&folder.origin)))?;
    let memory = folder.state.signed(&folder.origin)?;
    let by_law = |error: Error| Failure::by_law(&error).within(folder.shown());
    let signed = signer::sign(&ledger, memory.as_ref(), &key).map_err(by_law)?;
    folder.state.keep_signed(&folder.origin, &signed.memory)?;
    let note = signer::publish(&folder.store, &signed)?;
    if context.out.json() {
        context.out.object([
            ("note", Value::text(String::from_utf8_lossy(&note))),
            ("root", Value::text(signed.checkpoint.root().to_base64())),
            ("size", Value::count(signed.checkpoint.size())),
        ])?;
    } else {
        context.out.bytes(&note)?;
    }
    Ok(Answer::Yes)
}
