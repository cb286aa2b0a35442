//! Every event type: its example holds, and each thing that is wrong with it is refused by its name.
#![allow(
    missing_docs,
    missing_debug_implementations,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

mod common;
#[path = "types/door.rs"]
mod door;
#[path = "types/edits.rs"]
mod edits;
#[path = "types/export.rs"]
mod export;
#[path = "types/vectors.rs"]
mod vectors;
#[path = "types/views.rs"]
mod views;
#[path = "common/world.rs"]
mod world;

use std::collections::BTreeSet;

use ledger_core::error::{Error, Result};
use ledger_core::event::Event;
use ledger_core::json::{Document, Value};
use ledger_core::key::{Signer, SigningKey};
use ledger_core::producer::{Position, sign};
use ledger_core::schema::{self, EventType, Field, Rule, Shape, TYPES};
use world::{key, seed, value};

/// The example of a type, as a producer writes it.
pub fn draft(known: &EventType) -> Value {
    let mut draft = value(schema::example(known.name).unwrap());
    if known.name == "stream.closed" {
        let stream = position(known).stream(&key("vectors"));
        *draft.members_mut().unwrap().get_mut("subject").unwrap() =
            Value::object([("stream", Value::text(stream))]);
    }
    draft
}

/// The stream of an example: one event, its random bytes from the name of the type.
pub struct Place(pub Position);

impl Place {
    fn stream(&self, owner: &SigningKey) -> String {
        let random = ledger_core::encoding::base64url(&self.0.random);
        format!("{}/{}/{random}", owner.public().id(), self.0.label)
    }
}

pub fn position(known: &EventType) -> Place {
    Place(Position::one_shot("test", *seed(known.name, 1).first_chunk().unwrap()))
}

/// The signed example of a type, with all that the producer fills in and seals.
pub fn signed(known: &EventType) -> Value {
    let ledger = (known.name != "ledger.created").then(|| seed("ledger", 0));
    let salts = seed(known.name, 2);
    let signed =
        sign(&draft(known), ledger, &position(known).0, &[&key("vectors")], salts).unwrap();
    value(std::str::from_utf8(&signed.event).unwrap())
}

/// Form and meaning of an event.
pub fn judged(event: &Value) -> Result<()> {
    let bytes = event.to_canonical().into_bytes();
    let mut document = Document::default();
    schema::check(&Event::parse(&mut document, &bytes)?).map(drop)
}

/// Code of the refusal, and the place or message that names what is wrong.
pub fn refusal(event: &Value) -> (&'static str, String) {
    let error = judged(event).expect_err("it is refused");
    (error.code(), told(&error))
}

fn told(error: &Error) -> String {
    error.to_string()
}

fn ascending(names: &[&str]) -> bool {
    names.windows(2).all(|pair| pair[0] < pair[1])
}

fn in_order(fields: &[Field], at: &str) {
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    assert!(ascending(&names), "{at}: {names:?}");
    for field in fields {
        let mut shape = &field.shape;
        while let Shape::List(item) | Shape::Filled(item) | Shape::Map(item) = shape {
            shape = item;
        }
        if let Shape::Object(fields) = shape {
            in_order(fields, &format!("{at}/{}", field.name));
        }
    }
}

#[test]
fn the_table_is_in_order() {
    let names: Vec<&str> = TYPES.iter().map(|known| known.name).collect();
    assert!(ascending(&names), "{names:?}");
    for known in TYPES {
        assert!(ascending(known.subject), "{}", known.name);
        in_order(known.data, known.name);
        assert!(!known.meaning.is_empty() && known.meaning.len() < 100, "{}", known.name);
        for reference in known.subject {
            assert!(schema::words::Reference::parse(reference).is_some(), "{reference}");
        }
        let own = known.own.and_then(|own| own.strip_prefix("/data/"));
        let person = |name| {
            known
                .data
                .iter()
                .any(|f| f.name == name && f.required && matches!(f.shape, Shape::Person))
        };
        assert!(own.is_none_or(person), "{}: {own:?}", known.name);
        assert!(known.rules.iter().all(|rule| named(known, rule)), "{}", known.name);
        assert_eq!(schema::find(known.name).unwrap().name, known.name);
    }
    assert!(schema::find("deployment.pondered").is_none());
}

/// Whether a rule speaks of fields, words and references that there are.
fn named(known: &EventType, rule: &Rule) -> bool {
    let field = |name: &&str| known.data.iter().find(|field| field.name == *name);
    match rule {
        Rule::ExactlyOne(names) | Rule::AnyField(names) => {
            names.iter().all(|name| field(name).is_some_and(|field| !field.required))
        }
        Rule::AnyReference(names) => {
            names.iter().all(|name| schema::words::Reference::parse(name).is_some())
        }
        Rule::When(name, word, needs) => {
            let known_word = field(name).is_some_and(
                |field| matches!(field.shape, Shape::Enum(words) if words.contains(word)),
            );
            known_word && needs.iter().all(|name| field(name).is_some_and(|field| !field.required))
        }
        Rule::RelayIsImported(name) => field(name).is_some_and(
            |field| matches!(field.shape, Shape::Enum(words) if words.contains(&"relay")),
        ),
        Rule::ClosesItsStream => known.name == "stream.closed",
    }
}

/// Declarations in the sources are rows of the table: none is forgotten.
#[test]
fn every_declared_type_is_in_the_table() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/schema");
    let mut declared = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(path).unwrap();
            declared += text.lines().filter(|line| *line == "event! {").count();
        }
    }
    assert_eq!(declared, TYPES.len());
    let names: BTreeSet<&str> = TYPES.iter().map(|known| known.name).collect();
    assert_eq!(names.len(), 102);
    assert_eq!(schema::EXAMPLES.lines().count(), TYPES.len());
}

#[test]
fn every_example_holds() {
    for known in TYPES {
        assert_eq!(draft(known).get("type").and_then(Value::as_text), Some(known.name));
        if let Err(error) = judged(&signed(known)) {
            panic!("{}: {error}", known.name);
        }
    }
}
