//! `ledger report review`, which is `ledger review report` too

use clap::Args;
use ledger_core::check::{Context as Asking, Parameters, Period};
use ledger_core::report::Matter;
use ledger_core::review::sheet::Told;
use ledger_core::review::standing::Standing;
use ledger_core::review::{Desk, limits};
use ledger_core::schema::words::Reference;
use ledger_core::time::{DAY, Timestamp};

use super::change::over;
use super::folder::{Brought, quoted};

use crate::asked;
use crate::context::Context;
use crate::evaluated::{Blobs, Evaluated};
use crate::failure::{Answer, Failure, Result};
use crate::frozen;

/// Days of use before a review opened.
const DAYS: u64 = 90;

/// Report an access review: whether it asked about all, who decided how, what is proven
///
/// The tests are run over the days from its first to its last entry. The document is signed like any
/// report, by `ledger sign-off`. Status 0: no exceptions. 1: exceptions. 2: it cannot be told.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger review report uar-2026-q4 --out uar")]
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
    let (_, ledger) = context.open()?;
    let size = args.brought.asked.as_of.unwrap_or(u64::MAX).min(ledger.size());
    let reference = ledger_core::schema::joins::thing(Reference::Campaign, &args.id);
    let found = ledger.find(ledger_core::index::Kind::Subject, &reference, usize::MAX)?;
    let own = found.iter().filter(|posting| posting.index < size);
    let time = |posting: &ledger_core::index::Posting| {
        ledger.entry(posting.index, |entry| entry.event.occurred_at)
    };
    let times: Vec<Timestamp> = own.map(time).collect::<std::result::Result<_, _>>()?;
    if times.is_empty() {
        return Err(Failure::new(
            "review-none",
            format!("no entry speaks of review `{}`", args.id),
        )
        .hint("ids are written as they were recorded; `ledger review schedule` lists them"));
    }
    args.brought.make_folder()?;
    let evaluated = over(times.into_iter(), size, &ledger, &args.brought.asked, context)?;
    let blobs = Blobs(&*evaluated.folder.store);
    let limits = limits_of(&evaluated)?;
    let desk = desk(&args.id, &evaluated, &blobs, &limits);
    let told = told(&args.id, &evaluated, &desk)?;
    let words = format!("review {}", quoted(&args.id));
    args.brought.write(&words, &evaluated, &Matter::Review(&told), context)
}

/// The limits that held when the period began.
fn limits_of(evaluated: &Evaluated) -> Result<Parameters> {
    match evaluated.evaluation.slices.first() {
        Some(slice) => Ok(limits(&slice.resolved)?),
        None => Err(Failure::new("period", "the period has no part")),
    }
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

fn told<'e>(campaign: &str, evaluated: &'e Evaluated, desk: &Desk<'e>) -> Result<Told<'e>> {
    let opened = evaluated.facts.campaign_opened.of(Reference::Campaign, campaign).next();
    let evidence = match opened {
        Some(opened) => frozen::evidence(&evaluated.ledger, opened.at.index)?,
        None => Vec::new(),
    };
    let standing = Standing::of(desk, campaign, evidence);
    Ok(Told::of(desk, standing.map_err(|error| Failure::by_law(&error))?))
}
