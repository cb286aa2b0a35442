//! Perform: the tests once more over the entries of a package, for the items that it shows.

use std::collections::BTreeSet;

use super::contents::{self, Contents};
use super::csv::Sheet;
use super::layer::{Bench, Layer};
use super::told::{self, Rows, at, text};
use crate::check::matrix::Matrix;
use crate::check::{Attachments, Calendar, Period, State};
use crate::control::{Fiscal, Layer as Overlay};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::evaluate::{Evaluation, Front, Question, Verdict, evaluate};
use crate::fact::Facts;
use crate::hash::Sha256;
use crate::json::Value;
use crate::report::{Pseudonyms, Report};
use crate::time::Timestamp;

/// The test of the integrity and coverage of the ledger itself.
const WHOLE: &str = "T25";

/// Attachments that travelled: of others nothing can be told.
struct Travelled<'c>(&'c Contents<'c>);

impl Attachments for Travelled<'_> {
    fn read(&self, digest: &Sha256) -> Option<Vec<u8>> {
        self.0.attachments.get(digest).map(|bytes| bytes.to_vec())
    }
}

/// Do the tests say of each item what the report says?
pub(super) fn items(
    entries: &[Entry<'_>],
    report: &Value,
    rows: &Rows,
    contents: &Contents<'_>,
) -> Layer {
    let mut bench = Bench::default();
    let mut performed = 0_u64;
    if let Some((again, persons)) = bench.hold(contents::REPORT, again(entries, report, contents)) {
        let sheets =
            (0..again.runs.len()).filter_map(|number| Report::retold(&persons, &again, number));
        let sheets: Vec<_> = sheets.map(|dataset| (dataset.about.id.clone(), dataset)).collect();
        let cells = rows.values().flat_map(|sheet| sheet.rows.iter().map(move |row| (sheet, row)));
        let items: BTreeSet<&str> = cells.map(|(sheet, row)| sheet.cell(row, "item")).collect();
        for (dataset, attested) in rows {
            let place = contents::rows(dataset);
            if of_whole(report, dataset) {
                if !attested.rows.is_empty() {
                    let message = "the test asks about the whole ledger, which is not here: its results are attested";
                    bench.lack(&place, "evidence-whole", message);
                }
                continue;
            }
            let own = sheets.iter().find(|(id, _)| id == dataset);
            let own = own.and_then(|(_, dataset)| Sheet::parse(dataset.to_csv().as_bytes()).ok());
            let own = own.unwrap_or_default();
            for row in &attested.rows {
                performed += 1;
                bench.hold(&place, same(attested, row, &own));
            }
            // a row that is left out could be the one that tells
            let told: BTreeSet<&str> =
                attested.rows.iter().map(|row| attested.cell(row, "item")).collect();
            let mut own = own.rows.iter().map(|row| own.cell(row, "item"));
            let left_out = own.find(|item| items.contains(item) && !told.contains(item));
            bench.demand(
                left_out.is_none(),
                &place,
                "evidence-item",
                "the result of an item is left out",
            );
        }
    }
    let evidence = contents.entries.len();
    bench.layer("items", format!("{performed} results re-performed from {evidence} entries"))
}

/// Whether a dataset is of a test that asks about the ledger as a whole: no part of it can answer.
fn of_whole(report: &Value, dataset: &str) -> bool {
    let mut all = told::list(report, &["populations"]).iter();
    let about = all.find(|about| text(about, &["id"]) == dataset);
    about.is_some_and(|about| {
        let test = text(about, &["query", "parameters", "test"]);
        test.split('@').next() == Some(WHOLE)
    })
}

/// Whether the row comes out again, cell by cell.
fn same(attested: &Sheet, row: &[String], own: &Sheet) -> Result<()> {
    let item = attested.cell(row, "item");
    let found = own.rows.iter().find(|row| own.cell(row, "item") == item);
    let found = found.ok_or_else(|| {
        Error::untrue("evidence-item", format!("`{item}` is no item of the test in these entries"))
    })?;
    for column in &attested.columns {
        let (told, seen) = (attested.cell(row, column), own.cell(found, column));
        if told != seen {
            let message = format!(
                "`{item}`: the report says `{told}` for {column}, the entries say `{seen}`"
            );
            return Err(Error::untrue("evidence-item", message));
        }
    }
    Ok(())
}

/// The evaluation of these entries alone, asked as the report was, and how persons stand in it.
fn again(
    entries: &[Entry<'_>],
    report: &Value,
    contents: &Contents<'_>,
) -> Result<(Evaluation, Pseudonyms)> {
    let front = report.get("front").ok_or_else(unknown)?;
    let time = |path: &[&str]| Timestamp::parse(text(front, path).as_bytes());
    let cutoff = time(&["cutoff"])?;
    let size = match at(front, &["ledger", "size"]) {
        Some(Value::Integer(size)) => u64::try_from(*size).map_err(|_| unknown())?,
        _ => return Err(unknown()),
    };
    let known = overlays(contents)?;
    let overlay = |name: &Value| {
        let name = name.as_text().unwrap_or_default();
        let found = known.iter().find(|layer| format!("{} {}", layer.id, layer.version) == name);
        found.cloned().ok_or_else(|| {
            Error::unavailable(
                "evidence-overlay",
                format!("the overlay `{name}` is not known here"),
            )
        })
    };
    let question = Question {
        frameworks: told::list(front, &["frameworks"])
            .iter()
            .map(|known| text(known, &["id"]).to_owned())
            .collect(),
        period: Period { from: time(&["period", "from"])?, to: time(&["period", "to"])? },
        cutoff,
        layers: told::list(front, &["layers"]).iter().map(overlay).collect::<Result<_>>()?,
        calendar: calendar(contents, text(front, &["period", "zone"]))?,
        matrix: Matrix::shipped()?,
    };
    let own = entries.iter().filter(|entry| entry.index < size && entry.recorded_at <= cutoff);
    let facts = Facts::from_entries(own);
    let persons = Pseudonyms::of_document(front, &facts);
    // the two verdicts of a whole ledger are not those of a part of it
    let verdict = Verdict { state: State::Indeterminate, reasons: Vec::new() };
    let front = Front {
        origin: text(front, &["ledger", "origin"]).to_owned(),
        size,
        root: text(front, &["ledger", "root"]).to_owned(),
        integrity: verdict.clone(),
        completeness: verdict,
        verified: None,
    };
    let evaluation = evaluate(&facts, &Travelled(contents), question, front)?;
    let first = evaluation.slices.first().map(|slice| slice.resolved.digest().to_reference());
    if first.as_deref() != report.get("front").map(|front| text(front, &["catalogue"])) {
        return Err(Error::unavailable(
            "evidence-catalogue",
            "the report was made with another catalogue",
        )
        .hint("verify with the version that made it"));
    }
    Ok((evaluation, persons))
}

/// The overlays that are built in, and those that travelled.
fn overlays(contents: &Contents<'_>) -> Result<Vec<Overlay>> {
    let mut known = Overlay::shipped()?;
    for (file, bytes) in contents.controls.iter().filter(|(file, _)| *file != contents::CALENDAR) {
        known.push(Overlay::read(&contents::control(file), words(file, bytes)?)?);
    }
    Ok(known)
}

/// The calendar that travelled, or the one that is built in, if it is of the zone of the report.
fn calendar(contents: &Contents<'_>, zone: &str) -> Result<Calendar> {
    let fiscal = match contents.controls.get(contents::CALENDAR) {
        None => Fiscal::shipped()?,
        Some(bytes) => {
            let file = contents::control(contents::CALENDAR);
            Fiscal::read(&file, words(contents::CALENDAR, bytes)?)?
        }
    };
    if fiscal.timezone != zone {
        let message = "the report was made by a calendar that is not in the package";
        return Err(Error::unavailable("evidence-calendar", message)
            .hint("make the report again with that calendar"));
    }
    Ok(fiscal.days().clone())
}

fn words<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str> {
    std::str::from_utf8(bytes).map_err(|_| {
        Error::malformed("control-file", "the file is not UTF-8").at(contents::control(file))
    })
}

fn unknown() -> Error {
    Error::malformed("evidence-report", "the report does not say what was asked")
}
