//! A store that fails on purpose, at the n-th call (feature `store-contract`).
//!
//! An operation that reports failure may have happened or not; code is right only if it survives
//! both. See also [`super::simulated`] for what a power cut leaves.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Lock, Store};
use crate::error::{Error, Result};

/// What became of the operation that reports failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was done.
    Lost,
    /// It was done all the same.
    Done,
    /// Of a write, the first half was done; any other operation is lost.
    Half,
}

/// Why it says that it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// EIO, code `io`.
    Io,
    /// ENOSPC, code `no-space`.
    Full,
}

/// One planned failure.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Which call fails, counted from 0.
    pub at: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// What it reports.
    pub cause: Cause,
    /// Whether every call after it fails too, losing its operation (a disk that has gone away).
    pub lasting: bool,
}

/// Any store, failing as planned. Every method call counts, reading ones too.
pub struct Faulty {
    inner: Arc<dyn Store>,
    fault: Mutex<Option<Fault>>,
    calls: AtomicU64,
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faulty")
            .field("fault", &self.fault)
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

impl Faulty {
    /// A store that only counts, until [`Faulty::plan`].
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, fault: Mutex::new(None), calls: AtomicU64::new(0) }
    }

    /// A store that fails as planned.
    pub fn failing(inner: Arc<dyn Store>, fault: Fault) -> Self {
        let store = Self::new(inner);
        store.plan(Some(fault));
        store
    }

    /// Starts counting at 0 again, with this failure ahead, or none.
    pub fn plan(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        self.calls.store(0, Ordering::SeqCst);
    }

    /// How many calls there were since the last plan.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Runs the operation, unless its turn to fail has come.
    fn run<T>(
        &self,
        what: &str,
        name: &str,
        operation: impl FnOnce(bool) -> Result<T>,
    ) -> Result<T> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let fault = *self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(fault) =
            fault.filter(|fault| call == fault.at || fault.lasting && call > fault.at)
        else {
            return operation(true);
        };
        if call == fault.at {
            match fault.outcome {
                Outcome::Lost => {}
                Outcome::Done => drop(operation(true)?),
                Outcome::Half => drop(operation(false)?),
            }
        }
        let error = match fault.cause {
            Cause::Io => Error::io(what, name, io::Error::from_raw_os_error(5)),
            Cause::Full => {
                Error::unavailable("no-space", format!("cannot {what} `{name}`: the disk is full"))
            }
        };
        Err(if what == "sync" { error.failed_sync() } else { error })
    }
}

impl Store for Faulty {
    fn len(&self, name: &str) -> Result<Option<u64>> {
        self.run("look at", name, |_| self.inner.len(name))
    }

    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.run("read", name, |_| self.inner.read(name, offset, buf))
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<()> {
        self.run("write", name, |whole| {
            let count = if whole { bytes.len() } else { bytes.len() / 2 };
            self.inner.write(name, offset, bytes.get(..count).unwrap_or(bytes))
        })
    }

    fn sync(&self, name: &str) -> Result<()> {
        self.run("sync", name, |whole| if whole { self.inner.sync(name) } else { Ok(()) })
    }

    fn sync_dir(&self, dir: &str) -> Result<()> {
        self.run("sync", dir, |whole| if whole { self.inner.sync_dir(dir) } else { Ok(()) })
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.run("rename", from, |whole| if whole { self.inner.rename(from, to) } else { Ok(()) })
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.run("remove", name, |whole| if whole { self.inner.remove(name) } else { Ok(()) })
    }

    fn list(&self, dir: &str) -> Result<Vec<String>> {
        self.run("list", dir, |_| self.inner.list(dir))
    }

    fn seal(&self, name: &str) -> Result<()> {
        self.run("seal", name, |whole| if whole { self.inner.seal(name) } else { Ok(()) })
    }

    fn lock(&self, name: &str) -> Result<Box<dyn Lock>> {
        self.run("lock", name, |_| self.inner.lock(name))
    }
}
