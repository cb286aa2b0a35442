//! Workbook: the request list as a spreadsheet, a sheet for each item, and a first sheet that says what
//! each is and what it stands on.
//!
//! Every text is written as a text: nothing is taken for a formula, a link or a number. The same report
//! gives the same bytes. What a spreadsheet cannot hold is told on the first sheet, with the file that
//! has it.

use std::collections::BTreeMap;

use ledger_core::check::State;
use ledger_core::report::{About, Cell, Column, Dataset, Kind, Report, words};
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};

use crate::text::{numbers, spelled};

/// Rows of a sheet (ECMA-376 as Excel has it: 2^20), without its header and a last row of words.
const ROWS: usize = 1_048_576 - 3;
/// Characters of a cell, as Excel has it.
pub(crate) const CHARACTERS: usize = 32_767;
/// The largest number that a cell holds exactly.
const EXACT: u64 = 1 << 53;

/// What did not fit, by dataset.
#[derive(Default)]
struct Cut {
    rows: usize,
    cells: usize,
}

/// The workbook of a report, whose document has this digest.
pub fn workbook(report: &Report, digest: &str) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    book.set_properties(&properties(report)?);
    let listed = |dataset: &&Dataset| dataset.about.id.starts_with(['P', 'R']);
    let mut tables: Vec<&Dataset> = report.datasets.iter().filter(listed).collect();
    tables.sort_by_key(|dataset| (dataset.about.id.starts_with('R'), &dataset.about.id));
    let mut cuts = BTreeMap::new();
    let mut sheets = Vec::with_capacity(tables.len());
    for dataset in &tables {
        let (sheet, cut) = sheet(report, dataset)?;
        cuts.insert(dataset.about.id.as_str(), cut);
        sheets.push(sheet);
    }
    book.push_worksheet(readme(report, digest, &cuts)?);
    for sheet in sheets {
        book.push_worksheet(sheet);
    }
    book.save_to_buffer()
}

/// Nothing of the run: the date is that of the evidence.
fn properties(report: &Report) -> Result<DocProperties, XlsxError> {
    let (year, [month, day, hour, minute, second]) = numbers(report.front.cutoff);
    let day = ExcelDateTime::from_ymd(year, month, day)?;
    let created = day.and_hms(u16::from(hour), minute, f64::from(second))?;
    let properties = DocProperties::new()
        .set_title(&report.front.title)
        .set_subject(&report.front.id)
        .set_creation_datetime(&created);
    Ok(properties)
}

/// How the names of columns stand.
pub(crate) fn head() -> Format {
    Format::new().set_bold().set_text_wrap().set_background_color(Color::RGB(0x00E8_EAED))
}

fn plain() -> Format {
    Format::new().set_align(FormatAlign::Top)
}

fn wrapped() -> Format {
    plain().set_text_wrap()
}

/// What every sheet says first if the ledger is not known to be true.
fn warning(report: &Report) -> Option<&'static str> {
    match report.integrity.state {
        State::Fail => Some("INTEGRITY DOES NOT HOLD: nothing on this sheet can be relied on"),
        State::Indeterminate => Some("INTEGRITY CANNOT BE TOLD: see the first sheet"),
        _ => None,
    }
}

fn sheet(report: &Report, dataset: &Dataset) -> Result<(Worksheet, Cut), XlsxError> {
    let about = &dataset.about;
    let mut sheet = Worksheet::new();
    sheet.set_name(&about.id)?;
    let mut top = 0;
    if let Some(words) = warning(report) {
        sheet.write_string_with_format(top, 0, words, &Format::new().set_bold())?;
        sheet.set_tab_color(Color::Red);
        top += 1;
    }
    for (at, column) in (0..).zip(&about.columns) {
        sheet.write_string_with_format(top, at, &*column.name, &head())?;
        sheet.set_column_width(at, width(column))?;
    }
    let formats = [plain(), wrapped()];
    let mut cut = Cut { rows: dataset.rows.len().saturating_sub(ROWS), cells: 0 };
    let mut line = top;
    for row in dataset.rows.iter().take(ROWS) {
        line += 1;
        for ((at, cell), column) in (0..).zip(row).zip(&about.columns) {
            let wraps = usize::from(matches!(column.kind, Kind::Sentence | Kind::Text));
            let Some(format) = formats.get(wraps) else { continue };
            match cell {
                Cell::Count(count) if *count <= EXACT => {
                    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
                    sheet.write_number_with_format(line, at, *count as f64, format)?;
                }
                Cell::Count(count) => {
                    sheet.write_string_with_format(line, at, count.to_string(), format)?;
                }
                Cell::Text(text) => {
                    let (text, whole) = fitted(text, about);
                    cut.cells += usize::from(!whole);
                    sheet.write_string_with_format(line, at, text, format)?;
                }
            }
        }
    }
    if cut.rows > 0 {
        let words =
            format!("{} more rows do not fit on a sheet: all are in {}", cut.rows, about.file());
        sheet.write_string_with_format(line + 1, 0, words, &Format::new().set_bold())?;
    } else if dataset.rows.is_empty() {
        sheet.write_string_with_format(
            line + 1,
            0,
            "No rows: nothing of this kind is recorded.",
            &plain(),
        )?;
    }
    sheet.set_freeze_panes(top + 1, 1)?;
    let last = u16::try_from(about.columns.len().saturating_sub(1)).unwrap_or(0);
    if !dataset.rows.is_empty() {
        sheet.autofilter(top, 0, line, last)?;
    }
    sheet.set_landscape().set_repeat_rows(top, top)?;
    Ok((sheet, cut))
}

/// The text as a cell holds it, and whether that is the whole.
fn fitted(text: &str, about: &About) -> (String, bool) {
    let spelled = spelled(text.chars());
    // Excel counts in UTF-16
    let length = spelled.encode_utf16().count();
    if length <= CHARACTERS {
        return (spelled, true);
    }
    let words = format!("\u{2026} CUT: {length} characters, the whole is in {}", about.file());
    let mut room = CHARACTERS - words.encode_utf16().count();
    let fits = |char: &char| {
        let left = room.checked_sub(char.len_utf16());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let mut out: String = spelled.chars().take_while(fits).collect();
    out.push_str(&words);
    (out, false)
}

fn width(column: &Column) -> f64 {
    match column.kind {
        Kind::Sentence => 80.0,
        Kind::Text => 32.0,
        Kind::Id => 24.0,
        Kind::Time => 28.0,
        Kind::Digest | Kind::Person => 30.0,
        Kind::Entries => 20.0,
        Kind::Day | Kind::State | Kind::Severity => 14.0,
        Kind::Count | Kind::Seconds => 12.0,
    }
}

/// The first sheet: what the workbook is, the two verdicts, and a block for each dataset.
fn readme(
    report: &Report,
    digest: &str,
    cuts: &BTreeMap<&str, Cut>,
) -> Result<Worksheet, XlsxError> {
    let mut sheet = Worksheet::new();
    sheet.set_name("README")?;
    let front = &report.front;
    let of = |state: State| match state {
        State::Pass => "holds",
        State::Fail => "does not hold",
        _ => "cannot be told",
    };
    let verdict = |known: &ledger_core::evaluate::Verdict| {
        let mut words = vec![of(known.state).to_owned()];
        words.extend(known.reasons.iter().cloned());
        words.join("; ")
    };
    let dated = front.anchored.as_ref().map_or("no entry says so".to_owned(), |known| {
        format!(
            "{} entries, by {} {} (entry {})",
            known.size, known.kind, known.digest, known.entry
        )
    });
    let corrects = front.supersedes.as_ref();
    let corrects = corrects.map_or("none".to_owned(), |known| {
        format!("{} ({}): the differences are in csv/H02.csv", known.report, known.digest)
    });
    let previous = front.previous.as_ref().map_or("none".to_owned(), |known| {
        format!("{} ({}), its entries are {}", known.report, known.digest, of(known.consistent))
    });
    let lines = [
        ("report", front.id.clone()),
        ("title", front.title.clone()),
        ("entity", front.entity.clone()),
        (
            "period",
            format!(
                "{} to {} (UTC), {}: {} to {}, {}",
                front.from, front.to, front.period, front.first, front.last, front.zone
            ),
        ),
        ("known until", front.cutoff.to_string()),
        ("INTEGRITY", verdict(&report.integrity)),
        ("COMPLETENESS", verdict(&report.completeness)),
        ("ledger", format!("{}, {} entries, root {}", front.origin, front.size, front.root)),
        ("dated from outside", dated),
        ("corrects", corrects),
        ("previous report", previous),
        ("catalogue", front.catalogue.clone()),
        ("report.json", digest.to_owned()),
        ("tool", front.tool.clone()),
        ("made again by", front.command.clone()),
        ("verified by", front.verify.clone()),
        ("persons", front.persons.clone()),
    ];
    let mut line = 0;
    for (name, words) in lines {
        sheet.write_string_with_format(line, 0, name, &Format::new().set_bold())?;
        let words: String = spelled(words.chars()).chars().take(CHARACTERS / 2).collect();
        sheet.write_string(line, 1, words)?;
        line += 1;
    }
    line += 1;
    blocks(&mut sheet, line, report, cuts)?;
    for (at, width) in
        (0..).zip([16.0, 44.0, 12.0, 12.0, 12.0, 40.0, 30.0, 60.0, 40.0, 40.0, 40.0, 20.0])
    {
        sheet.set_column_width(at, width)?;
    }
    sheet.set_landscape();
    Ok(sheet)
}

/// What an auditor must know of each dataset (PCAOB AS 1105.10).
fn blocks(
    sheet: &mut Worksheet,
    top: u32,
    report: &Report,
    cuts: &BTreeMap<&str, Cut>,
) -> Result<(), XlsxError> {
    const NAMES: [&str; 12] = [
        "dataset",
        "title",
        "total",
        "in scope",
        "left out",
        "left out, by reason",
        "results",
        "query",
        "query digest",
        "parameters",
        "dataset digest",
        "where",
    ];
    for (at, name) in (0..).zip(NAMES) {
        sheet.write_string_with_format(top, at, name, &head())?;
    }
    let own = report.datasets.iter().map(|dataset| &dataset.about);
    let mut line = top;
    for about in own.chain(&report.populations) {
        line += 1;
        let place = match cuts.get(about.id.as_str()) {
            None => about.file(),
            Some(Cut { rows: 0, cells: 0 }) => "this workbook".to_owned(),
            Some(cut) => format!(
                "this workbook, without {} rows and the ends of {} cells: all are in {}",
                cut.rows,
                cut.cells,
                about.file()
            ),
        };
        let excluded = about.excluded.iter().map(|(why, count)| format!("{why}: {count}"));
        let counts =
            about.counts.iter().map(|(state, count)| format!("{}: {count}", words(*state)));
        let given = about.parameters.iter().map(|(name, value)| format!("{name} = {value}"));
        let texts = [
            about.id.clone(),
            about.title.clone(),
            about.total().to_string(),
            about.rows.to_string(),
            about.left_out().to_string(),
            excluded.collect::<Vec<_>>().join("; "),
            counts.collect::<Vec<_>>().join("; "),
            format!("{}: {}", about.query_id(), about.query),
            about.query_digest().to_reference(),
            given.collect::<Vec<_>>().join("; "),
            about.digest.to_reference(),
            place,
        ];
        for (at, text) in (0..).zip(texts) {
            let (text, _) = fitted(&text, about);
            sheet.write_string_with_format(line, at, text, &wrapped())?;
        }
    }
    sheet.autofilter(top, 0, line, 11)?;
    Ok(())
}
