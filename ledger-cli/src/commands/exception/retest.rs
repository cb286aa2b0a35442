//! `ledger exception retest`

use clap::Args;
use ledger_core::encoding::hex;
use ledger_core::exception::{may_retest, passed};
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::time::Timestamp;

use super::about::{About, Over, begin, life};
use crate::commands::speaker::By;
use crate::context::Context;
use crate::evaluated::{Asked, day, period};
use crate::failure::{Answer, Failure, Result};
use crate::output::talk;

/// Test again what was repaired, and record that it passes
///
/// Evaluates the exception's control over the period. All its items of the same test that happened since
/// the repair must pass, and there must be some. The run is named by the digest of the whole result.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger exception retest x-41d2c7a9e0b35f6841d2c7a9e0b35f68 --from 2026-10-01 --to 2026-12-31 --as hr:3318 --key bea.pem"
)]
pub(crate) struct Retest {
    /// The exception
    id: String,
    /// First day of the period, UTC
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Timestamp,
    /// Last day of the period, UTC
    #[arg(long, value_name = "DAY", value_parser = day)]
    to: Timestamp,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    by: By,
}

pub(super) fn run(args: &Retest, context: &mut Context) -> Result<Answer> {
    let period = period(args.from, args.to)?;
    let (speaker, facts) = begin(&args.by, context, &args.id)?;
    let life = life(&facts, &args.id)?;
    let by_law = |error| Failure::by_law(&error);
    may_retest(&life, &facts, speaker.who, speaker.now).map_err(by_law)?;
    let evaluation = args.asked.evaluate(period, context)?.evaluation;
    let count = passed(&life, &evaluation).map_err(by_law)?;
    let digest = Sha256::of(evaluation.document().to_canonical().as_bytes());
    let run: String = hex(&digest.0).chars().take(32).collect();
    talk(format!("note: {count} items since {} pass", life.repaired()));
    let about = About::of(&args.id, &Over::none(), &facts, context)?;
    about.say("retested", vec![("retest", Value::text(format!("t-{run}")))], speaker, context)
}
