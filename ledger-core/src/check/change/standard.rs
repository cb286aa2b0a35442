//! T08 standard-change-valid: a standard change keeps to a template that others approved.

mod range;
mod used;

use std::collections::BTreeSet;

use self::range::outside;
use self::used::Used;
use super::authority::APPROVES;
use super::{UNDECLARED, UNREAD};
use crate::check::{
    Census, Context, Direction, Item, Kind, Other, Parameter, Severity, Test, Value,
};
use crate::fact::Said;
use crate::fact::deployment::Deployment;
use crate::fact::entitled::{Entitled, Held};
use crate::hash::Sha256;
use crate::schema::change::{ChangeClassified, StandardChangeTemplateChanged, TemplateAction};
use crate::schema::typed::Id;
use crate::schema::words::{Class, Reference, Risk};
use crate::time::Timestamp;

const REVIEW_EVERY: Parameter = Parameter::new(
    "review_every",
    || Value::days(365),
    Direction::Smaller,
    "a template is reviewed at least this often",
);
const MAX_FAILURES: Parameter = Parameter::new(
    "max_failures",
    || Value::Count(2),
    Direction::Smaller,
    "failed deployments of a template above which it should be suspended, where the template names none",
);
const OF_LAST: Parameter = Parameter::new(
    "of_last",
    || Value::Count(20),
    Direction::Either,
    "number of last deployments that are counted for it",
);

const NONE: Kind =
    Kind::fails("no-template", Severity::High, "no approved template stood behind it");
const EXPIRED: Kind =
    Kind::fails("template-expired", Severity::High, "the review of its template was overdue");
const SCOPE: Kind =
    Kind::fails("out-of-scope", Severity::High, "it is not what its template is for");
const EDITED: Kind =
    Kind::fails("template-edited", Severity::High, "its template was edited after it was approved");
const AUTHORITY: Kind = Kind::fails(
    "template-approved-wrongly",
    Severity::High,
    "who approved its template edited it, or had no authority",
);
const SUSPEND: Kind = Kind::fails(
    "should-be-suspended",
    Severity::Medium,
    "deployments by its template had failed too often",
);
const UNKNOWN: Kind = Kind::undecided(
    "template-unknown",
    Severity::Medium,
    "it cannot be told which version of its template it keeps to, or who approved that",
);

/// T08.
pub const TEST: Test = Test {
    id: "T08",
    name: "standard-change-valid",
    version: "1",
    population: "deployments of standard changes to production",
    rule: "When it began, its template was approved by another person with authority, was reviewed in \
           time and not edited since, the deployment was within its scope, and not too many of the last \
           ones by it had failed.",
    parameters: &[REVIEW_EVERY, MAX_FAILURES, OF_LAST],
    kinds: &[NONE, EXPIRED, SCOPE, EDITED, AUTHORITY, SUSPEND, UNKNOWN, UNREAD, UNDECLARED],
    run,
};

type Row = Said<StandardChangeTemplateChanged>;

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let entitled = Entitled::of(context.facts);
    let used = Used::of(context);
    for (deployment, mut item) in super::deployments(context, &[Class::Standard], &mut census) {
        judge(context, &entitled, &used, &deployment, &mut item);
        census.items.push(item);
    }
    census
}

/// How its change was classified when it began.
fn classified<'c>(
    context: &Context<'c>,
    deployment: &Deployment<'_>,
) -> Option<&'c Said<ChangeClassified>> {
    let change = deployment.change()?;
    context
        .facts
        .change_classified
        .of(Reference::Change, change.as_str())
        .rfind(|row| row.at.occurred <= deployment.at && row.at.index < deployment.first)
}

fn judge(
    context: &Context<'_>,
    entitled: &Entitled<'_>,
    used: &Used<'_>,
    deployment: &Deployment<'_>,
    item: &mut Item,
) {
    let words = deployment.words();
    let class = classified(context, deployment);
    let Some((class, template)) = class.and_then(|row| Some((row, row.what.template.as_ref()?)))
    else {
        let sentence = format!("{words} as a standard change, and names no template");
        item.raise(&NONE, sentence, deployment.entries().chain(class.map(|row| row.at.index)));
        return;
    };
    item.cite([class.at.index]);
    item.read("template", template);
    // a template as it stood, by the place in the log
    let rows: Vec<&Row> = context
        .facts
        .standard_change_template_changed
        .of(Reference::Template, template.as_str())
        .filter(|row| row.at.index < deployment.first && row.at.occurred <= deployment.at)
        .collect();
    item.cite(rows.iter().map(|row| row.at.index));
    let ended = rows
        .last()
        .filter(|row| matches!(row.action, TemplateAction::Suspended | TemplateAction::Retired));
    let approved = rows.iter().rfind(|row| row.action == TemplateAction::Approved);
    let Some(approved) = approved.filter(|_| ended.is_none()) else {
        let why = match ended {
            Some(row) => {
                format!("was {} at {} (entry {})", row.action, row.at.occurred, row.at.index)
            }
            None => "had not been approved".to_owned(),
        };
        let sentence = format!("{words}; its template {template} {why}");
        item.raise(&NONE, sentence, deployment.entries().chain([class.at.index]));
        return;
    };
    reviewed(context, deployment, &rows, item);
    unedited(deployment, class, approved, &rows, item);
    authority(context, entitled, deployment, approved, &rows, item);
    scope(context, deployment, class, approved, item);
    let most = approved.max_failures.unwrap_or(context.parameters.count(&MAX_FAILURES));
    let last = approved.of_last.unwrap_or(context.parameters.count(&OF_LAST));
    let failed = used.failed(template, deployment, last);
    if failed.len() as u64 > most {
        let sentence = format!(
            "{words}; {} of the last {last} deployments by template {template} had failed",
            failed.len()
        );
        item.raise(&SUSPEND, sentence, deployment.entries().chain(failed));
    }
}

/// Whether it was reviewed in time.
fn reviewed(context: &Context<'_>, deployment: &Deployment<'_>, rows: &[&Row], item: &mut Item) {
    let looked =
        |row: &&&Row| matches!(row.action, TemplateAction::Approved | TemplateAction::Reviewed);
    let Some(last) = rows.iter().rfind(looked) else { return };
    let every = context.parameters.span(&REVIEW_EVERY);
    let latest = Timestamp::from_micros(last.at.occurred.micros().saturating_add(every));
    let due = last.review_due.into_iter().chain(latest).min().unwrap_or(last.at.occurred);
    if due < deployment.at {
        let sentence = format!(
            "{}; the review of its template was due at {due} (entry {})",
            deployment.words(),
            last.at.index
        );
        item.raise(&EXPIRED, sentence, deployment.entries().chain([last.at.index]));
    }
}

/// Whether it is still what was approved, and what the change was classified by.
fn unedited(
    deployment: &Deployment<'_>,
    class: &Said<ChangeClassified>,
    approved: &Row,
    rows: &[&Row],
    item: &mut Item,
) {
    let words = deployment.words();
    let current = rows.last().map_or(approved.digest, |row| row.digest);
    let last = rows.last().map_or(approved.at.index, |row| row.at.index);
    let edited = |digest: Sha256, entry: u64| {
        let sentence = format!(
            "{words}; its template is {} (entry {entry}), approved was {} (entry {})",
            digest.to_reference(),
            approved.digest.to_reference(),
            approved.at.index
        );
        (sentence, [entry, approved.at.index])
    };
    if current != approved.digest {
        let (sentence, cited) = edited(current, last);
        item.raise(&EDITED, sentence, deployment.entries().chain(cited));
        return;
    }
    match class.template_digest {
        None => {
            let sentence = format!(
                "{words}; its classification (entry {}) names no digest of its template",
                class.at.index
            );
            item.raise(&UNKNOWN, sentence, deployment.entries().chain([class.at.index]));
        }
        Some(digest) if digest != approved.digest => {
            let (sentence, cited) = edited(digest, class.at.index);
            item.raise(&EDITED, sentence, deployment.entries().chain(cited));
        }
        Some(_) => {}
    }
}

/// Whether another person than its editor approved it, who could.
fn authority(
    context: &Context<'_>,
    entitled: &Entitled<'_>,
    deployment: &Deployment<'_>,
    approved: &Row,
    rows: &[&Row],
    item: &mut Item,
) {
    let words = deployment.words();
    let (entry, at) = (approved.at.index, approved.at.occurred);
    let who = approved.by.pseudonym;
    let cited = || deployment.entries().chain([entry]);
    let edit = rows
        .iter()
        .rfind(|row| row.action == TemplateAction::Edited && row.digest == approved.digest);
    if let Some(edit) = edit {
        let (other, said) = context.other(who, edit.by.pseudonym, at);
        let said: Vec<u64> = said.into_iter().chain([edit.at.index]).collect();
        match other {
            Other::Yes => item.cite(said),
            Other::No => {
                let sentence = format!(
                    "{words}; who edited its template (entry {}) approved it",
                    edit.at.index
                );
                item.raise(&AUTHORITY, sentence, cited().chain(said));
            }
            Other::Unknown => {
                let sentence = format!(
                    "{words}; it cannot be told whether who edited its template (entry {}) approved it",
                    edit.at.index
                );
                item.raise(&UNKNOWN, sentence, cited().chain(said));
            }
        }
    }
    match entitled.holds(who, APPROVES, deployment, at) {
        Held::Yes(said) => item.cite(said),
        Held::No(why, said) => {
            let sentence = format!("{words}; who approved its template (entry {entry}) {why}");
            item.raise(&AUTHORITY, sentence, cited().chain(said));
        }
        Held::Unknown(why) => {
            let sentence = format!("{words}; of who approved its template (entry {entry}), {why}");
            item.raise(&UNKNOWN, sentence, cited());
        }
    }
}

/// Whether it is what its template is for.
fn scope(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    class: &Said<ChangeClassified>,
    approved: &Row,
    item: &mut Item,
) {
    let scope = &approved.scope;
    let bounded = |ids: &Option<Vec<Id>>, name: &str| {
        ids.as_ref().is_some_and(|ids| ids.iter().all(|id| id.as_str() != name))
    };
    let mut why = Vec::new();
    if bounded(&scope.environments, deployment.environment.as_str()) {
        why.push(format!("not for environment {}", deployment.environment));
    }
    if bounded(&scope.services, deployment.service.as_str()) {
        why.push(format!("not for service {}", deployment.service));
    }
    let standing = deployment.standing(context.facts);
    let systems = standing.systems();
    if !systems.is_empty() && systems.iter().all(|row| bounded(&scope.systems, row.system.as_str()))
    {
        why.push("not for its system".to_owned());
    }
    if class.risk.is_some_and(|risk| risk > Risk::Low) {
        why.push("for low risk only".to_owned());
    }
    let allowed = class.what.parameters.as_deref().unwrap_or_default();
    let given = deployment.started.and_then(|row| row.what.parameters.as_ref());
    for (name, value) in given.iter().flat_map(|given| given.iter()) {
        if !allowed.iter().any(|(known, fits)| known == name && fits == value) {
            why.push(format!("not for {name} {value}"));
        }
    }
    if let Some(ranges) = &approved.what.parameters {
        let given = given.iter().flat_map(|given| given.iter());
        let all: BTreeSet<(&str, &str)> =
            given.chain(allowed).map(|(name, value)| (&**name, value.as_str())).collect();
        why.extend(all.into_iter().filter_map(|(name, value)| outside(ranges, name, value)));
    }
    if !why.is_empty() {
        let sentence = format!(
            "{}; its template (entry {}) is {}",
            deployment.words(),
            approved.at.index,
            why.join(", ")
        );
        item.raise(
            &SCOPE,
            sentence,
            deployment.entries().chain([approved.at.index, class.at.index]),
        );
    }
}
