//! Incident: what an emergency stood on when it began.

use super::{Emergencies, GRACE, MIN_SEVERITY, NO_INCIDENT, RECORD_WITHIN, UNRECORDED};
use crate::check::{Item, span};
use crate::fact::At;
use crate::fact::deployment::Deployment;
use crate::schema::approve::ApprovalDecision;
use crate::schema::typed::Id;
use crate::schema::words::{Reference, Severity};
use crate::time::Timestamp;

impl<'c> Emergencies<'c> {
    /// The incidents that it names, or for which the glass was broken.
    pub(super) fn incidents(&self, deployment: &Deployment<'c>) -> Vec<&'c Id> {
        let own = deployment.started.and_then(|row| row.what.incident.as_ref());
        let broken = self
            .context
            .facts
            .break_glass_used
            .of(Reference::Deployment, deployment.reference.as_str());
        let mut named: Vec<&Id> =
            own.into_iter().chain(broken.map(|row| &row.what.incident)).collect();
        named.sort();
        named.dedup();
        named
    }

    /// Whether a severe enough incident was open.
    pub(super) fn incident(&self, deployment: &Deployment<'c>, item: &mut Item) {
        let words = deployment.words();
        let grace = self.context.parameters.span(&GRACE);
        let limit = Timestamp::from_micros(deployment.at.micros().saturating_add(grace));
        let limit = limit.unwrap_or(deployment.at);
        let least = self.context.parameters.ids(&MIN_SEVERITY);
        let least = least.iter().filter_map(|word| Severity::parse(word)).max();
        let named = self.incidents(deployment);
        let mut why = "it names no incident".to_owned();
        let mut read = Vec::new();
        for incident in named {
            let rows =
                self.context.facts.incident_changed.of(Reference::Incident, incident.as_str());
            let first = rows.clone().min_by_key(|row| (row.at.occurred, row.at.index));
            let Some(first) = first else {
                why = format!("nothing was recorded about incident {incident}");
                continue;
            };
            read.push(first.at.index);
            if first.at.occurred > limit {
                why = format!("incident {incident} was opened at {}", first.at.occurred);
                continue;
            }
            let known = rows.filter(|row| row.at.occurred <= limit);
            // `sev1` is the worst, and the least in order
            let Some(worst) = known.min_by_key(|row| (row.severity, row.at.index)) else {
                continue;
            };
            read.push(worst.at.index);
            if least.is_none_or(|least| worst.severity <= least) {
                item.read("incident", incident);
                item.read("severity", worst.severity);
                return item.cite(read);
            }
            why = format!("incident {incident} was of severity {}", worst.severity);
        }
        let sentence = format!("{words} as an emergency, and {why}");
        item.raise(&NO_INCIDENT, sentence, deployment.entries().chain(read));
    }

    /// Whether what was allowed at the time was written down soon.
    pub(super) fn authorised(&self, deployment: &Deployment<'c>, item: &mut Item) {
        let most = self.context.parameters.span(&RECORD_WITHIN);
        let facts = self.context.facts;
        let broken =
            facts.break_glass_used.of(Reference::Deployment, deployment.reference.as_str());
        let change = deployment.change().map(Id::as_str);
        let approvals = change
            .into_iter()
            .flat_map(|change| facts.approval_decided.of(Reference::Change, change))
            .filter(|row| row.decision == ApprovalDecision::Granted)
            .filter(|row| row.at.occurred <= deployment.at);
        let rows: Vec<At> = broken.map(|row| row.at).chain(approvals.map(|row| row.at)).collect();
        item.cite(rows.iter().map(|at| at.index));
        for at in rows.into_iter().filter(|at| at.lag() > most) {
            let sentence = format!(
                "{}; what allowed it at {} (entry {}) was recorded {} later",
                deployment.words(),
                at.occurred,
                at.index,
                span(at.lag())
            );
            item.raise(&UNRECORDED, sentence, deployment.entries().chain([at.index]));
        }
    }
}
