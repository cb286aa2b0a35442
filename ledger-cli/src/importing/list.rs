//! Lists beside events, in the normal form that tests read (`ledger-core/src/fact/snapshot.rs`): no name
//! stands in them. A person is a pseudonym; an account, an owner, a purpose is its keyed digest, the
//! same in all lists of a system; what is left is an id of the restricted grammar, a time or a truth.
//!
//! What the source itself called them goes beside it, encrypted, each row with the digest (`key`) by
//! which the other list knows its account.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::blob;
use ledger_core::encoding::hex;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::ledger::Ledger;
use ledger_core::vault::attachment::{self, Sealed};
use ledger_core::vault::inbox::Item;
use ledger_core::vault::persons::{Key, Pseudonym};

use crate::failure::Result;
use crate::import::{Attached, id};
use crate::random;

/// A list that lies in the ledger's folder.
pub(crate) struct List {
    /// The field of the event that names it.
    pub(crate) field: &'static str,
    /// How many rows it has.
    pub(crate) count: u64,
    /// What an event says of its attachments.
    pub(crate) references: Vec<Value>,
    /// The list that the field names.
    pub(crate) digest: Sha256,
}

/// Members that tell by which name something goes: their keyed digest stands there.
const NAMES: &[&str] = &["account", "granted_by", "owner", "purpose", "secret_of"];
/// Members that are ids.
const IDS: &[&str] =
    &["approval", "artifact", "config", "entitlement", "scope", "service", "system"];
/// Members that are words of an enumeration, times or truths.
const PLAIN: &[&str] = &[
    "account_type",
    "created_at",
    "enabled",
    "expires",
    "external",
    "granted_at",
    "key_rotated_at",
    "last_login",
    "last_used",
    "mfa",
    "privileged",
    "source",
];

/// Where lists are put down.
pub(crate) struct Shelf<'a> {
    /// The ledger, for whose folder they are.
    pub(crate) ledger: &'a mut Ledger,
    /// The key of the digests.
    pub(crate) persons: Key,
}

impl Shelf<'_> {
    /// Puts a list down: files that no entry names, if we stop after this. Who stands in it has a
    /// pseudonym by then; the vault learns whose that is with the event's group.
    pub(crate) fn put(&mut self, list: &Attached, keys: &mut Vec<Item>) -> Result<List> {
        let who: Vec<(&str, &str)> = identities(&list.rows).into_iter().collect();
        let found = match who.as_slice() {
            [] => Vec::new(),
            who => self.ledger.pseudonyms(who, random::bytes()?)?,
        };
        let names: BTreeMap<_, _> = who.into_iter().zip(found).collect();
        keys.extend(names.iter().map(|((issuer, id), pseudonym)| Item::Person {
            issuer: (*issuer).to_owned(),
            id: (*id).to_owned(),
            pseudonym: *pseudonym,
        }));
        let form = Form { key: self.persons, names };
        let (name, lines) = match list.field {
            "workloads" => ("workloads.jsonl", list.rows.iter().filter_map(running).collect()),
            _ => ("access-rows.jsonl", list.rows.iter().map(|row| form.row(row)).collect()),
        };
        let lines: Vec<String> = lines;
        let (plain, count) = (lines.concat(), lines.len() as u64);
        blob::put(&**self.ledger.store(), plain.as_bytes())?;
        let digest = Sha256::of(plain.as_bytes());
        let mut references = vec![reference(name, digest, plain.len(), false)];
        if list.field != "workloads" {
            let named: String = list.rows.iter().map(|row| form.named(row)).collect();
            let sealed = self.seal(named.as_bytes(), keys)?;
            references.push(private("access-names.jsonl", "application/jsonl", &sealed));
        }
        Ok(List { field: list.field, count, references, digest })
    }

    /// Puts bytes down encrypted; what opens them goes to the vault with the event's group.
    fn seal(&self, bytes: &[u8], keys: &mut Vec<Item>) -> Result<Sealed> {
        let genesis = self.ledger.origin().genesis().0;
        let sealed = attachment::seal(genesis, bytes, &random::bytes()?)?;
        attachment::put(&**self.ledger.store(), &sealed)?;
        keys.push(Item::Attachment { digest: sealed.digest, key: sealed.key });
        Ok(sealed)
    }
}

/// What a member of `attachments` says of an encrypted one.
pub(crate) fn private(name: &str, media_type: &str, sealed: &Sealed) -> Value {
    let mut value = reference(name, sealed.digest, sealed.bytes.len(), true);
    if let Some(members) = value.members_mut() {
        members.insert("media_type".to_owned(), Value::text(media_type));
    }
    value
}

fn reference(name: &str, digest: Sha256, size: usize, private: bool) -> Value {
    let mut members = vec![
        ("digest", Value::text(digest.to_reference())),
        ("media_type", Value::text("application/jsonl")),
        ("name", Value::text(name)),
        ("size", Value::count(size as u64)),
    ];
    members.extend(private.then_some(("private", Value::Bool(true))));
    Value::object(members)
}

/// Whoever stands in the rows, each once.
fn identities(rows: &[Value]) -> BTreeSet<(&str, &str)> {
    let members = rows.iter().flat_map(members).filter_map(|(_, value)| identity(value));
    members.collect()
}

fn members(row: &Value) -> impl Iterator<Item = (&str, &Value)> {
    match row {
        Value::Object(members) => Some(members),
        _ => None,
    }
    .into_iter()
    .flatten()
}

fn identity(value: &Value) -> Option<(&str, &str)> {
    Some((value.get("issuer")?.as_text()?, value.get("id")?.as_text()?))
}

/// How names are replaced.
struct Form<'l> {
    key: Key,
    names: BTreeMap<(&'l str, &'l str), Pseudonym>,
}

impl Form<'_> {
    /// The row without a name; what has no form without one is left out.
    fn row(&self, row: &Value) -> String {
        let system = row.get("system").and_then(Value::as_text).unwrap_or_default();
        let clear = |(name, value): (&str, &Value)| {
            let named = identity(value).and_then(|who| self.names.get(&who));
            let text = value.as_text();
            let clear = match (named, text) {
                (Some(pseudonym), _) => Value::text(pseudonym.to_string()),
                (None, Some(text)) if NAMES.contains(&name) => {
                    Value::text(self.digest(system, text))
                }
                (None, Some(text)) if IDS.contains(&name) => Value::text(id(text)),
                _ if PLAIN.contains(&name) => value.clone(),
                _ => return None,
            };
            Some((name.to_owned(), clear))
        };
        Value::object(members(row).filter_map(clear)).to_canonical() + "\n"
    }

    /// The row as the source tells it, with what the other list calls its account.
    fn named(&self, row: &Value) -> String {
        let text = |name: &str| row.get(name).and_then(Value::as_text).unwrap_or_default();
        let key = self.digest(text("system"), text("account"));
        let mut row = row.clone();
        if let Some(members) = row.members_mut() {
            members.insert("key".to_owned(), Value::text(key));
        }
        row.to_canonical() + "\n"
    }

    /// 128 bits of the keyed digest, in hex.
    fn digest(&self, system: &str, text: &str) -> String {
        let mut digits = hex(&self.key.source_digest(&format!("account:{system}"), text).0);
        digits.truncate(32);
        digits
    }
}

/// What runs, by what tests ask for; what is only wanted, or has stopped, does not run.
fn running(row: &Value) -> Option<String> {
    let declared = row.get("declared").is_some();
    let stopped = row.get("running") == Some(&Value::Bool(false));
    let known = ["artifact", "config", "service"].into_iter();
    let known = known.filter_map(|name| Some((name, Value::text(id(row.get(name)?.as_text()?)))));
    (!declared && !stopped).then(|| Value::object(known).to_canonical() + "\n")
}

#[cfg(test)]
mod tests {
    use ledger_core::fact::snapshot;

    use super::*;

    fn text(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, Value)> {
        pairs.iter().map(|(name, text)| (*name, Value::text(*text))).collect()
    }

    #[test]
    fn a_row_keeps_what_tests_read_and_no_name() {
        let person = Value::object(text(&[("id", "4711"), ("issuer", "hr"), ("name", "Mona")]));
        let mut members = text(&[
            ("account", "mona"),
            ("description", "what Mona may do"),
            ("entitlement", "release manager"),
            ("owner", "Mona's team"),
            ("purpose", "for Mona"),
            ("scope", "production"),
            ("source", "direct"),
            ("system", "shop"),
        ]);
        members.extend([("person", person), ("mfa", Value::Bool(true))]);
        let rows = [Value::object(members)];
        let who = Pseudonym([7; 16]);
        let names = identities(&rows).into_iter().zip([who]).collect();
        let form = Form { key: Key([1; 32]), names };
        let line = form.row(&rows[0]);
        assert!(!line.to_ascii_lowercase().contains("mona") && !line.contains("4711"), "{line}");
        let read = snapshot::rows(line.as_bytes()).unwrap();
        assert_eq!((read[0].person, read[0].mfa), (Some(who), Some(true)));
        assert!(read[0].owner.is_some() && read[0].purpose.is_some());
        let named = form.named(&rows[0]);
        assert!(named.contains("\"mona\"") && named.contains(&*read[0].account), "{named}");
        // the same account in another system is another one
        assert_ne!(form.digest("shop", "mona"), form.digest("pay", "mona"));
    }
}
