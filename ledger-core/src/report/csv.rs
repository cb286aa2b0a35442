//! CSV: the canonical bytes of a dataset (RFC 4180), which its digest is over.
//!
//! UTF-8 without a mark, a header, CR LF after each row. A cell is quoted where it holds a comma, a
//! quote, CR or LF. A text that a spreadsheet would run as a formula has an apostrophe before it.

use super::dataset::{Cell, Dataset};

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The canonical CSV.
pub fn encode(dataset: &Dataset) -> String {
    let mut out = String::new();
    for (position, column) in dataset.about.columns.iter().enumerate() {
        separate(position, &mut out);
        text(&column.name, &mut out);
    }
    out.push_str("\r\n");
    for row in &dataset.rows {
        for (position, cell) in row.iter().enumerate() {
            separate(position, &mut out);
            match cell {
                Cell::Text(words) => text(words, &mut out),
                Cell::Count(count) => out.push_str(&count.to_string()),
            }
        }
        out.push_str("\r\n");
    }
    out
}

/// The text as a spreadsheet may show it: one that it would run has an apostrophe before it.
pub fn guarded(text: &str) -> std::borrow::Cow<'_, str> {
    if text.starts_with(FORMULA) { format!("'{text}").into() } else { text.into() }
}

fn separate(position: usize, out: &mut String) {
    if position > 0 {
        out.push(',');
    }
}

fn text(text: &str, out: &mut String) {
    let text = guarded(text);
    if !text.contains([',', '"', '\r', '\n']) {
        return out.push_str(&text);
    }
    out.push('"');
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::dataset::{Kind, Sheet, row};
    use super::*;

    #[test]
    fn cells_stand_as_they_are_and_run_nothing() {
        let mut sheet = Sheet::new("x", "x", "x", &[("a", Kind::Text), ("b", Kind::Count)]);
        sheet.row(row!["=cmd|' /C calc'!A0", 7]);
        sheet.row(row!["a,\"b\"\r\nc", 0]);
        sheet.row(row!["-1", 1]);
        sheet.row(row!["", 2]);
        let dataset = sheet.done();
        let expected = "a,b\r\n'=cmd|' /C calc'!A0,7\r\n\"a,\"\"b\"\"\r\nc\",0\r\n'-1,1\r\n,2\r\n";
        assert_eq!(encode(&dataset), expected);
        assert_eq!(dataset.about.digest, crate::hash::Sha256::of(expected.as_bytes()));
    }
}
