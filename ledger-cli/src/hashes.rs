//! Hashes of the tree over a ledger's lines: the one place that proofs take them from.

use ledger_core::error::Result;
use ledger_core::hash::Sha256;
use ledger_core::ledger::Ledger;
use ledger_core::tree::{self, HashReader, Levels};

/// The complete subtrees of the tree over the first `size` entries.
pub(crate) fn of(ledger: &Ledger, size: u64) -> Result<impl HashReader> {
    let mut levels = Levels::new();
    let mut blocks = ledger.blocks()?;
    while levels.size() < size
        && let Some(block) = blocks.next_block()?
    {
        let left = usize::try_from(size - levels.size()).unwrap_or(usize::MAX);
        for line in block.lines.iter().take(left) {
            levels.push(tree::leaf_hash(block.line(line)));
        }
    }
    Ok(levels)
}

/// The root over the first `size` entries.
pub(crate) fn root(size: u64, hashes: &impl HashReader) -> Result<Sha256> {
    tree::root(size, hashes)
}
