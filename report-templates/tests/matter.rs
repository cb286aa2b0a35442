//! Reports of one matter, and the documents beside a report: golden files (`fixtures/report/`).
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

#[path = "goldens/golden.rs"]
mod golden;
#[path = "../../ledger-core/tests/story/history.rs"]
mod history;
#[path = "../../ledger-core/tests/story/lists.rs"]
mod lists;
#[path = "../../ledger-core/tests/story/memory.rs"]
mod memory;
#[path = "goldens/quarter.rs"]
mod quarter;
#[path = "../../ledger-core/tests/story/verified.rs"]
mod verified;

use std::fmt::Write as _;

use golden::{asked, line, same, shown};
use history::Events;
use ledger_core::check::State;
use ledger_core::control::Fiscal;
use ledger_core::fact::Facts;
use ledger_core::fact::dossier::{Dossier, Thing};
use ledger_core::hash::Sha256;
use ledger_core::report::{Brief, Made as Earlier, Matter, Report, Seen, Signatures, Statement};
use ledger_core::schema::typed::Id;
use memory::Memory;
use report_templates::{markdown, names, pages, signatures};
use serde_json::json;

/// A release that was built, tested, judged by a gate, and went to production with its train.
fn released() -> Events {
    let book = history::books().into_iter().find(|book| book.test == "T06").unwrap();
    let mut events = book.events(&book.stories().remove(0));
    book.introduce(&mut events);
    let release = |state: &str, at: &str| {
        json!({"type": "release.recorded", "at": at, "by": "@olga", "subject": {"release": "r-1"},
            "data": {"state": state, "version": "2026.7", "train": "july",
                "members": [{"service": "payments", "artifact": "#payments-1"}],
                "constraints": [{"service": "payments", "requires": "orders", "version": "3"}]}})
    };
    let train = |action: &str, at: &str, more: serde_json::Value| {
        let mut data = json!({"action": action, "releases": ["r-1"]});
        let members = data.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        json!({"type": "release_train.changed", "at": at, "by": "@olga",
            "subject": {"train": "july"}, "data": data})
    };
    let score = json!({"type": "readiness.scored", "at": "2026-07-10T09:30:00Z", "by": "@ci",
        "kind": "service", "behalf": "@ada", "subject": {"release": "r-1"},
        "data": {"weights_digest": "#weights", "minimum": "80", "score": "94.5", "missing": [],
            "vetoes": [], "parts": [{"name": "tests", "weight": "60", "score": "0.98"},
                {"name": "gates", "weight": "40", "score": "0.9"}]}});
    for (label, event) in [
        ("planned", release("planned", "2026-07-01T09:00:00Z")),
        ("released", release("released", "2026-07-10T11:00:00Z")),
        ("scored", score),
        ("train scheduled", train("scheduled", "2026-07-01T10:00:00Z", json!({}))),
        ("train departed", train("departed", "2026-07-10T09:45:00Z", json!({}))),
    ] {
        events.insert(label.to_owned(), event);
    }
    events
}

#[test]
fn a_release_and_its_train_went_well() {
    let (facts, evaluation) = quarter::evaluated(released(), [State::Pass; 2], &["sox"]);
    for matter in [Matter::Release("r-1"), Matter::Train("july")] {
        let one = Brief::of(
            &evaluation,
            &facts,
            &asked(&format!("{} --framework sox", matter.word())),
            &matter,
        )
        .unwrap();
        assert_eq!(one.state(), State::Pass, "{}", one.kind);
        for id in ["B01", "B02", "B03", "B04"] {
            let table = one.report.dataset(id).unwrap();
            assert!(!table.rows.is_empty(), "{}: {id} has no row", one.kind);
            assert!(table.rows.iter().all(|row| row.len() == table.about.columns.len()), "{id}");
        }
        golden::brief(&one);
    }
    // a verdict that does not hold is the result, whatever the release says of itself
    let (facts, evaluation) = quarter::evaluated(released(), [State::Fail, State::Pass], &["sox"]);
    let matter = Matter::Release("r-1");
    let one = Brief::of(&evaluation, &facts, &asked("release --framework sox"), &matter).unwrap();
    assert_eq!(one.state(), State::Fail);
}

#[test]
fn a_change_with_all_that_speaks_of_it() {
    let book = history::books().into_iter().find(|book| book.test == "T07").unwrap();
    let story = book.stories().remove(0);
    let mut events = book.events(&story);
    book.introduce(&mut events);
    let source = Memory::of(book.lines(&story));
    let dossier = Dossier::of(&source, Thing::Change(Id::from("PAY-1"))).unwrap();
    let (facts, evaluation) = quarter::evaluated(events, [State::Pass; 2], &["sox"]);
    let matter = Matter::Change(&dossier);
    let one =
        Brief::of(&evaluation, &facts, &asked("change PAY-1 --framework sox"), &matter).unwrap();
    assert!(one.report.dataset("C01").unwrap().about.rows > 0);
    assert_eq!(one.report.dataset("C05").unwrap().about.rows, dossier.lines.len() as u64);
    golden::brief(&one);
}

/// Days begin where the entity's calendar says, and every sentence says where that is.
#[test]
fn a_period_of_another_zone_names_it() {
    let text = "id = \"acme\"\ntimezone = \"Europe/Berlin\"\nrule = \"CET-1CEST,M3.5.0,M10.5.0/3\"\nyear_starts = \"01-01\"\nyear_named = \"start\"\nweekend = [\"saturday\", \"sunday\"]\nholidays = []\n";
    let fiscal = Fiscal::read("acme.toml", text).unwrap();
    let (facts, evaluation) =
        quarter::evaluated_by(&fiscal, released(), [State::Pass; 2], &["sox"]);
    let report = Report::of(&evaluation, &facts, &asked("quarter --framework sox"), Vec::new());
    assert_eq!(report.front.from.to_string(), "2026-06-30T22:00:00.000000Z");
    assert_eq!(report.front.period, "2026-Q3");
    let told = report.conclusion.sentences.join(" ");
    assert!(told.contains("from 2026-07-01 to 2026-09-30, Europe/Berlin"), "{told}");
    let days = report.dataset("G07").unwrap();
    assert_eq!(days.rows.len(), 92);
    assert_eq!(days.rows[0][0].text(), "2026-07-01");
    let summary = markdown(&report, "sha256:00");
    assert!(summary.contains("2026-Q3, 2026-07-01 to 2026-09-30, Europe/Berlin."), "{summary}");
    let page = &pages(&report, "sha256:00").next().unwrap().unwrap().html;
    assert!(page.contains("2026-Q3 \u{b7} 2026-07-01 to 2026-09-30, Europe/Berlin"));
    assert!(!page.contains("2026-06-30, ") && !page.contains("to 2026-09-30, UTC"));
}

const WHO: &str = "qfa3mkubk5ghd665leuff2bavq";
const OTHER: &str = "g5n26cqnzj5aiq37cdrzb4qw2y";

/// Signed twice: once by somebody whom the ledger has erased since, once with a key that is no evidence.
#[test]
fn signatures_beside_a_report() {
    let made = quarter::report(Events::new(), State::Pass, &["sox"], "Example AG");
    let earlier = Earlier::read(made.json.as_bytes()).unwrap();
    let none = Facts::default();
    let seen =
        Seen { size: 7, root: "cm9vdA==".to_owned(), by: vec!["example.com/log".to_owned()] };
    let mut document =
        Signatures::of(&earlier, Vec::new(), &none, &std::collections::BTreeMap::new(), Some(seen));
    assert!(document.is_draft());
    let mut found = format!("{}\n", document.to_json().to_canonical());
    shown("signatures-draft", "report.html", &signatures(&document).unwrap());
    let statement = |role: &str, who: &str, entry: u64| Statement {
        role: role.to_owned(),
        who: who.to_owned(),
        erased: None,
        text_digest: Sha256::of(b"words").to_reference(),
        at: "2026-10-20T09:00:00.000000Z".to_owned(),
        entry,
        doubt: None,
    };
    document.signed = vec![
        Statement { erased: Some(12), ..statement("control_owner", WHO, 9) },
        Statement {
            doubt: Some("the key was revoked by entry 5".to_owned()),
            ..statement("management", OTHER, 10)
        },
    ];
    document.issued = Some(8);
    let page = signatures(&document).unwrap();
    assert!(page.contains(&format!("{WHO} (erased by entry 12)")) && !page.contains("DRAFT"));
    assert!(page.contains("the key was revoked by entry 5"));
    shown("signatures", "report.html", &page);
    writeln!(found, "{}", document.to_json().to_canonical()).unwrap();
    found.push_str(&line("signatures.html", page.as_bytes()));
    same("signatures", &found);
}

#[test]
fn names_beside_a_report() {
    let row = |cells: [&str; 4]| cells.map(str::to_owned);
    let rows = [
        row([WHO, "<b>Ada</b> \u{202e}", "hr:1042, git:ada@example.com", "entry 20"]),
        row([OTHER, "", "", "erased by entry 12"]),
    ];
    let page = names("report-2026-Q3-0123456789ab", "sha256:00", &rows).unwrap();
    assert!(page.contains("CONFIDENTIAL") && page.contains("erased by entry 12"));
    assert!(page.contains("&lt;b&gt;Ada&lt;/b&gt; ⟨U+202E⟩"));
    shown("names", "report.html", &page);
    same("names", &line("names.html", page.as_bytes()));
}
