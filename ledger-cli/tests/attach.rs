//! Attachments and awaited proofs through the real program.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use common::{Ended, PIPELINE, World, event};

const RECORD: [&str; 13] = [
    "record",
    "deployment.finished",
    "--deployment",
    "d-1",
    "--service",
    "payments",
    "--environment",
    "production",
    "--outcome=succeeded",
    "--actor",
    "ci:runner-7",
    "--key",
    PIPELINE,
];

/// A ledger with its vault, and a pipeline's key: two entries.
fn with_vault() -> World {
    let world = World::empty();
    std::fs::create_dir(world.path("d/keys")).unwrap();
    for key in ["a.pem", "b.pem", PIPELINE] {
        world.run(&["key", "new", key]).good();
    }
    let roots = ["--root", "a.pem=hr:1", "--root", "b.pem=hr:2"];
    world.run(&[&["init", "d/ledger", "--name", "test/led"][..], &roots].concat()).good();
    let can = ["--service", "ci", "--capability", "append:*"];
    let register = ["key", "register", "--key", "a.pem", "--key", "b.pem", "--new", PIPELINE];
    world.run(&[&register[..], &can].concat()).good();
    world.run(&["vault", "absorb"]).good();
    world
}

fn away(world: &World, is_away: bool) {
    let (here, gone) = (world.path("d/ledger"), world.path("d/gone"));
    let (from, to) = if is_away { (here, gone) } else { (gone, here) };
    std::fs::rename(from, to).unwrap();
}

/// What waits in the state.
fn waiting(world: &World) -> usize {
    let mut count = 0;
    for ledger in std::fs::read_dir(world.path("d/state")).unwrap() {
        let folder = ledger.unwrap().path().join("attachments");
        count += std::fs::read_dir(folder).map_or(0, Iterator::count);
    }
    count
}

fn blobs(world: &World) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(world.path("d/ledger/blobs"));
    files.into_iter().flatten().map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn a_file_is_stored_and_named_by_an_event() {
    let world = World::new();
    world.write("report.json", r#"{"total":3}"#);
    let reference = world.run(&["attach", "report.json"]).good();
    assert!(
        reference.contains(r#""media_type":"application/json","name":"report.json","size":11"#)
    );
    let draft = event("payments")
        .replace(r#""data":"#, &format!(r#""attachments":[{}],"data":"#, reference.trim_end()));
    world.write("event", draft);
    world.append(&["event"]).good();
    assert!(world.run(&["show", "64", "--raw"]).good().contains(reference.trim_end()));
    assert!(blobs(&world).contains(&br#"{"total":3}"#.to_vec()));
    let before = world.snapshot();
    world.write("empty", "");
    assert!(world.run(&["attach", "empty"]).bad(2).contains("without bytes"));
    assert!(world.run(&["attach", "no"]).bad(2).contains("there is no file `no`"));
    assert!(world.run(&["attach", "report.json", "--name", "Ada L"]).bad(2).contains("--name"));
    assert!(
        world.run(&["attach", "report.json", "--ledger", "no"]).bad(2).contains("--attach FILE")
    );
    assert!(world.snapshot() == before);
}

#[test]
fn a_private_file_is_opened_by_the_vault_alone() {
    let world = with_vault();
    world.write("roles.csv", "login,role\nada,deployer\n");
    let reference = world.run(&["attach", "--private", "roles.csv"]).good();
    assert!(reference.contains(r#""private":true"#), "{reference}");
    assert_eq!(waiting(&world), 1);
    let key = std::fs::read_dir(world.path("d/state")).unwrap().find_map(|ledger| {
        std::fs::read_dir(ledger.unwrap().path().join("attachments")).ok()?.next()
    });
    let mode = key.unwrap().unwrap().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // before any event names it, the vault cannot lose its key
    world.run(&["vault", "absorb"]).good();
    let draft = event("payments")
        .replace(r#""data":"#, &format!(r#""attachments":[{}],"data":"#, reference.trim_end()));
    world.write("event", draft);
    world.append(&["event"]).good();
    assert_eq!(waiting(&world), 0);
    let said = world.run(&["vault", "absorb", "--json"]).good();
    assert!(said.contains(r#""attachments":1"#), "{said}");
    assert!(blobs(&world).iter().all(|blob| !blob.windows(8).any(|part| part == b"deployer")));
}

#[test]
fn a_recorded_file_waits_with_its_event() {
    let world = with_vault();
    world.write("log.txt", "ok\n");
    world.write("who.txt", "ada\n");
    away(&world, true);
    let files = ["--attach", "log.txt", "--attach-private", "who.txt"];
    let said = world.run(&[&RECORD[..], &files, &["--origin", &origin(&world)]].concat());
    assert!(said.stderr.contains("safe in the spool"), "{}", said.stderr);
    said.good();
    assert_eq!(waiting(&world), 3);
    std::fs::remove_file(world.path("log.txt")).unwrap();
    away(&world, false);
    assert_eq!(world.run(&["flush", "--key", PIPELINE]).good(), "delivered 1, waiting 0\n");
    assert_eq!(waiting(&world), 0);
    assert!(blobs(&world).contains(&b"ok\n".to_vec()));
    let entry = world.run(&["show", "2", "--raw"]).good();
    assert!(
        entry.contains(r#""name":"log.txt""#) && entry.contains(r#""private":true"#),
        "{entry}"
    );
    let said = world.run(&["vault", "absorb", "--json"]).good();
    assert!(said.contains(r#""attachments":1"#), "{said}");
    // nothing is kept for an event that is no event
    let bad = [&RECORD[..8], &RECORD[9..], &["--outcome=won", "--attach", "who.txt"]].concat();
    world.run(&bad).bad(2);
    assert_eq!(waiting(&world), 0);
}

fn origin(world: &World) -> String {
    let gone = world.path("d/gone/ledger.toml");
    let text = std::fs::read_to_string(gone).unwrap();
    let line = text.lines().find(|line| line.starts_with("origin")).unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}

#[test]
fn a_proof_is_awaited_and_holds() {
    let world = World::new();
    world.write("app.tar", "bytes");
    let mut job =
        world.command(&[&RECORD[..], &["--proof", "app.tar", "--proof-wait", "30"]].concat());
    let job = job.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let job = job.spawn().unwrap();
    // the signer comes a little later, as it does where it runs by the clock
    while world.size() < 65 {
        std::thread::sleep(Duration::from_millis(20));
    }
    world.run(&["checkpoint", "--key", "d/keys/signer.pem"]).good();
    let said = Ended::from(job.wait_with_output().unwrap());
    assert!(said.stderr.contains("the proof is app.tar.tlog-proof"), "{}", said.stderr);
    assert!(said.good().starts_with("entry 64  "));
    let policy = ["--policy", "d/auditor.policy"];
    let said = world.run(&[&["verify", "app.tar.tlog-proof"], &policy[..]].concat()).good();
    assert!(said.contains("INCLUSION     holds") || said.contains("holds"), "{said}");
    // the entry in it is held against its hash, not believed
    let text = String::from_utf8(world.read("app.tar.tlog-proof")).unwrap();
    let forged = text.replacen("extra eyJ", "extra eyK", 1);
    assert_ne!(text, forged);
    world.write("forged.tlog-proof", forged);
    assert_eq!(world.run(&[&["verify", "forged.tlog-proof"], &policy[..]].concat()).status, 1);
    // nothing is overwritten, and nothing recorded before that is known
    assert!(
        world
            .run(&[&RECORD[..], &["--proof", "app.tar"]].concat())
            .bad(2)
            .contains("is there already")
    );
    assert_eq!(world.size(), 65);
}

#[test]
fn without_a_checkpoint_the_event_is_recorded_and_the_proof_is_not() {
    let world = World::new();
    let args = [&RECORD[..], &["--proof", "p.tlog-proof", "--proof-wait", "1"]].concat();
    let said = world.run(&args);
    assert_eq!(said.status, 6);
    assert!(said.stdout.starts_with("entry 64  "), "{}", said.stdout);
    assert!(
        said.stderr.contains("entry 64 is recorded, its proof is not there"),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("hint: `ledger prove 64 --to FILE`"), "{}", said.stderr);
    world.write("events", [event("a"), event("b")].join("\n") + "\n");
    let said = world.append(&["events", "--proof", "p"]).bad(2);
    assert!(said.contains("--proof is for one event, not for 2"), "{said}");
    world.write("event", event("a"));
    assert_eq!(world.append(&["event", "--proof", "p", "--proof-wait", "0"]).status, 6);
    assert_eq!(world.size(), 66);
}
