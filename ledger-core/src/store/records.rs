//! Small databases beside the files: sorted keys and values that change together or not at all.
//!
//! The vault keeps keys and positions in one of them. A [`Databases`] is a place that holds several
//! by name, so that one can be written anew beside another and take its place; it is a store module
//! because a database touches its files itself. Backends: [`sled`] on disk, `memory` for tests.
//!
//! Codes that every backend uses: `database-version` (made by another version, or not by us),
//! `database` (it cannot be read or written), `database-damaged`.

#[cfg(feature = "store-contract")]
pub mod memory;
pub mod sled;

use crate::error::Result;

/// Changes that happen together: each key gets its value, or goes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Batch(pub Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl Batch {
    /// Gives the key this value.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.0.push((key, Some(value)));
    }

    /// Takes the key out.
    pub fn remove(&mut self, key: Vec<u8>) {
        self.0.push((key, None));
    }
}

/// Shows how many changes there are, none of them.
impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Batch({})", self.0.len())
    }
}

/// One key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// One open database; all methods may be called from several threads.
pub trait Records: Send + Sync {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// At most `limit` pairs whose keys begin with `prefix` and come after `after`, ascending.
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>>;

    /// Applies the batch, all or nothing, and returns when it is durable.
    fn apply(&self, batch: Batch) -> Result<()>;
}

impl std::fmt::Debug for dyn Records + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Records")
    }
}

/// A place that holds databases by name (`[a-z0-9-]+`).
pub trait Databases: Send + Sync {
    /// Opens a database that is there; code `database-missing` when it is not.
    fn open(&self, name: &str) -> Result<Box<dyn Records>>;

    /// Makes an empty one; whatever had the name before is gone.
    fn create(&self, name: &str) -> Result<Box<dyn Records>>;

    /// Removes one with all its bytes, durably; a missing one is no error.
    fn remove(&self, name: &str) -> Result<()>;

    /// The names of those that are there, sorted.
    fn names(&self) -> Result<Vec<String>>;
}

impl std::fmt::Debug for dyn Databases + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Databases")
    }
}
