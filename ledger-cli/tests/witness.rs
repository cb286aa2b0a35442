//! Checkpoints and witnesses: what continues is signed, what does not is refused.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

mod common;

use common::{World, event};

const SIGNER: [&str; 3] = ["checkpoint", "--key", "d/keys/signer.pem"];
const WITNESS: [&str; 5] = ["witness", "--key", "w.pem", "--name", "w.example"];

fn world() -> World {
    let world = World::new();
    world.write("event", event("payments"));
    world.run(&["key", "new", "w.pem"]).good();
    world
}

fn log_key(world: &World) -> String {
    let policy = String::from_utf8(world.read("d/auditor.policy")).unwrap();
    policy.lines().next().unwrap().strip_prefix("log ").unwrap().to_owned()
}

#[test]
fn a_witness_follows_a_log() {
    let world = world();
    world.run(&WITNESS).good();
    world.append(&["event"]).good();
    world.run(&SIGNER).good();
    world.run(&WITNESS).good();
    // the log's own words alone are not enough for this auditor
    let key = world.run(&["key", "show", "w.pem", "--name", "w.example", "--witness"]).good();
    let witness = key.lines().last().unwrap().split_whitespace().last().unwrap().to_owned();
    world.write("policy", format!("log {}\nwitness w {witness}\nquorum w\n", log_key(&world)));
    assert!(world.run(&["verify", "--policy", "policy"]).good().contains("1 witness"));
    world.run(&["prove", "64", "--to", "proof"]).good();
    world.write("entry", world.run(&["show", "64", "--raw"]).good());
    let said = world.run(&["verify", "proof", "--policy", "policy", "--entry", "entry"]).good();
    assert!(said.contains("witness       w at "), "{said}");
    // the next checkpoint has no cosignature yet
    world.append(&["event"]).good();
    world.run(&SIGNER).good();
    assert_eq!(world.run(&["verify", "--policy", "policy"]).status, 1);
}

#[test]
fn a_witness_takes_a_proof_from_a_file() {
    let world = world();
    let log = log_key(&world);
    world.run(&["consistency", "0", "--to", "first"]).good();
    let file = |name| world.run(&[&WITNESS[..], &["--log", &log, name]].concat());
    file("first").good();
    world.append(&["event"]).good();
    world.run(&SIGNER).good();
    world.run(&["consistency", "63", "--to", "wrong"]).good();
    assert!(file("wrong").bad(2).contains("begins at 63"));
    world.run(&["consistency", "64", "--to", "right"]).good();
    let text = String::from_utf8(world.read("right")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    world.write("forged", lines.join("\n") + "\n");
    assert!(file("forged").bad(1).contains("does not continue"));
    file("right").good();
    assert!(file("first").bad(1).contains("65 were cosigned"));
    assert!(file("event").bad(2).contains("not a consistency proof"));
}

#[test]
fn a_rewritten_log_is_refused_by_signer_and_witness() {
    let world = world();
    let before = world.snapshot();
    world.append(&["event"]).good();
    world.run(&SIGNER).good();
    world.run(&WITNESS).good();
    // the folder goes back and takes another way; producers forget
    world.restore(&before);
    let receipt = std::fs::read_dir(world.path("d/state")).unwrap().find_map(|entry| {
        let path = entry.unwrap().path().join("receipt");
        path.exists().then_some(path)
    });
    std::fs::remove_file(receipt.unwrap()).unwrap();
    assert!(world.run(&SIGNER).bad(1).contains("65 entries were signed before"));
    world.write("event", event("accounts"));
    world.append(&["event"]).good();
    assert!(world.run(&SIGNER).bad(1).contains("not a continuation"));
    assert!(world.run(&WITNESS).bad(1).contains("64 entries; 65 were cosigned"));
}

#[test]
fn an_older_checkpoint_decides_whether_a_log_continues() {
    let world = world();
    std::fs::copy(world.path("d/ledger/checkpoint"), world.path("old")).unwrap();
    world.append(&["event"]).good();
    world.run(&SIGNER).good();
    world.run(&["consistency", "old", "--to", "proof"]).good();
    let check = ["verify", "proof", "--policy", "d/auditor.policy", "--checkpoint"];
    let said = world.run(&[&check[..], &["old"]].concat()).good();
    assert!(said.starts_with("● CONSISTENCY   holds"), "{said}");
    world.run(&[&check[..], &["d/ledger/checkpoint"]].concat()).bad(2);
    let forged = String::from_utf8(world.read("old")).unwrap().replace("\n64\n", "\n63\n");
    world.write("forged", forged);
    world.run(&["consistency", "forged"]).bad(1);
}
