//! `ledger review schedule`

use clap::Args;
use ledger_core::json::Value;
use ledger_core::review::schedule::{Slot, Trigger, schedule, triggers};

use super::room::Limits;
use crate::context::Context;
use crate::failure::{Answer, Result};

/// List which systems are to be reviewed when, and what asks for a review of one person
///
/// Systems under a regime or of tier 1 each quarter, all others twice a year. A move, the breaking of the
/// glass, access that somebody gave to themself and a risk that was accepted of somebody ask for a micro
/// review within five days of work. Status 1 where something is late.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger review schedule --json")]
pub(crate) struct Schedule {
    #[command(flatten)]
    limits: Limits,
}

pub(super) fn run(args: &Schedule, context: &mut Context) -> Result<Answer> {
    let (_, ledger) = context.open()?;
    let room = args.limits.room(&ledger)?;
    let blobs = room.blobs();
    let desk = room.desk(&blobs);
    let (slots, triggers) = (schedule(&desk), triggers(&desk));
    let out = &mut context.out;
    out.object([
        ("systems", Value::List(slots.iter().map(slot).collect())),
        ("triggers", Value::List(triggers.iter().map(trigger).collect())),
    ])?;
    let mark = |late: bool| if late { "▲ late" } else { "" };
    for one in &slots {
        let last = one.last.as_ref().map_or("never", |(id, _)| id.as_str());
        let open = if one.is_open { ", open" } else { "" };
        let (id, every, due) = (&one.system, one.every, one.due);
        out.line(format!("{id}  {every}  last {last}{open}  next {due}  {}", mark(one.is_late)))?;
    }
    for one in &triggers {
        let done = one.campaign.as_deref().unwrap_or("no review");
        out.line(format!(
            "{} {}  at {}  due {}  {done}  {}",
            one.kind,
            one.id,
            one.at,
            one.due,
            mark(one.is_late)
        ))?;
    }
    let late = slots.iter().any(|one| one.is_late) || triggers.iter().any(|one| one.is_late);
    Ok(if late { Answer::No } else { Answer::Yes })
}

fn slot(one: &Slot) -> Value {
    let mut members = vec![
        ("due", Value::text(one.due.to_string())),
        ("every", Value::text(one.every)),
        ("late", Value::Bool(one.is_late)),
        ("open", Value::Bool(one.is_open)),
        ("system", Value::text(&one.system)),
    ];
    if let Some((id, at)) = &one.last {
        members.push(("last", Value::text(id)));
        members.push(("last_opened", Value::text(at.to_string())));
    }
    Value::object(members)
}

fn trigger(one: &Trigger) -> Value {
    let mut members = vec![
        ("at", Value::text(one.at.to_string())),
        ("due", Value::text(one.due.to_string())),
        ("entry", Value::count(one.entry)),
        ("id", Value::text(&one.id)),
        ("kind", Value::text(one.kind)),
        ("late", Value::Bool(one.is_late)),
    ];
    members.extend(one.campaign.as_ref().map(|id| ("campaign", Value::text(id))));
    members.extend(one.who.map(|who| ("person", Value::text(who.to_string()))));
    Value::object(members)
}
