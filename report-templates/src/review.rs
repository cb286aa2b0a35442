//! Review: the sheet of an access review, and the form that a reviewer fills in, as a workbook or a page.
//!
//! Every cell is a text: nothing is taken for a formula. The form's rows carry their ids and MACs in hidden
//! columns, so that what comes back can be held against what went out.

use askama::Template;
use ledger_core::report::{Cell, Dataset, guarded};
use ledger_core::review::form::Form;
use rust_xlsxwriter::{
    Color, DataValidation, DocProperties, ExcelDateTime, Format, ProtectionOptions, Workbook,
    Worksheet, XlsxError,
};

use crate::page::STYLE;
use crate::text::{escaped, spelled};
use crate::workbook::{self, CHARACTERS};

/// The sheet that a reviewer fills in.
pub const SHEET: &str = "Review";
/// The sheet that says what the form is; hidden.
pub const HEAD: &str = "ledger";
/// The columns behind those that are shown.
pub const OWN: [&str; 4] = ["decision", "comment", "item", "mac"];

/// A workbook without a date of its own: the same rows give the same bytes.
fn book(title: &str) -> Result<Workbook, XlsxError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_title(title).set_creation_datetime(&created));
    Ok(book)
}

/// A table as a workbook of one sheet: what does not fit in a cell ends in an ellipsis.
pub fn sheet_workbook(dataset: &Dataset) -> Result<Vec<u8>, XlsxError> {
    let mut book = book(&dataset.about.title)?;
    let mut sheet = Worksheet::new();
    sheet.set_name(SHEET)?;
    for (at, column) in (0..).zip(&dataset.about.columns) {
        sheet.write_string_with_format(0, at, &*column.name, &workbook::head())?;
        sheet.set_column_width(at, 22.0)?;
    }
    for (line, row) in (1..).zip(&dataset.rows) {
        for (at, cell) in (0..).zip(row) {
            match cell {
                #[expect(clippy::cast_precision_loss, reason = "counts of a review are small")]
                Cell::Count(count) => {
                    sheet.write_number(line, at, *count as f64)?;
                }
                Cell::Text(text) if text.is_empty() => {}
                Cell::Text(text) => {
                    sheet.write_string(line, at, fitted(&guarded(text)))?;
                }
            }
        }
    }
    let last = u16::try_from(dataset.about.columns.len().saturating_sub(1)).unwrap_or(0);
    let rows = u32::try_from(dataset.rows.len()).unwrap_or(u32::MAX - 1);
    sheet.set_freeze_panes(1, 1)?.autofilter(0, 0, rows, last)?;
    book.push_worksheet(sheet);
    book.save_to_buffer()
}

fn fitted(text: &str) -> String {
    let spelled = spelled(text.chars());
    if spelled.encode_utf16().count() <= CHARACTERS {
        return spelled;
    }
    let cut: String = spelled.chars().take(CHARACTERS / 2).collect();
    cut + "\u{2026}"
}

/// The form as a workbook: only decisions and comments can be written, unless somebody takes the
/// protection off.
pub fn form_workbook(form: &Form) -> Result<Vec<u8>, XlsxError> {
    let mut book = book(&form.campaign)?;
    let mut sheet = Worksheet::new();
    sheet.set_name(SHEET)?;
    let names = form.columns.iter().map(String::as_str).chain(OWN);
    for (at, name) in (0..).zip(names) {
        sheet.write_string_with_format(0, at, name, &workbook::head())?;
        sheet.set_column_width(at, 22.0)?;
    }
    let shown = u16::try_from(form.columns.len()).unwrap_or(u16::MAX - 4);
    let open = Format::new().set_unlocked().set_background_color(Color::RGB(0x00FF_F8E1));
    let mut last = 0;
    for (line, row) in (1..).zip(&form.rows) {
        last = line;
        for (at, cell) in (0..).zip(&row.cells) {
            sheet.write_string(line, at, cell)?;
        }
        sheet.write_string_with_format(line, shown, &*row.decision, &open)?;
        sheet.write_string_with_format(line, shown + 1, &*row.comment, &open)?;
        sheet.write_string(line, shown + 2, &*row.item)?;
        sheet.write_string(line, shown + 3, &*row.mac)?;
    }
    let words = DataValidation::new()
        .allow_list_strings(&["certify", "revoke", "modify"])?
        .set_error_title("decision")?;
    sheet.add_data_validation(1, shown, last.max(1), shown, &words)?;
    sheet.set_column_width(shown + 1, 50.0)?;
    sheet.set_column_hidden(shown + 2)?.set_column_hidden(shown + 3)?;
    sheet.set_freeze_panes(1, 1)?.autofilter(0, 0, last.max(1), shown + 3)?;
    let options =
        ProtectionOptions { sort: true, use_autofilter: true, ..ProtectionOptions::default() };
    sheet.protect_with_options(&options);
    book.push_worksheet(sheet);
    book.push_worksheet(head(form)?);
    book.save_to_buffer()
}

/// What the form is, name and value on each line.
fn head(form: &Form) -> Result<Worksheet, XlsxError> {
    let mut sheet = Worksheet::new();
    sheet.set_name(HEAD)?;
    let fields = [
        ("campaign", &form.campaign),
        ("population", &form.population),
        ("reviewer", &form.reviewer),
        ("mac", &form.mac),
    ];
    let items = form.items.iter().map(|item| ("item", item));
    for (line, (name, value)) in (0..).zip(fields.into_iter().chain(items)) {
        sheet.write_string(line, 0, name)?;
        sheet.write_string(line, 1, value)?;
    }
    sheet.set_hidden(true);
    sheet.protect();
    Ok(sheet)
}

/// The page of a form.
#[derive(Template)]
#[template(path = "form.html")]
struct FormPage {
    heading: String,
    style: &'static str,
    campaign: String,
    count: usize,
    form: String,
}

/// The form as one page that needs nothing else: it shows the rows, and saves what was decided as the
/// form's own document.
pub fn form_page(form: &Form) -> Result<String, askama::Error> {
    // nothing in it can end the element that it stands in
    let text = form.to_json().to_canonical().replace('<', "\\u003c");
    FormPage {
        heading: escaped(&format!("Review {}", form.campaign)),
        style: STYLE,
        campaign: escaped(&form.campaign),
        count: form.rows.len(),
        form: text,
    }
    .render()
}

/// A row of a page.
struct Line(Vec<String>);

/// The page of a sheet.
#[derive(Template)]
#[template(path = "sheet.html")]
struct SheetPage {
    heading: String,
    style: &'static str,
    about: String,
    heads: Vec<String>,
    rows: Vec<Line>,
}

/// A table as one page that can be sorted without a network.
pub fn sheet_page(dataset: &Dataset) -> Result<String, askama::Error> {
    let about = &dataset.about;
    let row = |row: &Vec<Cell>| Line(row.iter().map(|cell| escaped(&cell.to_text())).collect());
    SheetPage {
        heading: escaped(&about.title),
        style: STYLE,
        about: escaped(&format!("{} rows, {}", about.rows, about.digest.to_reference())),
        heads: about.columns.iter().map(|column| escaped(&column.name)).collect(),
        rows: dataset.rows.iter().map(row).collect(),
    }
    .render()
}
