//! Tiles: names, what a size implies, and the tree read through them.

use std::collections::BTreeMap;

use ledger_core::error::{Error, Result};
use ledger_core::tile::{
    Builder, MAX_ENTRY, Part, TILE_BYTES, TilePath, Tiles, WIDTH, decode_bundle, encode_bundle,
    new_tiles, tile_bytes, tiles,
};
use ledger_core::tree::{self, HashReader, Levels};
use proptest::prelude::*;

use crate::common::vectors;
use crate::naive;

#[test]
fn tile_vectors() {
    for vector in vectors("tile") {
        let outcome = if vector.header("what") == "path" {
            TilePath::parse(std::str::from_utf8(&vector.bytes).unwrap()).map(|path| {
                assert_eq!(path.to_string().as_bytes(), vector.bytes, "{}", vector.name);
            })
        } else {
            let count = vector.header("count").parse().unwrap();
            decode_bundle(&vector.bytes, count).map(|entries| {
                assert_eq!(encode_bundle(&entries).unwrap(), vector.bytes, "{}", vector.name);
            })
        };
        vector.check(outcome.as_ref().err().map(Error::code));
    }
}

fn names(size: u64) -> Vec<String> {
    tiles(size).map(|path| path.to_string()).collect()
}

/// T2 and T3: widths at the edge, and no empty tile.
#[test]
fn what_a_size_implies() {
    assert!(names(0).is_empty());
    assert_eq!(names(1), ["tile/entries/000.p/1", "tile/0/000.p/1"]);
    assert_eq!(names(256), ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
    let all = names(70_000);
    for (level, full, partial) in
        [("entries", 273, 112), ("0", 273, 112), ("1", 1, 17), ("2", 0, 1)]
    {
        let start = format!("tile/{level}/");
        let of_level: Vec<_> = all.iter().filter(|name| name.starts_with(&start)).collect();
        assert_eq!(of_level.len(), full + 1, "{level}");
        assert_eq!(of_level[full], &format!("{start}{full:03}.p/{partial}"));
    }
    assert_eq!(all.len(), 274 + 274 + 2 + 1);
    assert_eq!(new_tiles(256, 256).count(), 0);
    assert_eq!(new_tiles(300, 200).count(), 0);
    let grown: Vec<_> = new_tiles(255, 257).map(|path| path.to_string()).collect();
    assert_eq!(
        grown,
        [
            "tile/entries/000",
            "tile/entries/001.p/1",
            "tile/0/000",
            "tile/0/001.p/1",
            "tile/1/000.p/1"
        ]
    );
    let last = new_tiles(u64::MAX - 1, u64::MAX).last().unwrap().to_string();
    assert_eq!(last, "tile/0/x072/x057/x594/x037/x927/935.p/255");
}

/// T5: every length there is at its edges.
#[test]
fn bundles() {
    let entries = [vec![0; MAX_ENTRY], Vec::new(), vec![1]];
    let bytes = encode_bundle(&entries).unwrap();
    assert_eq!(decode_bundle(&bytes, 3).unwrap(), entries);
    assert_eq!(encode_bundle(&[vec![0; MAX_ENTRY + 1]]).unwrap_err().code(), "bundle-entry");
    assert_eq!(encode_bundle::<&[u8]>(&[]).unwrap_err().code(), "bundle-width");
    assert_eq!(encode_bundle(&[b""; 257]).unwrap_err().code(), "bundle-width");
}

type Files = BTreeMap<String, Vec<u8>>;

/// All tiles of hashes of a log, as a growing log would leave them with the old partial ones gone.
fn files(size: u64, levels: &Levels) -> Files {
    tiles(size)
        .filter(|path| path.part() != Part::Entries)
        .map(|path| (path.to_string(), tile_bytes(&path, levels).unwrap()))
        .collect()
}

fn reader(size: u64, files: &Files) -> Tiles<impl Fn(&TilePath) -> Result<Option<Vec<u8>>>> {
    Tiles::new(size, |path| Ok(files.get(&path.to_string()).cloned()))
}

/// T4 and T6: proofs come out the same through tiles, also through full tiles of a larger log.
#[test]
fn proofs_through_tiles() {
    const SIZE: u64 = 66_000;
    let levels: Levels = naive::leaves(SIZE).into_iter().collect();
    let larger = files(SIZE, &levels);
    assert!(larger.values().any(|bytes| bytes.len() == TILE_BYTES));
    for size in [1, 2, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, SIZE] {
        let own = files(size, &levels);
        let tiles = reader(size, &own);
        let root = tree::root(size, &levels).unwrap();
        assert_eq!(tree::root(size, &tiles).unwrap(), root);
        for index in [0, size / 3, size / 2, size - 1] {
            let proof = tree::inclusion_proof(size, index, &levels).unwrap();
            assert_eq!(tree::inclusion_proof(size, index, &tiles).unwrap(), proof);
            if (index | 255) < size {
                // what the larger log still has are the full tiles
                let full = reader(size, &larger);
                full.subtree(0, index).unwrap();
            }
        }
        for old in [1, size.div_ceil(2), size] {
            let proof = tree::consistency_proof(old, size, &levels).unwrap();
            assert_eq!(tree::consistency_proof(old, size, &tiles).unwrap(), proof);
        }
        let code = |level, index| tiles.subtree(level, index).unwrap_err().code();
        assert_eq!(code(0, size), "tile-beyond");
        assert_eq!(code(63, 0), "tile-beyond");
        assert_eq!(code(200, u64::MAX), "tile-beyond");
    }
    // The partial tile at 60,000 entries is gone and the full one has taken its place.
    let earlier = reader(60_000, &larger);
    let (root, path) = (
        tree::root(60_000, &levels).unwrap(),
        tree::inclusion_proof(60_000, 59_999, &earlier).unwrap(),
    );
    assert_eq!(tree::root(60_000, &earlier).unwrap(), root);
    let leaf = levels.subtree(0, 59_999).unwrap();
    tree::verify_inclusion(59_999, 60_000, &leaf, &path, &root).unwrap();
}

#[test]
fn spoiled_tiles() {
    let levels: Levels = naive::leaves(300).into_iter().collect();
    let (root, good) = (tree::root(300, &levels).unwrap(), files(300, &levels));
    for name in good.keys() {
        let mut spoiled = good.clone();
        spoiled.get_mut(name).unwrap()[5] ^= 1;
        let tiles = reader(300, &spoiled);
        let outcome = tree::inclusion_proof(300, 299, &tiles).and_then(|path| {
            tree::verify_inclusion(299, 300, &levels.subtree(0, 299)?, &path, &root)
        });
        assert_eq!(outcome.is_err(), name != "tile/0/000", "{name}");
        assert_eq!(tree::root(300, &tiles).unwrap() == root, name == "tile/0/000", "{name}");
        for length in [0, 31, 8191, 8193] {
            let mut spoiled = good.clone();
            spoiled.get_mut(name).unwrap().resize(length, 0);
            let tiles = reader(300, &spoiled);
            let (level, index) = match name.as_str() {
                "tile/0/000" => (0, 0),
                "tile/0/001.p/44" => (0, 256),
                _ => (8, 0),
            };
            assert_eq!(tiles.subtree(level, index).unwrap_err().code(), "tile-length");
        }
    }
    let none = Files::new();
    assert_eq!(reader(300, &none).subtree(0, 0).unwrap_err().code(), "tile-missing");
}

/// T8: without the bundles and leaf tiles of old entries, proofs of the others still come out.
#[test]
fn pruned_tiles() {
    let levels: Levels = naive::leaves(1000).into_iter().collect();
    let mut files = files(1000, &levels);
    files.remove("tile/0/000");
    files.remove("tile/0/001");
    let tiles = reader(1000, &files);
    let root = tree::root(1000, &tiles).unwrap();
    for index in 512..1000 {
        let path = tree::inclusion_proof(1000, index, &tiles).unwrap();
        tree::verify_inclusion(index, 1000, &levels.subtree(0, index).unwrap(), &path, &root)
            .unwrap();
    }
    assert_eq!(tree::inclusion_proof(1000, 511, &tiles).unwrap_err().code(), "tile-missing");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// T1: every place has one name.
    #[test]
    fn names_come_back(level in prop::option::of(0_u8..=63), index in any::<u64>(), width in 1..=WIDTH) {
        let part = level.map_or(Part::Entries, Part::Hashes);
        for index in [index, index >> 40, index >> 54] {
            let path = TilePath::new(part, index, width).unwrap();
            prop_assert_eq!(TilePath::parse(&path.to_string()).unwrap(), path);
        }
    }

    #[test]
    fn one_name(text in "tile/[0-9x]{1,3}/[0-9x/.p]{1,20}") {
        if let Ok(path) = TilePath::parse(&text) {
            prop_assert_eq!(path.to_string(), text);
        }
    }

    /// What was written up to a size, together with what is new, is all there is; and a builder that
    /// stops and resumes writes the same bytes.
    #[test]
    fn growth(steps in prop::collection::vec(0_u64..700, 1..5)) {
        let size = steps.iter().sum();
        let leaves = naive::leaves(size);
        let levels: Levels = leaves.iter().copied().collect();
        let (mut written, mut built, mut old) = (Files::new(), Files::new(), 0);
        for step in steps {
            let new = old + step;
            for path in new_tiles(old, new).filter(|path| path.part() != Part::Entries) {
                written.insert(path.to_string(), tile_bytes(&path, &levels).unwrap());
            }
            let mut builder = Builder::resume(old, &reader(old, &built)).unwrap();
            let mut full = Vec::new();
            for leaf in &leaves[old.try_into().unwrap()..new.try_into().unwrap()] {
                builder
                    .push(*leaf, |path, bytes| {
                        full.push((path, bytes.to_vec()));
                        Ok(())
                    })
                    .unwrap();
            }
            prop_assert_eq!(builder.size(), new);
            full.extend(builder.partial());
            built.extend(full.into_iter().map(|(path, bytes)| (path.to_string(), bytes)));
            old = new;
        }
        prop_assert_eq!(&built, &written);
        for (name, bytes) in files(size, &levels) {
            prop_assert_eq!(written.get(&name), Some(&bytes), "{}", name);
        }
    }
}
