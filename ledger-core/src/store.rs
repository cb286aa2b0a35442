//! Where bytes are kept: named files in one flat folder tree, and nothing else.
//!
//! A [`Store`] knows no entry, no hash and no law. It is not trusted: what it returns is checked by
//! its readers. Names are relative paths with `/` (`entries/00000000000000000000.jsonl`); folders
//! come into being, durably, with their first file. Backends share no code; one contract suite
//! (feature `store-contract`) runs against each.
//!
//! Codes that every store uses: `store-name`, `missing`, `not-a-file`, `not-a-folder`, `read-only`,
//! `no-space`, `busy`, `sync`, and `io` for the rest.

#[cfg(feature = "store-contract")]
pub mod contract;
pub mod dir;
#[cfg(feature = "store-contract")]
pub mod faulty;
pub mod memory;
pub mod records;
#[cfg(feature = "store-contract")]
pub mod simulated;

use crate::error::{Error, Result};

/// Longest part of a name between two `/`, in bytes (the limit of common file systems).
pub const PART_LIMIT: usize = 255;
/// How often a file is looked at that changes while it is read.
const LOOKS: u32 = 16;

/// Bytes in named files. All methods may be called from several threads.
///
/// *Durability contract.* Nothing is durable until it is synced: the bytes of a file by
/// [`Store::sync`], the existence, name or absence of a file by [`Store::sync_dir`] on its folder.
/// Before that a crash may keep all, part or none of what was written, in any order.
/// After an error from `sync` the state of that file is unknown, and the call is never repeated.
pub trait Store: Send + Sync {
    /// Length of the file in bytes; none when it does not exist. Always looks afresh.
    fn len(&self, name: &str) -> Result<Option<u64>>;

    /// Fills `buf` from `offset`; returns how many bytes there were (fewer only at the end of file).
    /// A missing file is an error of code `missing`. A file that another process replaced or removed
    /// may still be read as it was, until [`Store::len`] or [`Store::lock`] looks again.
    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<usize>;

    /// Writes all `bytes` at `offset`, creating the file (and its folders) if needed, even for no
    /// bytes; a gap before `offset` reads as zeros. After an error any part of it may be written.
    /// Codes `read-only` (a sealed file too), `no-space`.
    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Makes the bytes of the file durable (fdatasync); code `sync` when it fails. Code `missing`.
    fn sync(&self, name: &str) -> Result<()>;

    /// Makes the names in the folder durable (fsync of the directory); `""` is the root; code `sync`
    /// when it fails. A folder that does not exist may be an error or not.
    fn sync_dir(&self, dir: &str) -> Result<()>;

    /// Puts the file `from` in the place of `to` (creating its folders), atomically. Code `missing`.
    fn rename(&self, from: &str, to: &str) -> Result<()>;

    /// Removes the file; removing a missing file is no error.
    fn remove(&self, name: &str) -> Result<()>;

    /// Names of the files directly in the folder, sorted, without the folder; empty when missing.
    fn list(&self, dir: &str) -> Result<Vec<String>>;

    /// Marks the file read-only (a sealed segment): it can still be renamed and removed, not written.
    /// Code `missing`.
    fn seal(&self, name: &str) -> Result<()>;

    /// Takes the exclusive lock on the file, waiting for other holders up to the store's patience;
    /// code `busy` when it does not come free. Released when the guard is dropped or its holder dies.
    fn lock(&self, name: &str) -> Result<Box<dyn Lock>>;
}

impl std::fmt::Debug for dyn Store + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

/// A held lock; dropping it releases it.
pub trait Lock: Send {}

/// Reads the whole file, or none when it does not exist. One that is replaced meanwhile is read as it
/// was or as it is, never a part of either; one that only grows, as far as it was at some moment.
pub fn read_all(store: &dyn Store, name: &str) -> Result<Option<Vec<u8>>> {
    let mut looks = 0;
    loop {
        let Some(length) = store.len(name)? else { return Ok(None) };
        let length = usize::try_from(length).unwrap_or(usize::MAX - 1);
        let mut bytes = read_range(store, name, 0, length + 1)?;
        looks += 1;
        if bytes.len() == length || (looks == LOOKS && bytes.len() > length) {
            bytes.truncate(length);
            return Ok(Some(bytes));
        }
        if looks == LOOKS {
            return Err(Error::unavailable("io", format!("`{name}` is replaced all the time")));
        }
    }
}

/// Reads `length` bytes from `offset`; fewer only when the file ends before.
pub fn read_range(store: &dyn Store, name: &str, offset: u64, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let count = store.read(name, offset, &mut bytes)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Replaces the file durably: temporary file, sync, rename, sync of the folder.
///
/// If we stop before the rename, the old file stands and a `.tmp` file is left, which every reader
/// ignores; after it, the new file stands whole.
pub fn replace(store: &dyn Store, name: &str, bytes: &[u8]) -> Result<()> {
    let temporary = format!("{name}.tmp");
    store.remove(&temporary)?;
    store.write(&temporary, 0, bytes)?;
    store.sync(&temporary)?;
    store.rename(&temporary, name)?;
    store.sync_dir(parent(name))
}

/// Refuses a name that could lead out of the store or mean two things; code `store-name`.
///
/// A name is parts of `[A-Za-z0-9._-]` joined by one `/` each, none of them `.` or `..`.
pub fn check_name(name: &str) -> Result<()> {
    let legal = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.len() <= PART_LIMIT
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    if name.split('/').all(legal) {
        return Ok(());
    }
    Err(Error::refused(
        "store-name",
        format!("`{}` is not a name of a file here", name.escape_debug()),
    ))
}

/// Like [`check_name`], for a folder: the empty name is the root.
pub fn check_folder(dir: &str) -> Result<()> {
    if dir.is_empty() { Ok(()) } else { check_name(dir) }
}

/// The folder part of a name; `""` for the root.
pub fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(dir, _)| dir)
}
