//! `ledger anchor missed`

use std::path::PathBuf;

use clap::Args;
use ledger_core::json::Value;
use ledger_core::time::Timestamp;

use crate::commands::speaker::filled;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{clock, delivery, keys, seen};

/// Record that an anchor that was due did not come
///
/// It is the event `anchor.missed`: a report counts it until the same anchor is recorded as attached. A gap that
/// nobody recorded would look like one that nobody had.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger anchor missed rfc3161/2026-09-30 --due 2026-09-30T23:59:59.000000Z --reason tsa-unreachable --key ci.pem"
)]
pub(crate) struct Missed {
    /// How the anchor is called
    #[arg(value_name = "ID")]
    anchor: String,
    /// When it was due
    #[arg(long, value_name = "TIME")]
    due: String,
    /// Why it did not come, like `tsa-unreachable`
    #[arg(long, value_name = "CODE")]
    reason: String,
    /// Key that records it, a file or agent:SHA256:… [or LEDGER_KEY]
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
}

/// Records it.
pub(super) fn run(args: &Missed, context: &mut Context) -> Result<Answer> {
    let due = Timestamp::parse(args.due.as_bytes())
        .map_err(|error| Failure::from(error).within("--due"))?;
    let reason = filled("--reason", &args.reason)?;
    let anchor = filled("ID", &args.anchor)?;
    let now = clock::now()?;
    if due > now {
        return Err(Failure::new(
            "anchor-due",
            format!("it is due at {due}, which is still to come"),
        )
        .within("--due")
        .hint("what is not due yet was not missed"));
    }
    let key = keys::load_one(args.key.as_ref())?;
    let (folder, mut ledger, sight) = seen::open(context)?;
    let data = [("due", Value::text(due.to_string())), ("reason_code", Value::text(reason))];
    let draft = Value::object([
        ("type", Value::text("anchor.missed")),
        ("occurred_at", Value::text(now.to_string())),
        ("subject", Value::object([("anchor", Value::text(anchor))])),
        ("data", Value::object(data)),
    ]);
    let receipt = delivery::one(&mut ledger, &sight, &draft, "anchors", &[&key])
        .map_err(|failure| folder.place(failure).hint("the key needs `append:anchor.missed`"))?;
    delivery::settle(receipt, (&folder, &mut ledger, &sight), context)
}
