//! Stretches of leaves as the few complete subtrees that cover them.

use super::{cover, empty_root, fold, node_hash};
use crate::error::{Error, Result};
use crate::hash::Sha256;

/// The leaves `start..end` as hashes of the fewest complete subtrees, left to right.
///
/// At most 126 hashes for any stretch. Spans of neighbouring stretches join into the span of both,
/// wherever the seam is, so that chunks of a log can be hashed in parallel and put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    start: u64,
    end: u64,
    hashes: Vec<Sha256>,
}

impl Span {
    /// The empty stretch before leaf `start`.
    pub fn at(start: u64) -> Self {
        Self { start, end: start, hashes: Vec::new() }
    }

    /// From hashes that were kept; `tree-frontier` when their number is not the one that
    /// `start..end` needs.
    pub fn from_parts(start: u64, end: u64, hashes: Vec<Sha256>) -> Result<Self> {
        let needed = cover(start, end).count();
        if start > end || hashes.len() != needed {
            return Err(Error::malformed(
                "tree-frontier",
                format!(
                    "leaves {start} to {end} are covered by {needed} hashes, not by {}",
                    hashes.len()
                ),
            ));
        }
        Ok(Self { start, end, hashes })
    }

    /// Index of the first leaf.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Index after the last leaf.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// How many leaves.
    pub fn count(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Hashes of the complete subtrees, left to right.
    pub fn hashes(&self) -> &[Sha256] {
        &self.hashes
    }

    /// Adds the next leaf, given by its hash; `tree-too-large` at 2^64−1 leaves.
    pub fn push(&mut self, leaf: Sha256) -> Result<()> {
        self.add(0, leaf)
    }

    /// Adds the stretch that follows; `tree-join` unless it begins where this one ends.
    pub fn append(&mut self, next: &Self) -> Result<()> {
        if next.start != self.end {
            return Err(Error::refused(
                "tree-join",
                format!("leaves from {} do not follow leaves up to {}", next.start, self.end),
            ));
        }
        for ((level, _), hash) in cover(next.start, next.end).zip(&next.hashes) {
            self.add(level, *hash)?;
        }
        Ok(())
    }

    /// Adds the complete subtree of 2^level leaves at the end; its place is aligned by `cover`.
    ///
    /// A right child whose left sibling is within the stretch finds it on top: the sibling is
    /// complete and its parent was not, so it is one of the covering subtrees, and the last.
    fn add(&mut self, mut level: u8, mut hash: Sha256) -> Result<()> {
        let too_large = || Error::refused("tree-too-large", "a tree has at most 2^64-1 leaves");
        let size = 1_u64.checked_shl(level.into()).ok_or_else(too_large)?;
        let end = self.end.checked_add(size).ok_or_else(too_large)?;
        let mut index = self.end.checked_shr(level.into()).unwrap_or(0);
        while index & 1 == 1 && (index - 1) << level >= self.start {
            let Some(left) = self.hashes.pop() else { break };
            hash = node_hash(&left, &hash);
            index >>= 1;
            level += 1;
        }
        self.hashes.push(hash);
        self.end = end;
        Ok(())
    }

    /// Root over the leaves, when they are a subtree that a larger tree can contain: `start` is a
    /// multiple of the count rounded up to a power of two; `tree-subtree` otherwise.
    pub fn subtree_root(&self) -> Result<Sha256> {
        check_subtree(self.start, self.end)?;
        Ok(fold(self.hashes.iter().copied()).unwrap_or_else(empty_root))
    }
}

/// Refuses leaves that are no subtree (draft-ietf-plants-merkle-tree-certs, "Subtrees"); the empty
/// stretch is one anywhere. Code `tree-subtree`.
pub(super) fn check_subtree(start: u64, end: u64) -> Result<()> {
    let aligned =
        end.checked_sub(start).is_some_and(|count| match count.checked_next_power_of_two() {
            Some(whole) => start & (whole - 1) == 0,
            None => start == 0,
        });
    if aligned {
        return Ok(());
    }
    Err(Error::refused("tree-subtree", format!("leaves {start} to {end} are not one subtree")))
}

/// The right edge of a tree: the complete subtrees that cover all its leaves, largest first.
///
/// This is all that is needed to add leaves and to know the root: one hash per one-bit of the size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier(Span);

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl Frontier {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self(Span::at(0))
    }

    /// From hashes that were kept; `tree-frontier` when their number is not the one that a tree of
    /// `size` leaves has.
    pub fn from_parts(size: u64, hashes: Vec<Sha256>) -> Result<Self> {
        Span::from_parts(0, size, hashes).map(Self)
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.0.end
    }

    /// Hashes of the complete subtrees, largest first.
    pub fn hashes(&self) -> &[Sha256] {
        &self.0.hashes
    }

    /// Adds the next leaf, given by its hash; `tree-too-large` at 2^64−1 leaves.
    pub fn push(&mut self, leaf: Sha256) -> Result<()> {
        self.0.push(leaf)
    }

    /// Adds the leaves that follow; `tree-join` unless they begin at this size.
    pub fn append(&mut self, next: &Span) -> Result<()> {
        self.0.append(next)
    }

    /// Root of the tree.
    pub fn root(&self) -> Sha256 {
        fold(self.0.hashes.iter().copied()).unwrap_or_else(empty_root)
    }

    /// The leaves as a span from 0.
    pub fn span(&self) -> &Span {
        &self.0
    }
}
