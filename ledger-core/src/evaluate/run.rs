//! Run: one test over one population, and what its items mean for a control.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::place::Places;
use super::{Outcome, Question, Slice};
use crate::check::{Attachments, Census, Context, Item, Parameters, Severity, State, Test};
use crate::control::Control;
use crate::fact::Facts;
use crate::hash::Sha256;
use crate::schema::words::{Reference, Regime, Risk};
use crate::time::Timestamp;
use crate::verify::Report;

/// A run that some control asks for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) slice: usize,
    pub(super) test: &'static Test,
    pub(super) regime: Option<Regime>,
    pub(super) parameters: Parameters,
}

/// A test that was run.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which slice of the period.
    pub slice: usize,
    /// The test.
    pub test: &'static Test,
    /// Only systems under it.
    pub regime: Option<Regime>,
    /// The limits it was run with.
    pub parameters: Parameters,
    /// All items.
    pub census: Census,
}

/// The parts of the period and of the world.
pub(super) struct Sliced<'s> {
    pub(super) slices: &'s [Slice],
    pub(super) places: &'s Places<'s>,
}

/// Runs them, on all cores.
pub(super) fn all(
    wanted: &[Wanted],
    sliced: &Sliced<'_>,
    facts: &Facts,
    attachments: &dyn Attachments,
    question: &Question,
    verified: Option<&Report>,
) -> Vec<Run> {
    let one = |wanted: &Wanted| {
        let slice = sliced.slices.get(wanted.slice);
        let period = slice.map_or(question.period, |slice| slice.period);
        let context = Context {
            facts,
            period,
            now: question.cutoff,
            regime: wanted.regime,
            parameters: &wanted.parameters,
            calendar: &question.calendar,
            attachments,
            matrix: Some(&question.matrix),
            verified,
        };
        let mut census = (wanted.test.run)(&context);
        let all = census.items.len();
        let part = slice.map_or(0, |slice| slice.part);
        census.items.retain(|item| sliced.places.part(item) == part);
        for _ in census.items.len()..all {
            census.exclude("rules of another region");
        }
        census.shrink();
        Run {
            slice: wanted.slice,
            test: wanted.test,
            regime: wanted.regime,
            parameters: wanted.parameters.clone(),
            census,
        }
    };
    wanted.par_iter().with_max_len(1).map(one).collect()
}

/// The id of what a test says about an item for a control: the same in every run.
pub fn exception_id(control: &str, test: &str, item: &str) -> String {
    let digest =
        Sha256::of_parts(&[control.as_bytes(), b"\0", test.as_bytes(), b"\0", item.as_bytes()]);
    let hex = crate::encoding::hex(&digest.0);
    format!("x-{}", hex.get(..32).unwrap_or_default())
}

/// What the runs come to for a control.
pub(super) fn outcome(
    control: Control,
    asked: &[(usize, bool)],
    missing: &BTreeSet<String>,
    runs: &[Run],
    facts: &Facts,
    question: &Question,
) -> Outcome {
    let mut counts: BTreeMap<State, u64> = BTreeMap::new();
    let mut waived = BTreeMap::new();
    for run in
        asked.iter().filter(|(_, counts)| *counts).filter_map(|(number, _)| runs.get(*number))
    {
        for item in &run.census.items {
            let mut state = item.state();
            if state == State::Fail {
                let id = exception_id(&control.id, run.test.id, &item.id);
                if let Some(entry) = accepted(&id, item, facts, question.cutoff) {
                    waived.insert(id, entry);
                    state = State::Waived;
                }
            }
            *counts.entry(state).or_default() += 1;
        }
    }
    let mut reasons = Vec::new();
    let mut state = counts.keys().next().copied().unwrap_or(State::NoOccurrence);
    // a test whose exceptions do not count is a condition: nothing passes while it cannot tell
    let conditions = asked.iter().filter(|(_, counts)| !*counts);
    for run in conditions.filter_map(|(number, _)| runs.get(*number)) {
        let unknown = run.census.items.iter().filter(|item| item.state() == State::Indeterminate);
        let unknown = unknown.count();
        if unknown > 0 && state > State::Indeterminate {
            reasons.push(format!("{} cannot tell about {unknown} items", run.test.id));
            state = State::Indeterminate;
        }
    }
    if !missing.is_empty() {
        // a test that cannot be run is evidence that is missing
        let names: Vec<&str> = missing.iter().map(String::as_str).collect();
        reasons.push(format!("{} cannot be run by this version", names.join(", ")));
        state = state.min(State::Indeterminate);
    }
    Outcome { control, state, reasons, runs: asked.to_vec(), counts, waived }
}

/// The entry by which the risk of an exception is accepted: in force, high enough, and by another
/// person than the one who answers for it.
pub(crate) fn accepted(id: &str, item: &Item, facts: &Facts, at: Timestamp) -> Option<u64> {
    let worst = item.exceptions.iter().map(|exception| exception.severity).min()?;
    let level = match worst {
        Severity::Critical => Risk::Critical,
        Severity::High => Risk::High,
        Severity::Medium => Risk::Medium,
        Severity::Low | Severity::Info => Risk::Low,
    };
    let rows = facts.risk_accepted.of(Reference::Exception, id);
    rows.filter(|row| row.at.occurred <= at && row.expires_at > at)
        .filter(|row| row.level >= level)
        .find(|row| {
            let (approver, owner) = (row.approver.pseudonym, row.person.pseudonym);
            let answer =
                approver.zip(owner).map(|(a, b)| facts.persons.relation(a, b, row.at.occurred));
            answer.is_some_and(|answer| answer.value == crate::person::Relation::Different)
        })
        .map(|row| row.at.index)
}

impl Run {
    /// How many of its items came to what.
    pub fn counts(&self) -> BTreeMap<State, u64> {
        let mut counts = BTreeMap::new();
        for item in &self.census.items {
            *counts.entry(item.state()).or_default() += 1;
        }
        counts
    }
}
