//! `ledger report`

mod metrics;
mod past;
mod quarter;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::{Answer, Result};

/// Reports that people sign
#[derive(Subcommand, Debug)]
pub(crate) enum Report {
    Metrics(metrics::Metrics),
    Quarter(quarter::Quarter),
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Report, context: &mut Context) -> Result<Answer> {
    match args {
        Report::Metrics(args) => metrics::run(args, context),
        Report::Quarter(args) => quarter::run(args, context),
    }
}
