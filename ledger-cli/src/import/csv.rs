//! Comma-separated values, RFC 4180: quoted cells may hold commas, quotes and line ends. What a cell
//! says is text, also where it begins like a formula: nothing is ever computed.

use super::Reason;

/// A table: the names of its columns, and its rows, each of their length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    names: Vec<String>,
    /// The rows behind the header.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a table with a header.
    ///
    /// Codes `csv-utf8`, `csv-quote` (a quoted cell does not close, or goes on behind its quote),
    /// `csv-header` (none, or a name twice), `csv-columns` (a row of another length).
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Reason> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Reason::new("csv-utf8", "the table is not UTF-8"))?;
        let mut rows = rows(text)?;
        rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
        if rows.is_empty() {
            return Err(Reason::new("csv-header", "the table has no header"));
        }
        let names: Vec<String> = rows.remove(0).iter().map(|name| name.trim().to_owned()).collect();
        if let Some(twice) = (1..names.len())
            .find_map(|at| names.get(at).filter(|name| names.iter().take(at).any(|n| n == *name)))
        {
            let message = format!("the column `{}` is there twice", twice.escape_debug());
            return Err(Reason::new("csv-header", message));
        }
        for (number, row) in rows.iter().enumerate() {
            if row.len() != names.len() {
                let message = format!(
                    "row {} has {} cells, the header has {}",
                    number + 2,
                    row.len(),
                    names.len()
                );
                return Err(Reason::new("csv-columns", message));
            }
        }
        Ok(Self { names, rows })
    }

    /// Whether there is a column of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|found| found == name)
    }

    /// The cell of a row in that column, unless it is empty.
    pub(crate) fn cell<'a>(&self, row: &'a [String], name: &str) -> Option<&'a str> {
        let at = self.names.iter().position(|found| found == name)?;
        row.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }
}

fn rows(text: &str) -> Result<Vec<Vec<String>>, Reason> {
    let quote = |message: &str| Reason::new("csv-quote", message);
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => {
                quoted = false;
                if chars.peek().is_some_and(|next| !matches!(next, ',' | '\r' | '\n')) {
                    return Err(quote("a quoted cell goes on behind its quote"));
                }
            }
            '"' if cell.is_empty() => quoted = true,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    if quoted {
        return Err(quote("a quoted cell does not close"));
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_formulas_quotes_and_line_ends_are_text() {
        let table = Table::read(b"a,b\r\n\"=1+1\",\"x\"\"y\r\nz, w\"\n,2").unwrap();
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.cell(&table.rows[0], "a"), Some("=1+1"));
        assert_eq!(table.cell(&table.rows[0], "b"), Some("x\"y\r\nz, w"));
        assert_eq!(table.cell(&table.rows[1], "a"), None);
        assert_eq!(table.cell(&table.rows[1], "b"), Some("2"));
    }

    #[test]
    fn a_table_that_is_none_is_refused() {
        for (text, code) in [
            (&b""[..], "csv-header"),
            (b"\n\n", "csv-header"),
            (b"a,a\n1,2", "csv-header"),
            (b"a,b\n1", "csv-columns"),
            (b"a,b\n1,2,3", "csv-columns"),
            (b"a\n\"1", "csv-quote"),
            (b"a\n\"1\"2", "csv-quote"),
            (b"a\n\xff", "csv-utf8"),
        ] {
            assert_eq!(Table::read(text).unwrap_err().code, code, "{text:?}");
        }
    }
}
