//! `ledger person`

mod erase;
mod hold;
mod link;
mod reveal;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger_core::custody;
use ledger_core::index::Kind;
use ledger_core::json::Value;
use ledger_core::person::Persons;

use crate::commands::owner;
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::{clock, delivery, keys, seen};

/// Show, link, reveal, export and erase persons, and hold their records
#[derive(Subcommand, Debug)]
pub(crate) enum Person {
    Show(Show),
    Link(link::Link),
    Reveal(reveal::Reveal),
    Export(reveal::Export),
    Erase(erase::Erase),
    Hold(hold::Hold),
}

/// Show what the log says of a person, without a name
///
/// `ledger person show qfa3mkubk5ghd665leuff2bavq` or `ledger person show github:583231`.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// Pseudonym, or account as ISSUER:ID
    person: String,
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Person, context: &mut Context) -> Result<Answer> {
    match args {
        Person::Show(args) => show(args, context),
        Person::Link(args) => link::run(args, context),
        Person::Reveal(args) => reveal::run(args, context),
        Person::Export(args) => reveal::export(args, context),
        Person::Erase(args) => erase::run(args, context),
        Person::Hold(args) => hold::run(args, context),
    }
}

/// Signs and records one event about persons.
fn record(draft: &Value, keys: &[PathBuf], context: &mut Context) -> Result<Answer> {
    let signing = keys::load_all(keys)?;
    let (folder, mut ledger, sight) = seen::open(context)?;
    let receipt = delivery::one(&mut ledger, &sight, draft, "vault", &keys::signers(&signing))?;
    delivery::settle(receipt, (&folder, &mut ledger, &sight), context)
}

fn show(args: &Show, context: &mut Context) -> Result<Answer> {
    let (_, ledger) = context.open()?;
    let name = owner::person(&ledger, &args.person)?;
    let now = clock::now()?;
    let persons = Persons::of(&ledger)?;
    let linked = persons.linked(name, now).value;
    let records = persons.records_of_one(name, now).value;
    let erased = custody::erased_by(&ledger)?.get(&name).copied();
    let entries = ledger.find(Kind::Person, &name.to_string(), usize::MAX)?;
    let mut indexes: Vec<u64> = entries.iter().map(|posting| posting.index).collect();
    indexes.sort_unstable();
    let out = &mut context.out;
    let texts = |items: Vec<String>| Value::List(items.into_iter().map(Value::Text).collect());
    let others: Vec<String> =
        linked.iter().filter(|other| **other != name).map(ToString::to_string).collect();
    let mut members = vec![
        ("entries", Value::count(indexes.len() as u64)),
        ("linked", texts(others.clone())),
        ("pseudonym", Value::text(name.to_string())),
        ("records", texts(records.iter().cloned().collect())),
    ];
    members.extend(erased.map(|entry| ("erased_by", Value::count(entry))));
    out.value(&Value::object(members))?;
    out.line(format!("person       {name}"))?;
    for other in others {
        out.line(format!("linked       {other}"))?;
    }
    for record in records {
        out.line(format!("record       {record}"))?;
    }
    out.line(format!("entries      {}", indexes.len()))?;
    if let (Some(first), Some(last)) = (indexes.first(), indexes.last()) {
        out.line(format!("from, to     {first}, {last}"))?;
    }
    if let Some(entry) = erased {
        out.line(format!("erased       by entry {entry}"))?;
    }
    Ok(Answer::Yes)
}
