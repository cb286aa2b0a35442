//! What a review has to survive: listings of before, groups within groups, others' names, time.

use std::collections::BTreeMap;

use ledger_core::evidence::build::views;
use ledger_core::evidence::manifest::Manifest;
use ledger_core::evidence::{statement, zip};
use serde_json::{Value, json};

use crate::house::{House, LIST, at, code, value};

fn items_of(house: &House, said: &Value, name: &str) -> u64 {
    let who = house.pseudonym(name);
    let all = said["assigned"].as_array().unwrap().iter();
    all.filter(|one| one["reviewer"] == who).map(|one| one["items"].as_u64().unwrap()).sum()
}

/// The lists of the listings, by entry.
fn lists(house: &House) -> Vec<String> {
    let all = house.entries().into_iter().filter(|one| one["event"]["type"] == "access.observed");
    let list = |one: Value| {
        one["event"]["data"]["entitlements"]["attachment"].as_str().unwrap().to_owned()
    };
    all.map(list).collect()
}

/// Who administers a system is told by the listing under review: neither by one of before, nor by a later.
#[test]
fn administrators_are_those_of_the_listing_under_review() {
    let house = House::new();
    let before = format!("{LIST}olga1,grants,olga,no,personal,direct,2026-01-05T00:00:00Z,NOW,,\n");
    house.list(&before, 7200, "yes");
    house.list(LIST, 3600, "yes");
    house.reconcile("access.observed", "shop-admin");
    // olga administered the shop once, and owns it: accounts of nobody are hers
    let now = house.opened("uar-1");
    assert_eq!((items_of(&house, &now, "olga"), items_of(&house, &now, "zoe")), (3, 3), "{now}");
    // in a review of the listing in which she administers it, she decides nothing
    let ended = house.open("uar-2", &["--from-snapshot", &lists(&house)[0]]);
    assert!(ended.status < 2, "{}", ended.stderr);
    let then = value(&ended);
    assert_eq!((items_of(&house, &then, "olga"), items_of(&house, &then, "zoe")), (0, 7), "{then}");
    let hand = |campaign: &str| {
        let words = ["assign", campaign, "--to", "hr:olga", "--from", "hr:mia"];
        house.scribe(&[&words[..], &["--cause", "reassigned"]].concat())
    };
    assert_eq!(code(&hand("uar-2")), "review-administrator");
    assert_eq!(value(&hand("uar-1"))["items"], 3);
}

/// Without its own listing nobody can be told to be independent.
#[test]
fn nobody_decides_where_the_listing_is_lost() {
    let house = House::listed();
    house.opened("uar-1");
    let ada = house.item("uar-1", Some("ada"), "reader")["item"].as_str().unwrap().to_owned();
    let list = lists(&house)[0].strip_prefix("sha256:").unwrap().to_owned();
    let path = house.world.path(&format!("d/ledger/blobs/{list}"));
    std::fs::remove_file(path).unwrap();
    let row = format!("item,decision,comment\n{ada},certify,\n");
    assert_eq!(code(&house.decide("uar-1", "mia", &row)), "review-snapshot-unread");
}

/// What is reached through a group, through another group, and by a policy is one item, and says so; rows
/// that are the same in everything are one in the listing already.
#[test]
fn groups_within_groups_are_one_item() {
    let house = House::new();
    let row =
        |path: &str| format!("ada1,writer,ada,no,personal,{path},2026-01-05T00:00:00Z,NOW,,\n");
    let rows = format!("{LIST}{}{}{}", row("group"), row("group"), row("policy"));
    house.list(&rows, 3600, "yes");
    house.reconcile("access.observed", "shop-admin");
    let said = house.opened("uar-1");
    assert_eq!((&said["rows"], &said["items"]), (&json!(12), &json!(10)), "{said}");
    assert_eq!(said["exclusions"], json!({"same-entitlement": 2}), "{said}");
    let item = house.item("uar-1", Some("ada"), "writer");
    assert_eq!(item["paths"], "group+policy", "{item}");
}

/// An escalation goes up: to the manager of whom the items are with.
#[test]
fn an_escalation_goes_to_the_reviewers_own_manager() {
    let house = House::listed();
    house.opened("uar-1");
    let hand = |to: &str| {
        let words = ["assign", "uar-1", "--to", to, "--from", "hr:mia", "--cause", "escalated"];
        house.scribe(&words)
    };
    assert_eq!(code(&hand("hr:olga")), "review-escalate-to");
    assert_eq!(value(&hand("hr:zoe"))["items"], 3);
}

/// What was given after the opening is no item: it is told beside the review, and changes nothing in it.
#[test]
fn a_listing_after_the_opening_changes_no_item() {
    let house = House::listed();
    house.opened("uar-1");
    let before = house.items("uar-1");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let late = format!("{LIST}bob1,grants,bob,yes,personal,direct,2026-01-05T00:00:00Z,NOW,,\n");
    house.list(&late, 0, "yes");
    assert_eq!(house.items("uar-1"), before);
    let bob = house.item("uar-1", Some("bob"), "deployer")["item"].as_str().unwrap().to_owned();
    let row = format!("item,decision,comment\n{bob},revoke,idle\n");
    assert_eq!(value(&house.decide("uar-1", "mia", &row))["decided"], 1);
    house.world.run(&["review", "report", "uar-1", "--out", "uar"]);
    let brief: Value = serde_json::from_slice(&house.world.read("uar/report.json")).unwrap();
    let given = brief["datasets"].as_array().unwrap().iter().find(|one| one["id"] == "U10");
    let rows = given.map(|one| one["rows"].to_string()).unwrap_or_default();
    assert!(rows.contains("grants"), "{rows}");
}

/// A decision on privileged access that went, and somebody looked at what was done with it meanwhile.
#[test]
fn a_look_back_at_privileged_use_is_told() {
    let house = House::listed();
    house.opened("uar-1");
    let ada = house.item("uar-1", Some("ada"), "deployer")["item"].as_str().unwrap().to_owned();
    let row = format!("item,decision,comment\n{ada},revoke,left the team\n");
    assert_eq!(value(&house.decide("uar-1", "mia", &row))["decided"], 1);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    house.append(&json!({
        "type": "access.used", "occurred_at": at(0), "subject": {"system": "shop"},
        "actor": {"kind": "system", "id": crate::house::who("feed")},
        "data": {
            "principal": crate::house::who("ada"), "account": "ada1",
            "window": {"start": at(-60), "end": at(1)}, "count": 1, "last_at": at(0),
        },
    }));
    let rows: Vec<&str> = LIST.lines().filter(|row| !row.starts_with("ada1,deployer")).collect();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    house.list(&rows.join("\n"), 0, "yes");
    let seen = house.scribe(&["verify", "uar-1"]);
    assert_eq!(seen.status, 1, "gone, and nobody looked: {}", seen.stdout);
    house.append(&json!({
        "type": "activity.performed", "occurred_at": at(0), "subject": {"activity": "look-1"},
        "actor": {"kind": "human", "id": crate::house::who("zoe")},
        "data": {
            "kind": "lookback", "control": "SOX-AC-05", "slot": "uar-1", "due": at(86_400),
            "performer": crate::house::who("zoe"), "inputs": [format!("uar-1/{ada}")], "items": 1,
            "anomalies": 0,
        },
    }));
    let looked = house.scribe(&["verify", "uar-1"]);
    assert_eq!(looked.status, 0, "{}{}", looked.stdout, looked.stderr);
    assert_eq!(value(&looked)["items"][0]["looked_back"], true);
}

/// A system without a regime and not of the first tier is reviewed twice a year.
#[test]
fn other_systems_are_reviewed_twice_a_year() {
    let house = House::listed();
    let who = crate::house::who;
    house.append(&json!({
        "type": "system.registered", "occurred_at": at(-100 * 86_400), "subject": {"system": "desk"},
        "actor": {"kind": "human", "id": who("olga")},
        "data": {
            "state": "active", "tier": "3", "owner": who("olga"), "entitlement_owners": [who("zoe")],
            "environments": [{"name": "production", "class": "production"}], "regimes": [],
            "regions": ["eu"],
        },
    }));
    let said = value(&house.world.run(&["review", "schedule", "--json"]));
    let of = |id: &str| {
        let all = said["systems"].as_array().unwrap();
        all.iter().find(|one| one["system"] == id).unwrap().clone()
    };
    assert_eq!((&of("desk")["every"], &of("desk")["late"]), (&json!("semiannual"), &json!(false)));
    assert_eq!((&of("shop")["every"], &of("shop")["late"]), (&json!("quarterly"), &json!(true)));
}

/// What asks for a review of one person: a move (see the schedule), and what makes them a risk.
#[test]
fn risk_events_ask_for_a_micro_review() {
    let house = House::listed();
    let who = crate::house::who;
    let granted = |executor: &str, access: &str| {
        house.append(&json!({
            "type": "access.changed", "occurred_at": at(0), "subject": {"system": "shop"},
            "actor": {"kind": "human", "id": who(executor)},
            "data": {
                "object": "entitlement", "principal": who("adam"), "account": "root",
                "action": "granted", "executor": who(executor), "effective_at": at(-60),
                "access": access, "entitlement": {
                    "role": "deployer", "privileged": true, "scope": "production", "system": "shop",
                },
            },
        }));
    };
    granted("olga", "acc-1");
    granted("adam", "acc-2");
    house.say(
        "zoe",
        &json!({
            "type": "risk.accepted", "occurred_at": at(0), "subject": {"risk": "risk-1"},
            "actor": {"kind": "human", "id": who("zoe")},
            "data": {
                "approver": who("zoe"), "person": who("adam"), "rule": "S08", "level": "medium",
                "controls": ["SOX-AC-05"], "expires_at": at(30 * 86_400),
            },
        }),
    );
    house.append(&json!({
        "type": "session.elevated", "occurred_at": at(0), "subject": {"session": "glass-1", "system": "shop"},
        "actor": {"kind": "human", "id": who("bob")},
        "data": {
            "kind": "break_glass", "phase": "opened", "principal": who("bob"),
        },
    }));
    let said = value(&house.world.run(&["review", "schedule", "--json"]));
    let of: Vec<(&str, &str)> = said["triggers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), one["id"].as_str().unwrap()))
        .collect();
    let expected =
        [("self-grant", "acc-2"), ("risk-accepted", "risk-1"), ("break-glass", "glass-1")];
    assert_eq!(of, expected, "{said}");
    assert_eq!(said["triggers"][0]["person"], house.pseudonym("adam"));
    // the review that names it answers it
    let micro = house.open("micro-1", &["--person", "hr:adam", "--trigger", "acc-2"]);
    assert!(micro.status < 2, "{}", micro.stderr);
    let after = value(&house.world.run(&["review", "schedule", "--json"]));
    assert_eq!(after["triggers"][0]["campaign"], "micro-1", "{after}");
    assert!(after["triggers"][1]["campaign"].is_null(), "{after}");
}

/// The report of a review travels with the entries, and comes out of them once more.
#[test]
fn the_report_of_a_review_travels_with_the_entries() {
    let house = House::listed();
    let world = &house.world;
    house.opened("uar-1");
    world.run(&["key", "new", "signer.pem"]).good();
    let signer = ["signer.pem", "--service", "signer", "--capability", "checkpoint"];
    let begin = ["key", "register", "--key", "root.pem", "--new"];
    world.run(&[&begin[..], &signer].concat()).good();
    let listed = ["key", "register", "--key", "root.pem", "--new", "lister.pem", "--service", "l"];
    world.run(&["key", "new", "lister.pem"]).good();
    world.run(&[&listed[..], &["--capability", "append:key.listed"]].concat()).good();
    let period = at(0).chars().take(7).collect::<String>();
    let quarter = ["report", "quarter", "--framework", "sox", "--period", &period, "--out", "q"];
    assert!(world.run(&[&quarter[..], &["--cutoff", "2100-01-01"]].concat()).status < 3);
    let words = ["review", "report", "uar-1", "--framework", "sox", "--out", "uar"];
    assert!(world.run(&words).status < 3 && world.path("uar/report.json").exists());
    world.run(&["key", "list", "--record", "--key", "lister.pem"]).good();
    let note = world.run(&["checkpoint", "--key", "signer.pem"]).good();
    let origin = note.lines().next().unwrap();
    let shown = world.run(&["key", "show", "signer.pem", "--name", origin]).good();
    let key = shown.split_whitespace().find(|word| word.starts_with(origin)).unwrap();
    world.write("policy", format!("log {key}\nquorum none\n"));
    let build = [
        "evidence",
        "build",
        "--report",
        "q",
        "--population",
        "--recipient",
        "firm:7",
        "--purpose",
        "annual-audit",
        "--basis",
        "contract",
        "--as",
        "hr:zoe",
        "--key",
        "zoe.pem",
    ];
    // what is no report of a review goes in nowhere
    let wrong = world.run(&[&build[..], &["--review", "q", "--to", "no.zip", "--json"]].concat());
    assert_eq!(code(&wrong), "evidence-review");
    world.run(&[&build[..], &["--review", "uar", "--to", "all.zip"]].concat()).good();
    let verified = |file: &str| {
        let ended = world.run(&["verify", file, "--policy", "policy", "--json"]);
        let said: Value = serde_json::from_str(&ended.stdout).unwrap();
        let all = said["layers"].as_array().unwrap().clone();
        (ended.status, all.into_iter().find(|one| one["name"] == "reviews").unwrap())
    };
    let (status, layer) = verified("all.zip");
    assert_eq!(layer["verdict"], "holds", "{layer}");
    assert!(layer.to_string().contains("uar-1: made once more from the entries"), "{layer}");
    assert_eq!(status, 0, "{layer}");
    // another decision in it, signed anew, does not come out of the entries
    let bytes = world.read("all.zip");
    let opened = zip::decode(&bytes).unwrap();
    let mut members: BTreeMap<String, Vec<u8>> =
        opened.views().into_iter().map(|(name, bytes)| (name, bytes.to_vec())).collect();
    let own =
        |name: &&String| name.starts_with("report/reviews/") && name.ends_with("/report.json");
    let name = members.keys().find(own).unwrap().clone();
    let text = String::from_utf8(members[&name].clone()).unwrap();
    let other = text.replacen("0 certified", "9 certified", 1);
    assert_ne!(text, other);
    members.insert(name, other.into_bytes());
    let key = ledger_core::key::read_private(&world.read("zoe.pem")).unwrap();
    let mut claim = Manifest::parse(&members["manifest.json"]).unwrap().statement.claim;
    claim.packed = None;
    let manifest = Manifest::sign(statement(&views(&members), claim), &[&key]).unwrap();
    members.insert("manifest.json".to_owned(), manifest.encode().into_bytes());
    for (name, bytes) in &members {
        let path = world.path("other").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let (status, layer) = verified("other");
    assert_eq!((status, &layer["verdict"]), (1, &json!("does not hold")), "{layer}");
    assert!(layer.to_string().contains("evidence-performed"), "{layer}");
}
