//! Quarter: a history in which everything happens that the stories of the tests tell, spread over a
//! quarter; and the reports that are made of it, or of nothing.

use ledger_core::check::matrix::Matrix;
use ledger_core::check::{Attachments, State};
use ledger_core::control::{Fiscal, Layer};
use ledger_core::evaluate::{Evaluation, Front, Question, Verdict, evaluate};
use ledger_core::fact::Facts;
use ledger_core::hash::Sha256;
use ledger_core::metric::{self, Definitions, Ground, Metrics};
use ledger_core::report::{Asked, Report};
use ledger_core::time::Timestamp;
use serde_json::Value;

use crate::history::{self, Events, is_time, time, whole};

/// No list is at hand.
pub struct Nothing;

impl Attachments for Nothing {
    fn read(&self, _: &Sha256) -> Option<Vec<u8>> {
        None
    }
}

/// Microseconds of a day.
const DAY: u64 = 86_400_000_000;

/// All good histories several times, and each story once, each copy under names of its own.
pub fn events(copies: usize, stories: usize) -> Events {
    let mut all = Events::new();
    let mut number = 0;
    for book in history::books() {
        let mut told = book.stories();
        let good = told.remove(0);
        let good = std::iter::repeat_n(good, copies);
        for story in good.chain(told.into_iter().take(stories)) {
            number += 1;
            let mut events = book.events(&story);
            book.introduce(&mut events);
            let days = number * 7 % 66;
            for (label, mut event) in events {
                own(&mut event, &format!("{}-{number}", book.test.to_lowercase()), days as u64);
                all.insert(format!("{label} of {number}"), renumbered(event, number));
            }
        }
    }
    all
}

/// References to entries of the same copy.
fn renumbered(mut event: Value, number: usize) -> Value {
    fn walk(value: &mut Value, number: usize) {
        match value {
            Value::String(text) if text.starts_with('&') => *text = format!("{text} of {number}"),
            Value::Object(members) => members.values_mut().for_each(|value| walk(value, number)),
            Value::Array(items) => items.iter_mut().for_each(|value| walk(value, number)),
            _ => {}
        }
    }
    walk(&mut event, number);
    event
}

/// Gives an event names of its own, that many days later.
fn own(event: &mut Value, name: &str, days: u64) {
    match event {
        Value::String(text) => {
            if text.starts_with(['@', '#', '%', '?']) {
                text.push('-');
                text.push_str(name);
            } else if is_time(text) {
                let later = time(text).micros() + days * DAY;
                *text = Timestamp::from_micros(later).unwrap().to_string();
            }
        }
        Value::Object(members) => {
            let subject: Vec<String> = members.keys().cloned().collect();
            for key in subject {
                let value = members.get_mut(&key).unwrap();
                own(value, name, days);
            }
            if let Some(Value::Object(subject)) = members.get_mut("subject") {
                for (reference, id) in subject.iter_mut() {
                    if let Value::String(id) = id
                        && !matches!(reference.as_str(), "environment" | "artifact")
                        && !id.starts_with(['@', '#', '%', '?'])
                    {
                        *id = format!("{id}-{name}");
                    }
                }
            }
            for field in [
                "change",
                "incident",
                "reverts",
                "deployment",
                "system",
                "systems",
                "exception",
                "service",
                "services",
            ] {
                let data = members.get_mut("data").and_then(Value::as_object_mut);
                if let Some(value) = data.and_then(|data| data.get_mut(field)) {
                    renamed(value, name);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| own(item, name, days)),
        _ => {}
    }
}

fn renamed(value: &mut Value, name: &str) {
    match value {
        Value::String(id) if !id.starts_with(['@', '#', '%', '?', '&']) => {
            *id = format!("{id}-{name}");
        }
        Value::Array(ids) => ids.iter_mut().for_each(|id| renamed(id, name)),
        _ => {}
    }
}

/// What stands in front of it.
pub fn front(size: u64, integrity: State, completeness: State) -> Front {
    let reasons = |state: State, why: &str| match state {
        State::Pass => Vec::new(),
        _ => vec![why.to_owned()],
    };
    Front {
        origin: format!("example.com/story/{}", "0".repeat(64)),
        size,
        root: Sha256::of(b"a story").to_base64(),
        integrity: Verdict {
            state: integrity,
            reasons: reasons(integrity, "entry 7: its link is not the hash of the entry before it"),
        },
        completeness: Verdict {
            state: completeness,
            reasons: reasons(
                completeness,
                "source pipeline was not reconciled for deployment.started over the whole period (registered by entry 3)",
            ),
        },
        verified: None,
    }
}

/// Everything that a report is made of.
pub struct Made {
    pub facts: Facts,
    pub evaluation: Evaluation,
    pub report: Report,
    pub digest: String,
    pub json: String,
}

/// The evaluation of these events over a quarter.
pub fn evaluated(
    events: Events,
    [integrity, completeness]: [State; 2],
    frameworks: &[&str],
) -> (Facts, Evaluation) {
    evaluated_by(&Fiscal::shipped().unwrap(), events, [integrity, completeness], frameworks)
}

/// The same by another calendar.
pub fn evaluated_by(
    fiscal: &Fiscal,
    events: Events,
    [integrity, completeness]: [State; 2],
    frameworks: &[&str],
) -> (Facts, Evaluation) {
    let facts = history::facts(events);
    let period = fiscal.period("2026-Q3").unwrap();
    let until = time(&whole("2026-10-16"));
    let front = front(facts.entries, integrity, completeness);
    let shipped = Layer::shipped().unwrap();
    let question = Question {
        frameworks: frameworks.iter().map(|name| (*name).to_owned()).collect(),
        period,
        cutoff: until,
        layers: shipped.into_iter().filter(|layer| layer.id == "eu").collect(),
        calendar: fiscal.days().clone(),
        matrix: Matrix::shipped().unwrap(),
    };
    let evaluation = evaluate(&facts, &Nothing, question, front).unwrap();
    (facts, evaluation)
}

/// The report of these events for a quarter.
pub fn report(events: Events, integrity: State, frameworks: &[&str], entity: &str) -> Made {
    let (facts, evaluation) = evaluated(events, [integrity, State::Indeterminate], frameworks);
    let asked = Asked {
        entity: entity.to_owned(),
        command: "ledger report quarter --framework sox,hipaa,gdpr --period 2026-Q3 --overlay eu --cutoff 2026-10-15 --as-of 1000 --out DIR".to_owned(),
        ..Asked::default()
    };
    let metrics = metrics(&facts, &evaluation);
    let report =
        Report::of(&evaluation, &facts, &asked, vec![ledger_core::report::metrics(&metrics)]);
    let json = format!("{}\n", report.document().to_canonical());
    let digest = Sha256::of(json.as_bytes()).to_reference();
    Made { facts, evaluation, report, digest, json }
}

/// The release metrics over the same.
fn metrics(facts: &Facts, evaluation: &Evaluation) -> Metrics {
    let question = &evaluation.question;
    metric::measure(&Ground {
        facts,
        attachments: &Nothing,
        definitions: &Definitions::shipped().unwrap(),
        resolved: &evaluation.slices[0].resolved,
        calendar: &question.calendar,
        evaluation: Some(evaluation),
        period: question.period,
        now: question.cutoff,
    })
    .unwrap()
}

/// All frameworks.
pub const ALL: [&str; 3] = ["sox", "hipaa", "gdpr"];
