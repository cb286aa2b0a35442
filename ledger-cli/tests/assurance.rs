//! What persons say about an evaluation, each with a key of their own: exceptions, accepted risks,
//! samples, walkthroughs, sign-offs; and what changes between two catalogues.
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
const OVER: [&str; 6] = ["--from", "2026-07-01", "--to", "2026-09-30", "--cutoff", "2100-01-01"];
const ADA: [&str; 4] = ["--as", "hr:ada", "--key", "ada.pem"];
const BEN: [&str; 4] = ["--as", "hr:ben", "--key", "ben.pem"];

fn with<'a>(parts: &[&[&'a str]]) -> Vec<&'a str> {
    parts.concat()
}

fn identity(id: &str) -> Value {
    json!({"issuer": "hr", "id": id})
}

fn append(world: &World, key: &str, event: &Value) {
    world.write("event", event.to_string());
    world.run(&["append", "--key", key, "event"]).good();
}

fn event(kind: &str, at: &str, actor: &Value, subject: &Value, data: &Value) -> Value {
    let kind_of = if actor["id"] == "runner" { "service" } else { "human" };
    json!({"type": kind, "occurred_at": format!("{at}T10:00:00.000000Z"), "subject": subject, "data": data,
        "actor": {"kind": kind_of, "id": actor}})
}

/// One system, two deployments in July that nobody approved, and two persons whom everybody knows.
fn world() -> World {
    let world = World::empty();
    for key in ["a.pem", "ci.pem", "ada.pem", "ben.pem", "signer.pem"] {
        world.run(&["key", "new", key]).good();
    }
    world.run(&["init", "d/ledger", "--name", "test/led", "--solo", "--root", "a.pem=hr:1"]).good();
    let register = |args: &[&str]| {
        world.run(&[&["key", "register", "--key", "a.pem", "--new"], args].concat()).good();
    };
    let rights = ["--capability", "append:*", "--capability", "append:system.registered"];
    register(&[&["ci.pem", "--service", "ci"][..], &rights].concat());
    let person =
        ["--capability", "append:*", "--capability", "approve", "--capability", "sign_off"];
    register(&[&["ada.pem", "--person", "hr:ada"][..], &person].concat());
    register(&[&["ben.pem", "--person", "hr:ben"][..], &person].concat());
    register(&["signer.pem", "--service", "signer", "--capability", "checkpoint"]);
    let runner = identity("runner");
    let system = json!({
        "state": "active", "tier": "1", "owner": identity("olga"), "entitlement_owners": [identity("olga")],
        "environments": [{"name": "production", "class": "production"}],
        "regimes": ["sox"], "regions": ["eu"], "services": ["payments"],
    });
    append(
        &world,
        "ci.pem",
        &event("system.registered", "2026-01-01", &runner, &json!({"system": "shop"}), &system),
    );
    for who in ["ada", "ben"] {
        let data = json!({"event": "joined", "person": identity(who), "kind": "employee",
            "effective_at": "2026-01-01T00:00:00.000000Z", "role_profile": "compliance-officer"});
        append(
            &world,
            "ci.pem",
            &event(
                "person.changed",
                "2026-01-01",
                &runner,
                &json!({"person": format!("p-{who}")}),
                &data,
            ),
        );
    }
    for (id, day) in [("d-1", "2026-07-10"), ("d-2", "2026-07-11")] {
        let subject = json!({"deployment": id, "service": "payments", "environment": "production"});
        let data = json!({"artifact": format!("sha256:{}", "ab".repeat(32)), "change": format!("PAY-{id}"),
            "class": "normal", "initiator": identity("olga"), "strategy": "rolling"});
        append(&world, "ci.pem", &event("deployment.started", day, &runner, &subject, &data));
    }
    world
}

fn list(world: &World, more: &[&str]) -> Vec<Value> {
    let said = world.run(&with(&[&["exception", "list", "--json"], more])).good();
    serde_json::from_str::<Value>(&said).unwrap()["exceptions"].as_array().unwrap().clone()
}

/// The exception of the first deployment for the approval of changes.
fn exception(world: &World) -> String {
    let all = list(world, &with(&[&["--framework", "sox", "--stands", "found"], &OVER]));
    let own = |row: &&Value| {
        row["control"] == "SOX-CM-01" && row["test"] == "T01" && row["item"] == "d-1"
    };
    all.iter().find(own).unwrap()["exception"].as_str().unwrap().to_owned()
}

#[test]
fn an_exception_lives_from_its_finding_to_its_end() {
    let world = world();
    let id = exception(&world);
    let id = id.as_str();
    let step = |word: &'static str, more: &[&'static str]| -> common::Ended {
        world.run(&with(&[&["exception", word, id], more]))
    };
    let size = world.size();
    // nobody knows it yet: the period says which it is; a service, and another's name, are refused
    assert!(
        step("assign", &with(&[&["--owner", "hr:ben", "--due", "P30D"], &ADA]))
            .bad(2)
            .contains("--from")
    );
    let assign = ["--owner", "hr:ben", "--due", "P30D", "--framework", "sox"];
    let service =
        step("assign", &with(&[&assign, &OVER, &["--as", "hr:ci", "--key", "ci.pem"]])).bad(1);
    assert!(service.contains("speaks for nobody"), "{service}");
    let other =
        step("assign", &with(&[&assign, &OVER, &["--as", "hr:ben", "--key", "ada.pem"]])).bad(1);
    assert!(other.contains("not the holder"), "{other}");
    assert_eq!(world.size(), size);
    step("assign", &with(&[&assign, &OVER, &ADA])).good();
    let row = &list(&world, &["--stands", "assigned"])[0];
    assert_eq!((&row["exception"], &row["item"]), (&json!(id), &json!("d-1")));
    assert!(row["owner"].is_string() && row["due"].is_string(), "{row}");
    // the evaluation says the rest, and the other exceptions are still nobody's
    let both = list(&world, &with(&[&["--framework", "sox", "--stands", "assigned"], &OVER]));
    assert_eq!((both.len(), &both[0]["result"]), (1, &json!("fail")));
    // each step that comes too early says which one is missing
    assert!(step("close", &ADA).bad(1).contains("nobody said what it turned out to be"));
    step("disposition", &with(&[&["true-deviation", "--root-cause", "tool"], &ADA])).good();
    assert!(step("close", &BEN).bad(1).contains("is its owner"));
    assert!(step("close", &ADA).bad(1).contains("not tested again"));
    let later = ["--from", "2026-07-12", "--to", "2026-12-31", "--framework", "sox"];
    assert!(
        step("retest", &with(&[&later, &ADA])).bad(1).contains("nobody said that it was repaired")
    );
    step("respond", &with(&[&["--response", "the rule is required now", "--remediated"], &BEN]))
        .good();
    assert!(step("retest", &with(&[&later, &BEN])).bad(1).contains("is its owner"));
    // nothing was deployed since: nothing shows that the repair works
    assert!(step("retest", &with(&[&later, &ADA])).bad(1).contains("saw no item"));
    assert_eq!(list(&world, &["--stands", "open"]).len(), 1);
    step("disposition", &with(&[&["false-positive"], &ADA])).good();
    step("close", &ADA).good();
    assert!(
        step("respond", &with(&[&["--remediated"], &BEN])).bad(1).contains("was closed by entry")
    );
    assert_eq!(list(&world, &["--stands", "closed"])[0]["disposition"], "false_positive");
    world.run(&["verify"]).good();
}

#[test]
fn a_risk_is_accepted_by_another_person_high_enough_and_for_a_time() {
    let world = world();
    let id = exception(&world);
    let accept =
        |level: &'static str, until: &'static str, answers: &'static str, by: &[&'static str]| {
            let what = [
                "risk",
                "accept",
                id.as_str(),
                "--level",
                level,
                "--until",
                until,
                "--answers",
                answers,
            ];
            let more = [
                "--compensating",
                "SOX-CM-03",
                "--reason",
                "the vendor fixes it",
                "--yes",
                "--framework",
                "sox",
            ];
            world.run(&with(&[&what, &more, &OVER, by]))
        };
    let size = world.size();
    assert!(accept("low", "P30D", "hr:ben", &ADA).bad(1).contains("does not cover"));
    assert!(accept("critical", "P400D", "hr:ben", &ADA).bad(1).contains("at most"));
    assert!(accept("critical", "2026-01-01T00:00:00Z", "hr:ben", &ADA).bad(2).contains("is past"));
    assert!(accept("critical", "P30D", "hr:ada", &ADA).bad(1).contains("does not accept its risk"));
    assert!(accept("critical", "P30D", "hr:nobody", &ADA).bad(1).contains("cannot be told"));
    assert!(accept("grave", "P30D", "hr:ben", &ADA).bad(2).contains("--level"));
    assert_eq!(world.size(), size);
    accept("critical", "P30D", "hr:ben", &ADA).good();
    let all = list(&world, &with(&[&["--framework", "sox"], &OVER]));
    let row = all.iter().find(|row| row["exception"] == id.as_str()).unwrap();
    assert_eq!(row["result"], "waived");
}

#[test]
fn a_sample_is_drawn_from_what_was_committed() {
    let world = world();
    let commit = with(&[
        &["sample", "commit", "--control", "SOX-CM-01", "--test", "T01", "--sample", "smp-1"],
        &OVER,
        &ADA,
    ]);
    assert!(world.run(&commit).bad(2).contains("no checkpoint"));
    world.run(&["checkpoint", "--key", "signer.pem"]).good();
    assert!(
        world
            .run(&with(&[&["sample", "commit", "--control", "SOX-CM-99"], &OVER, &ADA]))
            .bad(2)
            .contains("no control")
    );
    assert!(world.run(&commit).good().contains("items        2"));
    assert!(world.run(&commit).bad(1).contains("committed `smp-1`"));
    let draw = |over: &[&'static str], more: &[&'static str]| {
        world.run(&with(&[
            &["sample", "draw", "smp-1", "--test", "T01", "--seed-from", "auditor", "--json"],
            over,
            more,
            &ADA,
        ]))
    };
    let seed = ["--seed", "4a6f1c0e9b2d7735"];
    let size = world.size();
    assert!(draw(&OVER, &["--seed", "4711", "--size", "1"]).bad_json().contains("no seed"));
    let shorter = ["--from", "2026-07-01", "--to", "2026-07-10", "--cutoff", "2100-01-01"];
    assert!(
        draw(&shorter, &with(&[&seed, &["--size", "1"]])).bad_json().contains("another population")
    );
    assert!(
        draw(&OVER, &with(&[&seed, &["--size", "0"]]))
            .bad_json()
            .contains("items are drawn at once")
    );
    assert!(
        draw(&OVER, &with(&[&seed, &["--method", "targeted", "--item", "d-9"]]))
            .bad_json()
            .contains("not in the population")
    );
    assert_eq!(world.size(), size);
    let drawn: Value = serde_json::from_str(
        &draw(&OVER, &with(&[&seed, &["--size", "1", "--reserve", "5"]])).good(),
    )
    .unwrap();
    let one = |name: &str| drawn[name].as_array().unwrap().len();
    assert_eq!((one("selected"), one("replacements"), one("receipts")), (1, 1, 1));
    assert!(
        draw(&OVER, &with(&[&seed, &["--size", "1"]])).bad_json().contains("drew with this seed")
    );
    let again = ["--seed", "4a6f1c0e9b2d7736", "--size", "2"];
    draw(&OVER, &again).good();
    assert!(world.run(&["show", "last", "--raw"]).good().contains(r#""draw":2"#));
}

#[test]
fn a_walkthrough_names_entries_that_are_there() {
    let world = world();
    let size = world.size();
    let walk = |more: &[&'static str]| {
        world.run(&with(&[
            &["walkthrough", "record", "--control", "SOX-CM-01", "--item", "d-1"],
            more,
            &ADA,
        ]))
    };
    assert!(walk(&["--entry", "4711", "--narrative", "seen"]).bad(2).contains("no entry 4711"));
    assert!(walk(&["--entry", "5", "--narrative", ""]).bad(2).contains("empty"));
    assert!(walk(&["--narrative", "seen"]).bad(2).contains("--entry"));
    assert_eq!(world.size(), size);
    walk(&["--entry", "8,5", "--narrative", "followed it by hand"]).good();
    let entry = world.run(&["show", "last", "--raw"]).good();
    assert!(entry.contains(r#""entries":[5,8]"#) && !entry.contains("by hand"), "{entry}");
}

#[test]
fn a_report_is_signed_by_its_digest_and_by_a_person() {
    let world = world();
    world.write(
        "report.json",
        "{\"format\":\"ledger/report/v1\",\"limits\":{\"T01.max_lag\":\"PT4H\"}}\n",
    );
    world.write("loose.json", "{ \"format\": \"ledger/report/v1\" }\n");
    world.write("other.json", "{\"format\":\"ledger/evaluation/v1\"}\n");
    let sign = |file: &'static str, more: &[&'static str]| {
        world.run(&with(&[&["sign-off", file, "--role", "control_owner"], more]))
    };
    let size = world.size();
    assert!(sign("loose.json", &with(&[&["--yes"], &ADA])).bad(2).contains("canonical"));
    assert!(sign("other.json", &with(&[&["--yes"], &ADA])).bad(2).contains("format"));
    assert!(sign("nowhere.json", &with(&[&["--yes"], &ADA])).bad(2).contains("no file"));
    assert!(
        sign("report.json", &["--yes", "--as", "hr:ci", "--key", "ci.pem"])
            .bad(1)
            .contains("speaks for nobody")
    );
    let unasked = sign("report.json", &ADA);
    assert_eq!(unasked.status, 2);
    assert!(unasked.stderr.contains("nobody can be asked"), "{}", unasked.stderr);
    assert_eq!(world.size(), size);
    let said = sign("report.json", &with(&[&["--yes"], &ADA])).good();
    assert!(said.contains("no entry says that it was issued"), "{said}");
    let entry = world.run(&["show", "last", "--raw"]).good();
    assert!(entry.contains(r#""of":"report","role":"control_owner""#), "{entry}");
    world.write("words.txt", "I agree.\n");
    sign("report.json", &with(&[&["--yes", "--statement", "words.txt"], &BEN])).good();
    world.run(&["verify"]).good();
}

#[test]
fn a_difference_says_which_way_each_limit_went() {
    let world = World::empty();
    let layer = |more: &str| {
        format!(
            "id = \"acme\"\ntitle = \"t\"\nversion = \"1\"\nkind = \"company\"\nvalid_from = \"2026-01-01\"\n{more}"
        )
    };
    world.write("acme.toml", layer("[[set]]\nparameter = \"T01.min_approvals\"\nvalue = 2\nbasis = \"company-policy\"\n[[exclude]]\ncontrol = \"SOX-CM-08\"\nreason = \"r\"\napprover = \"a\"\n[[guide]]\ncontrol = \"SOX-CM-01\"\ntext = \"two persons\"\n"));
    let diff = |old: &str, new: &str| world.run(&["controls", "diff", old, new]);
    let there = diff("catalogue", "acme.toml").good();
    for wanted in [
        "- SOX-CM-08",
        "~ SOX-CM-01",
        "T01.min_approvals: 1 → 2  ▲ stricter",
        "layer  acme: nothing → 1",
    ] {
        assert!(there.contains(wanted), "{wanted}: {there}");
    }
    let back = diff("acme.toml", "catalogue").good();
    assert!(back.contains("+ SOX-CM-08") && back.contains("2 → 1  ▼ looser"), "{back}");
    // the state of a catalogue that was kept, and a chain before the day on which it counts
    let kept = world.run(&["controls", "resolve", "--json"]).good();
    world.write("kept.json", kept);
    assert_eq!(diff("kept.json", "catalogue").good(), "nothing changes\n");
    assert_eq!(diff("catalogue", "acme.toml@2025-12-31").good(), "nothing changes\n");
    let told = world.run(&["controls", "diff", "catalogue", "acme.toml", "--json"]).good();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["removed"], &told["limits"][0]["direction"]),
        (&json!(["SOX-CM-08"]), &json!("stricter"))
    );
    world.write("odd.json", "{\"controls\":1}");
    for (old, new) in [
        ("", "eu"),
        ("catalogue", "odd.json"),
        ("catalogue", "eu@today"),
        ("catalogue", "nowhere.toml"),
        ("de", "catalogue"),
    ] {
        diff(old, new).bad(2);
    }
}
