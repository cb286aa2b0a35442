//! `ledger exception close`

use clap::Args;
use ledger_core::exception::may_close;
use ledger_core::json::Value;

use super::about::{About, Over, begin, life};
use crate::commands::speaker::By;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};

/// Close an exception that was judged, repaired and tested again
///
/// Another person than its owner closes it, after a retest by another person over the whole time. What
/// is a false positive needs no retest, and an accepted risk needs an acceptance in force.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger exception close x-41d2c7a9e0b35f6841d2c7a9e0b35f68 --as hr:3318 --key bea.pem"
)]
pub(crate) struct Close {
    /// The exception
    id: String,
    #[command(flatten)]
    by: By,
}

pub(super) fn run(args: &Close, context: &mut Context) -> Result<Answer> {
    let (speaker, facts) = begin(&args.by, context, &args.id)?;
    let life = life(&facts, &args.id)?;
    let retest = may_close(&args.id, &life, &facts, speaker.who, speaker.now)
        .map_err(|error| Failure::by_law(&error))?;
    let about = About::of(&args.id, &Over::none(), &facts, context)?;
    let mut more = vec![("closer", speaker.person.clone())];
    more.extend(retest.map(|run| ("retest", Value::text(run.as_str()))));
    about.say("closed", more, speaker, context)
}
