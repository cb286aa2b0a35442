//! The tree against its naive definition, and against another implementation.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ledger_core::error::Error;
use ledger_core::hash::Sha256;
use ledger_core::tree::{
    Frontier, Levels, MAX_PROOF, MAX_RANGE_PROOF, Span, consistency_proof, inclusion_proof,
    range_proof, root, subtree_proof, verify_consistency, verify_inclusion, verify_range,
    verify_subtree, verify_subtree_inclusion,
};
use proptest::prelude::*;

use crate::common::vectors;
use crate::naive;

const SIZES: usize = 300;

fn span(start: usize, leaves: &[Sha256]) -> Span {
    let mut span = Span::at(start as u64);
    for leaf in leaves {
        span.push(*leaf).unwrap();
    }
    span
}

/// Every way in which a proof of the right length can be spoiled, and two wrong lengths.
fn spoiled(proof: &[Sha256]) -> Vec<Vec<Sha256>> {
    let mut cases = vec![[proof, &[Sha256::of(b"")]].concat()];
    if let Some((_, shorter)) = proof.split_first() {
        cases.push(shorter.to_vec());
        cases.push(proof[..proof.len() - 1].to_vec());
    }
    for at in 0..proof.len() {
        let mut case = proof.to_vec();
        case[at].0[at % 32] ^= 1 << (at % 8);
        cases.push(case);
    }
    cases
}

#[test]
fn tree_vectors() {
    for vector in vectors("tree") {
        let number = |name| vector.header(name).parse::<u64>().unwrap();
        let hash = |text: &str| Sha256::from_base64(text.as_bytes()).unwrap();
        let header = |name| hash(vector.header(name));
        let text = std::str::from_utf8(&vector.bytes).unwrap();
        let proof: Vec<_> = text.lines().map(hash).collect();
        let (size, root) = (number("size"), header("root"));
        let outcome = match vector.header("what") {
            "inclusion" => verify_inclusion(number("index"), size, &header("leaf"), &proof, &root),
            "consistency" => {
                verify_consistency(number("old"), size, &header("old-root"), &root, &proof)
            }
            other => panic!("{other}"),
        };
        vector.check(outcome.as_ref().err().map(Error::code));
    }
}

#[test]
fn every_root_and_frontier() {
    let leaves = naive::leaves(SIZES as u64);
    let levels: Levels = leaves.iter().copied().collect();
    let mut frontier = Frontier::new();
    for size in 0..=SIZES {
        let expected = naive::root(&leaves[..size]);
        assert_eq!(frontier.root(), expected, "{size}");
        assert_eq!(root(size as u64, &levels).unwrap(), expected, "{size}");
        assert_eq!(frontier.size(), size as u64);
        assert_eq!(frontier.hashes().len(), size.count_ones() as usize);
        let kept = Frontier::from_parts(size as u64, frontier.hashes().to_vec()).unwrap();
        assert_eq!(kept, frontier);
        let more = [frontier.hashes(), &[expected]].concat();
        assert_eq!(
            Frontier::from_parts(size as u64, more).unwrap_err().code(),
            "tree-frontier",
            "{size}"
        );
        if size < SIZES {
            frontier.push(leaves[size]).unwrap();
        }
    }
}

#[test]
fn every_inclusion_proof() {
    let leaves = naive::leaves(SIZES as u64);
    let levels: Levels = leaves.iter().copied().collect();
    for size in 1..=SIZES {
        let root = naive::root(&leaves[..size]);
        for index in 0..size {
            let (at, of) = (index as u64, size as u64);
            let proof = inclusion_proof(of, at, &levels).unwrap();
            assert_eq!(proof, naive::path(index, &leaves[..size]), "{index} of {size}");
            assert!(proof.len() <= MAX_PROOF);
            verify_inclusion(at, of, &leaves[index], &proof, &root).unwrap();
            // The other places and sizes only near by: all of them would be 300^4 cases.
            for other in index.saturating_sub(2)..index + 3 {
                if other != index {
                    assert!(
                        verify_inclusion(other as u64, of, &leaves[index], &proof, &root).is_err()
                    );
                }
            }
            if size % 37 < 3 {
                for case in spoiled(&proof) {
                    assert!(verify_inclusion(at, of, &leaves[index], &case, &root).is_err());
                }
                let swapped = verify_inclusion(at, of, &root, &proof, &leaves[index]);
                assert_eq!(swapped.is_ok(), size == 1);
            }
        }
        let code =
            |index| verify_inclusion(index, size as u64, &root, &[], &root).unwrap_err().code();
        assert_eq!(code(size as u64), "tree-bounds");
        assert_eq!(code(u64::MAX), "tree-bounds");
        assert!(inclusion_proof(size as u64, size as u64, &levels).is_err());
    }
}

#[test]
fn every_consistency_proof() {
    let leaves = naive::leaves(SIZES as u64);
    let levels: Levels = leaves.iter().copied().collect();
    let roots: Vec<_> = (0..=SIZES).map(|size| naive::root(&leaves[..size])).collect();
    for new in 1..=SIZES {
        for old in 1..=new {
            let (m, n) = (old as u64, new as u64);
            let proof = consistency_proof(m, n, &levels).unwrap();
            assert_eq!(proof, naive::subproof(0, old, &leaves[..new], true), "{old} to {new}");
            assert!(proof.len() <= MAX_PROOF);
            verify_consistency(m, n, &roots[old], &roots[new], &proof).unwrap();
            if new % 37 < 3 {
                for case in spoiled(&proof) {
                    assert!(verify_consistency(m, n, &roots[old], &roots[new], &case).is_err());
                }
                let swapped = verify_consistency(m, n, &roots[new], &roots[old], &proof);
                assert_eq!(swapped.is_ok(), old == new);
            }
            if old < new {
                assert!(verify_consistency(n, m, &roots[new], &roots[old], &proof).is_err());
            }
        }
        assert_eq!(consistency_proof(0, new as u64, &levels).unwrap_err().code(), "tree-empty");
        let from_nothing = verify_consistency(0, new as u64, &roots[0], &roots[new], &[]);
        assert_eq!(from_nothing.unwrap_err().code(), "tree-empty");
    }
}

#[test]
fn every_subtree() {
    const SIZES: usize = 70;
    let leaves = naive::leaves(SIZES as u64);
    let levels: Levels = leaves.iter().copied().collect();
    for size in 1..=SIZES {
        let root = naive::root(&leaves[..size]);
        for end in 1..=size {
            for start in 0..end {
                let place = start as u64..end as u64;
                let span = span(start, &leaves[start..end]);
                if start % (end - start).next_power_of_two() != 0 {
                    assert_eq!(span.subtree_root().unwrap_err().code(), "tree-subtree");
                    let refused = verify_subtree(place, size as u64, &root, &root, &[]);
                    assert_eq!(refused.unwrap_err().code(), "tree-subtree");
                    continue;
                }
                let inner = span.subtree_root().unwrap();
                assert_eq!(inner, naive::root(&leaves[start..end]));
                let proof = subtree_proof(place.clone(), size as u64, &levels).unwrap();
                assert_eq!(proof, naive::subproof(start, end, &leaves[..size], true));
                verify_subtree(place.clone(), size as u64, &inner, &root, &proof).unwrap();
                for case in spoiled(&proof) {
                    assert!(
                        verify_subtree(place.clone(), size as u64, &inner, &root, &case).is_err()
                    );
                }
                let path = naive::path(0, &leaves[start..end]);
                verify_subtree_inclusion(start as u64, place, &leaves[start], &path, &inner)
                    .unwrap();
            }
        }
    }
}

#[test]
fn every_range() {
    const SIZES: usize = 70;
    let leaves = naive::leaves(SIZES as u64);
    let levels: Levels = leaves.iter().copied().collect();
    for size in 1..=SIZES {
        let root = naive::root(&leaves[..size]);
        let n = size as u64;
        for end in 1..=size {
            for start in 0..end {
                let place = start as u64..end as u64;
                let proof = range_proof(&place, n, &levels).unwrap();
                assert_eq!(proof, naive::beside(start, end, &leaves[..size]));
                assert!(proof.len() <= MAX_RANGE_PROOF);
                let inside = span(start, &leaves[start..end]);
                verify_range(&inside, n, &proof, &root).unwrap();
                for case in spoiled(&proof) {
                    assert!(verify_range(&inside, n, &case, &root).is_err());
                }
                assert!(
                    verify_range(&span(start, &leaves[start..end - 1]), n, &proof, &root).is_err()
                );
                if end < size {
                    let moved = span(start + 1, &leaves[start..end]);
                    assert!(verify_range(&moved, n, &proof, &root).is_err());
                }
            }
        }
        let none = Span::at(n);
        assert_eq!(verify_range(&none, n, &[], &root).unwrap_err().code(), "tree-bounds");
        assert_eq!(range_proof(&(0..n + 1), n, &levels).unwrap_err().code(), "tree-bounds");
    }
}

/// A stretch that is one leaf needs the hashes of that leaf's inclusion path, in the tree's order.
#[test]
fn range_of_one_is_an_inclusion_path() {
    let leaves = naive::leaves(100);
    let levels: Levels = leaves.iter().copied().collect();
    for index in 0..100 {
        let mut range = range_proof(&(index..index + 1), 100, &levels).unwrap();
        let mut path = inclusion_proof(100, index, &levels).unwrap();
        range.sort();
        path.sort();
        assert_eq!(range, path);
    }
}

#[test]
fn sizes_at_the_edge() {
    let hash = Sha256::of(b"");
    let proof = vec![hash; 64];
    assert_eq!(
        verify_inclusion(0, u64::MAX, &hash, &proof, &hash).unwrap_err().code(),
        "tree-root"
    );
    let last = u64::MAX - 1;
    assert_eq!(
        verify_inclusion(last, u64::MAX, &hash, &proof[1..], &hash).unwrap_err().code(),
        "tree-root"
    );
    let whole = Frontier::from_parts(u64::MAX, proof).unwrap();
    assert_eq!(whole.clone().push(hash).unwrap_err().code(), "tree-too-large");
    let span = Span::from_parts(1, u64::MAX, vec![hash; 126]).unwrap();
    assert_eq!(verify_range(&span, u64::MAX, &[hash], &hash).unwrap_err().code(), "tree-root");
    assert_eq!(
        verify_subtree(1..u64::MAX, u64::MAX, &hash, &hash, &[]).unwrap_err().code(),
        "tree-subtree"
    );
    assert_eq!(Span::at(3).append(&Span::at(4)).unwrap_err().code(), "tree-join");
}

proptest! {
    /// Chunks hashed apart and joined are the tree hashed leaf by leaf, wherever the seams are.
    #[test]
    fn chunks_join(size in 0_usize..600, mut seams in prop::collection::vec(0_usize..600, 0..6)) {
        let leaves = naive::leaves(size as u64);
        seams.extend([0, size]);
        seams.retain(|seam| *seam <= size);
        seams.sort_unstable();
        let spans = seams.windows(2).map(|seam| span(seam[0], &leaves[seam[0]..seam[1]]));
        let mut joined = Frontier::new();
        for span in spans {
            joined.append(&span).unwrap();
        }
        prop_assert_eq!(joined.span(), &span(0, &leaves));
        prop_assert_eq!(joined.root(), naive::root(&leaves));
    }

    /// Joining does not depend on the order in which neighbours are joined.
    #[test]
    fn joining_is_associative(a in 0_u64..90, b in 0_usize..90, c in 0_usize..90, d in 0_usize..90) {
        let leaves = naive::leaves((b + c + d) as u64);
        let at = |from: usize, to: usize| {
            let mut span = Span::at(a + from as u64);
            leaves[from..to].iter().for_each(|leaf| span.push(*leaf).unwrap());
            span
        };
        let mut left = at(0, b);
        left.append(&at(b, b + c)).unwrap();
        left.append(&at(b + c, b + c + d)).unwrap();
        let mut tail = at(b, b + c);
        tail.append(&at(b + c, b + c + d)).unwrap();
        let mut right = at(0, b);
        right.append(&tail).unwrap();
        prop_assert_eq!(&left, &right);
        prop_assert_eq!(left, at(0, b + c + d));
    }

    /// Another implementation accepts our proofs, and we accept its.
    #[test]
    fn agrees_with_ct_merkle(size in 1_usize..400, index in 0_usize..400, old in 1_usize..400) {
        let (index, old) = (index % size, old % size + 1);
        let lines: Vec<Vec<u8>> = (0..size).map(|n| format!("line {n}").into_bytes()).collect();
        let mut theirs = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
        let mut ours = Levels::new();
        let mut old_root = None;
        for (n, line) in lines.iter().enumerate() {
            theirs.push(line.clone());
            ours.push(ledger_core::tree::leaf_hash(line));
            if n + 1 == old {
                old_root = Some(theirs.root());
            }
        }
        let their_root = theirs.root();
        let our_root = root(size as u64, &ours).unwrap();
        prop_assert_eq!(their_root.as_bytes().as_slice(), our_root.0.as_slice());

        let bytes = |proof: &[Sha256]| proof.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
        let path = inclusion_proof(size as u64, index as u64, &ours).unwrap();
        let their_path = theirs.prove_inclusion(index);
        prop_assert_eq!(their_path.as_bytes().to_vec(), bytes(&path));

        let grown = consistency_proof(old as u64, size as u64, &ours).unwrap();
        let their_grown = theirs.prove_consistency(size - old);
        prop_assert_eq!(their_grown.as_bytes().to_vec(), bytes(&grown));
        let old_root = Sha256(old_root.unwrap().as_bytes().as_slice().try_into().unwrap());
        verify_consistency(old as u64, size as u64, &old_root, &our_root, &grown).unwrap();
    }
}
