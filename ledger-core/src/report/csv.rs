//! CSV: the canonical bytes of a dataset (RFC 4180), which its digest is over.
//!
//! UTF-8 without a mark, a header, CR LF after each row. A cell is quoted where it holds a comma, a
//! quote, CR or LF. A text that a spreadsheet would run as a formula has an apostrophe before it.

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A value in a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'v> {
    /// Words.
    Text(&'v str),
    /// A whole number, which runs nothing.
    Count(u64),
}

/// A row, with its end.
pub(super) fn row<'v>(values: impl Iterator<Item = Value<'v>>, out: &mut String) {
    for (position, value) in values.enumerate() {
        separate(position, out);
        match value {
            Value::Text(words) => text(words, out),
            Value::Count(count) => out.push_str(&count.to_string()),
        }
    }
    out.push_str("\r\n");
}

/// A row of words alone, with its end, as the rows of every dataset are written.
pub fn csv_row(words: &[&str], out: &mut String) {
    row(words.iter().map(|words| Value::Text(words)), out);
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
