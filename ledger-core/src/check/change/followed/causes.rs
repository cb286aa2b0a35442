//! Causes: by what each service had failed.

use crate::schema::typed::Id;
use std::collections::{BTreeSet, HashMap};

use crate::check::Context;
use crate::fact::Said;
use crate::fact::deployment::Deployment;
use crate::schema::incident::{IncidentRelation, PostmortemPublished};
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// Causes that were found, by service and class, each with its time, its entry and what it is about.
pub(super) struct Causes<'c> {
    by: HashMap<(&'c str, &'c str), Vec<Found>>,
}

/// When, by which entry, and what it is about.
type Found = (Timestamp, u64, String);

impl<'c> Causes<'c> {
    pub(super) fn of(context: &Context<'c>) -> Self {
        let mut by: HashMap<_, Vec<Found>> = HashMap::new();
        for row in context.facts.postmortem_published.all() {
            for service in services(context, row) {
                for cause in &row.what.causes {
                    let one = (row.at.occurred, row.at.index, about(row));
                    by.entry((service, cause.class.as_str())).or_default().push(one);
                }
            }
        }
        for found in by.values_mut() {
            found.sort();
        }
        Self { by }
    }

    /// The last time before a review, within a span, at which the service of the deployment had failed
    /// by this cause in another matter.
    pub(super) fn before(
        &self,
        deployment: &Deployment<'_>,
        class: &str,
        row: &Said<PostmortemPublished>,
        window: u64,
    ) -> Option<(Timestamp, u64)> {
        let found = self.by.get(&(deployment.service.as_str(), class))?;
        let end =
            found.partition_point(|(at, entry, _)| (*at, *entry) < (row.at.occurred, row.at.index));
        let own = about(row);
        let since = row.at.occurred.micros().saturating_sub(window);
        let near = found.get(..end)?.iter().rev().take_while(|(at, ..)| at.micros() >= since);
        near.filter(|(_, _, other)| *other != own).map(|(at, entry, _)| (*at, *entry)).next()
    }
}

/// What a review is about.
fn about(row: &PostmortemPublished) -> String {
    let of = |reference| row.subject.get(reference).map(Id::as_str).unwrap_or_default();
    format!("{}/{}", of(Reference::Incident), of(Reference::Deployment))
}

/// The services that a review is about: of its deployment, of the deployments that caused its
/// incident, and those that the incident names.
fn services<'c>(context: &Context<'c>, row: &'c Said<PostmortemPublished>) -> BTreeSet<&'c str> {
    let facts = context.facts;
    let mut ids: Vec<&str> = Vec::new();
    ids.extend(row.what.subject.get(Reference::Deployment).map(Id::as_str));
    let mut found = BTreeSet::new();
    if let Some(incident) = row.what.subject.get(Reference::Incident) {
        let links = facts.incident_linked.of(Reference::Incident, incident.as_str());
        let caused = links.filter(|link| link.relation == IncidentRelation::CausedBy);
        ids.extend(caused.map(|link| link.what.deployment.as_str()));
        for known in facts.incident_changed.of(Reference::Incident, incident.as_str()) {
            found.extend(known.what.services.iter().flatten().map(Id::as_str));
        }
    }
    for id in ids {
        let started = facts.deployment_started.of(Reference::Deployment, id);
        found.extend(started.map(|row| row.what.service.as_str()));
        let finished = facts.deployment_finished.of(Reference::Deployment, id);
        found.extend(finished.map(|row| row.what.service.as_str()));
    }
    found
}
