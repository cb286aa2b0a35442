//! The canonical list of keys: one line for each key, in the order of registration.
//!
//! It is what `key.listed` commits to, and what the derived directory of keys is made of.

use crate::capability::Capability;
use crate::encoding;
use crate::error::{Error, Result};
use crate::json::{Document, Names, Value, View};
use crate::key::KeyId;

use super::record::{Ending, Holder, Reason, Record, Scope, Suspicion};

/// The canonical line of a key, without its newline (`spec/trust.md`, "The list of keys").
pub fn line(id: &KeyId, record: &Record) -> String {
    let texts = |items: &[String]| Value::List(items.iter().map(Value::text).collect());
    let capabilities = record.capabilities.iter().map(|c| Value::text(c.to_string())).collect();
    let mut members = vec![
        ("capabilities", Value::List(capabilities)),
        ("key", Value::text(id.to_string())),
        ("public_key", Value::text(encoding::base64(record.bytes()))),
        ("registered", Value::count(record.registered)),
    ];
    members.push(match &record.holder {
        Holder::Person(person) => ("holder", Value::text(person.to_string())),
        Holder::Service(service) => ("service", Value::text(service)),
    });
    if let Some(ended) = &record.ended {
        members.push(("ended", Value::count(ended.index)));
        members.push(("reason", Value::text(ended.reason.word())));
        let successor = ended.successor.map(|key| ("successor", Value::text(key.to_string())));
        members.extend(successor);
    }
    if let Some(suspect) = &record.suspect {
        members.push(("reported", Value::count(suspect.by)));
        members.push(("suspect_from", Value::count(suspect.from)));
    }
    let Scope { services, environments } = &record.scope;
    let scopes = [("environments", environments), ("services", services)];
    let scope: Vec<_> = scopes
        .into_iter()
        .filter(|(_, items)| !items.is_empty())
        .map(|(name, items)| (name, texts(items)))
        .collect();
    if !scope.is_empty() {
        members.push(("scope", Value::object(scope)));
    }
    Value::object(members).to_canonical()
}

/// Reads a line; code `key-list-line`.
pub fn parse(line: &[u8]) -> Result<(KeyId, Record)> {
    let mut document = Document::default();
    let view = document.parse(line, Names::Plain)?;
    let (id, record) = read(view).ok_or_else(|| {
        Error::malformed("key-list-line", "it is not the line of a key in a list of keys")
    })?;
    if self::line(&id, &record).as_bytes() != line {
        return Err(Error::malformed("key-list-line", "the line of a key is spelled otherwise"));
    }
    Ok((id, record))
}

fn read(view: View<'_>) -> Option<(KeyId, Record)> {
    let text = |name: &str| view.get(name).and_then(|view| view.plain());
    let count = |name: &str| view.get(name).and_then(|view| view.unsigned());
    let texts = |list: Option<View<'_>>| -> Option<Vec<String>> {
        let items = list.into_iter().flat_map(|list| list.items());
        items.map(|item| item.plain().map(str::to_owned)).collect()
    };
    let holder = match (text("holder"), text("service")) {
        (Some(person), None) => Holder::Person(person.parse().ok()?),
        (None, Some(service)) => Holder::Service(service.to_owned()),
        _ => return None,
    };
    let capabilities: Option<Vec<Capability>> =
        texts(view.get("capabilities"))?.iter().map(|text| Capability::parse(text).ok()).collect();
    let scope = Scope {
        services: texts(view.pointer("/scope/services"))?,
        environments: texts(view.pointer("/scope/environments"))?,
    };
    let bytes: [u8; 32] = encoding::from_base64(text("public_key")?.as_bytes()).ok()?;
    let id = KeyId(*blake3::hash(&bytes).as_bytes());
    let mut record = Record::of_bytes(bytes, holder, capabilities?, scope, count("registered")?);
    if let Some(index) = count("ended") {
        let reason = Reason::parse(text("reason")?)?;
        let successor = text("successor").map(KeyId::parse).transpose().ok()?;
        record.ended = Some(Ending { index, reason, successor });
    }
    if let Some(from) = count("suspect_from") {
        record.suspect = Some(Suspicion { from, by: count("reported")? });
    }
    Some((id, record))
}
