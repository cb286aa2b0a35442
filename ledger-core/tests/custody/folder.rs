//! sled on a real disk: another version, an empty folder, half a copy, and bytes that are gone.

use std::fs;
use std::path::Path;

use ledger_core::store::records::sled::Folder;
use ledger_core::store::records::{Batch, Databases as _};

fn batch(pairs: &[(&str, &str)]) -> Batch {
    let mut batch = Batch::default();
    for (key, value) in pairs {
        batch.put(key.as_bytes().to_vec(), value.as_bytes().to_vec());
    }
    batch
}

#[test]
fn what_was_applied_is_there_again_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    assert_eq!(folder.open("1").unwrap_err().code(), "database-missing");
    let database = folder.create("1").unwrap();
    database.apply(batch(&[("pb", "2"), ("pa", "1"), ("q", "3"), ("pc", "4")])).unwrap();
    let mut gone = Batch::default();
    gone.remove(b"pc".to_vec());
    database.apply(gone).unwrap();
    drop(database);
    let database = folder.open("1").unwrap();
    let pair = |key: &str, value: &str| (key.as_bytes().to_vec(), value.as_bytes().to_vec());
    assert_eq!(database.scan(b"p", None, 9).unwrap(), [pair("pa", "1"), pair("pb", "2")]);
    assert_eq!(database.scan(b"p", Some(b"pa"), 9).unwrap(), [pair("pb", "2")]);
    assert_eq!(database.scan(b"", None, 1).unwrap(), [pair("pa", "1")]);
    assert_eq!(database.get(b"pc").unwrap(), None);
    assert_eq!(folder.open("1").unwrap_err().code(), "busy");
    assert_eq!(folder.names().unwrap(), ["1"]);
    assert_eq!(folder.open("../1").unwrap_err().code(), "store-name");
}

fn copy(from: &Path, to: &Path, keep: &dyn Fn(&str) -> bool) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = file.file_name().into_string().unwrap();
        if file.path().is_dir() {
            copy(&file.path(), &to.join(&name), keep);
        } else if keep(&name) {
            fs::copy(file.path(), to.join(&name)).unwrap();
        }
    }
}

#[test]
fn another_version_an_empty_folder_and_half_a_copy_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    folder.create("1").unwrap().apply(batch(&[("p", "1")])).unwrap();
    let whole = dir.path().join("db-1");
    let code = |name: &str| folder.open(name).map(drop).unwrap_err().code();
    fs::create_dir(dir.path().join("db-2")).unwrap();
    assert_eq!(code("2"), "database-version", "empty");
    copy(&whole, &dir.path().join("db-3"), &|name| name != "mark");
    assert_eq!(code("3"), "database-version", "without the mark");
    copy(&whole, &dir.path().join("db-4"), &|name| name != "db");
    assert_eq!(code("4"), "database-damaged", "without sled's log");
    copy(&whole, &dir.path().join("db-5"), &|_| true);
    fs::write(dir.path().join("db-5/mark"), "release-ledger/database@v1 sled 1.0.0\n").unwrap();
    assert_eq!(code("5"), "database-version", "of another version");
    copy(&whole, &dir.path().join("db-6"), &|_| true);
    fs::write(dir.path().join("db-6/db"), b"").unwrap();
    assert_eq!(code("6"), "database-damaged", "an empty log under a right mark");
    folder.open("1").unwrap();
}

#[test]
fn half_a_snapshot_of_an_owner_who_was_killed_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    let half = dir.path().join("db-1/snap.FFFFFFFFFFFFFFFF.generating");
    let database = folder.create("1").unwrap();
    database.apply(batch(&[("pa", "1")])).unwrap();
    // what a living owner writes is left alone
    fs::write(&half, "").unwrap();
    assert_eq!(folder.open("1").unwrap_err().code(), "busy");
    assert!(half.exists());
    drop(database);
    for bytes in ["", "the first bytes of a snapshot"] {
        fs::write(&half, bytes).unwrap();
        let database = folder.open("1").unwrap();
        assert_eq!(database.get(b"pa").unwrap(), Some(b"1".to_vec()));
        assert!(!half.exists());
    }
}

/// sled keeps what was removed in its log; a database that is removed is gone with every byte.
#[test]
fn a_removed_database_leaves_no_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    let database = folder.create("1").unwrap();
    database.apply(batch(&[("name", "lovelace")])).unwrap();
    let mut gone = Batch::default();
    gone.remove(b"name".to_vec());
    database.apply(gone).unwrap();
    drop(database);
    let holds = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        bytes.windows(8).any(|window| window == b"lovelace")
    };
    assert!(holds(&dir.path().join("db-1/db")), "else the rewrite would not be needed");
    folder.create("2").unwrap().apply(batch(&[("other", "value")])).unwrap();
    folder.remove("1").unwrap();
    folder.remove("1").unwrap();
    assert_eq!(folder.names().unwrap(), ["2"]);
    assert!(!holds(&dir.path().join("db-2/db")));
}
