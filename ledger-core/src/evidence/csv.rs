//! CSV: the rows of a dataset's file, read back as they were written (RFC 4180, `spec/report.md`).

use crate::error::{Error, Result};
use crate::report::guarded;

/// A file: the names of its columns, and its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each with as many cells.
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    /// Reads a file that is its own canonical spelling; code `evidence-csv`.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let wrong = || Error::malformed("evidence-csv", "this is no canonical CSV of a dataset");
        let text = std::str::from_utf8(bytes).map_err(|_| wrong())?;
        let mut lines = rows(text).ok_or_else(wrong)?.into_iter();
        let columns = lines.next().ok_or_else(wrong)?;
        let sheet = Self { rows: lines.collect(), columns };
        let even = sheet.rows.iter().all(|row| row.len() == sheet.columns.len());
        if even && sheet.encode() == text { Ok(sheet) } else { Err(wrong()) }
    }

    /// The canonical text of these columns and rows.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// The cell of a row in the column of that name; empty where there is none.
    pub fn cell<'s>(&self, row: &'s [String], column: &str) -> &'s str {
        let at = self.columns.iter().position(|name| name == column);
        at.and_then(|at| row.get(at)).map_or("", |cell| plain(cell))
    }
}

/// A text without the apostrophe that keeps a spreadsheet from running it.
fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if guarded(rest) == cell => rest,
        _ => cell,
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// All rows, the header among them; none where a quote or an end is missing.
fn rows(text: &str) -> Option<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut row = Vec::new();
        loop {
            let (cell, after) = cell(rest)?;
            row.push(cell);
            if let Some(after) = after.strip_prefix(',') {
                rest = after;
            } else {
                rest = after.strip_prefix("\r\n")?;
                break;
            }
        }
        rows.push(row);
    }
    Some(rows)
}

/// The first cell of a text, and what follows it.
fn cell(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '"', '\r', '\n'])?;
        let (cell, after) = text.split_at_checked(end)?;
        return Some((cell.to_owned(), after));
    };
    let mut cell = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        cell.push_str(part);
        match after.strip_prefix('"') {
            Some(after) => {
                cell.push('"');
                rest = after;
            }
            None => return Some((cell, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let text = "item,what\r\n\"a,\"\"b\"\"\",'=1\r\n,x\r\n";
        let sheet = Sheet::parse(text.as_bytes()).unwrap();
        assert_eq!(sheet.rows.len(), 2);
        assert_eq!(sheet.cell(&sheet.rows[0], "item"), "a,\"b\"");
        assert_eq!(sheet.cell(&sheet.rows[0], "what"), "=1");
        assert_eq!(sheet.cell(&sheet.rows[0], "none"), "");
        for wrong in ["", "a\n", "a", "a,b\r\nc\r\n", "\"a\"\r\n", "\"a\r\n", "a\"b\r\n"] {
            assert_eq!(
                Sheet::parse(wrong.as_bytes()).unwrap_err().code(),
                "evidence-csv",
                "{wrong}"
            );
        }
    }
}
