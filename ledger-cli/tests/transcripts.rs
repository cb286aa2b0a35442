//! What is typed and what is printed, in `tests/cmd/`: `TRYCMD=overwrite` writes them anew.

#[test]
fn transcripts() {
    trycmd::TestCases::new()
        .env("LEDGER_STATE", "demo/state")
        .env("LEDGER_DIR", "demo/ledger")
        .env("COLUMNS", "100")
        .case("tests/cmd/*.trycmd")
        .run();
}

/// The console blocks of the README, in a folder of their own.
#[test]
fn readme() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("README.md");
    std::fs::copy("../README.md", &page).unwrap();
    std::fs::create_dir(dir.path().join("README.in")).unwrap();
    assert!(std::fs::read_to_string(&page).unwrap().contains("```console\n$ ledger "));
    trycmd::TestCases::new().env("COLUMNS", "100").case(page).run();
}
