//! `ledger revoke`

use clap::Args;
use ledger_core::json::Value;

use crate::approval::{self, Decision, How, What};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::hook;

/// Revoke an approval
///
/// Artifact, environment and configuration are those of the approval, as the ledger has it. What is said
/// holds from its entry on; the approval itself stays in the ledger.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger revoke PAY-42 --approval approval-5b1f09c2d7a84e63b0ff --role release_manager --as hr:1042 --key ada.pem"
)]
pub(crate) struct Revoke {
    /// The change that was approved
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    change: Option<String>,
    /// The approval that is revoked, by its id
    #[arg(long, value_name = "ID")]
    approval: String,
    #[command(flatten)]
    how: How,
    /// Ask this server and deliver to it, https://HOST:PORT, in the place of --ledger
    #[arg(long, value_name = "URL")]
    to: Option<String>,
}

/// Revokes.
pub(crate) fn run(args: &Revoke, context: &mut Context) -> Result<Answer> {
    if args.approval.trim().is_empty() {
        return Err(Failure::new("field-empty", "the value is empty")
            .within("--approval")
            .hint("an unset variable is no value"));
    }
    if let Some(address) = &args.to {
        hook::to(address, context)?;
    }
    let what = match &args.change {
        Some(change) => What::of_approval(change, &args.approval, context)?,
        None => What::nothing(),
    };
    let data = vec![("of", Value::text(&args.approval))];
    let shown = Some(("revokes", args.approval.clone()));
    let decision = Decision { word: "revoked", verb: "revoke", shown, data };
    approval::run(&what, &args.how, &decision, context)
}
