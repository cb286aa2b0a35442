//! Review: an access review as a whole: what was listed, decided and carried out.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Period;
use crate::fact::{Facts, Said};
use crate::schema::review::{CampaignClosed, CampaignOpened, CampaignState, CertifyDecision};
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// One review.
pub(super) struct Review<'f> {
    /// How it began.
    pub(super) opened: &'f Said<CampaignOpened>,
    /// How it ended, if it did.
    pub(super) closed: Option<&'f Said<CampaignClosed>>,
    /// Items that stay as they are.
    pub(super) certified: u64,
    /// Items to be taken away.
    pub(super) revoked: u64,
    /// Items to be changed.
    pub(super) modified: u64,
    /// Items to be taken away that a later listing does not have.
    pub(super) gone: u64,
    /// The entries it stands on.
    pub(super) entries: BTreeSet<u64>,
}

impl<'f> Review<'f> {
    /// All of them, by id.
    pub(super) fn all(facts: &'f Facts) -> Vec<Self> {
        let ids = facts.campaign_opened.ids(Reference::Campaign);
        let one = |id: &str| {
            let opened = facts.campaign_opened.of(Reference::Campaign, id).next()?;
            Some(Self::of(facts, id, opened))
        };
        ids.into_iter().filter_map(|id| one(id.as_str())).collect()
    }

    fn of(facts: &'f Facts, id: &str, opened: &'f Said<CampaignOpened>) -> Self {
        let mut entries = BTreeSet::from([opened.at.index]);
        let mut decided = BTreeMap::new();
        for row in facts.campaign_decided.of(Reference::Campaign, id) {
            entries.insert(row.at.index);
            decided.extend(row.what.items.iter().map(|item| (&item.item, item.decision)));
        }
        let mut gone = BTreeSet::new();
        for row in facts.campaign_verified.of(Reference::Campaign, id) {
            entries.insert(row.at.index);
            let absent = row.what.items.iter().filter(|item| item.absent);
            gone.extend(absent.map(|item| &item.item));
        }
        let last = facts.campaign_closed.of(Reference::Campaign, id).next_back();
        let closed = last.filter(|row| row.state != CampaignState::Reopened);
        entries.extend(last.map(|row| row.at.index));
        let count = |wanted| decided.values().filter(|known| **known == wanted).count() as u64;
        let revoked = |item: &&&_| decided.get(**item) == Some(&CertifyDecision::Revoke);
        Self {
            opened,
            closed,
            certified: count(CertifyDecision::Certify),
            revoked: count(CertifyDecision::Revoke),
            modified: count(CertifyDecision::Modify),
            gone: gone.iter().filter(revoked).count() as u64,
            entries,
        }
    }

    /// Items that nobody decided on.
    pub(super) fn undecided(&self) -> u64 {
        let decided = self.certified + self.revoked + self.modified;
        self.opened.items.count.saturating_sub(decided)
    }

    /// Whether it was closed by its due time; none while it may still be.
    pub(super) fn in_time(&self, now: Timestamp) -> Option<bool> {
        match self.closed {
            Some(closed) => Some(closed.at.occurred <= self.opened.due),
            None if now <= self.opened.due => None,
            None => Some(false),
        }
    }

    /// Whether it was open at some time of the period.
    pub(super) fn is_open_in(&self, period: Period) -> bool {
        let ended = self.closed.is_some_and(|row| row.at.occurred < period.from);
        self.opened.at.occurred < period.to && !ended
    }
}
