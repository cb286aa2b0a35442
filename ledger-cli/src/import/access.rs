//! Access snapshots: who may do what in a system at a time, as `access.observed` with the list in one
//! normal form.
//!
//! A row has `system` and `account`, and of the others what the source says: nothing is filled in. It
//! names people; what the log has of it, and what the tests read, names none (`list`). A snapshot is
//! `complete` only where the source shows it, or whoever collected it says so and nothing speaks
//! against it.

pub(super) mod aws_credentials;
pub(super) mod github;
pub(super) mod kubernetes;
pub(super) mod okta;
pub(super) mod scim;
pub(super) mod table;

use std::collections::BTreeMap;

use ledger_core::json::{Object, Value};

use super::audit::digest_of;
use super::draft::Attached;
use super::json::{self, Json};
use super::split::{Framing, Splitter};
use super::time::When;
use super::{Draft, Person, Reason, Record, draft};

/// One row of the normal form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row(Object);

impl Row {
    /// What an account has, or that it exists.
    pub(crate) fn new(account: &str) -> Self {
        Self::default().text("account", Some(account))
    }

    /// A text, if there is one.
    pub(crate) fn text(mut self, name: &'static str, text: Option<&str>) -> Self {
        if let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) {
            self.0.insert(name, Value::text(draft::short(text)));
        }
        self
    }

    /// A truth, if it is known.
    pub(crate) fn flag(mut self, name: &'static str, value: Option<bool>) -> Self {
        self.0.extend(value.map(|value| (name, Value::Bool(value))));
        self
    }

    /// A time, if it is known.
    pub(crate) fn time(mut self, name: &'static str, when: Option<&When>) -> Self {
        self.0.extend(when.map(|when| (name, when.value())));
        self
    }

    /// Whose account it is.
    pub(crate) fn person(self, person: Option<&Person>) -> Self {
        self.identity("person", person)
    }

    /// Somebody, if it is known who.
    pub(crate) fn identity(mut self, name: &'static str, person: Option<&Person>) -> Self {
        self.0.extend(person.map(|person| (name, person.value())));
        self
    }
}

/// What a source lists.
pub(crate) struct Snapshot {
    /// The system.
    pub(crate) system: String,
    /// When it was taken, if the source says it.
    pub(crate) taken_at: Option<When>,
    /// How many pages it came in.
    pub(crate) pages: u64,
    /// How many items were read.
    pub(crate) items: u64,
    /// How many there are, if the source says it.
    pub(crate) total: Option<u64>,
    /// Whether these are all, as far as the source itself shows it.
    pub(crate) complete: Option<bool>,
    /// The rows, in any order.
    pub(crate) rows: Vec<Row>,
}

impl Snapshot {
    /// Of one page of a system, and nothing said of the whole.
    pub(crate) fn new(system: &str, items: usize, rows: Vec<Row>) -> Self {
        Self {
            system: system.to_owned(),
            taken_at: None,
            pages: 1,
            items: items as u64,
            total: None,
            complete: None,
            rows,
        }
    }

    /// The event with its list. Code `snapshot-empty`: a list of nobody shows nothing.
    pub(crate) fn drafts(self, source: &str, record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
        let given = record.given;
        let system = given.get("system").unwrap_or(&self.system).to_owned();
        let count = |name: &'static str| given.get(name).and_then(|text| text.parse().ok());
        let total: Option<u64> = self.total.or_else(|| count("total"));
        let said = given.get("complete") == Some("yes");
        let whole = total.is_none_or(|total| total == self.items);
        let when = given.get("taken_at").and_then(|at| When::read(&Json::Text(at.into())));
        let when = when.or(self.taken_at).unwrap_or_else(|| When::received(record.received));
        let rows = self.rows.into_iter().map(|row| row.text("system", Some(&system))).collect();
        let attached = listed("entitlements", rows)?;
        let id = digest_of(format!("{system} {}", given.identity(record.bytes)).as_bytes());
        let query = given.get("query").map(|query| digest_of(query.as_bytes()));
        Ok(vec![
            Draft::new("access.observed", &id, when.clone())
                .subject("system", Some(&system))
                .time("taken_at", Some(&when))
                .id("collector", Some(given.get("collector").unwrap_or(source)))
                .id("query_digest", query.as_deref())
                .set("pages", Some(Value::count(count("pages").unwrap_or(self.pages))))
                .set("rows", Some(Value::count(attached.rows.len() as u64)))
                .set("total_reported", total.map(Value::count))
                .set("complete", Some(Value::Bool(self.complete.unwrap_or(said) && whole)))
                .attach(attached),
        ])
    }
}

/// Rows in ascending order of their canonical lines, each once. Code `snapshot-empty`.
pub(crate) fn listed(field: &'static str, rows: Vec<Row>) -> Result<Attached, Reason> {
    let rows = rows.into_iter().map(|row| Value::Object(row.0));
    let rows: BTreeMap<String, Value> = rows.map(|row| (row.to_canonical(), row)).collect();
    if rows.is_empty() {
        return Err(Reason::new("snapshot-empty", "the snapshot lists nothing"));
    }
    Ok(Attached { field, rows: rows.into_values().collect() })
}

/// The JSON documents of a file: one, or pages one after the other.
pub(crate) fn documents(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Reason> {
    if json::read(bytes).is_ok() {
        return Ok(vec![bytes.to_vec()]);
    }
    let mut found = Vec::new();
    for piece in Splitter::new(bytes, Framing::Json(&[])) {
        match piece.broken {
            Some(reason) => return Err(reason),
            None => found.push(piece.bytes),
        }
    }
    Ok(found)
}

/// A page that is an array gives its items, an array of pages theirs; an object is one item.
pub(crate) fn items_of<'v, 'a>(value: &'v Json<'a>) -> Vec<&'v Json<'a>> {
    match value {
        Json::List(list) => list.iter().flat_map(items_of).collect(),
        Json::Object(_) => vec![value],
        _ => Vec::new(),
    }
}

/// What is no snapshot: kept as it is.
pub(crate) fn other(source: &str, kind: &str, record: &Record<'_>) -> Vec<Draft> {
    let when = When::received(record.received);
    vec![Draft::external(source, &digest_of(record.bytes), kind, "no-snapshot", when)]
}

/// `true`, `yes`, `1`, `active` and their opposites, in any case.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "active" | "enabled" => Some(true),
        "false" | "no" | "0" | "inactive" | "disabled" => Some(false),
        _ => None,
    }
}
