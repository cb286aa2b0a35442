//! `ledger sample`

mod commit;
mod draw;
mod population;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::{Answer, Result};

/// Fix a population, then draw from it by a seed that somebody else gives
///
/// `ledger-core/spec/sample.md` says how to draw again by hand.
#[derive(Subcommand, Debug)]
pub(crate) enum Sample {
    Commit(commit::Commit),
    Draw(draw::Draw),
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Sample, context: &mut Context) -> Result<Answer> {
    match args {
        Sample::Commit(args) => commit::run(args, context),
        Sample::Draw(args) => draw::run(args, context),
    }
}
