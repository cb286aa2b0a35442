//! T12 failed-change-followed-up: what failed was put back to what is known, and looked into.

mod causes;

use self::causes::Causes;
use super::approval::ended;
use super::{UNDECLARED, UNREAD};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, entries,
};
use crate::fact::Said;
use crate::fact::deployment::Deployment;
use crate::fact::line::Lines;
use crate::schema::approve::ApprovalDecision;
use crate::schema::change::ChangeOutcome;
use crate::schema::deploy::{DeploymentOutcome, RollbackExecuted};
use crate::schema::incident::{IncidentRelation, PostmortemPublished};
use crate::schema::typed::Id;
use crate::schema::words::Reference;
use crate::time::Timestamp;

const PIR_WITHIN: Parameter = Parameter::new(
    "pir_within",
    || Value::BusinessDays(10),
    Direction::Smaller,
    "time from the failure to a published review with cause and action",
);
const LINK_WINDOW: Parameter = Parameter::new(
    "link_window",
    || Value::days(7),
    Direction::Larger,
    "time after a deployment in which an incident may be linked as caused by it",
);
const REPEAT_WINDOW: Parameter = Parameter::new(
    "repeat_window",
    || Value::days(90),
    Direction::Larger,
    "time in which the same cause counts as repeated",
);

const UNRECORDED: Kind = Kind::fails(
    "rollback-unrecorded",
    Severity::High,
    "what ran before runs again, and no rollback or no deployment of it was recorded",
);
const UNAPPROVED: Kind = Kind::fails(
    "rollback-unapproved",
    Severity::High,
    "it was put back to something that had never been approved",
);
const NO_REVIEW: Kind = Kind::fails(
    "no-review",
    Severity::Medium,
    "no review with cause and action was published in time",
);
const REPEATED: Kind = Kind::fails(
    "repeated-cause",
    Severity::Medium,
    "the same service had failed by the same cause before",
);
const RUNNING: Kind =
    Kind::undecided("clock-running", Severity::Medium, "its review is not due yet");
const UNTIMED: Kind = Kind::undecided(
    "incident-unknown",
    Severity::Medium,
    "nothing was recorded about the incident that it caused",
);

/// T12.
pub const TEST: Test = Test {
    id: "T12",
    name: "failed-change-followed-up",
    version: "1",
    population: "deployments to production that failed, were rolled back or caused an incident",
    rule: "A rollback was recorded and went to an artifact that had been approved; a review with cause \
           and action was published in time; and the cause was not one of before.",
    parameters: &[PIR_WITHIN, LINK_WINDOW, REPEAT_WINDOW],
    kinds: &[UNRECORDED, UNAPPROVED, NO_REVIEW, REPEATED, RUNNING, UNTIMED, UNREAD, UNDECLARED],
    run,
};

/// Why a deployment is in the population.
#[derive(Default)]
struct Failure<'c> {
    /// When it was known to have failed.
    at: Option<Timestamp>,
    rollbacks: Vec<&'c Said<RollbackExecuted>>,
    incidents: Vec<&'c str>,
    entries: Vec<u64>,
    /// An incident of which nothing is known.
    unknown: Option<(&'c str, u64)>,
}

impl Failure<'_> {
    fn since(&mut self, at: Timestamp) {
        self.at = Some(self.at.map_or(at, |known| known.min(at)));
    }
}

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let lines = Lines::of(context.facts);
    let causes = Causes::of(context);
    for (deployment, mut item) in super::deployments(context, &[], &mut census) {
        let failure = failure(context, &deployment, &lines);
        if failure.at.is_none() && failure.unknown.is_none() {
            census.exclude("it did not fail");
            continue;
        }
        item.cite(failure.entries.iter().copied());
        if let Some((incident, entry)) = failure.unknown {
            let sentence = format!(
                "{}; it caused incident {incident} (entry {entry}), of which nothing was recorded",
                deployment.words()
            );
            item.raise(&UNTIMED, sentence, deployment.entries().chain([entry]));
        }
        put_back(context, &deployment, &failure, &lines, &mut item);
        reviewed(context, &deployment, &failure, &causes, &mut item);
        census.items.push(item);
    }
    census
}

/// Whether and how it failed.
fn failure<'c>(
    context: &Context<'c>,
    deployment: &Deployment<'c>,
    lines: &Lines<'c>,
) -> Failure<'c> {
    let facts = context.facts;
    let mut found = Failure::default();
    let id = deployment.reference.as_str();
    if let Some(end) = deployment.finished.filter(|row| row.outcome == DeploymentOutcome::Failed) {
        found.since(end.at.occurred);
    }
    let rollbacks = facts.rollback_executed.of(Reference::Deployment, id);
    found.rollbacks = rollbacks.filter(|row| row.reverts == *deployment.reference).collect();
    for row in found.rollbacks.clone() {
        found.since(row.at.occurred);
        found.entries.push(row.at.index);
    }
    let change = deployment.change().map(Id::as_str);
    for row in change.into_iter().flat_map(|id| facts.change_closed.of(Reference::Change, id)) {
        let failed = matches!(row.outcome, ChangeOutcome::Failed | ChangeOutcome::RolledBack);
        if failed && row.at.occurred >= deployment.at {
            found.since(row.at.occurred);
            found.entries.push(row.at.index);
        }
    }
    if let Some(back) = silently(deployment, lines) {
        found.since(back.at);
        found.entries.push(back.first);
    }
    let window = context.parameters.span(&LINK_WINDOW);
    for link in facts.incident_linked.of(Reference::Deployment, id) {
        if link.relation != IncidentRelation::CausedBy {
            continue;
        }
        let rows = facts.incident_changed.of(Reference::Incident, link.incident.as_str());
        let began = rows.map(|row| row.detected_at.unwrap_or(row.at.occurred)).min();
        match began {
            Some(began) if began.micros() <= deployment.at.micros().saturating_add(window) => {
                found.since(began.max(deployment.at));
                found.incidents.push(link.what.incident.as_str());
                found.entries.push(link.at.index);
            }
            Some(_) => {}
            None => found.unknown = Some((link.what.incident.as_str(), link.at.index)),
        }
    }
    found
}

/// The next deployment, if it put back what had run before this one.
fn silently<'l, 'c>(
    deployment: &Deployment<'c>,
    lines: &'l Lines<'c>,
) -> Option<&'l Deployment<'c>> {
    let artifact = deployment.artifact()?;
    let before = lines.previous(deployment)?.artifact()?;
    let next = lines.after(deployment).first()?;
    (before != artifact && next.artifact() == Some(before)).then_some(next)
}

/// Whether what was put back is recorded, and had been approved.
fn put_back(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    failure: &Failure<'_>,
    lines: &Lines<'_>,
    item: &mut Item,
) {
    let words = deployment.words();
    let facts = context.facts;
    for row in &failure.rollbacks {
        let entry = row.at.index;
        let own = row.deployment.as_str();
        let started = facts.deployment_started.of(Reference::Deployment, own).next();
        if let Some(started) = started {
            item.cite([started.at.index]);
        } else {
            let sentence = format!(
                "{words}; rollback {own} of it (entry {entry}) was not recorded as a deployment"
            );
            item.raise(&UNRECORDED, sentence, deployment.entries().chain([entry]));
        }
        let reference = row.to.to_reference();
        let approval = facts
            .approval_decided
            .of(Reference::Artifact, &reference)
            .chain(
                changes_of(deployment, row, lines)
                    .flat_map(|change| facts.approval_decided.of(Reference::Change, change)),
            )
            .find(|known| {
                let yes = matches!(
                    known.decision,
                    ApprovalDecision::Granted | ApprovalDecision::Ratified
                );
                let given = known.at.occurred < row.at.occurred;
                yes && given
                    && known.r#for.artifact == Some(row.to)
                    && ended(context, known, known.at.occurred).is_none()
            });
        if let Some(approval) = approval {
            item.cite([approval.at.index]);
        } else {
            let sentence = format!(
                "{words}; it was put back to {reference} (entry {entry}), which nobody had approved before"
            );
            item.raise(&UNAPPROVED, sentence, deployment.entries().chain([entry]));
        }
    }
    if failure.rollbacks.is_empty() {
        unrecorded(context, deployment, lines, item);
    }
}

/// Whether it was put back, and nobody said so.
fn unrecorded(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    lines: &Lines<'_>,
    item: &mut Item,
) {
    let words = deployment.words();
    let closed = deployment.change().and_then(|change| {
        context.facts.change_closed.of(Reference::Change, change.as_str()).find(|row| {
            row.outcome == ChangeOutcome::RolledBack && row.at.occurred >= deployment.at
        })
    });
    let next = silently(deployment, lines);
    let why = match (closed, next) {
        (_, Some(next)) => {
            Some((format!("what ran before was deployed again by {}", next.id), next.first))
        }
        (Some(row), None) => {
            let why = format!("its change was closed as rolled back (entry {})", row.at.index);
            Some((why, row.at.index))
        }
        (None, None) => None,
    };
    if let Some((why, entry)) = why {
        let sentence = format!("{words}; {why}, and no rollback of it was recorded");
        item.raise(&UNRECORDED, sentence, deployment.entries().chain([entry]));
    }
}

/// Changes under which what was put back had been deployed in this line.
fn changes_of<'l>(
    deployment: &Deployment<'_>,
    row: &'l Said<RollbackExecuted>,
    lines: &'l Lines<'_>,
) -> impl Iterator<Item = &'l str> {
    let before = lines.before(deployment).iter().rev();
    let ran = before.filter(|known| known.artifact() == Some(row.to) && known.succeeded());
    ran.filter_map(|known| known.change().map(Id::as_str)).take(1)
}

/// Whether it was looked into in time, and whether the cause is new.
fn reviewed(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    failure: &Failure<'_>,
    causes: &Causes<'_>,
    item: &mut Item,
) {
    let words = deployment.words();
    let table = &context.facts.postmortem_published;
    let own = table.of(Reference::Deployment, deployment.reference.as_str());
    let of = failure.incidents.iter().flat_map(|id| table.of(Reference::Incident, id));
    let rows: Vec<&Said<PostmortemPublished>> =
        own.chain(of).filter(|row| row.at.occurred >= deployment.at).collect();
    let since = failure.at.unwrap_or(deployment.at);
    let due = context.calendar.after(since, context.parameters.count(&PIR_WITHIN));
    let whole =
        |row: &&&Said<PostmortemPublished>| !row.causes.is_empty() && !row.actions.is_empty();
    let done = rows.iter().filter(whole).min_by_key(|row| row.at.occurred);
    let indexes: Vec<u64> = rows.iter().map(|row| row.at.index).collect();
    let cited = || deployment.entries().chain(failure.entries.iter().copied());
    match done {
        Some(row) if row.at.occurred <= due => item.cite([row.at.index]),
        Some(row) => {
            let sentence = format!(
                "{words}; its failure at {since} was reviewed at {} (entry {}), due was {due}",
                row.at.occurred, row.at.index
            );
            item.raise(&NO_REVIEW, sentence, cited().chain([row.at.index]));
        }
        None if context.now <= due => {
            let sentence = format!("{words}; its failure at {since} is to be reviewed until {due}");
            item.raise(&RUNNING, sentence, cited());
            item.open_until(due);
        }
        None if !rows.is_empty() => {
            let sentence = format!(
                "{words}; the review of its failure ({}) names no cause or no action",
                entries(&indexes)
            );
            item.raise(&NO_REVIEW, sentence, cited().chain(indexes));
        }
        None => {
            let sentence =
                format!("{words}; its failure at {since} was not reviewed, due was {due}");
            item.raise(&NO_REVIEW, sentence, cited());
            item.open_until(due);
        }
    }
    let window = context.parameters.span(&REPEAT_WINDOW);
    for row in rows {
        for cause in &row.what.causes {
            let class = cause.class.as_str();
            let Some(before) = causes.before(deployment, class, row, window) else { continue };
            let sentence = format!(
                "{words}; its cause was {class} (entry {}), as it had been at {} (entry {})",
                row.at.index, before.0, before.1
            );
            item.raise(&REPEATED, sentence, deployment.entries().chain([row.at.index, before.1]));
        }
    }
}
