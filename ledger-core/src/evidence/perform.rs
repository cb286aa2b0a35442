//! Perform: the tests once more over the entries of a package, for the items that it shows.

use std::collections::BTreeSet;

use super::contents::{self, Contents};
use super::csv::Sheet;
use super::layer::{Bench, Layer};
use super::told::{self, Rows, at, text};
use crate::check::matrix::Matrix;
use crate::check::{Attachments, Calendar, Period, State};
use crate::control::Layer as Overlay;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::evaluate::{Evaluation, Front, Question, Verdict, evaluate};
use crate::fact::Facts;
use crate::hash::Sha256;
use crate::json::Value;
use crate::report::{Pseudonyms, Report};
use crate::time::Timestamp;

/// Attachments do not travel in a package of a sample: what a test looks for in them cannot be told.
struct Nothing;

impl Attachments for Nothing {
    fn read(&self, _: &Sha256) -> Option<Vec<u8>> {
        None
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
    if let Some((again, persons)) = bench.hold(contents::REPORT, again(entries, report)) {
        let sheets = (0..again.runs.len()).filter_map(|number| Report::population(&again, number));
        let sheets = sheets.map(|dataset| persons.table(dataset));
        let sheets: Vec<_> = sheets.map(|dataset| (dataset.about.id.clone(), dataset)).collect();
        let cells = rows.values().flat_map(|sheet| sheet.rows.iter().map(move |row| (sheet, row)));
        let items: BTreeSet<&str> = cells.map(|(sheet, row)| sheet.cell(row, "item")).collect();
        for (dataset, attested) in rows {
            let place = contents::rows(dataset);
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
fn again(entries: &[Entry<'_>], report: &Value) -> Result<(Evaluation, Pseudonyms)> {
    let front = report.get("front").ok_or_else(unknown)?;
    let time = |path: &[&str]| Timestamp::parse(text(front, path).as_bytes());
    let cutoff = time(&["cutoff"])?;
    let size = match at(front, &["ledger", "size"]) {
        Some(Value::Integer(size)) => u64::try_from(*size).map_err(|_| unknown())?,
        _ => return Err(unknown()),
    };
    let shipped = Overlay::shipped()?;
    let overlay = |name: &Value| {
        let name = name.as_text().unwrap_or_default();
        let found = shipped.iter().find(|layer| format!("{} {}", layer.id, layer.version) == name);
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
        calendar: Calendar::default(),
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
    let evaluation = evaluate(&facts, &Nothing, question, front)?;
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

fn unknown() -> Error {
    Error::malformed("evidence-report", "the report does not say what was asked")
}
