//! The ids of an independent extract: CSV with a header, or JSON.

use std::collections::BTreeSet;

use super::Reason;
use super::csv::Table;
use super::json::{self, Json};
use super::split::{Framing, Splitter, without_mark};

/// The ids, each once.
///
/// `name` is the column, or the member of each object (a path with dots); strings and numbers of an
/// array are ids themselves. Codes `extract-id` (an item without an id), `extract-empty`, and those of
/// JSON and CSV.
pub(crate) fn ids(bytes: &[u8], name: &str) -> Result<BTreeSet<String>, Reason> {
    let bytes = without_mark(bytes);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let ids = match first {
        Some(b'{' | b'[') => of_json(bytes, name)?,
        _ => of_table(bytes, name)?,
    };
    if ids.is_empty() {
        return Err(Reason::new("extract-empty", "the extract has no ids"));
    }
    Ok(ids)
}

fn without(place: usize, name: &str) -> Reason {
    Reason::new("extract-id", format!("item {place} has no `{}`", name.escape_debug()))
}

fn of_table(bytes: &[u8], name: &str) -> Result<BTreeSet<String>, Reason> {
    let table = Table::read(bytes)?;
    let ids = table.rows.iter().enumerate().map(|(place, row)| {
        table.cell(row, name).map(str::to_owned).ok_or_else(|| without(place + 1, name))
    });
    ids.collect()
}

fn of_json(bytes: &[u8], name: &str) -> Result<BTreeSet<String>, Reason> {
    let mut ids = BTreeSet::new();
    let mut add = |item: &Json<'_>, place: usize| {
        let id = item.id().or_else(|| item.at(name).id()).ok_or_else(|| without(place, name))?;
        ids.insert(id.to_owned());
        Ok(())
    };
    if let Ok(Json::List(list)) = json::read(bytes) {
        list.iter().enumerate().try_for_each(|(place, item)| add(item, place + 1))?;
        return Ok(ids);
    }
    let wraps = Framing::Json(&["items", "data", "records", "Records", "Resources", "values"]);
    for (place, piece) in Splitter::new(bytes, wraps).enumerate() {
        match piece.broken {
            Some(reason) => return Err(reason),
            None => add(&json::read(&piece.bytes)?, place + 1)?,
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_tables_arrays_and_lines() {
        for text in [
            "id,x\na,1\nb,2\na,3\n",
            "[\"a\",\"b\"]",
            "[{\"id\":\"a\"},{\"id\":\"b\"}]",
            "{\"id\":\"a\"}\n{\"id\":\"b\"}",
            "{\"total\":2,\"items\":[{\"id\":\"a\"},{\"id\":\"b\"}]}",
        ] {
            let found = ids(text.as_bytes(), "id").unwrap();
            assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a", "b"], "{text}");
        }
        for (text, code) in [
            ("", "csv-header"),
            ("id\n", "extract-empty"),
            ("[]", "extract-empty"),
            ("id,x\n,1", "extract-id"),
            ("name\na", "extract-id"),
            ("[{\"name\":\"a\"}]", "extract-id"),
            ("[{\"id\":\"a\"},{\"id\":", "json-truncated"),
        ] {
            assert_eq!(ids(text.as_bytes(), "id").unwrap_err().code, code, "{text}");
        }
    }
}
