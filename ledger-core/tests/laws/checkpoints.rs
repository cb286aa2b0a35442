//! Checkpoints: those of a key in doubt cover nothing, and two who replace the newest do not undo each other.

use ledger_core::checkpoint::Checkpoint;
use ledger_core::note::{self, Note};
use ledger_core::signer::{self, ARCHIVE, CHECKPOINT};
use ledger_core::verify::{Options, Report, verify};

use super::*;

fn report(store: &Memory, ledger: &Ledger, pinned: bool, older: &[Vec<u8>]) -> Report {
    let options = Options {
        pinned: pinned.then(|| ledger.origin()),
        older,
        ..Options::new(seed("verify", 1))
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

/// A store that counts the bytes which are read of the archive.
struct Watched {
    inner: Memory,
    read: std::sync::atomic::AtomicUsize,
}

impl Store for Watched {
    fn len(&self, name: &str) -> Result<Option<u64>> {
        self.inner.len(name)
    }
    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let count = self.inner.read(name, offset, buf)?;
        if name == ARCHIVE {
            self.read.fetch_add(count, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(count)
    }
    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<()> {
        self.inner.write(name, offset, bytes)
    }
    fn sync(&self, name: &str) -> Result<()> {
        self.inner.sync(name)
    }
    fn sync_dir(&self, dir: &str) -> Result<()> {
        self.inner.sync_dir(dir)
    }
    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.inner.rename(from, to)
    }
    fn remove(&self, name: &str) -> Result<()> {
        self.inner.remove(name)
    }
    fn list(&self, dir: &str) -> Result<Vec<String>> {
        self.inner.list(dir)
    }
    fn seal(&self, name: &str) -> Result<()> {
        self.inner.seal(name)
    }
    fn lock(&self, name: &str) -> Result<Box<dyn Lock>> {
        self.inner.lock(name)
    }
}

/// A ledger, and its next two checkpoints.
fn two_signed() -> [signer::Signed; 2] {
    let (_, mut world, mut ledger) = start();
    let first = signer::sign(&ledger, None, &world.checkpoint).unwrap();
    let event = world.deployment();
    world.offer(&mut ledger, event).unwrap();
    let second = signer::sign(&ledger, Some(&first.memory), &world.checkpoint).unwrap();
    [first, second]
}

/// A server under load publishes each second: what it reads for that must not grow with what it did.
#[test]
fn a_long_archive_is_not_read_for_each_note() {
    let [first, second] = two_signed();
    let store = Memory::new();
    let framed = [&first.note[..], b"\n\n"].concat();
    store.write(ARCHIVE, 0, &framed.repeat(20_000)).unwrap();
    let watched = Arc::new(Watched { inner: store.clone(), read: 0.into() });
    let held: Arc<dyn Store> = watched.clone();
    signer::publish(&held, &second).unwrap();
    let read = watched.read.load(std::sync::atomic::Ordering::Relaxed);
    assert!(read < 20_000, "{read} bytes were read");
    let wanted = [framed.repeat(20_000), second.note.clone(), b"\n\n".to_vec()].concat();
    assert!(read_all(&store, ARCHIVE).unwrap().unwrap() == wanted);
}

/// Whatever an earlier signer left behind its last whole note is replaced, and no whole note is.
#[test]
fn the_archive_is_continued_whatever_stands_at_its_end() {
    let [first, second] = two_signed();
    let framed = |note: &[u8]| [note, b"\n\n"].concat();
    let (one, two) = (framed(&first.note), framed(&second.note));
    let mut ends: Vec<Vec<u8>> = (0..two.len()).map(|length| two[..length].to_vec()).collect();
    ends.extend([vec![0; 5000], vec![b'x'; 20_000], b"\n".repeat(2)]);
    for notes in [0, 1, 2, 40] {
        for end in &ends {
            let store = Memory::new();
            store.write(ARCHIVE, 0, &[one.repeat(notes), end.clone()].concat()).unwrap();
            let held: Arc<dyn Store> = Arc::new(store.clone());
            for _ in 0..2 {
                signer::publish(&held, &second).unwrap();
                let archive = read_all(&store, ARCHIVE).unwrap().unwrap();
                assert!(
                    archive == [one.repeat(notes), two.clone()].concat(),
                    "{notes} {}",
                    end.len()
                );
                store.remove(CHECKPOINT).unwrap();
            }
        }
    }
}
