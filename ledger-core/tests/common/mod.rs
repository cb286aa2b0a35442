//! Reads the vectors of `fixtures/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a vector that cannot be read stops its test"
)]

use std::collections::BTreeMap;
use std::path::Path;

/// One case: its name, its header, and its bytes.
pub struct Vector {
    pub name: String,
    pub header: BTreeMap<String, String>,
    pub bytes: Vec<u8>,
}

impl Vector {
    /// A header line that the case must have.
    pub fn header(&self, name: &str) -> &str {
        self.header.get(name).unwrap_or_else(|| panic!("{}: no `{name}:` line", self.name))
    }

    /// Holds the outcome against `expect`; `outcome` is the code of the refusal, if it was refused.
    pub fn check(&self, outcome: Option<&str>) {
        let seen = outcome.map_or_else(|| "accept".to_owned(), |code| format!("refuse {code}"));
        assert_eq!(seen, self.header("expect"), "{} ({})", self.name, self.header("comment"));
    }
}

/// All cases of one format; there must be some, and most of them refusals.
pub fn vectors(format: &str) -> Vec<Vector> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(format);
    let mut names: Vec<_> = std::fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "vector"))
        .collect();
    names.sort();
    let cases: Vec<_> = names.iter().map(|path| read(path)).collect();
    let refusals = cases.iter().filter(|case| case.header("expect").starts_with("refuse")).count();
    assert!(refusals * 2 > cases.len(), "{format}: {refusals} refusals of {} cases", cases.len());
    cases
}

fn read(path: &Path) -> Vector {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let content = std::fs::read(path).unwrap();
    let split = content.windows(2).position(|pair| pair == b"\n\n").expect("an empty line");
    let header = std::str::from_utf8(&content[..split]).unwrap();
    let header = header
        .lines()
        .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{name}: `{line}`")))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    Vector { name, header, bytes: content[split + 2..].to_vec() }
}
