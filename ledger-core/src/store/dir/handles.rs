//! The open files of a folder: a bounded cache for reading, a memory of what is not yet synced.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most files kept open only to be read again: those of an index that waits for its merges, and
/// well below the 1,024 that a process usually may have.
const CLEAN_LIMIT: usize = 256;

/// An open file; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Handle(Arc<Open>);

#[derive(Debug)]
struct Open {
    file: File,
    writable: bool,
    sealed: AtomicBool,
    /// Written since the last sync began.
    dirty: AtomicBool,
    /// A sync failed: the pages may be marked clean without being on the disk.
    failed: AtomicBool,
}

impl Handle {
    fn new(file: File, writable: bool) -> Self {
        let [sealed, dirty, failed] = [false; 3].map(AtomicBool::new);
        Self(Arc::new(Open { file, writable, sealed, dirty, failed }))
    }

    pub(super) fn file(&self) -> &File {
        &self.0.file
    }

    /// Syncs the bytes; once it has failed it fails for ever, since a second fsync may lie.
    pub(super) fn sync(&self) -> io::Result<()> {
        if self.0.failed.load(Ordering::SeqCst) {
            return Err(io::Error::other("an earlier sync of it failed"));
        }
        // cleared before, so that a write during the sync counts as unsynced
        self.0.dirty.store(false, Ordering::SeqCst);
        self.0.file.sync_data().inspect_err(|_| self.0.failed.store(true, Ordering::SeqCst))
    }

    fn pinned(&self) -> bool {
        self.0.dirty.load(Ordering::SeqCst) || self.0.failed.load(Ordering::SeqCst)
    }

    fn is(&self, found: &Metadata) -> bool {
        let own = self.0.file.metadata();
        own.is_ok_and(|own| (own.dev(), own.ino()) == (found.dev(), found.ino()))
    }
}

/// All open files and folders of one store.
#[derive(Debug, Default)]
pub(super) struct Handles {
    open: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    files: HashMap<String, (Handle, u64)>,
    folders: HashMap<String, Folder>,
    clock: u64,
}

#[derive(Debug)]
struct Folder {
    file: Arc<File>,
    failed: bool,
}

impl Handles {
    /// The open file, or a new one from `open`.
    pub(super) fn reader(
        &self,
        name: &str,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<Handle> {
        let mut table = self.table();
        if let Some(handle) = table.get(name) {
            return Ok(handle);
        }
        Ok(table.put(name, Handle::new(open()?, false)))
    }

    /// The open file if it can write, or a new one from `open`; marked as unsynced.
    pub(super) fn writer(
        &self,
        name: &str,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<Handle> {
        let known = self.table().get(name).filter(|handle| handle.0.writable);
        // opened without the table held: making its folder takes the table too
        let fresh = if known.is_none() { Some(Handle::new(open()?, true)) } else { None };
        let mut table = self.table();
        let handle = match (table.get(name), fresh) {
            // another thread was faster: its handle is the one that remembers
            (Some(handle), _) if handle.0.writable => handle,
            (before, Some(fresh)) => {
                let failed = before.is_some_and(|before| before.0.failed.load(Ordering::SeqCst));
                fresh.0.failed.store(failed, Ordering::SeqCst);
                table.put(name, fresh)
            }
            (_, None) => known.ok_or(io::ErrorKind::NotFound)?,
        };
        if handle.0.sealed.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        handle.0.dirty.store(true, Ordering::SeqCst);
        Ok(handle)
    }

    /// Keeps the handle only if it still is the file that has the name now.
    pub(super) fn keep_only(&self, name: &str, found: &Metadata) {
        let mut table = self.table();
        if table.files.get(name).is_some_and(|(handle, _)| !handle.is(found)) {
            table.files.remove(name);
        }
    }

    pub(super) fn forget_clean(&self, name: &str) {
        let mut table = self.table();
        if table.files.get(name).is_some_and(|(handle, _)| !handle.pinned()) {
            table.files.remove(name);
        }
    }

    pub(super) fn forget_all_clean(&self) {
        self.table().files.retain(|_, (handle, _)| handle.pinned());
    }

    pub(super) fn removed(&self, name: &str) {
        self.table().files.remove(name);
    }

    /// The file keeps its handle under its new name: its bytes may still be unsynced.
    pub(super) fn renamed(&self, from: &str, to: &str) {
        let mut table = self.table();
        table.files.remove(to);
        if let Some(handle) = table.files.remove(from) {
            table.files.insert(to.to_owned(), handle);
        }
    }

    pub(super) fn sealed(&self, name: &str) {
        if let Some(handle) = self.table().get(name) {
            handle.0.sealed.store(true, Ordering::SeqCst);
        }
        self.forget_clean(name);
    }

    /// Opens the folder before a name in it changes, so that no error between is lost.
    pub(super) fn hold_folder(
        &self,
        dir: &str,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<()> {
        let mut table = self.table();
        if !table.folders.contains_key(dir) {
            let folder = Folder { file: Arc::new(open()?), failed: false };
            table.folders.insert(dir.to_owned(), folder);
        }
        Ok(())
    }

    /// Syncs the names in the folder and lets go of it; once it has failed it fails for ever.
    pub(super) fn sync_folder(
        &self,
        dir: &str,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<()> {
        let held =
            self.table().folders.get(dir).map(|folder| (folder.failed, Arc::clone(&folder.file)));
        let file = match held {
            Some((true, _)) => return Err(io::Error::other("an earlier sync of it failed")),
            Some((false, file)) => file,
            None => Arc::new(open()?),
        };
        let synced = file.sync_all();
        let mut table = self.table();
        match (&synced, table.folders.get_mut(dir)) {
            (Ok(()), _) => {
                table.folders.remove(dir);
            }
            (Err(_), Some(folder)) => folder.failed = true,
            (Err(_), None) => {
                table.folders.insert(dir.to_owned(), Folder { file, failed: true });
            }
        }
        synced
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn get(&mut self, name: &str) -> Option<Handle> {
        self.clock += 1;
        let (handle, used) = self.files.get_mut(name)?;
        *used = self.clock;
        Some(handle.clone())
    }

    fn put(&mut self, name: &str, handle: Handle) -> Handle {
        let clean = self.files.values().filter(|(handle, _)| !handle.pinned()).count();
        if clean >= CLEAN_LIMIT {
            let clean = self.files.iter().filter(|(_, (handle, _))| !handle.pinned());
            let oldest = clean.min_by_key(|(_, (_, used))| *used).map(|(name, _)| name.clone());
            oldest.and_then(|name| self.files.remove(&name));
        }
        self.clock += 1;
        self.files.insert(name.to_owned(), (handle.clone(), self.clock));
        handle
    }
}
