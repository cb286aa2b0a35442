//! `ledger review assign`

use clap::{Args, ValueEnum};
use ledger_core::json::Value;
use ledger_core::review::assign::{Handing, may_hand};
use ledger_core::schema::review::AssignmentCause;
use ledger_core::vault::persons::Pseudonym;

use super::room::{self, Gift, Limits, Scribe};
use crate::commands::owner;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{approval, frozen, keys, seen};

/// Give items of a review to another reviewer
///
/// Delegated: for a time, that ends before the review is due, and once only. Reassigned: for somebody who
/// left, or where the rule found nobody. Escalated: to the reviewer's own manager. Never to the subject of
/// an item, nor to an administrator of its system.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger review assign uar-2026-q4 --to hr:1077 --from hr:1042 --cause delegated --until P7D --actor hr:1042 --key k.pem"
)]
pub(crate) struct Assign {
    /// The review
    campaign: String,
    /// To whom
    #[arg(long, value_name = "ISSUER:ID")]
    to: String,
    /// From whom; without it, items that nobody has
    #[arg(long, value_name = "ISSUER:ID")]
    from: Option<String>,
    /// Why
    #[arg(long, value_enum)]
    cause: Cause,
    /// In which relationship they stand in
    #[arg(long, value_name = "ID", default_value = "stand_in")]
    relationship: String,
    /// Until when: a time, or a duration from now on
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only these items [default: all that wait there]
    #[arg(long = "item", value_name = "ID")]
    items: Vec<String>,
    /// In which stage
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    stage: u64,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    scribe: Scribe,
}

/// Why items go to another.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Cause {
    Delegated,
    Reassigned,
    Escalated,
}

impl Cause {
    fn of(self) -> AssignmentCause {
        match self {
            Self::Delegated => AssignmentCause::Delegated,
            Self::Reassigned => AssignmentCause::Reassigned,
            Self::Escalated => AssignmentCause::Escalated,
        }
    }
}

pub(super) fn run(args: &Assign, context: &mut Context) -> Result<Answer> {
    let campaign = room::id("CAMPAIGN", &args.campaign)?;
    let relationship = room::id("--relationship", &args.relationship)?;
    let person = |option: &str, text: &str| {
        keys::identity(text).map_err(|failure| failure.within(option.to_owned()))
    };
    let to_name = person("--to", &args.to)?;
    let from_name = args.from.as_ref().map(|text| person("--from", text)).transpose()?;
    let until = args.until.as_ref().map(|text| approval::moment("--until", text)).transpose()?;
    let (signing, actor) = (args.scribe.load()?, args.scribe.actor()?);
    let (folder, mut ledger, sight) = seen::open(context)?;
    let to = owner::person(&ledger, &args.to)?;
    let from = args.from.as_ref().map(|text| owner::person(&ledger, text)).transpose()?;
    let room = args.limits.room(&ledger)?;
    let blobs = room.blobs();
    let desk = room.desk(&blobs);
    let standing = frozen::standing(&desk, campaign, &ledger)?;
    let waits = |item: &str| -> bool {
        let with = standing.assignment(item, args.stage, room.now);
        let holder: Option<Pseudonym> = with.and_then(|row| row.reviewer.pseudonym);
        holder == from && standing.outcome(item).is_none()
    };
    let items: Vec<String> = if args.items.is_empty() {
        let all = standing.items().iter().map(|item| item.item.to_string());
        all.filter(|item| waits(item)).collect()
    } else {
        args.items.clone()
    };
    if items.is_empty() {
        return Err(Failure::refused("review-none-waiting", "no item waits there")
            .hint("`ledger review due` tells whom items wait for"));
    }
    let handing =
        Handing { items: &items, stage: args.stage, to, from, cause: args.cause.of(), until };
    may_hand(&desk, &standing, &handing).map_err(|error| Failure::by_law(&error))?;
    let gift = Gift {
        cause: args.cause.of().as_str(),
        relationship,
        reviewer: &to_name,
        stage: args.stage,
        from: from_name.as_ref(),
        until,
    };
    let drafts = room::assigned(campaign, &actor, room.now, &items, &gift);
    let more = vec![("items", Value::count(items.len() as u64))];
    room::record((&folder, &mut ledger, &sight), &drafts, &keys::signers(&signing), more, context)?;
    context.out.line(format!("{} items go to {to}", items.len()))?;
    Ok(Answer::Yes)
}
