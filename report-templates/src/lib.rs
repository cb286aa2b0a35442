//! Typed views and templates of the reports. They dress a report and compute nothing: every number
//! they show stands in the report.
//!
//! What events say is hostile: it is escaped, isolated from the direction of the text around it, and
//! what would not be seen is spelled out ([`text`]).

mod chart;
mod line;
mod markdown;
pub mod oscal;
mod page;
#[cfg(feature = "pdf")]
mod pdf;
pub mod review;
mod table;
pub mod text;
mod workbook;

pub use markdown::{brief as brief_markdown, markdown};
pub use page::{Made, Page, brief as brief_pages, names, pages, signatures};
#[cfg(feature = "pdf")]
pub use pdf::{Unprinted, brief_pdf, names_pdf, pdf, sheet_pdf, signatures_pdf};
pub use workbook::workbook;
