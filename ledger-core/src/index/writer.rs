//! Adding runs and merging them.

use std::fmt;
use std::sync::Arc;

use super::cover::Cover;
use super::{Batch, FOLDER, LOCK, Span, merge};
use crate::error::Result;
use crate::store::{Lock, Store};

/// The one writer of the index; it holds [`LOCK`] while it lives.
///
/// Every step is a temporary file and a rename: whenever it stops, the index can be read.
pub struct Writer {
    store: Arc<dyn Store>,
    _lock: Box<dyn Lock>,
}

impl Writer {
    /// Takes the lock, waiting as long as the store does; code `busy`.
    pub fn open(store: Arc<dyn Store>) -> Result<Self> {
        let lock = store.lock(LOCK)?;
        Ok(Self { store, _lock: lock })
    }

    /// Writes a run of the batch, durably; the batch may follow what [`super::Index::covered`]
    /// says *after* the lock was taken, or fill the place of a run that was damaged. Code
    /// `index-batch` when it has no entry.
    pub fn write(&self, batch: Batch) -> Result<Span> {
        batch.write(self.store.as_ref())
    }

    /// Merges the adjacent runs where that saves most for its work, if together they cover no more
    /// than `max_entries`; false when nothing is left to merge. At most 16 MiB of memory.
    pub fn merge_step(&self, max_entries: u64) -> Result<bool> {
        let store = self.store.as_ref();
        let cover = Cover::read(store, u64::MAX)?;
        let Some(window) = merge::choose(&cover.runs, max_entries) else { return Ok(false) };
        merge::merge(store, window)?;
        // durable now: the runs it was made of may go
        window.iter().try_for_each(|run| store.remove(&run.name))?;
        Ok(true)
    }

    /// Removes what is not used: what crashes left, merged runs, damaged ones. How many files.
    pub fn tidy(&self) -> Result<usize> {
        let Cover { bad, idle, .. } = Cover::read(self.store.as_ref(), u64::MAX)?;
        let unused: Vec<_> = bad.into_iter().chain(idle).collect();
        unused.iter().try_for_each(|name| self.store.remove(name))?;
        Ok(unused.len())
    }

    /// Removes the whole index; nothing is lost, it is derived.
    pub fn delete(&self) -> Result<()> {
        for file in self.store.list(FOLDER)? {
            let name = format!("{FOLDER}/{file}");
            if name != LOCK {
                self.store.remove(&name)?;
            }
        }
        self.store.sync_dir(FOLDER)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
