//! The tree's hashes on disk: what proofs and tiles are made from without reading the log.
//!
//! Spec page: `spec/store.md`. `tree/<n>` holds the hashes of all complete subtrees of 256^n leaves,
//! 32 bytes each, in order: the content of the C2SP tiles of level n, one file for all. Derived and
//! not believed: they must make the root of the head, and whoever makes a proof from them holds the
//! proof against a checkpoint's. Many read them at once, some of them behind the others: what is
//! longer than a reader's log serves him as well, and only who holds `tree/lock` writes.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::ledger::Ledger;
use crate::segment::Place;
use crate::store::Store;
use crate::tree::{self, Frontier, HashReader, Span};

/// The folder.
pub const DIR: &str = "tree";
/// The lock of those who write them; readers take none.
pub const LOCK: &str = "tree/lock";
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
    /// Opens the files; brings them up to the ledger's head if they are behind it, reading only the
    /// lines that are new.
    ///
    /// They must make the root of the head and, for some size, that of `checkpoint`; if they do not,
    /// they are made anew, and if they still do not, code `tree-root`. Code `busy` when others write
    /// them for too long.
    pub fn open(ledger: &Ledger, checkpoint: Option<(u64, &Sha256)>) -> Result<Self> {
        if checkpoint.is_some_and(|(size, _)| size > ledger.size()) {
            return Err(not_the_root());
        }
        let mut files = Self { store: Arc::clone(ledger.store()), leaves: 0 };
        files.leaves = files.whole()?;
        if files.serves(ledger, checkpoint)? {
            return Ok(files);
        }
        let _lock = files.store.lock(LOCK)?;
        // whoever held the lock before may have done it
        files.leaves = files.whole()?;
        files.extend(ledger)?;
        if files.serves(ledger, checkpoint)? {
            return Ok(files);
        }
        files.clear()?;
        files.extend(ledger)?;
        if files.serves(ledger, checkpoint)? { Ok(files) } else { Err(not_the_root()) }
    }

    /// Makes the files anew: a proof from them did not hold, so that they are wrong somewhere within.
    /// Codes as of [`TreeFiles::open`].
    pub fn anew(ledger: &Ledger) -> Result<Self> {
        let mut files = Self { store: Arc::clone(ledger.store()), leaves: 0 };
        let _lock = files.store.lock(LOCK)?;
        files.clear()?;
        files.extend(ledger)?;
        if files.serves(ledger, None)? { Ok(files) } else { Err(not_the_root()) }
    }

    /// How many leaves they hold.
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// Whether they hold all leaves of the ledger, and make its root and the checkpoint's.
    fn serves(&self, ledger: &Ledger, checkpoint: Option<(u64, &Sha256)>) -> Result<bool> {
        let size = ledger.size();
        if self.leaves < size {
            return Ok(false);
        }
        let head = Frontier::from_parts(size, ledger.head().frontier.clone())?.root();
        let wanted = checkpoint.map(|(size, root)| (size, *root));
        for (size, root) in [Some((size, head)), wanted].into_iter().flatten() {
            match tree::root(size, self) {
                Ok(found) if found == root => {}
                // they are being made anew
                Err(error) if !["missing", "tree-missing"].contains(&error.code()) => {
                    return Err(error);
                }
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// How many leaves all levels hold: while somebody writes, the upper ones are behind.
    fn whole(&self) -> Result<u64> {
        let count = |level: u8| Ok::<u64, Error>(self.store.len(&name(level))?.unwrap_or(0) / 32);
        let mut leaves = count(0)?;
        let mut width = WIDTH;
        for level in 1..(64 / BITS) {
            if leaves < width {
                break;
            }
            // of the next subtree of this level all leaves but the last may be there
            let most = (count(level)? + 1).saturating_mul(width) - 1;
            leaves = leaves.min(most);
            width = width.saturating_mul(WIDTH);
        }
        Ok(leaves)
    }

    fn clear(&mut self) -> Result<()> {
        for file in self.store.list(DIR)? {
            let file = format!("{DIR}/{file}");
            if file != LOCK {
                self.store.remove(&file)?;
            }
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

fn not_the_root() -> Error {
    Error::untrue("tree-root", "the lines do not make the root that they should")
        .hint("run `ledger verify` for what was changed")
}

fn name(level: u8) -> String {
    format!("{DIR}/{level}")
}
