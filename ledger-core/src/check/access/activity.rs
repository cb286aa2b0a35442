//! Activity: what was done in whose name.

use std::collections::{BTreeSet, HashMap};

use crate::fact::Facts;
use crate::schema::access::SessionPhase;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// What was done, by who is said to have done it.
pub(super) struct Activity<'f> {
    by: HashMap<Pseudonym, Vec<(Timestamp, u64, Deed<'f>)>>,
}

type Deed<'f> = (&'static str, &'f str);

impl<'f> Activity<'f> {
    pub(super) fn of(facts: &'f Facts) -> Self {
        let mut all = Self { by: HashMap::new() };
        for row in facts.access_used.all() {
            all.put(
                row.principal.pseudonym,
                row.last_at,
                row.at.index,
                ("used", row.system.as_str()),
            );
        }
        for row in facts.session_elevated.all() {
            if row.phase == SessionPhase::Opened {
                let deed = ("opened session", row.session.as_str());
                all.put(row.principal.pseudonym, row.at.occurred, row.at.index, deed);
            }
        }
        for row in facts.deployment_started.all() {
            let deed = ("started deployment", row.deployment.as_str());
            all.put(row.initiator.pseudonym, row.at.occurred, row.at.index, deed);
        }
        for row in facts.approval_decided.all() {
            let deed = ("decided approval", row.approval.as_str());
            all.put(row.approver.pseudonym, row.at.occurred, row.at.index, deed);
        }
        for row in facts.config_changed.all() {
            let deed = ("changed setting", row.item.as_str());
            all.put(row.changer.pseudonym, row.at.occurred, row.at.index, deed);
        }
        for row in facts.campaign_decided.all() {
            let deed = ("decided in review", row.campaign.as_str());
            all.put(row.reviewer.pseudonym, row.at.occurred, row.at.index, deed);
        }
        for row in facts.access_changed.all() {
            let deed = ("changed access in", row.system.as_str());
            all.put(row.executor.pseudonym, row.effective_at, row.at.index, deed);
        }
        all
    }

    fn put(&mut self, who: Option<Pseudonym>, at: Timestamp, entry: u64, deed: Deed<'f>) {
        if let Some(who) = who {
            self.by.entry(who).or_default().push((at, entry, deed));
        }
    }

    /// What these names did between two times, as a sentence says it.
    pub(super) fn between(
        &self,
        names: &BTreeSet<Pseudonym>,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<(Timestamp, u64, String)> {
        let deeds = names.iter().filter_map(|name| self.by.get(name)).flatten();
        let mut found: Vec<_> = deeds
            .filter(|(at, _, _)| from < *at && *at < to)
            .map(|(at, entry, (verb, what))| (*at, *entry, format!("{verb} {what}")))
            .collect();
        found.sort();
        found
    }
}
