//! T01 approved-before-deploy: exactly what is deployed was approved, by enough persons, before.
//!
//! An approval counts when it names the deployed artifact, the change and the environment, was
//! granted before the start and recorded before it (or little later), and was neither over nor taken
//! back at the start.

use super::approval::{Decided, Endings, fits, granted, names};
use super::people::Others;
use super::{UNDECLARED, UNREAD};
use crate::check::{
    Census, Context, Direction, Item, Kind, Other, Parameter, Severity, Test, Value, entries, span,
};
use crate::fact::author::Party;
use crate::fact::deployment::Deployment;

const MIN_APPROVALS: Parameter = Parameter::new(
    "min_approvals",
    || Value::Count(1),
    Direction::Larger,
    "distinct persons who must have approved",
);
const MAX_LAG: Parameter = Parameter::new(
    "max_lag",
    || Value::hours(1),
    Direction::Smaller,
    "how much later than it happened an approval may be recorded, if that is after the start",
);
const LATE_HIGH: Parameter = Parameter::new(
    "late_high",
    || Value::hours(24),
    Direction::Smaller,
    "a lag beyond this is of high severity",
);
const CLASSES: Parameter = Parameter::new(
    "classes",
    || Value::Ids(vec!["normal".to_owned()]),
    Direction::Either,
    "the classes of change that need it",
);

const NONE: Kind = Kind::fails("no-approval", Severity::Critical, "nobody approved it");
const AFTER: Kind =
    Kind::fails("approved-after-start", Severity::High, "approved after it started");
const OTHER: Kind = Kind::fails(
    "approval-of-another",
    Severity::High,
    "what was approved is another artifact, environment, configuration or change",
);
const LAPSED: Kind = Kind::fails(
    "approval-lapsed",
    Severity::High,
    "the approval was over or taken back at the start",
);
const FEW: Kind = Kind::fails("too-few-approvals", Severity::Medium, "fewer persons than needed");
const LATE: Kind = Kind::fails(
    "approval-recorded-late",
    Severity::Medium,
    "the approval was recorded long after it says it was given",
);
const UNBOUND: Kind = Kind::undecided(
    "artifact-or-change-missing",
    Severity::High,
    "the deployment names no artifact or no change",
);
const NOBODY: Kind = Kind::undecided(
    "approver-unresolved",
    Severity::Medium,
    "it cannot be told how many persons approved",
);

/// T01.
pub const TEST: Test = Test {
    id: "T01",
    name: "approved-before-deploy",
    version: "1",
    population: "deployments to production",
    rule: "Before the start, enough distinct persons had approved exactly this artifact for this change \
           and environment, and their approvals stood at the start.",
    parameters: &[MIN_APPROVALS, MAX_LAG, LATE_HIGH, CLASSES],
    kinds: &[NONE, AFTER, OTHER, LAPSED, FEW, LATE, UNBOUND, NOBODY, UNREAD, UNDECLARED],
    run,
};

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let classes = super::classes(context, &CLASSES);
    for (deployment, mut item) in super::deployments(context, &classes, &mut census) {
        judge(context, &deployment, &mut item);
        census.items.push(item);
    }
    census
}

fn judge(context: &Context<'_>, deployment: &Deployment<'_>, item: &mut Item) {
    let words = deployment.words();
    let (Some(artifact), Some(change)) = (deployment.artifact(), deployment.change()) else {
        let missing = if deployment.artifact().is_none() { "artifact" } else { "change" };
        let sentence =
            format!("{words} and names no {missing}, so no approval can be held against it");
        item.raise(&UNBOUND, sentence, deployment.entries());
        return;
    };
    let approvals = granted(context, change, artifact);
    item.cite(approvals.iter().map(|row| row.at.index));
    if approvals.is_empty() {
        let sentence = format!("{words}; no approval names change {change} or its artifact");
        item.raise(&NONE, sentence, deployment.entries());
        return;
    }
    let (fitting, other): (Vec<&Decided>, Vec<&Decided>) =
        approvals.into_iter().partition(|row| fits(row, deployment, change, artifact));
    if fitting.is_empty() {
        let indexes: Vec<u64> = other.iter().map(|row| row.at.index).collect();
        let named = other.first().map(|row| names(row)).unwrap_or_default();
        let only = if other.len() == 1 { "the only approval" } else { "all approvals" };
        let sentence = format!(
            "{words}; {only} ({}) names {named}, deployed was {} for change {change}",
            entries(&indexes),
            artifact.to_reference(),
        );
        item.raise(&OTHER, sentence, deployment.entries().chain(indexes));
        return;
    }
    let before: Vec<&Decided> =
        fitting.iter().copied().filter(|row| row.at.occurred < deployment.at).collect();
    if before.is_empty() {
        let indexes: Vec<u64> = fitting.iter().map(|row| row.at.index).collect();
        let first = fitting.iter().map(|row| row.at.occurred).min().unwrap_or(deployment.at);
        let late = span(first.micros().saturating_sub(deployment.at.micros()));
        let sentence =
            format!("{words}; it was approved {late} later, at {first} ({})", entries(&indexes));
        item.raise(&AFTER, sentence, deployment.entries().chain(indexes));
        return;
    }
    let endings = Endings::of(context, change);
    let standing: Vec<&Decided> =
        before.iter().copied().filter(|row| endings.ended(row, deployment.at).is_none()).collect();
    if standing.is_empty() {
        for row in before {
            let Some((why, by)) = endings.ended(row, deployment.at) else { continue };
            let sentence = format!("{words}; its approval (entry {}) {why}", row.at.index);
            let cited = deployment.entries().chain([row.at.index]).chain(by);
            item.raise(&LAPSED, sentence, cited);
        }
        return;
    }
    let counted = in_time(context, deployment, &standing, item);
    enough(context, deployment, &counted, item);
}

/// Those recorded before the start, or little later than they were given; the others are told of.
fn in_time<'c>(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    standing: &[&'c Decided],
    item: &mut Item,
) -> Vec<&'c Decided> {
    let (most, long) = (context.parameters.span(&MAX_LAG), context.parameters.span(&LATE_HIGH));
    let start = deployment.started.map_or(deployment.first, |row| row.at.index);
    let (good, late): (Vec<&Decided>, Vec<&Decided>) =
        standing.iter().partition(|row| row.at.index < start || row.at.lag() <= most);
    if good.is_empty() {
        for row in &late {
            let severity = if row.at.lag() > long { Severity::High } else { Severity::Medium };
            let sentence = format!(
                "{}; its approval (entry {}) says it was given at {}, and was recorded {} later, after the start",
                deployment.words(),
                row.at.index,
                row.at.occurred,
                span(row.at.lag()),
            );
            let cited = deployment.entries().chain([row.at.index]);
            item.raise_as(&LATE, severity, sentence, cited);
        }
    }
    good
}

/// Whether enough persons are among them.
fn enough(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    counted: &[&Decided],
    item: &mut Item,
) {
    let needed = context.parameters.count(&MIN_APPROVALS);
    if counted.is_empty() {
        return;
    }
    let mut persons = Others::at(deployment.at);
    let mut unsure: Vec<u64> = Vec::new();
    for row in counted {
        let party = Party { who: row.approver.pseudonym, entry: row.at.index };
        if party.who.is_none() {
            unsure.push(party.entry);
            continue;
        }
        let (other, said) = persons.other(context, party.who);
        item.cite(said);
        match other {
            Other::Yes => persons.add(context, party),
            Other::No => {}
            Other::Unknown => unsure.push(party.entry),
        }
    }
    item.read("approvers", persons.len());
    let found = persons.len() as u64;
    if found >= needed {
        return;
    }
    let words = deployment.words();
    if found + unsure.len() as u64 >= needed {
        let sentence = format!(
            "{words}; it needs {needed} approvers, and it cannot be told who stands behind {}",
            entries(&unsure)
        );
        item.raise(&NOBODY, sentence, deployment.entries().chain(unsure));
    } else {
        let sentence = format!("{words}; {found} of {needed} persons had approved it");
        let cited = counted.iter().map(|row| row.at.index);
        item.raise(&FEW, sentence, deployment.entries().chain(cited));
    }
}
