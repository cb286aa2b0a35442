//! Every store keeps the contract; the directory store also what only a real folder can show.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

use ledger_core::error::Result;
use ledger_core::store::dir::Dir;
use ledger_core::store::faulty::{Cause, Fault, Faulty, Outcome};
use ledger_core::store::memory::Memory;
use ledger_core::store::simulated::SimulatedDisk;
use ledger_core::store::{Store, contract, read_all, replace};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

const IMPATIENT: Duration = Duration::ZERO;

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "ok")
}

#[test]
fn memory_keeps_the_contract() {
    contract::run(&|| Box::new(Memory::new()));
}

#[test]
fn simulated_disk_keeps_the_contract() {
    contract::run(&|| Box::new(SimulatedDisk::new()));
    contract::run(&|| Box::new(SimulatedDisk::new().crash(1)));
}

#[test]
fn faulty_store_without_a_fault_keeps_the_contract() {
    contract::run(&|| Box::new(Faulty::new(Arc::new(Memory::new()))));
}

#[test]
fn directory_keeps_the_contract() {
    let temp = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    contract::run(&|| {
        count.set(count.get() + 1);
        Box::new(Dir::create(temp.path().join(format!("{}/x", count.get())), IMPATIENT).unwrap())
    });
}

#[test]
fn opening_creates_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("ledger");
    assert_eq!(code(Dir::open(&path, IMPATIENT)), "missing");
    assert!(!path.exists());
    fs::write(&path, b"").unwrap();
    assert_eq!(code(Dir::open(&path, IMPATIENT)), "not-a-folder");
    assert_eq!(code(Dir::create(&path, IMPATIENT)), "not-a-folder");
    assert_eq!(code(Dir::create(path.join("deeper"), IMPATIENT)), "not-a-folder");
}

#[test]
fn two_openings_see_each_other() {
    let temp = tempfile::tempdir().unwrap();
    let one = Dir::create(temp.path(), IMPATIENT).unwrap();
    let two = Dir::open(temp.path(), IMPATIENT).unwrap();
    replace(&one, "checkpoint", b"old").unwrap();
    assert_eq!(read_all(&two, "checkpoint").unwrap().unwrap(), b"old");
    replace(&one, "checkpoint", b"newer").unwrap();
    assert_eq!(read_all(&two, "checkpoint").unwrap().unwrap(), b"newer", "a replaced file is seen");
    one.remove("checkpoint").unwrap();
    assert_eq!(read_all(&two, "checkpoint").unwrap(), None, "a removed file is seen");

    one.write("old", 0, b"old").unwrap();
    one.write("new", 0, b"new").unwrap();
    let mut buf = [0; 3];
    two.read("old", 0, &mut buf).unwrap();
    two.rename("new", "old").unwrap();
    two.read("old", 0, &mut buf).unwrap();
    assert_eq!(&buf, b"new", "a file that it never opened takes a name that it knows");
    one.lock("lock").unwrap();
    one.read("old", 0, &mut buf).unwrap();
    assert_eq!(&buf, b"old", "what it has not synced stays its own");
    one.sync("old").unwrap();
    one.lock("lock").unwrap();
    one.read("old", 0, &mut buf).unwrap();
    assert_eq!(&buf, b"new", "with the lock it looks again");

    let held = one.lock("lock").unwrap();
    assert_eq!(code(two.lock("lock")), "busy");
    drop(held);
    assert_eq!(code(two.lock("lock")), "ok");
}

#[test]
fn lock_is_waited_for_with_patience() {
    let temp = tempfile::tempdir().unwrap();
    let one = Dir::create(temp.path(), IMPATIENT).unwrap();
    let two = Dir::open(temp.path(), Duration::from_secs(20)).unwrap();
    let held = one.lock("lock").unwrap();
    let waiting = std::thread::spawn(move || two.lock("lock").map(drop));
    std::thread::sleep(Duration::from_millis(30));
    assert!(!waiting.is_finished());
    drop(held);
    waiting.join().unwrap().unwrap();

    // who gave up does not take the lock when it becomes free
    let held = one.lock("lock").unwrap();
    let brief = Dir::open(temp.path(), Duration::from_millis(20)).unwrap();
    assert_eq!(code(brief.lock("lock")), "busy");
    drop(held);
    let three = Dir::open(temp.path(), Duration::from_secs(20)).unwrap();
    drop(three.lock("lock").unwrap());
    // the kernel may give it to the one that gave up, who lets go of it at once
    let four = Dir::open(temp.path(), Duration::from_secs(20)).unwrap();
    assert_eq!(code(four.lock("lock")), "ok", "nobody keeps it");

    let memory = Memory::new();
    let held = memory.lock("lock").unwrap();
    let patient = memory.clone().with_patience(Duration::from_secs(20));
    let waiting = std::thread::spawn(move || patient.lock("lock").map(drop));
    std::thread::sleep(Duration::from_millis(30));
    assert!(!waiting.is_finished());
    drop(held);
    waiting.join().unwrap().unwrap();
}

#[test]
fn sealed_file_is_read_only_for_everybody() {
    let temp = tempfile::tempdir().unwrap();
    let store = Dir::create(temp.path(), IMPATIENT).unwrap();
    store.write("entries/0.jsonl", 0, b"line\n").unwrap();
    store.seal("entries/0.jsonl").unwrap();
    let mode = fs::metadata(temp.path().join("entries/0.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o444);
    let other = Dir::open(temp.path(), IMPATIENT).unwrap();
    assert_eq!(code(other.write("entries/0.jsonl", 5, b"x")), "read-only");
}

#[test]
fn full_disk_says_so() {
    let temp = tempfile::tempdir().unwrap();
    let store = Dir::create(temp.path(), IMPATIENT).unwrap();
    std::os::unix::fs::symlink("/dev/full", temp.path().join("a")).unwrap();
    let error = store.write("a", 0, b"x").unwrap_err();
    assert_eq!(error.code(), "no-space");
    assert!(error.advice().is_some());
    let other = Dir::open(temp.path(), IMPATIENT).unwrap();
    assert_eq!(code(other.read("a", 0, &mut [0])), "not-a-file", "a device is not read");
}

#[test]
fn foreign_files_and_folders_are_not_listed() {
    let temp = tempfile::tempdir().unwrap();
    let store = Dir::create(temp.path(), IMPATIENT).unwrap();
    store.write("blobs/a", 0, b"").unwrap();
    fs::write(temp.path().join("blobs/a copy"), b"").unwrap();
    fs::create_dir(temp.path().join("blobs/folder")).unwrap();
    assert_eq!(store.list("blobs").unwrap(), ["a"]);
    assert_eq!(code(store.remove("blobs/folder")), "not-a-file");
    assert_eq!(code(store.write("blobs/folder", 0, b"x")), "not-a-file");
    assert_eq!(code(store.read("blobs/folder", 0, &mut [0])), "not-a-file");
}

#[test]
fn many_files_stay_within_the_handles() {
    let temp = tempfile::tempdir().unwrap();
    let store = Dir::create(temp.path(), IMPATIENT).unwrap();
    let open_files = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    for index in 0..800 {
        store.write(&format!("d/{index}"), 0, b"x").unwrap();
        store.sync(&format!("d/{index}")).unwrap();
    }
    // other tests of this process have files open too, but not hundreds
    assert!(open_files() < 500, "{} open files", open_files());
    for index in 0..800 {
        assert_eq!(read_all(&store, &format!("d/{index}")).unwrap().unwrap(), b"x");
    }
}

#[test]
fn threads_share_a_store() {
    let temp = tempfile::tempdir().unwrap();
    let store = Arc::new(Dir::create(temp.path(), IMPATIENT).unwrap());
    let write = |worker: u8, store: Arc<Dir>| {
        move || {
            for index in 0..200_u64 {
                let place = (index * 4 + u64::from(worker)) * 3;
                store.write(&format!("d/{}", index % 7), place, &[worker + 1; 3]).unwrap();
                store.sync(&format!("d/{}", index % 7)).unwrap();
            }
        }
    };
    let workers: Vec<_> =
        (0..4).map(|worker| std::thread::spawn(write(worker, Arc::clone(&store)))).collect();
    for worker in workers {
        worker.join().unwrap();
    }
    let written: usize = (0..7)
        .map(|index| read_all(store.as_ref(), &format!("d/{index}")).unwrap().unwrap())
        .map(|bytes| bytes.iter().filter(|byte| **byte != 0).count())
        .sum();
    assert_eq!(written, 4 * 200 * 3);
}

#[test]
fn planned_faults_happen_both_ways() {
    let memory = Memory::new();
    memory.write("a", 0, b"....").unwrap();
    for (outcome, cause, bytes, expected) in [
        (Outcome::Lost, Cause::Io, b"....", "io"),
        (Outcome::Half, Cause::Full, b"12..", "no-space"),
        (Outcome::Done, Cause::Io, b"1234", "io"),
    ] {
        let fault = Fault { at: 1, outcome, cause, lasting: false };
        let store = Faulty::failing(Arc::new(memory.snapshot()), fault);
        assert_eq!(store.len("a").unwrap(), Some(4));
        assert_eq!(code(store.write("a", 0, b"1234")), expected);
        assert_eq!(read_all(&store, "a").unwrap().unwrap(), bytes);
        assert_eq!(store.calls(), 4);
        store.plan(Some(Fault { at: 0, outcome, cause, lasting: true }));
        assert_eq!(code(store.rename("a", "b")), expected);
        assert_eq!(code(store.len("b")), expected, "a lasting fault lasts");
        store.plan(None);
        let moved = store.len("b").unwrap().is_some();
        assert_eq!(moved, outcome == Outcome::Done);
    }
}

/// All disks that some hundred seeds leave, as the content of one file.
fn crashes(disk: &SimulatedDisk, name: &str) -> BTreeSet<Option<Vec<u8>>> {
    (0..400).map(|seed| read_all(&disk.crash(seed), name).unwrap()).collect()
}

#[test]
fn synced_bytes_and_names_survive_every_crash() {
    let disk = SimulatedDisk::new();
    disk.write("d/a", 0, b"kept").unwrap();
    assert!(crashes(&disk, "d/a").contains(&None), "an unsynced name may go");
    disk.sync("d/a").unwrap();
    assert_eq!(crashes(&disk, "d/a"), [None, Some(b"kept".to_vec())].into());
    disk.sync_dir("d").unwrap();
    assert!(disk.is_durable());
    assert_eq!(crashes(&disk, "d/a"), [Some(b"kept".to_vec())].into());
}

#[test]
fn unsynced_bytes_may_be_kept_dropped_torn_or_reordered() {
    let disk = SimulatedDisk::new();
    disk.write("a", 0, &[b'0'; 1024]).unwrap();
    disk.sync("a").unwrap();
    disk.sync_dir("").unwrap();
    disk.write("a", 0, &[b'1'; 1024]).unwrap();
    disk.write("a", 0, &[b'2'; 1024]).unwrap();
    let left = crashes(&disk, "a");
    let sectors = |one: u8, two: u8| Some([[one; 512], [two; 512]].concat());
    for (one, two) in [(b'0', b'0'), (b'2', b'2'), (b'1', b'1'), (b'0', b'2'), (b'2', b'1')] {
        assert!(left.contains(&sectors(one, two)), "{one} {two}");
    }
    assert!(left.iter().flatten().any(|bytes| bytes[1023] == b'0' && bytes[512] == b'2'), "torn");
    assert!(left.iter().flatten().all(|bytes| bytes.len() == 1024));
    disk.write("a", 1024, &[b'3'; 2000]).unwrap();
    let lengths: BTreeSet<_> = crashes(&disk, "a").iter().flatten().map(Vec::len).collect();
    assert!(lengths.len() > 3, "{lengths:?}");
    assert!(lengths.iter().all(|length| (1024..=3024).contains(length)));
}

#[test]
fn replaced_file_is_old_or_new_and_a_forgotten_sync_shows() {
    let disk = SimulatedDisk::new();
    replace(&disk, "d/a", b"old").unwrap();
    for step in 0..5 {
        let store = Faulty::failing(
            Arc::new(disk.crash(0)),
            Fault { at: step, outcome: Outcome::Done, cause: Cause::Io, lasting: true },
        );
        assert!(replace(&store, "d/a", b"new").is_err());
    }
    let after = disk.crash(0);
    after.write("d/a.tmp", 0, b"new").unwrap();
    after.sync("d/a.tmp").unwrap();
    after.rename("d/a.tmp", "d/a").unwrap();
    assert_eq!(crashes(&after, "d/a"), [Some(b"old".to_vec()), Some(b"new".to_vec())].into());
    let careless = disk.crash(0);
    careless.write("d/a.tmp", 0, b"new").unwrap();
    careless.rename("d/a.tmp", "d/a").unwrap();
    assert!(crashes(&careless, "d/a").contains(&Some(Vec::new())), "the classic empty file");
}

#[test]
fn failed_sync_marks_pages_clean_without_writing_them() {
    let disk = SimulatedDisk::new();
    disk.write("a", 0, b"old").unwrap();
    disk.sync("a").unwrap();
    disk.sync_dir("").unwrap();
    disk.write("a", 0, b"new").unwrap();
    disk.fail_sync(0);
    assert_eq!(code(disk.sync("a")), "sync");
    assert_eq!(code(disk.sync("a")), "ok", "the second sync lies");
    assert_eq!(read_all(&disk, "a").unwrap().unwrap(), b"new", "and reading does not tell");
    assert!(crashes(&disk, "a").contains(&Some(b"old".to_vec())));
    disk.write("a", 0, b"new").unwrap();
    disk.sync("a").unwrap();
    assert_eq!(crashes(&disk, "a"), [Some(b"new".to_vec())].into(), "written again, it is safe");

    disk.rename("a", "b").unwrap();
    disk.fail_sync(0);
    assert_eq!(code(disk.sync_dir("")), "sync");
    assert_eq!(code(disk.sync_dir("")), "ok");
    assert!(crashes(&disk, "b").contains(&None));
}
