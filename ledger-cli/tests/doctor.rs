//! `ledger doctor`: what is broken is named, with the command that mends it, and nothing is written.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};

use common::{Ended, PIPELINE, World, deployed};
use serde_json::Value;

/// What the doctor says of a check, as `(standing, said, hint, command)`; the worst of several lines.
fn said(world: &World, args: &[&str], check: &str) -> (String, String, i32) {
    let before = world.snapshot();
    let run = world.run(&[&["doctor", "--json"], args].concat());
    assert_eq!(world.snapshot(), before, "the doctor wrote into the ledger");
    of(&run, check)
}

fn of(run: &Ended, check: &str) -> (String, String, i32) {
    let told: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let rank = |one: &&Value| match one["standing"].as_str().unwrap() {
        "fail" => 3,
        "unknown" => 2,
        "warn" => 1,
        _ => 0,
    };
    let lines = told["checks"].as_array().unwrap().iter().filter(|one| one["check"] == check);
    let one = lines.max_by_key(rank).unwrap_or_else(|| panic!("no {check}: {}", run.stdout));
    let words = ["said", "hint", "command"].map(|name| text(one, name)).join(" | ");
    (text(one, "standing"), words, run.status)
}

#[track_caller]
fn expect(world: &World, args: &[&str], check: &str, standing: &str, words: &[&str]) {
    let (found, text, status) = said(world, args, check);
    assert_eq!(found, standing, "{check}: {text}");
    for word in words {
        assert!(text.contains(word), "{check}: `{word}` is not in: {text}");
    }
    let least = match standing {
        "fail" => 1,
        "unknown" => 2,
        _ => 0,
    };
    assert_eq!(status, least, "{check}: {text}");
}

#[test]
fn all_is_well() {
    let world = World::new();
    for check in [
        "tool",
        "variables",
        "clock",
        "state",
        "ledger",
        "head",
        "lock",
        "recovery",
        "entries",
        "pin",
        "receipt",
        "checkpoint",
        "signer",
        "key",
    ] {
        expect(&world, &["--key", PIPELINE], check, "ok", &[]);
    }
    let told = world.run(&["doctor", "--key", PIPELINE]).good();
    assert!(told.contains("● ok       head        64 entries, both slots whole"), "{told}");
    assert!(told.contains("service `") && told.contains("append:"), "{told}");
    assert!(!world.path("d/state/doctor.probe").exists());
}

#[test]
fn what_is_not_there() {
    let world = World::new();
    expect(
        &world,
        &["--ledger", "nowhere"],
        "ledger",
        "fail",
        &["no folder `nowhere`", "ledger init"],
    );
    expect(&world, &["--ledger", "d/keys"], "ledger", "fail", &["no ledger"]);
    expect(&world, &["--ledger", "http://127.0.0.1:1"], "server", "unknown", &["spool"]);
    expect(&world, &["--state", "d/other"], "pin", "warn", &["ledger verify --origin"]);
    expect(&world, &["--state", "d/other"], "state", "ok", &["nothing is remembered yet"]);
    assert!(!world.path("d/other").exists(), "looking made a state");
    expect(&world, &["--state", "d/ledger/state"], "state", "fail", &["in the folder"]);
    expect(&world, &["--key", "gone.pem"], "key", "fail", &["no file `gone.pem`"]);
    let mut unnamed = world.command(&["doctor", "--json"]);
    let unnamed = Ended::from(unnamed.env_remove("LEDGER_DIR").output().unwrap());
    let (standing, text, status) = of(&unnamed, "ledger");
    assert_eq!((standing.as_str(), status), ("unknown", 2), "{text}");
}

#[test]
fn what_the_folder_suffered() {
    let world = World::new();
    let whole = world.snapshot();
    let open = |name: &str| OpenOptions::new().write(true).open(world.path(name)).unwrap();
    let entries = "d/ledger/entries/00000000000000000000.jsonl";

    open("d/ledger/head").write_all_at(b"x", 100).unwrap();
    expect(&world, &[], "head", "fail", &["slot 0", "ledger recover"]);
    open("d/ledger/head").write_all_at(b"x", 5000).unwrap();
    expect(&world, &[], "head", "fail", &["restore `head`"]);
    world.restore(&whole);

    let mut past = OpenOptions::new().append(true).open(world.path(entries)).unwrap();
    past.write_all(b"half a li").unwrap();
    expect(&world, &[], "recovery", "warn", &["9 bytes lie past the head", "ledger recover"]);
    world.restore(&whole);

    let length = fs::metadata(world.path(entries)).unwrap().len();
    open(entries).set_len(length - 7).unwrap();
    expect(&world, &[], "recovery", "fail", &["7 acknowledged bytes are missing"]);
    world.restore(&whole);

    world.write("d/ledger/poison", "");
    expect(&world, &[], "recovery", "fail", &["a sync failed", "ledger recover"]);
    world.restore(&whole);

    world.write("d/ledger/ledger.toml", "format = \"ledger/v2\"\n");
    expect(&world, &[], "ledger", "fail", &["newer version"]);
    world.restore(&whole);

    fs::remove_file(world.path("d/ledger/checkpoint")).unwrap();
    fs::remove_file(world.path("d/ledger/checkpoints.log")).unwrap();
    expect(&world, &[], "checkpoint", "warn", &["under no checkpoint", "ledger checkpoint"]);
}

#[test]
fn who_holds_the_lock() {
    let world = World::new();
    let held = File::open(world.path("d/ledger/lock")).unwrap();
    held.lock().unwrap();
    expect(&world, &[], "lock", "warn", &["held for over a second by"]);
    drop(held);
    expect(&world, &[], "lock", "ok", &["free"]);
}

#[test]
fn what_went_back() {
    let world = World::new();
    let older = world.snapshot();
    world.write("event.json", common::event("payments"));
    world.append(&["event.json"]).good();
    world.restore(&older);
    expect(&world, &[], "receipt", "fail", &["no longer holds entry 64", "ledger verify"]);
}

#[test]
fn keys_and_variables() {
    let world = World::new();
    world.run(&["key", "new", "mine.pem"]).good();
    expect(&world, &["--key", "mine.pem"], "key", "warn", &["does not know", "key register"]);
    fs::set_permissions(world.path("mine.pem"), Permissions::from_mode(0o644)).unwrap();
    expect(
        &world,
        &["--key", "mine.pem"],
        "key",
        "fail",
        &["others may read", "chmod 600 mine.pem"],
    );

    let with = |name: &str, value: &str| {
        let mut command = world.command(&["doctor", "--json"]);
        of(&Ended::from(command.env(name, value).output().unwrap()), "variables")
    };
    let (standing, text, status) = with("LEDGER_DRI", "x");
    assert_eq!((standing.as_str(), status), ("warn", 0), "{text}");
    assert!(text.contains("`LEDGER_DRI`") && text.contains("LEDGER_DIR"), "{text}");
    let (standing, text, status) = with("LEDGER_KEY", "");
    assert_eq!((standing.as_str(), status), ("fail", 1), "{text}");
    assert!(text.contains("unset LEDGER_KEY"), "{text}");
}

#[test]
fn what_waits() {
    let world = World::new();
    fs::rename(world.path("d/ledger"), world.path("d/away")).unwrap();
    assert_eq!(world.run(&deployed("d-1")).status, 0);
    fs::rename(world.path("d/away"), world.path("d/ledger")).unwrap();
    expect(&world, &[], "spool", "warn", &["1 events wait", "ledger flush"]);
    world.run(&["flush", "--key", PIPELINE]).good();
    expect(&world, &[], "spool", "ok", &["nothing waits"]);
}

#[test]
fn half_a_vault() {
    let world = World::new();
    fs::create_dir_all(world.path("d/ledger/vault/texts")).unwrap();
    world.write("d/ledger/vault/texts/0", "x");
    expect(&world, &[], "vault", "fail", &["without its mark", "ledger vault restore"]);
    fs::remove_file(world.path("d/ledger/ledger.vaultkey")).unwrap();
    expect(&world, &[], "vault", "fail", &["public key is missing"]);
}

/// The digest that the program prints is the one that anybody makes with `find` and `sha256sum`.
#[test]
fn the_build_digest_can_be_made_again() {
    let world = World::empty();
    let told = world.run(&["--version"]).good();
    let script = format!(
        "find {} -type f ! -name '.*' | LC_ALL=C sort | xargs sha256sum | sha256sum",
        env!("LEDGER_BUILD_SOURCES")
    );
    let mut shell = std::process::Command::new("sh");
    let made = Ended::from(shell.args(["-c", &script]).current_dir("..").output().unwrap()).good();
    let digest = made.split_whitespace().next().unwrap();
    assert!(told.contains(&format!("\nbuild sha256:{digest}\n")), "{told}\n{digest}");
    assert!(told.starts_with("ledger "), "{told}");
}
