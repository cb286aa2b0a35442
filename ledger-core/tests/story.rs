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

#[path = "story/altered.rs"]
mod altered;
#[path = "story/history.rs"]
mod history;
#[path = "story/lists.rs"]
mod lists;
#[path = "story/unread.rs"]
mod unread;
#[path = "story/verified.rs"]
mod verified;

use std::collections::{BTreeMap, BTreeSet};

use history::{Book, Story};
use ledger_core::check::{
    self, Attachments, Calendar, Census, Context, Item, Parameters, Severity, State, Test,
};
use ledger_core::entry::Entry;
use ledger_core::fact::{Facts, Read};
use ledger_core::hash::Sha256;
use ledger_core::json::Document;
use ledger_core::review::Desk;
use ledger_core::review::population::{Asked, freeze};
use rayon::prelude::*;
use unread::Place;

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

/// What of a story's evidence may say something else, and still passes; with what it then says.
fn unnoticed(book: &Book, test: &'static Test, story: &Story) -> Vec<(Place, String)> {
    let told = book.told(story);
    let read = |number: usize, event: &serde_json::Value| {
        let (recorded, label, _) = &told[number];
        let line = history::admitted(number as u64 + 1, *recorded, label, event).ok()?;
        Some(Read::of(&Entry::parse(&mut Document::default(), line.as_bytes()).unwrap()))
    };
    let reads: Vec<Read> =
        told.iter().enumerate().map(|(number, told)| read(number, &told.2).unwrap()).collect();
    let told_of = |reads: Vec<Read>| book.judge(test, story, &Facts::from_read(reads));
    let left_out = |census: &Census| census.excluded.values().sum::<u64>();
    let before = left_out(&told_of(reads.clone()));
    let passes = |number: usize, event: &serde_json::Value| {
        // what the law of meaning refuses never becomes evidence
        let Some(altered) = read(number, event) else { return false };
        let mut reads = reads.clone();
        reads[number] = altered;
        let census = told_of(reads);
        match subject(book, story, &census) {
            Some(item) => item.state() == State::Pass,
            // what does not belong to the population is left out, and counted with its reason
            None => left_out(&census) <= before,
        }
    };
    let evidence = story.evidence.as_ref().unwrap_or(&book.evidence);
    let members = told.iter().enumerate().filter(|(_, (_, label, _))| evidence.contains(label));
    let mut found = Vec::new();
    for (number, (_, label, event)) in members {
        for leaf in altered::leaves(event) {
            let of = |(_, event): &&(String, serde_json::Value)| passes(number, event);
            let passed: Vec<&str> =
                leaf.others.iter().filter(of).map(|(words, _)| words.as_str()).collect();
            let all = passed.len() == leaf.others.len();
            if !passed.is_empty() && (all || leaf.decides) {
                let kind = event["type"].as_str().unwrap().to_owned();
                let told = format!("`{}`: `{label}` with {}", story.name, passed.join(", "));
                found.push(((test.id.to_owned(), kind, leaf.pointer), told));
            }
        }
    }
    found
}

/// Altered evidence is no evidence: whatever a member says instead, as long as its schema lets it in, the
/// item does not pass. What no test reads is listed with the reason.
#[test]
fn no_member_of_the_evidence_can_be_altered() {
    let all: Vec<(Book, &'static Test, Story)> = books()
        .into_iter()
        .flat_map(|(book, test)| {
            let right = book.stories().into_iter().filter(|story| story.raises.is_empty());
            let right: Vec<Story> = right.collect();
            right.into_iter().map(move |story| (book.clone(), test, story))
        })
        .collect();
    let found: Vec<(Place, String)> = all
        .par_iter()
        .with_max_len(1)
        .flat_map_iter(|(book, test, story)| unnoticed(book, test, story))
        .collect();
    let (mut used, mut wrong) = (BTreeSet::new(), BTreeMap::new());
    let allowed = unread::places();
    for (place, told) in found {
        if allowed.contains(&place) {
            used.insert(place);
        } else {
            wrong.entry(place).or_insert(told);
        }
    }
    let lines: Vec<String> = wrong
        .iter()
        .map(|((test, kind, pointer), told)| format!("{test} {kind} {pointer}  {told}"))
        .collect();
    assert!(lines.is_empty(), "{} places\n{}", lines.len(), lines.join("\n"));
    let needless: Vec<&Place> = allowed.difference(&used).collect();
    assert!(needless.is_empty(), "every test notices these: {needless:#?}");
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

/// Lists that are read, each noted.
struct Noted(lists::Attached, std::sync::Mutex<Vec<Sha256>>);

impl Attachments for Noted {
    fn read(&self, digest: &Sha256) -> Option<Vec<u8>> {
        self.1.lock().unwrap().push(*digest);
        self.0.read(digest)
    }
}

/// A ledger keeps the listings of years: a review reads its own, and each of them once.
#[test]
fn a_review_reads_the_listings_that_it_asks_for() {
    let book = history::books().into_iter().find(|book| book.test == "T18").unwrap();
    let story = book.stories().remove(0);
    let mut events = book.events(&story);
    book.introduce(&mut events);
    let mut before = events["snapshot"].clone();
    before["at"] = "2026-08-01T06:00:00Z".into();
    before["data"]["taken_at"] = "2026-08-01T06:00:00Z".into();
    before["data"]["entitlements"]["attachment"] = "#before".into();
    events.insert("before".to_owned(), before);
    let facts = history::facts(events);
    assert_eq!(facts.access_observed.all().len(), 2);
    let noted = Noted(book.attachments(&story), std::sync::Mutex::default());
    let (parameters, calendar) = (Parameters::default(), Calendar::default());
    let desk = Desk::of(Context {
        facts: &facts,
        period: book.period(&story),
        now: history::time("2026-09-02T09:00:00Z"),
        regime: None,
        parameters: &parameters,
        calendar: &calendar,
        attachments: &noted,
        matrix: None,
        verified: None,
    });
    assert!(noted.1.lock().unwrap().is_empty(), "nothing was asked yet");
    let systems = ["shop".into()];
    let asked = Asked {
        campaign: "uar-2",
        systems: &systems,
        snapshots: &[],
        only: None,
        without_disabled: false,
    };
    let population = freeze(&desk, &asked).unwrap();
    assert_eq!(population.rows, 3);
    assert_eq!(*noted.1.lock().unwrap(), [Sha256::of(b"rows-1")]);
}
