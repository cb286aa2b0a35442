//! `ledger review due`

use clap::Args;
use ledger_core::json::Value;
use ledger_core::review::standing::{Due as Waits, due};
use ledger_core::schema::words::Reference;

use super::room::Limits;
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::frozen;

/// List what waits for whom: how many items, until when, which reminder is due, to whom it escalates
///
/// Reminders are data: nothing is sent. Persons stand as pseudonyms. Status 1 where a review is late, a
/// reviewer left, or items have nobody.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger review due uar-2026-q4 --json")]
pub(crate) struct Due {
    /// Only this review [default: all that are open]
    campaign: Option<String>,
    #[command(flatten)]
    limits: Limits,
}

pub(super) fn run(args: &Due, context: &mut Context) -> Result<Answer> {
    let (_, ledger) = context.open()?;
    let room = args.limits.room(&ledger)?;
    let blobs = room.blobs();
    let ids = room.facts.campaign_opened.ids(Reference::Campaign);
    let ids: Vec<&str> = match &args.campaign {
        Some(id) => vec![id],
        None => ids.iter().map(|id| id.as_str()).collect(),
    };
    let mut all: Vec<Waits> = Vec::new();
    let desk = room.desk(&blobs);
    for id in ids {
        all.extend(due(&desk, &frozen::standing(&desk, id, &ledger)?));
    }
    let out = &mut context.out;
    out.object([("due", Value::List(all.iter().map(value).collect()))])?;
    for one in &all {
        let who = one.reviewer.map_or("nobody".to_owned(), |who| who.to_string());
        let left = if one.has_left { "  ▲ left" } else { "" };
        out.line(format!(
            "{}  {who}  stage {}  {} items  until {}  {}{left}",
            one.campaign, one.stage, one.items, one.due, one.reminder
        ))?;
    }
    let wrong = |one: &Waits| one.has_left || one.reviewer.is_none() || one.reminder == "escalate";
    Ok(if all.iter().any(wrong) { Answer::No } else { Answer::Yes })
}

fn value(one: &Waits) -> Value {
    let mut members = vec![
        ("campaign", Value::text(&one.campaign)),
        ("due", Value::text(one.due.to_string())),
        ("items", Value::count(one.items)),
        ("left", Value::Bool(one.has_left)),
        ("reminder", Value::text(one.reminder)),
        ("stage", Value::count(one.stage)),
    ];
    members.extend(one.reviewer.map(|who| ("reviewer", Value::text(who.to_string()))));
    members.extend(one.escalate_to.map(|who| ("escalate_to", Value::text(who.to_string()))));
    Value::object(members)
}
