//! The exported JSON Schema, as an implementation of others reads it.

use super::edits;
use super::{TYPES, Value, signed, value};
use jsonschema::Validator;
use ledger_core::schema::export::{all, one};

fn foreign(value: &Value) -> serde_json::Value {
    serde_json::from_str(&value.to_canonical()).unwrap()
}

fn validator(schema: &Value) -> Validator {
    let schema = foreign(schema);
    assert!(jsonschema::meta::is_valid(&schema), "it is a schema of its dialect");
    jsonschema::validator_for(&schema).unwrap()
}

/// Every example is valid, and whatever the door refuses and a schema can say is not.
#[test]
fn it_says_what_the_door_says() {
    let mut refused = 0;
    for known in TYPES {
        let validator = validator(&one(known));
        let example = foreign(&signed(known));
        let errors: Vec<String> =
            validator.iter_errors(&example).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", known.name);
        for edit in edits::of(known) {
            let valid = validator.is_valid(&foreign(&edit.event));
            assert_eq!(valid, !edit.expressible, "{}: {}", known.name, edit.what);
            refused += usize::from(!valid);
        }
    }
    assert!(refused > 3_500, "only {refused} refusals");
}

#[test]
fn one_document_tells_the_types_apart() {
    let validator = validator(&all());
    for known in TYPES {
        let mut event = signed(known);
        assert!(validator.is_valid(&foreign(&event)), "{}", known.name);
        event.members_mut().unwrap().insert("type", Value::text("deployment.pondered"));
        assert!(!validator.is_valid(&foreign(&event)), "{}", known.name);
    }
}

/// Types, places and what may or may not stand there.
const EDGES: &[(&str, &str, &[&str])] = &[
    (
        "metric.sampled",
        "/data/value",
        &[
            "0",
            "-0",
            "-0.0",
            "-0.00001",
            "0.10",
            "00",
            "01",
            "1.",
            ".5",
            "+1",
            "-1",
            "1e3",
            "999999999999999999",
            "1000000000000000000",
            "0.123456789012345678",
            "0.1234567890123456789",
            "-",
            "",
            "1 ",
        ],
    ),
    (
        "source.registered",
        "/data/heartbeat_every",
        &[
            "P",
            "PT",
            "P1DT",
            "P1D",
            "PT5M",
            "P1Y2M3W4DT5H6M7S",
            "P1H",
            "PT1D",
            "P1M1Y",
            "PT1H1S",
            "PT1S1H",
            "P1.5D",
            "-P1D",
            "P1D ",
            "p1d",
        ],
    ),
    (
        "person.erased",
        "/data/pseudonym",
        &[
            "kz5m3q2w7xjv4t6ynhc2pflbua",
            "kz5m3q2w7xjv4t6ynhc2pflbub",
            "kz5m",
            "kz5m3q2w7xjv4t6ynhc2pflb1a",
        ],
    ),
    ("job.run", "/data/slot", &["a", "a b", "ä", "A-Z.a_z:0/9+#", "a\n", "a@b"]),
    (
        "job.run",
        "/occurred_at",
        &[
            "1969-12-31T23:59:59.000000Z",
            "1970-01-01T00:00:00.000000Z",
            "2026-13-01T00:00:00.000000Z",
            "2026-07-01T24:00:00.000000Z",
            "2026-07-01T00:00:60.000000Z",
            "2026-07-01T00:00:00Z",
        ],
    ),
];

/// Grammars at their edges: the schema and the door agree.
#[test]
fn grammars_agree() {
    let known = |name| ledger_core::schema::find(name).unwrap();
    for (name, pointer, texts) in EDGES {
        let validator = validator(&one(known(name)));
        for text in *texts {
            let mut event = signed(known(name));
            *edits::at(&mut event, pointer) = Value::text(*text);
            let (door, schema) =
                (super::judged(&event).is_ok(), validator.is_valid(&foreign(&event)));
            assert_eq!(door, schema, "{name} {pointer}: `{text}`");
        }
    }
    assert!(value("{}").get("x").is_none());
}
