//! The workbook, the pages of a review and the OSCAL documents: the same bytes, ids that are there once,
//! references that lead somewhere, and nothing that runs. Other programs read them in `.ci/dressings`.
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
    clippy::print_stdout,
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

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::OnceLock;

use history::Events;
use ledger_core::check::State;
use ledger_core::review::form::{Form, Row};
use quarter::{ALL, Made};
use report_templates::{oscal, review, workbook};
use serde_json::Value;

/// A quarter in which much happens; made once.
fn whole() -> &'static Made {
    static WHOLE: OnceLock<Made> = OnceLock::new();
    WHOLE.get_or_init(|| quarter::report(quarter::events(1, 3), State::Pass, &ALL, "Example AG"))
}

const HOSTILE: &str = "=HYPERLINK(\"x\") <script>alert(1)</script>\u{202e}\u{7} `rm` *b* |a|";

/// Nothing happened, and who asks writes what they like.
fn hostile(integrity: State) -> Made {
    quarter::report(Events::new(), integrity, &["sox"], HOSTILE)
}

fn documents(made: &Made) -> BTreeMap<&'static str, Value> {
    let all = oscal::oscal(&made.report, &made.digest);
    let read = |known: oscal::Document<'_>| {
        let text = known.content.to_canonical();
        (known.name, serde_json::from_str(&text).unwrap())
    };
    all.into_iter().map(read).collect()
}

/// All members of that name, wherever they stand.
fn members<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(object) => {
            for (own, value) in object {
                if own == name {
                    found.push(value);
                }
                members(value, name, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| members(item, name, found)),
        _ => {}
    }
}

fn texts<'v>(value: &'v Value, name: &str) -> Vec<&'v str> {
    let mut found = Vec::new();
    members(value, name, &mut found);
    found.into_iter().filter_map(Value::as_str).collect()
}

/// Written out for the programs of others, where they are asked for.
#[test]
fn others_may_read_them() {
    let Some(folder) = option_env!("LEDGER_DRESSINGS") else { return };
    for (name, made) in [("quarter", whole()), ("hostile", &hostile(State::Fail))] {
        let folder = PathBuf::from(folder).join(name);
        std::fs::create_dir_all(folder.join("oscal")).unwrap();
        std::fs::write(folder.join("report.xlsx"), workbook(&made.report, &made.digest).unwrap())
            .unwrap();
        for document in oscal::oscal(&made.report, &made.digest) {
            let text = document.content.to_canonical();
            std::fs::write(folder.join("oscal").join(document.name), text).unwrap();
        }
        for kind in ["report.xlsx", "oscal"] {
            assert!(folder.join(kind).exists(), "{name}: {kind}");
        }
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let made = whole();
    let book = workbook(&made.report, &made.digest).unwrap();
    assert!(book.starts_with(b"PK\x03\x04") && book.len() > 50_000);
    // a second later it would show in the times of a zip's entries
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    assert!(book == workbook(&made.report, &made.digest).unwrap());
    assert_eq!(documents(made), documents(made));
}

/// OSCAL has no empty list and no empty text, and an id is there once.
#[test]
fn documents_are_well_formed() {
    fn nothing_empty(value: &Value, at: &str) {
        match value {
            Value::Object(object) => {
                object
                    .iter()
                    .for_each(|(name, value)| nothing_empty(value, &format!("{at}/{name}")));
            }
            Value::Array(items) => {
                assert!(!items.is_empty(), "{at} is empty");
                for item in items {
                    nothing_empty(item, at);
                }
            }
            Value::String(text) => assert!(!text.trim().is_empty(), "{at} says nothing"),
            _ => {}
        }
    }
    let empty = hostile(State::Pass);
    for made in [whole(), &empty] {
        let all = documents(made);
        // there is no plan of action where nothing is open
        let table = made.report.dataset("P14").unwrap();
        let place = table.column("stands").unwrap();
        let open = table.rows.iter().any(|row| row[place].text() != "closed");
        assert_eq!(all.len(), if open { 4 } else { 3 });
        assert_eq!(all.contains_key("plan-of-action-and-milestones.json"), open);
        for (name, document) in &all {
            nothing_empty(document, name);
            let ids = texts(document, "uuid");
            let once: BTreeSet<&str> = ids.iter().copied().collect();
            assert_eq!(ids.len(), once.len(), "{name}");
            assert!(ids.iter().all(|id| id.as_bytes()[14] == b'5'), "{name}");
            for reference in ["observation-uuid", "risk-uuid"] {
                let strays = texts(document, reference).into_iter().find(|id| !once.contains(id));
                assert_eq!(strays, None, "{name}: {reference} leads nowhere");
            }
        }
    }
}

#[test]
fn findings_say_what_the_controls_came_to() {
    let made = whole();
    let all = documents(made);
    let result = &all["assessment-results.json"]["assessment-results"]["results"][0];
    let findings = result["findings"].as_array().unwrap();
    let named: Vec<&str> = texts(&result["reviewed-controls"], "control-id");
    let mut told = 0;
    for control in &made.report.controls {
        let title = format!("{} ", control.id);
        let finding = findings.iter().find(|f| f["title"].as_str().unwrap().starts_with(&title));
        let apart = matches!(control.state, State::NotApplicable | State::NoOccurrence);
        assert_eq!(finding.is_none(), apart, "{}", control.id);
        assert_eq!(named.contains(&control.id.as_str()), !apart, "{}", control.id);
        let Some(finding) = finding else { continue };
        told += 1;
        let status = &finding["target"]["status"];
        let wanted = match control.state {
            State::Pass => ("satisfied", "pass"),
            State::Fail => ("not-satisfied", "fail"),
            _ => ("not-satisfied", "other"),
        };
        assert_eq!(
            (status["state"].as_str(), status["reason"].as_str()),
            (Some(wanted.0), Some(wanted.1))
        );
        assert_eq!(finding["props"][0]["value"], control.state.as_str());
    }
    assert_eq!(told, findings.len());
    // the objective of a finding is one of the catalogue
    let objectives: BTreeSet<&str> = texts(&all["catalog.json"], "id").into_iter().collect();
    assert!(texts(result, "target-id").iter().all(|id| objectives.contains(id)));
    // each exception that is not closed has its item
    let rows = &made.report.dataset("P14").unwrap().rows;
    let place = made.report.dataset("P14").unwrap().column("stands").unwrap();
    let open = rows.iter().filter(|row| row[place].text() != "closed").count();
    let plan = &all["plan-of-action-and-milestones.json"]["plan-of-action-and-milestones"];
    assert_eq!(plan["poam-items"].as_array().unwrap().len(), open);
    assert_eq!(result["risks"].as_array().unwrap().len(), rows.len());
}

#[test]
fn hostile_text_is_text() {
    let made = hostile(State::Fail);
    for (name, document) in documents(&made) {
        let text = document.to_string();
        assert!(!text.contains('\u{202e}') && !text.contains("<script>"), "{name}");
        assert!(text.contains("U+202E"), "{name}");
    }
    assert!(workbook(&made.report, &made.digest).is_ok());
}

/// The pages of a review look as those of a report do.
#[test]
fn the_pages_of_a_review_have_the_style_of_the_reports() {
    let row = Row {
        item: "i-1".to_owned(),
        cells: vec![HOSTILE.to_owned()],
        mac: String::new(),
        decision: String::new(),
        comment: String::new(),
    };
    let form = Form {
        campaign: HOSTILE.to_owned(),
        population: "sha256:00".to_owned(),
        reviewer: "mia".to_owned(),
        columns: vec!["account".to_owned()],
        items: vec!["i-1".to_owned()],
        mac: String::new(),
        rows: vec![row],
    };
    let table = whole().report.dataset("P01").unwrap();
    for page in [review::form_page(&form).unwrap(), review::sheet_page(table).unwrap()] {
        let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        assert!(style.contains("@media print") && style.contains("body{"), "{style}");
        assert_eq!(page.matches("</style>").count(), 1);
    }
}
