//! `ledger retention`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger_core::custody::{Due, Erasure};
use ledger_core::json::Value;
use ledger_core::retention::Class;

use crate::commands::owner::{self, Acting, Where};
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::output::Out;
use crate::{clock, keys, random};

/// Say what is past its time, and destroy it
#[derive(Subcommand, Debug)]
pub(crate) enum Retention {
    Plan(Plan),
    Run(Run),
}

/// List what would go, and what stays and why; changes nothing
///
/// `ledger retention plan --rules rules.json`.
#[derive(Args, Debug)]
pub(crate) struct Plan {
    /// Rules, JSON; without it those that came with the program
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    at: Where,
}

/// Destroy what is past its time, and record it
///
/// Identities are not destroyed here: each needs a ground, `ledger person erase`. Example:
/// `ledger retention run --actor hr:17 --approver hr:4 --key officer.pem`.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Rules, JSON; without it those that came with the program
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    acting: Acting,
    #[command(flatten)]
    at: Where,
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Retention, context: &mut Context) -> Result<Answer> {
    match args {
        Retention::Plan(args) => plan(args, context),
        Retention::Run(args) => execute(args, context),
    }
}

fn plan(args: &Plan, context: &mut Context) -> Result<Answer> {
    let rules = owner::rules(args.rules.as_ref())?;
    let owner = args.at.open(context)?;
    let due = owner.vault.due(&owner.ledger, &rules, clock::now()?)?;
    show(&due, &[], &mut context.out)?;
    Ok(Answer::Yes)
}

fn execute(args: &Run, context: &mut Context) -> Result<Answer> {
    let rules = owner::rules(args.rules.as_ref())?;
    let (actor, approvers) = (args.acting.actor()?, args.acting.approvers()?);
    let signing = keys::load_all(&args.acting.keys)?;
    let signers = keys::signers(&signing);
    let mut owner = args.at.open(context)?;
    owner.vault.absorb(&mut owner.ledger, random::bytes()?, &mut |_, _| {})?;
    let now = clock::now()?;
    let all = owner.vault.due(&owner.ledger, &rules, now)?;
    let by = Erasure { actor: &actor, approvers: &approvers, now };
    let mut entries = Vec::new();
    for due in all.iter().filter(|due| due.class != Class::Identity) {
        // recorded first: if we stop between, what is recorded is still due, and goes the next time
        let Some(draft) = due.draft(&by) else { continue };
        entries.push(owner.append(&draft, &signers)?);
        owner.vault.execute(&owner.ledger, due)?;
    }
    show(&all, &entries, &mut context.out)?;
    Ok(Answer::Yes)
}

fn show(all: &[Due], entries: &[u64], out: &mut Out) -> Result<()> {
    let mut members = vec![("classes", Value::List(all.iter().map(value).collect()))];
    if !entries.is_empty() {
        let entries = entries.iter().map(|entry| Value::count(*entry)).collect();
        members.push(("entries", Value::List(entries)));
    }
    out.value(&Value::object(members))?;
    for due in all {
        let class = due.class.word();
        match due.maximum_days {
            None => out.line(format!("{class:<12} stays: no maximum ({})", due.citation))?,
            Some(days) => {
                let (count, held) = (due.count, due.held);
                out.line(format!("{class:<12} {count} past {days} days ({})", due.citation))?;
                if held > 0 {
                    let holds: Vec<&str> = due.holds.iter().map(String::as_str).collect();
                    out.line(format!("{:<12} {held} stay: held by `{}`", "", holds.join("`, `")))?;
                }
            }
        }
    }
    out.line(format!("{:<12} stays: the log is never erased", "entries"))?;
    for entry in entries {
        out.line(format!("recorded     as entry {entry}"))?;
    }
    Ok(())
}

fn value(due: &Due) -> Value {
    let holds = due.holds.iter().map(Value::text).collect();
    let mut members = vec![
        ("citation", Value::text(&due.citation)),
        ("class", Value::text(due.class.word())),
        ("count", Value::count(due.count)),
        ("held", Value::count(due.held)),
        ("holds", Value::List(holds)),
        ("list_digest", Value::text(due.list_digest.to_reference())),
        ("rule", Value::text(&due.rule)),
        ("trigger", Value::text(&due.trigger)),
    ];
    members.extend(due.maximum_days.map(|days| ("maximum_days", Value::count(days))));
    if let Some((from, to)) = due.span {
        members.push(("from", Value::text(from.to_string())));
        members.push(("to", Value::text(to.to_string())));
    }
    Value::object(members)
}
