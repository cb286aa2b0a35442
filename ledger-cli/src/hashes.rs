//! Hashes of the tree over a ledger's lines: the one place that proofs take them from.

use ledger_core::error::Result;
use ledger_core::hash::Sha256;
use ledger_core::ledger::Ledger;
use ledger_core::tree::{self, HashReader, Levels};
use ledger_core::tree_files::TreeFiles;

/// Hashes on disk, or in memory where the folder cannot be written.
pub(crate) enum Hashes {
    /// The files of `tree/`.
    Files(TreeFiles),
    /// All of them, from the lines: 64 bytes for each entry.
    Memory(Levels),
}

/// The complete subtrees of the ledger's tree; with a size and a root, they make that root.
pub(crate) fn of(ledger: &Ledger, checkpoint: Option<(u64, &Sha256)>) -> Result<Hashes> {
    or_memory(ledger, TreeFiles::open(ledger, checkpoint))
}

/// The same from the lines, whatever the files say.
pub(crate) fn anew(ledger: &Ledger) -> Result<Hashes> {
    or_memory(ledger, TreeFiles::anew(ledger))
}

fn or_memory(ledger: &Ledger, files: Result<TreeFiles>) -> Result<Hashes> {
    match files {
        Err(error) if matches!(error.code(), "read-only" | "no-space" | "io") => {
            in_memory(ledger).map(Hashes::Memory)
        }
        files => files.map(Hashes::Files),
    }
}

impl HashReader for Hashes {
    fn subtree(&self, level: u8, index: u64) -> Result<Sha256> {
        match self {
            Self::Files(files) => files.subtree(level, index),
            Self::Memory(levels) => levels.subtree(level, index),
        }
    }
}

fn in_memory(ledger: &Ledger) -> Result<Levels> {
    let mut levels = Levels::new();
    let mut blocks = ledger.blocks()?;
    while let Some(block) = blocks.next_block()? {
        for line in &block.lines {
            levels.push(tree::leaf_hash(block.line(line)));
        }
    }
    Ok(levels)
}
