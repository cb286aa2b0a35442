//! Altered: what an event would say if one thing in it were different, as far as its schema lets it in.

use ledger_core::schema::{self, Field, Shape};
use ledger_core::time::Timestamp;
use serde_json::{Value, json};

use crate::history::{put, text, time};

/// How far a time is moved, in microseconds: longer than any limit of a test is.
const FAR: u64 = 1_500 * 24 * 60 * 60 * 1_000_000;

/// Members in which somebody decides: any other word must be noticed, not just one.
const DECIDES: [&str; 6] = ["action", "decision", "outcome", "result", "state", "verdict"];

/// One thing that an event says, and the events that say something else instead.
pub struct Leaf {
    /// Where it stands; `*` for each place of a list.
    pub pointer: String,
    /// Whether each of the others must be noticed.
    pub decides: bool,
    /// What stands there instead, and the event that says so.
    pub others: Vec<(String, Value)>,
}

/// All that an event says, each thing altered in every way that this page knows.
pub fn leaves(event: &Value) -> Vec<Leaf> {
    let mut found = Finder { event, leaves: Vec::new() };
    found.envelope();
    let kind = schema::find(&text(event, "type").unwrap()).unwrap();
    if let Some(data) = event.get("data") {
        found.object("/data", data, kind.data);
    }
    found.leaves
}

struct Finder<'e> {
    event: &'e Value,
    leaves: Vec<Leaf>,
}

impl Finder<'_> {
    fn add(&mut self, pointer: &str, others: Vec<Option<Value>>) {
        let name = pointer.rsplit('/').next().unwrap();
        let pointer_of = |step: &str| match step.parse::<usize>() {
            Ok(_) => "*".to_owned(),
            Err(_) => step.to_owned(),
        };
        let general: Vec<String> = pointer.split('/').map(pointer_of).collect();
        let now = self.event.pointer(pointer);
        let altered = |other: Option<Value>| {
            let mut event = self.event.clone();
            if let Some(value) = other {
                let words = value.to_string();
                put(&mut event, pointer, value);
                return (words, event);
            }
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            match event.pointer_mut(parent).unwrap() {
                Value::Array(items) => {
                    items.remove(name.parse::<usize>().unwrap());
                }
                members => {
                    members.as_object_mut().unwrap().remove(name);
                }
            }
            ("nothing".to_owned(), event)
        };
        let others = others.into_iter().filter(|other| other.as_ref() != now);
        self.leaves.push(Leaf {
            pointer: general.join("/"),
            decides: DECIDES.contains(&name),
            others: others.map(altered).collect(),
        });
    }

    /// When it occurred, who acted, and what it speaks of.
    fn envelope(&mut self) {
        for name in ["at", "by", "behalf"] {
            let Some(said) = text(self.event, name) else { continue };
            let others = if name == "at" { moved(&said) } else { strangers() };
            self.add(&format!("/{name}"), others.into_iter().map(Some).collect());
        }
        let subject = self.event.get("subject").and_then(Value::as_object);
        for (name, said) in subject.into_iter().flatten() {
            let other = if said.as_str().unwrap().starts_with('#') {
                json!("#altered")
            } else {
                json!(format!("{}-altered", said.as_str().unwrap()))
            };
            self.add(&format!("/subject/{name}"), vec![Some(other)]);
        }
    }

    fn object(&mut self, at: &str, said: &Value, fields: &[Field]) {
        for (name, said) in said.as_object().unwrap() {
            let field = fields.iter().find(|field| field.name == name).unwrap();
            self.value(&format!("{at}/{name}"), said, &field.shape, field.required);
        }
    }

    fn value(&mut self, at: &str, said: &Value, shape: &Shape, required: bool) {
        match shape {
            Shape::Object(fields) => {
                self.gone(at, required);
                self.object(at, said, fields);
            }
            Shape::Map(each) => {
                self.gone(at, required);
                for (name, said) in said.as_object().unwrap() {
                    self.value(&format!("{at}/{name}"), said, each, false);
                }
            }
            Shape::List(each) | Shape::Filled(each) => {
                self.gone(at, required);
                for (number, said) in said.as_array().unwrap().iter().enumerate() {
                    self.value(&format!("{at}/{number}"), said, each, false);
                }
            }
            Shape::Attached => {
                let mut other = said.clone();
                other["attachment"] = json!("#altered");
                let mut more = said.clone();
                more["count"] = json!(said["count"].as_u64().unwrap() + 1);
                self.add(at, vec![Some(other)]);
                self.add(&format!("{at}/count"), vec![Some(more["count"].clone())]);
            }
            _ => {
                let mut others: Vec<Option<Value>> =
                    plain(said, shape).into_iter().map(Some).collect();
                if !required {
                    others.push(None);
                }
                self.add(at, others);
            }
        }
    }

    /// Without all that stands there.
    fn gone(&mut self, at: &str, required: bool) {
        if !required {
            self.add(at, vec![None]);
        }
    }
}

/// Other values of a shape that holds no others.
fn plain(said: &Value, shape: &Shape) -> Vec<Value> {
    let string = || said.as_str().unwrap();
    match shape {
        Shape::Enum(words) => words.iter().map(|word| json!(word)).collect(),
        Shape::Id | Shape::Pattern if string().starts_with('%') => vec![json!("%altered")],
        Shape::Id | Shape::Pattern => vec![json!(format!("{}-altered", string()))],
        Shape::Digest => vec![json!("#altered")],
        Shape::Time => moved(string()),
        Shape::Duration => vec![json!("PT1S"), json!("P9000D")],
        Shape::Count => {
            let count = said.as_u64().unwrap_or_default();
            vec![json!(0), json!(count + 1), json!(count * 1_000 + 7)]
        }
        Shape::Decimal => vec![json!("0"), json!("0.01"), json!("7000000")],
        Shape::Boolean => vec![json!(!said.as_bool().unwrap())],
        Shape::Pseudonym => vec![json!("%altered")],
        Shape::Person => strangers(),
        Shape::Bytes32 => vec![json!("YWx0ZXJlZGFsdGVyZWRhbHRlcmVkYWx0ZXJlZGFsdGU=")],
        Shape::Capability => vec![json!("witness")],
        // what is sealed is never read; a flag can only be left out
        Shape::Sealed | Shape::Flag => Vec::new(),
        other => panic!("nobody said what else may stand in {other:?}"),
    }
}

/// Somebody of whom nobody knows anything, and somebody who is not disclosed.
fn strangers() -> Vec<Value> {
    vec![json!("@mallory"), json!("?mallory")]
}

/// Long before, and long after.
fn moved(said: &str) -> Vec<Value> {
    let at = time(said).micros();
    let all = [at.saturating_sub(FAR), at + FAR];
    all.into_iter().map(|at| json!(Timestamp::from_micros(at).unwrap().to_string())).collect()
}
