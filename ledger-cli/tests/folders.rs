//! Folders that are not as usual: not to be written, of a newer format, with newer events.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

mod common;
#[path = "../../ledger-core/tests/common/world.rs"]
mod world;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use common::{Ended, PIPELINE, World, event};
use ledger_core::json::{Value, read};
use ledger_core::key::SigningKey;
use ledger_core::store::dir::Dir;

/// Everything below may be read by all, and be written by its owner or by nobody.
fn permit(path: &Path, write: bool) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            permit(&entry.unwrap().path(), write);
        }
    }
    let mode = if path.is_dir() { 0o555 } else { 0o444 } | if write { 0o200 } else { 0 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The program as somebody who is not root: root may write everywhere.
fn as_nobody(world: &World, args: &[&str]) -> Ended {
    let program = world.path("ledger");
    if !program.exists() {
        std::fs::copy(env!("CARGO_BIN_EXE_ledger"), &program).unwrap();
    }
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = if root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
        command
    } else {
        Command::new(&program)
    };
    command.args(args).current_dir(world.path("")).env_clear();
    command.env("LEDGER_DIR", "d/ledger").env("LEDGER_STATE", "d/state");
    command.env("PATH", "/usr/bin:/bin");
    Ended::from(command.output().unwrap())
}

#[test]
fn a_folder_that_may_not_be_written_is_read() {
    let world = World::new();
    world.write("event", event("payments"));
    std::fs::set_permissions(world.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    let before = world.snapshot();
    permit(&world.path("d"), false);
    let reads: [&[&str]; 6] = [
        &["log", "--subject", "service:payments"],
        &["log", "--reverse", "--limit", "3"],
        &["show", "last"],
        &["verify"],
        &["prove", "20"],
        &["consistency", "10"],
    ];
    let read: Vec<String> = reads.iter().map(|args| as_nobody(&world, args).good()).collect();
    for args in [&["append", "--key", PIPELINE, "event"][..], &["recover"]] {
        let said = as_nobody(&world, args).bad(2);
        assert!(said.contains("d/ledger: cannot lock `lock`: it may not be written"), "{said}");
        assert!(said.contains("hint: check the owner and the permissions"), "{said}");
    }
    let said = as_nobody(&world, &["checkpoint", "--key", "d/keys/signer.pem"]).bad(2);
    assert!(said.contains("state") && said.contains("may not be written"), "{said}");
    assert!(world.snapshot() == before);
    permit(&world.path("d"), true);
    for (args, read) in reads.iter().zip(read) {
        assert_eq!(world.run(args).good(), read, "{args:?}");
    }
}

#[test]
fn a_folder_of_a_newer_format_is_refused_by_every_command() {
    let world = World::new();
    world.write("event", event("payments"));
    let format = String::from_utf8(world.read("d/ledger/ledger.toml")).unwrap();
    let said = |version: &str| {
        world.write("d/ledger/ledger.toml", format.replace("ledger/v1", version));
        let before = world.snapshot();
        let commands: [&[&str]; 10] = [
            &["log"],
            &["show", "0"],
            &["verify"],
            &["prove", "20"],
            &["consistency", "10"],
            &["recover"],
            &["tiles", "--to", "tiles"],
            &["checkpoint", "--key", "d/keys/signer.pem"],
            &["witness", "--key", "d/keys/signer.pem", "--name", "w"],
            &["append", "--key", PIPELINE, "event"],
        ];
        let said: Vec<String> = commands.iter().map(|args| world.run(args).bad(2)).collect();
        assert!(world.snapshot() == before);
        said
    };
    for line in said("ledger/v2") {
        assert!(line.contains("d/ledger: the folder says `format = \"ledger/v2\"`"), "{line}");
        assert!(line.contains("hint: it was made by a newer version"), "{line}");
    }
    for strange in ["ledger/v01", "ledger/v0", "ledger/v+2", "ledger/vx"] {
        for line in said(strange) {
            assert!(line.contains("`ledger.toml` is not what `ledger init` wrote"), "{line}");
            assert!(line.contains("hint: two lines stand there"), "{line}");
        }
    }
}

/// The program's key signs an event of a later schema, and an operator puts it in.
#[test]
fn an_old_program_verifies_newer_events() {
    let world = World::new();
    world.write("event", event("payments"));
    world.append(&["event"]).good();
    let key = ledger_core::key::read_private(&world.read(PIPELINE)).unwrap();
    let line = world.run(&["show", "last", "--json"]).good();
    let line = line.split_once(r#""event":"#).unwrap().1;
    let old = read(line.split_once(r#","index":"#).unwrap().0.as_bytes()).unwrap();
    let newer = newer(&old, &key);
    let store = Dir::open(world.path("d/ledger"), Duration::from_secs(1)).unwrap();
    let index = world::plant(&store, &newer, &[], &world::signatures(&newer, &[&key]));
    assert_eq!(index, 65);
    let said = world.run(&["verify"]).good();
    assert!(said.contains("INTEGRITY     holds") && said.contains("entries       66"), "{said}");
    let said = world.run(&["show", "last"]).good();
    assert!(said.contains("type         weather.observed"), "{said}");
    assert!(said.contains(r#""schema": "ledger/v2""#), "{said}");
    assert!(world.run(&["log", "--type", "weather.observed"]).good().contains("     65  "));
    world.append(&["event"]).good();
    world.run(&["verify"]).good();
    // the door of this version takes none
    world.write("event", r#"{"schema":"ledger/v2","type":"weather.observed"}"#);
    world.append(&["event"]).bad(2);
    world.write("event", event("payments").replacen('{', r#"{"schema":"ledger/v2","#, 1));
    let said = world.append(&["event"]).bad(2);
    assert!(said.contains("ledger/v2"), "{said}");
}

fn newer(old: &Value, key: &SigningKey) -> Vec<u8> {
    let Value::Object(mut members) = old.clone() else { unreachable!("an event is an object") };
    let text = |text: &str| Value::text(text);
    let stream = format!("{}/new/{}", key.public().id(), "A".repeat(22));
    for name in ["data", "subject", "actor", "seen"] {
        members.remove(name);
    }
    members.insert("schema".to_owned(), text("ledger/v2"));
    members.insert("type".to_owned(), text("weather.observed"));
    members.insert("mood".to_owned(), text("sunny"));
    members.insert("data".to_owned(), Value::object([("sky", text("clear"))]));
    members.insert("stream".to_owned(), Value::text(stream));
    Value::Object(members).to_canonical().into_bytes()
}
