//! What only a terminal is shown: the progress of work over a second.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

mod common;

use std::process::Command;

use common::{PIPELINE, World, event};

/// So many events that making them ready takes over a second, and the last one wrong: so nothing is
/// appended and the bar is what is looked at.
fn long_work(world: &World) {
    let good = event("payments") + "\n";
    world.write("events", good.repeat(100_000) + &event("payments").replace("succeeded", "won"));
}

/// What a terminal of 80 columns receives while the command runs; its data goes to a file.
fn on_terminal(world: &World, command: &str) -> String {
    let program = env!("CARGO_BIN_EXE_ledger");
    let inside = format!("stty rows 24 cols 80 && {program} {command} > data");
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &inside, "/dev/null"]);
    script.current_dir(world.path("")).env("LEDGER_DIR", "d/ledger").env("TERM", "xterm");
    script.env("LEDGER_STATE", "d/state").env("SHELL", "/bin/sh");
    String::from_utf8(script.output().unwrap().stdout).unwrap()
}

#[test]
fn a_bar_appears_on_a_terminal_and_goes_away() {
    let world = World::new();
    long_work(&world);
    let before = world.snapshot();
    let said = on_terminal(&world, &format!("append --key {PIPELINE} events"));
    let frames: Vec<&str> = said.split('\r').filter(|frame| frame.contains('█')).collect();
    let shown = frames.first().expect("a bar");
    let words = shown.rsplit('░').next().unwrap();
    let number = words.trim().split('/').next().unwrap().replace(',', "");
    let done: u64 = number.parse().unwrap_or_else(|_| panic!("{words}"));
    assert!(done > 0 && done < 100_000, "its first frame says how far it is: {words}");
    assert!(words.contains("/100,001 events made ready ") && words.ends_with(" s left"), "{words}");
    assert!(frames.iter().all(|frame| frame.replace("\u{1b}[2K", "").chars().count() <= 80));
    // the bar is wiped before the error is told
    let (_, end) = said.rsplit_once("\u{1b}[2K").unwrap();
    let end = end.trim_start_matches('\r');
    assert!(end.starts_with("ledger: error: events, line 100001, /data/outcome"), "{end:?}");
    assert!(world.snapshot() == before);
}

#[test]
fn there_is_no_bar_without_a_terminal_nor_for_quick_work() {
    let world = World::new();
    long_work(&world);
    let said = world.append(&["events"]).bad(2);
    assert!(!said.contains(['\u{1b}', '\r', '█', '░']), "{said:?}");
    let said = on_terminal(&world, "verify");
    assert_eq!(said, "");
    assert!(!String::from_utf8(world.read("data")).unwrap().contains('\u{1b}'));
}
