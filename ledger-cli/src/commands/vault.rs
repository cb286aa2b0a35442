//! `ledger vault`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger_core::custody;
use ledger_core::json::Value;

use crate::commands::owner::{self, Where};
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::output::talk;
use crate::progress::Progress;
use crate::random;

/// Take in, check, back up and restore what the log seals
#[derive(Subcommand, Debug)]
pub(crate) enum Vault {
    Absorb(Absorb),
    Check(Check),
    Backup(Backup),
    Restore(Restore),
}

/// Take in what appenders left in the inbox
///
/// Each disclosure is held against the entry that seals it. A file that cannot be read is set aside
/// with its reason, and the rest goes on. Run it as often as you like: `ledger vault absorb`.
#[derive(Args, Debug)]
pub(crate) struct Absorb {
    #[command(flatten)]
    at: Where,
}

/// Derive every pseudonym of the log again from what was disclosed
///
/// Holds when each is what its identity gives; cannot tell where an identity was erased or is not
/// here; does not hold where one contradicts the log: `ledger vault check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    #[command(flatten)]
    at: Where,
}

/// Copy the vault into a new folder
///
/// The secret key is not in the copy; keep it apart: `ledger vault backup /mnt/vault-2026-07`.
#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// New folder
    to: PathBuf,
    #[command(flatten)]
    at: Where,
}

/// Make a backup the vault of the ledger again
///
/// Persons whom the log says were erased are erased from it before it is used:
/// `ledger vault restore /mnt/vault-2026-07`.
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// Folder of the backup
    from: PathBuf,
    #[command(flatten)]
    at: Where,
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Vault, context: &mut Context) -> Result<Answer> {
    match args {
        Vault::Absorb(args) => absorb(args, context),
        Vault::Check(args) => check(args, context),
        Vault::Backup(args) => backup(args, context),
        Vault::Restore(args) => restore(args, context),
    }
}

fn absorb(args: &Absorb, context: &mut Context) -> Result<Answer> {
    let mut owner = args.at.open_or_make(context)?;
    let bar = Progress::of("files");
    let done = owner.vault.absorb(&mut owner.ledger, random::bytes()?, &mut |done, all| {
        bar.at(done, all);
    })?;
    drop(bar);
    let out = &mut context.out;
    let refused = done.set_aside.iter().map(|refused| {
        Value::object([
            ("code", Value::text(refused.code)),
            ("message", Value::text(&refused.message)),
            ("name", Value::text(&refused.name)),
        ])
    });
    let refused: Vec<Value> = refused.collect();
    out.object([
        ("attachments", Value::count(done.attachments)),
        ("disclosures", Value::count(done.disclosures)),
        ("erased", Value::count(done.erased)),
        ("files", Value::count(done.files)),
        ("known", Value::count(done.known)),
        ("orphaned", Value::count(done.orphaned)),
        ("set_aside", Value::List(refused)),
        ("unopened", Value::count(done.unopened)),
        ("waiting", Value::count(done.waiting)),
    ])?;
    for (name, count) in [
        ("files", done.files),
        ("disclosures", done.disclosures),
        ("attachments", done.attachments),
        ("known", done.known),
        ("orphaned", done.orphaned),
        ("unopened", done.unopened),
        ("erased", done.erased),
        ("waiting", done.waiting),
    ] {
        if count > 0 || matches!(name, "files" | "disclosures") {
            out.line(format!("{name:<12} {count}"))?;
        }
    }
    for refused in &done.set_aside {
        talk(format!("note: `{}` was set aside: {}", refused.name, refused.message));
    }
    Ok(Answer::Yes)
}

fn check(args: &Check, context: &mut Context) -> Result<Answer> {
    let owner = args.at.open(context)?;
    let bar = Progress::of("entries");
    let done = owner.vault.check(&owner.ledger, &mut |done, all| bar.at(done, all))?;
    drop(bar);
    let untold: u64 = done.untold.iter().map(|(_, count)| count).sum();
    let (answer, word) = if !done.faults.is_empty() {
        (Answer::No, "does not hold")
    } else if untold > 0 {
        (Answer::CannotTell, "cannot tell")
    } else {
        (Answer::Yes, "holds")
    };
    let faults = done.faults.iter().map(|fault| {
        Value::object([
            ("derived", Value::text(fault.derived.to_string())),
            ("found", Value::text(fault.found.to_string())),
            ("index", Value::count(fault.entry)),
            ("pointer", Value::text(&fault.pointer)),
        ])
    });
    let counts = done.untold.iter().map(|(why, count)| (why.word(), Value::count(*count)));
    let out = &mut context.out;
    out.object([
        ("by_key", Value::count(done.by_key)),
        ("derived", Value::count(done.derived)),
        ("entries", Value::count(done.entries)),
        ("faults", Value::List(faults.collect())),
        ("opened", Value::count(done.opened)),
        ("untold", Value::object(counts)),
        ("verdict", Value::text(word)),
    ])?;
    out.line(format!("pseudonyms   {word}"))?;
    out.line(format!("entries      {}", done.entries))?;
    out.line(format!("derived      {}", done.derived))?;
    for (why, count) in &done.untold {
        out.line(format!("{:<12} {count}", why.word()))?;
    }
    for fault in &done.faults {
        let (found, derived) = (fault.found, fault.derived);
        out.line(format!(
            "entry {}: {} is {found}, its identity gives {derived}",
            fault.entry, fault.pointer
        ))?;
    }
    Ok(answer)
}

fn backup(args: &Backup, context: &mut Context) -> Result<Answer> {
    let owner = args.at.open(context)?;
    custody::backup(&owner.vault, &owner.ledger, &owner::home_at(&args.to)?)?;
    context.out.object([("backup", Value::text(args.to.display().to_string()))])?;
    context.out.line(format!("backup       {}", args.to.display()))?;
    Ok(Answer::Yes)
}

fn restore(args: &Restore, context: &mut Context) -> Result<Answer> {
    let (folder, mut ledger) = context.open_to_append()?;
    let secret = args.at.secret(&folder)?;
    let from = owner::home_in(&args.from)?;
    let to = args.at.home(&folder)?;
    let vault = custody::restore(from, to, &mut ledger, &secret, random::bytes()?)?;
    let persons = vault.persons()?.len() as u64;
    let erased = custody::erased_by(&ledger)?.len() as u64;
    let out = &mut context.out;
    out.object([("erased", Value::count(erased)), ("persons", Value::count(persons))])?;
    out.line(format!("persons      {persons}"))?;
    out.line(format!("erased       {erased} stay erased"))?;
    Ok(Answer::Yes)
}
