//! `ledger report review`, which is `ledger review report` too

use clap::{Args, Parser};
use ledger_core::check::{Context as Asking, Parameters, Period};
use ledger_core::report::Matter;
use ledger_core::review::sheet::Told;
use ledger_core::review::{DAYS, Desk, limits};
use ledger_core::schema::words::Reference;
use ledger_core::time::{DAY, Timestamp};

use super::change::over;
use super::folder::{self, Brought, quoted};
use super::quarter::absent;
use super::release::times;
use crate::asked;
use crate::context::Context;
use crate::evaluated::{Blobs, Evaluated};
use crate::failure::{Answer, Failure, Result};
use crate::frozen;

/// Report an access review: whether it asked about all, who decided how, what is proven
///
/// The tests are run over the days from its first to its last entry. The document is signed like any
/// report, by `ledger sign-off`. Status 0: no exceptions. 1: exceptions. 2: it cannot be told.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger review report uar-2026-q4 --out uar\nExample: ledger report review uar-2026-q4 --out uar"
)]
pub(crate) struct Review {
    /// Its id
    #[arg(value_name = "CAMPAIGN")]
    id: String,
    #[command(flatten)]
    brought: Brought,
}

/// Finds its entries, evaluates the days of them, and writes the brief.
pub(crate) fn run(args: &Review, context: &mut Context) -> Result<Answer> {
    asked::id("CAMPAIGN", &args.id)?;
    let evaluated = evaluated(args, context, || args.brought.make_folder())?;
    let words = words(args);
    matter(args, &evaluated, |matter| args.brought.write(&words, &evaluated, matter, context))
}

/// A report as its own command asks for it.
#[derive(Parser, Debug)]
#[command(no_binary_name = true)]
struct Again {
    #[command(flatten)]
    review: Review,
}

/// The document that a report's own command makes of another folder; `said` are the words behind
/// `ledger report review`.
///
/// Codes `report-command` (the words are none), `report-given` (it asks for files that are not there).
pub(crate) fn again(said: &[String], context: &Context) -> Result<Vec<u8>> {
    let Again { review } = Again::try_parse_from(said).map_err(|_| {
        Failure::new("report-command", "the command of the report is none that is known here")
    })?;
    if review.brought.asked.is_given_files() {
        return Err(absent());
    }
    let evaluated = evaluated(&review, context, || Ok(()))?;
    let words = words(&review);
    let brief =
        matter(&review, &evaluated, |matter| review.brought.brief(&words, &evaluated, matter))?;
    Ok(folder::line(brief.document().to_canonical()))
}

fn words(args: &Review) -> String {
    format!("review {}", quoted(&args.id))
}

/// The days of its entries, evaluated; `ready` is done once it is known that there are any.
fn evaluated(
    args: &Review,
    context: &Context,
    ready: impl FnOnce() -> Result<()>,
) -> Result<Evaluated> {
    let (_, ledger) = context.open()?;
    let size = args.brought.asked.as_of.unwrap_or(u64::MAX).min(ledger.size());
    let times = times(&ledger, Reference::Campaign, &args.id, size)?;
    if times.is_empty() {
        return Err(Failure::new(
            "review-none",
            format!("no entry speaks of review `{}`", args.id),
        )
        .hint("ids are written as they were recorded; `ledger review schedule` lists them"));
    }
    ready()?;
    over(times.into_iter(), size, &ledger, &args.brought.asked, context)
}

/// What is told of the review.
fn matter<T>(
    args: &Review,
    evaluated: &Evaluated,
    then: impl FnOnce(&Matter<'_>) -> Result<T>,
) -> Result<T> {
    let blobs = Blobs(&*evaluated.folder.store);
    let limits = limits(&evaluated.first()?.resolved)?;
    let desk = desk(&args.id, evaluated, &blobs, &limits);
    let told = Told::of(&desk, frozen::standing(&desk, &args.id, &evaluated.ledger)?);
    then(&Matter::Review(&told))
}

/// What is looked up, as the evaluation has it: the same limits, the same clock.
fn desk<'e>(
    campaign: &str,
    evaluated: &'e Evaluated,
    blobs: &'e Blobs<'e>,
    parameters: &'e Parameters,
) -> Desk<'e> {
    let evaluation = &evaluated.evaluation;
    let opened = evaluated.facts.campaign_opened.of(Reference::Campaign, campaign).next();
    let from = opened.map_or(evaluation.question.period.from, |row| row.at.occurred);
    let from = Timestamp::from_micros(from.micros().saturating_sub(DAYS * DAY)).unwrap_or(from);
    Desk::of(Asking {
        facts: &evaluated.facts,
        period: Period { from, to: evaluation.question.cutoff },
        now: evaluation.question.cutoff,
        regime: None,
        parameters,
        calendar: &evaluation.question.calendar,
        attachments: blobs,
        matrix: Some(&evaluation.question.matrix),
        verified: None,
    })
}
