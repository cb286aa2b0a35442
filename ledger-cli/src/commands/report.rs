//! `ledger report`

mod change;
mod folder;
mod issue;
mod metrics;
mod names;
mod past;
mod period;
pub(crate) mod quarter;
mod release;
pub(crate) mod review;
mod signatures;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::{Answer, Result};

/// Reports that people sign
#[derive(Subcommand, Debug)]
pub(crate) enum Report {
    Change(change::Change),
    Conflicts(period::Conflicts),
    Exceptions(period::Exceptions),
    Freeze(period::Freeze),
    Issue(issue::Issue),
    Metrics(metrics::Metrics),
    Names(names::Names),
    Quarter(quarter::Quarter),
    Release(release::Release),
    Review(review::Review),
    Signatures(signatures::Signatures),
    Train(release::Train),
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Report, context: &mut Context) -> Result<Answer> {
    match args {
        Report::Change(args) => change::run(args, context),
        Report::Conflicts(args) => period::conflicts(args, context),
        Report::Exceptions(args) => period::exceptions(args, context),
        Report::Freeze(args) => period::freeze(args, context),
        Report::Issue(args) => issue::run(args, context),
        Report::Metrics(args) => metrics::run(args, context),
        Report::Names(args) => names::run(args, context),
        Report::Quarter(args) => quarter::run(args, context),
        Report::Release(args) => release::release(args, context),
        Report::Review(args) => review::run(args, context),
        Report::Signatures(args) => signatures::run(args, context),
        Report::Train(args) => release::train(args, context),
    }
}
