//! Reports on paper: that each situation can be printed as PDF/A-2a and PDF/UA-1, which the writer holds
//! itself to, and that the same report is the same bytes. `.ci/paper` reads the files with other programs.
#![cfg(feature = "pdf")]
#![allow(
    missing_docs,
    missing_debug_implementations,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::missing_panics_doc,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

#[path = "../../ledger-core/tests/story/history.rs"]
mod history;
#[path = "../../ledger-core/tests/story/lists.rs"]
mod lists;
#[path = "goldens/quarter.rs"]
mod quarter;
#[path = "../../ledger-core/tests/story/verified.rs"]
mod verified;

use std::collections::BTreeMap;
use std::path::PathBuf;

use history::Events;
use ledger_core::check::State;
use ledger_core::report::{Asked, Brief, Made as Earlier, Matter, Signatures, Statement};
use quarter::{ALL, Made};
use report_templates::{brief_pdf, names_pdf, pdf, sheet_pdf, signatures_pdf};

/// The file, written where `.ci/paper` looks for it, if it asks.
fn printed(name: &str, made: &Made) -> Vec<u8> {
    let bytes = pdf(&made.report, &made.digest).unwrap_or_else(|why| panic!("{name}: {why}"));
    shown(name, &bytes);
    bytes
}

fn shown(name: &str, bytes: &[u8]) {
    assert!(bytes.starts_with(b"%PDF-1.7"), "{name}");
    if let Some(folder) = option_env!("LEDGER_PAPER") {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(PathBuf::from(folder).join(format!("{name}.pdf")), bytes).unwrap();
    }
}

#[test]
fn a_quarter_twice_is_the_same_bytes() {
    let made = quarter::report(quarter::events(2, 6), State::Pass, &ALL, "Example AG");
    assert_eq!(printed("quarter", &made), pdf(&made.report, &made.digest).unwrap());
    for matter in [Matter::Conflicts, Matter::Exceptions, Matter::Freeze] {
        let asked = Asked { entity: "Example AG".to_owned(), ..Asked::default() };
        let one = Brief::of(&made.evaluation, &made.facts, &asked, &matter).unwrap();
        shown(one.kind, &brief_pdf(&one, "sha256:00").unwrap());
    }
}

#[test]
fn nothing_and_what_does_not_hold_can_be_printed() {
    printed("empty-period", &quarter::report(Events::new(), State::Pass, &ALL, ""));
    let failed = quarter::report(quarter::events(1, 3), State::Fail, &ALL, "Example AG");
    printed("failed-integrity", &failed);
}

/// What stands beside a report: the same view as on a screen, drafts and hostile names among them.
#[test]
fn signatures_names_and_a_table_can_be_printed() {
    let made = quarter::report(quarter::events(1, 3), State::Pass, &ALL, "Example AG");
    let earlier = Earlier::read(made.json.as_bytes()).unwrap();
    let none = ledger_core::fact::Facts::default();
    let mut document = Signatures::of(&earlier, Vec::new(), &none, &BTreeMap::new(), None);
    shown("signatures-draft", &signatures_pdf(&document, &earlier).unwrap());
    document.signed = vec![Statement {
        role: "management".to_owned(),
        who: "qfa3mkubk5ghd665leuff2bavq".to_owned(),
        erased: Some(12),
        text_digest: "sha256:00".to_owned(),
        at: "2026-10-20T09:00:00.000000Z".to_owned(),
        entry: 9,
        doubt: Some("the key was revoked by entry 5".to_owned()),
    }];
    let signed = signatures_pdf(&document, &earlier).unwrap();
    assert_eq!(signed, signatures_pdf(&document, &earlier).unwrap());
    shown("signatures", &signed);
    let name = ["<b>Ada</b> \u{202e}\u{1f680}", &"W".repeat(400)].concat();
    let row = ["qfa3mkubk5ghd665leuff2bavq", &name, "hr:1042", "entry 20"].map(str::to_owned);
    shown("names", &names_pdf(&earlier, "sha256:00", &[row]).unwrap());
    shown("names-none", &names_pdf(&earlier, "sha256:00", &[]).unwrap());
    let cutoff = made.report.front.cutoff;
    for id in ["P14", "M01"] {
        let table = made.report.dataset(id).unwrap();
        let printed = sheet_pdf(table, "0.1.0", cutoff).unwrap();
        assert_eq!(printed, sheet_pdf(table, "0.1.0", cutoff).unwrap());
        shown(&format!("table-{id}"), &printed);
    }
}

/// What no font has, what is written from right to left, what is longer than a page.
#[test]
fn hostile_text_can_be_printed() {
    let name = "</title><script>alert(1)</script>\u{202e}\u{2066}=HYPERLINK(\"x\") \u{1f680} \u{65e5}\u{672c} \u{5e9}\u{5dc}\u{5d5}\u{5dd} e\u{301}\u{0} \u{feff} \u{e000} ";
    let entity = format!("{name}{}", "W".repeat(10_000));
    printed("hostile-text", &quarter::report(Events::new(), State::Pass, &["sox"], &entity));
}
