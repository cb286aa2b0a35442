//! T05 change-record-complete: a change was written down before it went out, whole, and was closed.

use std::collections::BTreeSet;

use super::{UNDECLARED, UNREAD};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, span,
};
use crate::fact::Said;
use crate::fact::deployment::Deployment;
use crate::schema::change::{ChangeRecorded, ChangeState};
use crate::schema::words::{Class, Reference, Window};
use crate::time::Timestamp;

macro_rules! fields {
    ($($word:literal),*) => { || Value::Ids([$($word),*].map(str::to_owned).to_vec()) };
}

const FIELDS: Parameter = Parameter::new(
    "fields",
    fields![
        "description",
        "requester",
        "reason",
        "systems",
        "risk",
        "security_impact",
        "privacy_impact",
        "test_plan",
        "backout_plan",
        "window"
    ],
    Direction::Larger,
    "fields that the record of a normal change must have",
);
const FIELDS_STANDARD: Parameter = Parameter::new(
    "fields_standard",
    fields!["requester", "systems"],
    Direction::Larger,
    "the same for a standard change; its template holds the rest",
);
const FIELDS_EMERGENCY: Parameter = Parameter::new(
    "fields_emergency",
    fields!["description", "requester", "reason", "systems", "risk"],
    Direction::Larger,
    "the same for an emergency change",
);
const CHANGE_KINDS: Parameter = Parameter::new(
    "change_kinds",
    fields!["routine", "major", "new_system", "migration"],
    Direction::Either,
    "kinds of change that are tested",
);
const WINDOW_TOLERANCE: Parameter = Parameter::new(
    "window_tolerance",
    || Value::minutes(15),
    Direction::Smaller,
    "how far a deployment may reach out of its window",
);
const CLOSE_WITHIN: Parameter = Parameter::new(
    "close_within",
    || Value::BusinessDays(5),
    Direction::Smaller,
    "time from the end of the deployment to the closing of the change with its outcome",
);

/// Fields whose absence is worse: what a change may do, and the way back.
const WEIGHTY: [&str; 3] = ["security_impact", "privacy_impact", "backout_plan"];

const NONE: Kind = Kind::fails("no-change", Severity::High, "no open change stands behind it");
const AFTER: Kind = Kind::fails(
    "created-after-start",
    Severity::High,
    "the change was written down after the deployment began",
);
const IMPACT: Kind = Kind::fails(
    "impact-or-backout-missing",
    Severity::Medium,
    "the change says nothing of its impact or of the way back",
);
const OUTSIDE: Kind =
    Kind::fails("outside-window", Severity::Medium, "it ran outside of the window of its change");
const FIELD: Kind = Kind::fails("field-missing", Severity::Low, "a field of the change is missing");
const OPEN: Kind =
    Kind::fails("not-closed", Severity::Low, "the change was not closed in time, with its outcome");
const CLOSING: Kind = Kind::undecided(
    "closing-due",
    Severity::Low,
    "the change is not closed yet, and still may be in time",
)
.afterwards();

/// T05.
pub const TEST: Test = Test {
    id: "T05",
    name: "change-record-complete",
    version: "1",
    population: "deployments to production",
    rule: "The change was written down before the deployment began, with the fields that its class \
           needs; the deployment ran in its window; and the change was closed in time, with its outcome.",
    parameters: &[
        FIELDS,
        FIELDS_STANDARD,
        FIELDS_EMERGENCY,
        CHANGE_KINDS,
        WINDOW_TOLERANCE,
        CLOSE_WITHIN,
    ],
    kinds: &[NONE, AFTER, IMPACT, OUTSIDE, FIELD, OPEN, CLOSING, UNREAD, UNDECLARED],
    run,
};

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let kinds = context.parameters.ids(&CHANGE_KINDS);
    for (deployment, mut item) in super::deployments(context, &[], &mut census) {
        if !super::is_of_kind(context, &deployment, &kinds) {
            census.exclude("change of another kind");
            continue;
        }
        judge(context, &deployment, &mut item);
        census.items.push(item);
    }
    census
}

fn judge(context: &Context<'_>, deployment: &Deployment<'_>, item: &mut Item) {
    let words = deployment.words();
    let Some(change) = deployment.change() else {
        item.raise(&NONE, format!("{words} and names no change"), deployment.entries());
        return;
    };
    let rows: Vec<&Said<ChangeRecorded>> =
        context.facts.change_recorded.of(Reference::Change, change.as_str()).collect();
    let Some(first) = rows.iter().min_by_key(|row| row.at.occurred) else {
        let sentence = format!("{words}; nothing was recorded about change {change}");
        item.raise(&NONE, sentence, deployment.entries());
        return;
    };
    item.cite(rows.iter().map(|row| row.at.index));
    let opened = rows.iter().map(|row| row.opened_at).min().unwrap_or(first.at.occurred);
    let created = opened.max(first.at.occurred);
    if created >= deployment.at {
        let late = span(created.micros() - deployment.at.micros());
        let sentence = format!(
            "{words}; change {change} was first written down {late} later, at {created} (entry {})",
            first.at.index
        );
        item.raise(&AFTER, sentence, deployment.entries().chain([first.at.index]));
        return;
    }
    let before: Vec<_> = rows.into_iter().filter(|row| row.at.occurred < deployment.at).collect();
    ended_before(context, deployment, &before, item);
    missing(context, deployment, &before, item);
    let window =
        before.iter().rev().find_map(|row| Some((row.what.window.as_ref()?, row.at.index)));
    if let Some((window, entry)) = window {
        within(context, deployment, window, entry, item);
    }
    closed(context, deployment, item);
}

/// A change that was given up, or closed, stands behind nothing any more.
fn ended_before(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    before: &[&Said<ChangeRecorded>],
    item: &mut Item,
) {
    let Some(change) = deployment.change() else { return };
    let closed = context
        .facts
        .change_closed
        .of(Reference::Change, change.as_str())
        .find(|row| row.at.occurred < deployment.at);
    let given_up = before.last().filter(|row| row.state == ChangeState::Abandoned);
    let ended = closed.map(|row| ("closed", row.at)).or(given_up.map(|row| ("abandoned", row.at)));
    if let Some((how, at)) = ended {
        let sentence = format!(
            "{}; change {change} had been {how} at {} (entry {})",
            deployment.words(),
            at.occurred,
            at.index
        );
        item.raise(&NONE, sentence, deployment.entries().chain([at.index]));
    }
}

/// Fields that were not there when the deployment began.
fn missing(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    before: &[&Said<ChangeRecorded>],
    item: &mut Item,
) {
    let class = deployment.class().map_or(Class::Normal, |(class, _)| class);
    let wanted = match class {
        Class::Normal => &FIELDS,
        Class::Standard => &FIELDS_STANDARD,
        Class::Emergency => &FIELDS_EMERGENCY,
    };
    let mut there: BTreeSet<&str> = before.iter().flat_map(|row| filled(row)).collect();
    if let Some((_, entry)) = super::risk_of(context, deployment) {
        item.cite([entry]);
        there.insert("risk");
    }
    let wanted = context.parameters.ids(wanted);
    let absent = wanted.iter().map(String::as_str).filter(|word| !there.contains(word));
    let (weighty, light): (Vec<&str>, Vec<&str>) = absent.partition(|word| WEIGHTY.contains(word));
    for (kind, fields) in [(&IMPACT, weighty), (&FIELD, light)] {
        if !fields.is_empty() {
            let sentence = format!(
                "{}; when it began, its change said nothing of {}",
                deployment.words(),
                fields.join(", ").replace('_', " ")
            );
            let cited = before.iter().map(|row| row.at.index);
            item.raise(kind, sentence, deployment.entries().chain(cited));
        }
    }
}

/// The fields that a record has.
fn filled(row: &ChangeRecorded) -> Vec<&'static str> {
    let known = [
        ("description", row.description.is_some()),
        ("requester", row.requester.is_some()),
        ("reason", row.reason.is_some()),
        ("systems", row.systems.as_ref().is_some_and(|systems| !systems.is_empty())),
        ("risk", row.risk.is_some()),
        ("security_impact", row.security_impact.is_some()),
        ("privacy_impact", row.privacy_impact.is_some()),
        ("personal_data", row.personal_data.is_some()),
        ("test_plan", row.test_plan.is_some()),
        ("backout_plan", row.backout_plan.is_some()),
        ("title", row.title.is_some()),
        ("url", row.url.is_some()),
        ("window", row.window.is_some()),
    ];
    known.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

/// Whether it ran in its window, from its start to its end.
fn within(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    window: &Window,
    entry: u64,
    item: &mut Item,
) {
    let most = context.parameters.span(&WINDOW_TOLERANCE);
    let reached = |a: Timestamp, b: Timestamp| a.micros().saturating_sub(b.micros());
    let early = reached(window.start, deployment.at);
    let late = reached(deployment.ended(), window.end);
    item.read("window", format!("{} to {}", window.start, window.end));
    if early > most || late > most {
        let how = if early > most {
            format!("{} before", span(early))
        } else {
            format!("until {} after", span(late))
        };
        let sentence = format!(
            "{}, {how} the window of its change from {} to {} (entry {entry})",
            deployment.words(),
            window.start,
            window.end
        );
        item.raise(&OUTSIDE, sentence, deployment.entries().chain([entry]));
    }
}

/// Whether the change was closed after it, in time.
fn closed(context: &Context<'_>, deployment: &Deployment<'_>, item: &mut Item) {
    let Some(change) = deployment.change() else { return };
    let words = deployment.words();
    let ended = deployment.ended();
    let due = context.calendar.after(ended, context.parameters.count(&CLOSE_WITHIN));
    let closing = context
        .facts
        .change_closed
        .of(Reference::Change, change.as_str())
        .find(|row| row.at.occurred >= deployment.at);
    match closing {
        Some(row) if row.at.occurred <= due => {
            item.cite([row.at.index]);
            item.read("outcome", row.outcome);
        }
        Some(row) => {
            let sentence = format!(
                "{words}; change {change} was closed at {} (entry {}), due was {due}",
                row.at.occurred, row.at.index
            );
            item.raise(&OPEN, sentence, deployment.entries().chain([row.at.index]));
        }
        None if context.now <= due => {
            let sentence = format!("{words}; change {change} is to be closed until {due}");
            item.raise(&CLOSING, sentence, deployment.entries());
            item.open_until(due);
        }
        None => {
            let sentence = format!("{words}; change {change} was not closed, due was {due}");
            item.raise(&OPEN, sentence, deployment.entries());
            item.open_until(due);
        }
    }
}
