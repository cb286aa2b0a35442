//! T7: our tiles, bundles and roots are Tessera's, byte for byte, at every size.

use std::collections::BTreeSet;

use ledger_core::checkpoint::Checkpoint;
use ledger_core::note::{Note, VerifierKey, open};
use ledger_core::tile::{Builder, Part, TilePath, Tiles, encode_bundle, tile_bytes, tiles};
use ledger_core::tree::{self, Frontier, Levels};

use crate::{files, folder};

const KEY: &str = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
const WORDS: [&str; 15] = [
    "one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten", "ileven", "twelf",
    "threeten", "fourten", "fivten",
];

#[test]
#[ignore = "reads the folder that LEDGER_VECTORS names"]
fn every_size() {
    let folder = folder("tlog-testlog");
    let key = VerifierKey::parse(KEY).unwrap();
    let read = |name: &str| {
        let file = folder.join(name);
        std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    };
    let (mut levels, mut frontier, mut builder) = (Levels::new(), Frontier::new(), Builder::new());
    let mut seen = BTreeSet::from(["checkpoint".to_owned()]);
    for size in 0..=WORDS.len() {
        let note = read(&format!("checkpoint.{size}"));
        seen.insert(format!("checkpoint.{size}"));
        assert_eq!(Note::parse(&note).unwrap().encode(), note);
        let opened = open(&note, std::slice::from_ref(&key)).unwrap();
        let checkpoint = Checkpoint::parse(&opened.text).unwrap();
        let ours = Checkpoint::new(key.name(), size as u64, frontier.root()).unwrap();
        assert_eq!(checkpoint, ours);
        assert_eq!(ours.encode(), opened.text);

        for path in tiles(size as u64) {
            let ours = match path.part() {
                Part::Entries => encode_bundle(&WORDS[..size]).unwrap(),
                Part::Hashes(_) => tile_bytes(&path, &levels).unwrap(),
            };
            assert_eq!(ours, read(&path.to_string()), "{path}");
            seen.insert(path.to_string());
        }
        for (path, bytes) in builder.partial() {
            assert_eq!(bytes, read(&path.to_string()), "{path}");
        }
        let through = Tiles::new(size as u64, |path: &TilePath| Ok(Some(read(&path.to_string()))));
        assert_eq!(tree::root(size as u64, &through).unwrap(), *checkpoint.root());

        if let Some(word) = WORDS.get(size) {
            let leaf = tree::leaf_hash(word.as_bytes());
            levels.push(leaf);
            frontier.push(leaf).unwrap();
            builder.push(leaf, |path, _| panic!("{path} is not full yet")).unwrap();
        }
    }
    assert_eq!(read("checkpoint"), read("checkpoint.15"));
    let all: BTreeSet<_> = files(&folder)
        .iter()
        .map(|file| file.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(all, seen, "every file of the log was compared");
}
