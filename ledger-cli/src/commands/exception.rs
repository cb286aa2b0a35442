//! `ledger exception`

mod about;
mod assign;
mod close;
mod disposition;
mod list;
mod respond;
mod retest;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::{Answer, Result};

pub(crate) use about::{About, Over, facts};

/// What was found wrong: who sees to it, what it is, how it ends
///
/// An exception is one item that a test found wrong for a control; its id is the same in every run. Each
/// step is an entry, signed by the person's own key (`append:exception.changed`), and none erases
/// the finding.
#[derive(Subcommand, Debug)]
pub(crate) enum Exception {
    List(list::List),
    Assign(assign::Assign),
    Disposition(disposition::Dispose),
    Respond(respond::Respond),
    Retest(retest::Retest),
    Close(close::Close),
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Exception, context: &mut Context) -> Result<Answer> {
    match args {
        Exception::List(args) => list::run(args, context),
        Exception::Assign(args) => assign::run(args, context),
        Exception::Disposition(args) => disposition::run(args, context),
        Exception::Respond(args) => respond::run(args, context),
        Exception::Retest(args) => retest::run(args, context),
        Exception::Close(args) => close::run(args, context),
    }
}
