//! Form: what travels to a reviewer and comes back: the rows that wait for them, each with a MAC over what
//! it shows, and one MAC over which rows there are. A row may be moved; none may be added, taken away or
//! edited, and the population must be the one that it was made of.
//!
//! Spec page: `spec/review.md`. The spreadsheet and the page are dressings of this document. The MAC shows
//! that the form is one of this ledger; who decided is shown by the reviewer's own signature alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::encoding::hex;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::json::{Value, read_document};
use crate::schema::review::CertifyDecision;
use crate::vault::persons::{Key, Pseudonym};

/// The format.
pub const FORMAT: &str = "ledger/review-form/v1";
/// Hex digits of a MAC: 128 bits.
const DIGITS: usize = 32;

/// A form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The review.
    pub campaign: String,
    /// The digest of its population.
    pub population: String,
    /// For whom: a pseudonym.
    pub reviewer: String,
    /// The names of the columns that are shown.
    pub columns: Vec<String>,
    /// The items of the rows, ascending.
    pub items: Vec<String>,
    /// Over all above.
    pub mac: String,
    /// The rows, in any order.
    pub rows: Vec<Row>,
}

/// A row of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The item.
    pub item: String,
    /// What is shown of it.
    pub cells: Vec<String>,
    /// Over item and cells, for this review and reviewer.
    pub mac: String,
    /// `certify`, `revoke`, `modify`, or empty.
    pub decision: String,
    /// In the reviewer's words, or empty.
    pub comment: String,
}

/// What somebody decided in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The item.
    pub item: String,
    /// What.
    pub decision: CertifyDecision,
    /// Why.
    pub comment: Option<String>,
}

impl Form {
    /// A form of these rows (item and what is shown), with its MACs.
    pub fn new(
        key: &Key,
        (campaign, population, reviewer): (&str, &Sha256, Pseudonym),
        columns: &[&str],
        rows: Vec<(String, Vec<String>)>,
    ) -> Self {
        let mut form = Self {
            campaign: campaign.to_owned(),
            population: population.to_reference(),
            reviewer: reviewer.to_string(),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            items: rows.iter().map(|(item, _)| item.clone()).collect(),
            mac: String::new(),
            rows: Vec::with_capacity(rows.len()),
        };
        form.items.sort_unstable();
        form.mac = form.head(key);
        for (item, cells) in rows {
            let mac = form.of_row(key, &item, &cells);
            form.rows.push(Row { item, cells, mac, ..Row::default() });
        }
        form
    }

    fn head(&self, key: &Key) -> String {
        let list = |texts: &[String]| Value::List(texts.iter().map(Value::text).collect());
        let parts = [
            Value::text(FORMAT),
            Value::text(&self.campaign),
            Value::text(&self.population),
            Value::text(&self.reviewer),
            list(&self.columns),
            list(&self.items),
        ];
        mac(key, "review-form", &parts)
    }

    fn of_row(&self, key: &Key, item: &str, cells: &[String]) -> String {
        let cells = cells.iter().map(Value::text).collect();
        let parts = [
            Value::text(&self.campaign),
            Value::text(&self.reviewer),
            Value::text(item),
            Value::List(cells),
        ];
        mac(key, "review-row", &parts)
    }

    /// Checks a form that came back: it is of this population and for this reviewer, and each row is as
    /// it was. Gives what was decided, in the order of the rows; a row without a decision is left open.
    ///
    /// Codes: `form-population`, `form-reviewer`, `form-changed` (its head), `form-row-added`,
    /// `form-row-twice`, `form-row-missing`, `form-row-edited`, `form-decision`.
    pub fn check(&self, key: &Key, population: &Sha256, who: Pseudonym) -> Result<Vec<Filled>> {
        if self.population != population.to_reference() {
            return Err(refused("form-population", "the form is of another population")
                .hint("export the form anew: the review is not the one that it was made of"));
        }
        if self.reviewer != who.to_string() {
            return Err(refused("form-reviewer", "the form was made for another reviewer")
                .hint("each reviewer imports their own form, signed by their own key"));
        }
        if self.mac != self.head(key) {
            return Err(refused("form-changed", "the head of the form was changed")
                .hint("export the form anew, and change decisions and comments only"));
        }
        let listed: BTreeSet<&str> = self.items.iter().map(String::as_str).collect();
        let mut there: BTreeMap<&str, usize> = BTreeMap::new();
        let mut filled = Vec::new();
        for (place, row) in self.rows.iter().enumerate() {
            let item = row.item.as_str();
            let at = |code: &'static str, what: &str| {
                Err(refused(code, &format!("row `{item}` {what}")).at(format!("row {}", place + 1)))
            };
            if !listed.contains(item) {
                return at("form-row-added", "was added");
            }
            if there.insert(item, place).is_some() {
                return at("form-row-twice", "stands twice");
            }
            if row.mac != self.of_row(key, item, &row.cells) {
                return at("form-row-edited", "was edited");
            }
            if row.decision.is_empty() {
                if !row.comment.trim().is_empty() {
                    return at("form-decision", "has a comment and no decision");
                }
                continue;
            }
            let Some(decision) = CertifyDecision::parse(&row.decision) else {
                return at("form-decision", "has another decision than certify, revoke, modify");
            };
            let comment = Some(row.comment.trim().to_owned()).filter(|text| !text.is_empty());
            filled.push(Filled { item: row.item.clone(), decision, comment });
        }
        if let Some(missing) = listed.iter().find(|item| !there.contains_key(**item)) {
            return Err(refused("form-row-missing", &format!("row `{missing}` was taken away"))
                .hint("leave what is not decided without a decision"));
        }
        Ok(filled)
    }

    /// The whole as canonical JSON.
    pub fn to_json(&self) -> Value {
        let list = |texts: &[String]| Value::List(texts.iter().map(Value::text).collect());
        let row = |row: &Row| {
            Value::object([
                ("cells", list(&row.cells)),
                ("comment", Value::text(&row.comment)),
                ("decision", Value::text(&row.decision)),
                ("item", Value::text(&row.item)),
                ("mac", Value::text(&row.mac)),
            ])
        };
        Value::object([
            ("campaign", Value::text(&self.campaign)),
            ("columns", list(&self.columns)),
            ("format", Value::text(FORMAT)),
            ("items", list(&self.items)),
            ("mac", Value::text(&self.mac)),
            ("population", Value::text(&self.population)),
            ("reviewer", Value::text(&self.reviewer)),
            ("rows", Value::List(self.rows.iter().map(row).collect())),
        ])
    }

    /// Reads a form; codes `json-*`, `form-format`, `form-member`.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let value = read_document(bytes)?;
        let text = |name: &str| member(&value, name);
        if text("format")? != FORMAT {
            return Err(Error::malformed("form-format", "it is no form of a review")
                .hint("`ledger review export --to FILE` makes one"));
        }
        let rows = match value.get("rows") {
            Some(Value::List(rows)) => rows.iter().map(row).collect::<Result<Vec<_>>>()?,
            _ => return Err(without("rows")),
        };
        Ok(Self {
            campaign: text("campaign")?,
            population: text("population")?,
            reviewer: text("reviewer")?,
            columns: texts(&value, "columns")?,
            items: texts(&value, "items")?,
            mac: text("mac")?,
            rows,
        })
    }
}

fn row(value: &Value) -> Result<Row> {
    Ok(Row {
        item: member(value, "item")?,
        cells: texts(value, "cells")?,
        mac: member(value, "mac")?,
        decision: member(value, "decision")?,
        comment: member(value, "comment")?,
    })
}

fn member(value: &Value, name: &str) -> Result<String> {
    value.get(name).and_then(Value::as_text).map(str::to_owned).ok_or_else(|| without(name))
}

fn texts(value: &Value, name: &str) -> Result<Vec<String>> {
    let Some(Value::List(items)) = value.get(name) else { return Err(without(name)) };
    let one = |item: &Value| item.as_text().map(str::to_owned).ok_or_else(|| without(name));
    items.iter().map(one).collect()
}

fn without(name: &str) -> Error {
    Error::malformed("form-member", format!("the form has no `{name}`, or one of another shape"))
}

fn refused(code: &'static str, message: &str) -> Error {
    Error::refused(code, message.to_owned())
}

fn mac(key: &Key, what: &str, parts: &[Value]) -> String {
    let text = Value::List(parts.to_vec()).to_canonical();
    let mut digits = hex(&key.source_digest(what, &text).0);
    digits.truncate(DIGITS);
    digits
}
