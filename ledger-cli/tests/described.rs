//! What the server's description says of every endpoint, held against what the server does: none names a
//! person, whoever asks.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

mod common;
#[path = "serve/machine.rs"]
mod machine;

use common::{PIPELINE, World};
use machine::Machine;

/// What stands for a person in what is sent, and nowhere in what is answered.
const PERSONAL: [&str; 4] = ["Ada L", "Lovelace", "ada@example.com", "nr-4711"];
/// What only the owner of the vault reads.
const PRIVATE: &str = "told in confidence";

/// A ledger that knows a person, by name, and a text that is private.
fn world() -> World {
    let world = World::new();
    world.write("private.txt", PRIVATE);
    let person =
        r#"{"issuer":"hr","id":"nr-4711","name":"Ada Lovelace","email":"ada@example.com"}"#;
    let draft = format!(
        r#"{{"type":"deployment.finished","occurred_at":"2026-07-01T12:30:00.000000Z","actor":{{"kind":"human","id":{person}}},"subject":{{"deployment":"d-1","service":"payments","environment":"production"}},"data":{{"outcome":"succeeded"}}}}"#
    );
    world.write("draft.json", draft);
    world.append(&["draft.json"]).good();
    world
}

/// What is asked of each endpoint that reads: an address that has an answer.
fn asked(path: &str, person: &str) -> Vec<String> {
    let one = |text: &str| vec![text.to_owned()];
    match path {
        "/v1/approval-request/{change}" => {
            let digest = "cd".repeat(32);
            let rest = format!("?artifact=sha256:{digest}&environment=production");
            one(&format!("/v1/approval-request/change-108{rest}"))
        }
        "/v1/entries/{index}" => one("/v1/entries/64"),
        "/v1/entries" | "/v1/query" => {
            vec![format!("{path}?limit=1000"), format!("{path}?from=60")]
        }
        "/v1/dossier/{kind}/{id}" => vec![
            "/v1/dossier/deployment/d-1".to_owned(),
            "/v1/dossier/change/change-108".to_owned(),
            format!("/v1/dossier/person/{person}"),
        ],
        "/v1/proof/{index}" => one("/v1/proof/64?wait=30"),
        "/v1/consistency/{old}" => one("/v1/consistency/64"),
        "/tile/{path}" => vec!["/tile/entries/000.p/65".to_owned(), "/tile/0/000.p/65".to_owned()],
        "/v1/ledger" | "/v1/checkpoint" | "/checkpoint" | "/v1/obligations" | "/metrics"
        | "/healthz" | "/readyz" | "/openapi.json" => one(path),
        other => {
            panic!("`{other}` is new: say here how it is asked, so that it is seen whom it names")
        }
    }
}

#[test]
fn no_endpoint_names_a_person() {
    let world = world();
    let signer = ["--checkpoint-key", "d/keys/signer.pem", "--gate-key", PIPELINE];
    let machine = Machine::start(&world, &[&signer[..], &["--log-requests"]].concat());
    let all = machine.token(&["append", "gate", "metrics", "read"]);
    let raw = world.run(&["show", "64", "--raw"]).good();
    let person = raw.split("\"/actor/id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let document = machine.send("GET", "/openapi.json", &[], b"");
    let document: serde_json::Value = serde_json::from_str(&document.body).unwrap();
    let silent = |what: &str, text: &str| {
        for name in PERSONAL.iter().chain([&PRIVATE]) {
            assert!(!text.contains(name), "{what} says `{name}`: {text}");
        }
    };
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, operation) in verbs.as_object().unwrap() {
            let media = operation["requestBody"]["content"].as_object();
            if verb == "get" {
                for path in asked(path, person) {
                    let said = machine.send("GET", &path, &[("authorization", &all)], b"");
                    assert_eq!(said.status, 200, "{path}: {}", said.body);
                    silent(&path, &said.body);
                }
                continue;
            }
            // what is brought is answered with numbers and hashes, and a mistake without what was wrong in it
            let media = media.and_then(|media| media.keys().next()).unwrap();
            let path = path.replace("{source}", "github").replace("{digest}", "sha256:00");
            let fields = [("authorization", all.as_str()), ("content-type", media)];
            for body in ["{}", &raw, r#"{"event":{"actor":{"id":"Ada Lovelace"}}}"#] {
                let said = machine.send(&verb.to_uppercase(), &path, &fields, body.as_bytes());
                assert!(said.status >= 400, "{verb} {path}: {}", said.body);
                silent(&path, &said.body);
            }
        }
    }
    silent("the journal", &machine.log(&world));
    assert!(machine.log(&world).contains("/v1/dossier"), "{}", machine.log(&world));
    // the person is known here all the same: to whom opens the vault, which is recorded
    let found = world.run(&["log", "--person", person]).good();
    assert_eq!(found.lines().count(), 1, "{found}");
}

/// Every good answer in JSON is described, member by member or at least by those that are always there.
#[test]
fn the_description_says_what_is_answered() {
    let world = World::empty();
    let text = world.run(&["serve", "--openapi"]).good();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 18, "{}", paths.len());
    for (path, verbs) in paths {
        for (verb, operation) in verbs.as_object().unwrap() {
            let open = operation["security"].as_array().unwrap();
            let public = ["/healthz", "/readyz", "/openapi.json"].contains(&path.as_str());
            assert_eq!(open.is_empty(), public, "{verb} {path}");
            assert_eq!(operation["responses"].get("401").is_none(), public, "{verb} {path}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let content = response["content"].as_object().unwrap();
                assert_eq!(content.len(), 1, "{verb} {path} {status}");
                let schema = content.get("application/json").map(|media| &media["schema"]);
                let said = schema.is_none_or(|schema| {
                    schema.get("$ref").is_some() || schema["type"] == "object"
                });
                assert!(said, "{verb} {path} {status}: {schema:?}");
            }
        }
    }
}
