//! The Merkle tree of a log: RFC 6962 with SHA-256, over the lines of the entries.
//!
//! Every entry's line is a leaf. The tree is never stored as such: what is kept are hashes of
//! *complete* subtrees, the ones of 2^level leaves that start at a multiple of 2^level, because
//! these never change once they exist. Any root and any proof is made of them.
//!
//! - [`Frontier`] and [`Span`]: the few complete subtrees that cover a stretch of leaves. A frontier
//!   takes leaves one by one; spans are built in parallel and joined.
//! - [`HashReader`]: where complete subtrees are looked up ([`Levels`] in memory, tiles on disk).
//! - [`inclusion_proof`], [`consistency_proof`], [`range_proof`], [`root`]: made from a reader.
//! - [`verify_inclusion`], [`verify_consistency`], [`verify_subtree`], [`verify_range`]: judged by
//!   anybody, from a proof, sizes and roots alone.
//!
//! Specification: `spec/tree.md`.

mod descent;
mod levels;
mod proof;
mod span;
mod verify;

pub use levels::Levels;
pub use proof::{consistency_proof, inclusion_proof, range_proof, root, subtree_proof};
pub use span::{Frontier, Span};
pub use verify::{
    verify_consistency, verify_inclusion, verify_range, verify_subtree, verify_subtree_inclusion,
};

use crate::error::Result;
use crate::hash::Sha256;

/// The most hashes that an inclusion or consistency proof of any tree can hold.
pub const MAX_PROOF: usize = 65;

/// The most hashes that a range proof of any tree can hold: a path on either side.
pub const MAX_RANGE_PROOF: usize = 128;

/// Hash of a leaf: SHA-256 of 0x00 and the bytes (RFC 6962, section 2.1).
///
/// The bytes are an entry's line without its newline.
pub fn leaf_hash(line: &[u8]) -> Sha256 {
    Sha256::of_parts(&[&[0x00], line])
}

/// Hash of a node: SHA-256 of 0x01, the left and the right child (RFC 6962, section 2.1).
pub fn node_hash(left: &Sha256, right: &Sha256) -> Sha256 {
    // One buffer, one call: joining ten million leaves is ten million of these.
    let mut bytes = [0x01; 65];
    let (_, children) = bytes.split_at_mut(1);
    let (first, second) = children.split_at_mut(32);
    first.copy_from_slice(&left.0);
    second.copy_from_slice(&right.0);
    Sha256::of(&bytes)
}

/// Root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Sha256 {
    Sha256::of(b"")
}

/// A source of hashes of complete subtrees.
///
/// It need not be trusted: whoever reads a proof made from it verifies that proof against a root.
pub trait HashReader {
    /// Root of the complete subtree of leaves `index << level .. (index + 1) << level`.
    fn subtree(&self, level: u8, index: u64) -> Result<Sha256>;
}

impl<R: HashReader + ?Sized> HashReader for &R {
    fn subtree(&self, level: u8, index: u64) -> Result<Sha256> {
        (**self).subtree(level, index)
    }
}

/// Where RFC 6962 splits a tree of `size` ≥ 2 leaves: the largest power of two below `size`.
fn split(size: u64) -> u64 {
    debug_assert!(size > 1, "a tree of one leaf has no halves");
    1 << size.saturating_sub(1).checked_ilog2().unwrap_or(0)
}

/// The complete subtrees, left to right, that cover the leaves `begin..end` with the fewest hashes.
fn cover(begin: u64, end: u64) -> impl Iterator<Item = (u8, u64)> {
    let mut at = begin;
    std::iter::from_fn(move || {
        let level = end.checked_sub(at)?.checked_ilog2()?.min(at.trailing_zeros());
        let index = at >> level;
        at = at.checked_add(1 << level)?;
        Some((u8::try_from(level).ok()?, index))
    })
}

/// Joins neighbouring subtrees, largest first, into the root over them; none without any.
fn fold(hashes: impl DoubleEndedIterator<Item = Sha256>) -> Option<Sha256> {
    hashes.rev().reduce(|right, left| node_hash(&left, &right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::hex;

    #[test]
    fn published_hashes() {
        assert_eq!(
            hex(&empty_root().0),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex(&leaf_hash(b"").0),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert!(hex(&leaf_hash(b"L123456").0).starts_with("395aa064"));
        assert!(hex(&leaf_hash(b"L123456").0).ends_with("2b4d56"));
        assert_eq!(
            leaf_hash(b"hello world").to_base64(),
            "TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0="
        );
    }

    #[test]
    fn covers() {
        assert_eq!(cover(0, 7).collect::<Vec<_>>(), [(2, 0), (1, 2), (0, 6)]);
        assert_eq!(cover(1, 8).collect::<Vec<_>>(), [(0, 1), (1, 1), (2, 1)]);
        assert_eq!(cover(5, 5).count(), 0);
        assert_eq!(cover(6, 5).count(), 0);
        assert_eq!(cover(0, u64::MAX).count(), 64);
        assert_eq!(cover(1, u64::MAX).count(), 126);
        assert_eq!(cover(0, 1 << 63).collect::<Vec<_>>(), [(63, 0)]);
    }

    #[test]
    fn splits() {
        for (size, at) in [(2, 1), (3, 2), (4, 2), (5, 4), (u64::MAX, 1 << 63)] {
            assert_eq!(split(size), at);
        }
    }
}
