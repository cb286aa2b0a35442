//! Incident: an incident as a whole, from all that was said of it.

use crate::fact::{Facts, Said};
use crate::schema::incident::{IncidentChanged, IncidentRelation, IncidentState};
use crate::schema::typed::Id;
use crate::schema::words::{Answer, Reference, Severity};
use crate::time::Timestamp;

/// One incident.
pub(super) struct Incident<'f> {
    /// What was said of it last.
    pub(super) last: &'f Said<IncidentChanged>,
    /// The first entry that speaks of it.
    pub(super) first: u64,
    /// When somebody first knew of it.
    pub(super) known: Timestamp,
    /// When somebody knew that it was a breach, where that was said.
    pub(super) aware: Option<Timestamp>,
    /// When it was resolved, if it is.
    pub(super) resolved: Option<Timestamp>,
    /// The worst that was said of it.
    pub(super) worst: Severity,
    /// Whether personal data were touched, as it was said last.
    pub(super) personal_data: Option<Answer>,
    /// Whether health data were touched, as it was said last.
    pub(super) ephi: Option<Answer>,
    /// The deployments that caused it.
    pub(super) causes: Vec<&'f Id>,
    /// When it was first reviewed in writing.
    pub(super) reviewed: Option<Timestamp>,
}

impl<'f> Incident<'f> {
    /// All of them, by their first entries.
    pub(super) fn all(facts: &'f Facts) -> Vec<Self> {
        let ids = facts.incident_changed.ids(Reference::Incident);
        let mut all: Vec<Self> = ids.into_iter().filter_map(|id| Self::of(facts, id)).collect();
        all.sort_by_key(|incident| incident.first);
        all
    }

    fn of(facts: &'f Facts, id: &Id) -> Option<Self> {
        let rows = facts.incident_changed.of(Reference::Incident, id.as_str());
        let last = rows.clone().max_by_key(|row| (row.at.occurred, row.at.index))?;
        let first = rows.clone().next()?;
        let known = rows.clone().map(|row| row.detected_at.unwrap_or(row.at.occurred)).min()?;
        let links = facts.incident_linked.of(Reference::Incident, id.as_str());
        let causes = links.filter(|link| link.relation == IncidentRelation::CausedBy);
        let written = facts.postmortem_published.of(Reference::Incident, id.as_str());
        Some(Self {
            last,
            first: first.at.index,
            known,
            aware: rows.clone().filter_map(|row| row.aware_at).min(),
            resolved: (last.state == IncidentState::Resolved).then_some(last.at.occurred),
            worst: rows.clone().map(|row| row.severity).min()?,
            personal_data: rows.clone().filter_map(|row| row.personal_data).next_back(),
            ephi: rows.filter_map(|row| row.ephi).next_back(),
            causes: causes.map(|link| &link.what.deployment).collect(),
            reviewed: written.map(|row| row.at.occurred).min(),
        })
    }
}
