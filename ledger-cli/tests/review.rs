//! Access reviews through the program: from a listing to what is proven gone.
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
#[path = "review/form.rs"]
mod form;
#[path = "review/hinted.rs"]
mod hinted;
#[path = "review/house.rs"]
mod house;
#[path = "review/lasting.rs"]
mod lasting;

use house::{House, LIST, at, code, hints, value, who};
use serde_json::{Value, json};

#[test]
fn a_review_is_frozen_from_what_was_observed() {
    let house = House::listed();
    let said = house.opened("uar-1");
    // duplicates of one entitlement are one item, and they are counted
    assert_eq!((&said["rows"], &said["items"]), (&json!(10), &json!(9)), "{said}");
    assert_eq!(said["exclusions"], json!({"same-entitlement": 1}), "{said}");
    let items = house.items("uar-1");
    assert_eq!(items.len(), 9);
    let ada = house.item("uar-1", Some("ada"), "reader");
    assert_eq!(ada["paths"], "direct+group", "{ada}");
    // each hint has its rule, what was read, and a date
    let bob = house.item("uar-1", Some("bob"), "deployer");
    assert!(hints(&bob).contains(&"dormant"), "{bob}");
    assert_eq!(bob["recommendation"], "revoke");
    for list in ["rules", "inputs", "dates"] {
        assert_eq!(bob[list].as_array().unwrap().len(), hints(&bob).len(), "{bob}");
    }
    let accounts: Vec<&Value> = items.iter().filter(|item| item["person"].is_null()).collect();
    assert_eq!(accounts.len(), 3, "the bot, the ghost and the shared account");
    assert!(accounts.iter().any(|item| hints(item).contains(&"orphan")), "{accounts:?}");
    assert!(accounts.iter().any(|item| hints(item).contains(&"shared")), "{accounts:?}");
    // the same id is never opened twice, and nothing is written when it is refused
    let before = house.world.snapshot();
    assert_eq!(code(&house.open("uar-1", &[])), "review-known");
    assert_eq!(house.world.snapshot(), before);
    // the next review knows what is new and what is gone
    house.list(&LIST.replace("bob1,deployer", "bob1,admin"), 1800, "yes");
    let again = house.opened("uar-2");
    assert_eq!((&again["new"], &again["removed"]), (&json!(1), &json!(1)), "{again}");
}

#[test]
fn a_second_list_of_the_accounts_reconciles_a_listing() {
    let house = House::new();
    house.list(LIST, 3600, "yes");
    let against = |accounts: &str| {
        house.world.write("console.csv", format!("Login\n{accounts}"));
        house.scribe(&[
            "reconcile",
            "shop",
            "console.csv",
            "--id",
            "Login",
            "--source",
            "shop-console",
            "--query",
            "users",
            "--extractor",
            "hr:olga",
        ])
    };
    // an account that the listing has not: nothing is opened
    let differs = against("ada1\nbob1\nmia1\nroot\nolga1\nbot\nghost\nnobody\n");
    assert_eq!(differs.status, 1, "{}", differs.stderr);
    let said = value(&differs);
    assert_eq!((&said["missing"], &said["extra"]), (&json!(1), &json!(1)), "{said}");
    assert_eq!(code(&house.open("uar-1", &[])), "review-snapshot-unreconciled");
    let same = against("ada1\nbob1\nmia1\nroot\nolga1\nbot\nghost\nall\n");
    assert_eq!(same.status, 0, "{}{}", same.stdout, same.stderr);
    assert_eq!(house.opened("uar-1")["items"], 9);
    // no account stands in the ledger in the clear
    let text =
        String::from_utf8(house.world.read("d/ledger/entries/00000000000000000000.jsonl")).unwrap();
    assert!(!text.contains("ghost") && !text.contains("nobody"), "{text}");
}

#[test]
fn a_source_that_failed_is_stale_or_partial_opens_nothing() {
    let house = House::new();
    let refused = |expected: &str| {
        let before = house.world.size();
        let ended = house.open("uar-1", &[]);
        assert_eq!((ended.status, code(&ended).as_str()), (1, expected), "{}", ended.stderr);
        assert_eq!(house.world.size(), before);
    };
    refused("review-snapshot-none");
    house.list(LIST, 9 * 86_400, "yes");
    refused("review-snapshot-old");
    house.list(&LIST.replace("ghost", "ghoul"), 7200, "yes");
    refused("review-snapshot-unreconciled");
    house.reconcile("access.observed", "shop-admin");
    house.list(&LIST.replace("ghost", "geist"), 3600, "no");
    refused("review-snapshot-partial");
    // an older whole one does not hide that the newest failed
    let lists: Vec<String> = house
        .entries()
        .iter()
        .filter(|entry| entry["event"]["type"] == "access.observed")
        .map(|entry| {
            entry["event"]["data"]["entitlements"]["attachment"].as_str().unwrap().to_owned()
        })
        .collect();
    let ended = house.open("uar-1", &["--from-snapshot", &lists[1]]);
    assert_eq!(code(&ended), "review-source-failed", "{}", ended.stderr);
}

#[test]
fn reviewers_are_found_by_rule_and_never_review_themselves() {
    let house = House::listed();
    let said = house.opened("uar-1");
    let of = |name: &str| -> u64 {
        let who = house.pseudonym(name);
        let all = said["assigned"].as_array().unwrap().iter();
        all.filter(|one| one["reviewer"] == who).map(|one| one["items"].as_u64().unwrap()).sum()
    };
    // mia: ada's two and bob's; zoe: olga, mia and adam; olga: accounts of nobody
    assert_eq!((of("mia"), of("zoe"), of("olga"), of("adam")), (3, 3, 3, 0), "{said}");
    // zoe may not be asked: then olga is, but never about herself, and adam administers the system
    house.world.write("reviewers.txt", "hr:mia\nhr:olga\nhr:adam\n");
    let ended = house.open("uar-2", &[]);
    assert_eq!(ended.status, 1, "items without a reviewer are told");
    assert_eq!(value(&ended)["unassigned"], json!({"reviewer-not-named": 1}));
}

#[test]
fn decisions_are_the_reviewers_own_and_owe_their_reasons() {
    let house = House::listed();
    house.opened("uar-1");
    let id = |person, what| house.item("uar-1", person, what)["item"].as_str().unwrap().to_owned();
    let (ada, bob, mia) =
        (id(Some("ada"), "deployer"), id(Some("bob"), "deployer"), id(Some("mia"), "reader"));
    let reader = id(Some("ada"), "reader");
    let refused = |person: &str, row: &str, expected: &str| {
        let before = house.world.snapshot();
        let ended = house.decide("uar-1", person, &format!("item,decision,comment\n{row}\n"));
        assert_eq!(code(&ended), expected, "{row}");
        assert_eq!(house.world.snapshot(), before, "{row}");
    };
    // privileged access that stays, and what goes, owe a comment; so does an override
    refused("mia", &format!("{ada},certify,"), "review-comment");
    refused("mia", &format!("{bob},revoke,"), "review-comment");
    refused("mia", &format!("{bob},certify,"), "review-comment");
    // another's item, one's own, one that is not there, a person whose key it is not
    refused("olga", &format!("{ada},certify,needed"), "review-not-yours");
    refused("mia", &format!("{mia},certify,me"), "review-not-yours");
    refused("mia", "i-00000000000000000000,certify,x", "review-item-unknown");
    refused("mia", &format!("{ada},keep,x"), "decide-row");
    house.world.write("decisions.csv", format!("item,decision,comment\n{ada},certify,needed\n"));
    let forged = house.world.run(&[
        "review",
        "decide",
        "uar-1",
        "--from",
        "decisions.csv",
        "--yes",
        "--as",
        "hr:mia",
        "--key",
        "ada.pem",
        "--json",
    ]);
    assert_eq!(code(&forged), "person-self");
    // one signature over many items
    let rows = format!(
        "item,decision,comment\n{ada},certify,on call\n{bob},revoke,moved on\n{reader},certify,\n"
    );
    let first = value(&house.decide("uar-1", "mia", &rows));
    assert_eq!(
        (&first["decided"], first["entries"].as_array().unwrap().len()),
        (&json!(3), 1),
        "{first}"
    );
    // the same again records nothing
    let size = house.world.size();
    let again = value(&house.decide("uar-1", "mia", &rows));
    assert_eq!((&again["decided"], &again["known"]), (&json!(0), &json!(3)));
    assert_eq!(house.world.size(), size);
    // what is undecided at the end is an exception, whatever becomes of it
    let closed = house.scribe(&["close", "uar-1", "--default-action", "revoke"]);
    assert_eq!(closed.status, 1);
    let counts = &value(&closed)["counts"];
    assert_eq!(counts, &json!({"certified": 2, "modified": 0, "revoked": 1, "undecided": 6}));
    let late =
        house.decide("uar-1", "mia", &format!("item,decision,comment\n{bob},certify,after all\n"));
    assert_eq!(code(&late), "review-closed");
    assert_eq!(
        code(&house.scribe(&["close", "uar-1", "--default-action", "retain"])),
        "review-closed"
    );
}

#[test]
fn what_was_revoked_is_gone_when_a_later_listing_lacks_it() {
    let house = House::listed();
    house.opened("uar-1");
    let id = |person, what| house.item("uar-1", person, what)["item"].as_str().unwrap().to_owned();
    let (ada, bob) = (id(Some("ada"), "deployer"), id(Some("bob"), "deployer"));
    // a listing that was taken after the opening and before the decision proves nothing of it
    let rows: Vec<&str> = LIST.lines().filter(|row| !row.starts_with("bob1")).collect();
    let without = rows.join(
        "
",
    );
    house.list(&without.replace("desk", "lobby"), 0, "yes");
    let rows = format!("item,decision,comment\n{ada},revoke,left the team\n{bob},revoke,idle\n");
    value(&house.decide("uar-1", "mia", &rows));
    // nothing later was listed: that somebody says it was done proves nothing
    for item in [&ada, &bob] {
        house.append(&json!({
            "type": "access.changed", "occurred_at": at(0), "subject": {"system": "shop"},
            "actor": {"kind": "human", "id": who("adam")},
            "data": {
                "object": "entitlement", "principal": who("bob"), "account": "bob1", "action": "revoked",
                "executor": who("adam"), "effective_at": at(1), "item": item,
            },
        }));
    }
    let pending = house.scribe(&["verify", "uar-1"]);
    assert_eq!(pending.status, 2, "{}{}", pending.stdout, pending.stderr);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    // bob is gone, ada is not; she used it meanwhile, and nobody looked
    house.append(&json!({
        "type": "access.used", "occurred_at": at(0), "subject": {"system": "shop"},
        "actor": {"kind": "system", "id": who("feed")},
        "data": {
            "principal": who("ada"), "account": "ada1", "window": {"start": at(-60), "end": at(1)},
            "count": 1, "last_at": at(0),
        },
    }));
    house.list(&without, 0, "yes");
    let seen = house.scribe(&["verify", "uar-1"]);
    assert_eq!(seen.status, 1, "{}{}", seen.stdout, seen.stderr);
    let said = value(&seen);
    let state = |item: &str| {
        let all = said["items"].as_array().unwrap();
        all.iter().find(|one| one["item"] == item).unwrap().clone()
    };
    assert_eq!((&state(&bob)["state"], &state(&ada)["state"]), (&json!("gone"), &json!("present")));
    assert_eq!(state(&ada)["uses_before_removal"], 1, "{said}");
    // recorded once
    let size = house.world.size();
    assert_eq!(value(&house.scribe(&["verify", "uar-1"]))["entries"], json!([]));
    assert_eq!(house.world.size(), size);
    // it comes back
    std::thread::sleep(std::time::Duration::from_millis(1100));
    house.list(LIST, 0, "yes");
    let back = value(&house.scribe(&["verify", "uar-1"]));
    let bob_again =
        back["items"].as_array().unwrap().iter().find(|one| one["item"] == bob).unwrap();
    assert_eq!(bob_again["state"], "came-back", "{back}");
}

#[test]
fn items_are_handed_on_within_limits_and_reminded_of() {
    let house = House::listed();
    house.opened("uar-1");
    let due = house.world.run(&["review", "due", "uar-1", "--json"]);
    assert_eq!(due.status, 0, "{}", due.stdout);
    let mia = house.pseudonym("mia");
    let waits = value(&due)["due"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["reviewer"] == mia)
        .cloned()
        .unwrap();
    assert_eq!((&waits["items"], &waits["reminder"]), (&json!(3), &json!("none")), "{waits}");
    assert_eq!(waits["escalate_to"], house.pseudonym("zoe"));
    let hand = |to: &str, from: &str, more: &[&str]| {
        house.scribe(&[&["assign", "uar-1", "--to", to, "--from", from], more].concat())
    };
    // never to the subject, never without an end, never on and on
    assert_eq!(
        code(&hand("hr:ada", "hr:mia", &["--cause", "delegated", "--until", "P2D"])),
        "review-self"
    );
    assert_eq!(
        code(&hand("hr:adam", "hr:mia", &["--cause", "reassigned"])),
        "review-administrator"
    );
    assert_eq!(
        code(&hand("hr:olga", "hr:mia", &["--cause", "delegated"])),
        "review-delegate-until"
    );
    assert_eq!(
        code(&hand("hr:olga", "hr:mia", &["--cause", "delegated", "--until", "P30D"])),
        "review-delegate-until"
    );
    let given = hand("hr:olga", "hr:mia", &["--cause", "delegated", "--until", "P2D"]);
    assert_eq!(value(&given)["items"], 3, "{}", given.stderr);
    assert_eq!(
        code(&hand("hr:zoe", "hr:olga", &["--cause", "delegated", "--until", "P1D"])),
        "review-delegate-chain"
    );
    // who stands in decides, and nobody else
    let ada = house.item("uar-1", Some("ada"), "reader")["item"].as_str().unwrap().to_owned();
    let row = format!("item,decision,comment\n{ada},certify,\n");
    assert_eq!(code(&house.decide("uar-1", "mia", &row)), "review-not-yours");
    assert_eq!(value(&house.decide("uar-1", "olga", &row))["decided"], 1);
    // a reviewer who leaves is told of, and their items are given to another
    house.person("left", "zoe", None, &at(-1));
    let due = house.world.run(&["review", "due", "uar-1", "--json"]);
    assert_eq!(due.status, 1);
    let gone = value(&due);
    assert!(gone["due"].as_array().unwrap().iter().any(|one| one["left"] == true), "{gone}");
    assert_eq!(
        code(&house.decide(
            "uar-1",
            "zoe",
            &format!(
                "item,decision,comment\n{},certify,\n",
                house.item("uar-1", Some("olga"), "reader")["item"].as_str().unwrap()
            )
        )),
        "review-left"
    );
    let mia_item = house.item("uar-1", Some("mia"), "reader")["item"].as_str().unwrap().to_owned();
    let moved = hand("hr:olga", "hr:zoe", &["--cause", "reassigned", "--item", &mia_item]);
    assert_eq!(value(&moved)["items"], 1, "{}", moved.stderr);
}

#[test]
fn the_schedule_tells_what_is_late_and_what_asks_for_a_micro_review() {
    let house = House::listed();
    let before = house.world.run(&["review", "schedule", "--json"]);
    assert_eq!(before.status, 1, "registered 300 days ago, never reviewed");
    assert_eq!(value(&before)["systems"][0]["every"], "quarterly");
    house.person("moved", "bob", Some("olga"), &at(-86_400));
    house.opened("uar-1");
    let more = ["--person", "hr:bob", "--trigger", "rec-bob"];
    let micro = house.open("micro-1", &more);
    assert!(micro.status < 2, "{}", micro.stderr);
    assert_eq!(value(&micro)["items"], 1, "{}", micro.stdout);
    assert_eq!(value(&micro)["exclusions"]["other-person"], 8, "{}", micro.stdout);
    let after = house.world.run(&["review", "schedule", "--json"]);
    assert_eq!(after.status, 0, "{}", after.stdout);
    let said = value(&after);
    assert_eq!(said["triggers"][0]["campaign"], "micro-1", "{said}");
    assert_eq!(said["systems"][0]["last"], "uar-1", "a micro review is none of the whole system");
    // the two overlap: what is decided in one is not decided in the other
    let bob = house.item("uar-1", Some("bob"), "deployer")["item"].clone();
    assert_ne!(bob, house.item("micro-1", Some("bob"), "deployer")["item"]);
}

#[test]
fn who_deployed_without_standing_in_the_listing_is_a_finding() {
    let house = House::listed();
    house.append(&json!({
        "type": "deployment.started", "occurred_at": at(-86_400),
        "subject": {"deployment": "d-1", "service": "payments", "environment": "production"},
        "actor": {"kind": "human", "id": who("eve")},
        "data": {"initiator": who("eve"), "strategy": "rolling"},
    }));
    let ended = house.open("uar-1", &[]);
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    let strange = &value(&ended)["deployed_without_grant"];
    assert_eq!(
        (strange[0]["deployments"].clone(), strange.as_array().unwrap().len()),
        (json!(1), 1),
        "{strange}"
    );
}

#[test]
fn items_are_shown_one_after_the_other_in_a_terminal() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let house = House::listed();
    house.opened("uar-1");
    let program = env!("CARGO_BIN_EXE_ledger");
    let inside = format!("{program} review decide uar-1 --as hr:mia --key mia.pem");
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &inside, "/dev/null"]);
    script.current_dir(house.world.path("")).env("LEDGER_DIR", "d/ledger").env("TERM", "xterm");
    script.env("LEDGER_STATE", "d/state").env("SHELL", "/bin/sh");
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    // privileged first: certified without a reason it is asked again; then one is skipped, and it ends
    for line in ["c", "", "r", "left the team", "s", "e"] {
        std::thread::sleep(std::time::Duration::from_millis(700));
        keyboard.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    let screen = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(screen.contains("1 of 3") && screen.contains("3 of 3"), "{screen}");
    assert!(screen.contains("without a comment") && screen.contains("1 decided"), "{screen}");
}

#[test]
fn a_second_stage_comes_after_the_first_and_by_somebody_else() {
    let house = House::listed();
    let said = house.open("uar-1", &["--stages", "2"]);
    assert!(said.status < 2, "{}", said.stderr);
    let id = |what| house.item("uar-1", Some("ada"), what)["item"].as_str().unwrap().to_owned();
    let (reader, deployer) = (id("reader"), id("deployer"));
    let row = format!("item,decision,comment\n{reader},certify,\n");
    // olga owns the system; her stage has not come
    assert_eq!(code(&house.decide("uar-1", "olga", &row)), "review-not-yours");
    assert_eq!(value(&house.decide("uar-1", "mia", &row))["decided"], 1);
    // one certified and one still open: what is certified once is not decided yet
    let revoke = format!("item,decision,comment\n{deployer},revoke,no longer on call\n");
    assert_eq!(value(&house.decide("uar-1", "mia", &revoke))["decided"], 1);
    assert_eq!(value(&house.decide("uar-1", "olga", &row))["decided"], 1);
    // what ends in the first stage has no second, and what a later stage has seen is not changed
    let keep = format!("item,decision,comment\n{deployer},certify,after all\n");
    assert_eq!(code(&house.decide("uar-1", "olga", &keep)), "review-decided");
    let change = format!("item,decision,comment\n{reader},revoke,after all\n");
    assert_eq!(code(&house.decide("uar-1", "mia", &change)), "review-decided");
    let closed = house.scribe(&["close", "uar-1", "--default-action", "escalate"]);
    let counts = &value(&closed)["counts"];
    assert_eq!((&counts["certified"], &counts["revoked"]), (&json!(1), &json!(1)), "{counts}");
    // opened again, it goes on where it stood
    let again =
        house.scribe(&["close", "uar-1", "--default-action", "retain", "--ends", "reopened"]);
    assert_eq!(again.status, 0, "{}", again.stderr);
    assert_eq!(value(&house.decide("uar-1", "mia", &row))["known"], 1);
}
