//! The way from the root of a tree down to a subtree: what every proof is made of.

use std::ops::Range;

use super::span::check_subtree;
use super::split;
use crate::error::{Error, Result};

/// Where the sibling of the way down lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sibling {
    /// After the subtree, outside it.
    Right,
    /// Before the subtree, outside it.
    Left,
    /// The complete left part of the subtree itself, whose right edge has grown since.
    Within,
}

/// The siblings from the root down, and the node where the way ends.
pub(super) struct Descent {
    /// Each sibling with its leaves, the root's child first.
    pub(super) siblings: Vec<(Sibling, Range<u64>)>,
    /// Leaves of the node at the end.
    pub(super) node: Range<u64>,
    /// Whether that node is the subtree itself, so that its hash is known to whoever asks.
    pub(super) whole: bool,
}

/// The way from the root of `size` leaves to the subtree; codes `tree-subtree`, `tree-bounds`.
///
/// This is SUBPROOF of RFC 6962 (section 2.1.2), widened to subtrees that do not begin at leaf 0.
/// A single leaf is a subtree, and its way is the leaf's inclusion path (section 2.1.1).
pub(super) fn descend(leaves: &Range<u64>, size: u64) -> Result<Descent> {
    check_subtree(leaves.start, leaves.end)?;
    if leaves.end > size || leaves.is_empty() {
        return Err(Error::refused(
            "tree-bounds",
            format!("a tree of {size} leaves has no leaves {} to {}", leaves.start, leaves.end),
        ));
    }
    let (mut wanted, mut node, mut siblings) = (leaves.clone(), 0..size, Vec::new());
    while wanted != node {
        let middle = node.start + split(node.end - node.start);
        if wanted.end <= middle {
            siblings.push((Sibling::Right, middle..node.end));
            node.end = middle;
            continue;
        }
        let left = node.start..middle;
        if wanted.start < middle {
            siblings.push((Sibling::Within, left));
            wanted.start = middle;
        } else {
            siblings.push((Sibling::Left, left));
        }
        node.start = middle;
    }
    Ok(Descent { siblings, whole: wanted == *leaves, node })
}
