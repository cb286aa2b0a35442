//! Vectors of other projects, too large to keep here, from the folder that `LEDGER_VECTORS` names.
//!
//! `rfc6962/`: the proofs of transparency-dev/merkle (`testdata/`), right and spoiled.
//! `tlog-testlog/`: the test log of transparency-dev/tessera, every file of every size up to 15.
//!
//! Run with `LEDGER_VECTORS=<folder> cargo test --test outside --test outside_ed25519 -- --ignored`.
//! Without being asked for they are listed as ignored; asked for, a missing folder is a failure.

#![allow(
    unreachable_pub,
    dead_code,
    clippy::expect_used,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too, and builds its texts plainly"
)]

#[path = "outside/proofs.rs"]
mod proofs;
#[path = "outside/testlog.rs"]
mod testlog;

use std::path::{Path, PathBuf};

/// A folder below the one that `LEDGER_VECTORS` names.
#[expect(clippy::disallowed_methods, reason = "the place of the vectors is given from outside")]
fn folder(name: &str) -> PathBuf {
    let root = std::env::var("LEDGER_VECTORS").expect("LEDGER_VECTORS names the folder of vectors");
    Path::new(&root).join(name)
}

/// All files below a folder, sorted; none is an error.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let list = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in list.map(|entry| entry.unwrap().path()) {
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    assert!(!found.is_empty(), "{}: no files", folder.display());
    found.sort();
    found
}
