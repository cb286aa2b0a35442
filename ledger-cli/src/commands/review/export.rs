//! `ledger review export`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ledger_core::hash::Sha256;
use ledger_core::json::{self, Value};
use ledger_core::ledger::Ledger;
use ledger_core::report::{Dataset, csv_row, guarded, review_items};
use ledger_core::review::Desk;
use ledger_core::review::form::Form;
use ledger_core::review::ruling::Bench;
use ledger_core::review::sheet::Told;
use ledger_core::review::standing::Standing;
use ledger_core::time::Timestamp;
use ledger_core::vault::persons::{Key, Persons};
use report_templates::review as dress;

use super::room::{self, Limits};
use crate::commands::owner;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{files, frozen};

/// What a reviewer is shown of an item.
const SHOWN: [&str; 12] = [
    "person",
    "name",
    "system",
    "account",
    "entitlement",
    "scope",
    "privileged",
    "given through",
    "last use",
    "last deployment",
    "hints",
    "recommendation",
];

/// Write a review: the whole as a sheet, what is to be taken away, or the form of one reviewer
///
/// `--format` writes every item with its evidence, decision and proof; `pdf` is in the releases only. `--deprovision` writes what is still
/// to be taken away, as CSV; nothing is taken away by it. `--to` writes the form of a reviewer, a workbook
/// (`.xlsx`), a page (`.html`) or the document itself (`.json`), for `ledger review import`.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger review export uar-2026-q4 --to ada.xlsx --reviewer hr:1042"
)]
pub(crate) struct Export {
    /// The review
    campaign: String,
    /// The whole, in this form
    #[arg(long, value_enum, requires = "out", conflicts_with_all = ["to", "deprovision"])]
    format: Option<Format>,
    /// What is to be taken away and not proven gone, as CSV
    #[arg(long, requires = "out", conflicts_with = "to")]
    deprovision: bool,
    /// New file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// New file of a reviewer's form
    #[arg(long, value_name = "FILE", requires = "reviewer")]
    to: Option<PathBuf>,
    /// Whose form
    #[arg(long, value_name = "ISSUER:ID", requires = "to")]
    reviewer: Option<String>,
    /// Names for the form: the annex that `ledger report names` made
    #[arg(long, value_name = "FILE", requires = "to")]
    names: Option<PathBuf>,
    #[command(flatten)]
    limits: Limits,
}

/// In which form.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
    Xlsx,
    Html,
    Json,
    Pdf,
}

pub(super) fn run(args: &Export, context: &mut Context) -> Result<Answer> {
    let campaign = room::id("CAMPAIGN", &args.campaign)?;
    let (_, ledger) = context.open()?;
    let room = args.limits.room(&ledger)?;
    let blobs = room.blobs();
    let (bytes, rows, file) = match (&args.to, &args.out) {
        (Some(file), _) => {
            let desk = room.desk(&blobs);
            let standing = frozen::standing(&desk, campaign, &ledger)?;
            let form = form(args, &desk, &standing, &ledger)?;
            (dressed(&form, file)?, form.rows.len(), file)
        }
        (None, Some(file)) => {
            let desk = room.desk(&blobs);
            let standing = frozen::standing(&desk, campaign, &ledger)?;
            let told = Told::of(&desk, standing);
            let (bytes, rows) = whole(args, &told, room.facts.newest.unwrap_or(room.now))?;
            (bytes, rows, file)
        }
        (None, None) => {
            return Err(Failure::new("usage", "nothing is to be written")
                .hint("give --format and --out, or --to and --reviewer"));
        }
    };
    files::create(file, &bytes, 0o600)?;
    let digest = Sha256::of(&bytes).to_reference();
    context.out.object([
        ("digest", Value::text(&digest)),
        ("file", Value::text(files::shown(file))),
        ("rows", Value::count(rows as u64)),
    ])?;
    context.out.line(format!("{rows} rows in {}", files::shown(file)))?;
    context.out.line(format!("{} {digest}", files::shown(file)))?;
    Ok(Answer::Yes)
}

/// The sheet, or the list of what is to be taken away; and how many rows it has. `newest` is when the
/// newest entry happened.
fn whole(args: &Export, told: &Told<'_>, newest: Timestamp) -> Result<(Vec<u8>, usize)> {
    if args.deprovision {
        return Ok(deprovision(told));
    }
    let sheet = review_items(told);
    let unmade = |error: &dyn std::fmt::Display| {
        Failure::new("review-sheet", format!("the sheet cannot be made: {error}"))
    };
    let bytes = match args.format {
        Some(Format::Csv) => sheet.to_csv().into_bytes(),
        Some(Format::Json) => (sheet.document().to_canonical() + "\n").into_bytes(),
        Some(Format::Xlsx) => dress::sheet_workbook(&sheet).map_err(|error| unmade(&error))?,
        Some(Format::Html) => {
            dress::sheet_page(&sheet).map_err(|error| unmade(&error))?.into_bytes()
        }
        Some(Format::Pdf) => printed(&sheet, newest)?,
        None => return Err(Failure::new("usage", "no format is named").hint("give --format csv")),
    };
    Ok((bytes, sheet.rows.len()))
}

/// The sheet on paper; codes `pdf-none` (this build makes none), `review-sheet`.
#[cfg(feature = "pdf")]
fn printed(sheet: &Dataset, newest: Timestamp) -> Result<Vec<u8>> {
    let made = report_templates::sheet_pdf(sheet, env!("CARGO_PKG_VERSION"), newest);
    made.map_err(|why| {
        Failure::refused("review-sheet", format!("the sheet cannot be printed: {why}"))
            .hint("take --format csv or xlsx, which have all of it")
    })
}

/// The sheet on paper; codes `pdf-none` (this build makes none), `review-sheet`.
#[cfg(not(feature = "pdf"))]
fn printed(_: &Dataset, _: Timestamp) -> Result<Vec<u8>> {
    Err(Failure::new("pdf-none", "this build makes no PDF").within("--format").hint(
        "the releases do, and a build with `--features pdf`; or print what --format html makes",
    ))
}

/// What was to be taken away or changed and is not proven gone.
fn deprovision(told: &Told<'_>) -> (Vec<u8>, usize) {
    let mut text = String::new();
    csv_row(&["action", "system", "account", "entitlement", "scope", "person", "item"], &mut text);
    let mut rows = 0;
    for one in &told.removals {
        let gone = matches!(one.shown, ledger_core::review::proof::Shown::Absent(..));
        let item = told.standing.item(&one.item).filter(|_| !gone || one.again.is_some());
        let Some(item) = item else { continue };
        let person = item.person.map(|who| who.to_string()).unwrap_or_default();
        let cells = [
            one.decided.0.as_str(),
            &item.system,
            &item.account,
            item.entitlement.as_deref().unwrap_or_default(),
            item.scope.as_deref().unwrap_or_default(),
            &person,
            &item.item,
        ];
        csv_row(&cells, &mut text);
        rows += 1;
    }
    (text.into_bytes(), rows)
}

/// The key of the MACs; code `persons-none`.
pub(super) fn key(ledger: &Ledger) -> Result<Key> {
    match Persons::open(&**ledger.store())? {
        Some(persons) => Ok(persons.key()),
        None => Err(Failure::new("persons-none", "the ledger's folder has no index of persons")
            .hint("forms are made where the ledger is written")),
    }
}

fn form(args: &Export, desk: &Desk<'_>, standing: &Standing<'_>, ledger: &Ledger) -> Result<Form> {
    let who = owner::person(ledger, args.reviewer.as_deref().unwrap_or_default())?;
    let names = args.names.as_ref().map(|file| names(file)).transpose()?.unwrap_or_default();
    let bench = Bench::of(desk, standing, who).map_err(|error| Failure::by_law(&error))?;
    let mut rows = Vec::new();
    for (id, _) in bench.waiting() {
        let Some(item) = standing.item(id) else { continue };
        let person = item.person.map(|who| who.to_string()).unwrap_or_default();
        let known = standing.evidence(id);
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let hints = known.into_iter().flat_map(|known| &known.hints);
        let hints: Vec<String> = hints.map(ToString::to_string).collect();
        let cells = [
            person.clone(),
            names.get(&person).cloned().unwrap_or_default(),
            item.system.to_string(),
            item.account.to_string(),
            item.entitlement.as_deref().unwrap_or("the account itself").to_owned(),
            item.scope.as_deref().unwrap_or_default().to_owned(),
            if item.privileged == Some(true) { "yes" } else { "no" }.to_owned(),
            known.and_then(|known| known.paths.as_deref()).unwrap_or_default().to_owned(),
            time(known.and_then(|known| known.usage.last_used)),
            time(known.and_then(|known| known.usage.last_deployed)),
            hints.join("; "),
            standing.recommendation(id).as_str().to_owned(),
        ];
        // a spreadsheet must not run a name, and the MAC is over what it shows
        rows.push((id.to_owned(), cells.iter().map(|cell| shown(cell)).collect()));
    }
    if rows.is_empty() {
        return Err(Failure::refused("review-none-waiting", "nothing waits for that reviewer")
            .hint("`ledger review due` tells whom items wait for"));
    }
    let population = standing.opened().population.digest;
    Ok(Form::new(&key(ledger)?, (standing.id(), &population, who), &SHOWN, rows))
}

/// A cell as every dressing gives it back: one line, no more than a spreadsheet holds.
fn shown(cell: &str) -> String {
    let line: String =
        cell.chars().map(|c| if c.is_control() { ' ' } else { c }).take(8_000).collect();
    guarded(line.trim()).into_owned()
}

/// Names by pseudonym, from the annex.
fn names(file: &Path) -> Result<std::collections::BTreeMap<String, String>> {
    let place = |failure: Failure| failure.within(files::shown(file));
    let value = json::read_document(&files::read(file)?).map_err(|error| place(error.into()))?;
    let Some(Value::List(persons)) = value.get("persons") else {
        return Err(place(
            Failure::new("names-form", "it is no annex of names")
                .hint("`ledger report names` makes one of the review's report"),
        ));
    };
    let mut all = std::collections::BTreeMap::new();
    for person in persons {
        let text =
            |value: &Value, name: &str| value.get(name).and_then(Value::as_text).map(str::to_owned);
        let Some(pseudonym) = text(person, "pseudonym") else { continue };
        let Some(Value::List(known)) = person.get("known") else { continue };
        let name = known.iter().find_map(|one| text(one, "name").or_else(|| text(one, "id")));
        all.extend(name.map(|name| (pseudonym, name)));
    }
    Ok(all)
}

fn dressed(form: &Form, file: &Path) -> Result<Vec<u8>> {
    let unmade = |error: &dyn std::fmt::Display| {
        Failure::new("review-form", format!("the form cannot be made: {error}"))
    };
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("xlsx") => dress::form_workbook(form).map_err(|error| unmade(&error)),
        Some("html") => {
            dress::form_page(form).map(String::into_bytes).map_err(|error| unmade(&error))
        }
        Some("json") => Ok((form.to_json().to_canonical() + "\n").into_bytes()),
        _ => {
            Err(Failure::new("field-value", "the file's name ends in none of .xlsx, .html, .json")
                .within("--to"))
        }
    }
}
