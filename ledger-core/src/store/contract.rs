//! What every store must do: one suite, run against each of them (feature `store-contract`).
//!
//! It covers what can be seen without pulling the plug; [`super::simulated`] is for the rest.

#![expect(clippy::unwrap_used, reason = "a suite of assertions stops at the first that fails")]

use super::{Lock, Store, read_all, replace};
use crate::error::Result;

/// Runs the suite; `make` gives a new, empty store each time, impatient about locks.
///
/// # Panics
/// At the first clause that the store does not keep.
pub fn run(make: &dyn Fn() -> Box<dyn Store>) {
    let clauses: [fn(&dyn Store); 9] = [
        missing_files,
        bytes_come_back,
        gaps_are_zeros,
        folders,
        renaming,
        removing,
        sealing,
        names,
        locks,
    ];
    for clause in clauses {
        clause(make().as_ref());
    }
}

/// The code of a refusal, or `ok`.
fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "ok")
}

fn missing_files(store: &dyn Store) {
    assert_eq!(store.len("a").unwrap(), None);
    assert_eq!(store.len("b/c").unwrap(), None);
    assert_eq!(read_all(store, "a").unwrap(), None);
    assert_eq!(code(store.read("a", 0, &mut [0])), "missing");
    assert_eq!(code(store.sync("a")), "missing");
    assert_eq!(code(store.rename("a", "b")), "missing");
    assert_eq!(code(store.seal("a")), "missing");
    assert_eq!(code(store.remove("a")), "ok");
    assert_eq!(code(store.remove("b/c")), "ok");
    assert_eq!(store.list("b").unwrap(), Vec::<String>::new());
    assert_eq!(store.len("a").unwrap(), None, "asking must not create");
}

fn bytes_come_back(store: &dyn Store) {
    store.write("a", 0, b"hello").unwrap();
    store.write("a", 5, b" world").unwrap();
    store.write("a", 0, b"J").unwrap();
    store.sync("a").unwrap();
    store.sync_dir("").unwrap();
    assert_eq!(store.len("a").unwrap(), Some(11));
    assert_eq!(read_all(store, "a").unwrap().unwrap(), b"Jello world");
    let mut buf = [b'.'; 8];
    assert_eq!(store.read("a", 6, &mut buf).unwrap(), 5);
    assert_eq!(&buf, b"world...", "bytes behind the end are left alone");
    assert_eq!(store.read("a", 11, &mut buf).unwrap(), 0);
    assert_eq!(store.read("a", u64::MAX >> 1, &mut buf).unwrap(), 0);
    assert_eq!(store.read("a", 0, &mut []).unwrap(), 0);
    store.write("a", 11, b"!").unwrap();
    assert_eq!(store.read("a", 10, &mut buf).unwrap(), 2, "written after read is seen");
    store.write("empty", 0, b"").unwrap();
    assert_eq!(store.len("empty").unwrap(), Some(0));
    let large: Vec<u8> = (0_u32..300_000).flat_map(u32::to_le_bytes).collect();
    store.write("large", 0, &large).unwrap();
    assert!(read_all(store, "large").unwrap().unwrap() == large);
}

fn gaps_are_zeros(store: &dyn Store) {
    store.write("a", 3, b"x").unwrap();
    assert_eq!(read_all(store, "a").unwrap().unwrap(), b"\0\0\0x");
    store.write("a", 9, b"").unwrap();
    assert_eq!(store.len("a").unwrap(), Some(4), "no bytes, no growth");
}

fn folders(store: &dyn Store) {
    for name in ["d/2", "d/1", "d/e/3", "top", "d0", "d-"] {
        store.write(name, 0, b"x").unwrap();
    }
    assert_eq!(store.list("").unwrap(), ["d-", "d0", "top"]);
    assert_eq!(store.list("d").unwrap(), ["1", "2"]);
    assert_eq!(store.list("d/e").unwrap(), ["3"]);
    for dir in ["", "d", "d/e"] {
        store.sync_dir(dir).unwrap();
    }
    assert_eq!(code(store.len("d")), "not-a-file");
    assert_eq!(code(store.read("d", 0, &mut [0])), "not-a-file");
    assert_eq!(code(store.write("d", 0, b"x")), "not-a-file");
    assert_eq!(code(store.remove("d")), "not-a-file");
    assert_eq!(code(store.rename("d", "z")), "not-a-file");
    assert_eq!(code(store.rename("top", "d")), "not-a-file");
    assert_eq!(code(store.write("top/x", 0, b"x")), "not-a-folder");
    assert_eq!(code(store.list("top")), "not-a-folder");
}

fn renaming(store: &dyn Store) {
    store.write("a", 0, b"first").unwrap();
    store.write("b", 0, b"second, longer").unwrap();
    assert_eq!(read_all(store, "b").unwrap().unwrap(), b"second, longer");
    store.rename("a", "b").unwrap();
    assert_eq!(store.len("a").unwrap(), None);
    assert_eq!(read_all(store, "b").unwrap().unwrap(), b"first");
    store.write("b", 5, b"!").unwrap();
    store.rename("b", "new/folder/b").unwrap();
    assert_eq!(read_all(store, "new/folder/b").unwrap().unwrap(), b"first!");
    store.write("b", 0, b"another").unwrap();
    assert_eq!(read_all(store, "new/folder/b").unwrap().unwrap(), b"first!");
    for content in [&b"one"[..], b"three", b""] {
        replace(store, "d/c", content).unwrap();
        assert_eq!(read_all(store, "d/c").unwrap().unwrap(), content);
        assert_eq!(store.list("d").unwrap(), ["c"]);
    }
}

fn removing(store: &dyn Store) {
    store.write("d/a", 0, b"old and long").unwrap();
    store.sync("d/a").unwrap();
    store.remove("d/a").unwrap();
    store.sync_dir("d").unwrap();
    assert_eq!(store.len("d/a").unwrap(), None);
    assert_eq!(code(store.read("d/a", 0, &mut [0])), "missing");
    store.write("d/a", 0, b"new").unwrap();
    assert_eq!(read_all(store, "d/a").unwrap().unwrap(), b"new");
}

fn sealing(store: &dyn Store) {
    store.write("a", 0, b"kept").unwrap();
    store.seal("a").unwrap();
    assert_eq!(code(store.write("a", 0, b"lost")), "read-only");
    store.sync("a").unwrap();
    store.seal("a").unwrap();
    assert_eq!(code(store.write("a", 4, b"more")), "read-only");
    assert_eq!(read_all(store, "a").unwrap().unwrap(), b"kept");
    store.rename("a", "b").unwrap();
    assert_eq!(code(store.write("b", 0, b"lost")), "read-only", "the seal goes with the file");
    store.remove("b").unwrap();
    store.write("b", 0, b"new").unwrap();
}

fn names(store: &dyn Store) {
    let long = "x".repeat(256);
    let bad = [
        "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.", "a\0b", "a b", "a\\b",
        "é", &long,
    ];
    for bad in bad {
        assert_eq!(code(store.len(bad)), "store-name", "{bad:?}");
        assert_eq!(code(store.read(bad, 0, &mut [0])), "store-name", "{bad:?}");
        assert_eq!(code(store.write(bad, 0, b"x")), "store-name", "{bad:?}");
        assert_eq!(code(store.sync(bad)), "store-name", "{bad:?}");
        assert_eq!(code(store.rename(bad, "a")), "store-name", "{bad:?}");
        assert_eq!(code(store.rename("a", bad)), "store-name", "{bad:?}");
        assert_eq!(code(store.remove(bad)), "store-name", "{bad:?}");
        assert_eq!(code(store.seal(bad)), "store-name", "{bad:?}");
        assert_eq!(code(store.lock(bad)), "store-name", "{bad:?}");
        if !bad.is_empty() {
            assert_eq!(code(store.list(bad)), "store-name", "{bad:?}");
            assert_eq!(code(store.sync_dir(bad)), "store-name", "{bad:?}");
        }
    }
    store.write("a.b-c_9/..x/X", 0, b"x").unwrap();
    assert_eq!(store.list("a.b-c_9/..x").unwrap(), ["X"]);
}

fn locks(store: &dyn Store) {
    let held: Box<dyn Lock> = store.lock("lock").unwrap();
    assert_eq!(code(store.lock("lock")), "busy");
    let other = store.lock("index/lock").unwrap();
    drop(held);
    let again = store.lock("lock").unwrap();
    drop(other);
    assert_eq!(code(store.lock("lock")), "busy");
    drop(again);
    assert_eq!(code(store.lock("lock")), "ok");
    store.write("a", 0, b"x").unwrap();
    let _held = store.lock("lock").unwrap();
    assert_eq!(read_all(store, "a").unwrap().unwrap(), b"x", "taking a lock loses nothing");
}
