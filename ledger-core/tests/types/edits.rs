//! Each thing that can be wrong with one member of an event, made from the table itself.

use super::{Result, Value, draft, judged, refusal, signed};
use ledger_core::schema::{EventType, Field, Rule, Shape, TYPES};

/// An event with one thing wrong.
pub struct Edit {
    /// What was done, for people.
    pub what: String,
    /// The code it is refused with.
    pub code: &'static str,
    /// The pointer that the refusal names.
    pub at: String,
    /// The event.
    pub event: Value,
    /// Whether JSON Schema can say it.
    pub expressible: bool,
}

/// All edits of one event.
pub fn of(known: &EventType) -> Vec<Edit> {
    let event = signed(known);
    let mut edits = Edits { event: &event, all: Vec::new() };
    edits.object("/data", known.data);
    edits.references(known);
    for rule in known.rules {
        edits.rule(rule);
    }
    if known.actor {
        edits.without("/actor");
    }
    edits.without("/data");
    edits.all
}

struct Edits<'e> {
    event: &'e Value,
    all: Vec<Edit>,
}

/// The value at a pointer.
pub fn at<'v>(value: &'v mut Value, pointer: &str) -> &'v mut Value {
    pointer.split('/').skip(1).fold(value, |value, step| match value {
        Value::Object(members) => members.get_mut(step).unwrap(),
        Value::List(items) => &mut items[step.parse::<usize>().unwrap()],
        _ => panic!("{pointer}"),
    })
}

pub fn remove(event: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    at(event, parent).members_mut().unwrap().remove(name).unwrap();
}

impl Edits<'_> {
    fn add(&mut self, what: String, code: &'static str, at: &str, change: impl FnOnce(&mut Value)) {
        let mut event = self.event.clone();
        change(&mut event);
        let expressible = !what.contains("(beyond JSON Schema)");
        self.all.push(Edit { what, code, at: at.to_owned(), event, expressible });
    }

    fn without(&mut self, pointer: &str) {
        let what = format!("`{pointer}` is left out");
        self.add(what, "schema-missing", pointer, |event| remove(event, pointer));
    }

    fn with(&mut self, what: &str, pointer: &str, value: Value) {
        let what = format!("`{pointer}` is {what}");
        self.add(what, "schema-value", pointer, |event| *at(event, pointer) = value);
    }

    fn there(&self, pointer: &str) -> Option<Value> {
        pointer.split('/').skip(1).try_fold(self.event.clone(), |value, step| match &value {
            Value::Object(members) => members.get(step).cloned(),
            Value::List(items) => items.get(step.parse::<usize>().ok()?).cloned(),
            _ => None,
        })
    }

    fn object(&mut self, pointer: &str, fields: &[Field]) {
        let stranger = format!("{pointer}/colour");
        let what = format!("`{stranger}` is no field");
        self.add(what, "schema-unknown-field", &stranger, |event| {
            at(event, pointer).members_mut().unwrap().insert("colour", Value::text("red"));
        });
        for field in fields {
            let pointer = format!("{pointer}/{}", field.name);
            let Some(value) = self.there(&pointer) else {
                assert!(!field.required, "{pointer}");
                continue;
            };
            if field.required {
                self.without(&pointer);
            } else if matches!(field.shape, Shape::List(_)) {
                self.with("empty", &pointer, Value::List(Vec::new()));
            } else if matches!(field.shape, Shape::Map(_)) {
                self.with("empty", &pointer, Value::object::<&str>([]));
            }
            self.value(&pointer, &field.shape, &value);
        }
    }

    fn value(&mut self, pointer: &str, shape: &Shape, value: &Value) {
        let wrong = match shape {
            Shape::Enum(_) => "pondered",
            Shape::Id => "two words",
            Shape::Pattern => "*",
            Shape::Digest => "sha256:latest",
            Shape::Time => "2026-07-01",
            Shape::Duration => "5 minutes",
            Shape::Decimal => "1e3",
            Shape::Bytes32 => "AAAA",
            Shape::Capability => "root",
            Shape::Pseudonym => "KZ5M3Q2W7XJV4T6YNHC2PFLBUA",
            Shape::Sealed | Shape::Person => "in the clear",
            Shape::Count => {
                self.with("negative", pointer, Value::Integer(-1));
                "12"
            }
            Shape::Boolean => "true",
            Shape::Flag => {
                self.with("false", pointer, Value::Bool(false));
                "true"
            }
            Shape::Attached => {
                let other = format!("{pointer}/attachment");
                let digest = format!("sha256:{}", "0".repeat(64));
                let what = "no attachment of this event (beyond JSON Schema)";
                self.with(what, &other, Value::text(digest));
                self.without(&format!("{pointer}/count"));
                "a list"
            }
            Shape::List(item) | Shape::Filled(item) => {
                self.list(pointer, shape, item, value);
                "a list"
            }
            Shape::Object(fields) => {
                self.object(pointer, fields);
                "an object"
            }
            Shape::Map(item) => {
                let Value::Object(members) = value else { panic!("{pointer}") };
                for (name, value) in members {
                    self.value(&format!("{pointer}/{name}"), item, value);
                }
                "a map"
            }
        };
        self.with(&format!("`{wrong}`"), pointer, Value::text(wrong));
        self.with("an empty string", pointer, Value::text(""));
        self.with("a list of lists", pointer, Value::List(vec![Value::List(Vec::new())]));
    }

    fn list(&mut self, pointer: &str, shape: &Shape, item: &Shape, value: &Value) {
        let Value::List(items) = value else { panic!("{pointer}") };
        if matches!(shape, Shape::Filled(_)) {
            self.with("without items", pointer, Value::List(Vec::new()));
        }
        if let Some(first) = items.first() {
            self.with("longer than 100", pointer, Value::List(vec![first.clone(); 101]));
            self.value(&format!("{pointer}/0"), item, &first.clone());
        }
    }

    fn references(&mut self, known: &EventType) {
        for name in known.subject {
            let pointer = format!("/subject/{name}");
            let alone = known.subject.len() == 1
                && matches!(self.there("/subject"), Some(Value::Object(all)) if all.len() == 1);
            let what = format!("`{pointer}` is left out");
            self.add(what, "schema-missing", &pointer, |event| {
                remove(event, if alone { "/subject" } else { &pointer });
            });
            self.with("prose", &pointer, Value::text("two words"));
        }
        if self.there("/subject").is_some() {
            let what = "`/subject/spaceship` is no reference".to_owned();
            self.add(what, "schema-unknown-field", "/subject/spaceship", |event| {
                let subject = at(event, "/subject").members_mut().unwrap();
                subject.insert("spaceship", Value::text("x"));
            });
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let missing = "schema-missing";
        match rule {
            Rule::ExactlyOne(names) => {
                let there: Vec<_> = names.iter().filter(|n| self.has("/data", n)).collect();
                let [one] = there[..] else { panic!("{names:?}") };
                let what = format!("none of {names:?}");
                self.add(what, "schema-value", "/data", |event| {
                    remove(event, &format!("/data/{one}"));
                });
            }
            Rule::AnyField(names) => self.none_of("/data", names, missing),
            Rule::AnyReference(names) => self.none_of("/subject", names, missing),
            Rule::When(field, word, needs) => {
                assert_eq!(self.there(&format!("/data/{field}")), Some(Value::text(*word)));
                for name in *needs {
                    let pointer = format!("/data/{name}");
                    let what = format!("`{field}` is `{word}` and `{pointer}` is left out");
                    self.add(what, missing, &pointer, |event| remove(event, &pointer));
                }
            }
            Rule::RelayIsImported(field) => {
                self.with("not imported", &format!("/data/{field}"), Value::text("relay"));
            }
            Rule::ClosesItsStream => {
                let what = "of another length (beyond JSON Schema)";
                self.with(what, "/data/length", Value::count(2));
            }
        }
    }

    fn has(&self, parent: &str, name: &str) -> bool {
        self.there(&format!("{parent}/{name}")).is_some()
    }

    fn none_of(&mut self, parent: &str, names: &[&str], code: &'static str) {
        let there: Vec<&&str> = names.iter().filter(|name| self.has(parent, name)).collect();
        let what = format!("`{parent}` has none of `{}`", names.join("`, `"));
        self.add(what, code, parent, |event| {
            for name in &there {
                remove(event, &format!("{parent}/{name}"));
            }
            if matches!(at(event, parent), Value::Object(left) if left.is_empty()) {
                remove(event, parent);
            }
        });
    }
}

#[test]
fn each_thing_that_is_wrong_is_refused_at_its_place() {
    let mut count = 0;
    for known in TYPES {
        for edit in of(known) {
            let (code, told) = refusal(&edit.event);
            assert_eq!(code, edit.code, "{}: {}: {told}", known.name, edit.what);
            assert!(told.contains(&edit.at), "{}: {}: {told}", known.name, edit.what);
            count += 1;
        }
    }
    assert!(count > 3_500, "only {count} edits were made");
}

/// Optional fields can be left out one by one, unless a rule asks for one of them.
#[test]
fn optional_fields_can_be_left_out() {
    for known in TYPES {
        for field in known.data.iter().filter(|field| !field.required) {
            let mut event = signed(known);
            let data = at(&mut event, "/data").members_mut().unwrap();
            if data.remove(field.name).is_none() || asked_for(known, field.name) {
                continue;
            }
            let outcome: Result<()> = judged(&event);
            assert!(outcome.is_ok(), "{} without {}: {outcome:?}", known.name, field.name);
        }
    }
    assert!(TYPES.iter().any(|known| draft(known).get("subject").is_some()));
}

fn asked_for(known: &EventType, name: &str) -> bool {
    known.rules.iter().any(|rule| match rule {
        Rule::ExactlyOne(names) | Rule::AnyField(names) | Rule::When(_, _, names) => {
            names.contains(&name)
        }
        _ => false,
    })
}
