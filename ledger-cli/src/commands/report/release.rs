//! `ledger report release` and `ledger report train`

use clap::Args;
use ledger_core::index::Kind;
use ledger_core::ledger::Ledger;
use ledger_core::report::Matter;
use ledger_core::schema::joins;
use ledger_core::schema::words::Reference;
use ledger_core::time::Timestamp;

use super::change::over;
use super::folder::{Brought, quoted};
use crate::asked;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};

/// Report one release: its bill, its readiness, its gates, where it went
///
/// Status 0: both verdicts in front hold. 1: one does not. 2: it cannot be told.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger report release 2026.9 --out release")]
pub(crate) struct Release {
    /// Its id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    brought: Brought,
}

/// Report one release train: its stops, and the bills of its releases
///
/// Status 0: both verdicts in front hold. 1: one does not. 2: it cannot be told.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger report train september --out train")]
pub(crate) struct Train {
    /// Its id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    brought: Brought,
}

/// Writes the brief of a release.
pub(super) fn release(args: &Release, context: &mut Context) -> Result<Answer> {
    let matter = Matter::Release(&args.id);
    one(&args.id, Reference::Release, &args.brought, &matter, context)
}

/// Writes the brief of a train.
pub(super) fn train(args: &Train, context: &mut Context) -> Result<Answer> {
    let matter = Matter::Train(&args.id);
    one(&args.id, Reference::Train, &args.brought, &matter, context)
}

fn one(
    id: &str,
    reference: Reference,
    brought: &Brought,
    matter: &Matter<'_>,
    context: &mut Context,
) -> Result<Answer> {
    asked::id("ID", id)?;
    let (_, ledger) = context.open()?;
    let size = brought.asked.as_of.unwrap_or(u64::MAX).min(ledger.size());
    let times = times(&ledger, reference, id, size)?;
    if times.is_empty() {
        let code = if reference == Reference::Train { "train-none" } else { "release-none" };
        let message = format!("no entry speaks of {} `{id}`", reference.as_str());
        return Err(Failure::new(code, message)
            .hint("ids are written as they were recorded; `ledger log` lists entries"));
    }
    brought.make_folder()?;
    let evaluated = over(times.into_iter(), size, &ledger, &brought.asked, context)?;
    let words = format!("{} {}", matter.word(), quoted(id));
    brought.write(&words, &evaluated, matter, context)
}

/// When the entries that speak of it happened.
pub(super) fn times(
    ledger: &Ledger,
    reference: Reference,
    id: &str,
    size: u64,
) -> Result<Vec<Timestamp>> {
    let found = ledger.find(Kind::Subject, &joins::thing(reference, id), usize::MAX)?;
    let own = found.iter().filter(|posting| posting.index < size);
    let time = |posting: &ledger_core::index::Posting| {
        ledger.entry(posting.index, |entry| entry.event.occurred_at)
    };
    Ok(own.map(time).collect::<std::result::Result<_, _>>()?)
}
