//! All complete subtrees of a tree, in memory.

use super::{HashReader, node_hash};
use crate::error::{Error, Result};
use crate::hash::Sha256;

/// A tree that keeps every complete subtree: 64 bytes per leaf. For packages, tests and small logs;
/// large logs keep tiles.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    levels: Vec<Vec<Sha256>>,
}

impl Levels {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Adds the next leaf, given by its hash.
    pub fn push(&mut self, leaf: Sha256) {
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            row.push(hash);
            match row.as_slice() {
                [.., left, right] if row.len().is_multiple_of(2) => hash = node_hash(left, right),
                _ => return,
            }
        }
    }
}

impl FromIterator<Sha256> for Levels {
    fn from_iter<I: IntoIterator<Item = Sha256>>(leaves: I) -> Self {
        let mut levels = Self::new();
        leaves.into_iter().for_each(|leaf| levels.push(leaf));
        levels
    }
}

impl HashReader for Levels {
    /// The subtree; `tree-missing` when the tree does not contain it whole.
    fn subtree(&self, level: u8, index: u64) -> Result<Sha256> {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.levels.get(usize::from(level))?.get(index))
            .copied()
            .ok_or_else(|| {
                Error::unavailable(
                    "tree-missing",
                    format!("no complete subtree {index} of level {level} in this tree"),
                )
            })
    }
}
