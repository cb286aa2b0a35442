//! Metrics: books of release histories with what each metric comes to, and the law of the definitions
//! (`fixtures/metric/`).
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

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use history::{Book, Story};
use ledger_core::check::matrix::Matrix;
use ledger_core::check::{Calendar, State};
use ledger_core::control::{Catalogue, Resolved};
use ledger_core::evaluate::{Front, Question, Verdict, evaluate};
use ledger_core::fact::Facts;
use ledger_core::key::KeyId;
use ledger_core::metric::{Adds, Definitions, Ground, Metrics, Value, measure};

/// What a value says, in one line: the pair, what was measured in seconds, its word, and what was
/// counted apart.
fn told(value: &Value) -> String {
    let mut told = value.pair();
    if let Some(spread) = value.spread {
        let seconds = |micros: u64| (micros / 1_000_000).to_string();
        told.extend([" median ", &seconds(spread.median), " p90 ", &seconds(spread.p90)]);
    }
    told += &value.word.map(|word| format!(" {word}")).unwrap_or_default();
    told += if value.meaningful { "" } else { " few" };
    told += &value.interval.map(|(a, b)| format!(" wilson {a}-{b}")).unwrap_or_default();
    let parts =
        [("unknown", &value.unknown), ("left out", &value.left_out), ("beside", &value.beside)];
    for (name, counts) in parts {
        if !counts.is_empty() {
            let each: Vec<String> = counts.iter().map(|(why, n)| format!("{why} {n}")).collect();
            told.extend(["; ", name, ": ", &each.join(", ")]);
        }
    }
    told
}

fn measured(facts: &Facts, book: &Book, story: &Story) -> Metrics {
    let definitions = Definitions::shipped().unwrap();
    let period = book.period(story);
    let resolved = Resolved::at(Catalogue::shipped().unwrap(), &[], period.from).unwrap();
    measure(&Ground {
        facts,
        attachments: &book.attachments(story),
        definitions: &definitions,
        resolved: &resolved,
        calendar: &Calendar::default(),
        evaluation: None,
        period,
        now: book.now(story),
    })
    .unwrap()
}

/// The value that is asked for: `metric`, `metric service`, `metric |line`.
fn asked(metrics: &Metrics, asked: &str) -> Option<String> {
    let key = KeyId(*blake3::hash(b"a key").as_bytes()).to_string();
    let (name, line) = match asked.split_once(" |") {
        Some((name, line)) => (name, Some(line.replace("KEY", &key))),
        None => (asked, None),
    };
    let (id, service) = name.split_once(' ').map_or((name, None), |(id, s)| (id, Some(s)));
    let metric = metrics.metric(id).unwrap_or_else(|| panic!("no metric {id}"));
    let wanted = |v: &&Value| v.service.as_deref() == service && v.line == line;
    metric.values.iter().find(wanted).map(told)
}

fn told_of(book: &Book, story: &Story) -> String {
    format!("{} `{}`", book.name, story.name)
}

#[test]
fn every_story_comes_to_what_it_says() {
    let mut wrong = Vec::new();
    let mut covered = BTreeSet::new();
    for book in history::books_of("metric") {
        for story in book.stories() {
            let expected = book.expected(&story);
            assert!(!expected.is_empty(), "{} expects nothing", told_of(&book, &story));
            let metrics = measured(&book.facts(&story), &book, &story);
            for (name, wanted) in expected {
                covered.insert(name.split(' ').next().unwrap().to_owned());
                let got = asked(&metrics, &name);
                if got.as_deref() != Some(wanted.as_str()) {
                    let words = told_of(&book, &story);
                    wrong
                        .push(format!("{words}, {name}:\n    wanted {wanted}\n    got    {got:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let all = Definitions::shipped().unwrap();
    let untold: Vec<&str> =
        all.metrics.iter().map(|m| m.id.as_str()).filter(|id| !covered.contains(*id)).collect();
    assert!(untold.is_empty(), "no story tells of {untold:?}");
}

/// Every value is what its own members come to, and every member names the entries it stands on.
#[test]
fn numbers_are_those_of_their_members() {
    for book in history::books_of("metric") {
        for story in book.stories() {
            let facts = book.facts(&story);
            let metrics = measured(&facts, &book, &story);
            for metric in &metrics.metrics {
                let id = &metric.definition.id;
                let words = format!("{}, {id}", told_of(&book, &story));
                if metric.members.is_empty() {
                    continue;
                }
                for member in metric.members.iter().filter(|member| member.adds.counts()) {
                    assert!(!member.entries.is_empty(), "{words}: {} cites nothing", member.item);
                    assert!(member.entries.iter().all(|index| *index <= facts.entries), "{words}");
                }
                let (mut numerator, mut denominator, mut apart) = (0, 0, 0);
                for member in &metric.members {
                    match member.adds {
                        Adds::Share { numerator: n, denominator: d } => {
                            (numerator, denominator) = (numerator + n, denominator + d);
                        }
                        Adds::Measured(_) => {
                            (numerator, denominator) = (numerator + 1, denominator + 1);
                        }
                        Adds::Unknown(_) if metric.definition.aggregation.measures() => {
                            denominator += 1;
                            apart += 1;
                        }
                        Adds::Unknown(_) | Adds::LeftOut(_) => apart += 1,
                    }
                }
                let value = metric.value(None).unwrap();
                assert_eq!(
                    (value.numerator, value.denominator),
                    (numerator, denominator),
                    "{words}"
                );
                let counted: u64 = value.unknown.values().chain(value.left_out.values()).sum();
                assert_eq!(counted, apart, "{words}");
                // no share is more than all of it
                if metric.definition.unit == ledger_core::metric::Unit::Share {
                    assert!(value.numerator <= value.denominator, "{words}");
                }
            }
            // the same again, to the byte
            let again = measured(&book.facts(&story), &book, &story);
            let bytes = |metrics: &Metrics| metrics.document(None).to_canonical();
            assert_eq!(bytes(&metrics), bytes(&again));
        }
    }
}

/// What strangers do in between changes nothing about a service, but the entries' numbers.
#[test]
fn what_is_unrelated_changes_nothing() {
    for book in history::books_of("metric") {
        for story in book.stories() {
            let alone = measured(&book.facts(&story), &book, &story);
            let crowd = story.crowded();
            let crowded = measured(&book.facts(&crowd), &book, &crowd);
            for (one, other) in alone.metrics.iter().zip(&crowded.metrics) {
                let of = |values: &[Value]| -> BTreeMap<Option<String>, String> {
                    let own = values.iter().filter(|v| v.service.as_deref() == Some("payments"));
                    own.map(|value| (value.line.clone(), told(value))).collect()
                };
                let words = format!("{}, {}", told_of(&book, &story), one.definition.id);
                assert_eq!(of(&one.values), of(&other.values), "{words}");
            }
        }
    }
}

/// Each week of the period is there, and the weeks come to the whole.
#[test]
fn weeks_come_to_the_whole() {
    let books = history::books_of("metric");
    let book = books.iter().find(|book| book.name == "failure").unwrap();
    let story = &book.stories()[0];
    let metrics = measured(&book.facts(story), book, story);
    let weeks = metrics.weeks("emergency-ratio", Some("payments")).unwrap();
    // 2026-07-01 is a Wednesday: its week began on 2026-06-29
    assert_eq!(weeks.len(), 14);
    assert_eq!(weeks[0].from, history::time("2026-06-29"));
    let line = |week: usize, line: &str| {
        let values = &weeks[week].values;
        values.iter().find(|v| v.line.as_deref() == Some(line)).map(Value::pair)
    };
    assert_eq!(line(1, "normal").as_deref(), Some("0/1"));
    assert_eq!(line(2, "standard").as_deref(), Some("0/1"));
    assert_eq!(line(3, "standard"), None);
    let all: u64 = weeks.iter().map(|week| week.values[0].denominator).sum();
    assert_eq!(all, metrics.metric("emergency-ratio").unwrap().value(None).unwrap().denominator);
    assert!(metrics.weeks("no-such-metric", None).is_none());
}

#[test]
fn controls_that_cannot_be_told_have_not_passed() {
    let books = history::books_of("metric");
    let book = books.iter().find(|book| book.name == "failure").unwrap();
    let story = &book.stories()[0];
    let (facts, attachments) = (book.facts(story), book.attachments(story));
    let unknown = || Verdict { state: State::Indeterminate, reasons: Vec::new() };
    let front = Front {
        origin: "test".to_owned(),
        size: facts.entries,
        root: String::new(),
        integrity: unknown(),
        completeness: unknown(),
        verified: None,
    };
    let question = Question {
        frameworks: vec!["sox".to_owned()],
        period: book.period(story),
        cutoff: book.now(story),
        layers: Vec::new(),
        calendar: Calendar::default(),
        matrix: Matrix::shipped().unwrap(),
    };
    let evaluation = evaluate(&facts, &attachments, question, front).unwrap();
    let definitions = Definitions::shipped().unwrap();
    let resolved =
        Resolved::at(Catalogue::shipped().unwrap(), &[], book.period(story).from).unwrap();
    let metrics = measure(&Ground {
        facts: &facts,
        attachments: &attachments,
        definitions: &definitions,
        resolved: &resolved,
        calendar: &Calendar::default(),
        evaluation: Some(&evaluation),
        period: book.period(story),
        now: book.now(story),
    })
    .unwrap();
    let health = metrics.metric("control-health").unwrap();
    let counted = |state| evaluation.outcomes.iter().filter(|o| o.state == state).count() as u64;
    let value = health.value(None).unwrap();
    assert_eq!(value.numerator, counted(State::Pass));
    let tested = counted(State::Pass) + counted(State::Fail) + counted(State::Indeterminate);
    assert_eq!(value.denominator, tested);
    assert!(counted(State::Fail) > 0 && tested < 24);
    assert_eq!(value.denominator + value.left_out.values().sum::<u64>(), 24);
    assert_eq!(health.lines(None).map(|v| v.line.clone().unwrap()).collect::<Vec<_>>(), ["sox"]);
}

/// The vectors: definitions as they may not be, and as they may.
#[test]
fn definitions_are_read_as_the_vectors_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/metric");
    let mut told = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "vector") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let (header, body) = text.split_once("\n\n").unwrap();
        let wanted = header.lines().next().unwrap().strip_prefix("expect: ").unwrap();
        let read = Definitions::read("metrics.toml", body);
        let got = read.map_or_else(|e| format!("refuse {}", e.code()), |_| "accept".to_owned());
        assert_eq!(got, wanted, "{}", path.display());
        told.insert(wanted.to_owned());
    }
    for code in [
        "control-file",
        "metric-minimum",
        "metric-window",
        "metric-twice",
        "metric-words",
        "metric-unit",
        "metric-weight",
    ] {
        assert!(told.contains(&format!("refuse {code}")), "no vector is refused as {code}");
    }
}
