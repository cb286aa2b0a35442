//! Decisions of persons through the real program: what is shown, who is asked, what travels.
#![allow(
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;

use common::{PIPELINE, World};

const ADA: &str = "d/keys/approver-1.pem";
const ROOTS: [&str; 4] = ["--key", "d/keys/root-1.pem", "--key", "d/keys/root-2.pem"];

/// The artifact of an entry of the demonstration.
fn artifact(world: &World, change: &str) -> String {
    let listed = world.run(&["log", "--subject", &format!("change:{change}"), "--json"]).good();
    let (_, rest) = listed.split_once("sha256:").unwrap();
    format!("sha256:{}", &rest[..64])
}

/// The arguments of a decision, by the first approver.
fn decide<'a>(verb: &'a str, change: &'a str, artifact: &'a str) -> Vec<&'a str> {
    vec![
        verb,
        change,
        "--artifact",
        artifact,
        "--environment",
        "production",
        "--role",
        "release_manager",
        "--as",
        "hr:approver-1",
        "--key",
        ADA,
    ]
}

fn event(world: &World, index: &str) -> String {
    world.run(&["show", index, "--raw"]).good()
}

#[test]
fn what_the_ledger_says_is_shown_and_what_it_does_not_say_too() {
    let world = World::new();
    let digest = artifact(&world, "change-109");
    let test = format!(
        r#"{{"type":"test.completed","occurred_at":"2026-07-01T12:30:00.000000Z","actor":{{"kind":"service","id":{{"issuer":"ci","id":"runner-1"}}}},"subject":{{"artifact":"{digest}"}},"data":{{"attempt":1,"counts":{{"errors":0,"failed":2,"flaky":0,"passed":118,"skipped":0,"total":120}},"level":"unit","outcome":"failed","run":"r-1","suite":"api"}}}}"#
    );
    world.write("test", test);
    world.append(&["test"]).good();
    let said =
        world.run(&[&decide("approve", "change-109", &digest)[..], &["--yes"]].concat()).good();
    for wanted in [
        "service      reports",
        "approved last for `reports` in `production`: sha256:",
        "change `change-109` since then: merged  (entries 57, 58)",
        "◆ no review is recorded for `change-109`",
        "▲ unit `api`: failed, 118 of 120 passed, 2 failed, 0 skipped  (entry 64)",
        "◆ no scan is recorded for this digest",
        "◆ no gate of `production` is recorded",
        "● granted as `approval-change-109` in the role `release_manager`",
        "config       none is named",
        "entry 65",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let entry = event(&world, "65");
    for wanted in [
        r#""decision":"granted""#,
        &format!(r#""for":{{"artifact":"{digest}","environment":"production"}}"#),
        r#""method":"key","role":"release_manager""#,
        r#""name":"approval-request.json""#,
        r#""service":"reports""#,
    ] {
        assert!(entry.contains(wanted), "{wanted}: {entry}");
    }
    // what was shown lies in the ledger, under the digest that the decision names
    let (_, rest) = entry.split_once(r#""attachments":[{"digest":"sha256:"#).unwrap();
    let shown = world.read(&format!("d/ledger/blobs/{}", &rest[..64]));
    assert!(String::from_utf8(shown).unwrap().contains("no scan is recorded for this digest"));
    world.run(&["verify"]).good();
}

#[test]
fn nobody_decides_unasked_or_for_another() {
    let world = World::new();
    let digest = artifact(&world, "change-109");
    let args = decide("approve", "change-109", &digest);
    let before = world.snapshot();
    let said = world.run(&args);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("nobody can be asked"), "{}", said.stderr);
    assert!(world.snapshot() == before);
    let with = |at: usize, value: &str| {
        let mut args: Vec<String> = args.iter().map(ToString::to_string).collect();
        value.clone_into(&mut args[at]);
        args.push("--yes".to_owned());
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        world.run(&args)
    };
    // another person's name, a service's key, no person's key, nothing to decide about
    let other = with(9, "hr:approver-2");
    assert_eq!(other.status, 4, "{}", other.stderr);
    assert!(other.stderr.contains("is not the holder of the signing key"), "{}", other.stderr);
    let service = with(11, PIPELINE);
    assert_eq!(service.status, 4, "{}", service.stderr);
    assert!(service.stderr.contains("lacks `approve`"), "{}", service.stderr);
    assert_eq!(with(11, "no.pem").status, 3);
    assert_eq!(with(3, "payments:1.4.2").bad(2).lines().count(), 2);
    assert!(with(3, "").bad(2).contains("an unset variable is no value"));
    assert!(with(5, "").bad(2).contains("--environment"));
    assert!(with(9, "approver-1").bad(2).contains("--as"));
    let size = world.size();
    let until = [&args[..], &["--yes", "--until", "2026-01-01T00:00:00Z"]].concat();
    assert!(world.run(&until).bad(2).contains("is past"));
    assert_eq!(world.size(), size);
    assert_eq!(size, 64);
}

#[test]
fn a_decision_travels_from_a_machine_without_the_ledger() {
    let world = World::new();
    let digest = artifact(&world, "change-108");
    let ask = ["approve", "change-108", "--artifact", &digest, "--environment", "production"];
    let said = world.run(&[&ask[..], &["--request", "ask.json"]].concat()).good();
    assert!(said.contains("next         ledger approve --from ask.json --out FILE"), "{said}");
    assert_eq!(world.size(), 64);
    // there: no folder, no state, only the key and the file
    let sign = |verb: &'static str, out: &'static str, rest: &[&'static str]| {
        let common = ["--from", "ask.json", "--out", out, "--yes", "--role", "release_manager"];
        let person = ["--as", "hr:approver-1", "--key", ADA];
        let args = [&[verb], &common[..], &person[..], rest].concat();
        let mut command = world.command(&args);
        command.env_remove("LEDGER_DIR").env_remove("LEDGER_STATE");
        common::Ended::from(command.output().unwrap())
    };
    let said = sign("approve", "signed.dsse", &["--comment", "fits the July window"]).good();
    assert!(said.contains("◆ no scan is recorded") && said.contains("append --signed"), "{said}");
    world.run(&["append", "--signed", "signed.dsse"]).good();
    let entry = event(&world, "64");
    assert!(entry.contains(r#""decision":"granted""#) && entry.contains(r#""comment":{"sealed""#));
    // the same event again is known; another decision about the same request is its own
    assert!(world.run(&["append", "--signed", "signed.dsse"]).good().contains("was there before"));
    sign("reject", "rejected.dsse", &[]).good();
    world.run(&["append", "--signed", "rejected.dsse"]).good();
    assert!(event(&world, "65").contains(r#""decision":"rejected""#));
    // what was changed on the way is no request, and for another ledger none either
    let text = String::from_utf8(world.read("ask.json")).unwrap();
    world.write("ask.json", text.replace("unknown", "good "));
    assert!(sign("approve", "b.dsse", &[]).bad(2).contains("not a request for approval"));
    assert!(!world.path("b.dsse").exists());
    let other = World::empty();
    other.run(&["key", "new", "r.pem"]).good();
    other.run(&[
        "init",
        "d/ledger",
        "--name",
        "example.com/other",
        "--root",
        "r.pem=hr:1",
        "--solo",
    ]);
    other.write("ask.json", text);
    std::fs::copy(world.path(ADA), other.path("ada.pem")).unwrap();
    let args = ["approve", "--from", "ask.json", "--yes", "--role", "r", "--as", "hr:1", "--key"];
    let said = other.run(&[&args[..], &["ada.pem"]].concat());
    assert_eq!(said.status, 4, "{}", said.stderr);
    assert!(said.stderr.contains("the request is for `example.com/demo/"), "{}", said.stderr);
    world.run(&["verify"]).good();
}

#[test]
fn approvals_are_revoked_ratified_and_delegated() {
    let world = World::new();
    let digest = artifact(&world, "change-109");
    let how = ["--role", "release_manager", "--as", "hr:approver-1", "--key", ADA, "--yes"];
    let revoke = ["revoke", "change-109", "--approval"];
    let none = world.run(&[&revoke[..], &["approval-none"], &how].concat());
    assert!(none.bad(2).contains("`change-109` has no approval `approval-none`"));
    world.run(&[&revoke[..], &["approval-change-109"], &how].concat()).good();
    let entry = event(&world, "64");
    assert!(entry.contains(r#""decision":"revoked""#), "{entry}");
    assert!(entry.contains(&digest) && entry.contains(r#""of":"approval-change-109""#), "{entry}");
    let ratify = [&decide("ratify", "change-109", &digest)[..], &["--yes"]].concat();
    let said = world.run(&ratify).good();
    assert!(said.contains("granted as `approval-change-109`"), "{said}");
    assert!(said.contains("revoked since") && said.contains("▲ revoked as"), "{said}");
    let delegate = decide("delegate", "change-109", &digest);
    world
        .run(&[&delegate[..], &["--to", "hr:approver-2", "--until", "P3D", "--yes"]].concat())
        .good();
    let entry = event(&world, "66");
    assert!(entry.contains(r#""decision":"delegated""#) && entry.contains(r#""delegate_to""#));
    assert!(entry.contains(r#""valid_until":"2"#), "{entry}");
    world.run(&["verify"]).good();
}

#[test]
fn break_glass_is_recorded_even_while_the_ledger_is_away() {
    let world = World::new();
    world.run(&["key", "new", "oncall.pem"]).good();
    let new =
        ["--new", "oncall.pem", "--person", "hr:4711", "--capability", "append:break_glass.used"];
    world.run(&[&["key", "register"], &ROOTS[..], &new].concat()).good();
    let why = ["break-glass", "--incident", "INC-7", "--reason", "payouts are stuck"];
    let who = ["--as", "hr:4711", "--key", "oncall.pem"];
    let said = world
        .run(&[&why[..], &who, &["--deployment", "d-9", "--bypassed", "gate:release"]].concat());
    said.good();
    let entry = event(&world, "65");
    assert!(entry.contains(r#""bypassed":["gate:release"]"#) && entry.contains(r#""final":true"#));
    assert!(!entry.contains("payouts are stuck"), "the reason is sealed: {entry}");
    for (at, option) in [(2, "--incident"), (4, "--reason")] {
        let mut args = [&why[..], &who].concat();
        args[at] = "";
        assert!(world.run(&args).bad(2).contains(&format!("{option}: the value is empty")));
        args.drain(at - 1..=at);
        assert_eq!(world.run(&args).status, 2);
    }
    std::fs::rename(world.path("d/ledger"), world.path("d/gone")).unwrap();
    let said = world.run(&[&why[..], &who].concat());
    assert!(said.stderr.contains("safe in the spool"), "{}", said.stderr);
    assert!(said.stderr.contains("the session is `break-glass-"), "{}", said.stderr);
    said.good();
    std::fs::rename(world.path("d/gone"), world.path("d/ledger")).unwrap();
    assert_eq!(world.run(&["flush", "--key", PIPELINE]).good(), "delivered 1, waiting 0\n");
    assert!(event(&world, "66").contains(r#""type":"break_glass.used""#));
    world.run(&["verify"]).good();
}
