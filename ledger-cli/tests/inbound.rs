//! Webhooks and CloudEvents at the server: whose they are is found before they are read, and each is in
//! the ledger once.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

mod common;
#[path = "serve/machine.rs"]
mod machine;

use std::process::Command;

use common::World;
use machine::{Machine, Said, hmac};

const SECRET: &str = "correct horse battery staple";
const JSON: (&str, &str) = ("content-type", "application/json");

/// A ledger with a key that relays these sources, and a server that hears them.
fn world(sources: &[&str]) -> (World, Machine) {
    let world = World::empty();
    for key in ["a.pem", "b.pem", "relay.pem"] {
        world.run(&["key", "new", key]).good();
    }
    let roots = ["--root", "a.pem=hr:1", "--root", "b.pem=hr:2"];
    world.run(&[&["init", "d/ledger", "--name", "test/led"][..], &roots].concat()).good();
    let relays: Vec<String> = sources.iter().map(|source| format!("relay:{source}")).collect();
    let mut args = vec!["key", "register", "--key", "a.pem", "--key", "b.pem"];
    args.extend(["--new", "relay.pem", "--service", "relay"]);
    for relay in &relays {
        args.extend(["--capability", relay.as_str()]);
    }
    world.run(&args).good();
    world.write("secret", format!("{SECRET}\nthe next one\n"));
    let machine = Machine::start(&world, &options(sources));
    (world, machine)
}

fn options(sources: &[&str]) -> Vec<&'static str> {
    let mut options = Vec::new();
    for source in sources {
        let (key, secret) = match *source {
            "github" => ("github=relay.pem", Some("github=secret")),
            "gitlab" => ("gitlab=relay.pem", Some("gitlab=secret")),
            "pagerduty" => ("pagerduty=relay.pem", Some("pagerduty=secret")),
            "launchdarkly" => ("launchdarkly=relay.pem", Some("launchdarkly=secret")),
            _ => ("cloudevents=relay.pem", None),
        };
        options.extend(["--connector-key", key]);
        if let Some(secret) = secret {
            options.extend(["--webhook-secret", secret]);
        }
    }
    options
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../fixtures/import/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn github(machine: &Machine, signature: &str, delivery: &str, body: &[u8]) -> Said {
    let fields = [
        JSON,
        ("x-github-event", "deployment_status"),
        ("x-github-delivery", delivery),
        ("x-hub-signature-256", signature),
    ];
    machine.send("POST", "/webhooks/github", &fields, body)
}

#[test]
fn a_webhook_is_believed_by_its_signature_and_kept_once() {
    let (world, machine) = world(&["github"]);
    let body = fixture("github/deployment-status-inactive.json");
    let before = world.size();
    let signature = format!("sha256={}", hmac(SECRET, &body));
    let said = github(&machine, &signature, "72d3162e-cc78-11e3-81ab-4c9367dc0958", &body);
    assert_eq!(said.status, 201, "{} {}", said.body, machine.log(&world));
    assert!(said.body.contains("\"read\":1") && said.body.contains("\"quarantined\":0"));
    let after = world.size();
    assert!(after > before);
    // sent again, as GitHub does it: the same delivery
    let again = github(&machine, &signature, "72d3162e-cc78-11e3-81ab-4c9367dc0958", &body);
    assert_eq!(again.status, 200, "{}", again.body);
    assert!(again.body.contains("\"duplicate\":1"), "{}", again.body);
    assert_eq!(world.size(), after);
    // the second secret holds as well, while the first is replaced
    let signature = format!("sha256={}", hmac("the next one", &body));
    let again = github(&machine, &signature, "72d3162e-cc78-11e3-81ab-4c9367dc0958", &body);
    assert_eq!(again.status, 200, "{}", again.body);
    assert!(world.run(&["verify"]).good().contains("INTEGRITY     holds"));
    // nothing waits any more, and no secret was kept
    let kept =
        Command::new("find").arg(world.path("d/state")).args(["-name", "*.request"]).output();
    assert_eq!(kept.unwrap().stdout, b"");
}

#[test]
fn what_is_not_signed_is_not_read() {
    let (world, machine) = world(&["github", "gitlab", "pagerduty", "launchdarkly"]);
    let body = fixture("github/deployment-status-inactive.json");
    let before = world.size();
    let good = hmac(SECRET, &body);
    let wrong = [
        String::new(),
        good.clone(),
        format!("sha1={good}"),
        format!("sha256={}", hmac("another", &body)),
        format!("sha256={}", good.get(..62).unwrap()),
        format!("sha256={}zz", good.get(..62).unwrap()),
        "sha256=".to_owned(),
        SECRET.to_owned(),
    ];
    for signature in wrong {
        let said = github(&machine, &signature, "d-1", &body);
        assert_eq!((said.status, said.code()), (401, "webhook-signature".to_owned()));
    }
    // of one byte more or less than was signed
    let signature = format!("sha256={good}");
    assert_eq!(github(&machine, &signature, "d-1", &[&body[..], b" "].concat()).status, 401);
    assert_eq!(github(&machine, &signature, "d-1", &body[1..]).status, 401);
    // what is no JSON at all is not looked at before
    assert_eq!(github(&machine, "sha256=00", "d-1", b"{{{{").status, 401);
    // a secret that stands in a header is the whole of it
    for (token, status) in [("correct horse", 401), ("", 401), (SECRET, 201)] {
        let fields = [JSON, ("x-gitlab-token", token)];
        let said = machine.send("POST", "/webhooks/gitlab", &fields, &body);
        assert_eq!(said.status, status, "{}", said.body);
    }
    // other spellings: one of several, and bare hex
    let several = format!("v1={},v1={good}", hmac("another", &body));
    let fields = [JSON, ("x-pagerduty-signature", several.as_str())];
    assert!(matches!(
        machine.send("POST", "/webhooks/pagerduty", &fields, &body).status,
        200 | 201
    ));
    let fields = [JSON, ("x-ld-signature", good.as_str())];
    assert!(matches!(
        machine.send("POST", "/webhooks/launchdarkly", &fields, &body).status,
        200 | 201
    ));
    // nobody outside learns what is set up
    for path in ["/webhooks/jira", "/webhooks/mars"] {
        let said =
            machine.send("POST", path, &[JSON, ("x-hub-signature", signature.as_str())], &body);
        assert_eq!((said.status, said.code()), (401, "webhook-signature".to_owned()));
    }
    assert!(world.size() > before);
    assert!(!machine.log(&world).contains(SECRET));
    let raw = world.run(&["log", "--json"]).good();
    assert!(!raw.contains(SECRET));
}

#[test]
fn cloud_events_come_in_their_three_shapes() {
    let (world, machine) = world(&["cloudevents"]);
    let token = machine.token(&["append"]);
    let send = |fields: &[(&str, &str)], body: &str| {
        let fields = [&[("authorization", token.as_str())], fields].concat();
        machine.send("POST", "/v1/cloudevents", &fields, body.as_bytes())
    };
    let one = |id: &str| {
        format!(
            r#"{{"id":"{id}","source":"/ci","specversion":"1.0","time":"2026-07-01T09:30:00Z","type":"com.example.ran"}}"#
        )
    };
    let structured = ("content-type", "application/cloudevents+json; charset=utf-8");
    let said = send(&[structured], &one("1"));
    assert_eq!(said.status, 201, "{} {}", said.body, machine.log(&world));
    assert!(said.body.contains("\"unmapped\":1"), "{}", said.body);
    assert_eq!(send(&[structured], &one("1")).status, 200);
    let batch = ("content-type", "application/cloudevents-batch+json");
    let said = send(&[batch], &format!("[{},{}]", one("1"), one("2")));
    assert_eq!(said.status, 201, "{}", said.body);
    assert!(said.body.contains("\"duplicate\":1") && said.body.contains("\"read\":2"));
    let binary = [
        JSON,
        ("ce-specversion", "1.0"),
        ("ce-id", "3"),
        ("ce-source", "/ci"),
        ("ce-type", "com.example.ran"),
        ("ce-time", "2026-07-01T09:30:00Z"),
    ];
    let said = send(&binary, r#"{"outcome":"good"}"#);
    assert_eq!(said.status, 201, "{}", said.body);
    let size = world.size();
    // what is none is told, and kept aside with its reason
    let said = send(&[structured], r#"{"id":"4""#);
    assert_eq!((said.status, said.code()), (422, "record".to_owned()), "{}", said.body);
    assert_eq!(world.size(), size);
    let other = send(&[structured], &one("5").replace("2026", "2025"));
    assert_eq!(other.status, 201);
    let conflict = send(&[structured], &one("5"));
    assert!(conflict.body.contains("\"conflicted\":1"), "{}", conflict.body);
    assert!(world.run(&["log", "--type", "source.conflicted"]).good().lines().count() == 1);
    world.run(&["verify"]).good();
}

#[test]
fn what_was_kept_is_imported_when_the_ledger_takes_it() {
    let (world, machine) = world(&["github"]);
    let body = fixture("github/deployment-status-inactive.json");
    let signature = format!("sha256={}", hmac(SECRET, &body));
    let before = world.size();
    world.write("d/ledger/poison", "a sync failed\n");
    let said = github(&machine, &signature, "d-1", &body);
    assert_eq!((said.status, said.code()), (202, "poisoned".to_owned()), "{}", said.body);
    drop(machine);
    world.run(&["recover"]).good();
    assert_eq!(world.size(), before);
    let machine = Machine::start(&world, &options(&["github"]));
    for _ in 0..50 {
        if world.size() > before {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(world.size() > before, "{}", machine.log(&world));
    // the vendor's own second try finds it there
    let said = github(&machine, &signature, "d-1", &body);
    assert!(said.body.contains("\"duplicate\":1"), "{}", said.body);
}
