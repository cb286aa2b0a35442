//! Repair: which deployments needed intervention, and when they were put right.

use std::collections::BTreeSet;

use super::desk::Desk;
use crate::check::scope::{plus, since};
use crate::fact::Said;
use crate::fact::deployment::Deployment;
use crate::schema::deploy::{DeploymentOutcome, RollbackExecuted};
use crate::schema::incident::{IncidentLinked, IncidentRelation, IncidentState};
use crate::schema::typed::Id;
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// An incident, as all that was said of it comes to.
pub(super) struct Incident<'g> {
    pub id: &'g str,
    /// When it was first known.
    pub detected: Timestamp,
    /// When it was resolved, if it was not opened again, and the entry.
    pub resolved: Option<(Timestamp, u64)>,
    pub services: BTreeSet<&'g str>,
    pub entries: BTreeSet<u64>,
}

impl<'g> Incident<'g> {
    /// The incident of that id, if anything was recorded of it.
    pub(super) fn of(desk: &Desk<'g>, id: &'g str) -> Option<Self> {
        let mut rows: Vec<_> = desk.facts().incident_changed.of(Reference::Incident, id).collect();
        rows.sort_by_key(|row| (row.at.occurred, row.at.index));
        let begun = rows.first()?.at.occurred;
        let told = rows.iter().filter_map(|row| row.detected_at).min();
        let mut resolved = None;
        for row in &rows {
            match row.state {
                IncidentState::Resolved if resolved.is_none() => {
                    resolved = Some((row.at.occurred, row.at.index));
                }
                IncidentState::Reopened => resolved = None,
                _ => {}
            }
        }
        let named = rows.iter().flat_map(|row| row.what.services.iter().flatten()).map(Id::as_str);
        Some(Self {
            id,
            detected: told.map_or(begun, |told| told.min(begun)),
            resolved,
            services: named.collect(),
            entries: rows.iter().map(|row| row.at.index).collect(),
        })
    }
}

/// Why a deployment needed intervention, and what put it right.
#[derive(Default)]
pub(super) struct Repair {
    /// The entries that say that it needed any; none if it did not.
    pub needed: BTreeSet<u64>,
    /// When it was first put right, and the entry.
    pub done: Option<(Timestamp, u64)>,
}

/// What had to be done about a deployment: rolled back, repaired by a linked hotfix, or the cause of
/// an incident that was detected within the window.
pub(super) fn repair(desk: &Desk<'_>, deployment: &Deployment<'_>) -> Repair {
    let mut repair = Repair::default();
    for row in rollbacks(desk, deployment) {
        repair.needed.insert(row.at.index);
        if row.outcome == DeploymentOutcome::Succeeded {
            repair.done(row.at.occurred, row.at.index);
        }
    }
    for link in caused(desk, deployment) {
        let incident = Incident::of(desk, link.incident.as_str());
        let detected = incident.as_ref().map_or(link.at.occurred, |incident| incident.detected);
        let fixes = hotfixes(desk, link.incident.as_str(), deployment);
        let window = desk.definitions().caused_by_window;
        let within = detected >= deployment.at && detected <= plus(deployment.ended(), window);
        if !within && fixes.is_empty() {
            continue;
        }
        repair.needed.insert(link.at.index);
        for (at, entries) in fixes {
            repair.needed.extend(entries.iter().copied());
            if let (Some(at), Some(entry)) = (at, entries.last()) {
                repair.done(at, *entry);
            }
        }
        if let Some(incident) = incident {
            repair.needed.extend(incident.entries);
            if let Some((at, entry)) = incident.resolved {
                repair.done(at, entry);
            }
        }
    }
    repair
}

/// Rollbacks that reverted a deployment.
pub(super) fn rollbacks<'g>(
    desk: &Desk<'g>,
    deployment: &Deployment<'_>,
) -> impl Iterator<Item = &'g Said<RollbackExecuted>> {
    let own = deployment.reference.clone();
    let rows = desk.facts().rollback_executed.of(Reference::Deployment, own.as_str());
    rows.filter(move |row| row.reverts == own)
}

/// Links that say that a deployment caused an incident.
fn caused<'g>(desk: &Desk<'g>, deployment: &Deployment<'_>) -> Vec<&'g Said<IncidentLinked>> {
    let own = deployment.reference;
    let rows = desk.facts().incident_linked.of(Reference::Deployment, own.as_str());
    rows.filter(|row| row.relation == IncidentRelation::CausedBy && row.deployment == *own)
        .collect()
}

/// Deployments that are linked as the fix of an incident, without the one that caused it: when they
/// succeeded, if they did, and their entries.
fn hotfixes(
    desk: &Desk<'_>,
    incident: &str,
    cause: &Deployment<'_>,
) -> Vec<(Option<Timestamp>, Vec<u64>)> {
    let facts = desk.facts();
    let links = facts.incident_linked.of(Reference::Incident, incident);
    let links = links.filter(|row| row.relation == IncidentRelation::FixedBy);
    let mut fixes = Vec::new();
    for link in links.filter(|link| link.deployment != *cause.reference) {
        let ends = facts.deployment_finished.of(Reference::Deployment, link.deployment.as_str());
        let end = ends
            .filter(|row| row.outcome == DeploymentOutcome::Succeeded)
            .min_by_key(|row| (row.at.occurred, row.at.index));
        let entries = [link.at.index].into_iter().chain(end.map(|row| row.at.index));
        fixes.push((end.map(|row| row.at.occurred), entries.collect()));
    }
    fixes
}

/// Links that say that a deployment fixed an incident.
pub(super) fn fixes<'g>(
    desk: &Desk<'g>,
    deployment: &Deployment<'_>,
) -> impl Iterator<Item = &'g Said<IncidentLinked>> {
    let own = deployment.reference.clone();
    let rows = desk.facts().incident_linked.of(Reference::Deployment, own.as_str());
    rows.filter(move |row| row.relation == IncidentRelation::FixedBy && row.deployment == own)
}

impl Repair {
    fn done(&mut self, at: Timestamp, entry: u64) {
        let this = (at, entry);
        self.done = Some(self.done.map_or(this, |known| known.min(this)));
    }

    /// How long it took from a moment, up to `until` if it is not done; and whether it is.
    pub(super) fn took(&self, from: Timestamp, until: Timestamp) -> (u64, bool) {
        let end = self.done.map(|(at, _)| at);
        (since(from, end.unwrap_or(until)), end.is_some())
    }
}
