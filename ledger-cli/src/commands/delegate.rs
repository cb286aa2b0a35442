//! `ledger delegate`

use clap::Args;

use crate::approval::{self, Decision, How, What};
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::keys;

/// Let another person decide about a change in one's place
///
/// Shows, asks and signs as `ledger approve` does. It holds for this artifact in this environment alone, and
/// the other person still decides with a key of their own.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger delegate PAY-42 --to hr:1077 --until P3D --artifact sha256:d223a729c13fef201f03d7fbe6d9278ce8487f4586756807021f7206fb1215a1 --environment production --role release_manager --as hr:1042 --key ada.pem"
)]
pub(crate) struct Delegate {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    how: How,
    /// Who decides instead
    #[arg(long, value_name = "ISSUER:ID")]
    to: String,
    /// Until when: a time, or a duration like P7D
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Delegates.
pub(crate) fn run(args: &Delegate, context: &mut Context) -> Result<Answer> {
    let to = keys::identity(&args.to).map_err(|failure| failure.within("--to"))?;
    let mut data = vec![("delegate_to", to)];
    let until = args.until.as_deref().map(approval::until).transpose()?;
    data.extend(until.map(|until| ("valid_until", until)));
    let shown = Some(("to", args.to.clone()));
    let decision = Decision { word: "delegated", verb: "delegate", shown, data };
    approval::run(&args.what, &args.how, &decision, context)
}
