//! Rows: a list in its normal form, one canonical JSON object on each line.
//!
//! A list with a row that cannot be read says nothing: none of it is used.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::json::{Document, Names, View};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// The members of one row, each taken at most once; what is left over or of another shape is known
/// in the end.
pub(crate) struct Members<'a> {
    row: View<'a>,
    taken: BTreeSet<&'static str>,
    wrong: Option<&'static str>,
}

impl<'a> Members<'a> {
    fn take<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(View<'a>) -> Option<T>,
    ) -> Option<T> {
        self.taken.insert(name);
        let view = self.row.get(name)?;
        let value = read(view);
        if value.is_none() {
            self.wrong = Some(name);
        }
        value
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Option<Box<str>> {
        self.take(name, |view| {
            view.text().filter(|text| !text.is_empty()).map(|text| Box::from(&*text))
        })
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.take(name, |view| view.boolean())
    }

    pub(crate) fn count(&mut self, name: &'static str) -> Option<u64> {
        self.take(name, |view| view.unsigned())
    }

    pub(crate) fn time(&mut self, name: &'static str) -> Option<Timestamp> {
        self.take(name, |view| Timestamp::parse(view.plain()?.as_bytes()).ok())
    }

    pub(crate) fn person(&mut self, name: &'static str) -> Option<Pseudonym> {
        self.take(name, |view| view.plain()?.parse().ok())
    }

    /// A list of words, none of them empty; an empty list says nothing and is wrong.
    pub(crate) fn texts(&mut self, name: &'static str) -> Option<Vec<Box<str>>> {
        self.take(name, |view| {
            let items = view.items();
            let all: Option<Vec<Box<str>>> = items
                .map(|item| item.text().filter(|text| !text.is_empty()).map(|t| Box::from(&*t)))
                .collect();
            all.filter(|all| !all.is_empty())
        })
    }

    pub(crate) fn word<T>(
        &mut self,
        name: &'static str,
        known: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.take(name, |view| known(view.plain()?))
    }
}

/// The rows of a list; codes `json-*`, `list-row`, `list-member`, `list-value`.
pub(crate) fn lines<T>(
    bytes: &[u8],
    read: impl Fn(&mut Members<'_>) -> Option<T>,
) -> Result<Vec<T>> {
    let wrong = |code: &'static str, line: usize, message: String| {
        Error::malformed(code, message).at(format!("line {}", line + 1))
    };
    let mut document = Document::default();
    let mut all = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() && number > 0 {
            // behind the last newline
            continue;
        }
        let row = document.parse(line, Names::Plain)?;
        let mut members = Members { row, taken: BTreeSet::new(), wrong: None };
        let value = read(&mut members);
        if let Some(name) = members.wrong {
            return Err(wrong("list-value", number, format!("`{name}` has another shape")));
        }
        let Some(value) = value else {
            return Err(wrong("list-row", number, "a member is missing".to_owned()));
        };
        if let Some((name, _)) = row.members().find(|(name, _)| !members.taken.contains(name)) {
            return Err(wrong("list-member", number, format!("`{name}` is not known here")));
        }
        all.push(value);
    }
    Ok(all)
}
