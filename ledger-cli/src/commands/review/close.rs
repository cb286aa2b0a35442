//! `ledger review close`

use clap::{Args, ValueEnum};
use ledger_core::json::Value;
use ledger_core::schema::review::CampaignState;

use super::room::{self, Limits, Scribe};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{frozen, keys, seen};

/// Close a review, cancel it, or open it again
///
/// It is never deleted. What nobody decided is an exception, whatever becomes of it by default: status 1.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger review close uar-2026-q4 --default-action revoke --actor hr:2203 --key k.pem"
)]
pub(crate) struct Close {
    /// The review
    campaign: String,
    /// What becomes of undecided items
    #[arg(long, value_enum)]
    default_action: Default,
    /// How it ends
    #[arg(long, value_enum, default_value_t = Ends::Closed)]
    ends: Ends,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    scribe: Scribe,
}

/// What becomes of undecided items.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Default {
    Revoke,
    Retain,
    Escalate,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Ends {
    Closed,
    Cancelled,
    Reopened,
}

pub(super) fn run(args: &Close, context: &mut Context) -> Result<Answer> {
    let campaign = room::id("CAMPAIGN", &args.campaign)?;
    let (signing, actor) = (args.scribe.load()?, args.scribe.actor()?);
    let (folder, mut ledger, sight) = seen::open(context)?;
    let room = args.limits.room(&ledger)?;
    let blobs = room.blobs();
    let desk = room.desk(&blobs);
    let standing = frozen::standing(&desk, campaign, &ledger)?;
    let (state, action) = words(args);
    match (standing.closed(), args.ends) {
        (None, Ends::Reopened) => {
            return Err(Failure::refused("review-open", format!("review `{campaign}` is open")));
        }
        (Some((before, entry)), Ends::Closed | Ends::Cancelled) => {
            let before = before.as_str();
            let message = format!("review `{campaign}` was {before} by entry {entry}");
            return Err(Failure::refused("review-closed", message).hint("it ends once"));
        }
        _ => {}
    }
    let counts = standing.counts();
    let told = Value::object([
        ("certified", Value::count(counts.certified)),
        ("modified", Value::count(counts.modified)),
        ("revoked", Value::count(counts.revoked)),
        ("undecided", Value::count(counts.undecided)),
    ]);
    let data = vec![
        ("counts", told.clone()),
        ("default_action", Value::text(action)),
        ("state", Value::text(state.as_str())),
    ];
    let more = vec![("counts", told)];
    let draft = room::draft("campaign.closed", campaign, &actor, room.now, data);
    room::record(
        (&folder, &mut ledger, &sight),
        &[draft],
        &keys::signers(&signing),
        more,
        context,
    )?;
    context.out.line(format!(
        "{} certified, {} revoked, {} modified, {} undecided",
        counts.certified, counts.revoked, counts.modified, counts.undecided
    ))?;
    let open = counts.undecided > 0 && args.ends == Ends::Closed;
    if open {
        context.out.line("▲ undecided items are an exception, whatever becomes of them")?;
    }
    Ok(if open { Answer::No } else { Answer::Yes })
}

fn words(args: &Close) -> (CampaignState, &'static str) {
    let state = match args.ends {
        Ends::Closed => CampaignState::Closed,
        Ends::Cancelled => CampaignState::Cancelled,
        Ends::Reopened => CampaignState::Reopened,
    };
    let action = match args.default_action {
        Default::Revoke => "revoke",
        Default::Retain => "retain",
        Default::Escalate => "escalate",
    };
    (state, action)
}
