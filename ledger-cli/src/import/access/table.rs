//! Any list of accounts and entitlements as CSV, with a mapping: a JSON object that names for each
//! field of the normal form the column it stands in, or the value of all rows behind `=`.

use super::super::csv::Table;
use super::super::json::{self, Json};
use super::super::split::Framing;
use super::super::time::When;
use super::super::{Draft, Person, Reason, Record, Source};
use super::{Row, Snapshot, truth};

pub(in super::super) const SOURCE: Source = Source {
    name: "access-csv",
    reads: "CSV of accounts and entitlements; given: mapping (a JSON file), system, complete, total, taken_at",
    version: 2,
    framing: Framing::Whole,
    map,
};

const TEXTS: &[&str] = &[
    "account",
    "approval",
    "description",
    "entitlement",
    "granted_by",
    "owner",
    "purpose",
    "scope",
    "secret_of",
];
/// Fields with the words that they may have.
const WORDS: &[(&str, &[&str])] = &[
    ("account_type", &["personal", "service", "shared", "break_glass"]),
    ("source", &["direct", "group", "policy"]),
];
const FLAGS: &[&str] = &["enabled", "external", "mfa", "privileged"];
const TIMES: &[&str] =
    &["created_at", "expires", "granted_at", "key_rotated_at", "last_login", "last_used"];
/// The two parts of whose account it is, and who gave the id of an owner that is a person.
const PERSON: &[&str] = &["person", "person_issuer", "owner_issuer"];

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let wrong = |message: String| Reason::new("mapping", message);
    let text = record
        .given
        .get("mapping")
        .ok_or_else(|| wrong("the columns are not known: give a mapping".to_owned()))?;
    let mapping = json::read(text.as_bytes())?;
    let table = Table::read(record.bytes)?;
    for (field, column) in mapping.members() {
        let known = [TEXTS, FLAGS, TIMES, PERSON].iter().any(|names| names.contains(&&**field))
            || WORDS.iter().any(|(name, _)| *name == &**field);
        let there = column.text().is_some_and(|name| name.starts_with('=') || table.has(name));
        if !known || !there {
            let message =
                format!("`{}` is no field, or its column is missing", field.escape_debug());
            return Err(wrong(message));
        }
    }
    if !mapping.get("account").is_some() {
        return Err(wrong("the mapping names no column for `account`".to_owned()));
    }
    let mut rows = Vec::with_capacity(table.rows.len());
    for (number, cells) in table.rows.iter().enumerate() {
        rows.push(row(&mapping, &table, cells).map_err(|field| {
            let message = format!("row {}: `{field}` cannot be read", number + 2);
            Reason::new("csv-cell", message)
        })?);
    }
    let snapshot = Snapshot::new("unknown", rows.len(), rows);
    if record.given.get("system").is_none() {
        return Err(wrong("no system is given".to_owned()));
    }
    snapshot.drafts(SOURCE.name, record)
}

/// The row, or the field whose cell does not say what it should.
fn row(mapping: &Json<'_>, table: &Table, cells: &[String]) -> Result<Row, &'static str> {
    let cell = |field: &str| {
        let column = mapping.get(field).text()?;
        match column.strip_prefix('=') {
            Some(constant) => Some(constant),
            None => table.cell(cells, column),
        }
    };
    let mut row = Row::new(cell("account").ok_or("account")?);
    for field in TEXTS {
        row = row.text(field, cell(field));
    }
    for (field, words) in WORDS {
        let Some(text) = cell(field).map(str::to_ascii_lowercase) else { continue };
        // a word that nobody knows must not make the whole list one that says nothing
        row = row.text(field, Some(words.iter().find(|word| **word == text).ok_or(*field)?));
    }
    for field in FLAGS {
        let Some(text) = cell(field) else { continue };
        row = row.flag(field, Some(truth(text).ok_or(*field)?));
    }
    for field in TIMES {
        let Some(text) = cell(field) else { continue };
        row = row.time(field, Some(&When::read(&Json::Text(text.into())).ok_or(*field)?));
    }
    let issuer = cell("person_issuer").unwrap_or("hr");
    let owner = cell("owner_issuer").and_then(|issuer| Person::new(issuer, cell("owner")));
    let person = Person::new(issuer, cell("person"));
    Ok(row.person(person.as_ref()).identity("owner", owner.as_ref()))
}
