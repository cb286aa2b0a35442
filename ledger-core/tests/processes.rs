//! Several processes, one folder: separate openings append at once, and all of it is there once.
//!
//! An opened file's lock belongs to its opening, so two openings in one process stand to each other
//! as two processes do. A writer that is killed while it holds the lock is a test of the binary.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

#[path = "common/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ledger_core::hash::Blake3;
use ledger_core::ledger::{Ledger, Receipt, Submission};
use ledger_core::signature::Mode;
use ledger_core::store::dir::Dir;
use ledger_core::verify::Verdict;
use world::{Dice, Producer, World, key, verified};

const GROUPS: usize = 200;
const PATIENCE: Duration = Duration::from_mins(1);

fn open(path: &Path) -> Ledger {
    Ledger::open(Arc::new(Dir::open(path, PATIENCE).unwrap())).unwrap()
}

fn deliver(ledger: &mut Ledger, events: Vec<Submission>, number: u64) -> Vec<Receipt> {
    let admitted = ledger.door().admit(events, [1; 32], Mode::OneByOne);
    let admitted: Vec<_> = admitted.into_iter().map(|event| event.unwrap()).collect();
    let receipts = ledger.append(&admitted, world::group(1000 + number)).unwrap();
    receipts.into_iter().map(|receipt| receipt.unwrap()).collect()
}

/// The groups of one process: its own stream, a one-shot now and then.
fn groups(world: &mut World, process: u64) -> Vec<Vec<Submission>> {
    let mut chain = Producer::new(key("pipeline"), process);
    let mut dice = Dice(process);
    (0..GROUPS)
        .map(|_| {
            let mut group = vec![chain.next(world, false)];
            if dice.once_in(8) {
                group.push(world.deployment());
            }
            group
        })
        .collect()
}

#[test]
fn two_processes_append_at_once_and_all_is_there_once_and_in_order() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("ledger");
    let store = Arc::new(Dir::create(&path, PATIENCE).unwrap());
    let (mut world, first) = World::create(store).unwrap();
    let origin = first.origin().clone();
    drop(first);
    println!("seeds 1 and 2");
    let mut own = [groups(&mut world, 1), groups(&mut world, 2)];
    // some events go through both: a producer that was not sure delivers again, to the other one
    for number in (0..GROUPS).step_by(10) {
        let shared = world.deployment();
        for groups in &mut own {
            groups[number].push(shared.clone());
        }
    }
    let sent: Vec<Vec<Submission>> = own.iter().map(|groups| groups.concat()).collect();
    let workers = own.map(|groups| {
        let path = path.clone();
        std::thread::spawn(move || {
            let mut ledger = open(&path);
            let mut receipts = Vec::new();
            for (number, group) in (0..).zip(groups) {
                receipts.extend(deliver(&mut ledger, group, number));
                if number % 32 == 31 {
                    // both bring the index up now and then; being second is no failure
                    let outcome = ledger.catch_up(1, 256);
                    assert!(
                        outcome.as_ref().is_ok_and(|_| true)
                            || outcome.as_ref().is_err_and(|e| e.code() == "busy"),
                        "{outcome:?}"
                    );
                }
            }
            receipts
        })
    });
    let receipts = workers.map(|worker| worker.join().unwrap());

    let ledger = open(&path);
    let distinct: BTreeSet<&[u8]> =
        sent.iter().flatten().map(|event| event.event.as_slice()).collect();
    assert_eq!(ledger.size(), 4 + distinct.len() as u64);
    let events = world::events_of(&ledger).unwrap();
    let mut promised = BTreeMap::new();
    for (sent, receipts) in sent.iter().zip(&receipts) {
        assert_eq!(sent.len(), receipts.len());
        for (event, receipt) in sent.iter().zip(receipts) {
            assert_eq!(events[usize::try_from(receipt.index).unwrap()], event.event);
            assert_eq!(Blake3::of(&ledger.line(receipt.index).unwrap()), receipt.hash);
            let before = promised.insert(receipt.index, receipt.hash);
            assert!(before.is_none_or(|before| before == receipt.hash));
        }
        // a process's new events keep its order
        let new: Vec<u64> =
            receipts.iter().filter(|receipt| !receipt.known).map(|receipt| receipt.index).collect();
        assert!(new.is_sorted());
    }
    assert_eq!(promised.len(), distinct.len(), "each event has one place");
    let known = receipts.iter().flatten().filter(|receipt| receipt.known).count();
    assert_eq!(known, GROUPS.div_ceil(10), "what went through both was known to the second");
    let turns = events.iter().skip(4).map(|event| sent[0].iter().any(|mine| mine.event == *event));
    let turns: Vec<bool> = turns.collect();
    let changes = turns.windows(2).filter(|pair| pair[0] != pair[1]).count();
    println!("{changes} changes of turn");
    let held: Vec<_> = promised.into_iter().collect();
    let report = verified(&**ledger.store(), &origin, &held).unwrap();
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
    assert!(
        report.notices.iter().all(|notice| notice.code != "stream-gap"),
        "{:?}",
        report.notices
    );
}

#[test]
fn processes_take_turns_on_one_stream() {
    let temp = tempfile::tempdir().unwrap();
    let store = Arc::new(Dir::create(temp.path().join("ledger"), PATIENCE).unwrap());
    let (mut world, first) = World::create(store).unwrap();
    let path = temp.path().join("ledger");
    let mut ledgers = [first, open(&path), open(&path)];
    let mut chain = Producer::new(key("pipeline"), 1);
    let mut dice = Dice(5);
    println!("seed 5");
    for number in 0..60 {
        let event = chain.next(&mut world, false);
        let who = usize::try_from(dice.below(3)).unwrap();
        let again = usize::try_from(dice.below(3)).unwrap();
        let receipt = deliver(&mut ledgers[who], vec![event.clone()], number).remove(0);
        assert_eq!((receipt.index, receipt.known), (4 + number, false));
        let second = deliver(&mut ledgers[again], vec![event], 500 + number).remove(0);
        assert_eq!((second.index, second.hash, second.known), (receipt.index, receipt.hash, true));
        if dice.once_in(7) {
            ledgers[who].catch_up(1, 64).unwrap();
        }
    }
    let report = verified(&**ledgers[0].store(), ledgers[0].origin(), &[]).unwrap();
    assert_eq!((report.verdict, report.size), (Verdict::Holds, 64));
}

#[test]
fn a_reader_without_the_lock_never_sees_half_a_group() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("ledger");
    let store = Arc::new(Dir::create(&path, PATIENCE).unwrap());
    let (mut world, mut ledger) = World::create(store).unwrap();
    let origin = ledger.origin().clone();
    let groups: Vec<Vec<Submission>> =
        (0..60).map(|_| (0..3).map(|_| world.deployment()).collect()).collect();
    let writer = std::thread::spawn(move || {
        for (number, group) in (0..).zip(groups) {
            deliver(&mut ledger, group, number);
        }
    });
    let mut reader = open(&path);
    let mut sizes = BTreeSet::new();
    while !writer.is_finished() {
        reader.refresh().unwrap();
        sizes.insert(reader.size());
        let fresh = open(&path);
        assert_eq!((fresh.size() - 4) % 3, 0, "a head covers whole groups");
        assert!(fresh.size() >= reader.size());
        assert_eq!(fresh.damaged_slot(), None);
        let report = verified(&**fresh.store(), &origin, &[]).unwrap();
        assert_eq!(report.faults, vec![]);
    }
    writer.join().unwrap();
    reader.refresh().unwrap();
    assert_eq!(reader.size(), 184);
    assert!(sizes.iter().all(|size| (size - 4) % 3 == 0));
    println!("{} sizes seen", sizes.len());
}
