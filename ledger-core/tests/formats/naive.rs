//! RFC 6962 section 2.1 as it is written there, over whole lists of leaf hashes.

use ledger_core::hash::Sha256;

/// Hashes of leaves that are all different.
pub fn leaves(count: u64) -> Vec<Sha256> {
    (0..count).map(|index| Sha256::of_parts(&[&[0], format!("entry {index}").as_bytes()])).collect()
}

fn node(left: Sha256, right: Sha256) -> Sha256 {
    Sha256::of_parts(&[&[1], &left.0, &right.0])
}

fn halves(list: &[Sha256]) -> (&[Sha256], &[Sha256]) {
    let mut k = 1;
    while k * 2 < list.len() {
        k *= 2;
    }
    list.split_at(k)
}

/// MTH
pub fn root(list: &[Sha256]) -> Sha256 {
    match list {
        [] => Sha256::of(b""),
        [one] => *one,
        _ => {
            let (left, right) = halves(list);
            node(root(left), root(right))
        }
    }
}

/// PATH
pub fn path(m: usize, list: &[Sha256]) -> Vec<Sha256> {
    if list.len() == 1 {
        return Vec::new();
    }
    let (left, right) = halves(list);
    let k = left.len();
    if m < k {
        [path(m, left), vec![root(right)]].concat()
    } else {
        [path(m - k, right), vec![root(left)]].concat()
    }
}

/// SUBPROOF, for a subtree that may begin after leaf 0
pub fn subproof(start: usize, end: usize, list: &[Sha256], whole: bool) -> Vec<Sha256> {
    if (start, end) == (0, list.len()) {
        return if whole { Vec::new() } else { vec![root(list)] };
    }
    let (left, right) = halves(list);
    let k = left.len();
    if end <= k {
        [subproof(start, end, left, whole), vec![root(right)]].concat()
    } else if start >= k {
        [subproof(start - k, end - k, right, whole), vec![root(left)]].concat()
    } else {
        [subproof(0, end - k, right, false), vec![root(left)]].concat()
    }
}

/// What the tree holds beside `begin..end`, left to right.
pub fn beside(begin: usize, end: usize, list: &[Sha256]) -> Vec<Sha256> {
    if begin >= end {
        return vec![root(list)];
    }
    if (begin, end) == (0, list.len()) {
        return Vec::new();
    }
    let (left, right) = halves(list);
    let k = left.len();
    [beside(begin.min(k), end.min(k), left), beside(begin.max(k) - k, end.max(k) - k, right)]
        .concat()
}
