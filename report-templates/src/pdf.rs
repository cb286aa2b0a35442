//! Pdf: the report on paper: PDF/A-2a and PDF/UA-1, with page numbers, contents, and the fonts within.
//!
//! It is laid out from the same views as the pages: from a document to its views there is one way. What
//! paper has of a long table, and where the rest is, is what the printed page has. The same report gives
//! the same bytes: lengths are whole numbers, and the date is that of the evidence.

mod book;
mod draw;
mod font;
mod grid;
mod leaf;
mod picture;
mod sheet;
mod style;
mod words;

use std::fmt;

use ledger_core::report::{Brief, Report};

use crate::page::{Book, one};
use crate::text::visible;
use draw::Said;
use font::Fonts;
use sheet::Sheet;

pub use leaf::{names as names_pdf, sheet as sheet_pdf, signatures as signatures_pdf};

/// Why nothing can be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unprinted(pub(crate) String);

impl fmt::Display for Unprinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The report as a file of PDF. `digest` is that of `report.json`.
pub fn pdf(report: &Report, digest: &str) -> Result<Vec<u8>, Unprinted> {
    let book = Book { report, digest };
    let mut sheet = Sheet::new(Fonts::load()?);
    book::whole(&mut sheet, &book.whole());
    finished(sheet, &book)
}

/// The brief as a file of PDF. `digest` is that of its `report.json`.
pub fn brief_pdf(brief: &Brief, digest: &str) -> Result<Vec<u8>, Unprinted> {
    let book = Book { report: &brief.report, digest };
    let mut sheet = Sheet::new(Fonts::load()?);
    book::one(&mut sheet, &one(brief, digest));
    finished(sheet, &book)
}

fn finished(mut sheet: Sheet, book: &Book<'_>) -> Result<Vec<u8>, Unprinted> {
    book::stamp(&mut sheet, &book.edges());
    let front = &book.report.front;
    let entity = visible(&front.entity);
    let said = Said {
        title: format!("{entity} \u{b7} {} \u{b7} {}", front.title, front.period),
        id: &front.id,
        tool: &front.tool,
        at: front.cutoff,
    };
    draw::file(&sheet, said)
}
