//! `ledger reject`

use clap::Args;

use crate::approval::{self, Decision, How, What};
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::hook;

/// Reject a change: this artifact must not go to this environment
///
/// Shows, asks and signs as `ledger approve` does. A rejection is a decision as an approval is; neither
/// takes the other back.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger reject PAY-42 --artifact sha256:d223a729c13fef201f03d7fbe6d9278ce8487f4586756807021f7206fb1215a1 --environment production --role release_manager --as hr:1042 --key ada.pem --comment 'tests of the payout are missing'"
)]
pub(crate) struct Reject {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    how: How,
    /// Ask this server and deliver to it, https://HOST:PORT, in the place of --ledger
    #[arg(long, value_name = "URL")]
    to: Option<String>,
}

/// Rejects.
pub(crate) fn run(args: &Reject, context: &mut Context) -> Result<Answer> {
    let decision = Decision { word: "rejected", verb: "reject", shown: None, data: Vec::new() };
    if let Some(address) = &args.to {
        hook::to(address, context)?;
    }
    approval::run(&args.what, &args.how, &decision, context)
}
