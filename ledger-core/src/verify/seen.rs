//! What producers had seen: each names a checkpoint, and so is a light witness of it.
//!
//! A claim (size, root) is answered at the end: the root of every size can be made again from the
//! complete subtrees of 256 leaves, kept while reading, and at most 255 lines read once more.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::event::Seen;
use crate::hash::Sha256;
use crate::segment::{Block, Blocks, Place};
use crate::store::Store;
use crate::tree::{Frontier, Span, leaf_hash};

use super::window::Line;

/// Leaves of one kept subtree.
const WIDTH: u64 = 256;

/// Claims and what answers them; 48 bytes for 256 entries, and one claim per checkpoint seen.
#[derive(Default)]
pub(super) struct Claims {
    /// (size, root) → the first entry that claims it, and how many do.
    made: BTreeMap<(u64, [u8; 32]), (u64, u64)>,
    /// Each complete subtree of 256 leaves, and where its first line stands.
    kept: Vec<(Sha256, Place)>,
    open: Option<(Span, Place)>,
}

impl Claims {
    /// Notes what the entry's producer had seen.
    pub(super) fn claim(&mut self, seen: Seen, index: u64) {
        self.made.entry((seen.size, seen.root.0)).or_insert((index, 0)).1 += 1;
    }

    /// Keeps what later answers need of the lines of a block.
    pub(super) fn pass(&mut self, block: &Block, lines: &[Line]) -> Result<()> {
        for (line, range) in lines.iter().zip(&block.lines) {
            let start = self.kept.len() as u64 * WIDTH;
            let (mut span, place) =
                self.open.take().unwrap_or_else(|| (Span::at(start), block.place_of(range)));
            span.push(line.leaf)?;
            if span.count() == WIDTH {
                self.kept.push((span.subtree_root()?, place));
            } else {
                self.open = Some((span, place));
            }
        }
        Ok(())
    }

    /// The claims that are not true: the first entry that makes each, and why.
    pub(super) fn answer(self, store: &dyn Store) -> Result<Vec<(u64, String)>> {
        let mut false_claims = Vec::new();
        let mut whole = Span::at(0);
        let mut used = 0;
        for ((size, claimed), (index, count)) in &self.made {
            let wanted = usize::try_from(size / WIDTH).unwrap_or(usize::MAX);
            for (root, _) in self.kept.get(used..wanted).unwrap_or_default() {
                let start = used as u64 * WIDTH;
                whole.append(&Span::from_parts(start, start + WIDTH, vec![*root])?)?;
                used += 1;
            }
            let mut tree = Frontier::from_parts(whole.end(), whole.hashes().to_vec())?;
            self.rest(store, &mut tree, *size)?;
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

    /// Reads the lines after the last complete subtree once more.
    fn rest(&self, store: &dyn Store, tree: &mut Frontier, size: u64) -> Result<()> {
        if tree.size() >= size {
            return Ok(());
        }
        let at = usize::try_from(tree.size() / WIDTH).unwrap_or(usize::MAX);
        let kept = self.kept.get(at).map(|(_, place)| *place);
        let Some(place) = kept.or_else(|| self.open.as_ref().map(|(_, place)| *place)) else {
            return Ok(());
        };
        let mut blocks = Blocks::new(store, place, None)?;
        while let Some(block) = blocks.next_block()? {
            for range in &block.lines {
                if tree.size() == size {
                    return Ok(());
                }
                tree.push(leaf_hash(block.line(range)))?;
            }
        }
        Ok(())
    }
}
