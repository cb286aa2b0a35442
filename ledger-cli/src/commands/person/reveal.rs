//! `ledger person reveal` and `ledger person export`

use clap::Args;
use ledger_core::custody::{Opened, erased_by};
use ledger_core::json::{Value, read};
use ledger_core::retention::{REVEAL, REVEAL_RESTRICTED, one_of};
use ledger_core::vault::persons::Pseudonym;
use ledger_core::vault::record::Known;

use crate::commands::owner::{self, Acting, Owner, Where};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{clock, keys, random};

/// Say who stands behind a pseudonym; recorded before a name is printed
///
/// `ledger person reveal qfa3mkubk5ghd665leuff2bavq --basis audit --actor hr:17 --approver hr:4 --key officer.pem`.
#[derive(Args, Debug)]
pub(crate) struct Reveal {
    /// Pseudonym, or account as ISSUER:ID
    person: String,
    /// Ground: audit, incident, legal-claim, data-subject-request or operations
    #[arg(long)]
    basis: String,
    #[command(flatten)]
    acting: Acting,
    #[command(flatten)]
    at: Where,
}

/// Print everything that is kept about a person, for that person; recorded first
///
/// `ledger person export github:583231 --actor hr:17 --approver hr:4 --key officer.pem --json`.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// Pseudonym, or account as ISSUER:ID
    person: String,
    #[command(flatten)]
    acting: Acting,
    #[command(flatten)]
    at: Where,
}

pub(super) fn run(args: &Reveal, context: &mut Context) -> Result<Answer> {
    one_of(&args.basis, &REVEAL, &[])?;
    let (name, known, entry, _) =
        revealed(&args.person, &args.basis, &args.acting, &args.at, context)?;
    let out = &mut context.out;
    out.object([
        ("entry", Value::count(entry)),
        ("known", Value::List(known.iter().map(value).collect())),
        ("pseudonym", Value::text(name.to_string())),
    ])?;
    out.line(format!("person       {name}"))?;
    for known in &known {
        out.line(format!("account      {}", spelled(known)))?;
    }
    out.line(format!("recorded     as entry {entry}"))?;
    Ok(Answer::Yes)
}

pub(super) fn export(args: &Export, context: &mut Context) -> Result<Answer> {
    let basis = "data-subject-request";
    let (name, known, entry, owner) =
        revealed(&args.person, basis, &args.acting, &args.at, context)?;
    let texts = owner.vault.open_person(name)?;
    let out = &mut context.out;
    out.object([
        ("entry", Value::count(entry)),
        ("known", Value::List(known.iter().map(value).collect())),
        ("pseudonym", Value::text(name.to_string())),
        ("texts", Value::List(texts.iter().map(text).collect::<Result<_>>()?)),
    ])?;
    out.line(format!("person       {name}"))?;
    for known in &known {
        out.line(format!("account      {}", spelled(known)))?;
    }
    for opened in &texts {
        let value = String::from_utf8_lossy(&opened.text.disclosure.value).into_owned();
        out.line(format!("entry {}  {}  {value}", opened.entry, opened.text.pointer))?;
    }
    out.line(format!("recorded     as entry {entry}"))?;
    Ok(Answer::Yes)
}

/// Looks the person up, records that, and only then gives the names.
fn revealed(
    person: &str,
    basis: &str,
    acting: &Acting,
    at: &Where,
    context: &Context,
) -> Result<(Pseudonym, Vec<Known>, u64, Owner)> {
    let (actor, approvers) = (acting.actor()?, acting.approvers()?);
    let signing = keys::load_all(&acting.keys)?;
    let mut owner = at.open(context)?;
    owner.vault.absorb(&mut owner.ledger, random::bytes()?, &mut |_, _| {})?;
    let name = owner::person(&owner.ledger, person)?;
    if let Some(entry) = erased_by(&owner.ledger)?.get(&name) {
        let message = format!("person `{name}` was erased by entry {entry}");
        return Err(Failure::refused("person-erased", message));
    }
    let Some(record) = owner.vault.person(name)?.filter(|record| !record.known.is_empty()) else {
        return Err(Failure::new("person-unknown", format!("the vault has no name of `{name}`"))
            .hint("run `ledger vault absorb`, or restore the vault that had it"));
    };
    if let Some(entry) = record.restricted_by
        && !REVEAL_RESTRICTED.contains(&basis)
    {
        let message = format!("the record of `{name}` was restricted by entry {entry}");
        return Err(Failure::refused("person-restricted", message).hint(
            "a restricted record is used only for a legal claim or at the person's request",
        ));
    }
    let data = Value::object([
        ("approvers", Value::List(approvers)),
        ("basis", Value::text(basis)),
        ("pseudonym", Value::text(name.to_string())),
    ]);
    let draft = Value::object([
        ("actor", Value::object([("id", actor), ("kind", Value::text("human"))])),
        ("data", data),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("type", Value::text("person.revealed")),
    ]);
    let entry = owner.append(&draft, &keys::signers(&signing))?;
    Ok((name, record.known, entry, owner))
}

fn value(known: &Known) -> Value {
    let mut members = vec![("id", Value::text(&known.id)), ("issuer", Value::text(&known.issuer))];
    members.extend(known.email.iter().map(|text| ("email", Value::text(text))));
    members.extend(known.name.iter().map(|text| ("name", Value::text(text))));
    Value::object(members)
}

fn spelled(known: &Known) -> String {
    let mut text = format!("{}:{}", known.issuer, known.id);
    for more in known.name.iter().chain(&known.email) {
        text.push_str("  ");
        text.push_str(more);
    }
    text
}

fn text(opened: &Opened) -> Result<Value> {
    Ok(Value::object([
        ("index", Value::count(opened.entry)),
        ("pointer", Value::text(&opened.text.pointer)),
        ("value", read(&opened.text.disclosure.value)?),
    ]))
}
