//! Campaign: one access review, with its items and what was decided about each.

use std::collections::HashMap;

use super::observed::{Observed, Seen};
use crate::check::Context;
use crate::fact::Said;
use crate::fact::snapshot::{ReviewItem, items};
use crate::schema::review::{
    AssignmentCause, CampaignAssigned, CampaignClosed, CampaignDecided, CampaignOpened,
    CampaignState, CertifyDecision, ReviewedItem,
};
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// One decision on one item.
#[derive(Clone, Copy)]
pub(crate) struct Decision<'c> {
    pub(crate) said: &'c Said<CampaignDecided>,
    pub(crate) what: &'c ReviewedItem,
}

/// One review.
pub(crate) struct Campaign<'c> {
    pub(crate) opened: &'c Said<CampaignOpened>,
    /// Its items, or why they cannot be told.
    pub(crate) items: Result<Vec<ReviewItem>, String>,
    /// What was decided, by item, in the order of the entries.
    pub(crate) decisions: HashMap<&'c str, Vec<Decision<'c>>>,
    /// Who stands in for whom, by item.
    pub(crate) handed: HashMap<&'c str, Vec<&'c Said<CampaignAssigned>>>,
    /// Where it stands at last, if it is not open.
    pub(crate) closed: Option<&'c Said<CampaignClosed>>,
}

impl<'c> Campaign<'c> {
    /// All that were opened.
    pub(crate) fn all(context: &Context<'c>) -> impl Iterator<Item = &'c Said<CampaignOpened>> {
        context.facts.campaign_opened.all().iter()
    }

    /// Everything about one of them.
    pub(crate) fn of(context: &Context<'c>, opened: &'c Said<CampaignOpened>) -> Self {
        let (facts, id) = (context.facts, opened.campaign.as_str());
        let mut decisions: HashMap<&str, Vec<Decision<'_>>> = HashMap::new();
        for said in facts.campaign_decided.of(Reference::Campaign, id) {
            for what in said.items.iter() {
                decisions.entry(what.item.as_str()).or_default().push(Decision { said, what });
            }
        }
        let mut handed: HashMap<&str, Vec<&Said<CampaignAssigned>>> = HashMap::new();
        let assigned = facts.campaign_assigned.of(Reference::Campaign, id);
        for row in assigned.filter(|row| row.cause != AssignmentCause::Initial) {
            for item in row.items.iter() {
                handed.entry(item.as_str()).or_default().push(row);
            }
        }
        let closed = facts.campaign_closed.of(Reference::Campaign, id).next_back();
        Self {
            opened,
            items: context.list(&opened.items, items, "items"),
            decisions,
            handed,
            closed: closed.filter(|row| row.state != CampaignState::Reopened),
        }
    }

    /// The decisions on an item, each the last of its stage, until the review was closed.
    pub(crate) fn last(&self, item: &str) -> Vec<Decision<'c>> {
        let until = self.closed.map_or(u64::MAX, |row| row.at.index);
        let all = self.decisions.get(item).into_iter().flatten();
        let mut last: Vec<Decision<'c>> = Vec::new();
        for decision in all.filter(|decision| decision.said.at.index < until) {
            match last.iter_mut().find(|known| known.said.stage == decision.said.stage) {
                Some(known) => *known = *decision,
                None => last.push(*decision),
            }
        }
        last
    }

    /// Whether an item was decided: in each stage, or until somebody took the access away.
    pub(crate) fn is_decided(&self, item: &str) -> bool {
        let last = self.last(item);
        let ended = last.iter().any(|decision| decision.what.decision != CertifyDecision::Certify);
        let stages = 1..=self.opened.stages;
        ended || stages.into_iter().all(|stage| last.iter().any(|one| one.said.stage == stage))
    }

    /// The snapshots that it was made of: each is named by the digest of its list.
    pub(crate) fn snapshots<'o>(&self, observed: &'o Observed<'c>) -> Vec<Option<&'o Seen<'c>>> {
        let named = self.opened.snapshots.iter();
        named
            .map(|digest| {
                let fits = |seen: &&Seen<'_>| {
                    seen.said.entitlements.attachment.to_reference() == digest.as_str()
                };
                let mut all = self.opened.systems.iter().flat_map(|s| observed.all(s.as_str()));
                all.rfind(fits)
            })
            .collect()
    }

    /// How a sentence begins that speaks of it.
    pub(crate) fn words(&self) -> String {
        format!("review {} was opened at {}", self.opened.campaign, self.at())
    }

    /// When it was opened.
    pub(crate) fn at(&self) -> Timestamp {
        self.opened.at.occurred
    }
}
