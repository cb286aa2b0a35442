//! Made: a report that was made before, read again from its document.
//!
//! Spec page: `spec/report.md`. What is issued, corrected or signed is bytes that somebody hands in:
//! they are taken only as they were made.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::json::{self, Value};
use crate::vault::persons::Pseudonym;

/// What a report, and a brief, is called in its own `format`.
const FORMATS: [&str; 2] = ["ledger/report/v1", "ledger/brief/v1"];

/// A report that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The whole.
    pub value: Value,
    /// SHA-256 of its bytes: what is signed.
    pub digest: Sha256,
}

impl Made {
    /// Reads the bytes of `report.json`.
    ///
    /// Codes `json-*` (it is no JSON of the restricted domain), `report-format` (it is no report),
    /// `report-form` (it is not in its one canonical spelling).
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let hint = "take the `report.json` that `ledger report` made, not one of its dressings";
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let value = json::read_document(line).map_err(|error| error.hint(hint))?;
        let format = value.get("format").and_then(Value::as_text).unwrap_or_default();
        if !FORMATS.contains(&format) {
            let message = format!("its format is not `{}`", FORMATS.join("` or `"));
            return Err(Error::refused("report-format", message).hint(hint));
        }
        if value.to_canonical().as_bytes() != line {
            let message = "it is not in its one canonical spelling: somebody wrote it anew";
            return Err(Error::refused("report-form", message).hint(hint));
        }
        Ok(Self { value, digest: Sha256::of(bytes) })
    }

    /// A member of its front; empty where it has none.
    pub fn front(&self, name: &str) -> &str {
        self.at(&["front", name]).and_then(Value::as_text).unwrap_or_default()
    }

    /// What stands at the end of these names.
    pub fn at(&self, names: &[&str]) -> Option<&Value> {
        names.iter().try_fold(&self.value, |value, name| value.get(name))
    }

    /// The text at the end of these names; empty where there is none.
    pub fn text(&self, names: &[&str]) -> &str {
        self.at(names).and_then(Value::as_text).unwrap_or_default()
    }

    /// How many entries it stands on, and the root over them, base64; code `report-form`.
    pub fn stands_on(&self) -> Result<(u64, &str)> {
        let size = match self.at(&["front", "ledger", "size"]) {
            Some(Value::Integer(size)) => u64::try_from(*size).ok(),
            _ => None,
        };
        let root = self.text(&["front", "ledger", "root"]);
        size.filter(|_| !root.is_empty()).map(|size| (size, root)).ok_or_else(|| {
            Error::refused("report-form", "it does not say on which entries it stands")
        })
    }

    /// Everybody whom it names, by pseudonym.
    pub fn persons(&self) -> BTreeSet<Pseudonym> {
        let mut found = BTreeSet::new();
        persons(&self.value, &mut found);
        found
    }
}

/// Pseudonyms in any text: in a cell of their own, or within a sentence.
fn persons(value: &Value, found: &mut BTreeSet<Pseudonym>) {
    match value {
        Value::Text(text) => {
            let words = text.split(|char: char| !char.is_ascii_alphanumeric());
            found.extend(words.filter_map(|word| word.parse::<Pseudonym>().ok()));
        }
        Value::List(items) => items.iter().for_each(|item| persons(item, found)),
        Value::Object(members) => members.values().for_each(|value| persons(value, found)),
        Value::Bool(_) | Value::Integer(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_made_is_read() {
        let code = |text: &str| Made::read(text.as_bytes()).map_err(|error| error.code()).err();
        assert_eq!(code("{\"format\":\"ledger/report/v1\"}\n"), None);
        assert_eq!(code("{ \"format\":\"ledger/report/v1\"}\n"), Some("report-form"));
        assert_eq!(code("{\"format\":\"ledger/evaluation/v1\"}\n"), Some("report-format"));
        assert!(code("hello").is_some());
        let made = Made::read(b"{\"format\":\"ledger/report/v1\"}").unwrap();
        assert_eq!(made.stands_on().unwrap_err().code(), "report-form");
    }

    #[test]
    fn persons_are_found_in_cells_and_in_sentences() {
        let text = r#"{"a":["qfa3mkubk5ghd665leuff2bavq","approved by qfa3mkubk5ghd665leuff2bavq, late"],"format":"ledger/report/v1"}"#;
        assert_eq!(Made::read(text.as_bytes()).unwrap().persons().len(), 1);
    }
}
