//! Tokens of times by file, with OpenSSL as the authority; the program must be there: `apt install openssl`.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

mod common;

use common::tsa::{authority, openssl, stamped};
use common::{World, event};
use serde_json::Value;

const SIGNER: [&str; 3] = ["checkpoint", "--key", "d/keys/signer.pem"];

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn files(world: &World) -> Vec<String> {
    let folder = std::fs::read_dir(world.path("d/ledger/anchors"));
    let mut names: Vec<String> = folder
        .into_iter()
        .flatten()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const ADD: [&str; 5] = ["anchor", "add", "a.tsr", "--request", "a.tsq"];

#[test]
fn a_token_dates_the_log() {
    let world = World::new();
    authority(&world, "one");
    world.run(&SIGNER).good();
    stamped(&world, "one", "a");
    let said = world
        .run(
            &[&ADD[..], &["--tsa-roots", "one.root", "--key", common::PIPELINE, "--json"]].concat(),
        )
        .good();
    assert_eq!(json(&said)["anchors"][0]["size"], 64, "{said}");
    let names = files(&world);
    assert_eq!(names.len(), 2, "{names:?}");
    // what is kept is what other programs read
    let kept = |name: &String| format!("d/ledger/anchors/{name}");
    assert!(openssl(
        &world,
        &format!(
            "ts -verify -in {} -queryfile {} -CAfile one.root",
            kept(&names[1]),
            kept(&names[0])
        )
    ));
    let verify = |more: &[&str]| json(&world.run(&[&["verify", "--json"], more].concat()).good());
    let dated = &verify(&["--tsa-roots", "one.root"])["dated"];
    assert_eq!((&dated["below"], &dated["after"]), (&Value::from(64), &Value::from(0)), "{dated}");
    assert_eq!(dated["anchors"][0]["trusted"], true);
    // without roots, or with those of others, it dates nothing, and is no fault
    authority(&world, "two");
    for more in [&[][..], &["--tsa-roots", "two.root"]] {
        let report = verify(more);
        assert_eq!(report["dated"]["below"], 0);
        assert!(report["notices"].to_string().contains("anchor-root"), "{report}");
    }
    let listed = world.run(&["anchor", "list", "--tsa-roots", "one.root"]).good();
    assert!(listed.contains("64  existed at 20") && listed.contains("rfc3161"), "{listed}");
    // it is recorded, and the same again changes nothing but the record
    let shown = world.run(&["show", "64"]).good();
    assert!(shown.contains("anchor.attached") && shown.contains("rfc3161/64"), "{shown}");
    world.run(&[&ADD[..], &["--tsa-roots", "one.root"]].concat()).good();
    assert_eq!(files(&world), names);
    // whatever is changed of it is seen
    let bytes = world.read(&kept(&names[1]));
    let said = |code: &str| {
        let report = world.run(&["verify", "--json"]);
        assert_eq!(report.status, 1, "{code}: {}", report.stdout);
        assert_eq!(json(&report.stdout)["faults"][0]["code"], code, "{}", report.stdout);
        assert_eq!(json(&report.stdout)["faults"][0]["class"], "date");
    };
    let mut other = bytes.clone();
    *other.last_mut().unwrap() ^= 1;
    world.write(&kept(&names[1]), other);
    said("anchor-digest");
    std::fs::remove_file(world.path(&kept(&names[1]))).unwrap();
    said("anchor-alone");
    world.write(&kept(&names[1].replace("64-", "63-")), bytes);
    std::fs::remove_file(world.path(&kept(&names[0]))).unwrap();
    said("anchor-stray");
}

#[test]
fn what_does_not_hold_is_not_taken_in() {
    let world = World::new();
    authority(&world, "one");
    authority(&world, "two");
    // the demonstration is the same everywhere, up to here
    world.write("event", event("payments"));
    world.append(&["event"]).good();
    world.run(&SIGNER).good();
    stamped(&world, "one", "a");
    stamped(&world, "one", "b");
    let before = files(&world);
    let said = |words: &[&str], code: &str| {
        let ended = world.run(&[words, &["--json"]].concat());
        assert!([1, 2].contains(&ended.status), "{words:?}: {}", ended.stdout);
        assert_eq!(json(&ended.stderr)["error"]["code"], code, "{}", ended.stderr);
        assert_eq!(files(&world), before);
    };
    let with = |request: &'static str, roots: &'static str| {
        ["anchor", "add", "a.tsr", "--request", request, "--tsa-roots", roots]
    };
    said(&with("b.tsq", "one.root"), "stamp-nonce");
    said(&with("a.tsq", "two.root"), "stamp-root");
    said(&with("a.tsq", "a.tsq"), "roots-form");
    said(&with("a.tsr", "one.root"), "stamp-der");
    said(&ADD, "anchor-given");
    said(&["anchor", "add", "a.tsr", "--tsa-roots", "one.root"], "anchor-given");
    world.write("empty", "");
    said(&["anchor", "add", "empty", "--request", "a.tsq", "--tsa-roots", "one.root"], "stamp-der");
    // nothing is overwritten, and a token of another ledger is none of this one
    assert_eq!(world.run(&["anchor", "request", "--to", "a.tsq"]).status, 2);
    let due = [
        "anchor",
        "missed",
        "tsa",
        "--due",
        "2999-01-01T00:00:00.000000Z",
        "--reason",
        "down",
        "--key",
        common::PIPELINE,
    ];
    said(&due, "anchor-due");
    let other = World::new();
    for name in ["a.tsr", "a.tsq", "one.root"] {
        other.write(name, world.read(name));
    }
    let ended = other.run(&[&ADD[..], &["--tsa-roots", "one.root", "--json"]].concat());
    assert_eq!(json(&ended.stderr)["error"]["code"], "anchor-stray", "{}", ended.stderr);
}

#[test]
fn a_missed_anchor_is_recorded() {
    let world = World::new();
    let words = [
        "anchor",
        "missed",
        "rfc3161/2026-q3",
        "--due",
        "2026-01-01T00:00:00.000000Z",
        "--reason",
        "tsa-unreachable",
    ];
    world.run(&[&words[..], &["--key", common::PIPELINE]].concat()).good();
    let shown = world.run(&["show", "64"]).good();
    assert!(shown.contains("anchor.missed") && shown.contains("tsa-unreachable"), "{shown}");
}

/// A witness on another machine has no folder: its line comes back by file.
#[test]
fn a_cosignature_comes_by_file() {
    let world = World::new();
    world.run(&["key", "new", "w.pem"]).good();
    world.run(&SIGNER).good();
    let policy = String::from_utf8(world.read("d/auditor.policy")).unwrap();
    let log = policy.lines().next().unwrap().strip_prefix("log ").unwrap().to_owned();
    let key = world.run(&["key", "show", "w.pem", "--name", "w.example", "--witness"]).good();
    let witness = key.lines().last().unwrap().split_whitespace().last().unwrap().to_owned();
    world.write("policy", format!("log {log}\nwitness w {witness}\nquorum w\n"));
    world.run(&["consistency", "0", "--to", "proof"]).good();
    let line = world
        .run(&["witness", "--key", "w.pem", "--name", "w.example", "--log", &log, "proof"])
        .good();
    assert_eq!(world.run(&["verify", "--policy", "policy"]).status, 1, "nobody has the line yet");
    world.write("line", &line);
    assert_eq!(world.run(&["anchor", "add", "line"]).status, 2);
    assert_eq!(world.run(&["anchor", "add", "line", "--policy", "d/auditor.policy"]).status, 1);
    world.run(&["anchor", "add", "line", "--policy", "policy"]).good();
    assert_eq!(files(&world).len(), 1);
    let report = json(&world.run(&["verify", "--policy", "policy", "--json"]).good());
    assert_eq!(report["dated"]["below"], 64, "{report}");
    // an older checkpoint's line finds its place, too
    world.write("event", event("payments"));
    world.append(&["event"]).good();
    world.run(&SIGNER).good();
    std::fs::remove_dir_all(world.path("d/ledger/anchors")).unwrap();
    world.run(&["anchor", "add", "line", "--policy", "policy"]).good();
    let report = json(&world.run(&["anchor", "list", "--policy", "policy", "--json"]).good());
    assert_eq!(
        (&report["anchors"][0]["size"], &report["anchors"][0]["by"]),
        (&Value::from(64), &Value::from("w.example"))
    );
    // of another checkpoint it shows nothing
    world.write("line", line.replace("w.example ", "w.example A"));
    assert_eq!(world.run(&["anchor", "add", "line", "--policy", "policy"]).status, 2);
}
