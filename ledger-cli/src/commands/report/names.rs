//! `ledger report names`

use std::path::PathBuf;

use clap::Args;
use ledger_core::custody::erased_by;
use ledger_core::json::Value;
use ledger_core::report::Made;
use ledger_core::retention::{REVEAL, REVEAL_RESTRICTED, one_of};
use ledger_core::vault::persons::Pseudonym;
use ledger_core::vault::record::Known;

use super::{folder, past};
use crate::commands::owner::{Acting, Owner, Where};
use crate::commands::speaker::filled;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{clock, files, keys, random};

/// Make the annex of names of a report, from the vault; each name is recorded before it is written
///
/// A document of its own beside an internal report, which no erasure changes. Each person whom the vault
/// knows costs one entry, `person.revealed`. Who was erased, or is not known, stands under the
/// pseudonym, with the reason.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger report names q3/report.json --basis audit --actor hr:17 --approver hr:4 --key officer.pem --out q3-names"
)]
pub(crate) struct Names {
    /// The report, `report.json` as it was made with `--redact internal`
    report: PathBuf,
    /// Ground: audit, incident, legal-claim, data-subject-request or operations
    #[arg(long)]
    basis: String,
    /// Reference of the works agreement, where an overlay asks for one
    #[arg(long, value_name = "TEXT")]
    works_agreement: Option<String>,
    /// New folder for the annex
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    acting: Acting,
    #[command(flatten)]
    at: Where,
}

/// Reads whom the report names, records that they are named, and writes the annex.
pub(super) fn run(args: &Names, context: &mut Context) -> Result<Answer> {
    one_of(&args.basis, &REVEAL, &[])?;
    let place = |failure: Failure| failure.within(files::shown(&args.report));
    let made = Made::read(&files::read(&args.report)?).map_err(|error| place(error.into()))?;
    allowed(&made, args.works_agreement.as_deref()).map_err(place)?;
    let signing = keys::load_all(&args.acting.keys)?;
    let mut owner = args.at.open(context)?;
    past::stands(&made, &owner.ledger).map_err(place)?;
    owner.vault.absorb(&mut owner.ledger, random::bytes()?, &mut |_, _| {})?;
    files::make_folder(&args.out)?;
    let erased = erased_by(&owner.ledger)?;
    let mut all = Vec::new();
    for who in made.persons() {
        let row = match erased.get(&who) {
            Some(entry) => Row::without(who, format!("erased by entry {entry}")),
            None => revealed(who, args, &mut owner, &signing)?,
        };
        all.push(row);
    }
    let named = all.iter().filter(|row| row.why.is_none()).count() as u64;
    let digest = made.digest.to_reference();
    let document = Value::object([
        ("basis", Value::text(&args.basis)),
        ("digest", Value::text(&digest)),
        ("format", Value::text("ledger/names/v1")),
        ("persons", Value::List(all.iter().map(Row::to_json).collect())),
        ("report", Value::text(made.front("id"))),
    ]);
    let bytes = folder::line(document.to_canonical());
    files::create(&args.out.join("names.json"), &bytes, 0o600)?;
    let rows: Vec<_> = all.iter().map(Row::to_cells).collect();
    let page = report_templates::names(made.front("id"), &digest, &rows).map_err(folder::unmade)?;
    files::create(&args.out.join("names.html"), page.as_bytes(), 0o600)?;
    #[cfg(feature = "pdf")]
    folder::paper(
        report_templates::names_pdf(&made, &digest, &rows),
        &args.out.join("names.pdf"),
        0o600,
    )?;
    let out = &mut context.out;
    out.object([
        ("folder", Value::text(files::shown(&args.out))),
        ("named", Value::count(named)),
        ("persons", Value::count(all.len() as u64)),
        ("report", Value::text(made.front("id"))),
    ])?;
    out.line(format!("{named} of {} persons named, each on record", all.len()))?;
    out.line(format!("names.html in {}", files::shown(&args.out)))?;
    Ok(Answer::Yes)
}

/// Codes `report-redacted` (it was made for others), `works-agreement` (an overlay asks for one).
fn allowed(made: &Made, agreement: Option<&str>) -> Result<()> {
    let level = made.text(&["front", "people", "level"]);
    if level != "internal" {
        let message = format!("it was made for the level `{level}`, which has no annex of names");
        return Err(Failure::refused("report-redacted", message)
            .hint("make the report with `--redact internal`"));
    }
    let needed = made.at(&["front", "people", "works_agreement_needed"]);
    match agreement {
        Some(text) => filled("--works-agreement", text).map(|_| ()),
        None if needed == Some(&Value::Bool(true)) => Err(Failure::refused(
            "works-agreement",
            "an overlay of the report lets nobody export names without a works agreement",
        )
        .hint("name it with --works-agreement")),
        None => Ok(()),
    }
}

/// A person in the annex.
struct Row {
    who: Pseudonym,
    known: Vec<Known>,
    /// The entry that says they were named.
    entry: Option<u64>,
    /// Why they are not.
    why: Option<String>,
}

impl Row {
    fn without(who: Pseudonym, why: impl Into<String>) -> Self {
        Self { who, known: Vec::new(), entry: None, why: Some(why.into()) }
    }

    fn to_json(&self) -> Value {
        let known = self.known.iter().map(|known| {
            let mut members =
                vec![("id", Value::text(&known.id)), ("issuer", Value::text(&known.issuer))];
            members.extend(known.email.iter().map(|text| ("email", Value::text(text))));
            members.extend(known.name.iter().map(|text| ("name", Value::text(text))));
            Value::object(members)
        });
        let mut members = vec![
            ("known", Value::List(known.collect())),
            ("pseudonym", Value::text(self.who.to_string())),
        ];
        members.extend(self.entry.map(|entry| ("revealed", Value::count(entry))));
        members.extend(self.why.as_ref().map(|why| ("unnamed", Value::text(why))));
        Value::object(members)
    }

    /// Pseudonym, names, accounts, and why or by which entry.
    fn to_cells(&self) -> [String; 4] {
        let names = self.known.iter().filter_map(|known| known.name.clone());
        let accounts = self.known.iter().map(|known| format!("{}:{}", known.issuer, known.id));
        let last = match (&self.why, self.entry) {
            (Some(why), _) => why.clone(),
            (None, Some(entry)) => format!("entry {entry}"),
            (None, None) => String::new(),
        };
        let joined = |words: Vec<String>| words.join(", ");
        [self.who.to_string(), joined(names.collect()), joined(accounts.collect()), last]
    }
}

/// Records that a person is named, and only then gives the names.
fn revealed(who: Pseudonym, args: &Names, owner: &mut Owner, signing: &[keys::Key]) -> Result<Row> {
    let Some(record) = owner.vault.person(who)?.filter(|record| !record.known.is_empty()) else {
        return Ok(Row::without(who, "the vault has no name"));
    };
    if let Some(entry) = record.restricted_by
        && !REVEAL_RESTRICTED.contains(&args.basis.as_str())
    {
        return Ok(Row::without(who, format!("restricted by entry {entry}")));
    }
    let data = Value::object([
        ("approvers", Value::List(args.acting.approvers()?)),
        ("basis", Value::text(&args.basis)),
        ("pseudonym", Value::text(who.to_string())),
    ]);
    let actor = Value::object([("id", args.acting.actor()?), ("kind", Value::text("human"))]);
    let draft = Value::object([
        ("actor", actor),
        ("data", data),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("type", Value::text("person.revealed")),
    ]);
    // if we stop after this, a name is on record as shown that nobody saw
    let entry = owner.append(&draft, &keys::signers(signing))?;
    Ok(Row { who, known: record.known, entry: Some(entry), why: None })
}
