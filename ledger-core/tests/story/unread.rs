//! Unread: what of the evidence may say something else, and why (`fixtures/story/unread.txt`).
//!
//! A heading gives the reason; below it stand the event, the place in it, and the tests that do not read
//! what stands there.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// A place of an event that a test reads: the test, the event, where.
pub type Place = (String, String, String);

/// All places that are allowed.
pub fn places() -> BTreeSet<Place> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/story/unread.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let (mut all, mut reason) = (BTreeSet::new(), "");
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(heading) = line.strip_prefix("# ") {
            reason = heading;
            continue;
        }
        assert!(!reason.is_empty(), "no reason stands above `{line}`");
        let (place, tests) = line.split_once(": ").unwrap();
        let (kind, pointer) = place.split_once(' ').unwrap();
        for test in tests.split(' ') {
            let place = (test.to_owned(), kind.to_owned(), pointer.to_owned());
            assert!(all.insert(place), "`{line}` stands twice");
        }
    }
    all
}
