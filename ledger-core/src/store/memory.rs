//! Files in memory: for tests, and for rebuilding a log to compare it.
//!
//! Nothing here is durable; `sync` has nothing to do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Lock, Store, check_folder, check_name};
use crate::error::{Error, Result};

/// Largest file, in bytes; writing past it is `no-space`, like a full disk.
pub const FILE_LIMIT: u64 = 1 << 32;

/// A store in memory; clones see the same files.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    inner: Arc<Inner>,
    patience: Duration,
}

#[derive(Debug, Default)]
struct Inner {
    files: Mutex<BTreeMap<String, File>>,
    locks: Mutex<BTreeSet<String>>,
    freed: Condvar,
}

#[derive(Clone, Debug, Default)]
struct File {
    bytes: Vec<u8>,
    sealed: bool,
}

impl Memory {
    /// An empty store that does not wait for locks.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same files, waiting up to `patience` for a lock.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// A copy of the files as they are now; later changes to either are not seen by the other.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        let files = Mutex::new(self.files().clone());
        let inner = Inner { files, ..Inner::default() };
        Self { inner: Arc::new(inner), patience: self.patience }
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, File>> {
        self.inner.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn len(&self, name: &str) -> Result<Option<u64>> {
        check_name(name)?;
        let files = self.files();
        no_folder(&files, name)?;
        Ok(files.get(name).map(|file| file.bytes.len() as u64))
    }

    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        check_name(name)?;
        let files = self.files();
        no_folder(&files, name)?;
        let file = files.get(name).ok_or_else(|| missing(name))?;
        let rest = usize::try_from(offset).ok().and_then(|start| file.bytes.get(start..));
        let rest = rest.unwrap_or_default();
        let count = rest.len().min(buf.len());
        buf.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(count)
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<()> {
        check_name(name)?;
        let mut files = self.files();
        no_folder(&files, name)?;
        folders_above(&files, name)?;
        let end = offset.checked_add(bytes.len() as u64).filter(|end| *end <= FILE_LIMIT);
        let (Some(end), Ok(start)) = (end, usize::try_from(offset)) else {
            return Err(Error::unavailable(
                "no-space",
                format!("cannot write `{name}`: it is full"),
            ));
        };
        let file = files.entry(name.to_owned()).or_default();
        if file.sealed {
            return Err(Error::unavailable(
                "read-only",
                format!("cannot write `{name}`: it is sealed"),
            ));
        }
        let end = usize::try_from(end).unwrap_or(usize::MAX);
        if file.bytes.len() < end && !bytes.is_empty() {
            file.bytes.resize(end, 0);
        }
        if let Some(place) = file.bytes.get_mut(start..end) {
            place.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn sync(&self, name: &str) -> Result<()> {
        check_name(name)?;
        self.files().get(name).map(|_| ()).ok_or_else(|| missing(name))
    }

    fn sync_dir(&self, dir: &str) -> Result<()> {
        check_folder(dir)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        check_name(from)?;
        check_name(to)?;
        let mut files = self.files();
        no_folder(&files, from)?;
        no_folder(&files, to)?;
        folders_above(&files, to)?;
        let file = files.remove(from).ok_or_else(|| missing(from))?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        check_name(name)?;
        let mut files = self.files();
        no_folder(&files, name)?;
        files.remove(name);
        Ok(())
    }

    fn list(&self, dir: &str) -> Result<Vec<String>> {
        check_folder(dir)?;
        let files = self.files();
        if files.contains_key(dir) {
            return Err(Error::unavailable(
                "not-a-folder",
                format!("`{dir}` is a file, not a folder"),
            ));
        }
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let inside =
            files.range(prefix.clone()..).map_while(|(name, _)| name.strip_prefix(&prefix));
        Ok(inside.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }

    fn seal(&self, name: &str) -> Result<()> {
        check_name(name)?;
        self.files().get_mut(name).ok_or_else(|| missing(name))?.sealed = true;
        Ok(())
    }

    fn lock(&self, name: &str) -> Result<Box<dyn Lock>> {
        check_name(name)?;
        self.files().entry(name.to_owned()).or_default();
        let locks = self.inner.locks.lock().unwrap_or_else(PoisonError::into_inner);
        let waited =
            self.inner.freed.wait_timeout_while(locks, self.patience, |l| l.contains(name));
        let (mut locks, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if !locks.insert(name.to_owned()) {
            return Err(Error::unavailable("busy", format!("`{name}` is held by another writer"))
                .hint("try again when it has finished"));
        }
        Ok(Box::new(Held { inner: Arc::clone(&self.inner), name: name.to_owned() }))
    }
}

struct Held {
    inner: Arc<Inner>,
    name: String,
}

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.inner.locks.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
        self.inner.freed.notify_all();
    }
}

fn missing(name: &str) -> Error {
    Error::unavailable("missing", format!("`{name}` does not exist"))
}

fn is_folder(files: &BTreeMap<String, File>, name: &str) -> bool {
    let prefix = format!("{name}/");
    files.range(prefix.clone()..).next().is_some_and(|(found, _)| found.starts_with(&prefix))
}

fn no_folder(files: &BTreeMap<String, File>, name: &str) -> Result<()> {
    if is_folder(files, name) {
        return Err(Error::unavailable("not-a-file", format!("`{name}` is a folder, not a file")));
    }
    Ok(())
}

fn folders_above(files: &BTreeMap<String, File>, name: &str) -> Result<()> {
    let ends = name.match_indices('/').filter_map(|(end, _)| name.get(..end));
    for above in ends {
        if files.contains_key(above) {
            return Err(Error::unavailable(
                "not-a-folder",
                format!("`{above}` is a file, not a folder"),
            ));
        }
    }
    Ok(())
}
