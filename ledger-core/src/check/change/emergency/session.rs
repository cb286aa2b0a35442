//! Session: deployments that were made in a break-glass session.

use std::collections::HashMap;

use crate::check::{Context, Other};
use crate::fact::deployment::Deployment;
use crate::fact::{Facts, Said};
use crate::schema::access::{SessionElevated, SessionKind, SessionPhase};
use crate::schema::words::Reference;

/// Break-glass sessions by system.
pub(crate) struct Sessions<'f> {
    by: HashMap<&'f str, Vec<&'f Said<SessionElevated>>>,
}

impl<'f> Sessions<'f> {
    pub(crate) fn of(facts: &'f Facts) -> Self {
        let mut by: HashMap<&str, Vec<&Said<SessionElevated>>> = HashMap::new();
        for row in facts.session_elevated.all() {
            if row.phase == SessionPhase::Opened && row.kind == SessionKind::BreakGlass {
                by.entry(row.system.as_str()).or_default().push(row);
            }
        }
        for rows in by.values_mut() {
            rows.sort_by_key(|row| (row.at.occurred, row.at.index));
        }
        Self { by }
    }

    /// The entries of the session in which it was deployed, if it was: who deployed it may have been
    /// the one whose session it was.
    pub(crate) fn around(&self, context: &Context<'_>, deployment: &Deployment<'_>) -> Vec<u64> {
        if self.by.is_empty() {
            return Vec::new();
        }
        let standing = deployment.standing(context.facts);
        let named = standing.systems().iter();
        let mut groups: Vec<&Vec<_>> =
            named.filter_map(|system| self.by.get(system.system.as_str())).collect();
        if standing.systems().is_empty() {
            // where it belongs nobody said: it may be any
            groups.extend(self.by.values());
        }
        for rows in groups {
            let opened = rows.partition_point(|row| row.at.occurred <= deployment.at);
            for row in rows.iter().take(opened).rev() {
                let close = context
                    .facts
                    .session_elevated
                    .of(Reference::Session, row.session.as_str())
                    .find(|end| end.phase == SessionPhase::Closed);
                if close.is_some_and(|end| end.at.occurred < deployment.at) {
                    continue;
                }
                let who = super::super::people::deployer(deployment).who;
                let (other, _) = context.other(who, row.principal.pseudonym, deployment.at);
                if other == Other::No {
                    return [row.at.index]
                        .into_iter()
                        .chain(close.map(|end| end.at.index))
                        .collect();
                }
            }
        }
        Vec::new()
    }
}
