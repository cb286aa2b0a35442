//! `ledger review import`

use std::path::PathBuf;

use clap::Args;
use ledger_core::review::form::Form;
use ledger_core::review::ruling::{Bench, Draft};

use super::room::{self, Limits};
use super::{decide, export, workbook};
use crate::commands::speaker::{By, Speaker};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{files, frozen};

/// Import a form that a reviewer filled in, signed by that reviewer's own key
///
/// The rows may stand in any order; one that was added, taken away or edited is named, and nothing is
/// recorded. What was imported before is left as it is.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger review import uar-2026-q4 ada.xlsx --as hr:1042 --key ada.pem"
)]
pub(crate) struct Import {
    /// The review
    campaign: String,
    /// The form: a workbook, or the document that the page saved
    form: PathBuf,
    /// Do not ask; needed where nobody can be asked
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    by: By,
}

pub(super) fn run(args: &Import, context: &mut Context) -> Result<Answer> {
    let campaign = room::id("CAMPAIGN", &args.campaign)?;
    let place = |failure: Failure| failure.within(files::shown(&args.form));
    let bytes = files::read(&args.form)?;
    let form = if bytes.starts_with(b"PK") {
        workbook::form(&bytes).map_err(place)?
    } else {
        Form::parse(&bytes).map_err(|error| place(error.into()))?
    };
    if form.campaign != campaign {
        let message = format!("the form is of review `{}`", form.campaign);
        return Err(place(Failure::refused("form-campaign", message)));
    }
    let speaker = Speaker::begin(&args.by, context)?;
    let room = args.limits.room(&speaker.ledger)?;
    let blobs = room.blobs();
    let desk = room.desk(&blobs);
    let standing = frozen::standing(&desk, campaign, &speaker.ledger)?;
    let population = standing.opened().population.digest;
    let filled = form
        .check(&export::key(&speaker.ledger)?, &population, speaker.who)
        .map_err(|error| place(Failure::by_law(&error)))?;
    let draft = |one: ledger_core::review::form::Filled| Draft {
        item: one.item,
        decision: one.decision,
        comment: one.comment,
        at: room.now,
    };
    let drafts: Vec<Draft> = filled.into_iter().map(draft).collect();
    if drafts.is_empty() {
        return Err(place(Failure::new("decide-empty", "the form decides nothing")));
    }
    let mut bench =
        Bench::of(&desk, &standing, speaker.who).map_err(|error| Failure::by_law(&error))?;
    let (ruled, known) = decide::rule(&mut bench, drafts, room.now)?;
    decide::agreed(&ruled, args.yes, context)?;
    decide::sign(campaign, ruled, known, speaker, context)
}
