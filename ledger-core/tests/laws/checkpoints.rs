//! Checkpoints: those of a key in doubt cover nothing, and two who replace the newest do not undo each other.

use ledger_core::checkpoint::Checkpoint;
use ledger_core::note::{self, Note};
use ledger_core::signature::Mode;
use ledger_core::signer::{self, CHECKPOINT};
use ledger_core::verify::{Options, Report, verify};

use super::*;

fn report(store: &Memory, ledger: &Ledger, pinned: bool, older: &[Vec<u8>]) -> Report {
    let options = Options {
        policy: None,
        pinned: pinned.then(|| ledger.origin()),
        older,
        receipts: &[],
        mode: Mode::Bulk,
        random: seed("verify", 1),
        scratch: None,
        progress: None,
    };
    verify(store, &options).unwrap()
}

/// A ledger with a checkpoint over all its entries, and then the report that its key was compromised
/// from so many entries after that on. Gives the note and its size.
fn reported(after: u64) -> (Memory, Ledger, Vec<u8>, u64) {
    let (store, mut world, mut ledger) = start();
    let event = world.deployment();
    world.offer(&mut ledger, event).unwrap();
    let held: Arc<dyn Store> = Arc::new(store.clone());
    let signed = signer::sign(&ledger, None, &world.checkpoint).unwrap();
    signer::publish(&held, &signed).unwrap();
    let size = ledger.size();
    let events = (0..3).map(|_| world.deployment()).collect();
    world.append(&mut ledger, events).unwrap().into_iter().for_each(|one| assert!(one.is_ok()));
    let draft = value(&format!(
        r#"{{"type":"key.revoked","occurred_at":"{}","subject":{{"key":"{}"}},
            "data":{{"reason":"compromised","suspect_from":{}}}}}"#,
        time(world.next()),
        world.checkpoint.public().id(),
        size + after
    ));
    let event = world.sign(&draft, &[&key("root a"), &key("root b")]);
    world.offer(&mut ledger, event).unwrap();
    (store, ledger, signed.note, size)
}

#[test]
fn a_checkpoint_of_a_key_in_doubt_is_suspect_and_covers_nothing() {
    let (store, ledger, note, size) = reported(0);
    let seen = report(&store, &ledger, true, &[]);
    assert_eq!(seen.verdict, Verdict::Holds, "{:?}", seen.faults);
    assert_eq!((seen.checkpoints, seen.checkpointed, seen.uncovered), (0, 0, seen.size));
    assert_eq!(seen.suspects[0].checkpoints, [size]);
    let notice = seen.notices.iter().find(|notice| notice.code == "checkpoint-suspect").unwrap();
    assert!(notice.message.contains("was reported compromised by entry"), "{}", notice.message);
    // from outside it is no anchor, and nothing else is there
    let alone = report(&store, &ledger, false, &[note]);
    assert_eq!(alone.verdict, Verdict::CannotTell);
    assert!(alone.anchors.is_empty());
    assert!(alone.reason.unwrap().contains("is suspect"));
}

#[test]
fn a_checkpoint_before_the_doubt_covers_what_it_did() {
    let (store, ledger, note, size) = reported(1);
    let seen = report(&store, &ledger, false, &[note]);
    assert_eq!(seen.verdict, Verdict::Holds, "{:?}", seen.reason);
    assert_eq!((seen.checkpoints, seen.checkpointed), (1, size));
    assert_eq!(seen.suspects[0].checkpoints, [0; 0]);
}

/// A signer publishes while a witness adds its line to what it saw: the newest never goes back, and no
/// line that was added to it is lost.
#[test]
fn signer_and_witness_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let open = || -> Arc<dyn Store> {
        Arc::new(Dir::create(dir.path(), Duration::from_secs(20)).unwrap())
    };
    let (mut world, mut ledger) = World::create(open()).unwrap();
    let mut notes = Vec::new();
    let mut memory = None;
    for _ in 0..25 {
        let event = world.deployment();
        world.offer(&mut ledger, event).unwrap();
        let signed = signer::sign(&ledger, memory.as_ref(), &world.checkpoint).unwrap();
        memory = Some(signed.memory.clone());
        notes.push(signed);
    }
    let store = open();
    signer::publish(&store, &notes[0]).unwrap();
    let published = || Note::parse(&read_all(&*store, CHECKPOINT).unwrap().unwrap()).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let store = open();
            let witness = key("witness");
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                // the lock is not fair: leave the signer a chance
                std::thread::sleep(Duration::from_millis(3));
                let bytes = read_all(&*store, CHECKPOINT).unwrap().unwrap();
                let seen = Checkpoint::parse(Note::parse(&bytes).unwrap().text()).unwrap();
                let line = note::cosign(&seen, 1, "witness.example/w1", witness.dalek()).unwrap();
                if signer::attach(&*store, &seen, &line).unwrap() {
                    // only the signer replaces it, and only by a later one
                    let now =
                        Note::parse(&read_all(&*store, CHECKPOINT).unwrap().unwrap()).unwrap();
                    let size = Checkpoint::parse(now.text()).unwrap().size();
                    assert!(size > seen.size() || now.signatures().contains(&line));
                }
            }
        });
        for signed in &notes {
            let note = signer::publish(&store, signed).unwrap();
            let size = Checkpoint::parse(Note::parse(&note).unwrap().text()).unwrap().size();
            let there = Checkpoint::parse(published().text()).unwrap().size();
            assert_eq!((size, there), (signed.checkpoint.size(), size), "the newest went back");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(published().text(), notes.last().unwrap().checkpoint.encode());
}
