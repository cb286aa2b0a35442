//! The tree's hashes on disk: what proofs and tiles are made from without reading the log.
//!
//! Spec page: `spec/store.md`. `tree/<n>` holds the hashes of all complete subtrees of 256^n leaves,
//! 32 bytes each, in order: the content of the C2SP tiles of level n, one file for all. Derived and
//! not believed: whoever makes a proof from it holds the proof against a checkpoint's root, and a
//! file that disagrees is deleted and made again.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::ledger::Ledger;
use crate::segment::Place;
use crate::store::Store;
use crate::tree::{self, HashReader, Span};

/// The folder.
pub const DIR: &str = "tree";
/// Subtrees of one level are 2^8 leaves of the level below.
const BITS: u8 = 8;
const WIDTH: u64 = 1 << BITS;
/// Hashes that are written at a time.
const PIECE: usize = 65_536;

/// The files of one ledger.
pub struct TreeFiles {
    store: Arc<dyn Store>,
    leaves: u64,
}

impl std::fmt::Debug for TreeFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TreeFiles").field("leaves", &self.leaves).finish_non_exhaustive()
    }
}

impl TreeFiles {
    /// Opens the files and brings them up to the ledger's head, reading only the lines that are new.
    ///
    /// `root` is what the files must make for some size (a checkpoint); if they do not, they are
    /// made anew, and if they still do not, code `tree-root`. Without one, whoever makes a proof from
    /// the files holds it against a root himself.
    pub fn open(ledger: &Ledger, checkpoint: Option<(u64, &Sha256)>) -> Result<Self> {
        let mut files = Self { store: Arc::clone(ledger.store()), leaves: 0 };
        files.leaves = files.whole()?;
        if files.leaves > ledger.size() {
            files.clear()?;
        }
        files.extend(ledger)?;
        let holds = |files: &Self| match checkpoint {
            Some((size, root)) => Ok::<bool, Error>(tree::root(size, files)? == *root),
            None => Ok(true),
        };
        if !holds(&files)? {
            files.clear()?;
            files.extend(ledger)?;
            if !holds(&files)? {
                return Err(Error::untrue(
                    "tree-root",
                    "the lines do not make the checkpoint's root",
                )
                .hint("run `ledger verify` for what was changed"));
            }
        }
        Ok(files)
    }

    /// How many leaves they hold.
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// How many leaves all levels agree on; nothing when a level is short.
    fn whole(&self) -> Result<u64> {
        let count = |level: u8| Ok::<u64, Error>(self.store.len(&name(level))?.unwrap_or(0) / 32);
        let leaves = count(0)?;
        let mut expected = leaves;
        for level in 1..=(64 / BITS) {
            expected /= WIDTH;
            if expected == 0 {
                break;
            }
            if count(level)? < expected {
                return Ok(0);
            }
        }
        Ok(leaves)
    }

    fn clear(&mut self) -> Result<()> {
        for file in self.store.list(DIR)? {
            self.store.remove(&format!("{DIR}/{file}"))?;
        }
        self.leaves = 0;
        Ok(())
    }

    fn extend(&mut self, ledger: &Ledger) -> Result<()> {
        if self.leaves >= ledger.size() {
            return Ok(());
        }
        let place = match self.leaves {
            0 => Place { segment: 0, offset: 0 },
            first => ledger.place(first)?,
        };
        let mut blocks = ledger.blocks_from(place)?;
        let mut new = Vec::new();
        while let Some(block) = blocks.next_block()? {
            new.extend(block.lines.iter().map(|range| tree::leaf_hash(block.line(range))));
            if new.len() >= PIECE {
                self.push(&std::mem::take(&mut new))?;
            }
        }
        self.push(&new)
    }

    /// Appends leaves, and to each level above what they complete.
    fn push(&mut self, leaves: &[Sha256]) -> Result<()> {
        let mut level = 0;
        let mut first = self.leaves;
        let mut hashes = leaves.to_vec();
        self.leaves += leaves.len() as u64;
        while !hashes.is_empty() {
            let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
            self.store.write(&name(level), first * 32, &bytes)?;
            let end = first + hashes.len() as u64;
            let (from, to) = (first / WIDTH, end / WIDTH);
            hashes = (from..to)
                .map(|index| self.fold(level, index * WIDTH, WIDTH))
                .collect::<Result<_>>()?;
            first = from;
            level += 1;
        }
        Ok(())
    }

    /// The root of `count` hashes of a level, a power of two, from the file.
    fn fold(&self, level: u8, first: u64, count: u64) -> Result<Sha256> {
        let mut bytes = vec![0; usize::try_from(count * 32).unwrap_or(0)];
        let file = name(level);
        if self.store.read(&file, first * 32, &mut bytes)? < bytes.len() {
            return Err(Error::unavailable("tree-missing", format!("`{file}` is too short"))
                .hint("delete the folder `tree`; it is made again from the entries"));
        }
        let mut span = Span::at(0);
        for hash in bytes.as_chunks::<32>().0 {
            span.push(Sha256(*hash))?;
        }
        span.subtree_root()
    }
}

impl HashReader for TreeFiles {
    fn subtree(&self, level: u8, index: u64) -> Result<Sha256> {
        let (file, rest) = (level / BITS, level % BITS);
        self.fold(file, index << rest, 1 << rest)
    }
}

fn name(level: u8) -> String {
    format!("{DIR}/{level}")
}
