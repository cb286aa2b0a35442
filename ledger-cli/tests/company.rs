//! The demonstration's quarter: what was planted is found, and nothing else is.
//!
//! It is some thousand command lines: seconds when they are optimised, minutes when they are not. So a
//! debug build leaves it to `.ci/demo`, which plays the whole quarter with the release's binary.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;

use common::World;
use serde_json::Value;

#[test]
#[cfg_attr(debug_assertions, ignore = "minutes without optimisation; `.ci/demo` plays it")]
fn what_was_planted_is_found_and_nothing_else() {
    let world = World::empty();
    let ended = world.run(&["demo", "acme", "--events", "3000", "--json"]);
    let said: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(said["planted"], said["found"], "{said}");
    assert_eq!(said["strange"], 0, "{said}");
    assert_eq!(said["verified"], true);
    assert_eq!(said["tampering_seen"], true);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
}

/// Bad input: nothing is made.
#[test]
fn too_small_a_quarter_is_refused() {
    let world = World::empty();
    let few = world.run(&["demo", "acme", "--events", "10"]);
    assert_eq!(few.status, 2, "{}", few.stderr);
    let both = world.run(&["demo", "acme", "--small", "--events", "5000"]);
    assert_eq!(both.status, 2, "{}", both.stderr);
    assert!(!world.path("acme").exists());
}
