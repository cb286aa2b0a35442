//! Stories: each test of a control against a release history that satisfies it, and one for each thing
//! that can be wrong with an item (`fixtures/story/`).
#![allow(
    missing_docs,
    missing_debug_implementations,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

#[path = "story/history.rs"]
mod history;
#[path = "story/lists.rs"]
mod lists;
#[path = "story/verified.rs"]
mod verified;

use std::collections::BTreeSet;

use history::{Book, Story};
use ledger_core::check::{self, Census, Item, Severity, State, Test};

/// The one item that a story is about.
fn subject<'a>(book: &Book, story: &Story, census: &'a Census) -> Option<&'a Item> {
    let wanted = history::named(story.item.as_ref().unwrap_or(&book.item));
    census.items.iter().find(|item| item.id == wanted)
}

fn told(item: Option<&Item>) -> String {
    let Some(item) = item else { return "no such item".to_owned() };
    let lines = item
        .exceptions
        .iter()
        .map(|e| format!("\n    {} ({}): {}", e.code, e.severity.as_str(), e.sentence));
    format!("{}{}", item.state().as_str(), lines.collect::<String>())
}

fn books() -> Vec<(Book, &'static Test)> {
    let mut books = Vec::new();
    for book in history::books() {
        let test = check::find(&book.test).unwrap_or_else(|| panic!("no test {}", book.test));
        books.push((book, test));
    }
    books
}

#[test]
fn what_is_right_passes_and_every_story_raises_exactly_what_it_says() {
    let mut wrong = Vec::new();
    for (book, test) in books() {
        for story in book.stories() {
            let census = book.run(test, &story);
            let item = subject(&book, &story, &census);
            let raised: BTreeSet<&str> =
                item.into_iter().flat_map(|item| &item.exceptions).map(|e| e.code).collect();
            let wanted: BTreeSet<&str> = story.raises.iter().map(String::as_str).collect();
            let severity = item.and_then(|item| item.exceptions.iter().map(|e| e.severity).min());
            let severe = story.severity.is_none()
                || severity.map(Severity::as_str) == story.severity.as_deref();
            let state = item.map(|item| item.state().as_str());
            let fits = match (&story.state, raised.is_empty()) {
                (Some(wanted), _) => state == Some(wanted.as_str()),
                (None, true) => state == Some("pass"),
                (None, false) => state != Some("pass"),
            };
            if raised != wanted || !severe || !fits {
                wrong.push(format!(
                    "{} `{}`: wanted {wanted:?}, got {}",
                    test.id,
                    story.name,
                    told(item)
                ));
            }
            for exception in item.into_iter().flat_map(|item| &item.exceptions) {
                let sentence = &exception.sentence;
                assert!(!sentence.ends_with('.') && !sentence.contains("Some("), "{sentence}");
                assert!(
                    !exception.entries.is_empty(),
                    "{} cites nothing: {sentence}",
                    exception.code
                );
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_kind_of_exception_has_a_story() {
    let mut missing = Vec::new();
    let books = books();
    for test in check::all() {
        let told: BTreeSet<String> = books
            .iter()
            .filter(|(book, _)| book.test == test.id)
            .flat_map(|(book, _)| book.stories())
            .flat_map(|story| story.raises)
            .collect();
        let untold = test.kinds.iter().filter(|kind| !told.contains(kind.code));
        missing.extend(untold.map(|kind| format!("{} {}", test.id, kind.code)));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Missing evidence is never a pass: without any one of the events a pass stands on, it is none.
#[test]
fn no_member_of_the_evidence_can_be_missed() {
    let mut wrong = Vec::new();
    for (book, test) in books() {
        for story in book.stories().into_iter().filter(|story| story.raises.is_empty()) {
            for label in story.evidence.as_ref().unwrap_or(&book.evidence) {
                if story.drop.contains(label) {
                    continue;
                }
                let census = book.run(test, &story.without(label));
                let item = subject(&book, &story, &census);
                if item.is_none_or(|item| item.state() == State::Pass) {
                    wrong.push(format!(
                        "{} `{}` without `{label}`: {}",
                        test.id,
                        story.name,
                        told(item)
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The order in which unrelated things are recorded changes nothing but the entries' numbers.
#[test]
fn what_is_unrelated_changes_nothing() {
    for (book, test) in books() {
        for story in book.stories() {
            let (alone, crowded) = (book.run(test, &story), book.run(test, &story.crowded()));
            let states = |census: &Census| -> Vec<(String, State, Vec<&'static str>)> {
                let kinds = |item: &Item| item.exceptions.iter().map(|e| e.code).collect();
                census
                    .items
                    .iter()
                    .map(|item| (item.id.clone(), item.state(), kinds(item)))
                    .collect()
            };
            let item = |census: &Census| subject(&book, &story, census).map(Item::state);
            assert_eq!(item(&alone), item(&crowded), "{} `{}`", test.id, story.name);
            assert!(states(&crowded).len() >= states(&alone).len());
        }
    }
}

/// Law 6: a rule that is changed later, whatever it says of when it is in force, changes no verdict on
/// what came before it in the log.
#[test]
fn rules_that_are_changed_later_change_no_earlier_verdict() {
    let mut wrong = Vec::new();
    for (book, test) in books() {
        for story in book.stories() {
            let (then, now) = (book.run(test, &story), book.run(test, &story.ruled_anew()));
            let told_of = |census: &Census| {
                let item = subject(&book, &story, census)?;
                let codes: Vec<&str> = item.exceptions.iter().map(|e| e.code).collect();
                Some((item.state(), codes))
            };
            if told_of(&then) != told_of(&now) {
                let (then, now) = (subject(&book, &story, &then), subject(&book, &story, &now));
                wrong.push(format!(
                    "{} `{}`: {} and then {}",
                    test.id,
                    story.name,
                    told(then),
                    told(now)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn tests_are_in_order_and_say_what_they_are() {
    let ids: Vec<&str> = check::all().map(|test| test.id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    for test in check::all() {
        let codes: BTreeSet<&str> = test.kinds.iter().map(|kind| kind.code).collect();
        assert_eq!(codes.len(), test.kinds.len(), "{}", test.id);
        let names: BTreeSet<&str> = test.parameters.iter().map(|known| known.name).collect();
        assert_eq!(names.len(), test.parameters.len(), "{}", test.id);
    }
}
