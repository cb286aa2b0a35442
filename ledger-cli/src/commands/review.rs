//! `ledger review`

mod assign;
mod close;
mod decide;
mod due;
mod export;
mod import;
mod open;
mod reconcile;
mod room;
mod schedule;
mod session;
mod verify;
mod workbook;

use clap::Subcommand;

use crate::commands::report;
use crate::context::Context;
use crate::failure::{Answer, Result};

/// Review access: who may deploy, and who should
///
/// A review is frozen from what was observed, given to managers and owners by rule, decided by each with
/// their own key, and carried out when a later listing lacks what was taken away. It is never deleted.
#[derive(Subcommand, Debug)]
pub(crate) enum Review {
    Reconcile(reconcile::Reconcile),
    Open(open::Open),
    Assign(assign::Assign),
    Due(due::Due),
    Decide(decide::Decide),
    Close(close::Close),
    Verify(verify::Verify),
    Schedule(schedule::Schedule),
    Export(export::Export),
    Import(import::Import),
    Report(report::review::Review),
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Review, context: &mut Context) -> Result<Answer> {
    match args {
        Review::Reconcile(args) => reconcile::run(args, context),
        Review::Open(args) => open::run(args, context),
        Review::Assign(args) => assign::run(args, context),
        Review::Due(args) => due::run(args, context),
        Review::Decide(args) => decide::run(args, context),
        Review::Close(args) => close::run(args, context),
        Review::Verify(args) => verify::run(args, context),
        Review::Schedule(args) => schedule::run(args, context),
        Review::Export(args) => export::run(args, context),
        Review::Import(args) => import::run(args, context),
        Review::Report(args) => report::review::run(args, context),
    }
}
