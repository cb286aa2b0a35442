//! Lists: what a book attaches to events, and its rules of separated duties.

use std::collections::BTreeMap;

use ledger_core::check::matrix::{Matrix, Reach, Rule};
use ledger_core::check::{Attachments, Severity};
use ledger_core::hash::Sha256;
use ledger_core::json;
use serde_json::Value;

use crate::history::{is_time, pseudonym, rename, text, texts, whole};

/// Rules of separated duties: the first duty against the others.
pub fn matrix(rules: &[Value]) -> Matrix {
    let rule = |rule: &Value| {
        let duties = texts(rule.get("duties"));
        let severity = text(rule, "severity").unwrap();
        let severities = [Severity::Critical, Severity::High, Severity::Medium];
        Rule {
            id: text(rule, "id").unwrap(),
            duty: duties[0].clone(),
            against: duties[1..].to_vec(),
            reach: if rule.get("any").is_some() { Reach::Any } else { Reach::SameSystem },
            severity: severities.into_iter().find(|known| known.as_str() == severity).unwrap(),
            standing: true,
            through_secret: rule.get("secret").is_some(),
            mitigation: texts(rule.get("mitigation")),
        }
    };
    Matrix { rules: rules.iter().map(rule).collect() }
}

/// Attachments by the digest that `#name` stands for; each is a list of rows, one line each.
pub struct Attached(BTreeMap<Sha256, Vec<u8>>);

impl Attached {
    pub fn of(book: Option<&Value>, story: Option<&Value>) -> Self {
        let mut all = BTreeMap::new();
        for (name, rows) in [book, story].into_iter().flatten().flat_map(|v| v.as_object().unwrap())
        {
            let name = name.strip_prefix('#').unwrap();
            let rows = rows.as_array().unwrap();
            all.insert(Sha256::of(name.as_bytes()), listed(rows));
            // what a stranger's event names lists strangers
            let mut others = rows.clone();
            for row in &mut others {
                rename(row);
                for name in ["service", "system"] {
                    if let Some(Value::String(id)) = row.get_mut(name) {
                        id.push_str("-else");
                    }
                }
                for name in ["services", "systems"] {
                    let named = row.get_mut(name).and_then(Value::as_array_mut);
                    for id in named.into_iter().flatten() {
                        if let Value::String(id) = id {
                            id.push_str("-else");
                        }
                    }
                }
            }
            all.insert(Sha256::of(format!("{name}-else").as_bytes()), listed(&others));
        }
        Self(all)
    }
}

impl Attachments for Attached {
    fn read(&self, digest: &Sha256) -> Option<Vec<u8>> {
        self.0.get(digest).cloned()
    }
}

/// Rows in their normal form.
fn listed(rows: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in rows {
        let mut row = row.clone();
        pseudonyms(&mut row);
        let row = json::read(row.to_string().as_bytes()).unwrap();
        bytes.extend_from_slice(row.to_canonical().as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// In normal forms `@ada` is the pseudonym itself.
fn pseudonyms(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('@') {
                *text = pseudonym(name).to_string();
            } else if let Some(name) = text.strip_prefix('#') {
                *text = Sha256::of(name.as_bytes()).to_reference();
            } else if is_time(text) {
                *text = whole(text);
            }
        }
        Value::Object(members) => members.values_mut().for_each(pseudonyms),
        Value::Array(items) => items.iter_mut().for_each(pseudonyms),
        _ => {}
    }
}
