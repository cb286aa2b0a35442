//! The dossier through the program.
#![allow(clippy::panic, reason = "a test stops at the first surprise")]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "tests"
)]

mod common;

use common::{PIPELINE, World};
use serde_json::Value;

#[test]
fn a_deployment_is_told_as_a_timeline() {
    let world = World::new();
    for (kind, more) in [
        ("deployment.started", &["--strategy", "rolling", "--change", "PAY-9001"][..]),
        ("deployment.finished", &["--outcome", "succeeded"][..]),
    ] {
        let event = ["record", kind, "--key", PIPELINE, "--deployment", "d-9001"];
        let place =
            ["--service", "payments", "--environment", "production", "--actor", "ci:runner-7"];
        world.run(&[&event[..], &place, more].concat()).good();
    }
    let before = world.snapshot();
    let told = world.run(&["facts", "deployment", "d-9001"]).good();
    let line = |word: &str| told.lines().position(|line| line.contains(word)).unwrap();
    assert!(line("deployment.started") < line("deployment.finished"), "{told}");
    assert!(told.contains("to production by rolling, change PAY-9001"), "{told}");
    assert!(told.contains("  the deployment names no artifact"), "{told}");
    assert!(told.contains("  nothing was recorded of change PAY-9001 itself"), "{told}");
    let json = world.run(&["facts", "deployment", "d-9001", "--json"]).good();
    let dossier: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&dossier["kind"], &dossier["id"]), (&"deployment".into(), &"d-9001".into()));
    assert_eq!(dossier["entries"].as_array().unwrap().len(), 2);
    // the change leads to the deployment by a field that is not in the subject
    let change = world.run(&["facts", "change", "PAY-9001", "--json"]).good();
    let change: Value = serde_json::from_str(&change).unwrap();
    assert_eq!(change["entries"].as_array().unwrap().len(), 2);
    for (bad, code) in [
        (["facts", "change", "NONE-1"], "no entry speaks of change `NONE-1`"),
        (["facts", "change", ""], "does not name one"),
        (["facts", "artifact", "sha256:abc"], "is no digest"),
        (["facts", "person", "hr:nobody"], "nobody here is `hr:nobody`"),
        (["facts", "service", "payments"], "invalid value"),
    ] {
        let said = world.run(&bad).bad(2);
        assert!(said.contains(code), "{said}");
    }
    assert_eq!(world.snapshot(), before);
}
