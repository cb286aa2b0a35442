//! `kill -9` in a loop against the real program: what was acknowledged is there, once and in order.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

mod common;

use std::process::Stdio;
use std::time::Duration;

use common::{Ended, PIPELINE, Random, World, event};

/// Starts the program and kills it after a while; what it had printed by then, and whether it was
/// done before.
fn killed(world: &World, args: &[&str], after: Duration) -> (String, bool) {
    let mut command = world.command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(after);
    let _ = child.kill();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code() == Some(0))
}

#[test]
fn a_stream_that_is_retried_arrives_once_and_in_order() {
    let world = World::new();
    let mut random = Random::new();
    let append = ["append", "--key", PIPELINE, "--stream", "stream", "event"];
    let wanted: Vec<String> = (0..40).map(|number| format!("deployment:k-{number}")).collect();
    let mut acknowledged = Vec::new();
    for (number, _) in wanted.iter().enumerate() {
        world.write("event", event("payments").replace("d-1", &format!("k-{number}")));
        let mut said = String::new();
        for _ in 0..3 {
            let after = Duration::from_micros(random.below(25_000));
            said = killed(&world, &append, after).0;
            if said.ends_with('\n') {
                break;
            }
        }
        if !said.ends_with('\n') {
            said = world.run(&append).good();
        }
        let words: Vec<&str> = said.split_whitespace().collect();
        acknowledged.push(format!("{}:{}", words[1], words[2]));
    }
    // whoever was killed last may have left its events on the way, or a tail to mend
    world.run(&["recover"]).good();
    let listed =
        world.run(&["log", "--subject", "service:payments", "--since", "2026-07-01"]).good();
    let found: Vec<&str> = listed
        .lines()
        .map(|line| line.split_whitespace().find(|word| word.starts_with("deployment:")).unwrap())
        .collect();
    assert_eq!(found, wanted);
    let receipts: Vec<&str> =
        acknowledged.iter().flat_map(|receipt| ["--receipt", receipt]).collect();
    let said = world.run(&[&["verify"], &receipts[..]].concat()).good();
    assert!(said.contains("no gap in any stream"), "{said}");
}

#[test]
fn what_was_acknowledged_stays() {
    let world = World::new();
    let mut random = Random::new();
    let mut receipts = Vec::new();
    for number in 0..40 {
        let lines: String = (0..5).map(|n| event(&format!("s-{number}-{n}")) + "\n").collect();
        world.write("events", lines);
        let after = Duration::from_micros(random.below(40_000));
        let (said, _) = killed(&world, &["append", "--key", PIPELINE, "events"], after);
        for line in said.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            receipts.push(format!("{}:{}", words[1], words[2]));
        }
    }
    world.write("event", event("payments"));
    Ended::good(world.append(&["event"]));
    let flags: Vec<&str> = receipts.iter().flat_map(|receipt| ["--receipt", receipt]).collect();
    let said = world.run(&[&["verify"], &flags[..]].concat()).good();
    assert!(said.contains("INTEGRITY     holds"), "{said}");
}
