//! The gate through the program: it says yes only where everything is there, and records what it says.
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

use std::time::{SystemTime, UNIX_EPOCH};

use common::{Ended, World};
use ledger_core::time::Timestamp;
use serde_json::{Value, json};

const COMPANY: &str = r#"
id = "company"
title = "Company"
version = "1"
kind = "company"
valid_from = "2020-01-01"

[[set]]
parameter = "T04.trusted_builders"
value = ["build-farm"]
basis = "company-policy"
"#;

/// So many minutes ago; negative is still to come.
#[expect(clippy::disallowed_methods, reason = "what is tested reads the clock too")]
fn ago(minutes: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let at = i64::try_from(now).unwrap() - minutes * 60_000_000;
    Timestamp::from_micros(u64::try_from(at).unwrap()).unwrap().to_string()
}

fn who(id: &str) -> Value {
    json!({"issuer": "hr", "id": id})
}

fn digest(letter: &str) -> String {
    format!("sha256:{}", letter.repeat(64))
}

struct Gate {
    world: World,
    next: u64,
    /// The list of the policy of gates, as an event names it.
    gates: Value,
}

impl Gate {
    /// A system, its people, and one change that may go to production.
    fn new() -> Self {
        let world = World::empty();
        for key in ["a.pem", "ci.pem", "ben.pem", "gate.pem"] {
            world.run(&["key", "new", key]).good();
        }
        world.write("company.toml", COMPANY);
        let init = ["init", "d/ledger", "--name", "test/led", "--solo", "--root", "a.pem=hr:olga"];
        world.run(&init).good();
        let register = |key: &str, args: &[&str]| {
            let start = ["key", "register", "--key", "a.pem", "--new", key];
            world.run(&[&start[..], args].concat()).good();
        };
        let rights = ["append:*", "append:system.registered", "gate:unit-tests"];
        let rights: Vec<&str> = rights.iter().flat_map(|right| ["--capability", right]).collect();
        register("ci.pem", &[&["--service", "ci"][..], &rights].concat());
        register("ben.pem", &["--person", "hr:ben", "--capability", "approve"]);
        register("gate.pem", &["--service", "gate", "--capability", "gate:release"]);
        world.write("gates.jsonl", "{\"gate\":\"unit-tests\"}\n");
        let list =
            world.run(&["attach", "gates.jsonl", "--media-type", "application/jsonl"]).good();
        let mut gate = Self { world, next: 0, gates: serde_json::from_str(&list).unwrap() };
        gate.system();
        gate.change();
        gate
    }

    /// Appends an event and gives its index.
    fn tell(&mut self, key: &str, kind: &str, minutes: i64, subject: &Value, data: &Value) -> u64 {
        let by = if key == "ci.pem" { "runner" } else { key.trim_end_matches(".pem") };
        let actor = match key {
            "ci.pem" => json!({"kind": "service", "id": who("runner"), "on_behalf_of": who("eve")}),
            "a.pem" => json!({"kind": "human", "id": who("olga")}),
            _ => json!({"kind": "human", "id": who(by)}),
        };
        let mut event = json!({"type": kind, "occurred_at": ago(minutes), "subject": subject,
            "data": data, "actor": actor});
        if data.get("content").is_some() {
            event["attachments"] = json!([self.gates]);
        }
        self.next += 1;
        let name = format!("event-{}", self.next);
        self.world.write(&name, event.to_string());
        let said = self.world.run(&["append", "--key", key, &name, "--json"]).good();
        let said: Value = serde_json::from_str(&said).unwrap();
        said["receipts"][0]["index"].as_u64().unwrap()
    }

    fn system(&mut self) {
        let system = json!({
            "state": "active", "tier": "2", "owner": who("olga"), "entitlement_owners": [who("olga")],
            "environments": [{"name": "production", "class": "production"}],
            "regimes": ["sox"], "regions": ["eu"], "services": ["payments"],
            "duties": [{"entitlement": "release-manager", "duties": ["AP"]}],
        });
        self.tell("ci.pem", "system.registered", 9000, &json!({"system": "shop"}), &system);
        for person in ["ada", "ben", "eve", "olga"] {
            let joined = json!({"event": "joined", "kind": "employee", "person": who(person),
                "effective_at": ago(9000)});
            let subject = json!({"person": format!("p-{person}")});
            self.tell("ci.pem", "person.changed", 8000, &subject, &joined);
        }
        let grant = json!({"object": "entitlement", "action": "granted", "access": "acc-1",
            "account": "ben at shop", "principal": who("ben"), "executor": who("olga"),
            "effective_at": ago(8000), "entitlement": {"system": "shop", "role": "release-manager",
            "scope": "production", "privileged": true}});
        self.tell("ci.pem", "access.changed", 8000, &json!({"system": "shop"}), &grant);
        let policy = json!({"kind": "gate", "before": digest("1"), "after": digest("2"),
            "content": {"attachment": self.gates["digest"], "count": 1},
            "effective_from": ago(7000)});
        self.tell("a.pem", "policy.changed", 7000, &json!({"policy": "gates"}), &policy);
    }

    fn change(&mut self) {
        let commit = json!({"sha": "c1", "authors": [who("ada")], "committer": who("ada"),
            "pushed_at": ago(600)});
        let change = json!({"state": "ready", "opened_at": ago(700), "requester": who("ada"),
            "description": "pay by invoice", "reason": "asked for", "systems": ["shop"],
            "risk": "medium", "security_impact": "none", "privacy_impact": "minor",
            "test_plan": "unit tests", "backout_plan": "put the last one back",
            "window": {"start": ago(600), "end": ago(-600)}, "commits": [commit]});
        let (change_is, artifact_is) =
            (json!({"change": "PAY-1"}), json!({"artifact": digest("a")}));
        self.tell("ci.pem", "change.recorded", 590, &change_is, &change);
        let class = json!({"class": "normal", "method": "human", "by": who("ada")});
        self.tell("ci.pem", "change.classified", 580, &change_is, &class);
        let build = json!({"action": "built", "builder": "build-farm", "provenance": digest("5"),
            "commits": {"to": "c1", "list": ["c1"]}});
        self.tell("ci.pem", "artifact.recorded", 500, &artifact_is, &build);
        let check = json!({"action": "verified", "verification": {"result": "verified"}});
        self.tell("ci.pem", "artifact.recorded", 490, &artifact_is, &check);
        let test = json!({"suite": "unit", "level": "unit", "outcome": "passed", "run": "run-1",
            "attempt": 1, "counts": {"total": 40, "passed": 40, "failed": 0, "errors": 0,
            "skipped": 0, "flaky": 0}});
        let test = self.tell("ci.pem", "test.completed", 480, &artifact_is, &test);
        let verdict = json!({"gate": "unit-tests", "kind": "quality", "policy_digest": digest("2"),
            "verdict": "pass", "as_of": ago(470), "attempt": 1,
            "evaluator": {"name": "ci", "version": "1", "mode": "computed"},
            "inputs": [{"name": "passed", "result": "pass", "value": "40", "entries": [test]}]});
        let place = json!({"artifact": digest("a"), "environment": "production"});
        self.tell("ci.pem", "gate.evaluated", 470, &place, &verdict);
    }

    fn approve(&mut self) {
        let approval = json!({"approval": "a-1", "approver": who("ben"), "decision": "granted",
            "method": "key", "role": "release-manager",
            "for": {"artifact": digest("a"), "environment": "production"}});
        self.tell("ben.pem", "approval.decided", 60, &json!({"change": "PAY-1"}), &approval);
    }

    /// Asks about an artifact, with more arguments.
    fn ask(&self, artifact: &str, more: &[&str]) -> Ended {
        let place = ["gate", "deploy", "--service", "payments", "--environment", "production"];
        let what = ["--artifact", artifact, "--change", "PAY-1", "--overlay", "company.toml"];
        let who = ["--initiator", "hr:eve", "--operator-input", "none"];
        self.world.run(&[&place[..], &what, &who, more].concat())
    }
}

const KEY: [&str; 2] = ["--key", "gate.pem"];

#[test]
fn it_says_yes_only_where_all_is_there() {
    let mut gate = Gate::new();
    let size = gate.world.size();
    let ended = gate.ask(&digest("a"), &KEY);
    assert_eq!(ended.status, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.starts_with("▲ no: payments to production\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("critical  T01"), "{}", ended.stdout);
    assert_eq!(gate.world.size(), size + 1, "what it said is recorded");
    gate.approve();
    let ended = gate.ask(&digest("a"), &[&KEY[..], &["--explain"]].concat());
    assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.starts_with("● yes: payments to production\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("T08 standard-change-valid"), "{}", ended.stdout);
    // the record: who, by which rules, from which entries
    let ended = gate.ask(&digest("a"), &[&KEY[..], &["--json"]].concat());
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.status, answer["attempt"].as_u64()), (0, Some(3)));
    let shown = gate.world.run(&["show", "last", "--json"]).good();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let (index, event) = (&shown["entry"]["index"], &shown["entry"]["event"]);
    assert_eq!(*index, answer["recorded"]);
    assert_eq!(event["type"], "gate.evaluated");
    assert_eq!(event["data"]["verdict"], "pass");
    assert_eq!(event["data"]["policy_digest"], answer["rules_digest"]);
    let inputs = event["data"]["inputs"].as_array().unwrap();
    assert!(inputs.iter().any(|input| input["name"] == "T01" && input["entries"].is_array()));
    // nothing else is let through with it
    for (artifact, more) in [(digest("b"), &[][..]), (digest("a"), &["--region", "eu"][..])] {
        let wanted = i32::from(more.is_empty());
        let ended = gate.ask(&artifact, &[&KEY[..], more].concat());
        assert_eq!(ended.status, wanted, "{}", ended.stdout);
    }
    let explained = gate.ask(&digest("b"), &[&KEY[..], &["--explain"]].concat()).stdout;
    assert!(explained.contains("→ approve exactly this artifact"), "{explained}");
}

#[test]
fn locks_and_freezes_count() {
    let mut gate = Gate::new();
    gate.approve();
    assert_eq!(gate.ask(&digest("a"), &KEY).status, 0);
    let lock = json!({"action": "acquired", "deployment": "d-9", "holder": who("eve")});
    gate.tell("ci.pem", "environment.locked", 5, &json!({"environment": "production"}), &lock);
    let held = gate.ask(&digest("a"), &KEY);
    assert_eq!(held.status, 1);
    assert!(held.stdout.contains("production has been held for deployment d-9"), "{}", held.stdout);
    assert_eq!(gate.ask(&digest("a"), &[&KEY[..], &["--deployment", "d-9"]].concat()).status, 0);
    let free = json!({"action": "released", "deployment": "d-9", "holder": who("eve")});
    gate.tell("ci.pem", "environment.locked", 4, &json!({"environment": "production"}), &free);
    assert_eq!(gate.ask(&digest("a"), &KEY).status, 0);
    let freeze = json!({"action": "declared", "version": "1", "authority": who("olga"),
        "window": {"start": ago(10), "end": ago(-100), "tz": "Europe/Berlin"},
        "scope": {"environments": ["production"]}});
    gate.tell("ci.pem", "freeze.changed", 20, &json!({"freeze": "year-end"}), &freeze);
    let frozen = gate.ask(&digest("a"), &KEY);
    assert_eq!(frozen.status, 1);
    assert!(frozen.stdout.contains("T09"), "{}", frozen.stdout);
}

#[test]
fn what_cannot_be_recorded_is_never_a_yes() {
    let mut gate = Gate::new();
    gate.approve();
    let before = gate.world.snapshot();
    for (more, code) in [
        (&[][..], "no key"),
        (&["--key", "none.pem"][..], "none.pem"),
        (&["--key", "ci.pem"][..], "gate"),
        (&["--key", "gate.pem", "--gate", "other"][..], "gate"),
        (&["--key", "gate.pem", "--initiator", "hr:nobody"][..], "cannot be used multiple times"),
        (&["--key", "gate.pem", "--region", ""][..], "does not name one"),
        (&["--key", "gate.pem", "--overlay", "none.toml"][..], "none.toml"),
        (&["--key", "gate.pem", "--ledger", "nowhere"][..], "nowhere"),
    ] {
        let said = gate.ask(&digest("a"), more).bad(2);
        assert!(said.contains(code), "{said}");
    }
    let said = gate.ask("sha256:abc", &KEY).bad(2);
    assert!(said.contains("is no digest"), "{said}");
    assert_eq!(gate.world.snapshot(), before);
}

#[test]
fn obligations_and_versions_together() {
    let mut gate = Gate::new();
    gate.approve();
    let now = gate.world.run(&["gate", "obligations"]).good();
    assert_eq!(now, "● nothing is to be done\n");
    let place =
        |id: &str| json!({"deployment": id, "service": "payments", "environment": "production"});
    let start = json!({"artifact": digest("a"), "change": "FIX-1", "class": "emergency",
        "incident": "inc-1", "initiator": who("eve"), "strategy": "rolling"});
    gate.tell("ci.pem", "deployment.started", 2000, &place("d-1"), &start);
    let end = json!({"artifact": digest("a"), "change": "FIX-1", "outcome": "succeeded"});
    gate.tell("ci.pem", "deployment.finished", 1990, &place("d-1"), &end);
    let listed = gate.world.run(&["gate", "obligations"]);
    assert_eq!(listed.status, 1, "{}", listed.stdout);
    assert!(listed.stdout.starts_with("▲ overdue"), "{}", listed.stdout);
    assert!(listed.stdout.contains("T07 never-ratified"), "{}", listed.stdout);
    assert!(listed.stdout.contains("T07 clock-running"), "{}", listed.stdout);
    // who has not made good for it does not go on
    let next = gate.ask(&digest("a"), &KEY);
    assert_eq!(next.status, 1);
    assert!(next.stdout.contains("emergency d-1 was to be ratified until"), "{}", next.stdout);
    let json = gate.world.run(&["gate", "obligations", "--overdue", "--json"]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    let all = json["obligations"].as_array().unwrap();
    assert!(!all.is_empty() && all.iter().all(|known| known["standing"] == "overdue"));

    let pair = |outcome: &str| {
        json!({"outcome": outcome,
        "consumer": {"service": "web", "artifact": digest("c")},
        "provider": {"service": "payments", "artifact": digest("a"), "version": "2.1"}})
    };
    let can = |gate: &Gate, web: &str| {
        let with = format!("web={}", digest(web));
        gate.world.run(&["can-deploy", "--environment", "production", "--with", &with])
    };
    let lonely = can(&gate, "c");
    assert_eq!(lonely.status, 0, "{}", lonely.stdout);
    gate.tell("ci.pem", "contract.verified", 30, &json!({"service": "web"}), &pair("passed"));
    assert_eq!(can(&gate, "c").status, 0, "with what runs there");
    let unverified = can(&gate, "d");
    assert_eq!(unverified.status, 2, "{}", unverified.stdout);
    assert!(unverified.stdout.contains("nobody verified the contract"), "{}", unverified.stdout);
    gate.tell("ci.pem", "contract.verified", 20, &json!({"service": "web"}), &pair("failed"));
    assert_eq!(can(&gate, "c").status, 1);
    for bad in ["web", "web=sha256:ab", "=sha256:ab"] {
        gate.world.run(&["can-deploy", "--environment", "production", "--with", bad]).bad(2);
    }
}
