//! Take a good ledger and change it: every change is found, at its place, without a flood.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

#[path = "common/world.rs"]
mod world;

use std::sync::Arc;

use ledger_core::checkpoint::Origin;
use ledger_core::hash::Blake3;
use ledger_core::ledger::Ledger;
use ledger_core::signature::Mode;
use ledger_core::signer::{self, Memory as SignerMemory};
use ledger_core::store::memory::Memory;
use ledger_core::store::{Store, read_all};
use ledger_core::verify::{Class, Options, Report, Verdict, verify};
use world::{World, seed};

const SEGMENT: &str = "entries/00000000000000000000.jsonl";

fn check(store: &dyn Store, pinned: Option<&Origin>) -> Report {
    check_with(store, pinned, &[], &[])
}

fn check_with(
    store: &dyn Store,
    pinned: Option<&Origin>,
    older: &[Vec<u8>],
    receipts: &[(u64, Blake3)],
) -> Report {
    let options = Options { pinned, older, receipts, ..Options::new(seed("verify", 1)) };
    verify(store, &options).unwrap()
}

/// A ledger of 4 + n entries with a checkpoint after half of them.
fn ledger(n: u64) -> (Arc<Memory>, World, Ledger, Vec<u8>) {
    let store = Arc::new(Memory::new());
    let (mut world, mut ledger) = World::create(store.clone()).unwrap();
    let events: Vec<_> = (0..n / 2).map(|_| world.deployment()).collect();
    world.append(&mut ledger, events).unwrap().into_iter().for_each(|r| assert!(r.is_ok()));
    let signed = signer::sign(&ledger, None, &world.checkpoint).unwrap();
    let held: Arc<dyn Store> = store.clone();
    signer::publish(&held, &signed).unwrap();
    let events: Vec<_> = (0..n - n / 2).map(|_| world.deployment()).collect();
    world.append(&mut ledger, events).unwrap().into_iter().for_each(|r| assert!(r.is_ok()));
    (store, world, ledger, signed.note)
}

fn put(store: &Memory, name: &str, bytes: &[u8]) {
    store.remove(name).unwrap();
    store.write(name, 0, bytes).unwrap();
}

fn lines(store: &Memory) -> Vec<Vec<u8>> {
    let bytes = read_all(store, SEGMENT).unwrap().unwrap();
    bytes.split_inclusive(|&b| b == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn a_good_ledger_holds_and_only_against_something_outside() {
    let (store, _, ledger, _) = ledger(20);
    let alone = check(&*store, None);
    assert_eq!(alone.faults, vec![]);
    assert_eq!(alone.verdict, Verdict::CannotTell);
    let held = check(&*store, Some(ledger.origin()));
    assert_eq!(held.verdict, Verdict::Holds);
    assert_eq!((held.size, held.checkpoints, held.uncovered), (24, 1, 10));
    assert_eq!(held.signatures, 20 + 2 + 3 * 3);
}

#[test]
fn every_flipped_byte_of_the_entries_is_found_at_its_entry() {
    let (store, _, ledger, _) = ledger(2);
    let good = read_all(&*store, SEGMENT).unwrap().unwrap();
    let mut line = 0;
    for at in 0..good.len() {
        let copy = store.snapshot();
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        put(&copy, SEGMENT, &bytes);
        let report = check(&copy, Some(ledger.origin()));
        assert_eq!(report.verdict, Verdict::DoesNotHold, "byte {at}");
        assert!(report.faults.len() <= 7, "byte {at}: {:?}", report.faults);
        let near = report
            .faults
            .iter()
            .any(|fault| fault.index.is_none_or(|index| index == line || index == line + 1));
        assert!(near, "byte {at} of line {line}: {:?}", report.faults);
        if good[at] == b'\n' {
            line += 1;
        }
    }
}

#[test]
fn every_dropped_swapped_and_repeated_line_is_found() {
    let (store, _, ledger, _) = ledger(10);
    let good = lines(&store);
    for at in 0..good.len() {
        let mut dropped = good.clone();
        dropped.remove(at);
        let mut repeated = good.clone();
        repeated.insert(at, good[at].clone());
        let mut changed = vec![dropped, repeated];
        if at + 1 < good.len() {
            let mut swapped = good.clone();
            swapped.swap(at, at + 1);
            changed.push(swapped);
        }
        for lines in changed {
            let copy = store.snapshot();
            put(&copy, SEGMENT, &lines.concat());
            let report = check(&copy, Some(ledger.origin()));
            if lines.starts_with(&good) {
                assert_eq!(report.verdict, Verdict::Holds, "line {at} is past the head");
                assert!(report.notices.iter().any(|notice| notice.code == "past-head"));
                continue;
            }
            assert_eq!(report.verdict, Verdict::DoesNotHold, "line {at}");
            assert!(report.faults.len() <= 8, "line {at}: {:#?}", report.faults);
        }
    }
}

#[test]
fn every_truncation_of_every_file_is_found_or_harmless() {
    let (store, _, ledger, _) = ledger(2);
    for name in [SEGMENT, "head", "checkpoint", "checkpoints.log", "ledger.toml"] {
        let good = read_all(&*store, name).unwrap().unwrap();
        // the slots of the head are mostly zero bytes: every length near an edge, and some between
        let edge =
            |length: usize| name != "head" || length % 4096 < 400 || length.is_multiple_of(61);
        for length in (0..good.len()).filter(|length| edge(*length)) {
            let copy = store.snapshot();
            put(&copy, name, &good[..length]);
            let options = Options {
                pinned: Some(ledger.origin()),
                mode: Mode::OneByOne,
                ..Options::new([0; 32])
            };
            let verdict = verify(&copy, &options).map(|report| report.verdict);
            assert!(!matches!(verdict, Ok(Verdict::Holds)), "{name} cut to {length} bytes");
        }
    }
}

#[test]
fn one_changed_byte_outside_the_signature_is_one_fault() {
    let (store, _, ledger, _) = ledger(10);
    let mut all = lines(&store);
    let text = String::from_utf8(all[8].clone()).unwrap();
    let marker = "\"recorded_at\":\"2026-";
    let changed = text.replace(marker, "\"recorded_at\":\"2027-");
    assert_ne!(text, changed);
    all[8] = changed.into_bytes();
    put(&store, SEGMENT, &all.concat());
    let report = check(&*store, Some(ledger.origin()));
    assert_eq!(report.faults.len(), 2, "{:#?}", report.faults);
    assert_eq!(report.faults[0].code, "chain-link");
    assert_eq!(report.faults[0].index, Some(9));
    assert_eq!(report.faults[1].code, "checkpoint-root");
}

#[test]
fn an_older_state_of_everything_is_found_by_signer_receipt_and_kept_checkpoint() {
    let store = Arc::new(Memory::new());
    let (mut world, mut ledger) = World::create(store.clone()).unwrap();
    let held: Arc<dyn Store> = store.clone();
    let first = signer::sign(&ledger, None, &world.checkpoint).unwrap();
    signer::publish(&held, &first).unwrap();
    let old = store.snapshot();
    let event = world.deployment();
    let receipt = world.append(&mut ledger, vec![event]).unwrap().remove(0).unwrap();
    let second = signer::sign(&ledger, Some(&first.memory), &world.checkpoint).unwrap();
    signer::publish(&held, &second).unwrap();
    let pin = ledger.origin().clone();

    let restored: Arc<dyn Store> = Arc::new(old.snapshot());
    let back = Ledger::open(restored.clone()).unwrap();
    let memory = SignerMemory::parse(&second.memory.encode()).unwrap();
    let refused = signer::sign(&back, Some(&memory), &world.checkpoint).unwrap_err();
    assert_eq!(refused.code(), "signer-back");
    let by_receipt = check_with(&*restored, Some(&pin), &[], &[(receipt.index, receipt.hash)]);
    assert_eq!(by_receipt.verdict, Verdict::DoesNotHold);
    assert_eq!(by_receipt.faults[0].code, "receipt");
    let by_note = check_with(&*restored, Some(&pin), std::slice::from_ref(&second.note), &[]);
    assert_eq!(by_note.faults[0].code, "checkpoint-beyond");
    assert_eq!(by_note.faults[0].class, Class::Anchor);

    // another history of the same length
    let mut forked = Ledger::open(restored.clone()).unwrap();
    let other = world.deployment();
    world.append(&mut forked, vec![other]).unwrap().remove(0).unwrap();
    assert_eq!(
        signer::sign(&forked, Some(&memory), &world.checkpoint).unwrap_err().code(),
        "signer-fork"
    );
    let fork = check_with(&*restored, Some(&pin), &[second.note], &[]);
    assert_eq!(fork.faults[0].code, "checkpoint-root");
}

#[test]
fn another_ledger_in_its_place_is_not_the_pinned_one() {
    let (store, _, ledger, _) = ledger(4);
    let other = world::genesis("example/releases", &[world::key("x"), world::key("y")]);
    let pinned = ledger_core::ledger::origin(&other.event).unwrap();
    assert_ne!(pinned.to_string(), ledger.origin().to_string());
    let report = check(&*store, Some(&pinned));
    assert_eq!(report.verdict, Verdict::DoesNotHold);
    assert_eq!(report.faults[0].code, "pin");
}
