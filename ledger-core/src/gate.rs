//! Gate: whether a deployment may begin now, by the tests that will judge it afterwards.
//!
//! Spec page: `spec/gate.md`. The deployment is taken as if it began now (`gate/planned.rs`) and judged by
//! the same [`Test`] functions with the same limits, over the entries that can matter for it
//! (`gate/selection.rs`). What only follows a deployment says nothing yet. Two conditions stand beside the
//! tests: nobody else holds the environment, and what ran there before left nothing overdue. An answer
//! is never a pass while something cannot be told.

mod accepted;
mod condition;
mod document;
mod obligation;
mod planned;
mod remedy;
mod selection;
mod together;

pub use condition::Condition;
pub use document::{Record, record};
pub use obligation::{Obligation, Standing, obligations};
pub use remedy::remedy;
pub use together::{Finding, Member, Together, together};

use crate::check::matrix::Matrix;
use crate::check::{self, Attachments, Calendar, Context, Exception, Item, Parameters, Period};
use crate::check::{Severity, State, Test};
use crate::control::{Catalogue, Layer, Resolved};
use crate::error::{Error, Result};
use crate::fact::scope::Standing as Belongs;
use crate::fact::sought::{Doubt, Sought};
use crate::fact::{Facts, Read};
use crate::hash::Sha256;
use crate::schema::deploy::OperatorInput;
use crate::schema::typed::Id;
use crate::schema::words::{Class, Regime};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// The tests that speak of a deployment before it begins.
pub const TESTS: [&str; 9] = ["T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09"];

/// What is asked: may this begin now?
#[derive(Clone, Debug)]
pub struct Question {
    /// The gate's name, which a key's capability `gate:<name>` has.
    pub gate: Id,
    /// What would be deployed.
    pub service: Id,
    /// Where to.
    pub environment: Id,
    /// Exactly what.
    pub artifact: Sha256,
    /// Under which change.
    pub change: Option<Id>,
    /// Its id, if it has one already.
    pub deployment: Option<Id>,
    /// Its system, if it names one.
    pub system: Option<Id>,
    /// Its region, if it names one.
    pub region: Option<Id>,
    /// With which configuration.
    pub config: Option<Sha256>,
    /// For which incident.
    pub incident: Option<Id>,
    /// The class that it says of itself.
    pub class: Option<Class>,
    /// What an operator may type into it.
    pub operator_input: Option<OperatorInput>,
    /// Who sets it running.
    pub initiator: Option<Pseudonym>,
    /// When: now.
    pub now: Timestamp,
}

/// By what it is judged.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The catalogue with its layers, as they stand now.
    pub resolved: Resolved,
    /// Days on which work is done.
    pub calendar: Calendar,
    /// Duties that one person must not hold at once.
    pub matrix: Matrix,
}

/// One test with the limits of some controls, and what it says.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The test.
    pub test: &'static Test,
    /// The controls that ask for it with these limits.
    pub controls: Vec<String>,
    /// The limits.
    pub parameters: Parameters,
    /// What it says: the exceptions that count before a deployment.
    pub item: Option<Item>,
    /// Why it says nothing, if it does not.
    pub excluded: Option<&'static str>,
    /// What it comes to.
    pub state: State,
    /// The entries by which the risk of that was accepted, if it was.
    pub accepted: Vec<u64>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked.
    pub question: Question,
    /// Pass, fail, or indeterminate.
    pub verdict: State,
    /// What each test says.
    pub judged: Vec<Judged>,
    /// What else must hold.
    pub conditions: Vec<Condition>,
    /// Digest of the catalogue with its layers.
    pub rules: Sha256,
    /// How much is at stake: the tier of the system.
    pub tier: Option<String>,
    /// Entries of the ledger, and how many of them were read.
    pub size: u64,
    /// How many of them were read.
    pub read: u64,
    /// Which evaluation of this gate for this artifact and environment it is, from 1.
    pub attempt: u64,
}

impl Rules {
    /// The catalogue that is built in, with layers, at a time; codes `layer-*`.
    pub fn at(layers: &[Layer], matrix: Matrix, now: Timestamp) -> Result<Self> {
        let resolved = Resolved::at(Catalogue::shipped()?, layers, now)?;
        Ok(Self { resolved, calendar: Calendar::default(), matrix })
    }
}

/// Answers from the entries that can matter.
///
/// Codes of reading the ledger and of limits (`parameter-*`).
pub fn ask<S: Sought>(
    source: &S,
    attachments: &dyn Attachments,
    question: Question,
    rules: &Rules,
) -> Result<Answer> {
    let selection::Selected { mut read, doubts, beyond } =
        selection::select(source, &question, &accepted::ids(&question, rules))?;
    let count = read.len() as u64;
    read.push(planned::read(&question, source.size())?);
    let facts = Facts::from_read(read);
    let known = Known { facts: &facts, size: source.size(), read: count, doubts, beyond };
    answer(&known, attachments, question, rules)
}

/// Answers from the whole log, given as what was read of it, in order.
///
/// What [`ask`] comes to must be the same: a test holds one against the other.
pub fn ask_all(
    mut read: Vec<Read>,
    size: u64,
    attachments: &dyn Attachments,
    question: Question,
    rules: &Rules,
) -> Result<Answer> {
    let count = read.len() as u64;
    read.push(planned::read(&question, size)?);
    let facts = Facts::from_read(read);
    let known = Known { facts: &facts, size, read: count, doubts: Vec::new(), beyond: None };
    answer(&known, attachments, question, rules)
}

/// What is known, with the planned deployment as its last fact.
struct Known<'k> {
    facts: &'k Facts,
    size: u64,
    read: u64,
    doubts: Vec<(u64, Doubt)>,
    beyond: Option<String>,
}

fn answer(
    known: &Known<'_>,
    attachments: &dyn Attachments,
    question: Question,
    rules: &Rules,
) -> Result<Answer> {
    let facts = known.facts;
    let own = facts.deployments().find(|deployment| deployment.first == known.size);
    let own = own.ok_or_else(|| {
        Error::unavailable("gate-planned", "the planned deployment cannot be read as a fact")
    })?;
    let standing = own.standing(facts);
    let mut judged = Vec::new();
    for test in TESTS.iter().filter_map(|id| check::find(id)) {
        for (parameters, controls) in limits(test, rules, &standing)? {
            let context = Context {
                facts,
                period: moment(question.now),
                now: question.now,
                regime: None,
                parameters: &parameters,
                calendar: &rules.calendar,
                attachments,
                matrix: Some(&rules.matrix),
                verified: None,
            };
            let census = (test.run)(&context);
            let excluded = census.excluded.keys().next().copied();
            let own = census.items.into_iter().find(|item| item.entries.contains(&known.size));
            let item = own.map(|item| before(test, item, known.size));
            let state = item.as_ref().map_or(State::NotApplicable, Item::state);
            let accepted = Vec::new();
            let mut one = Judged { test, controls, parameters, item, excluded, state, accepted };
            accepted::settle(&mut one, &question, facts);
            judged.push(one);
        }
    }
    let mut conditions = vec![
        condition::readable(known),
        condition::lock(facts, &question.environment, question.deployment.as_ref(), question.now),
        condition::obligations(facts, &own, &question, rules)?,
    ];
    conditions.retain(|condition| condition.state != State::NotApplicable);
    let states = judged.iter().map(|known| known.state);
    let worst = states.chain(conditions.iter().map(|condition| condition.state)).min();
    let verdict = match worst {
        Some(State::Fail) => State::Fail,
        Some(State::Pass | State::NotApplicable | State::Waived) => State::Pass,
        Some(State::Indeterminate | State::NoOccurrence) | None => State::Indeterminate,
    };
    Ok(Answer {
        verdict,
        rules: rules.resolved.digest(),
        tier: condition::tier(&standing),
        size: known.size,
        read: known.read,
        attempt: 1 + document::before(facts, &question),
        judged,
        conditions,
        question,
    })
}

/// The limits with which a test is asked: those that hold for everybody, and those of controls of
/// regimes that the systems are under.
fn limits(
    test: &Test,
    rules: &Rules,
    standing: &Belongs<'_>,
) -> Result<Vec<(Parameters, Vec<String>)>> {
    let mut found = vec![(rules.resolved.limits_of(test)?, Vec::new())];
    let catalogue = &rules.resolved.catalogue;
    let regimes: Vec<Regime> =
        standing.systems().iter().flat_map(|system| &system.what.regimes).copied().collect();
    let frameworks = catalogue.authorities.iter().filter(|known| regimes.contains(&known.regime));
    let frameworks: Vec<String> = frameworks.map(|known| known.framework.clone()).collect();
    for control in rules.resolved.controls(&frameworks) {
        if !control.tests.iter().any(|id| id == test.id) {
            continue;
        }
        let parameters = rules.resolved.parameters(control, test)?;
        match found.iter_mut().find(|(known, _)| *known == parameters) {
            Some((_, controls)) => controls.push(control.id.clone()),
            None => found.push((parameters, vec![control.id.clone()])),
        }
    }
    Ok(found)
}

/// The moment itself.
fn moment(now: Timestamp) -> Period {
    Period { from: now, to: check::scope::plus(now, 1) }
}

/// An item without what can only follow a deployment, and without the planned entry itself.
fn before(test: &Test, mut item: Item, planned: u64) -> Item {
    let follows = |exception: &Exception| {
        test.kinds.iter().any(|kind| kind.code == exception.code && kind.afterwards)
    };
    item.exceptions.retain(|exception| !follows(exception));
    for exception in &mut item.exceptions {
        exception.entries.retain(|index| *index != planned);
    }
    item.entries.retain(|entry| *entry != planned);
    item
}

impl Answer {
    /// What stands in the way, the worst first: which rule, and what it says.
    pub fn reasons(&self) -> Vec<(&'static str, Severity, &str)> {
        let mut reasons: Vec<(&'static str, Severity, &str)> = Vec::new();
        for judged in &self.judged {
            let item = judged.item.iter().filter(|_| judged.state != State::Waived);
            for exception in item.flat_map(|item| &item.exceptions) {
                let reason = (judged.test.id, exception.severity, exception.sentence.as_str());
                if exception.severity != Severity::Info && !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
        for condition in self.conditions.iter().filter(|known| known.state != State::Pass) {
            reasons.push((condition.name, Severity::High, &condition.sentence));
        }
        reasons.sort_by_key(|(_, severity, _)| *severity);
        reasons
    }
}
