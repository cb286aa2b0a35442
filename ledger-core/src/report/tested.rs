//! Tested: what a control asks for, how it was tested, and what it came to.

use std::collections::BTreeMap;

use super::Material;
use super::finding::Finding;
use super::population::run_id;
use crate::check::{Parameter, Severity, State};
use crate::control::{Citation, Control};
use crate::evaluate::{Evaluation, Outcome, Run, limit_words};

/// A limit of a test, as it was resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name.
    pub name: String,
    /// Its value in words.
    pub value: String,
    /// The layer that set it: `catalogue`, an overlay, or `control`.
    pub layer: String,
    /// The provision, or `company-policy`.
    pub basis: String,
    /// What it limits.
    pub meaning: String,
}

/// A test as it was run for a control.
#[derive(Clone, Debug)]
pub struct Performed {
    /// The test.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The version of its rule.
    pub version: String,
    /// When an item passes.
    pub rule: String,
    /// What an item is.
    pub population: String,
    /// Whether its exceptions count against the control; otherwise it is a condition.
    pub counted: bool,
    /// The dataset of its items.
    pub dataset: String,
    /// How many items came to what.
    pub counts: BTreeMap<State, u64>,
    /// Items that were left out, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// Its limits.
    pub limits: Vec<Limit>,
}

/// What a control came to.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Its id.
    pub id: String,
    /// The reference of its working paper.
    pub paper: String,
    /// Its framework.
    pub framework: String,
    /// The part of the framework it belongs to.
    pub domain: String,
    /// Its title.
    pub title: String,
    /// What is asked for, in own words.
    pub requirement: String,
    /// What the control does.
    pub control: String,
    /// `preventive`, `detective` or `both`.
    pub kind: String,
    /// How often it works.
    pub frequency: String,
    /// Whether others depend on it.
    pub key: bool,
    /// How far the evidence reaches.
    pub strength: String,
    /// Places in law.
    pub citations: Vec<Citation>,
    /// Places in other catalogues.
    pub crosswalk: Vec<(String, Vec<String>)>,
    /// What layers add to read.
    pub guidance: Vec<String>,
    /// What an auditor sees of each item.
    pub attributes: Vec<String>,
    /// What it came to.
    pub state: State,
    /// Why, where no item says so.
    pub reasons: Vec<String>,
    /// How many items came to what; they tie with the items in scope.
    pub counts: BTreeMap<State, u64>,
    /// Items that were left out.
    pub excluded: u64,
    /// How many of its exceptions are open, by severity.
    pub open: BTreeMap<Severity, u64>,
    /// How many are closed.
    pub closed: u64,
    /// The conclusion in one sentence.
    pub conclusion: String,
    /// What it came to in the period before, where that was recorded.
    pub before: Option<String>,
    /// The tests.
    pub tests: Vec<Performed>,
    /// The dataset of its exceptions.
    pub exceptions: String,
}

/// The parts of the frameworks, by the middle of a control's id.
const DOMAINS: [(&str, &str); 9] = [
    ("CM", "Change management"),
    ("LA", "Logical access"),
    ("CO", "Computer operations"),
    ("PD", "Program development"),
    ("AD", "Administrative safeguards"),
    ("PH", "Physical safeguards"),
    ("TE", "Technical safeguards"),
    ("DO", "Documentation and breach"),
    ("GV", "Governance and records"),
];

/// The part of its framework that a control belongs to.
pub(super) fn domain(control: &Control) -> &'static str {
    if control.framework == "gdpr" {
        return "Data protection";
    }
    let middle = control.id.split('-').nth(1).unwrap_or_default();
    let middle = if matches!(middle, "IP" | "RT") { "GV" } else { middle };
    let known = DOMAINS.iter().find(|(code, _)| *code == middle);
    known.map_or("Other", |(_, words)| words)
}

/// All controls in scope, in the order of the catalogue.
pub(super) fn all(material: &Material<'_>) -> Vec<Tested> {
    let outcomes = material.evaluation.outcomes.iter().enumerate();
    outcomes.map(|(number, outcome)| one(number + 1, outcome, material)).collect()
}

fn one(number: usize, outcome: &Outcome, material: &Material<'_>) -> Tested {
    let control = &outcome.control;
    let own: Vec<&Finding<'_>> =
        material.findings.iter().filter(|known| known.control == control.id).collect();
    let mut open: BTreeMap<Severity, u64> = BTreeMap::new();
    for known in own.iter().filter(|known| known.is_open()) {
        *open.entry(known.severity).or_default() += 1;
    }
    let closed = own.iter().filter(|known| known.life.is_closed()).count() as u64;
    let tests: Vec<Performed> = outcome
        .runs
        .iter()
        .filter_map(|(run, counted)| performed(*run, *counted, material.evaluation))
        .collect();
    let counted = tests.iter().filter(|test| test.counted);
    let excluded = counted.flat_map(|test| test.excluded.values()).sum();
    let word = super::period::word(material.on_wall());
    let before =
        material.facts.control_tested.all().iter().rfind(|row| {
            row.what.control.as_str() == control.id && row.what.period.as_str() != word
        });
    Tested {
        id: control.id.clone(),
        paper: format!("{}-{}-{word}-{number:02}", control.framework, control.id),
        framework: control.framework.clone(),
        domain: domain(control).to_owned(),
        title: control.title.clone(),
        requirement: control.requirement.clone(),
        control: control.control.clone(),
        kind: control.kind.clone(),
        frequency: control.frequency.as_str().to_owned(),
        key: control.key,
        strength: control.strength.as_str().to_owned(),
        citations: control.citations.clone(),
        crosswalk: control.crosswalk.clone(),
        guidance: control.guidance.clone(),
        attributes: control.attributes.clone(),
        state: outcome.state,
        reasons: outcome.reasons.clone(),
        counts: outcome.counts.clone(),
        excluded,
        conclusion: conclusion(outcome),
        open,
        closed,
        before: before.map(|row| row.result.as_str().to_owned()),
        tests,
        exceptions: format!("X-{}", control.id),
    }
}

/// The words of a state: what auditors write.
pub fn words(state: State) -> &'static str {
    match state {
        State::Fail => "exceptions noted",
        State::Indeterminate => "cannot tell",
        State::Waived => "risk accepted",
        State::Pass => "no exceptions noted",
        State::NotApplicable => "not applicable",
        State::NoOccurrence => "no occurrence",
    }
}

fn conclusion(outcome: &Outcome) -> String {
    let items: u64 = outcome.counts.values().sum();
    let of = |state: State| outcome.counts.get(&state).copied().unwrap_or(0);
    let mut parts = Vec::new();
    for (state, said) in [
        (State::Fail, "with exceptions"),
        (State::Indeterminate, "cannot be told"),
        (State::Waived, "with an accepted risk"),
        (State::Pass, "without exceptions"),
    ] {
        if of(state) > 0 {
            parts.push(format!("{} {said}", of(state)));
        }
    }
    let told = match items {
        0 => "nothing to test occurred in the period".to_owned(),
        _ => format!("{items} tested: {}", parts.join(", ")),
    };
    let first = words(outcome.state);
    let mut sentence = first.get(..1).unwrap_or_default().to_uppercase();
    sentence.push_str(first.get(1..).unwrap_or_default());
    format!("{sentence}: {told}.")
}

fn performed(number: usize, counted: bool, evaluation: &Evaluation) -> Option<Performed> {
    let run = evaluation.runs.get(number)?;
    let excluded = run.census.excluded.iter().map(|(why, count)| ((*why).to_owned(), *count));
    Some(Performed {
        id: run.test.id.to_owned(),
        name: run.test.name.to_owned(),
        version: run.test.version.to_owned(),
        rule: run.test.rule.to_owned(),
        population: run.test.population.to_owned(),
        counted,
        dataset: run_id(number, run),
        counts: run.counts(),
        excluded: excluded.collect(),
        limits: limits(run, evaluation),
    })
}

/// The limits of a run, each with who set it: a control's own limits come before those of layers.
pub(super) fn limits(run: &Run, evaluation: &Evaluation) -> Vec<Limit> {
    let slice = evaluation.slices.get(run.slice);
    let limit = |known: &Parameter| {
        let value = run.parameters.get(known);
        let key = (run.test.id.to_owned(), known.name.to_owned());
        let set = slice.and_then(|slice| slice.resolved.limits.get(&key));
        let same = |set: &&crate::control::Limit| set.value_like(known).as_ref() == Some(&value);
        let (layer, basis) = match set {
            Some(set) if same(&set) => (set.layer.as_str(), set.basis.as_str()),
            Some(_) => ("control", "the control itself"),
            None => ("catalogue", ""),
        };
        Limit {
            name: known.name.to_owned(),
            value: limit_words(&value),
            layer: layer.to_owned(),
            basis: basis.to_owned(),
            meaning: known.meaning.to_owned(),
        }
    };
    run.test.parameters.iter().map(limit).collect()
}
