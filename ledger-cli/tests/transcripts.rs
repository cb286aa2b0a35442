//! What is typed and what is printed, in `tests/cmd/`: `TRYCMD=overwrite` writes them anew.

#[test]
fn transcripts() {
    trycmd::TestCases::new()
        .env("LEDGER_STATE", "demo/state")
        .env("LEDGER_DIR", "demo/ledger")
        .env("COLUMNS", "100")
        // changes with every change of the sources
        .insert_var("[BUILD]", env!("LEDGER_BUILD"))
        .unwrap()
        .case("tests/cmd/*.trycmd")
        .run();
}
