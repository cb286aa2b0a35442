//! A store that cannot be written: what looks after a ledger must not change it.

use std::sync::Arc;

use ledger_core::error::{Error, Result};
use ledger_core::store::{Lock, Store};

/// Reads what is there; every other call is refused, code `read-only`.
pub(super) struct Closed(pub(super) Arc<dyn Store>);

fn refused(name: &str) -> Error {
    Error::unavailable("read-only", format!("`{name}` is only looked at"))
}

impl Store for Closed {
    fn len(&self, name: &str) -> Result<Option<u64>> {
        self.0.len(name)
    }

    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.0.read(name, offset, buf)
    }

    fn write(&self, name: &str, _: u64, _: &[u8]) -> Result<()> {
        Err(refused(name))
    }

    fn sync(&self, name: &str) -> Result<()> {
        Err(refused(name))
    }

    fn sync_dir(&self, dir: &str) -> Result<()> {
        Err(refused(dir))
    }

    fn rename(&self, from: &str, _: &str) -> Result<()> {
        Err(refused(from))
    }

    fn remove(&self, name: &str) -> Result<()> {
        Err(refused(name))
    }

    fn list(&self, dir: &str) -> Result<Vec<String>> {
        self.0.list(dir)
    }

    fn seal(&self, name: &str) -> Result<()> {
        Err(refused(name))
    }

    fn lock(&self, name: &str) -> Result<Box<dyn Lock>> {
        Err(refused(name))
    }
}
