//! `ledger approve`

use clap::Args;

use crate::approval::{self, Decision, How, What};
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::hook;

/// Approve a change: this artifact, in this environment, with this configuration
///
/// Shows first what the ledger says: what changed since the digest that was approved last, where the
/// artifact comes from, reviews, tests, scans, gates, waivers and what others decided. What is not recorded
/// is said to be missing. Then it asks, and signs with the person's own key. The event names the digest of
/// what was shown. Where the key is on a machine without the ledger: --request here, --from and --out
/// there, `ledger append --signed` here.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger approve PAY-42 --artifact sha256:d223a729c13fef201f03d7fbe6d9278ce8487f4586756807021f7206fb1215a1 --environment production --role release_manager --as hr:1042 --key ada.pem"
)]
pub(crate) struct Approve {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    how: How,
    /// Until when it holds: a time, or a duration like P7D
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Ask this server and deliver to it, https://HOST:PORT, in the place of --ledger
    #[arg(long, value_name = "URL")]
    to: Option<String>,
}

/// Approves.
pub(crate) fn run(args: &Approve, context: &mut Context) -> Result<Answer> {
    let until = args.until.as_deref().map(approval::until).transpose()?;
    let data = until.map(|until| ("valid_until", until)).into_iter().collect();
    let decision = Decision { word: "granted", verb: "approve", shown: None, data };
    if let Some(address) = &args.to {
        hook::to(address, context)?;
    }
    approval::run(&args.what, &args.how, &decision, context)
}
