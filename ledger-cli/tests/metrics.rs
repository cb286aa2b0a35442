//! Metrics and the dressings of a report through the program.
#![allow(clippy::panic, reason = "a test stops at the first surprise")]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "tests"
)]

mod common;

use common::World;
use serde_json::{Value, json};

/// The test's own clock is today's: everything was recorded after the quarter's usual cut-off.
const METRICS: [&str; 6] = ["report", "metrics", "--period", "2026-Q3", "--cutoff", "2100-01-01"];

/// One service, three deployments, one of them without an end.
fn world() -> World {
    let world = World::empty();
    for key in ["a.pem", "ci.pem"] {
        world.run(&["key", "new", key]).good();
    }
    world.run(&["init", "d/ledger", "--name", "test/led", "--solo", "--root", "a.pem=hr:1"]).good();
    let rights = ["--capability", "append:*", "--capability", "append:system.registered"];
    let new = ["key", "register", "--key", "a.pem", "--new", "ci.pem", "--service", "ci"];
    world.run(&[&new[..], &rights].concat()).good();
    let identity = |id: &str| json!({"issuer": "hr", "id": id});
    let append = |kind: &str, at: &str, subject: Value, data: Value| {
        let event = json!({
            "type": kind, "occurred_at": format!("{at}.000000Z"), "subject": subject, "data": data,
            "actor": {"kind": "service", "id": identity("runner")},
        });
        world.write("event", event.to_string());
        world.run(&["append", "--key", "ci.pem", "event"]).good();
    };
    let system = json!({
        "state": "active", "tier": "1", "owner": identity("olga"), "entitlement_owners": [identity("olga")],
        "environments": [{"name": "production", "class": "production"}],
        "regimes": ["sox"], "regions": ["eu"], "services": ["payments"],
    });
    append("system.registered", "2026-01-01T00:00:00", json!({"system": "shop"}), system);
    for number in 1..=3 {
        let subject = json!({"deployment": format!("d-{number}"), "service": "payments", "environment": "production"});
        let at = |minute: u8| format!("2026-07-{:02}T10:{minute:02}:00", 12 + number);
        let started = json!({"strategy": "rolling", "class": "normal", "change": "PAY-1"});
        append("deployment.started", &at(0), subject.clone(), started);
        if number < 3 {
            append("deployment.finished", &at(5), subject, json!({"outcome": "succeeded"}));
        }
    }
    world
}

#[test]
fn each_metric_stands_beside_its_two_numbers() {
    let world = world();
    let before = world.snapshot();
    let told = world.run(&METRICS).good();
    assert!(told.contains("◆ 1 no end is recorded"), "{told}");
    for metric in ["Change fail rate", "Traceability", "Controls that passed"] {
        let line = told.lines().find(|line| line.starts_with(metric)).unwrap();
        assert!(line.contains('/'), "{line}");
    }
    let whole = world.run(&[&METRICS[..], &["--json"]].concat());
    let document: Value = serde_json::from_str(&whole.stdout).unwrap();
    let metrics = document["metrics"].as_array().unwrap();
    assert_eq!(metrics.len(), 57);
    let rate = metrics.iter().find(|metric| metric["id"] == "change-fail-rate").unwrap();
    let value = &rate["values"][0];
    assert_eq!((&value["numerator"], &value["denominator"]), (&json!(0), &json!(2)));
    assert_eq!(value["unknown"]["no end is recorded"], 1);
    assert!(
        rate["members"]
            .as_array()
            .unwrap()
            .iter()
            .all(|m| !m["entries"].as_array().unwrap().is_empty())
    );
    assert_eq!(world.run(&[&METRICS[..], &["--json"]].concat()).stdout, whole.stdout);
    let one = world.run(&[&METRICS[..], &["--service", "payments"]].concat()).good();
    assert!(one.starts_with("service payments"), "{one}");
    assert_eq!(world.snapshot(), before, "measuring changes nothing");
}

#[test]
fn a_quarter_is_dressed_for_others() {
    let world = world();
    let quarter = |out: &str| {
        world.run(&[
            "report",
            "quarter",
            "--period",
            "2026-Q3",
            "--cutoff",
            "2100-01-01",
            "--out",
            out,
        ]);
    };
    quarter("q1");
    quarter("q2");
    for file in [
        "report.xlsx",
        "metrics.json",
        "oscal/catalog.json",
        "oscal/assessment-results.json",
        "oscal/mapping-collection.json",
    ] {
        let bytes = world.read(&format!("q1/{file}"));
        assert!(!bytes.is_empty() && bytes == world.read(&format!("q2/{file}")), "{file}");
    }
    let catalog: Value = serde_json::from_slice(&world.read("q1/oscal/catalog.json")).unwrap();
    assert_eq!(catalog["catalog"]["metadata"]["oscal-version"], "1.2.1");
}

#[test]
fn bad_input_is_told_in_one_line() {
    let world = world();
    let before = world.snapshot();
    let cases: [&[&str]; 6] = [
        &["report", "metrics"],
        &["report", "metrics", "--period", "2026-Q5"],
        &["report", "metrics", "--period", ""],
        &["report", "metrics", "--from", "2026-07-01"],
        &["report", "metrics", "--period", "2026-Q3", "--service", "nobody"],
        &["report", "metrics", "--period", "2026-Q3", "--overlay", "nowhere.toml"],
    ];
    for args in cases {
        world.run(args).bad(2);
    }
    assert_eq!(world.snapshot(), before);
}
