//! The gate over the books of `fixtures/story/`: its answer from the few entries that it reads is the
//! answer from all of them.
#![allow(
    missing_docs,
    missing_debug_implementations,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

#[path = "story/history.rs"]
mod history;
#[path = "story/lists.rs"]
mod lists;
#[path = "story/memory.rs"]
mod memory;
#[path = "story/verified.rs"]
mod verified;

use std::sync::OnceLock;

use history::{Book, Story, books, filler, pseudonym, time};
use ledger_core::check::State;
use ledger_core::check::matrix::Matrix;
use ledger_core::control::Layer;
use ledger_core::entry::Entry;
use ledger_core::evaluate::exception_id;
use ledger_core::fact::{Facts, Read};
use ledger_core::gate::{self, Answer, Question, Rules};
use ledger_core::hash::Sha256;
use ledger_core::json::Document;
use ledger_core::schema::typed::Id;
use lists::Attached;
use memory::Memory;

/// Limits without which no test of gates or builders can tell.
const COMPANY: &str = r#"
id = "company"
title = "Company"
version = "1"
kind = "company"
valid_from = "2020-01-01"

[[set]]
parameter = "T04.trusted_builders"
value = ["build-farm"]
basis = "company-policy"

[[set]]
parameter = "T06.required"
value = ["release"]
basis = "company-policy"
"#;

/// The rules are read once: most of their time is the catalogue's.
fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| {
        let layer = Layer::read("company.toml", COMPANY).unwrap();
        Rules::at(&[layer], Matrix::default(), time("2026-07-10")).unwrap()
    })
}

fn question(now: &str, service: &str) -> Question {
    let id = |text: &str| Id::from(text);
    Question {
        gate: id("release"),
        service: id(service),
        environment: id("production"),
        artifact: Sha256::of(b"payments-1"),
        change: Some(id("PAY-1")),
        deployment: None,
        system: None,
        region: None,
        config: None,
        incident: None,
        class: None,
        operator_input: None,
        initiator: Some(pseudonym("cem")),
        now: time(now),
    }
}

/// What decides, without the sentences' order: each rule and what it raises.
fn told(answer: &Answer) -> Vec<String> {
    let rules = answer.judged.iter().map(|judged| {
        let raised = judged.item.iter().flat_map(|item| &item.exceptions);
        let raised: Vec<&str> = raised.map(|e| e.sentence.as_str()).collect();
        format!("{} {} {raised:?}", judged.test.id, judged.state.as_str())
    });
    let conditions =
        answer.conditions.iter().map(|c| format!("{} {} {}", c.name, c.state.as_str(), c.sentence));
    rules.chain(conditions).chain([answer.verdict.as_str().to_owned()]).collect()
}

fn both(lines: Vec<String>, lists: &Attached, question: &Question) -> (Answer, Answer) {
    let rules = rules();
    let mut document = Document::default();
    let mut read = Vec::new();
    for line in &lines {
        read.push(Read::of(&Entry::parse(&mut document, line.as_bytes()).unwrap()));
    }
    let size = lines.len() as u64 + 1;
    let memory = Memory::of(lines);
    let few = gate::ask(&memory, lists, question.clone(), rules).unwrap();
    let all = gate::ask_all(read, size, lists, question.clone(), rules).unwrap();
    (few, all)
}

/// The books that tell of a deployment of `payments` under change PAY-1.
fn tellers() -> Vec<Book> {
    let before = |book: &Book| gate::TESTS.contains(&book.test.as_str());
    let more = ["T10", "T11", "T12"];
    books().into_iter().filter(|book| before(book) || more.contains(&book.test.as_str())).collect()
}

fn each(mut with: impl FnMut(&Book, &Story, Vec<String>)) {
    for book in tellers() {
        for story in book.stories() {
            with(&book, &story, book.lines(&story));
            let crowded = story.crowded();
            with(&book, &crowded, book.lines(&crowded));
        }
    }
}

#[test]
fn a_few_entries_answer_as_all_of_them_do() {
    let (mut asked, mut wrong) = (0, Vec::new());
    each(|book, story, lines| {
        // before the book's deployment, shortly after it, and much later
        for now in ["2026-07-10T09:59:59Z", "2026-07-10T12:00:00Z", "2026-07-25T00:00:00Z"] {
            let question = question(now, "payments");
            let (few, all) = both(lines.clone(), &book.attachments(story), &question);
            asked += 1;
            if told(&few) != told(&all) {
                let differ: Vec<String> = told(&few)
                    .into_iter()
                    .zip(told(&all))
                    .filter(|(few, all)| few != all)
                    .map(|(few, all)| format!("\n    few {few}\n    all {all}"))
                    .collect();
                wrong.push(format!("{} `{}` at {now}:{}", book.test, story.name, differ.concat()));
            }
        }
    });
    assert!(asked > 300, "{asked}");
    assert!(wrong.is_empty(), "{} of {asked}\n{}", wrong.len(), wrong.join("\n"));
}

/// No entry that the whole log has can be missed by the few: with something else in the place of any one
/// of them, both answer alike, and never better than before.
#[test]
fn without_any_one_entry_both_still_agree() {
    for book in tellers() {
        let lines = book.lines(&book.stories().remove(0));
        let lists = book.attachments(&book.stories().remove(0));
        for place in 0..lines.len() {
            let mut kept = lines.clone();
            kept[place] = filler(place as u64 + 1);
            let (few, all) = both(kept, &lists, &question("2026-07-10T09:59:59Z", "payments"));
            assert_eq!(told(&few), told(&all), "{} without entry {}", book.test, place + 1);
        }
    }
}

/// A key of a pipeline that says `pass` changes no verdict: what is derived is computed again.
#[test]
fn a_pass_that_somebody_records_lets_nothing_pass() {
    for book in tellers() {
        let test = ledger_core::check::find(&book.test).unwrap();
        for story in book.stories() {
            let said = story.with_pass("2026-07-10T09:59:58Z");
            let (honest, claimed) = (book.run(test, &story), book.run(test, &said));
            let state = |id: &str, items: &[ledger_core::check::Item]| {
                items.iter().find(|item| item.id == id).map(ledger_core::check::Item::state)
            };
            for item in &honest.items {
                let now = state(&item.id, &claimed.items);
                let better = item.state() != State::Pass && now == Some(State::Pass);
                assert!(!better, "{} `{}` {}", book.test, story.name, item.id);
            }
        }
    }
}

#[test]
fn an_unknown_service_cannot_be_told() {
    let book = tellers().remove(0);
    let lines = book.lines(&book.stories().remove(0));
    let (few, all) =
        both(lines, &Attached::of(None, None), &question("2026-07-10T09:59:59Z", "nobody-knows"));
    assert_eq!(told(&few), told(&all));
    assert_ne!(few.verdict, State::Pass);
    assert!(few.reasons().iter().any(|(.., why)| why.contains("no registered system")));
}

#[test]
fn facts_of_nothing_pass_nothing() {
    let (few, all) =
        both(Vec::new(), &Attached::of(None, None), &question("2026-07-10T09:59:59Z", "payments"));
    assert_eq!(told(&few), told(&all));
    assert_ne!(few.verdict, State::Pass);
    assert_eq!(Facts::default().entries, 0);
}

/// A risk that another person accepted beforehand, for exactly this deployment, stands in nobody's way;
/// one accepted by its owner, too low, or over, does.
#[test]
fn an_accepted_risk_counts_in_the_gate_as_in_evaluation() {
    let book = tellers().into_iter().find(|book| book.test == "T02").unwrap();
    let story =
        book.stories().into_iter().find(|one| one.name == "the author approved it").unwrap();
    let mut asked = question("2026-07-10T09:59:59Z", "payments");
    asked.deployment = Some(Id::from("d-77"));
    let ask = |level: &str, approver: &str, expires: &str| {
        let mut lines = book.lines(&story);
        let (before, _) = both(lines.clone(), &book.attachments(&story), &asked);
        let failing = before.judged.iter().filter(|one| one.state == State::Fail);
        let ids: Vec<String> = failing
            .flat_map(|one| one.controls.iter().map(|id| exception_id(id, one.test.id, "d-77")))
            .collect();
        assert!(!ids.is_empty());
        for (number, id) in ids.iter().enumerate() {
            let event = serde_json::json!({
                "type": "risk.accepted", "at": "2026-07-10T09:30:00Z", "by": approver,
                "subject": {"risk": format!("r-{number}")},
                "data": {"exception": id, "person": "@ada", "approver": approver, "level": level,
                    "expires_at": expires, "controls": ["SOX-CM-02"]},
            });
            let index = lines.len() as u64 + 1;
            lines.push(history::line(index, time("2026-07-10T09:30:01Z"), "risk", &event));
        }
        let (few, all) = both(lines, &book.attachments(&story), &asked);
        assert_eq!(told(&few), told(&all));
        few.judged.iter().filter(|one| one.state == State::Waived).count()
    };
    assert!(ask("critical", "@ben", "2026-08-01T00:00:00Z") > 0);
    assert_eq!(ask("critical", "@ada", "2026-08-01T00:00:00Z"), 0);
    assert_eq!(ask("low", "@ben", "2026-08-01T00:00:00Z"), 0);
    assert_eq!(ask("critical", "@ben", "2026-07-10T09:59:00Z"), 0);
}

/// What an exception still needs is an obligation, open or overdue, with the time for it.
#[test]
fn what_an_exception_needs_is_an_obligation() {
    let book = books().into_iter().find(|book| book.test == "T29").unwrap();
    let due = |name: &str, now: &str| {
        let story = book.stories().into_iter().find(|one| one.name == name).unwrap();
        let facts = book.facts(&story);
        let lists = book.attachments(&story);
        let all = gate::obligations(&facts, &lists, rules(), time(now)).unwrap();
        let own = all.into_iter().filter(|one| one.kind.starts_with("T29"));
        own.map(|one| (one.kind, one.standing)).collect::<Vec<_>>()
    };
    let closed = due("what is right", "2027-06-01T00:00:00Z");
    assert!(closed.is_empty(), "{closed:?}");
    let late = due("never repaired", "2027-06-01T00:00:00Z");
    assert_eq!(late, [("T29 remediation-overdue".to_owned(), gate::Standing::Overdue)]);
    let open = due("the time is not over", "2026-07-10T00:00:00Z");
    assert_eq!(open, [("T29 remediation-running".to_owned(), gate::Standing::Running)]);
}
