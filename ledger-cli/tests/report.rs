//! Reports through the program: one document, the same bytes again, and nothing written over.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use common::World;
use serde_json::Value;

fn world() -> World {
    let world = World::empty();
    world.run(&["key", "new", "a.pem"]).good();
    world.run(&["init", "d/ledger", "--name", "test/led", "--solo", "--root", "a.pem=hr:1"]).good();
    world
}

const QUARTER: [&str; 8] =
    ["report", "quarter", "--framework", "sox", "--period", "2026-Q3", "--cutoff", "2100-01-01"];

#[test]
fn a_report_comes_again() {
    let world = world();
    let before = world.snapshot();
    let told = world.run(&[&QUARTER[..], &["--out", "one", "--json"]].concat());
    // no restore was proven in the year, and completeness cannot be told
    assert_eq!(told.status, 1, "{}", told.stderr);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(
        (&told["integrity"], &told["completeness"]),
        (&"pass".into(), &"indeterminate".into())
    );
    let document: Value = serde_json::from_slice(&world.read("one/report.json")).unwrap();
    assert_eq!(document["format"], "ledger/report/v1");
    assert_eq!(document["front"]["id"], told["report"]);
    let again = document["front"]["command"].as_str().unwrap().replace(" DIR", " two");
    let words: Vec<&str> = again.split(' ').skip(1).collect();
    world.run(&words);
    for file in ["report.json", "report.html", "report.md", "csv/P03.csv", "csv/R01-T01.csv"] {
        assert_eq!(
            world.read(&format!("one/{file}")),
            world.read(&format!("two/{file}")),
            "{file}"
        );
    }
    assert_eq!(world.snapshot(), before, "reporting changes nothing");
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    let world = world();
    let before = world.snapshot();
    std::fs::create_dir(world.path("taken")).unwrap();
    world.write("taken/file", "x");
    for (args, code) in [
        (&["report", "quarter", "--period", "2026-Q5", "--out", "x"][..], "quarter"),
        (&["report", "quarter", "--out", "x"][..], "required"),
        (
            &["report", "quarter", "--period", "2026", "--framework", "iso", "--out", "x"][..],
            "framework",
        ),
        (&["report", "quarter", "--period", "2026", "--out", "taken"][..], "not empty"),
    ] {
        let ended = world.run(args);
        assert_eq!(ended.status, 2, "{args:?}");
        assert!(ended.stderr.contains(code), "{args:?}: {}", ended.stderr);
    }
    assert_eq!(world.snapshot(), before);
}
