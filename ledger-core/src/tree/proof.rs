//! Making proofs from complete subtrees.

use std::ops::Range;

use super::descent::descend;
use super::verify::{no_leaf, nothing_before, within};
use super::{HashReader, cover, empty_root, fold, split};
use crate::error::Result;
use crate::hash::Sha256;

/// Root of the tree of the first `size` leaves.
pub fn root(size: u64, reader: &impl HashReader) -> Result<Sha256> {
    stretch(&(0..size), reader)
}

/// Path from leaf `index` to the root of `size` leaves, the leaf's sibling first (RFC 6962,
/// section 2.1.1); `tree-bounds` when there is no such leaf.
pub fn inclusion_proof(size: u64, index: u64, reader: &impl HashReader) -> Result<Vec<Sha256>> {
    subtree_proof(index..index.checked_add(1).ok_or_else(|| no_leaf(index, size))?, size, reader)
}

/// Proof that the tree of `new` leaves begins with the tree of `old` leaves (RFC 6962,
/// section 2.1.2); `tree-bounds` unless `old` ≤ `new`, `tree-empty` when `old` is 0.
pub fn consistency_proof(old: u64, new: u64, reader: &impl HashReader) -> Result<Vec<Sha256>> {
    if old == 0 {
        return Err(nothing_before());
    }
    subtree_proof(0..old, new, reader)
}

/// Proof that the tree of `size` leaves contains the subtree of the given leaves: the subtree
/// consistency proof of draft-ietf-plants-merkle-tree-certs, from leaf 0 that of RFC 6962;
/// `tree-subtree` when the leaves are no subtree, `tree-bounds` when the tree does not have them.
pub fn subtree_proof(
    leaves: Range<u64>,
    size: u64,
    reader: &impl HashReader,
) -> Result<Vec<Sha256>> {
    let way = descend(&leaves, size)?;
    let bottom = (!way.whole).then_some(&way.node);
    let siblings = way.siblings.iter().rev().map(|(_, leaves)| leaves);
    bottom.into_iter().chain(siblings).map(|leaves| stretch(leaves, reader)).collect()
}

/// What the tree of `size` leaves holds beside the given leaves, left to right: with the leaves
/// themselves it gives the root. `tree-bounds` when there are no such leaves, or none at all.
pub fn range_proof(
    leaves: &Range<u64>,
    size: u64,
    reader: &impl HashReader,
) -> Result<Vec<Sha256>> {
    within(leaves, size)?;
    let mut proof = Vec::new();
    beside(leaves, &(0..size), &mut |outside| {
        proof.push(stretch(outside, reader)?);
        Ok(())
    })?;
    Ok(proof)
}

/// Visits, left to right, the largest nodes below `node` that hold none of the leaves.
fn beside(
    leaves: &Range<u64>,
    node: &Range<u64>,
    visit: &mut impl FnMut(&Range<u64>) -> Result<()>,
) -> Result<()> {
    if node.end <= leaves.start || leaves.end <= node.start {
        return visit(node);
    }
    if leaves.start <= node.start && node.end <= leaves.end {
        return Ok(());
    }
    let middle = node.start + split(node.end - node.start);
    beside(leaves, &(node.start..middle), visit)?;
    beside(leaves, &(middle..node.end), visit)
}

/// Root over a node of the tree: its complete subtrees, joined.
fn stretch(leaves: &Range<u64>, reader: &impl HashReader) -> Result<Sha256> {
    let hashes: Vec<Sha256> = cover(leaves.start, leaves.end)
        .map(|(level, index)| reader.subtree(level, index))
        .collect::<Result<_>>()?;
    Ok(fold(hashes.into_iter()).unwrap_or_else(empty_root))
}
