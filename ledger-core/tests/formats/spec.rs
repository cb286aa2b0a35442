//! The pages of the formats: each shows a real example, names its module and vectors, and explains
//! every code that a vector expects.

use std::path::Path;

use crate::common::vectors;

/// Each page with the vector that is its example; the tile page shows names instead.
const PAGES: [(&str, Option<&str>); 8] = [
    ("checkpoint", Some("our-origin")),
    ("cosignature", Some("test-log")),
    ("note", Some("example")),
    ("policy", Some("two-levels")),
    ("proof", Some("test-log")),
    ("range", Some("test-log")),
    ("tile", None),
    ("tree", Some("consistency-7-to-15")),
];

fn page(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("spec/{name}.md"));
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[test]
fn pages_hold() {
    let all: String = PAGES.map(|(name, _)| page(name)).concat();
    for (name, example) in PAGES {
        let page = page(name);
        let last = page.lines().last().unwrap();
        assert_eq!(last, format!("Module: ledger-core/src/{name}.rs · Vectors: fixtures/{name}/"));
        for case in vectors(name) {
            if example == Some(case.name.as_str()) {
                assert_eq!(case.header("expect"), "accept");
                let text = String::from_utf8(case.bytes).unwrap();
                assert!(page.contains(&format!("```\n{text}```\n")), "{name}: {}", case.name);
            } else if let Some(code) = case.header("expect").strip_prefix("refuse ") {
                assert!(all.contains(&format!("`{code}`")), "no page explains `{code}`");
            }
        }
    }
}

#[test]
fn tile_page_tells_the_truth() {
    let names: Vec<String> =
        ledger_core::tile::tiles(70_000).map(|path| path.to_string()).collect();
    let page = page("tile");
    let block = page.split("```").nth(1).unwrap();
    let shown: Vec<&str> =
        block.split_whitespace().filter(|word| word.starts_with("tile/")).collect();
    assert!(shown.len() > 6);
    assert!(shown.iter().all(|name| names.iter().any(|known| known == name)), "{shown:?}");
}
