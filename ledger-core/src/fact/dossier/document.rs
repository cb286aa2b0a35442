//! Document: a dossier as JSON.

use super::{Dossier, Line};
use crate::json::Value;
use crate::vault::persons::Pseudonym;

impl Dossier {
    /// The dossier in its stable shape.
    pub fn to_json(&self) -> Value {
        let texts = |texts: &[String]| Value::List(texts.iter().map(Value::text).collect());
        Value::object([
            ("beyond", texts(&self.beyond)),
            ("entries", Value::List(self.lines.iter().map(line).collect())),
            ("format", Value::text("ledger/dossier/v1")),
            ("id", Value::text(self.thing.id())),
            ("kind", Value::text(self.thing.word())),
            ("missing", texts(&self.missing)),
            ("size", Value::count(self.size)),
        ])
    }
}

fn line(line: &Line) -> Value {
    let person = |who: &Pseudonym| Value::text(who.to_string());
    let persons = line
        .persons
        .iter()
        .map(|(at, who)| Value::object([("as", Value::text(&**at)), ("person", person(who))]));
    let references = line.references.iter().map(|(name, id)| {
        Value::object([("id", Value::text(id.as_str())), ("kind", Value::text(name.as_str()))])
    });
    let mut members = vec![
        ("about", Value::List(references.collect())),
        ("index", Value::count(line.at.index)),
        ("occurred_at", Value::text(line.at.occurred.to_string())),
        ("persons", Value::List(persons.collect())),
        ("recorded_at", Value::text(line.at.recorded.to_string())),
        ("relayed", Value::Bool(line.at.relayed)),
        ("says", Value::text(&line.words)),
        ("type", Value::text(&*line.kind)),
    ];
    members.extend(line.by().map(|who| ("by", person(&who))));
    members.extend(line.doubt.as_ref().map(|doubt| {
        let said = [("code", Value::text(doubt.code)), ("message", Value::text(&doubt.why))];
        ("no_evidence", Value::object(said))
    }));
    Value::object(members)
}
