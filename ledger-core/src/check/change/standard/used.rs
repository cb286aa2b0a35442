//! Used: how deployments by a template went.

use std::collections::HashMap;

use super::classified;
use crate::check::Context;
use crate::fact::deployment::Deployment;
use crate::schema::deploy::DeploymentOutcome;
use crate::schema::typed::Id;
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// Deployments by the template of their change, in the order in which they began.
pub(super) struct Used<'c> {
    by: HashMap<&'c str, Vec<Use>>,
}

/// A deployment by a template: when it began, its entry, and when it turned out to have failed.
type Use = (Timestamp, u64, Option<Timestamp>);

impl<'c> Used<'c> {
    pub(super) fn of(context: &Context<'c>) -> Self {
        let mut by: HashMap<&str, Vec<Use>> = HashMap::new();
        for deployment in context.facts.deployments() {
            let Some(class) = classified(context, &deployment) else { continue };
            let Some(template) = &class.what.template else { continue };
            let end = deployment.finished.filter(|row| row.outcome == DeploymentOutcome::Failed);
            let back = context
                .facts
                .rollback_executed
                .of(Reference::Deployment, deployment.reference.as_str())
                .find(|row| row.reverts == *deployment.reference);
            let failed = end.map(|row| row.at.occurred).into_iter();
            let failed = failed.chain(back.map(|row| row.at.occurred)).min();
            by.entry(template.as_str()).or_default().push((
                deployment.at,
                deployment.first,
                failed,
            ));
        }
        for used in by.values_mut() {
            used.sort_unstable();
        }
        Self { by }
    }

    /// Entries of the deployments that were known to have failed, among the last before this one.
    pub(super) fn failed(&self, template: &Id, deployment: &Deployment<'_>, last: u64) -> Vec<u64> {
        let used = self.by.get(template.as_str()).map(Vec::as_slice).unwrap_or_default();
        let end = used
            .partition_point(|(at, first, _)| (*at, *first) < (deployment.at, deployment.first));
        let last = usize::try_from(last).unwrap_or(usize::MAX);
        let before = used.get(end.saturating_sub(last)..end).unwrap_or_default();
        let known = |one: &&Use| one.2.is_some_and(|failed| failed < deployment.at);
        before.iter().filter(known).map(|(_, first, _)| *first).collect()
    }
}
