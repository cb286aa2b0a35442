//! Decided: what earlier reviews asked about and decided, for what is new, gone or unchanged.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Desk;
use super::population::item_id;
use crate::check::access::campaign::Campaign;
use crate::fact::snapshot::Key;
use crate::schema::review::{CampaignKind, CampaignState, CertifyDecision};
use crate::time::Timestamp;

/// What earlier reviews say.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// By system: the newest periodic review before, and what it asked about.
    before: BTreeMap<String, (String, HashMap<String, String>)>,
    /// When each was last certified, by the digest of its key.
    certified: HashMap<String, Timestamp>,
}

/// What the newest review before asked about, and this one does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The review before.
    pub campaign: String,
    /// Its item.
    pub item: String,
}

impl Past {
    /// Of all reviews but this one, that were opened before an entry.
    pub(super) fn of(desk: &Desk<'_>, campaign: &str, until: u64) -> Self {
        let mut past = Self::default();
        for opened in Campaign::all(&desk.context) {
            if opened.campaign.as_str() == campaign || opened.at.index >= until {
                continue;
            }
            let known = Campaign::of(&desk.context, opened);
            let Ok(items) = &known.items else { continue };
            for item in items {
                for decision in known.last(&item.item) {
                    if decision.what.decision == CertifyDecision::Certify {
                        let at = past
                            .certified
                            .entry(digest(item.key()))
                            .or_insert(decision.what.decided_at);
                        *at = (*at).max(decision.what.decided_at);
                    }
                }
            }
            let cancelled = known.closed.is_some_and(|row| row.state == CampaignState::Cancelled);
            if opened.kind == CampaignKind::Micro || cancelled {
                continue;
            }
            for system in opened.systems.iter() {
                let own = items.iter().filter(|item| *item.system == *system.as_str());
                let keys = own.map(|item| (digest(item.key()), item.item.to_string()));
                past.before
                    .insert(system.to_string(), (opened.campaign.to_string(), keys.collect()));
            }
        }
        past
    }

    /// Whether the newest review before asked about it; none where there was none.
    pub(super) fn had(&self, key: Key<'_>) -> Option<bool> {
        self.before.get(key.0).map(|(_, keys)| keys.contains_key(&digest(key)))
    }

    /// When it was last certified.
    pub(super) fn certified(&self, key: Key<'_>) -> Option<Timestamp> {
        self.certified.get(&digest(key)).copied()
    }

    /// What the reviews before had and this one has not.
    pub(super) fn gone<'k>(&self, keys: impl Iterator<Item = Key<'k>>) -> Vec<Gone> {
        let there: HashSet<String> = keys.map(digest).collect();
        let mut gone = Vec::new();
        for (campaign, keys) in self.before.values() {
            let missing = keys.iter().filter(|(key, _)| !there.contains(*key));
            gone.extend(
                missing.map(|(_, item)| Gone { campaign: campaign.clone(), item: item.clone() }),
            );
        }
        gone.sort_by(|a, b| (&a.campaign, &a.item).cmp(&(&b.campaign, &b.item)));
        gone
    }
}

/// What stands for a key, in whatever review.
fn digest(key: Key<'_>) -> String {
    item_id("", key)
}
