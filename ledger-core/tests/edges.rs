//! Edges: what histories come to at their ends: nothing at all, a thousand of something, all at once.
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
#[path = "story/verified.rs"]
mod verified;

use history::{Book, Story, books};
use ledger_core::check::{self, Item, State};
use serde_json::{Map, Value, json};

fn book(test: &str) -> Book {
    books().into_iter().find(|book| book.test == test).unwrap()
}

fn good(book: &Book) -> Story {
    book.stories().remove(0)
}

/// A period in which nothing happened has no item that passes: it is no occurrence, never effective.
/// What stands on the calendar, on a registration or on the log itself is there without any event.
#[test]
fn a_period_without_events_passes_nothing() {
    let standing = ["T21", "T22", "T24", "T25", "T26", "T27"];
    for book in books() {
        let test = check::find(&book.test).unwrap();
        let empty = good(&book).with("period", json!(["2015-01-01", "2015-04-01"]));
        let census = book.run(test, &empty);
        let passed: Vec<&Item> =
            census.items.iter().filter(|item| item.state() == State::Pass).collect();
        let told: Vec<&str> = passed.iter().map(|item| item.id.as_str()).collect();
        assert!(told.is_empty() || standing.contains(&test.id), "{}: {told:?}", test.id);
    }
}

/// Every one of a thousand approvals counts once, and none is lost.
#[test]
fn a_thousand_approvals_of_one_change() {
    let approvals = |count: usize| {
        let mut add = Map::new();
        for number in 0..count {
            let who = format!("@p{number}");
            let second = 1 + number % 50;
            let minute = number / 50;
            add.insert(
                format!("approval {number}"),
                json!({"like": "approval", "at": format!("2026-07-10T09:{minute:02}:{second:02}Z"),
                    "by": who, "/data/approver": who, "/data/approval": format!("n-{number}")}),
            );
            add.insert(
                format!("person {number}"),
                json!({"type": "person.changed", "at": "2020-02-01T00:00:00Z", "by": "@hr",
                    "subject": {"person": format!("p-p{number}")},
                    "data": {"event": "joined", "kind": "employee", "person": who,
                        "effective_at": "2020-02-01T00:00:00Z"}}),
            );
        }
        Value::Object(add)
    };
    for (test, needed) in [("T01", "min_approvals"), ("T02", "min_independent")] {
        let book = book(test);
        let many = good(&book).without("approval");
        let state = |count: usize, least: usize| {
            let story =
                many.with("add", approvals(count)).with("parameters", json!({needed: least}));
            let census = book.run(check::find(test).unwrap(), &story);
            census.items.iter().find(|item| item.id == book.item).unwrap().state()
        };
        assert_eq!(state(1000, 1000), State::Pass, "{test}");
        assert_eq!(state(99, 100), State::Fail, "{test}");
    }
}
