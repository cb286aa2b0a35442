//! The types as JSON Schema (draft 2020-12), made from the same table that the door checks by.
//!
//! A schema describes a whole signed event. What it cannot say is left to the door: that an attached
//! list is one of the attachments, that a stream closes itself, that a day exists.

use super::check::{ATTACHED, ATTACHMENT, RAW};
use super::words::Reference;
use super::{ACTOR, EventType, Field, Rule, Shape, TYPES};
use crate::event::{MAX_SIGNERS, SCHEMA};
use crate::json::{MAX_INTEGER, Value};

/// The dialect.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Strings by grammar: their name, their expression, and in words what they are.
const TEXTS: &[(&str, &str, &str)] = &[
    ("id", "^[A-Za-z0-9._:/+#-]{1,200}$", "a restricted id"),
    ("pattern", "^[A-Za-z0-9._:/+#-]{1,200}\\*?$", "a restricted id, or the beginning of some"),
    ("digest", "^sha256:[0-9a-f]{64}$", "SHA-256 in hex"),
    (
        "time",
        "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{6}Z$",
        "a time in UTC, 27 characters",
    ),
    (
        "duration",
        "^P([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?(T([0-9]+H([0-9]+M)?([0-9]+S)?|[0-9]+M([0-9]+S)?|[0-9]+S))?$",
        "a duration, ISO 8601",
    ),
    ("decimal", "^-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,18})?$", "a decimal number"),
    ("bytes32", "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$", "the base64 of 32 bytes"),
    (
        "capability",
        "^(approve|review|sign_off|policy|admin|checkpoint|witness|append:([a-z_.]{1,64}|[a-z_.]{0,63}\\*)|relay:[A-Za-z0-9._:/+#-]{1,200}|gate:[a-z0-9._-]{1,64})$",
        "what a key may do",
    ),
    ("pseudonym", "^[a-z2-7]{25}[aeimquy4]$", "a person's pseudonym"),
    ("key", "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$", "a key id"),
    (
        "stream",
        "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]/[a-z0-9._-]{1,64}/[A-Za-z0-9_-]{21}[AQgw]$",
        "a producer's own chain",
    ),
    ("raw_time", "^[A-Za-z0-9 :.,+/-]{1,64}$", "the source's own spelling of the time"),
];

/// The schema of one type, a document of its own.
pub fn one(known: &EventType) -> Value {
    let mut schema = event(known);
    if let Some(members) = schema.members_mut() {
        members.insert("$schema", Value::text(DIALECT));
        members.insert("$defs", Value::Object(definitions()));
    }
    schema
}

/// All types in one document: each under `$defs` by its name, and an event is one of them.
pub fn all() -> Value {
    let mut known = definitions();
    known.extend(TYPES.iter().map(|kind| (kind.name.to_owned(), event(kind))));
    let branch = |kind: &EventType| to(kind.name);
    Value::object([
        ("$schema", Value::text(DIALECT)),
        ("$defs", Value::Object(known)),
        ("title", Value::text(SCHEMA)),
        ("description", Value::text("an event of the ledger")),
        ("oneOf", Value::List(TYPES.iter().map(branch).collect())),
    ])
}

use crate::json::Object as Members;

fn definitions() -> Members {
    let text = |(name, pattern, meaning): &(&str, &str, &str)| {
        let mut schema = vec![
            ("type", Value::text("string")),
            ("pattern", Value::text(*pattern)),
            ("description", Value::text(*meaning)),
        ];
        match *name {
            "duration" => {
                schema.extend([("minLength", Value::count(3)), ("maxLength", Value::count(32))]);
            }
            "decimal" => {
                let minus_zero = Value::text("^-0(\\.0*)?$");
                schema.push(("not", Value::object([("pattern", minus_zero)])));
            }
            _ => {}
        }
        ((*name).to_owned(), Value::object(schema))
    };
    let mut all: Members = TEXTS.iter().map(text).collect();
    for (name, meaning) in
        [("text", "sealed text"), ("person", "the sealed identity of a person or account")]
    {
        let mut sealed = closed([("sealed", to("bytes32"), true)]);
        describe(&mut sealed, meaning);
        all.insert(name.to_owned(), sealed);
    }
    all.insert("count".to_owned(), integer());
    all.insert("actor".to_owned(), object(ACTOR));
    all.insert("attached".to_owned(), object(ATTACHED));
    all
}

fn event(known: &EventType) -> Value {
    let genesis = known.need == super::Need::Genesis;
    let list = |items: Value, least: u64, most: u64| {
        Value::object([
            ("type", Value::text("array")),
            ("items", items),
            ("minItems", Value::count(least)),
            ("maxItems", Value::count(most)),
        ])
    };
    let attachments = list(object(ATTACHMENT), 1, super::check::MAX_LIST as u64);
    let mut signers = list(to("key"), 1, MAX_SIGNERS as u64);
    insert(&mut signers, "uniqueItems", Value::Bool(true));
    let qualities = ["exact", "second", "day", "zone_assumed", "received"];
    let seen = closed([("root", to("bytes32"), true), ("size", to("count"), true)]);
    let mut members = vec![
        ("actor", to("actor"), known.actor),
        ("adapter", to("id"), false),
        ("attachments", attachments, false),
        ("data", object(known.data), true),
        ("final", Value::object([("const", Value::Bool(true))]), false),
        ("occurred_at", to("time"), true),
        ("occurred_raw", to("raw_time"), false),
        ("ordinal", to("count"), false),
        ("original", to("bytes32"), false),
        ("prev", to("bytes32"), false),
        ("raw", object(RAW), false),
        ("schema", constant(SCHEMA), true),
        ("seen", seen, false),
        ("seq", to("count"), true),
        ("signers", signers, true),
        ("source", to("id"), false),
        ("source_id", to("id"), false),
        ("stream", to("stream"), true),
        ("subject", subject(known), !known.subject.is_empty()),
        ("time_quality", one_of(&qualities), true),
        ("type", constant(known.name), true),
    ];
    if !genesis {
        members.push(("ledger", to("bytes32"), true));
    }
    let mut schema = closed(members);
    insert(&mut schema, "title", Value::text(known.name));
    describe(&mut schema, known.meaning);
    let import = ["adapter", "ordinal", "original", "source", "source_id"];
    let together = import.map(|name| (name, texts(&import)));
    insert(&mut schema, "dependentRequired", Value::object(together));
    let first = where_there("seq", Value::object([("const", Value::count(0))]));
    let no_prev = Value::object([("not", required(&["prev"]))]);
    let mut rules = vec![condition(first, no_prev, required(&["prev"]))];
    rules.extend(known.rules.iter().map(rule));
    insert(&mut schema, "allOf", Value::List(rules));
    schema
}

fn subject(known: &EventType) -> Value {
    let references = Reference::WORDS.iter().map(|name| {
        let shape = if *name == "artifact" { to("digest") } else { to("id") };
        (*name, shape, known.subject.contains(name))
    });
    let mut schema = closed(references);
    insert(&mut schema, "minProperties", Value::count(1));
    schema
}

/// What a rule says, as a schema of the whole event.
fn rule(rule: &Rule) -> Value {
    let each = |names: &[&str]| Value::List(names.iter().map(|name| required(&[name])).collect());
    match rule {
        Rule::ExactlyOne(names) => where_there("data", Value::object([("oneOf", each(names))])),
        Rule::AnyField(names) => where_there("data", Value::object([("anyOf", each(names))])),
        Rule::AnyReference(names) => {
            let mut schema = where_there("subject", Value::object([("anyOf", each(names))]));
            insert(&mut schema, "required", texts(&["subject"]));
            schema
        }
        Rule::When(field, word, needs) => {
            let mut when = where_there(field, constant(word));
            insert(&mut when, "required", texts(&[field]));
            where_there("data", condition(when, required(needs), required(&[])))
        }
        Rule::RelayIsImported(field) => {
            let relayed = where_there("data", where_there(field, constant("relay")));
            let not = Value::object([("not", required(&["source"]))]);
            condition(relayed, required(&["source"]), not)
        }
        Rule::ClosesItsStream => required(&["final"]),
    }
}

fn object(fields: &[Field]) -> Value {
    closed(fields.iter().map(|field| {
        let mut schema = shape(&field.shape);
        if !field.meaning.is_empty() {
            describe(&mut schema, field.meaning);
        }
        if !field.required {
            match field.shape {
                Shape::List(_) => insert(&mut schema, "minItems", Value::count(1)),
                Shape::Object(_) | Shape::Map(_) => {
                    insert(&mut schema, "minProperties", Value::count(1));
                }
                _ => {}
            }
        }
        (field.name, schema, field.required)
    }))
}

fn shape(shape_: &Shape) -> Value {
    let list = |item: &Shape, least: u64| {
        Value::object([
            ("type", Value::text("array")),
            ("items", shape(item)),
            ("minItems", Value::count(least)),
            ("maxItems", Value::count(super::check::MAX_LIST as u64)),
        ])
    };
    match shape_ {
        Shape::Enum(words) => one_of(words),
        Shape::Id => to("id"),
        Shape::Pattern => to("pattern"),
        Shape::Digest => to("digest"),
        Shape::Time => to("time"),
        Shape::Duration => to("duration"),
        Shape::Count => to("count"),
        Shape::Decimal => to("decimal"),
        Shape::Boolean => Value::object([("type", Value::text("boolean"))]),
        Shape::Flag => Value::object([("const", Value::Bool(true))]),
        Shape::Bytes32 => to("bytes32"),
        Shape::Capability => to("capability"),
        Shape::Pseudonym => to("pseudonym"),
        Shape::Sealed => to("text"),
        Shape::Person => to("person"),
        Shape::Attached => to("attached"),
        Shape::List(item) => list(item, 0),
        Shape::Filled(item) => list(item, 1),
        Shape::Object(fields) => object(fields),
        Shape::Map(item) => {
            Value::object([("type", Value::text("object")), ("additionalProperties", shape(item))])
        }
    }
}

/// An object of these members and no others; the truth value says whether one is required.
fn closed<'m>(members: impl IntoIterator<Item = (&'m str, Value, bool)>) -> Value {
    let mut properties = Members::new();
    let mut needed = Vec::new();
    for (name, schema, required) in members {
        properties.insert(name.to_owned(), schema);
        if required {
            needed.push(name);
        }
    }
    Value::object([
        ("type", Value::text("object")),
        ("properties", Value::Object(properties)),
        ("required", texts(&needed)),
        ("additionalProperties", Value::Bool(false)),
    ])
}

/// Says something of one member, if it is there.
fn where_there(member: &'static str, schema: Value) -> Value {
    Value::object([("properties", Value::object([(member, schema)]))])
}

fn condition(when: Value, then: Value, otherwise: Value) -> Value {
    Value::object([("if", when), ("then", then), ("else", otherwise)])
}

fn required(names: &[&str]) -> Value {
    Value::object([("required", texts(names))])
}

fn texts(names: &[&str]) -> Value {
    Value::List(names.iter().map(|name| Value::text(*name)).collect())
}

fn one_of(words: &[&str]) -> Value {
    Value::object([("enum", texts(words))])
}

fn constant(word: &str) -> Value {
    Value::object([("const", Value::text(word))])
}

fn integer() -> Value {
    Value::object([
        ("type", Value::text("integer")),
        ("minimum", Value::count(0)),
        ("maximum", Value::Integer(MAX_INTEGER)),
    ])
}

fn to(definition: &str) -> Value {
    Value::object([("$ref", Value::text(format!("#/$defs/{definition}")))])
}

fn describe(schema: &mut Value, meaning: &str) {
    insert(schema, "description", Value::text(meaning));
}

fn insert(schema: &mut Value, name: &str, value: Value) {
    if let Some(members) = schema.members_mut() {
        members.insert(name.to_owned(), value);
    }
}
