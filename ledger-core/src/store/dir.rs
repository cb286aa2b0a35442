//! Files in a folder of the operating system: the store of a real ledger.
//!
//! What the kernel forgets, this module remembers. A failed write-back is reported only to handles
//! that were open when it happened, and once (Rebello et al., "Can Applications Recover from fsync
//! Failures?", 2020). So the handle that wrote a file stays open until its bytes are synced, the
//! handle of a folder is opened before a name in it changes, and after a failed sync every later
//! sync of the same file fails too, until the file is removed or renamed away.

mod handles;
mod lock;

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use self::handles::Handles;
use super::{Lock, Store, check_folder, check_name, parent};
use crate::error::{Error, Result};

/// A folder; several processes may use it at once.
#[derive(Debug)]
pub struct Dir {
    root: PathBuf,
    patience: Duration,
    handles: Handles,
    /// The folders that were made, or found with something in them: they are durable.
    made: Mutex<BTreeSet<String>>,
}

impl Dir {
    /// The store in an existing folder; creates nothing. A lock is waited for up to `patience`.
    /// Codes `missing`, `not-a-folder`.
    pub fn open(path: impl Into<PathBuf>, patience: Duration) -> Result<Self> {
        let root = path.into();
        let shown = root.display().to_string();
        let found = fs::metadata(&root).map_err(|error| failure("open", &shown, error))?;
        if !found.is_dir() {
            return Err(not_a_folder(&shown));
        }
        Ok(Self { root, patience, handles: Handles::default(), made: Mutex::default() })
    }

    /// Makes the folder (and those above it), durably, unless it is there, and opens it.
    pub fn create(path: impl Into<PathBuf>, patience: Duration) -> Result<Self> {
        let root = path.into();
        make_folders(&root)
            .map_err(|error| writing_failure("create", &root.display().to_string(), error))?;
        Self::open(root, patience)
    }

    /// Where the folder is.
    pub fn path(&self) -> &Path {
        &self.root
    }

    fn at(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.root.clone() } else { self.root.join(name) }
    }

    /// Makes the folder of `name`, and keeps it open from before the name changes.
    fn hold_folder(&self, name: &str) -> io::Result<()> {
        let dir = parent(name);
        self.handles.hold_folder(dir, || {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            if made.contains(dir) {
                match File::open(self.at(dir)) {
                    // somebody took it away: it is made again
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    opened => return opened,
                }
            }
            make_folders(&self.at(dir))?;
            made.insert(dir.to_owned());
            File::open(self.at(dir))
        })
    }

    /// A handle that can write: the one that wrote before, or a new one.
    fn writer(&self, name: &str) -> Result<handles::Handle> {
        let open = || {
            let path = self.at(name);
            match fs::metadata(&path) {
                Ok(found) if found.is_dir() => return Err(ErrorKind::IsADirectory.into()),
                // the superuser is not stopped by the mode, so ask for it
                Ok(found) if found.permissions().readonly() => {
                    return Err(ErrorKind::PermissionDenied.into());
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => self.hold_folder(name)?,
                Err(error) => return Err(error),
            }
            File::options().read(true).write(true).create(true).truncate(false).open(path)
        };
        self.handles.writer(name, open).map_err(|error| writing_failure("write", name, error))
    }
}

impl Store for Dir {
    fn len(&self, name: &str) -> Result<Option<u64>> {
        check_name(name)?;
        match fs::metadata(self.at(name)) {
            Ok(found) if found.is_dir() => Err(not_a_file(name)),
            Ok(found) => {
                self.handles.keep_only(name, &found);
                Ok(Some(found.len()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.handles.forget_clean(name);
                Ok(None)
            }
            Err(error) => Err(failure("look at", name, error)),
        }
    }

    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        check_name(name)?;
        let open = || {
            // a pipe would block, a folder opens and then cannot be read: ask before opening
            let found = fs::metadata(self.at(name))?;
            if !found.is_file() {
                return Err(ErrorKind::IsADirectory.into());
            }
            File::open(self.at(name))
        };
        let handle =
            self.handles.reader(name, open).map_err(|error| failure("read", name, error))?;
        read_full(handle.file(), offset, buf).map_err(|error| failure("read", name, error))
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<()> {
        check_name(name)?;
        let handle = self.writer(name)?;
        handle
            .file()
            .write_all_at(bytes, offset)
            .map_err(|error| writing_failure("write", name, error))
    }

    fn sync(&self, name: &str) -> Result<()> {
        check_name(name)?;
        let open = || File::open(self.at(name));
        let handle =
            self.handles.reader(name, open).map_err(|error| failure("sync", name, error))?;
        handle.sync().map_err(|error| writing_failure("sync", name, error).failed_sync())
    }

    fn sync_dir(&self, dir: &str) -> Result<()> {
        check_folder(dir)?;
        let open = || File::open(self.at(dir));
        let shown = if dir.is_empty() { "." } else { dir };
        self.handles
            .sync_folder(dir, open)
            .map_err(|error| writing_failure("sync", shown, error).failed_sync())
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        check_name(from)?;
        check_name(to)?;
        let fail = |error| writing_failure("rename", from, error);
        match fs::metadata(self.at(from)) {
            Ok(found) if found.is_dir() => return Err(not_a_file(from)),
            Ok(_) => {}
            Err(error) => return Err(failure("rename", from, error)),
        }
        self.hold_folder(from).map_err(fail)?;
        self.hold_folder(to).map_err(fail)?;
        fs::rename(self.at(from), self.at(to)).map_err(fail)?;
        self.handles.renamed(from, to);
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        check_name(name)?;
        match fs::metadata(self.at(name)) {
            Ok(found) if found.is_dir() => return Err(not_a_file(name)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.handles.removed(name);
                return Ok(());
            }
            _ => {}
        }
        let fail = |error| writing_failure("remove", name, error);
        self.hold_folder(name).map_err(fail)?;
        match fs::remove_file(self.at(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(fail(error)),
            _ => {
                self.handles.removed(name);
                Ok(())
            }
        }
    }

    fn list(&self, dir: &str) -> Result<Vec<String>> {
        check_folder(dir)?;
        let fail = |error| failure("list", dir, error);
        let entries = match fs::read_dir(self.at(dir)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(fail)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(fail)?;
            let folder = entry.file_type().map_err(fail)?.is_dir();
            // a name that no store writes is somebody else's file
            let name = entry.file_name().into_string().unwrap_or_default();
            if !folder && check_name(&name).is_ok() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn seal(&self, name: &str) -> Result<()> {
        check_name(name)?;
        let sealed = fs::set_permissions(self.at(name), Permissions::from_mode(0o444));
        sealed.map_err(|error| writing_failure("seal", name, error))?;
        self.handles.sealed(name);
        Ok(())
    }

    fn lock(&self, name: &str) -> Result<Box<dyn Lock>> {
        check_name(name)?;
        let fail = |error| writing_failure("lock", name, error);
        let path = self.at(name);
        let options =
            || File::options().read(true).write(true).create(true).truncate(false).clone();
        let file = match options().open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.hold_folder(name).and_then(|()| options().open(&path))
            }
            file => file,
        };
        let file = file.map_err(fail)?;
        let held = lock::take(file, self.patience).map_err(|denied| match denied {
            lock::Denied::Busy => busy(name),
            lock::Denied::Failed(error) => fail(error),
        })?;
        // whoever held it before us may have renamed files
        self.handles.forget_all_clean();
        Ok(Box::new(held))
    }
}

fn read_full(file: &File, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    if i64::try_from(offset.saturating_add(buf.len() as u64)).is_err() {
        // the kernel calls it an invalid argument; no file reaches there
        return Ok(0);
    }
    let mut done = 0;
    while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(done as u64)) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Makes the missing folders from the top, each synced into the folder above it before the next.
///
/// Whoever stopped between making and syncing left an empty folder: syncing that one again is what
/// makes it safe to put a file there.
fn make_folders(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    let above = path
        .parent()
        .map(|above| if above.as_os_str().is_empty() { Path::new(".") } else { above });
    match fs::read_dir(path).map(|mut inside| inside.next().is_none()) {
        Ok(false) => return Ok(()),
        Ok(true) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            above.map_or(Ok(()), make_folders)?;
            match DirBuilder::new().create(path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => made?,
            }
        }
        Err(error) => return Err(error),
    }
    above.map_or(Ok(()), |above| File::open(above)?.sync_all())
}

fn not_a_file(name: &str) -> Error {
    Error::unavailable("not-a-file", format!("`{name}` is a folder, not a file"))
}

fn not_a_folder(name: &str) -> Error {
    Error::unavailable("not-a-folder", format!("`{name}` is a file, not a folder"))
}

fn busy(name: &str) -> Error {
    Error::unavailable("busy", format!("`{name}` is held by another process"))
        .hint("another command is writing here; try again when it has finished")
}

fn failure(doing: &str, name: &str, error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => Error::unavailable("missing", format!("`{name}` does not exist")),
        ErrorKind::IsADirectory => {
            Error::unavailable("not-a-file", format!("`{name}` is not a plain file"))
        }
        ErrorKind::NotADirectory => Error::unavailable(
            "not-a-folder",
            format!("cannot {doing} `{name}`: a part of its path is a file, not a folder"),
        ),
        _ => Error::io(doing, name, error),
    }
}

fn writing_failure(doing: &str, name: &str, error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Error::unavailable("no-space", format!("cannot {doing} `{name}`: the disk is full"))
                .hint("free some space; what was acknowledged before is not touched")
        }
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Error::unavailable(
            "read-only",
            format!("cannot {doing} `{name}`: it may not be written"),
        )
        .hint("check the owner and the permissions of the ledger's folder"),
        _ => failure(doing, name, error),
    }
}
