//! Expected: what may run, as deployments, rollbacks and changes of settings say.

use std::collections::HashMap;

use crate::check::Context;
use crate::fact::Said;
use crate::fact::deployment::Deployment;
use crate::fact::line::Lines;
use crate::hash::Sha256;
use crate::schema::deploy::{ConfigChanged, DeploymentOutcome, RuntimeObserved};
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// Deployments and changes of settings, by service.
pub(super) struct Expected<'c> {
    lines: Lines<'c>,
    configs: HashMap<&'c str, Vec<&'c Said<ConfigChanged>>>,
}

/// What may run of a service, each with the entry that put it there.
#[derive(Default)]
pub(super) struct Found {
    pub artifacts: Vec<(Sha256, u64)>,
    pub configs: Vec<(Sha256, u64)>,
    /// What deployments began to put there whose end was never recorded.
    pub begun: Vec<(Sha256, u64)>,
    /// The last deployment, if it names no artifact.
    pub unnamed: Option<u64>,
}

impl Found {
    /// The entry that put this artifact there, if any did.
    pub(super) fn explains(&self, artifact: Sha256) -> Option<u64> {
        self.artifacts.iter().find(|(known, _)| *known == artifact).map(|(_, entry)| *entry)
    }
}

impl<'c> Expected<'c> {
    pub(super) fn of(context: &Context<'c>) -> Self {
        let mut configs: HashMap<&str, Vec<&Said<ConfigChanged>>> = HashMap::new();
        for row in context.facts.config_changed.all() {
            if let Some(service) = &row.what.service {
                configs.entry(service.as_str()).or_default().push(row);
            }
        }
        for rows in configs.values_mut() {
            rows.sort_by_key(|row| (row.at.occurred, row.at.index));
        }
        Self { lines: Lines::of(context.facts), configs }
    }

    /// What may run of a service when an environment was observed.
    pub(super) fn of_service(
        &self,
        context: &Context<'c>,
        service: &str,
        row: &RuntimeObserved,
    ) -> Found {
        let (environment, at) = (row.environment.as_str(), row.taken_at);
        let mut found = Found::default();
        for deployment in self.lines.until(service, environment, at).iter().rev() {
            let region = deployment.started.and_then(|row| row.what.region.as_ref());
            if region.is_some_and(|to| row.region.as_ref().is_some_and(|here| here != to)) {
                continue;
            }
            if settled(context, deployment, at, &mut found) {
                break;
            }
        }
        self.settings(service, environment, at, &mut found);
        found
    }

    /// The settings that hold, by item.
    fn settings(&self, service: &str, environment: &str, at: Timestamp, found: &mut Found) {
        let rows = self.configs.get(service).map(Vec::as_slice).unwrap_or_default();
        let known = rows.partition_point(|row| row.at.occurred <= at);
        let mut current: HashMap<&str, &Said<ConfigChanged>> = HashMap::new();
        for row in rows.iter().take(known) {
            if row.environment.as_ref().is_none_or(|place| place.as_str() == environment) {
                current.insert(row.item.as_str(), row);
            }
        }
        let after = |row: &Said<ConfigChanged>| Some((row.after?, row.at.index));
        let mut current: Vec<_> = current.into_values().filter_map(after).collect();
        current.sort_by_key(|(_, entry)| *entry);
        found.configs.extend(current);
    }
}

/// Takes in what a deployment left running; whether nothing before it may run any more.
fn settled(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    at: Timestamp,
    found: &mut Found,
) -> bool {
    let entry = deployment.first;
    let back = context
        .facts
        .rollback_executed
        .of(Reference::Deployment, deployment.reference.as_str())
        .find(|row| {
            row.reverts == *deployment.reference
                && row.outcome == DeploymentOutcome::Succeeded
                && row.at.occurred <= at
        });
    if let Some(back) = back {
        // what it went back to may run, and so may what had run before
        found.artifacts.push((back.to, back.at.index));
        return false;
    }
    let ended = deployment.finished.filter(|row| row.at.occurred <= at);
    let config = deployment.started.and_then(|row| row.config);
    match ended.map(|row| row.outcome) {
        Some(DeploymentOutcome::Succeeded) => {
            match deployment.running() {
                Some(artifact) => found.artifacts.push((artifact, entry)),
                None => found.unnamed = Some(entry),
            }
            found.configs.extend(config.map(|config| (config, entry)));
            true
        }
        Some(DeploymentOutcome::Failed | DeploymentOutcome::Aborted) => {
            let left = ended.and_then(|row| row.running_artifact);
            found.artifacts.extend(left.map(|artifact| (artifact, entry)));
            false
        }
        // it was just running: both the new and the old may be seen
        None => {
            let began = deployment.artifact().map(|artifact| (artifact, entry));
            if deployment.finished.is_some() {
                found.artifacts.extend(began);
            } else {
                found.begun.extend(began);
            }
            found.configs.extend(config.map(|config| (config, entry)));
            false
        }
    }
}
