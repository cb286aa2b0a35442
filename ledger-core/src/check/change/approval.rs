//! Approval: which approvals stand behind a deployment when it begins.

use std::collections::HashMap;

use crate::check::Context;
use crate::fact::Said;
use crate::fact::deployment::Deployment;
use crate::hash::Sha256;
use crate::schema::approve::{ApprovalDecided, ApprovalDecision};
use crate::schema::typed::Id;
use crate::schema::words::Reference;
use crate::time::Timestamp;

pub(crate) type Decided = Said<ApprovalDecided>;

/// Approvals of exactly what is deployed, given before the start and standing at it. T01 tells of all
/// others; here they do not count.
pub(crate) fn counted<'c>(context: &Context<'c>, deployment: &Deployment<'_>) -> Vec<&'c Decided> {
    let (Some(artifact), Some(change)) = (deployment.artifact(), deployment.change()) else {
        return Vec::new();
    };
    let endings = Endings::of(context, change);
    let stands = |row: &&Decided| {
        fits(row, deployment, change, artifact)
            && row.at.occurred < deployment.at
            && endings.ended(row, deployment.at).is_none()
    };
    granted(context, change, artifact).into_iter().filter(stands).collect()
}

/// Approvals granted for the change, or for the artifact under whatever change.
pub(super) fn granted<'c>(
    context: &Context<'c>,
    change: &Id,
    artifact: Sha256,
) -> Vec<&'c Decided> {
    let table = &context.facts.approval_decided;
    let by_change = table.of(Reference::Change, change.as_str());
    let reference = artifact.to_reference();
    let by_artifact = table.of(Reference::Artifact, &reference);
    let mut rows: Vec<&Decided> = by_change
        .chain(by_artifact)
        .filter(|row| row.decision == ApprovalDecision::Granted)
        .collect();
    rows.sort_by_key(|row| row.at.index);
    rows.dedup_by_key(|row| row.at.index);
    rows
}

/// Whether it names exactly what was deployed: artifact, change and environment must be there.
pub(crate) fn fits(
    row: &Decided,
    deployment: &Deployment<'_>,
    change: &Id,
    artifact: Sha256,
) -> bool {
    let config = deployment.started.and_then(|started| started.config);
    row.subject.get(Reference::Change) == Some(change)
        && row.r#for.artifact == Some(artifact)
        && row.r#for.environment.as_ref() == Some(deployment.environment)
        && row.r#for.config.is_none_or(|approved| Some(approved) == config)
}

/// What an approval names, in words.
pub(super) fn names(row: &Decided) -> String {
    let artifact =
        row.r#for.artifact.map(|artifact| format!("artifact {}", artifact.to_reference()));
    let environment = row.r#for.environment.as_ref().map(|name| format!("environment {name}"));
    let change = row.subject.get(Reference::Change).map(|change| format!("change {change}"));
    let config = row.r#for.config.map(|config| format!("configuration {}", config.to_reference()));
    let named: Vec<String> =
        [artifact, environment, change, config].into_iter().flatten().collect();
    if named.is_empty() { "nothing".to_owned() } else { named.join(", ") }
}

/// What took approvals of a change back, by the approval: found once for all of them.
pub(super) struct Endings<'c>(HashMap<&'c str, Vec<&'c Decided>>);

impl<'c> Endings<'c> {
    pub(super) fn of(context: &Context<'c>, change: &Id) -> Self {
        let mut all: HashMap<&str, Vec<&Decided>> = HashMap::new();
        for row in context.facts.approval_decided.of(Reference::Change, change.as_str()) {
            if let (ApprovalDecision::Revoked | ApprovalDecision::Expired, Some(of)) =
                (row.decision, &row.what.of)
            {
                all.entry(of.as_str()).or_default().push(row);
            }
        }
        Self(all)
    }

    /// Why an approval did not stand at a time, and the entry that ended it.
    pub(super) fn ended(&self, row: &Decided, at: Timestamp) -> Option<(String, Option<u64>)> {
        if let Some(from) = row.valid_from.filter(|from| *from > at) {
            return Some((format!("counts only from {from}"), None));
        }
        if let Some(until) = row.valid_until.filter(|until| *until <= at) {
            return Some((format!("was over at {until}"), None));
        }
        let later = self.0.get(row.approval.as_str()).into_iter().flatten();
        let mut before = later.filter(|later| later.at.occurred <= at);
        let later = before.next()?;
        Some((format!("was taken back at {}", later.at.occurred), Some(later.at.index)))
    }
}

/// Why one approval did not stand at a time, and the entry that ended it.
pub(super) fn ended(
    context: &Context<'_>,
    row: &Decided,
    at: Timestamp,
) -> Option<(String, Option<u64>)> {
    let none = Endings(HashMap::new());
    let change = row.subject.get(Reference::Change);
    change.map_or(none, |change| Endings::of(context, change)).ended(row, at)
}
