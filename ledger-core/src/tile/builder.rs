//! Making the tiles of a growing log.

use super::{HEIGHT, Part, TilePath, WIDTH};
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::tree::{Frontier, HashReader};

/// Takes leaves and gives tiles of hashes, each as soon as it is full; in memory are only the tiles
/// at the right edge, at most eight.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    size: u64,
    /// The hashes of the unfinished tile of each level, level 0 first.
    edge: Vec<Vec<Sha256>>,
}

impl Builder {
    /// For a log without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Continues a log of `size` entries, whose right edge is read; errors are the reader's.
    pub fn resume(size: u64, reader: &impl HashReader) -> Result<Self> {
        let mut builder = Self { size, edge: Vec::new() };
        for level in 0..HEIGHT {
            let count = size >> (level * HEIGHT);
            let first = count - count % u64::from(WIDTH);
            let hashes = (first..count).map(|index| reader.subtree(level * HEIGHT, index));
            builder.edge.push(hashes.collect::<Result<_>>()?);
        }
        Ok(builder)
    }

    /// How many entries the log has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the next leaf, given by its hash, and hands every tile that it fills to `full`, lower
    /// levels first; `tree-too-large`, and the errors of `full`, after which the builder is of no use.
    pub fn push(
        &mut self,
        leaf: Sha256,
        mut full: impl FnMut(TilePath, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let place = self.size;
        self.size = place
            .checked_add(1)
            .ok_or_else(|| Error::refused("tree-too-large", "a tree has at most 2^64-1 leaves"))?;
        let mut hash = leaf;
        for level in 0..HEIGHT {
            if self.edge.len() == usize::from(level) {
                self.edge.push(Vec::with_capacity(WIDTH.into()));
            }
            let Some(hashes) = self.edge.get_mut(usize::from(level)) else { break };
            hashes.push(hash);
            if hashes.len() < usize::from(WIDTH) {
                break;
            }
            let index = place.checked_shr(u32::from(HEIGHT) * (u32::from(level) + 1)).unwrap_or(0);
            full(TilePath::new(Part::Hashes(level), index, WIDTH)?, &bytes_of(hashes))?;
            let mut tile = Frontier::new();
            for hash in hashes.drain(..) {
                tile.push(hash)?;
            }
            hash = tile.root();
        }
        Ok(())
    }

    /// The partial tiles at the right edge, none of them empty.
    pub fn partial(&self) -> Vec<(TilePath, Vec<u8>)> {
        let edge = (0..HEIGHT).zip(&self.edge).filter(|(_, hashes)| !hashes.is_empty());
        edge.filter_map(|(level, hashes)| {
            let index = self.size.checked_shr(u32::from(HEIGHT) * (u32::from(level) + 1));
            let width = u16::try_from(hashes.len()).ok()?;
            let path = TilePath::new(Part::Hashes(level), index.unwrap_or(0), width).ok()?;
            Some((path, bytes_of(hashes)))
        })
        .collect()
    }
}

fn bytes_of(hashes: &[Sha256]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}
