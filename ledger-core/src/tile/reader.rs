//! Tiles as a source of hashes, and hashes as a source of tiles.

use std::sync::{Mutex, PoisonError};

use super::{HASH_BYTES, HEIGHT, Part, TilePath, WIDTH};
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::tree::{HashReader, Levels};

/// The bytes of a tile of hashes, from a source of complete subtrees; `tile-path` for a bundle or for
/// a level that no log has.
pub fn tile_bytes(path: &TilePath, reader: &impl HashReader) -> Result<Vec<u8>> {
    let Part::Hashes(level @ 0..HEIGHT) = path.part() else {
        return Err(Error::refused("tile-path", format!("`{path}` is no tile of hashes of a log")));
    };
    let first = path.index().checked_mul(WIDTH.into()).ok_or_else(|| {
        Error::refused("tile-path", format!("`{path}` is beyond the end of any log"))
    })?;
    let mut bytes = Vec::with_capacity(usize::from(path.width()) * HASH_BYTES);
    for offset in 0..u64::from(path.width()) {
        bytes.extend_from_slice(&reader.subtree(level * HEIGHT, first + offset)?.0);
    }
    Ok(bytes)
}

/// The tiles of a log of a given size, read as complete subtrees.
///
/// `read` gives the bytes of a tile, or none when there is no such file; when a partial tile is
/// missing the full one is asked for. Nothing read is believed: a proof or a root that is made from it
/// is judged against a signed root.
#[derive(Debug)]
pub struct Tiles<F> {
    size: u64,
    read: F,
    /// The tile read last: a path to the root asks for several hashes of the same one.
    last: Mutex<Option<(TilePath, Vec<u8>)>>,
}

impl<F: Fn(&TilePath) -> Result<Option<Vec<u8>>>> Tiles<F> {
    /// The tiles of a log of `size` entries.
    pub fn new(size: u64, read: F) -> Self {
        Self { size, read, last: Mutex::new(None) }
    }

    /// The hashes of the tile at `index` of `level`; codes `tile-missing`, `tile-length`.
    fn hashes<T>(&self, level: u8, index: u64, take: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let beyond = || Error::refused("tile-beyond", "the log has no such tile");
        let count = self.size.checked_shr(u32::from(level) * u32::from(HEIGHT)).unwrap_or(0);
        let before = index.checked_mul(WIDTH.into()).ok_or_else(beyond)?;
        let width = count.saturating_sub(before).min(WIDTH.into());
        let width = u16::try_from(width).map_err(|_| beyond())?;
        let path = TilePath::new(Part::Hashes(level), index, width).map_err(|_| beyond())?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, bytes)) = last.as_ref()
            && *known == path
        {
            return Ok(take(bytes));
        }
        let bytes = self.fetch(&path)?;
        let (_, bytes) = last.insert((path, bytes));
        Ok(take(bytes))
    }

    fn fetch(&self, path: &TilePath) -> Result<Vec<u8>> {
        let mut found = ((self.read)(path)?, path.width());
        if found.0.is_none() && path.is_partial() {
            found = ((self.read)(&path.full())?, WIDTH);
        }
        let (Some(mut bytes), width) = found else {
            return Err(Error::unavailable("tile-missing", format!("there is no tile `{path}`")));
        };
        if bytes.len() != usize::from(width) * HASH_BYTES {
            return Err(Error::malformed(
                "tile-length",
                format!("tile `{path}` does not have {HASH_BYTES} bytes for each hash"),
            ));
        }
        bytes.truncate(usize::from(path.width()) * HASH_BYTES);
        Ok(bytes)
    }
}

impl<F: Fn(&TilePath) -> Result<Option<Vec<u8>>>> HashReader for Tiles<F> {
    /// Joins the hashes of one tile; codes `tile-beyond` (the log does not have the subtree whole),
    /// `tile-missing`, `tile-length`, and those of `read`.
    fn subtree(&self, level: u8, index: u64) -> Result<Sha256> {
        let beyond = || {
            Error::refused(
                "tile-beyond",
                format!("a log of {} entries has no subtree {index} of level {level}", self.size),
            )
        };
        let whole = self.size.checked_shr(level.into()).unwrap_or(0);
        if index >= whole {
            return Err(beyond());
        }
        // The subtree is 2^above hashes of its tile, the first of them at `first` in its level.
        let above = level % HEIGHT;
        let first = index << above;
        let place = usize::try_from(first % u64::from(WIDTH)).map_err(|_| beyond())?;
        self.hashes(level / HEIGHT, first / u64::from(WIDTH), |bytes| {
            let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
            let within = hashes.iter().skip(place).take(1 << above).copied().map(Sha256);
            let joined: Levels = within.collect();
            joined.subtree(above, 0)
        })?
    }
}
