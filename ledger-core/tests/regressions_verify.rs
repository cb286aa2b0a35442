//! What a second reading found in verify and refresh.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

#[path = "common/world.rs"]
mod world;

use std::sync::Arc;

use ledger_core::encoding::base64;
use ledger_core::entry::{self, Signature};
use ledger_core::event::Event;
use ledger_core::hash::Blake3;
use ledger_core::json::Document;
use ledger_core::ledger::{Ledger, Submission};
use ledger_core::segment;
use ledger_core::signature::Mode;
use ledger_core::store::Store;
use ledger_core::store::faulty::{Cause, Fault, Faulty, Outcome};
use ledger_core::store::memory::Memory;
use ledger_core::tree::{self, Frontier};
use ledger_core::verify::{Options, Report, Verdict, verify};
use world::{World, key, time, value};

fn check(store: &dyn Store, receipts: &[(u64, Blake3)]) -> Report {
    let origin = ledger_core::ledger::read_format(store).unwrap();
    let options =
        Options { pinned: Some(&origin), receipts, mode: Mode::OneByOne, ..Options::new([1; 32]) };
    verify(store, &options).unwrap()
}

/// Appends a line as the operator of the folder can, past every door.
fn plant(store: &Memory, sub: &Submission) {
    let ledger = Ledger::open(Arc::new(store.clone())).unwrap();
    let mut head = ledger.head().clone();
    let mut document = Document::default();
    let event = Event::parse(&mut document, &sub.event).unwrap();
    let signatures: Vec<_> = event
        .signers
        .iter()
        .zip(&sub.signatures)
        .map(|(k, s)| Signature { key: *k, bytes: *s })
        .collect();
    let line =
        entry::line(&head.last, &sub.event, head.size, &[], time(5000).to_string(), &signatures);
    store.write(&segment::name(head.segment), head.offset, format!("{line}\n").as_bytes()).unwrap();
    let mut frontier = Frontier::from_parts(head.size, head.frontier.clone()).unwrap();
    frontier.push(tree::leaf_hash(line.as_bytes())).unwrap();
    head.frontier = frontier.hashes().to_vec();
    head.last = Blake3::of(line.as_bytes());
    head.size += 1;
    head.offset += line.len() as u64 + 1;
    head.counter += 1;
    head.write(store).unwrap();
}

#[test]
fn an_event_of_another_ledger_does_not_hold() {
    let store = Memory::new();
    let (mut world, _ledger) = World::create(Arc::new(store.clone())).unwrap();
    world.ledger_hash = [7; 32];
    plant(&store, &world.deployment());
    let report = check(&store, &[]);
    assert_eq!(report.verdict, Verdict::DoesNotHold, "{report:?}");
}

#[test]
fn two_receipts_for_one_entry_are_both_held_against_it() {
    let store = Memory::new();
    let (mut world, mut ledger) = World::create(Arc::new(store.clone())).unwrap();
    let event = world.deployment();
    let receipt = world.append(&mut ledger, vec![event]).unwrap().pop().unwrap().unwrap();
    let other = Blake3([9; 32]);
    for receipts in [
        [(receipt.index, other), (receipt.index, receipt.hash)],
        [(receipt.index, receipt.hash), (receipt.index, other)],
    ] {
        let report = check(&store, &receipts);
        assert_eq!(report.verdict, Verdict::DoesNotHold, "{report:?}");
    }
}

#[test]
fn an_archive_of_rubbish_is_a_fault_and_not_a_crash() {
    let store = Memory::new();
    let (_world, _ledger) = World::create(Arc::new(store.clone())).unwrap();
    store.write("checkpoints.log", 0, "x\n\n\n".repeat(500_000).as_bytes()).unwrap();
    let report = check(&store, &[]);
    assert_eq!(report.verdict, Verdict::DoesNotHold);
}

#[test]
fn a_disk_that_cannot_be_read_tells_nothing() {
    let store = Memory::new();
    let (mut world, mut ledger) = World::create(Arc::new(store.clone())).unwrap();
    let events: Vec<_> = (0..5).map(|_| world.deployment()).collect();
    world.append(&mut ledger, events).unwrap();
    let faulty = Faulty::new(Arc::new(store.clone()));
    check(&faulty, &[]);
    let calls = faulty.calls();
    let origin = ledger_core::ledger::read_format(&store).unwrap();
    let options = Options { pinned: Some(&origin), mode: Mode::OneByOne, ..Options::new([1; 32]) };
    let mut wrong = Vec::new();
    for at in 0..calls {
        faulty.plan(Some(Fault { at, outcome: Outcome::Lost, cause: Cause::Io, lasting: false }));
        if let Ok(report) = verify(&faulty, &options)
            && report.verdict != Verdict::CannotTell
            && !(report.verdict == Verdict::Holds)
        {
            wrong.push((at, report.faults));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_a_producer_had_seen_is_held_against_the_log() {
    let store = Memory::new();
    let (mut world, _ledger) = World::create(Arc::new(store.clone())).unwrap();
    // a checkpoint of 3 entries with another root was shown to this producer; the archive was cut
    let mut draft = world.finished("succeeded");
    draft.members_mut().unwrap().insert(
        "seen".to_owned(),
        value(&format!(r#"{{"root":"{}","size":3}}"#, base64(&[9; 32]))),
    );
    let sub = world.sign(&draft, &[&key("pipeline")]);
    plant(&store, &sub);
    let report = check(&store, &[]);
    assert_eq!(report.verdict, Verdict::DoesNotHold, "{:?}", report.notices);
}

#[test]
fn what_a_producer_could_not_have_seen_does_not_hold() {
    let store = Memory::new();
    let (mut world, _ledger) = World::create(Arc::new(store.clone())).unwrap();
    let mut draft = world.finished("succeeded");
    draft.members_mut().unwrap().insert(
        "seen".to_owned(),
        value(&format!(r#"{{"root":"{}","size":3000}}"#, base64(&[9; 32]))),
    );
    let sub = world.sign(&draft, &[&key("pipeline")]);
    plant(&store, &sub);
    let report = check(&store, &[]);
    assert_eq!(report.verdict, Verdict::DoesNotHold, "{:?}", report.notices);
}

#[test]
fn a_folder_that_was_exchanged_is_refused_and_stays_refused() {
    let store = Memory::new();
    let (mut world, mut one) = World::create(Arc::new(store.clone())).unwrap();
    world.counter = 100;
    let fork = store.snapshot();
    let a: Vec<_> = (0..3).map(|_| world.deployment()).collect();
    for r in world.append(&mut one, a).unwrap() {
        r.unwrap();
    }
    let mut two = Ledger::open(Arc::new(fork.clone())).unwrap();
    let b: Vec<_> = (0..5).map(|_| world.deployment()).collect();
    for r in world.append(&mut two, b).unwrap() {
        r.unwrap();
    }
    for name in ["head".to_owned(), segment::name(0)] {
        let bytes = ledger_core::store::read_all(&fork, &name).unwrap().unwrap();
        store.write(&name, 0, &bytes).unwrap();
    }
    for round in 0..3 {
        let again = one.refresh();
        assert!(again.is_err(), "round {round}: size {}", one.size());
    }
}
