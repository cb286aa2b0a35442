//! Ledgers that are open for reading, a few of them: a request takes one and brings it to the head.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
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
        let known = idle.filter(|(since, _)| since.elapsed() < AGE);
        // files that were replaced since, as `ledger recover` does, look like damage to who has them open
        let known = known
            .and_then(|(since, mut ledger)| ledger.refresh().is_ok().then_some((since, ledger)));
        let (since, mut ledger) = match known {
            Some(known) => known,
            None => (Instant::now(), self.open()?),
        };
        // one that met an error is not used again
        let done = read(&mut ledger)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((since, ledger));
        Ok(done)
    }

    /// What keeps it from being opened is not about the request.
    fn open(&self) -> Result<Ledger, Refused> {
        let opened = self.folder.afresh().and_then(|folder| folder.open());
        opened.map_err(|failure| Refused::new(StatusCode::SERVICE_UNAVAILABLE, failure))
    }
}
