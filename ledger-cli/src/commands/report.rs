//! `ledger report`

mod past;
mod quarter;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::{Answer, Result};

/// Reports that people sign
#[derive(Subcommand, Debug)]
pub(crate) enum Report {
    Quarter(quarter::Quarter),
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Report, context: &mut Context) -> Result<Answer> {
    match args {
        Report::Quarter(args) => quarter::run(args, context),
    }
}
