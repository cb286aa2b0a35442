//! Databases in folders, by sled 0.34.7.
//!
//! sled opens the folder of another version as an empty database, without an error. So each folder
//! has a mark beside sled's own files, written last when it is made, and a marker record within; a
//! folder without the mark, of another version, or whose record is not there is refused. Nothing is
//! acknowledged before `flush`. What sled wrote once may stay in its log after it is removed: who
//! must destroy bytes makes a new database and removes the old one.
//!
//! sled writes a snapshot beside the old one, under a name that ends with `.generating`, and renames
//! it. An owner that is killed between the two leaves the half there, and this version of sled takes
//! it for the newest snapshot and calls the database damaged. So such a half is removed before a
//! database is opened: the old snapshot goes only after the rename, and the log holds all of it.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::{Batch, Databases, Pair, Records};
use crate::error::{Error, Result};

/// What a folder's mark says, and the marker record too.
const MARK: &str = "release-ledger/database@v1 sled 0.34.7\n";
/// The mark's file, beside sled's own.
const MARK_FILE: &str = "mark";
/// The marker record; no other key begins with this byte.
const MARK_KEY: &[u8] = &[0];
/// Folders of databases are called so.
const PREFIX: &str = "db-";
/// How the name of a snapshot ends that sled has not finished.
const HALF: &str = ".generating";
/// Memory that sled may use for pages.
const CACHE: u64 = 64 * 1024 * 1024;

/// A folder with databases in it; other files in the folder are left alone.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The databases in an existing folder; nothing is looked at yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn at(&self, name: &str) -> Result<PathBuf> {
        let legal = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !legal {
            let message = format!("`{}` is no name of a database", name.escape_debug());
            return Err(Error::refused("store-name", message));
        }
        Ok(self.root.join(format!("{PREFIX}{name}")))
    }

    fn sync(&self) -> Result<()> {
        let shown = self.root.display().to_string();
        File::open(&self.root)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| Error::io("sync", &shown, error).failed_sync())
    }
}

impl Databases for Folder {
    fn open(&self, name: &str) -> Result<Box<dyn Records>> {
        let path = self.at(name)?;
        let shown = path.display().to_string();
        if !path.is_dir() {
            return Err(Error::unavailable("database-missing", "the database is not there")
                .at(shown)
                .hint(RESTORE));
        }
        match fs::read(path.join(MARK_FILE)) {
            Ok(mark) if mark == MARK.as_bytes() => {}
            Ok(_) => {
                return Err(Error::unavailable(
                    "database-version",
                    "the database was made by another version",
                )
                .at(shown)
                .hint("open it with the version that made it; nothing was changed"));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::unavailable(
                    "database-version",
                    "the folder does not say which version made it",
                )
                .at(shown)
                .hint(RESTORE));
            }
            Err(error) => return Err(Error::io("read", &shown, error)),
        }
        // sled makes what it does not find; what it needs must be there
        if !path.join("db").is_file() || !path.join("conf").is_file() {
            return Err(damaged("files of the database are missing").at(shown));
        }
        let database = open(&path)?;
        match database.get(MARK_KEY).map_err(|error| failure("read", &error))? {
            Some(mark) if mark == MARK.as_bytes() => Ok(Box::new(Database(database))),
            _ => Err(damaged("the database lost its records").at(shown)),
        }
    }

    fn create(&self, name: &str) -> Result<Box<dyn Records>> {
        self.remove(name)?;
        let path = self.at(name)?;
        let shown = path.display().to_string();
        let fail = |error| Error::io("create", &shown, error);
        fs::create_dir_all(&path).map_err(fail)?;
        let database = open(&path)?;
        database.insert(MARK_KEY, MARK.as_bytes()).map_err(|error| failure("write", &error))?;
        database.flush().map_err(|error| failure("sync", &error))?;
        // if we stop before the mark, the folder is nothing, and the next creation removes it
        let mut mark = File::create(path.join(MARK_FILE)).map_err(fail)?;
        mark.write_all(MARK.as_bytes()).and_then(|()| mark.sync_all()).map_err(fail)?;
        File::open(&path).and_then(|folder| folder.sync_all()).map_err(fail)?;
        self.sync()?;
        Ok(Box::new(Database(database)))
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.at(name)?;
        let shown = path.display().to_string();
        let fail = |error| Error::io("remove", &shown, error);
        // the mark goes first: half a database is none
        for gone in [fs::remove_file(path.join(MARK_FILE)), fs::remove_dir_all(&path)] {
            match gone {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(fail(error)),
                _ => {}
            }
        }
        self.sync()
    }

    fn names(&self) -> Result<Vec<String>> {
        let shown = self.root.display().to_string();
        let fail = |error| Error::io("list", &shown, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(fail)? {
            let name = entry.map_err(fail)?.file_name().into_string().unwrap_or_default();
            names.extend(name.strip_prefix(PREFIX).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }
}

const RESTORE: &str = "restore the vault with `ledger vault restore`; the log and its verdicts do \
                       not depend on it";

struct Database(::sled::Db);

impl Records for Database {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let found = self.0.get(key).map_err(|error| failure("read", &error))?;
        Ok(found.map(|value| value.to_vec()))
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>> {
        let from = after.unwrap_or(prefix).to_vec();
        let mut pairs = Vec::new();
        for pair in self.0.range(from..) {
            let (key, value) = pair.map_err(|error| failure("read", &error))?;
            if !key.starts_with(prefix) || pairs.len() == limit {
                break;
            }
            if after.is_none_or(|after| *key > *after) && *key != *MARK_KEY {
                pairs.push((key.to_vec(), value.to_vec()));
            }
        }
        Ok(pairs)
    }

    fn apply(&self, batch: Batch) -> Result<()> {
        let mut changes = ::sled::Batch::default();
        for (key, value) in batch.0 {
            match value {
                Some(value) => changes.insert(key, value),
                None => changes.remove(key),
            }
        }
        self.0.apply_batch(changes).map_err(|error| failure("write", &error))?;
        self.0.flush().map(drop).map_err(|error| failure("sync", &error))
    }
}

fn open(path: &Path) -> Result<::sled::Db> {
    remove_halves(path)?;
    let config = ::sled::Config::new()
        .path(path)
        .cache_capacity(CACHE)
        // no thread of its own decides when something is durable
        .flush_every_ms(None)
        .print_profile_on_drop(false);
    config.open().map_err(|error| failure("open", &error).at(path.display().to_string()))
}

/// Removes the halves of snapshots that an owner left who was killed while it wrote them. sled's own
/// lock is held meanwhile: what a living owner writes stays.
///
/// If we stop here, some of them are gone, and the next opening removes the others.
fn remove_halves(path: &Path) -> Result<()> {
    let failed = |error| Error::io("open", &path.display().to_string(), error);
    let lock = match File::open(path.join("db")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(failed)?,
    };
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => held(),
        TryLockError::Error(error) => failed(error),
    })?;
    for file in fs::read_dir(path).map_err(failed)? {
        let file = file.map_err(failed)?;
        let name = file.file_name();
        let name = name.to_str().unwrap_or_default();
        if name.starts_with("snap.") && name.ends_with(HALF) {
            fs::remove_file(file.path()).map_err(failed)?;
        }
    }
    Ok(())
}

fn held() -> Error {
    Error::unavailable("busy", "the database is held by another process")
}

fn failure(doing: &str, error: &::sled::Error) -> Error {
    match error {
        ::sled::Error::Corruption { .. } => damaged("the database is damaged"),
        // sled spells a lock that is held as an error of kind `Other`
        ::sled::Error::Io(source)
            if source.kind() == ErrorKind::WouldBlock
                || source.to_string().contains("could not acquire lock") =>
        {
            held()
        }
        error => {
            let error = Error::unavailable("database", format!("cannot {doing}: {error}"));
            if doing == "sync" { error.failed_sync() } else { error }
        }
    }
}

fn damaged(message: &str) -> Error {
    Error::unavailable("database-damaged", message).hint(RESTORE)
}
