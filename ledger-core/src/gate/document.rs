//! Document: an answer as JSON, and as the event that records it.

use super::{Answer, Condition, Judged, Question, remedy};
use crate::check::{Exception, State};
use crate::evaluate::limit_words;
use crate::fact::Facts;
use crate::json::Value;
use crate::schema::words::Reference;

/// Entries that an input of the event names at most.
const NAMED: usize = 100;

/// What is written of an answer.
#[derive(Clone, Debug)]
pub struct Record<'r> {
    /// The answer.
    pub answer: &'r Answer,
    /// The version of the program that asked.
    pub version: &'r str,
}

/// Evaluations of this gate before, for the same artifact and environment.
pub(super) fn before(facts: &Facts, question: &Question) -> u64 {
    let reference = question.artifact.to_reference();
    let rows = facts.gate_evaluated.of(Reference::Artifact, &reference);
    let same =
        rows.filter(|row| row.gate == question.gate && row.environment == question.environment);
    same.count() as u64
}

/// The draft of `gate.evaluated` that records an answer: each test and condition as an input, with
/// the entries it read.
pub fn record(record: &Record<'_>) -> Value {
    let Record { answer, version } = record;
    let question = &answer.question;
    let mut subject = vec![
        ("artifact", Value::text(question.artifact.to_reference())),
        ("environment", Value::text(question.environment.as_str())),
        ("service", Value::text(question.service.as_str())),
    ];
    let named = [("change", &question.change), ("deployment", &question.deployment)];
    subject.extend(
        named.into_iter().filter_map(|(name, id)| Some((name, Value::text(id.as_ref()?.as_str())))),
    );
    let evaluator = Value::object([
        ("mode", Value::text("computed")),
        ("name", Value::text("ledger")),
        ("version", Value::text(*version)),
    ]);
    let inputs = answer.judged.iter().enumerate().map(|(place, judged)| {
        let again =
            answer.judged.iter().take(place).filter(|j| j.test.id == judged.test.id).count();
        let name = if again == 0 {
            judged.test.id.to_owned()
        } else {
            format!("{}-{}", judged.test.id, again + 1)
        };
        let exceptions = judged.item.as_ref().map_or(0, |item| item.exceptions.len());
        let entries = judged.item.iter().flat_map(|item| item.entries.iter().copied());
        input(&name, judged.state, exceptions, entries.collect())
    });
    let conditions = answer.conditions.iter().map(|known| {
        let open = usize::from(known.state != State::Pass);
        input(known.name, known.state, open, known.entries.clone())
    });
    let mut data = vec![
        ("as_of", Value::text(question.now.to_string())),
        ("attempt", Value::count(answer.attempt)),
        ("evaluator", evaluator),
        ("gate", Value::text(question.gate.as_str())),
        ("inputs", Value::List(inputs.chain(conditions).collect())),
        ("kind", Value::text("release")),
        ("policy_digest", Value::text(answer.rules.to_reference())),
        ("verdict", Value::text(verdict(answer.verdict))),
    ];
    data.extend(answer.tier.as_ref().map(|tier| ("criticality", Value::text(tier))));
    Value::object([
        ("actor", Value::object([("kind", Value::text("service"))])),
        ("data", Value::object(data)),
        ("occurred_at", Value::text(question.now.to_string())),
        ("subject", Value::object(subject)),
        ("type", Value::text("gate.evaluated")),
    ])
}

fn input(name: &str, state: State, open: usize, mut entries: Vec<u64>) -> Value {
    entries.sort_unstable();
    entries.dedup();
    entries.truncate(NAMED);
    let mut members = vec![
        ("name", Value::text(name)),
        ("result", Value::text(verdict(state))),
        ("threshold", Value::text("0")),
        ("value", Value::text(open.to_string())),
    ];
    if !entries.is_empty() {
        members.push(("entries", Value::List(entries.into_iter().map(Value::count).collect())));
    }
    Value::object(members)
}

/// The word in an event; what does not apply stands in nobody's way.
fn verdict(state: State) -> &'static str {
    match state {
        State::Fail => "fail",
        State::Pass | State::Waived | State::NotApplicable => "pass",
        State::Indeterminate | State::NoOccurrence => "indeterminate",
    }
}

impl Answer {
    /// The answer in its stable shape.
    pub fn to_json(&self) -> Value {
        let question = &self.question;
        let mut asked = vec![
            ("artifact", Value::text(question.artifact.to_reference())),
            ("environment", Value::text(question.environment.as_str())),
            ("service", Value::text(question.service.as_str())),
        ];
        let named = [("change", &question.change), ("deployment", &question.deployment)];
        asked.extend(
            named
                .into_iter()
                .filter_map(|(name, id)| Some((name, Value::text(id.as_ref()?.as_str())))),
        );
        let mut members = vec![
            ("as_of", Value::text(question.now.to_string())),
            ("asked", Value::object(asked)),
            ("attempt", Value::count(self.attempt)),
            ("conditions", Value::List(self.conditions.iter().map(condition).collect())),
            ("format", Value::text("ledger/gate/v1")),
            ("gate", Value::text(question.gate.as_str())),
            ("read", Value::count(self.read)),
            ("rules", Value::List(self.judged.iter().map(judged).collect())),
            ("rules_digest", Value::text(self.rules.to_reference())),
            ("size", Value::count(self.size)),
            ("verdict", Value::text(verdict(self.verdict))),
        ];
        members.extend(self.tier.as_ref().map(|tier| ("criticality", Value::text(tier))));
        Value::object(members)
    }
}

fn numbers(entries: impl IntoIterator<Item = u64>) -> Value {
    Value::List(entries.into_iter().map(Value::count).collect())
}

fn condition(condition: &Condition) -> Value {
    let mut members = vec![
        ("entries", numbers(condition.entries.iter().copied())),
        ("name", Value::text(condition.name)),
        ("sentence", Value::text(&condition.sentence)),
        ("state", Value::text(condition.state.as_str())),
    ];
    members.extend(condition.would.as_ref().map(|would| ("would", Value::text(would))));
    Value::object(members)
}

fn judged(judged: &Judged) -> Value {
    let limits = judged
        .test
        .parameters
        .iter()
        .map(|known| (known.name, Value::text(limit_words(&judged.parameters.get(known)))));
    let mut members = vec![
        ("controls", Value::List(judged.controls.iter().map(Value::text).collect())),
        ("limits", Value::object(limits)),
        ("name", Value::text(judged.test.name)),
        ("rule", Value::text(judged.test.rule)),
        ("state", Value::text(judged.state.as_str())),
        ("test", Value::text(judged.test.id)),
        ("version", Value::text(judged.test.version)),
    ];
    if let Some(item) = &judged.item {
        let values = item.values.iter().map(|(name, value)| (name, Value::text(value)));
        members.push(("entries", numbers(item.entries.iter().copied())));
        members.push(("values", Value::object(values)));
        let exceptions = item.exceptions.iter().map(|known| exception(judged.test.id, known));
        members.push(("exceptions", Value::List(exceptions.collect())));
    }
    if !judged.accepted.is_empty() {
        members.push(("accepted", numbers(judged.accepted.iter().copied())));
    }
    members.extend(judged.excluded.map(|why| ("excluded", Value::text(why))));
    Value::object(members)
}

fn exception(test: &str, exception: &Exception) -> Value {
    let mut members = vec![
        ("code", Value::text(exception.code)),
        ("entries", numbers(exception.entries.iter().copied())),
        ("sentence", Value::text(&exception.sentence)),
        ("severity", Value::text(exception.severity.as_str())),
        ("undecided", Value::Bool(exception.undecided)),
    ];
    members.extend(remedy(test, exception.code).map(|would| ("would", Value::text(would))));
    Value::object(members)
}
