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
