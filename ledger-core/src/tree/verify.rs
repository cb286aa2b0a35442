//! Judging proofs. Nothing here reads the tree: sizes, hashes and the proof are all there is.

use std::ops::Range;

use super::descent::{Sibling, descend};
use super::span::check_subtree;
use super::{Span, cover, empty_root, fold, node_hash, split};
use crate::error::{Error, Result};
use crate::hash::Sha256;

/// Holds when `leaf` is the hash of leaf `index` of the tree with `size` leaves and this `root`.
///
/// Codes: `tree-bounds` (no such leaf), `tree-proof-length`, `tree-root` (another root comes out).
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Sha256,
    proof: &[Sha256],
    root: &Sha256,
) -> Result<()> {
    let end = index.checked_add(1).ok_or_else(|| no_leaf(index, size))?;
    verify_subtree(index..end, size, leaf, root, proof)
}

/// Holds when the tree of `new` leaves with `new_root` begins with the tree of `old` leaves with
/// `old_root`.
///
/// Codes: `tree-empty` (every tree begins with the empty one, so there is nothing to prove),
/// `tree-bounds` (`old` > `new`), `tree-proof-length`, `tree-old-root`, `tree-root`.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Sha256,
    new_root: &Sha256,
    proof: &[Sha256],
) -> Result<()> {
    if old == 0 {
        return Err(nothing_before());
    }
    verify_subtree(0..old, new, old_root, new_root, proof)
}

/// Holds when the tree of `size` leaves with `root` contains the subtree of the given leaves with
/// `subtree_root`.
///
/// An empty subtree is in every tree and says nothing about it. Codes: `tree-subtree` (the leaves
/// are no subtree), `tree-bounds`, `tree-proof-length`, `tree-old-root` (the proof is for another
/// subtree root), `tree-root`.
pub fn verify_subtree(
    leaves: Range<u64>,
    size: u64,
    subtree_root: &Sha256,
    root: &Sha256,
    proof: &[Sha256],
) -> Result<()> {
    if leaves.is_empty() && leaves.end <= size {
        check_subtree(leaves.start, leaves.end)?;
        return verify_empty(subtree_root, proof);
    }
    let way = descend(&leaves, size)?;
    let (bottom, above) = if way.whole {
        (subtree_root, proof)
    } else {
        proof.split_first().ok_or_else(|| length(1, 0))?
    };
    if above.len() != way.siblings.len() {
        return Err(length(proof.len() - above.len() + way.siblings.len(), proof.len()));
    }
    let (mut old, mut new) = (*bottom, *bottom);
    for ((sibling, _), hash) in way.siblings.iter().rev().zip(above) {
        match sibling {
            Sibling::Right => new = node_hash(&new, hash),
            Sibling::Left => new = node_hash(hash, &new),
            Sibling::Within => {
                old = node_hash(hash, &old);
                new = node_hash(hash, &new);
            }
        }
    }
    if old != *subtree_root {
        return Err(Error::untrue("tree-old-root", "the proof does not lead to the earlier root"));
    }
    equal(&new, root)
}

fn verify_empty(subtree_root: &Sha256, proof: &[Sha256]) -> Result<()> {
    if !proof.is_empty() {
        return Err(length(0, proof.len()));
    }
    if *subtree_root != empty_root() {
        return Err(Error::untrue("tree-old-root", "this is not the root of an empty tree"));
    }
    Ok(())
}

/// Holds when `leaf` is the hash of leaf `index` in the subtree of the given leaves with this root;
/// codes as for [`verify_inclusion`], and `tree-subtree`.
pub fn verify_subtree_inclusion(
    index: u64,
    leaves: Range<u64>,
    leaf: &Sha256,
    proof: &[Sha256],
    root: &Sha256,
) -> Result<()> {
    check_subtree(leaves.start, leaves.end)?;
    if !leaves.contains(&index) {
        return Err(Error::refused(
            "tree-bounds",
            format!("leaf {index} is not among leaves {} to {}", leaves.start, leaves.end),
        ));
    }
    verify_inclusion(index - leaves.start, leaves.end - leaves.start, leaf, proof, root)
}

/// Holds when the leaves of the span are exactly the leaves at their place in the tree of `size`
/// leaves with this `root`.
///
/// Codes: `tree-bounds` (no leaves, or leaves beyond the size), `tree-proof-length`, `tree-root`.
pub fn verify_range(leaves: &Span, size: u64, proof: &[Sha256], root: &Sha256) -> Result<()> {
    let place = leaves.start()..leaves.end();
    within(&place, size)?;
    let mut beside = proof.iter();
    let mut inside = leaves.hashes().iter();
    let top = join(&place, &(0..size), &mut beside, &mut inside);
    match top {
        Some(top) if beside.len() == 0 && inside.len() == 0 => equal(&top, root),
        _ => Err(Error::malformed(
            "tree-proof-length",
            format!("{} hashes are not what these leaves need", proof.len()),
        )),
    }
}

/// Root of `node`: inside the place from the span, outside from the proof, both left to right; none
/// when hashes run out.
fn join<'a>(
    place: &Range<u64>,
    node: &Range<u64>,
    beside: &mut impl Iterator<Item = &'a Sha256>,
    inside: &mut impl Iterator<Item = &'a Sha256>,
) -> Option<Sha256> {
    if node.end <= place.start || place.end <= node.start {
        return beside.next().copied();
    }
    if place.start <= node.start && node.end <= place.end {
        // The largest nodes inside the place are the span's subtrees, except at the ragged right
        // edge of the tree, where a node is several of them.
        let hashes: Vec<Sha256> =
            cover(node.start, node.end).map_while(|_| inside.next().copied()).collect();
        return fold(hashes.into_iter());
    }
    let middle = node.start + split(node.end - node.start);
    let left = join(place, &(node.start..middle), beside, inside)?;
    let right = join(place, &(middle..node.end), beside, inside)?;
    Some(node_hash(&left, &right))
}

/// Refuses an empty stretch and one beyond the tree.
pub(super) fn within(leaves: &Range<u64>, size: u64) -> Result<()> {
    if leaves.start < leaves.end && leaves.end <= size {
        return Ok(());
    }
    Err(Error::refused(
        "tree-bounds",
        format!("a tree of {size} leaves has no leaves {} to {}", leaves.start, leaves.end),
    ))
}

pub(super) fn no_leaf(index: u64, size: u64) -> Error {
    Error::refused("tree-bounds", format!("a tree of {size} leaves has no leaf {index}"))
}

pub(super) fn nothing_before() -> Error {
    Error::refused("tree-empty", "every tree begins with the empty one; there is nothing to prove")
}

fn length(needed: usize, given: usize) -> Error {
    Error::malformed(
        "tree-proof-length",
        format!("the proof needs {needed} hashes and has {given}"),
    )
}

fn equal(found: &Sha256, root: &Sha256) -> Result<()> {
    if found == root {
        return Ok(());
    }
    Err(Error::untrue("tree-root", format!("the proof leads to root {found:?}, not to {root:?}")))
}
