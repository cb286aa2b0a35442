//! Conclusion: page one, which answers without scrolling: what was tested, what came out, can it be
//! relied on, what needs attention.

use std::collections::BTreeSet;

use super::Material;
use super::dataset::Cell;
use super::finding::{self, open_words};
use super::section::{Chart, Plot};
use super::tested::Tested;
use crate::check::{Severity, State};
use crate::json::Value;
use crate::schema::words::Class;

/// How many findings stand on page one.
const ISSUES: usize = 5;

/// A figure in words: `12 of 60`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What is counted.
    pub label: String,
    /// How many.
    pub count: u64,
    /// Of how many, where it is a part.
    pub of: Option<u64>,
    /// How it is to be read.
    pub state: State,
}

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The exception.
    pub exception: String,
    /// The control.
    pub control: String,
    /// How bad it is.
    pub severity: String,
    /// What happened.
    pub sentence: String,
    /// How many open exceptions of the same control and test there are.
    pub alike: u64,
    /// Who sees to it, a pseudonym; empty where nobody does.
    pub owner: String,
    /// By when; empty where nobody said.
    pub due: String,
}

/// Page one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conclusion {
    /// What was tested, what came out, what needs attention.
    pub sentences: Vec<String>,
    /// The figures.
    pub figures: Vec<Figure>,
    /// The findings that need attention first.
    pub issues: Vec<Issue>,
    /// The results at a glance, and what was tested.
    pub charts: Vec<Chart>,
}

pub(super) fn conclusion(material: &Material<'_>, controls: &[Tested]) -> Conclusion {
    let count = |state| controls.iter().filter(|control| control.state == state).count() as u64;
    let total = controls.len() as u64;
    let (failed, unknown) = (count(State::Fail), count(State::Indeterminate));
    let items: u64 = controls.iter().flat_map(|control| control.counts.values()).sum();
    let frameworks: Vec<String> =
        material.evaluation.question.frameworks.iter().map(|name| name.to_uppercase()).collect();
    let open = finding::open(&material.findings);
    let urgent: u64 =
        [Severity::Critical, Severity::High].iter().filter_map(|severity| open.get(severity)).sum();
    let attention = match (open.values().sum::<u64>(), urgent) {
        (0, _) => "Nothing is open.".to_owned(),
        (_, 0) => format!("{}; none of them is critical or high.", open_words(&material.findings)),
        (_, urgent) => {
            format!("{}; {urgent} of them critical or high.", open_words(&material.findings))
        }
    };
    Conclusion {
        sentences: vec![
            format!(
                "{total} controls of {} were tested over every occurrence from {}: {items} results.",
                frameworks.join(", "),
                material.days("to"),
            ),
            format!(
                "{} show no exceptions, {failed} show exceptions, for {unknown} it cannot be told, {} had no occurrence.",
                count(State::Pass),
                count(State::NoOccurrence),
            ),
            attention,
        ],
        figures: figures(material, controls),
        issues: issues(material),
        charts: vec![Chart {
            plot: Plot::Heat,
            title: "Results by framework and domain: the worst of each, and how many".to_owned(),
            unit: "controls".to_owned(),
            dataset: "G01".to_owned(),
            nothing: "No control is in scope.".to_owned(),
        }],
    }
}

fn figures(material: &Material<'_>, controls: &[Tested]) -> Vec<Figure> {
    let total = controls.len() as u64;
    let count = |state| controls.iter().filter(|control| control.state == state).count() as u64;
    let figure =
        |label: &str, count, of, state| Figure { label: label.to_owned(), count, of, state };
    let bad = |count: u64, state| if count == 0 { State::Pass } else { state };
    let (failed, unknown) = (count(State::Fail), count(State::Indeterminate));
    let passed = count(State::Pass);
    let mut found = vec![
        figure("no exceptions noted", passed, Some(total), State::Pass),
        figure("exceptions noted", failed, Some(total), bad(failed, State::Fail)),
        figure("cannot tell", unknown, Some(total), bad(unknown, State::Indeterminate)),
        figure("no occurrence", count(State::NoOccurrence), Some(total), State::NoOccurrence),
    ];
    let open = finding::open(&material.findings);
    for severity in [Severity::Critical, Severity::High] {
        let count = open.get(&severity).copied().unwrap_or(0);
        let label = format!("open, {}", severity.as_str());
        found.push(figure(&label, count, None, bad(count, State::Fail)));
    }
    let urgent = material.deployments.all.iter();
    let urgent = urgent.filter(|deployed| deployed.class == Some(Class::Emergency)).count() as u64;
    let all = material.deployments.all.len() as u64;
    found.push(figure("emergency deployments", urgent, Some(all), State::NotApplicable));
    let tested: u64 =
        material.evaluation.runs.iter().map(|run| run.census.items.len() as u64).sum();
    let left_out: u64 =
        material.evaluation.runs.iter().flat_map(|run| run.census.excluded.values()).sum();
    found.push(figure(
        "population members tested",
        tested,
        Some(tested + left_out),
        State::NotApplicable,
    ));
    found
}

/// The worst open findings, one of each test.
fn issues(material: &Material<'_>) -> Vec<Issue> {
    let mut open: Vec<_> = material.findings.iter().filter(|known| known.is_open()).collect();
    open.sort_by_key(|known| (known.severity, known.state, known.at));
    let mut found: Vec<Issue> = Vec::new();
    let mut told = BTreeSet::new();
    for known in &open {
        // one test fails for controls of three frameworks alike: told once
        if found.len() == ISSUES || !told.insert(known.test) {
            continue;
        }
        let kind = (known.control, known.test);
        let alike = open.iter().filter(|other| (other.control, other.test) == kind).count();
        found.push(Issue {
            exception: known.id.clone(),
            control: known.control.to_owned(),
            severity: known.severity.as_str().to_owned(),
            sentence: known.sentence.to_owned(),
            alike: alike as u64,
            owner: finding::owner(&known.life).unwrap_or_default(),
            due: Cell::from(known.life.due).to_text(),
        });
    }
    found
}

impl Conclusion {
    /// The whole as JSON.
    pub fn to_json(&self) -> Value {
        let figures = self.figures.iter().map(|figure| {
            let mut members = vec![
                ("count", Value::count(figure.count)),
                ("label", Value::text(&figure.label)),
                ("state", Value::text(figure.state.as_str())),
            ];
            members.extend(figure.of.map(|of| ("of", Value::count(of))));
            Value::object(members)
        });
        let issues = self.issues.iter().map(|issue| {
            Value::object([
                ("alike", Value::count(issue.alike)),
                ("control", Value::text(&issue.control)),
                ("due", Value::text(&issue.due)),
                ("exception", Value::text(&issue.exception)),
                ("owner", Value::text(&issue.owner)),
                ("sentence", Value::text(&issue.sentence)),
                ("severity", Value::text(&issue.severity)),
            ])
        });
        Value::object([
            ("charts", Value::List(self.charts.iter().map(Chart::to_json).collect())),
            ("figures", Value::List(figures.collect())),
            ("issues", Value::List(issues.collect())),
            ("sentences", Value::List(self.sentences.iter().map(Value::text).collect())),
        ])
    }
}
