//! The vectors of the types: for each its example, and two refusals of its own.
//!
//! They are written once, by `cargo test -p ledger-core --test types -- --ignored write`, from the
//! examples and the seeds in `types.rs`; a file that is there is never written again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::common::vectors;
use super::edits::{self, Edit};
use super::{Document, Event, EventType, Shape, TYPES, Value, signed};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/event")
}

#[test]
fn every_type_has_its_vectors() {
    let mut seen: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for case in vectors("event").iter().filter(|case| case.name.starts_with("of-")) {
        let mut document = Document::default();
        let kind = Event::parse(&mut document, &case.bytes).unwrap().kind.to_owned();
        let count = seen.entry(kind).or_default();
        if case.header("expect") == "accept" { count.0 += 1 } else { count.1 += 1 }
    }
    for known in TYPES {
        let (accepted, refused) = seen.get(known.name).copied().unwrap_or_default();
        assert!(accepted >= 1 && refused >= 2, "{}: {accepted}, {refused}", known.name);
    }
}

/// The two edits that say most: a verdict or the first field left out, and a rule broken or a name
/// in the clear.
fn telling(known: &EventType) -> Vec<(&'static str, Edit)> {
    let verdict = known
        .data
        .iter()
        .find(|field| field.required && matches!(field.shape, Shape::Enum(_)))
        .or_else(|| known.data.iter().find(|field| field.required));
    let left_out = verdict.map(|field| format!("`/data/{}` is left out", field.name));
    let all = edits::of(known);
    let ends = |words: &str| all.iter().position(|edit| edit.what.contains(words));
    let first = left_out.and_then(|what| all.iter().position(|edit| edit.what == what));
    let second = ["none of", " and `/data/", "of another length", "not imported", "no attachment"]
        .iter()
        .find_map(|words| ends(words))
        .map(|at| ("rule", at))
        .or_else(|| ends("`in the clear`").map(|at| ("in-the-clear", at)))
        .or_else(|| ends("is `pondered`").map(|at| ("other-word", at)))
        .or_else(|| ends("an empty string").map(|at| ("empty", at)));
    let mut chosen: Vec<(&str, usize)> = Vec::new();
    chosen.extend(first.map(|at| ("incomplete", at)));
    chosen.extend(second);
    assert_eq!(chosen.len(), 2, "{}", known.name);
    let mut all: Vec<Option<Edit>> = all.into_iter().map(Some).collect();
    chosen.into_iter().map(|(label, at)| (label, all[at].take().unwrap())).collect()
}

fn write(name: &str, header: &str, event: &Value) -> usize {
    let path = folder().join(format!("of-{name}.vector"));
    if path.exists() {
        return 0;
    }
    std::fs::write(path, format!("{header}\n\n{}", event.to_canonical())).unwrap();
    1
}

#[test]
#[ignore = "writes the vectors that are not there yet"]
fn write_missing() {
    let mut written = 0;
    for known in TYPES {
        let name = known.name.replace('.', "-");
        let event = signed(known);
        let hash = ledger_core::hash::Blake3::of(event.to_canonical().as_bytes()).to_base64();
        let meaning = known.meaning;
        let header = format!("expect: accept\ncomment: {meaning}\nlaw: meaning\nhash: {hash}");
        written += write(&name, &header, &event);
        for (label, edit) in telling(known) {
            let what = edit.what.replace(" (beyond JSON Schema)", "");
            let header = format!("expect: refuse {}\ncomment: {what}\nlaw: meaning", edit.code);
            written += write(&format!("{name}-{label}"), &header, &edit.event);
        }
    }
    println!("{written} vectors");
    assert!(written <= 3 * TYPES.len());
}
