//! `ledger exception respond`

use clap::Args;
use ledger_core::exception::may_change;
use ledger_core::json::Value;

use super::about::{About, Over, begin, life};
use crate::approval;
use crate::commands::speaker::{By, filled};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};

/// Answer for an exception, or say that it is repaired
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger exception respond x-41d2c7a9e0b35f6841d2c7a9e0b35f68 --response 'the rule is required on all branches now' --remediated --as hr:2203 --key ben.pem"
)]
pub(crate) struct Respond {
    /// The exception
    id: String,
    /// What management answers, in words; sealed
    #[arg(long, value_name = "TEXT", required_unless_present = "remediated")]
    response: Option<String>,
    /// It is repaired: from now on it can be tested again
    #[arg(long)]
    remediated: bool,
    /// A new time by which it is done: a time, or a duration from now on
    #[arg(long, value_name = "TIME", conflicts_with = "remediated")]
    due: Option<String>,
    #[command(flatten)]
    by: By,
}

pub(super) fn run(args: &Respond, context: &mut Context) -> Result<Answer> {
    let mut more = Vec::new();
    if let Some(text) = &args.response {
        more.push(("response", Value::text(filled("--response", text)?)));
    }
    if let Some(due) = &args.due {
        more.push(("due", Value::text(approval::moment("--due", due)?.to_string())));
    }
    let (speaker, facts) = begin(&args.by, context, &args.id)?;
    may_change(&life(&facts, &args.id)?).map_err(|error| Failure::by_law(&error))?;
    let about = About::of(&args.id, &Over::none(), &facts, context)?;
    let state = if args.remediated { "remediated" } else { "responded" };
    about.say(state, more, speaker, context)
}
