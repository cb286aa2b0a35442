//! Golden: texts that are held against golden files (`fixtures/report/`), and the pages that
//! `.ci/screens` looks at.

use std::path::PathBuf;

use ledger_core::hash::Sha256;
use ledger_core::report::{Asked, Brief};
use report_templates::{brief_markdown, brief_pages};

/// What is asked by a command of these words.
pub fn asked(words: &str) -> Asked {
    Asked {
        entity: "Example AG".to_owned(),
        command: format!("ledger report {words} --out DIR"),
        ..Asked::default()
    }
}

/// Holds a text against its golden file.
pub fn same(name: &str, found: &str) {
    let file =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../fixtures/report/{name}.md"));
    if option_env!("LEDGER_GOLDEN").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, found).unwrap();
    }
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(found, known, "{}: build with LEDGER_GOLDEN=1 to write it anew", file.display());
}

/// Writes a file where `.ci/screens` looks for it, if it asks.
pub fn shown(folder: &str, name: &str, text: &str) {
    let Some(root) = option_env!("LEDGER_SCREENS") else { return };
    let file = PathBuf::from(root).join(folder).join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// A page in a golden file: its name and digest.
pub fn line(name: &str, bytes: &[u8]) -> String {
    format!("{name} {}\n", Sha256::of(bytes).to_reference())
}

/// A golden file of a brief: its text, and the digests of its pages.
pub fn brief(one: &Brief) {
    let json = format!("{}\n", one.document().to_canonical());
    let digest = Sha256::of(json.as_bytes()).to_reference();
    let mut found = brief_markdown(one, &digest);
    for page in brief_pages(one, &digest) {
        let page = page.unwrap();
        shown(one.kind, &page.name, &page.html);
        found.push_str(&line(&page.name, page.html.as_bytes()));
    }
    same(one.kind, &found);
}
