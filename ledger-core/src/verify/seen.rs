//! What producers had seen: each names a checkpoint, and so is a light witness of it.
//!
//! Claims are few, one for each checkpoint that somebody saw; most are of checkpoints that the
//! archive has. The others are answered at the end by reading the lines once more.

use std::collections::{BTreeMap, HashMap};

use crate::error::Result;
use crate::event::Seen;
use crate::hash::Sha256;
use crate::segment::{Blocks, Place};
use crate::store::Store;
use crate::tree::{Frontier, leaf_hash};

/// (size, root) → the first entry that claims it, and how many do.
#[derive(Default)]
pub(super) struct Claims(BTreeMap<(u64, [u8; 32]), (u64, u64)>);

impl Claims {
    /// Notes what the entry's producer had seen.
    pub(super) fn claim(&mut self, seen: Seen, index: u64) {
        self.0.entry((seen.size, seen.root.0)).or_insert((index, 0)).1 += 1;
    }

    /// The claims that are not true: the first entry that makes each, and why. `known` are roots of
    /// these very lines.
    pub(super) fn answer(
        mut self,
        store: &dyn Store,
        known: &HashMap<u64, Sha256>,
    ) -> Result<Vec<(u64, String)>> {
        self.0.retain(|(size, root), _| known.get(size).is_none_or(|known| known.0 != *root));
        let mut tree = Frontier::new();
        let mut lines = Lines::new(store);
        let mut false_claims = Vec::new();
        for ((size, claimed), (index, count)) in &self.0 {
            while tree.size() < *size {
                let Some(leaf) = lines.next_leaf()? else { break };
                tree.push(leaf)?;
            }
            if tree.size() != *size || tree.root().0 != *claimed {
                false_claims.push((
                    *index,
                    format!(
                        "its producer had seen another root of {size} entries ({count} event(s) say so): the log was forked or changed"
                    ),
                ));
            }
        }
        Ok(false_claims)
    }
}

/// The leaves of the log, read again from the beginning, only as far as they are asked for.
struct Lines<'s> {
    store: &'s dyn Store,
    blocks: Option<Blocks<'s>>,
    ready: std::vec::IntoIter<Sha256>,
}

impl<'s> Lines<'s> {
    fn new(store: &'s dyn Store) -> Self {
        Self { store, blocks: None, ready: Vec::new().into_iter() }
    }

    fn next_leaf(&mut self) -> Result<Option<Sha256>> {
        loop {
            if let Some(leaf) = self.ready.next() {
                return Ok(Some(leaf));
            }
            if self.blocks.is_none() {
                let start = Place { segment: 0, offset: 0 };
                self.blocks = Some(Blocks::new(self.store, start, None)?);
            }
            let Some(blocks) = &mut self.blocks else { return Ok(None) };
            let Some(block) = blocks.next_block()? else { return Ok(None) };
            let leaves: Vec<Sha256> =
                block.lines.iter().map(|range| leaf_hash(block.line(range))).collect();
            self.ready = leaves.into_iter();
        }
    }
}
