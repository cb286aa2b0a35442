//! Controls through the program: the catalogue, its overlays, and what a period comes to.
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

const QUARTER: [&str; 4] = ["--from", "2026-07-01", "--to", "2026-09-30"];

fn draft(kind: &str, at: &str, actor: &str, subject: &Value, data: &Value) -> Value {
    let person = if actor == "runner" { "service" } else { "human" };
    json!({
        "type": kind, "occurred_at": format!("{at}.000000Z"), "subject": subject, "data": data,
        "actor": {"kind": person, "id": {"issuer": "hr", "id": actor}},
    })
}

fn artifact() -> String {
    format!("sha256:{}", "ab".repeat(32))
}

/// One service, one system, two deployments: the first approved, the second not.
fn world() -> World {
    let world = World::empty();
    for key in ["a.pem", "ci.pem", "ben.pem"] {
        world.run(&["key", "new", key]).good();
    }
    world.run(&["init", "d/ledger", "--name", "test/led", "--solo", "--root", "a.pem=hr:1"]).good();
    let register = |args: &[&str]| {
        world.run(&[&["key", "register", "--key", "a.pem", "--new"], args].concat()).good();
    };
    let rights = ["--capability", "append:*", "--capability", "append:system.registered"];
    register(&[&["ci.pem", "--service", "ci"][..], &rights].concat());
    register(&["ben.pem", "--person", "hr:ben", "--capability", "approve"]);
    let identity = |id: &str| json!({"issuer": "hr", "id": id});
    let system = json!({
        "state": "active", "tier": "1", "owner": identity("olga"), "entitlement_owners": [identity("olga")],
        "environments": [{"name": "production", "class": "production"}],
        "regimes": ["sox"], "regions": ["eu"], "services": ["payments"],
    });
    let started = |id: &str, change: &str, at: &str| {
        let subject = json!({"deployment": id, "service": "payments", "environment": "production"});
        let data = json!({"artifact": artifact(), "change": change, "class": "normal",
            "initiator": identity("ada"), "strategy": "rolling"});
        draft("deployment.started", at, "runner", &subject, &data)
    };
    let append = |key: &str, event: &Value| {
        world.write("event", event.to_string());
        world.run(&["append", "--key", key, "event"]).good();
    };
    append(
        "ci.pem",
        &draft(
            "system.registered",
            "2026-01-01T00:00:00",
            "olga",
            &json!({"system": "shop"}),
            &system,
        ),
    );
    let approval = json!({"approval": "a-1", "approver": identity("ben"), "decision": "granted", "method": "key",
        "role": "release-manager", "for": {"artifact": artifact(), "environment": "production"}});
    append(
        "ben.pem",
        &draft(
            "approval.decided",
            "2026-07-10T09:00:00",
            "ben",
            &json!({"change": "PAY-1"}),
            &approval,
        ),
    );
    append("ci.pem", &started("d-1", "PAY-1", "2026-07-10T10:00:00"));
    append("ci.pem", &started("d-2", "PAY-2", "2026-07-11T10:00:00"));
    world
}

/// The test's own clock is today's: everything was recorded after the quarter's usual cut-off.
const CUTOFF: [&str; 2] = ["--cutoff", "2100-01-01"];

fn evaluate<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["evaluate", "--framework", "sox"][..], &QUARTER, &CUTOFF, more].concat()
}

#[test]
fn a_quarter_is_evaluated_and_the_same_bytes_come_again() {
    let world = world();
    let before = world.snapshot();
    let ended = world.run(&evaluate(&["--json"]));
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    let result: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(result["integrity"]["state"], "pass");
    assert_eq!(result["completeness"]["state"], "indeterminate");
    let runs = result["runs"].as_array().unwrap();
    let run = runs.iter().find(|run| run["test"] == "T01").unwrap();
    assert_eq!((&run["in_scope"], &run["total"]), (&json!(2), &json!(2)));
    let items = run["items"].as_array().unwrap();
    let of = |id: &str| items.iter().find(|item| item["id"] == id).unwrap();
    // an approval that is recorded long after it says it was given is told, not taken
    assert_eq!(of("d-2")["exceptions"][0]["code"], "no-approval");
    assert!(of("d-1")["values"]["approvers"].is_string() || of("d-1")["exceptions"].is_array());
    let control = result["controls"].as_array().unwrap().iter().find(|c| c["id"] == "SOX-CM-01");
    assert_eq!(control.unwrap()["state"], "fail");
    assert_eq!(world.run(&evaluate(&["--json"])).stdout, ended.stdout);
    world.run(&evaluate(&["--out", "result.json"]));
    assert_eq!(world.read("result.json"), ended.stdout.as_bytes());
    let told = world.run(&evaluate(&[]));
    assert!(told.stdout.starts_with("INTEGRITY     ● holds"), "{}", told.stdout);
    assert!(
        told.stdout.contains("deployment d-2 of payments to production started"),
        "{}",
        told.stdout
    );
    // the entry before it was recorded: nothing had happened
    let early = world.run(&evaluate(&["--as-of", "4", "--json"]));
    let early: Value = serde_json::from_str(&early.stdout).unwrap();
    let run = early["runs"].as_array().unwrap().iter().find(|run| run["test"] == "T01").unwrap();
    assert_eq!(run["in_scope"], 0);
    let now = world.snapshot();
    let derived =
        |path: &std::path::Path| path.iter().any(|folder| folder == "tree" || folder == "index");
    let kept: Vec<_> = now.into_iter().filter(|(path, _)| !derived(path)).collect();
    let before: Vec<_> = before.into_iter().filter(|(path, _)| !derived(path)).collect();
    assert_eq!(kept, before, "evaluating changes nothing but what is derived");
}

#[test]
fn overlays_are_named_or_read() {
    let world = world();
    let strict = "id = \"acme\"\ntitle = \"t\"\nversion = \"1\"\nkind = \"company\"\nvalid_from = \"2026-08-01\"\n[[set]]\nparameter = \"T01.min_approvals\"\nvalue = 2\nbasis = \"company-policy\"\n";
    world.write("acme.toml", strict);
    let ended = world.run(&evaluate(&["--overlay", "eu", "--overlay", "acme.toml", "--json"]));
    let result: Value = serde_json::from_str(&ended.stdout).unwrap();
    // it begins within the period: two slices, each with its own catalogue
    let slices = result["slices"].as_array().unwrap();
    assert_eq!(slices.len(), 2);
    assert_ne!(slices[0]["catalogue"], slices[1]["catalogue"]);
    assert!(
        world
            .run(&["controls", "check", "--overlay", "eu", "--overlay", "acme.toml"])
            .good()
            .contains("60 controls")
    );
    let shown = world
        .run(&["controls", "show", "SOX-CM-01", "--overlay", "acme.toml", "--on", "2026-09-01"])
        .good();
    assert!(shown.contains("min_approvals = 2 (by acme)"), "{shown}");
    assert!(world.run(&["controls", "list", "--framework", "gdpr"]).good().contains("GDPR-16"));
    let resolved = world.run(&["controls", "resolve", "--json"]).good();
    assert!(
        serde_json::from_str::<Value>(&resolved).unwrap()["controls"].as_array().unwrap().len()
            == 60
    );
}

#[test]
fn bad_input_is_told_in_one_line() {
    let world = world();
    let before = world.snapshot();
    world.write("weak.toml", "id = \"w\"\ntitle = \"t\"\nversion = \"1\"\nkind = \"company\"\nvalid_from = \"2026-01-01\"\n[[set]]\nparameter = \"T01.max_lag\"\nvalue = \"PT9H\"\nbasis = \"b\"\n");
    world.write("odd.toml", "id = \"w\"\ncolour = 1\n");
    let cases: [&[&str]; 9] = [
        &["evaluate", "--framework", "nist", "--from", "2026-07-01", "--to", "2026-09-30"],
        &["evaluate", "--from", "2026-07-01", "--to", "2026-06-30"],
        &["evaluate", "--from", "2026-13-01", "--to", "2026-09-30"],
        &["evaluate", "--from", "", "--to", "2026-09-30"],
        &["evaluate", "--from", "2026-07-01", "--to", "2026-09-30", "--overlay", "weak.toml"],
        &["evaluate", "--from", "2026-07-01", "--to", "2026-09-30", "--overlay", "odd.toml"],
        &["evaluate", "--from", "2026-07-01", "--to", "2026-09-30", "--overlay", "nowhere.toml"],
        &["controls", "show", "SOX-XX-99"],
        &["controls", "check", "--overlay", "de"],
    ];
    for args in cases {
        world.run(args).bad(2);
    }
    assert_eq!(world.snapshot(), before);
}

/// The log itself is an item: whose word on it counts, the reader's policy says.
#[test]
fn the_log_is_judged_with_the_policy_of_the_reader() {
    let world = World::new();
    let codes = |more: &[&str]| {
        let ended = world.run(&evaluate(&[&["--json"], more].concat()));
        let result: Value = serde_json::from_str(&ended.stdout).unwrap();
        let runs = result["runs"].as_array().unwrap();
        let run = runs.iter().find(|run| run["test"] == "T25").unwrap();
        let items = run["items"].as_array().unwrap();
        assert_eq!((items.len(), &items[0]["id"]), (1, &json!("ledger")));
        let exceptions = items[0]["exceptions"].as_array().unwrap();
        exceptions.iter().map(|e| e["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(codes(&[]).contains(&"witnesses-unnamed".to_owned()));
    let told = codes(&["--policy", "d/auditor.policy"]);
    assert!(told.contains(&"too-few-witnesses".to_owned()), "{told:?}");
    assert!(!told.contains(&"witnesses-unnamed".to_owned()), "{told:?}");
    assert!(world.run(&evaluate(&["--policy", "none"])).bad(2).contains("there is no file `none`"));
}

/// A fiscal year in its own zone; what happened in the hours between is in one period only.
#[test]
fn a_period_is_of_the_calendar_that_is_given() {
    let world = world();
    world.write(
        "acme.toml",
        "id = \"acme\"\ntimezone = \"Europe/Berlin\"\nrule = \"CET-1CEST,M3.5.0,M10.5.0/3\"\nyear_starts = \"07-11\"\nweekend = []\nholidays = []\n",
    );
    let asked = |period: &str| {
        let ended = world.run(
            &[
                &["evaluate", "--framework", "sox", "--json", "--period", period][..],
                &CUTOFF,
                &["--calendar", "acme.toml"],
            ]
            .concat(),
        );
        let result: Value = serde_json::from_str(&ended.stdout).unwrap();
        let runs = result["runs"].as_array().unwrap();
        let run = runs.iter().find(|run| run["test"] == "T01").unwrap();
        (result["period"]["from"].as_str().unwrap().to_owned(), run["in_scope"].clone())
    };
    assert_eq!(asked("FY2026-Q1"), ("2026-07-10T22:00:00.000000Z".to_owned(), json!(1)));
    assert_eq!(asked("FY2025-Q4"), ("2026-04-10T22:00:00.000000Z".to_owned(), json!(1)));
    world.write("no.toml", "id = \"acme\"\ntimezone = \"Europe/Berlin\"\nyear_starts = \"01-01\"\nweekend = []\nholidays = []\n");
    let wrong = ["evaluate", "--period", "2026-Q3", "--calendar", "no.toml"];
    assert!(world.run(&wrong).bad(2).contains("nothing says when clocks turn"));
    assert!(world.run(&["evaluate", "--period", "2026-Q5"]).bad(2).contains("2026-Q3"));
}
