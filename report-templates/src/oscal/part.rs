//! Part: what all documents are made of: ids, times, tokens, texts, properties, metadata.

use std::borrow::Cow;

use ledger_core::json::{Lazy, Value};
use ledger_core::report::{Cell, Dataset, Report};
use uuid::Uuid;

use crate::text::spelled;

/// The version of OSCAL.
const VERSION: &str = "1.2.1";
/// The namespace of our own properties: UUID version 5 of `ledger/oscal/v1` among URLs. A `urn:uuid:` is
/// a URI that nobody else can have, needs no domain that somebody must keep paying for, and resolves to
/// nothing that could change (RFC 9562, section 4); `tag:` and `https:` need a name that is owned.
const NAMESPACE: Uuid = Uuid::from_u128(0x6ec8_4e95_a11b_5dcd_91a2_be1d_fc58_2050);

/// A name of ours as a URI; the namespace itself where it is empty.
pub(super) fn urn(name: &str) -> String {
    let id = if name.is_empty() { NAMESPACE } else { Uuid::new_v5(&NAMESPACE, name.as_bytes()) };
    format!("urn:uuid:{id}")
}
/// Characters of a text of an event that a document shows; the whole stands in the report.
const SHOWN: usize = 4_000;

/// What a document is written from.
#[derive(Clone, Copy)]
pub(super) struct Writer<'r> {
    pub report: &'r Report,
    /// The digest of `report.json`.
    pub digest: &'r str,
    ids: Uuid,
}

impl<'r> Writer<'r> {
    /// A writer whose ids are those of the ledger of the report.
    pub(super) fn new(report: &'r Report, digest: &'r str) -> Self {
        let ids = Uuid::new_v5(&Uuid::NAMESPACE_URL, report.front.origin.as_bytes());
        Self { report, digest, ids }
    }

    /// The id of a thing that keeps it from report to report.
    pub(super) fn lasting(&self, kind: &str, id: &str) -> Value {
        let name = format!("{kind}\0{id}");
        Value::text(Uuid::new_v5(&self.ids, name.as_bytes()).to_string())
    }

    /// The id of a thing of this report alone.
    pub(super) fn own(&self, kind: &str, id: &str) -> Value {
        self.lasting(kind, &format!("{}\0{}\0{id}", self.report.front.id, self.digest))
    }

    /// What every document begins with.
    pub(super) fn metadata(&self, title: &str) -> Value {
        let front = &self.report.front;
        let props = [
            ("ledger-origin", front.origin.clone()),
            ("ledger-size", front.size.to_string()),
            ("ledger-root", front.root.clone()),
            ("report", front.id.clone()),
            ("report-digest", self.digest.to_owned()),
            ("catalogue-digest", front.catalogue.clone()),
            ("integrity", self.report.integrity.state.as_str().to_owned()),
            ("completeness", self.report.completeness.state.as_str().to_owned()),
            ("tool", front.tool.clone()),
        ];
        let props = props.iter().filter_map(|(name, value)| prop(name, value));
        Value::object([
            ("last-modified", Value::text(front.cutoff.to_string())),
            ("oscal-version", Value::text(VERSION)),
            ("props", Value::List(props.collect())),
            ("title", Value::text(line(&format!("{title}, {}, {}", front.entity, front.period)))),
            ("version", Value::text(front.version.to_string())),
        ])
    }

    /// A reference to a file of the report, from a document beside it.
    pub(super) fn evidence(file: &str, what: &str) -> Value {
        Value::object([
            ("description", Value::text(marked(what))),
            ("href", Value::text(format!("../{file}"))),
        ])
    }

    /// The exceptions of the report, a row each.
    pub(super) fn exceptions(&self) -> impl Iterator<Item = Row<'r>> + use<'r> {
        let table = self.report.dataset("P14");
        table.into_iter().flat_map(|table| table.rows.iter().map(move |cells| Row { table, cells }))
    }
}

/// A row of a dataset, whose cells are found by their columns.
pub(super) struct Row<'r> {
    table: &'r Dataset,
    cells: &'r [Cell],
}

impl<'r> Row<'r> {
    /// The text under a column; empty if it says nothing.
    pub(super) fn text(&self, column: &str) -> Cow<'r, str> {
        let place = self.table.column(column);
        match place.and_then(|place| self.cells.get(place)) {
            Some(Cell::Text(text)) => Cow::Borrowed(text),
            Some(Cell::Count(count)) => Cow::Owned(count.to_string()),
            None => Cow::Borrowed(""),
        }
    }
}

/// A property in our own namespace; none without a value, which OSCAL does not have.
pub(super) fn prop(name: &str, value: &str) -> Option<Value> {
    let value = one(value)?;
    Some(Value::object([
        ("name", Value::text(token(name))),
        ("ns", Value::text(urn(""))),
        ("value", Value::text(value)),
    ]))
}

/// A name as OSCAL takes it: begins with a letter or `_`, then letters, digits, `.`, `-` and `_`.
pub(super) fn token(text: &str) -> String {
    let fits = |char: char| char.is_ascii_alphanumeric() || ".-_".contains(char);
    let mut out: String = text.chars().map(|char| if fits(char) { char } else { '-' }).collect();
    while out.contains("--") {
        out = out.replace("--", "-");
    }
    let out = out.trim_matches('-');
    if out.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_') {
        out.to_owned()
    } else {
        format!("_{out}")
    }
}

/// The text on one line without space at its ends; none of nothing.
fn one(text: &str) -> Option<String> {
    let spelled = spelled(text.chars().map(|char| if char.is_whitespace() { ' ' } else { char }));
    let words: Vec<&str> = spelled.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// A title of one line.
pub(super) fn line(text: &str) -> String {
    marked(&one(text).unwrap_or_else(|| "without a title".to_owned()))
}

/// A text that says itself and nothing in Markdown: OSCAL's texts are that.
pub(super) fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    for char in spelled(rest.by_ref().take(SHOWN)).chars() {
        if "\\`*_[]<>#|{}".contains(char) {
            out.push('\\');
        }
        out.push(char);
    }
    let more = rest.count();
    if more > 0 {
        let all = SHOWN + more;
        out.push('\u{2026}');
        out.push_str(" (");
        out.push_str(&all.to_string());
        out.push_str(" characters in all)");
    }
    if out.trim().is_empty() { "nothing is said".to_owned() } else { out }
}

/// An object without what is not there.
pub(super) fn object(members: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    Value::object(members.into_iter().filter_map(|(name, value)| Some((name, value?))))
}

/// An object of what is made as it is written, without what is not there.
pub(super) fn lazy<'r>(
    members: impl IntoIterator<Item = (&'static str, Option<Lazy<'r>>)>,
) -> Lazy<'r> {
    Lazy::object(members.into_iter().filter_map(|(name, value)| Some((name, value?))))
}

/// A list of what is made as it is written; none of nothing.
pub(super) fn lazy_list<'r>(items: impl Iterator<Item = Value> + 'r) -> Option<Lazy<'r>> {
    let mut items = items.peekable();
    items.peek()?;
    Some(Lazy::list(items))
}

/// A list; none of nothing, which OSCAL does not have.
pub(super) fn list(items: impl IntoIterator<Item = Value>) -> Option<Value> {
    let items: Vec<Value> = items.into_iter().collect();
    (!items.is_empty()).then_some(Value::List(items))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tokens() {
        assert_eq!(token("164.308(a)(4)(ii)(C)"), "_164.308-a-4-ii-C");
        assert_eq!(token("SOX-CM-01"), "SOX-CM-01");
        assert_eq!(token("§404"), "_404");
        assert_eq!(token("日本"), "_");
        assert_eq!(token("=cmd|' /C'!A0"), "cmd-C-A0");
    }

    #[test]
    fn texts_say_only_themselves() {
        assert_eq!(line(" a\n b\t"), "a b");
        assert_eq!(line(""), "without a title");
        assert_eq!(marked("<b>*x*_y_"), "\\<b\\>\\*x\\*\\_y\\_");
        assert!(marked(&"x".repeat(9_000)).ends_with("(9000 characters in all)"));
        assert!(prop("x", " \n").is_none());
    }
}
