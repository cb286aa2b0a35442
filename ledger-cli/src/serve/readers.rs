//! Ledgers that are open for reading, a few of them: a request takes one and brings it to the head.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ledger_core::ledger::Ledger;

use super::reply::Refused;
use crate::context::Folder;

/// After so long one is opened afresh: what it remembers of new entries is in the index by then.
const AGE: Duration = Duration::from_secs(20);

/// The open ledgers that nobody reads now.
pub(super) struct Readers {
    folder: Arc<Folder>,
    idle: Mutex<Vec<(Instant, Ledger)>>,
}

impl Readers {
    /// None is open yet.
    pub(super) fn new(folder: Arc<Folder>) -> Self {
        Self { folder, idle: Mutex::new(Vec::new()) }
    }

    /// Reads the ledger as it stands. Call it where the disk may be waited for.
    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&mut Ledger) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let (since, mut ledger) = match idle.filter(|(since, _)| since.elapsed() < AGE) {
            Some((since, mut ledger)) => {
                ledger.refresh()?;
                (since, ledger)
            }
            None => (Instant::now(), self.folder.open()?),
        };
        // one that met an error is not used again
        let done = read(&mut ledger)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((since, ledger));
        Ok(done)
    }
}
