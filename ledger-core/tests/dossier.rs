//! Dossiers of the books of `fixtures/story/`, held against `fixtures/dossier/`.
#![allow(
    missing_docs,
    missing_debug_implementations,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

#[path = "story/history.rs"]
mod history;
#[path = "story/lists.rs"]
mod lists;
#[path = "story/memory.rs"]
mod memory;
#[path = "story/verified.rs"]
mod verified;

use std::collections::BTreeSet;
use std::path::PathBuf;

use history::{books, pseudonym};
use ledger_core::fact::dossier::{Dossier, Thing};
use ledger_core::hash::Sha256;
use ledger_core::schema::typed::Id;
use ledger_core::schema::words::Reference;
use memory::Memory;

/// What each dossier is about, and from which book.
fn things() -> Vec<(&'static str, &'static str, Thing)> {
    vec![
        ("deployment", "T02", Thing::Deployment(Id::from("d-1"))),
        ("change", "T07", Thing::Change(Id::from("PAY-1"))),
        ("artifact", "T06", Thing::Artifact(Sha256::of(b"payments-1"))),
        ("person", "T07", Thing::Person(pseudonym("ada"))),
    ]
}

fn dossier(test: &str, thing: Thing) -> Dossier {
    let book = books().into_iter().find(|book| book.test == test).unwrap();
    let story = book.stories().remove(0);
    Dossier::of(&Memory::of(book.lines(&story)), thing).unwrap_or_else(|e| panic!("{test}: {e}"))
}

fn golden(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/dossier");
    folder.join(format!("{name}.json"))
}

#[test]
fn dossiers_have_the_bytes_they_had() {
    for (name, test, thing) in things() {
        let found = format!("{}\n", dossier(test, thing).to_json().to_canonical());
        if std::env::var_os("BLESS").is_some() {
            std::fs::create_dir_all(golden(name).parent().unwrap()).unwrap();
            std::fs::write(golden(name), &found).unwrap();
        }
        let known = std::fs::read_to_string(golden(name)).unwrap_or_default();
        assert_eq!(found, known, "{name}");
    }
}

/// What others do elsewhere comes in only where it names the same thing.
#[test]
fn a_dossier_leaves_strangers_out() {
    // the strangers of a book deploy under the same change, so the way from a change leads to them
    let apart = |(name, ..): &(&str, &str, Thing)| ["deployment", "artifact"].contains(name);
    for (name, test, thing) in things().into_iter().filter(apart) {
        let book = books().into_iter().find(|book| book.test == test).unwrap();
        let crowded = book.stories().remove(0).crowded();
        let alone = dossier(test, thing.clone());
        let own: BTreeSet<_> = alone
            .lines
            .iter()
            .flat_map(|line| &line.references)
            .filter(|(kind, _)| !matches!(kind, Reference::Environment | Reference::Service))
            .collect();
        let crowded = Dossier::of(&Memory::of(book.lines(&crowded)), thing).unwrap();
        assert!(crowded.lines.len() >= alone.lines.len(), "{name}");
        for line in &crowded.lines {
            let joined = line.references.iter().any(|reference| own.contains(reference));
            assert!(joined, "{name}: {} {}", line.kind, line.words);
        }
    }
}

#[test]
fn nothing_is_no_dossier() {
    let book = books().remove(0);
    let story = book.stories().remove(0);
    let memory = Memory::of(book.lines(&story));
    let error = Dossier::of(&memory, Thing::Change(Id::from("NONE-1"))).unwrap_err();
    assert_eq!(error.code(), "dossier-none");
}
