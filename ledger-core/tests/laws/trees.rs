//! The tree's files: many read them, some behind the others, and nobody takes away what others made.

use std::sync::atomic::{AtomicBool, Ordering};

use ledger_core::tree::{self, Frontier};
use ledger_core::tree_files::TreeFiles;

use super::*;

/// More entries than one subtree of the files has.
const MANY: usize = 300;

fn grow(world: &mut World, ledger: &mut Ledger, count: usize) {
    let events = (0..count).map(|_| world.deployment()).collect();
    world.append(ledger, events).unwrap().into_iter().for_each(|one| assert!(one.is_ok()));
}

/// The files make the root of the ledger as its reader sees it.
fn holds(ledger: &Ledger, files: &TreeFiles) {
    let head = Frontier::from_parts(ledger.size(), ledger.head().frontier.clone()).unwrap();
    assert_eq!(tree::root(ledger.size(), files).unwrap(), head.root());
}

fn opened(ledger: &Ledger) -> TreeFiles {
    let files = TreeFiles::open(ledger, None).unwrap();
    holds(ledger, &files);
    files
}

fn level(store: &Memory, level: u8) -> Vec<u8> {
    read_all(store, &format!("tree/{level}")).unwrap().unwrap_or_default()
}

#[test]
fn a_reader_that_is_behind_takes_nothing_away() {
    let (store, mut world, mut ledger) = start();
    grow(&mut world, &mut ledger, MANY);
    let behind = Ledger::open(Arc::new(store.clone())).unwrap();
    grow(&mut world, &mut ledger, MANY);
    opened(&ledger);
    let made = (level(&store, 0), level(&store, 1));
    let files = opened(&behind);
    assert!((level(&store, 0), level(&store, 1)) == made, "the files were changed");
    // what it reads is of its own size, whatever else there is
    let root = Frontier::from_parts(behind.size(), behind.head().frontier.clone()).unwrap().root();
    assert_eq!(tree::root(behind.size(), &files).unwrap(), root);
    TreeFiles::open(&behind, Some((behind.size(), &root))).unwrap();
    assert!((level(&store, 0), level(&store, 1)) == made, "the files were changed");
}

/// Somebody has written the leaves and not yet what they complete. A hash that is wrong in what was
/// complete before stays so: by this mark the test sees whether all was made anew.
#[test]
fn what_is_half_written_is_continued_and_not_made_anew() {
    let (store, mut world, mut ledger) = start();
    grow(&mut world, &mut ledger, MANY);
    opened(&ledger);
    store.write("tree/0", 5 * 32, &[7; 32]).unwrap();
    grow(&mut world, &mut ledger, MANY);
    opened(&ledger);
    let whole = (level(&store, 0), level(&store, 1));
    assert_eq!((whole.0[5 * 32], whole.1.len()), (7, 64));
    // of the two subtrees the second is not written yet
    store.remove("tree/1").unwrap();
    store.write("tree/1", 0, &whole.1[..32]).unwrap();
    opened(&ledger);
    assert!((level(&store, 0), level(&store, 1)) == whole, "all was made anew");
}

#[test]
fn files_of_another_history_are_made_anew() {
    let (store, mut world, mut ledger) = start();
    let older = store.snapshot();
    grow(&mut world, &mut ledger, MANY);
    opened(&ledger);
    // the folder goes back, with the files as they were, and goes on otherwise
    for name in ["tree/0", "tree/1"] {
        older.write(name, 0, &read_all(&store, name).unwrap().unwrap()).unwrap();
    }
    let mut other = Ledger::open(Arc::new(older.clone())).unwrap();
    opened(&other);
    let events = (0..MANY + 9).map(|_| world.deployment()).collect();
    world.append(&mut other, events).unwrap().into_iter().for_each(|one| assert!(one.is_ok()));
    opened(&other);
    assert_eq!(level(&older, 0).len() as u64, other.size() * 32);
    assert!(level(&older, 1) != level(&store, 1));
}

#[test]
fn a_checkpoint_over_more_than_the_log_changes_no_file() {
    let (store, mut world, mut ledger) = start();
    grow(&mut world, &mut ledger, MANY);
    opened(&ledger);
    let made = level(&store, 0);
    let root = Sha256::of(b"of more");
    let refused = TreeFiles::open(&ledger, Some((ledger.size() + 1, &root))).unwrap_err();
    assert_eq!((refused.code(), level(&store, 0) == made), ("tree-root", true));
}

#[test]
fn many_read_them_while_the_log_grows() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("ledger");
    let open = || Arc::new(Dir::create(&path, Duration::from_secs(20)).unwrap());
    let (mut world, mut ledger) = World::create(open()).unwrap();
    grow(&mut world, &mut ledger, 250);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for reader in 0..4 {
            let (done, open) = (&done, &open);
            scope.spawn(move || {
                let mut own = Ledger::open(open()).unwrap();
                while !done.load(Ordering::Relaxed) {
                    // some look at the head each time, some now and then, one never
                    if reader < 3 {
                        own.refresh().unwrap();
                    }
                    opened(&own);
                }
            });
        }
        for _ in 0..60 {
            grow(&mut world, &mut ledger, 5);
        }
        done.store(true, Ordering::Relaxed);
    });
    ledger.refresh().unwrap();
    opened(&ledger);
}

#[test]
fn whole_files_are_read_where_nothing_can_be_written() {
    let (store, mut world, mut ledger) = start();
    grow(&mut world, &mut ledger, MANY);
    opened(&ledger);
    let ledger = Ledger::open(Arc::new(folder::ReadOnly(store.snapshot()))).unwrap();
    opened(&ledger);
    store.remove("tree/1").unwrap();
    let ledger = Ledger::open(Arc::new(folder::ReadOnly(store))).unwrap();
    assert_eq!(TreeFiles::open(&ledger, None).unwrap_err().code(), "read-only");
}

/// Who replaces a file does it whole; who reads it must not see the length of one and the bytes of another.
#[test]
fn a_file_that_is_replaced_is_read_whole() {
    let temp = tempfile::tempdir().unwrap();
    let open = || Dir::create(temp.path(), Duration::ZERO).unwrap();
    let done = AtomicBool::new(false);
    let of = |length: usize| vec![u8::try_from(length % 251).unwrap(); length];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let store = open();
            for round in 0..300 {
                ledger_core::store::replace(&store, "note", &of(100 + round * 37 % 900)).unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        let store = open();
        while !done.load(Ordering::Relaxed) {
            if let Some(bytes) = read_all(&store, "note").unwrap() {
                assert!(bytes == of(bytes.len()), "{} bytes", bytes.len());
            }
        }
    });
}
