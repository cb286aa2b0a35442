//! What only a terminal is shown: the progress of work over a second, and questions.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

mod common;

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

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

/// What a terminal shows while somebody types: after each text has appeared, its line is typed.
fn typed(world: &World, command: &str, answers: &[(&str, &str)]) -> (String, bool) {
    let program = env!("CARGO_BIN_EXE_ledger");
    let inside = format!("{program} {command}");
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &inside, "/dev/null"]);
    script.current_dir(world.path("")).env("LEDGER_DIR", "d/ledger").env("TERM", "xterm");
    script.env("LEDGER_STATE", "d/state").env("SHELL", "/bin/sh");
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().unwrap();
    let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut buffer) = (Vec::new(), [0; 4096]);
    let mut waiting = answers.iter();
    let mut next = waiting.next();
    loop {
        let count = screen.read(&mut buffer).unwrap_or(0);
        if count == 0 {
            break;
        }
        shown.extend_from_slice(&buffer[..count]);
        if let Some((asked, answer)) = next
            && String::from_utf8_lossy(&shown).contains(asked)
        {
            // the program has asked; it now turns the echo off, if it does
            std::thread::sleep(Duration::from_millis(300));
            keyboard.write_all(format!("{answer}\n").as_bytes()).unwrap();
            next = waiting.next();
        }
    }
    drop(keyboard);
    let status = child.wait().unwrap();
    (String::from_utf8_lossy(&shown).into_owned(), status.success())
}

#[test]
fn a_passphrase_is_asked_for_and_not_shown() {
    let world = World::new();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "open sesame", "-f", "locked"])
        .current_dir(world.path(""))
        .status();
    assert!(made.expect("`ssh-keygen` is needed here").success());
    let register = "key register --new locked --service x --capability append:deployment.finished --key d/keys/root-1.pem --key d/keys/root-2.pem";
    let before = world.snapshot();
    let (said, well) = typed(&world, register, &[("passphrase of locked: ", "close sesame")]);
    assert!(!well && said.contains("does not open"), "{said}");
    assert!(world.snapshot() == before);
    let (said, well) = typed(&world, register, &[("passphrase of locked: ", "open sesame")]);
    assert!(well && said.contains("passphrase of locked: "), "{said}");
    assert!(!said.contains("sesame"), "what is typed is not shown: {said}");
    // nobody is asked where nobody can answer
    assert!(world.run(&["key", "show", "locked"]).stderr.find("passphrase of").is_none());
    world.run(&["verify"]).good();
}

#[test]
fn a_second_signer_is_asked_before_anything_is_signed() {
    let world = World::new();
    world.run(&["key", "new", "new.pem"]).good();
    let register = [
        "key",
        "register",
        "--new",
        "new.pem",
        "--service",
        "x",
        "--capability",
        "append:a.*",
        "--key",
        "d/keys/root-1.pem",
        "--signer",
        "d/keys/root-2.pem",
        "--to",
        "x.dsse",
    ];
    world.run(&register).good();
    let file = world.read("x.dsse");
    let cosign = "cosign x.dsse --key d/keys/root-2.pem";
    let said = world.run(&["cosign", "x.dsse", "--key", "d/keys/root-2.pem"]);
    assert!(said.status == 2 && said.stderr.contains("nobody can be asked"), "{}", said.stderr);
    for answer in ["n", "", "nonsense", "Yes please"] {
        let (said, well) = typed(&world, cosign, &[("sign this? [y/N] ", answer)]);
        assert!(!well && said.contains("not signed"), "{answer}: {said}");
        assert!(said.contains("key.registered") && said.contains("append:a.*"), "{said}");
        assert!(world.read("x.dsse") == file, "{answer}");
    }
    let (said, well) = typed(&world, cosign, &[("sign this? [y/N] ", "y")]);
    assert!(well, "{said}");
    world.run(&["append", "--signed", "x.dsse"]).good();
    world.run(&["verify"]).good();
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
