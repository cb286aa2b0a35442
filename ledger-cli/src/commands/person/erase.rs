//! `ledger person erase`

use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::custody::{self, Erasure, Plan, Request};
use ledger_core::json::Value;
use ledger_core::retention::Class;

use crate::commands::owner::{self, Acting, Owner, Where};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::hook::spool::Place;
use crate::output::{Out, talk};
use crate::{clock, files, keys, random};

/// Erase a person: names, texts and originals are destroyed, every proof still holds
///
/// The order is appended first and carried out then; if the machine stops between, the next command of
/// the owner finishes. A hold refuses, a minimum of the rules restricts:
/// `ledger person erase github:583231 --basis gdpr-17-1-b --actor hr:17 --approver hr:4 --key officer.pem`.
#[derive(Args, Debug)]
pub(crate) struct Erase {
    /// Pseudonym, or account as ISSUER:ID
    person: String,
    /// Ground: `gdpr-17-1-a` to `gdpr-17-1-f`, or one of the rules
    #[arg(long)]
    basis: String,
    /// Keep a class, with a ground of GDPR Art 17(3) or a statute of the rules; may be repeated
    #[arg(long = "refuse", value_name = "CLASS=GROUND")]
    refusals: Vec<String>,
    /// Rules of retention, JSON
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    acting: Acting,
    #[command(flatten)]
    at: Where,
}

pub(super) fn run(args: &Erase, context: &mut Context) -> Result<Answer> {
    let rules = owner::rules(args.rules.as_ref())?;
    let refusals = args.refusals.iter().map(|text| refusal(text)).collect::<Result<Vec<_>>>()?;
    let (actor, approvers) = (args.acting.actor()?, args.acting.approvers()?);
    let signing = keys::load_all(&args.acting.keys)?;
    let signers = keys::signers(&signing);
    let mut owner = args.at.open(context)?;
    spools(&owner, context)?;
    let person = owner::person(&owner.ledger, &args.person)?;
    owner.vault.absorb(&mut owner.ledger, random::bytes()?, &mut |_, _| {})?;
    let now = clock::now()?;
    let request = Request { person, basis: &args.basis, refusals: &refusals };
    let plan = owner.vault.plan(&owner.ledger, &rules, &request, now).map_err(|error| {
        if error.code().starts_with("basis") { error.into() } else { Failure::by_law(&error) }
    })?;
    if args.dry_run {
        show(&plan, None, None, &mut context.out)?;
        return Ok(Answer::Yes);
    }
    let by = Erasure { actor: &actor, approvers: &approvers, now };
    let mut entries = Vec::new();
    for draft in custody::draft(&plan, &by) {
        entries.push(owner.append(&draft, &signers)?);
    }
    let done = owner.vault.carry_out(&mut owner.ledger, random::bytes()?).map_err(|error| {
        Failure::from(error)
            .hint("the order stands in the log; run `ledger vault absorb` to carry it out")
    })?;
    if done.unsearched > 0 {
        talk(format!(
            "note: {} of the originals are no text that can be searched; they were destroyed whole",
            done.unsearched
        ));
    }
    if done.set_aside > 0 {
        talk(format!(
            "note: {} files of the inbox that had been set aside were destroyed: nobody can tell whom they name",
            done.set_aside
        ));
    }
    show(&plan, Some(&entries), Some(done), &mut context.out)?;
    Ok(Answer::Yes)
}

/// What waits in a spool would arrive after the erasure, and its person as somebody new: so it is
/// delivered first. What was refused is no event any more, and only its keeper can delete it.
fn spools(owner: &Owner, context: &Context) -> Result<()> {
    for place in Place::reach(&files::absolute(Path::new("."))?, &context.state()?) {
        for name in place.names()? {
            let waiting = place.peek(&name)?.filter(|spool| {
                spool.ledger == *owner.ledger.origin() && !spool.waiting.is_empty()
            });
            if waiting.is_some() {
                return Err(Failure::new("spool-waiting", "events wait to be delivered from here")
                    .within(place.shown())
                    .hint("run `ledger flush` first: what arrives later names the person anew"));
            }
        }
        for file in place.left_over() {
            talk(format!(
                "note: `{}` keeps what the ledger refused, sealed to this host; delete it if it may name the person",
                file.display()
            ));
        }
    }
    Ok(())
}

fn refusal(text: &str) -> Result<(Class, String)> {
    let (class, ground) = text.split_once('=').ok_or_else(|| {
        Failure::new("refusal", format!("`{text}` does not say what is refused"))
            .hint("write CLASS=GROUND, like `original=gdpr-17-3-b`")
    })?;
    Ok((Class::parse(class)?, ground.to_owned()))
}

fn show(
    plan: &Plan,
    entries: Option<&[u64]>,
    done: Option<custody::Outcome>,
    out: &mut Out,
) -> Result<()> {
    let classes = plan.decisions.iter().map(|(class, decision)| {
        let mut members =
            vec![("class", Value::text(class.word())), ("decision", Value::text(decision.word()))];
        members.extend(decision.ground().map(|ground| ("ground", Value::text(ground))));
        members.extend(decision.reason().map(|reason| ("reason", Value::text(reason))));
        Value::object(members)
    });
    let persons = plan.persons.iter().map(|name| Value::text(name.to_string()));
    let mut members = vec![
        ("basis", Value::text(&plan.basis)),
        ("classes", Value::List(classes.collect())),
        ("persons", Value::List(persons.collect())),
    ];
    if let Some(entries) = entries {
        let entries = entries.iter().map(|entry| Value::count(*entry)).collect();
        members.push(("entries", Value::List(entries)));
    }
    if let Some(done) = done {
        members.push(("attachments", Value::count(done.attachments)));
        members.push(("set_aside", Value::count(done.set_aside)));
        members.push(("texts", Value::count(done.texts)));
        members.push(("unsearched", Value::count(done.unsearched)));
    }
    out.value(&Value::object(members))?;
    for name in &plan.persons {
        out.line(format!("person       {name}"))?;
    }
    for (class, decision) in &plan.decisions {
        let reason = decision.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
        out.line(format!("{:<12} {}{reason}", class.word(), decision.word()))?;
    }
    if let Some(done) = done {
        out.line(format!("destroyed    {} texts, {} originals", done.texts, done.attachments))?;
    }
    for entry in entries.into_iter().flatten() {
        out.line(format!("erased       by entry {entry}"))?;
    }
    Ok(())
}
