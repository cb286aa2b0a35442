//! `ledger ratify`

use clap::Args;

use crate::approval::{self, Decision, How, What};
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::hook;

/// Ratify what was deployed in an emergency: approve it afterwards
///
/// Shows, asks and signs as `ledger approve` does. It names the digest that went past the controls.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger ratify PAY-43 --artifact sha256:d223a729c13fef201f03d7fbe6d9278ce8487f4586756807021f7206fb1215a1 --environment production --role release_manager --as hr:1042 --key ada.pem"
)]
pub(crate) struct Ratify {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    how: How,
    /// Ask this server and deliver to it, https://HOST:PORT, in the place of --ledger
    #[arg(long, value_name = "URL")]
    to: Option<String>,
}

/// Ratifies.
pub(crate) fn run(args: &Ratify, context: &mut Context) -> Result<Answer> {
    if let Some(address) = &args.to {
        hook::to(address, context)?;
    }
    let decision = Decision { word: "ratified", verb: "ratify", shown: None, data: Vec::new() };
    approval::run(&args.what, &args.how, &decision, context)
}
