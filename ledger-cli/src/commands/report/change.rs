//! `ledger report change`

use clap::Args;
use ledger_core::check::Period;
use ledger_core::fact::dossier::{Dossier, Thing};
use ledger_core::fact::sought::Until;
use ledger_core::ledger::Ledger;
use ledger_core::report::Matter;
use ledger_core::time::Timestamp;

use super::folder::{Brought, quoted};
use crate::asked;
use crate::context::Context;
use crate::evaluated::{Asked, Evaluated, day_on_wall};
use crate::failure::{Answer, Failure, Result};

/// Report one change: what the tests say of it, who agreed, what is missing, what happened
///
/// The tests are run over the days, in the calendar's zone, from the first to the last of its entries.
/// Status 0: no exceptions. 1: exceptions. 2: it cannot be told.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger report change PAY-42 --out pay-42")]
pub(crate) struct Change {
    /// Its id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    brought: Brought,
}

/// Finds its entries, evaluates the days of them, and writes the brief.
pub(super) fn run(args: &Change, context: &mut Context) -> Result<Answer> {
    let id = asked::id("ID", &args.id)?;
    let (_, ledger) = context.open()?;
    let size = args.brought.asked.as_of.unwrap_or(u64::MAX).min(ledger.size());
    let dossier = Dossier::of(&Until { source: &ledger, size }, Thing::Change(id))?;
    args.brought.make_folder()?;
    let times = dossier.lines.iter().map(|line| line.at.occurred);
    let evaluated = over(times, size, &ledger, &args.brought.asked, context)?;
    let words = format!("change {}", quoted(&args.id));
    args.brought.write(&words, &evaluated, &Matter::Change(&dossier), context)
}

/// Evaluates the days on the wall from the first to the last of these moments, over the first entries of
/// the ledger and everything that was recorded of them; code `period` where there is none.
pub(super) fn over(
    times: impl Iterator<Item = Timestamp> + Clone,
    size: u64,
    ledger: &Ledger,
    asked: &Asked,
    context: &Context,
) -> Result<Evaluated> {
    let zone = asked.fiscal()?.days().zone.clone();
    let begins = |at: Timestamp, more: u64| zone.begins(zone.day(at) + more).unwrap_or(at);
    let (Some(first), Some(last)) = (times.clone().min(), times.max()) else {
        return Err(Failure::new("period", "no entry says when it happened"));
    };
    let newest = match size.checked_sub(1) {
        Some(index) => ledger.entry(index, |entry| entry.recorded_at)?,
        None => last,
    };
    let mut asked = asked.clone();
    asked.cutoff = asked.cutoff.or_else(|| day_on_wall(newest, &zone));
    asked.as_of = Some(size);
    asked.evaluate(Period { from: begins(first, 0), to: begins(last, 1) }, context)
}
