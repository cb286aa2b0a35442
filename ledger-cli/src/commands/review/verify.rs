//! `ledger review verify`

use clap::Args;
use ledger_core::json::Value;
use ledger_core::review::proof::{Proof, Shown, proofs};

use super::room::{self, Limits, Scribe};
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::{frozen, keys, seen};

/// Hold later listings against what a review took away, and record what they show
///
/// Only a whole listing that was taken after the decision, and that lacks the entitlement, proves that it
/// is gone; that somebody says so proves nothing. Status 0: all is proven gone. 1: something is still
/// listed, came back, or was used before it went and nobody looked. 2: a later listing is missing.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger review verify uar-2026-q4 --actor hr:2203 --key k.pem")]
pub(crate) struct Verify {
    /// The review
    campaign: String,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    scribe: Scribe,
}

pub(super) fn run(args: &Verify, context: &mut Context) -> Result<Answer> {
    let campaign = room::id("CAMPAIGN", &args.campaign)?;
    let (signing, actor) = (args.scribe.load()?, args.scribe.actor()?);
    let (folder, mut ledger, sight) = seen::open(context)?;
    let room = args.limits.room(&ledger)?;
    let blobs = room.blobs();
    let desk = room.desk(&blobs);
    let standing = frozen::standing(&desk, campaign, &ledger)?;
    let all = proofs(&desk, &standing);
    let news: Vec<&Proof<'_>> =
        all.iter().filter(|one| !one.is_recorded && one.shown != Shown::Nothing).collect();
    let draft = |some: &[&Proof<'_>]| {
        let items = some.iter().filter_map(|one| verified(one)).collect();
        let data = vec![("items", Value::List(items))];
        room::draft("campaign.verified", campaign, &actor, room.now, data)
    };
    let drafts: Vec<Value> = news.chunks(room::MOST).map(draft).collect();
    let more = vec![("items", Value::List(all.iter().map(value).collect()))];
    if drafts.is_empty() {
        room::told(&[], more, context)?;
    } else {
        let signers = keys::signers(&signing);
        room::record((&folder, &mut ledger, &sight), &drafts, &signers, more, context)?;
    }
    for one in &all {
        context.out.line(line(one))?;
    }
    Ok(answer(&all))
}

fn answer(all: &[Proof<'_>]) -> Answer {
    let wrong = |one: &Proof<'_>| {
        matches!(one.shown, Shown::Present(..))
            || one.again.is_some()
            || (one.uses.0 > 0 && one.looked.is_none())
    };
    if all.iter().any(wrong) {
        Answer::No
    } else if all.iter().any(|one| one.shown == Shown::Nothing) {
        Answer::CannotTell
    } else {
        Answer::Yes
    }
}

/// What an event says of an item.
fn verified(one: &Proof<'_>) -> Option<Value> {
    let (list, absent) = match one.shown {
        Shown::Nothing => return None,
        Shown::Present(list, _) => (list, false),
        Shown::Absent(list, _) => (list, true),
    };
    let mut members = vec![
        ("absent", Value::Bool(absent)),
        ("item", Value::text(&*one.item.item)),
        ("snapshot", Value::text(list.to_reference())),
    ];
    members.extend(one.executed.map(|(at, _)| ("executed_at", Value::text(at.to_string()))));
    Some(Value::object(members))
}

fn state(one: &Proof<'_>) -> &'static str {
    match one.shown {
        Shown::Nothing => "pending",
        Shown::Present(..) => "present",
        Shown::Absent(..) if one.again.is_some() => "came-back",
        Shown::Absent(..) => "gone",
    }
}

fn value(one: &Proof<'_>) -> Value {
    let mut members = vec![
        ("decided_at", Value::text(one.decided.at.to_string())),
        ("decision", Value::text(one.decided.decision.as_str())),
        ("item", Value::text(&*one.item.item)),
        ("looked_back", Value::Bool(one.looked.is_some())),
        ("state", Value::text(state(one))),
        ("uses_before_removal", Value::count(one.uses.0)),
    ];
    members.extend(one.again.map(|(at, _)| ("again_at", Value::text(at.to_string()))));
    members.extend(one.executed.map(|(at, _)| ("executed_at", Value::text(at.to_string()))));
    Value::object(members)
}

fn line(one: &Proof<'_>) -> String {
    let glyph = match state(one) {
        "gone" => "●",
        "pending" => "◆",
        _ => "▲",
    };
    let words = format!("{glyph} {}  {}", one.item.item, state(one));
    if one.uses.0 > 0 {
        let looked = if one.looked.is_some() { "looked at" } else { "nobody looked at it" };
        return format!("{words}  used {} times before it went: {looked}", one.uses.0);
    }
    words
}
