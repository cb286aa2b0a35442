//! What stands in bodies, questions and answers, as JSON Schema (2020-12): what the OpenAPI document says
//! of each endpoint, and others hold the server against.

use ledger_core::json::Value;

use super::connector::VENDORS;
use super::gate::MEMBERS;
use super::routes::Endpoint;

/// A good answer of an endpoint; nothing is said of texts and bytes.
pub(super) fn answer(endpoint: Endpoint) -> Value {
    match endpoint {
        Endpoint::Events => closed(
            &[],
            &[
                ("late", reference()),
                ("proof", text()),
                ("receipts", list(receipt())),
                ("results", list(open(&[]))),
            ],
        ),
        Endpoint::Attachment => closed(&[("digest", digest())], &[]),
        Endpoint::Ledger => {
            closed(&[("origin", text()), ("size", count())], &[("checkpoint", text())])
        }
        Endpoint::CloudEvents | Endpoint::Webhook => closed(
            &[
                ("conflicted", count()),
                ("duplicate", count()),
                ("entries", count()),
                ("quarantined", count()),
                ("read", count()),
                ("recorded", count()),
                ("unmapped", count()),
            ],
            &[],
        ),
        Endpoint::Entry => {
            open(&["chain", "event", "index", "persons", "recorded_at", "signatures"])
        }
        Endpoint::Query => {
            closed(&[("entries", list(entry())), ("size", count())], &[("next", count())])
        }
        Endpoint::Obligations => closed(
            &[("now", text()), ("obligations", list(obligation())), ("unread", count())],
            &[],
        ),
        Endpoint::Gate => open(&["recorded", "verdict"]),
        Endpoint::Health => closed(&[("runs", flag())], &[]),
        Endpoint::Ready => closed(&[("entries", count()), ("ready", flag())], &[]),
        Endpoint::OpenApi => open(&["components", "info", "openapi", "paths"]),
        Endpoint::Dossier | Endpoint::Request => open(&[]),
        Endpoint::Checkpoint
        | Endpoint::Consistency
        | Endpoint::Entries
        | Endpoint::Metrics
        | Endpoint::Proof
        | Endpoint::Tile => any(),
    }
}

/// The body that an endpoint takes, of one media type.
pub(super) fn body(endpoint: Endpoint, media: &str) -> Value {
    let cloud_event = || {
        let members = ["id", "source", "specversion", "type"].map(|name| (name, text()));
        object(&members, &["id", "source", "specversion", "type"], true)
    };
    match (endpoint, media) {
        (Endpoint::Events, "application/json") => {
            let signature = closed(&[("key", text()), ("sig", text())], &[]);
            let members = [
                ("disclosures", list(open(&[]))),
                ("event", open(&["type"])),
                ("signatures", list(signature)),
            ];
            object(&members, &["event", "signatures"], true)
        }
        (Endpoint::Gate, _) => {
            let needed = ["artifact", "change", "environment", "service"];
            let members = MEMBERS.map(|name| (name, text()));
            object(&members, &needed, false)
        }
        (Endpoint::CloudEvents, "application/cloudevents+json") => cloud_event(),
        (Endpoint::CloudEvents, "application/cloudevents-batch+json") => list(cloud_event()),
        (Endpoint::Webhook, _) => open(&[]),
        // lines and bytes
        (_, "application/jsonl" | "application/octet-stream") => text(),
        _ => any(),
    }
}

/// A parameter of the path or of the query.
pub(super) fn parameter(endpoint: Endpoint, name: &str) -> Value {
    match name {
        "digest" => digest(),
        "dry_run" | "each" | "overdue" | "proof" | "reverse" => one_of(&["1"]),
        "kind" => one_of(&["artifact", "change", "deployment", "person"]),
        "source" if endpoint == Endpoint::CloudEvents => one_of(&["cdevents", "cloudevents"]),
        "source" => one_of(&VENDORS.map(|vendor| vendor.source)),
        "from" | "index" | "old" | "wait" => count(),
        "limit" => Value::object([
            ("maximum", Value::count(1000)),
            ("minimum", Value::count(1)),
            ("type", Value::text("integer")),
        ]),
        _ => text(),
    }
}

/// A refusal, as all endpoints give it.
pub(super) fn error() -> Value {
    let members = ["code", "hint", "message", "place"].map(|name| (name, text()));
    closed(&[("error", object(&members, &["code", "message"], false))], &[])
}

/// The refusal, where it stands in the document.
pub(super) fn reference() -> Value {
    Value::object([("$ref", Value::text("#/components/schemas/Error"))])
}

fn receipt() -> Value {
    closed(&[("hash", text()), ("index", count()), ("known", flag()), ("state", text())], &[])
}

fn entry() -> Value {
    let times = [("occurred_at", text()), ("recorded_at", text())];
    let needed = [&[("hash", text()), ("index", count()), ("type", text())][..], &times].concat();
    closed(&needed, &[("subject", open(&[]))])
}

fn obligation() -> Value {
    let texts = ["about", "closes", "due", "kind", "sentence", "standing"];
    let mut needed = texts.map(|name| (name, text())).to_vec();
    needed.push(("entries", list(count())));
    closed(&needed, &[])
}

fn any() -> Value {
    Value::object::<&str>([])
}

fn text() -> Value {
    Value::object([("type", Value::text("string"))])
}

fn flag() -> Value {
    Value::object([("type", Value::text("boolean"))])
}

fn count() -> Value {
    Value::object([("minimum", Value::count(0)), ("type", Value::text("integer"))])
}

fn digest() -> Value {
    let pattern = Value::text("^sha256:[0-9a-f]{64}$");
    Value::object([("pattern", pattern), ("type", Value::text("string"))])
}

fn one_of(words: &[&'static str]) -> Value {
    Value::object([("enum", Value::List(words.iter().map(|word| Value::text(*word)).collect()))])
}

fn list(of: Value) -> Value {
    Value::object([("items", of), ("type", Value::text("array"))])
}

/// An object with these members at least.
fn open(needed: &[&str]) -> Value {
    object(&[], needed, true)
}

/// An object with these members, of which the second need not be there, and no others.
fn closed(needed: &[(&str, Value)], more: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = needed.iter().map(|(name, _)| *name).collect();
    object(&[needed, more].concat(), &names, false)
}

fn object(members: &[(&str, Value)], needed: &[&str], others: bool) -> Value {
    let mut said = vec![("type", Value::text("object"))];
    if !members.is_empty() {
        let members = members.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        said.push(("properties", Value::object(members)));
    }
    if !needed.is_empty() {
        let needed = needed.iter().map(|name| Value::text(*name)).collect();
        said.push(("required", Value::List(needed)));
    }
    if !others {
        said.push(("additionalProperties", Value::Bool(false)));
    }
    Value::object(said)
}
