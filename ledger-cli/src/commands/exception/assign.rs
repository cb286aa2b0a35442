//! `ledger exception assign`

use clap::Args;
use ledger_core::exception::{Life, may_change};
use ledger_core::json::Value;

use super::about::{About, Over, begin};
use crate::approval;
use crate::commands::speaker::By;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::keys;

/// Give an exception an owner, and a time by which it is done
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger exception assign x-41d2c7a9e0b35f6841d2c7a9e0b35f68 --owner hr:2203 --due P30D --from 2026-07-01 --to 2026-09-30 --as hr:1042 --key ada.pem"
)]
pub(crate) struct Assign {
    /// The exception
    id: String,
    /// Who sees to it
    #[arg(long, value_name = "ISSUER:ID")]
    owner: String,
    /// By when: a time, or a duration from now on
    #[arg(long, value_name = "TIME")]
    due: String,
    #[command(flatten)]
    over: Over,
    #[command(flatten)]
    by: By,
}

pub(super) fn run(args: &Assign, context: &mut Context) -> Result<Answer> {
    let owner = keys::identity(&args.owner).map_err(|failure| failure.within("--owner"))?;
    let due = approval::moment("--due", &args.due)?;
    let (speaker, facts) = begin(&args.by, context, &args.id)?;
    if let Some(life) = Life::of(&facts, &args.id) {
        may_change(&life).map_err(|error| Failure::by_law(&error))?;
    }
    let about = About::of(&args.id, &args.over, &facts, context)?;
    let more = vec![("due", Value::text(due.to_string())), ("owner", owner)];
    about.say("assigned", more, speaker, context)
}
