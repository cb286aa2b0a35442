//! The laws of an exception's life against T29: what is refused before it is signed is what the test would
//! find afterwards, on every story of its book.
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

use history::{Book, Story};
use ledger_core::check::{self, Census, Context, Item, Test};
use ledger_core::exception::{Acceptance, Life, may_accept, may_change, may_close};
use ledger_core::schema::words::Reference;

const ID: &str = "e-1";

/// The test T29, with something else to run over the same facts.
fn instead(run: fn(&Context<'_>) -> Census) -> Test {
    Test { run, ..*check::find("T29").unwrap() }
}

fn one(item: Item) -> Census {
    Census { items: vec![item], ..Census::default() }
}

/// Who closed it and when, and what stands of it without that.
fn closing(book: &Book, story: &Story) -> Option<(String, String)> {
    let who = instead(|context| {
        let mut item = Item::new(ID, context.now);
        let life = Life::of(context.facts, ID).unwrap();
        let closed = life.newest();
        if let (Some(closer), Err(error)) = (closed.closer, may_change(&life)) {
            assert_eq!(error.code(), "exception-closed");
            item.read("closer", closer.pseudonym.map(|name| name.to_string()).unwrap_or_default());
            item.read("at", closed.at.occurred);
        }
        one(item)
    });
    let census = book.run(&who, story);
    let values = &census.items[0].values;
    let value = |name: &str| values.get(name).map(str::to_owned);
    Some((value("closer").filter(|closer| !closer.is_empty())?, value("at")?))
}

fn t29() -> Book {
    history::books().into_iter().find(|book| book.test == "T29").unwrap()
}

/// The codes that T29 raises.
fn raised(book: &Book, story: &Story) -> Vec<&'static str> {
    let census = book.run(check::find("T29").unwrap(), story);
    census.items.iter().flat_map(|item| &item.exceptions).map(|known| known.code).collect()
}

#[test]
fn what_may_be_closed_is_what_the_test_lets_stand() {
    thread_local! {
        static CLOSING: std::cell::RefCell<(String, String)> = const { std::cell::RefCell::new((String::new(), String::new())) };
    }
    let law = instead(|context| {
        let mut item = Item::new(ID, context.now);
        let life = Life::of(context.facts, ID).unwrap();
        CLOSING.with_borrow(|(closer, at)| {
            let at = ledger_core::time::Timestamp::parse(at.as_bytes()).unwrap();
            let outcome = may_close(ID, &life, context.facts, closer.parse().unwrap(), at);
            let run = outcome
                .as_ref()
                .map(|run| run.as_ref().map(ToString::to_string).unwrap_or_default());
            item.read(
                "law",
                run.map_or_else(|error| error.code().to_owned(), |run| format!("by {run}")),
            );
        });
        one(item)
    });
    let book = t29();
    let mut seen = std::collections::BTreeMap::new();
    for story in book.stories() {
        let Some(closing) = closing(&book, &story) else { continue };
        let open = story.without("closed");
        CLOSING.set(closing);
        let said = book.run(&law, &open).items[0].values.get("law").unwrap().to_owned();
        let found = raised(&book, &story);
        let stands = !found
            .iter()
            .any(|code| matches!(*code, "closed-without-retest" | "person-unresolved"));
        assert_eq!(said.starts_with("by "), stands, "{}: {said}, {found:?}", story.name);
        seen.insert(story.name.clone(), said);
    }
    let said = |story: &str| seen[story].as_str();
    assert_eq!(said("what is right"), "by run-9");
    assert_eq!(said("a false positive needs no retest"), "by ");
    assert_eq!(said("closed without retest"), "retest-none");
    assert_eq!(said("tested again the day after"), "retest-early");
    assert_eq!(said("closed by who repaired it"), "exception-own");
}

#[test]
fn what_may_be_accepted_is_what_the_test_lets_stand() {
    let law = instead(|context| {
        let mut item = Item::new(ID, context.now);
        let life = Life::of(context.facts, ID).unwrap();
        for risk in context.facts.risk_accepted.of(Reference::Exception, ID) {
            let wanted = Acceptance {
                approver: risk.approver.pseudonym.unwrap(),
                person: risk.person.pseudonym,
                level: risk.level,
                grade: life.grade(),
                until: risk.expires_at,
            };
            let outcome = may_accept(&wanted, Some(&life), context.facts, risk.at.occurred);
            item.read("law", outcome.map_or_else(|error| error.code(), |()| "lawful"));
        }
        one(item)
    });
    let book = t29();
    let mut seen = std::collections::BTreeMap::new();
    for story in book.stories() {
        if let Some(said) = book.run(&law, &story).items[0].values.get("law") {
            seen.insert(story.name.clone(), said.to_owned());
        }
    }
    assert_eq!(seen["the risk is accepted"], "lawful");
    assert_eq!(seen["the acceptance is for two years"], "risk-long");
    assert_eq!(seen["accepted by who owns it"], "risk-own");
    assert!(seen.len() > 5, "{seen:?}");
}
