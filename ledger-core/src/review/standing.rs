//! Standing: a review as it stands: its items, who has to decide, what was decided.

use std::collections::{BTreeMap, HashMap};

use super::Desk;
use super::evidence::Evidence;
use crate::check::access::campaign::{Campaign, Decision};
use crate::error::{Error, Result};
use crate::fact::Said;
use crate::fact::snapshot::{ReviewItem, Row};
use crate::schema::review::{
    AssignmentCause, CampaignAssigned, CampaignOpened, CampaignState, CertifyDecision,
    Recommendation,
};
use crate::schema::words::Reference;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// A review.
pub struct Standing<'c> {
    pub(super) campaign: Campaign<'c>,
    items: Vec<ReviewItem>,
    places: HashMap<Box<str>, usize>,
    evidence: HashMap<Box<str>, Evidence>,
    assigned: HashMap<(&'c str, u64), Vec<&'c Said<CampaignAssigned>>>,
}

/// A decision that counts, or counted until another came.
#[derive(Clone, Copy, Debug)]
pub struct Decided<'c> {
    /// By whom; none if the entry names nobody.
    pub reviewer: Option<Pseudonym>,
    /// In which stage.
    pub stage: u64,
    /// What.
    pub decision: CertifyDecision,
    /// When, as the reviewer says.
    pub at: Timestamp,
    /// Whether it is against what the evidence suggested.
    pub is_override: bool,
    /// Whether it has a comment; its words are in the vault.
    pub has_comment: bool,
    /// The entry.
    pub entry: u64,
    /// The item.
    pub item: &'c str,
}

/// How many items ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Stay as they are.
    pub certified: u64,
    /// Are to be changed.
    pub modified: u64,
    /// Are to be taken away.
    pub revoked: u64,
    /// Nobody decided in each stage.
    pub undecided: u64,
}

impl std::fmt::Debug for Standing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Standing").field("campaign", &self.id()).finish_non_exhaustive()
    }
}

impl<'c> Standing<'c> {
    /// The review of an id, with the evidence that was frozen with its items, where there is any.
    ///
    /// Codes: `review-none`, `review-list` (its items cannot be read), `review-evidence` (the evidence is
    /// not of its items).
    pub fn of(desk: &Desk<'c>, id: &str, evidence: Vec<Evidence>) -> Result<Self> {
        let facts = desk.context.facts;
        let Some(opened) = facts.campaign_opened.of(Reference::Campaign, id).next() else {
            return Err(Error::refused("review-none", format!("no review `{id}` was opened"))
                .hint("`ledger review schedule` lists them"));
        };
        let campaign = Campaign::of(&desk.context, opened);
        let items = match &campaign.items {
            Ok(items) => items.clone(),
            Err(why) => {
                return Err(Error::refused("review-list", format!("review `{id}`: {why}")));
            }
        };
        let places: HashMap<Box<str>, usize> =
            items.iter().enumerate().map(|(place, item)| (item.item.clone(), place)).collect();
        if let Some(stray) = evidence.iter().find(|known| !places.contains_key(&known.item)) {
            let message = format!("its evidence speaks of `{}`, which is no item", stray.item);
            return Err(Error::refused("review-evidence", message));
        }
        let mut assigned: HashMap<(&str, u64), Vec<&Said<CampaignAssigned>>> = HashMap::new();
        for row in facts.campaign_assigned.of(Reference::Campaign, id) {
            for item in row.items.iter() {
                assigned.entry((item.as_str(), row.stage)).or_default().push(row);
            }
        }
        let evidence = evidence.into_iter().map(|known| (known.item.clone(), known)).collect();
        Ok(Self { campaign, items, places, evidence, assigned })
    }

    /// Its id.
    pub fn id(&self) -> &'c str {
        self.campaign.opened.campaign.as_str()
    }

    /// How it began.
    pub fn opened(&self) -> &'c Said<CampaignOpened> {
        self.campaign.opened
    }

    /// The state in which it ended, and the entry; none while it is open.
    pub fn closed(&self) -> Option<(CampaignState, u64)> {
        self.campaign.closed.map(|row| (row.state, row.at.index))
    }

    /// Its items, in their order.
    pub fn items(&self) -> &[ReviewItem] {
        &self.items
    }

    /// The rows of the listings that it was made of: who administers a system stands in them. Without them
    /// nobody can be told to be independent.
    pub(super) fn listed<'d>(&self, desk: &'d Desk<'c>) -> Result<Vec<&'d Row>> {
        let named = self.opened().snapshots.iter();
        let mut rows = Vec::new();
        for (list, seen) in named.zip(self.campaign.snapshots(&desk.observed)) {
            let seen = seen.ok_or_else(|| {
                let message = format!("no listing with the list {list} is there");
                Error::refused("review-snapshot-none", message)
            })?;
            rows.extend(seen.rows().map_err(|why| {
                let message = format!("{}: {why}", seen.words());
                Error::refused("review-snapshot-unread", message)
                    .hint("bring the attachments of the ledger with its folder")
            })?);
        }
        Ok(rows)
    }

    /// One item.
    pub fn item(&self, id: &str) -> Option<&ReviewItem> {
        self.items.get(*self.places.get(id)?)
    }

    /// What was known of an item.
    pub fn evidence(&self, item: &str) -> Option<&Evidence> {
        self.evidence.get(item)
    }

    /// What was suggested.
    pub fn recommendation(&self, item: &str) -> Recommendation {
        self.evidence.get(item).map_or(Recommendation::None, |known| known.recommendation)
    }

    /// Who has to decide on an item in a stage, at a time: who it was given to last, unless that time is
    /// over.
    pub fn assignment(
        &self,
        item: &str,
        stage: u64,
        at: Timestamp,
    ) -> Option<&'c Said<CampaignAssigned>> {
        let rows = self.assigned.get(&(item, stage))?;
        rows.iter().rev().find(|row| row.until.is_none_or(|until| at < until)).copied()
    }

    /// Who was asked first.
    pub fn first(&self, item: &str, stage: u64) -> Option<&'c Said<CampaignAssigned>> {
        self.assigned.get(&(item, stage))?.first().copied()
    }

    /// The decisions on an item, the last of each stage, until it was closed.
    pub fn decided(&self, item: &str) -> Vec<Decided<'c>> {
        self.campaign.last(item).iter().map(Decided::of).collect()
    }

    /// The decision by which an item ends: the first that does not certify, else that of the last stage,
    /// once each stage has one.
    pub fn outcome(&self, item: &str) -> Option<Decided<'c>> {
        let mut all = self.decided(item);
        all.sort_by_key(|decided| decided.stage);
        let ended = all.iter().find(|decided| decided.decision != CertifyDecision::Certify);
        ended.copied().or_else(|| all.last().copied().filter(|_| self.campaign.is_decided(item)))
    }

    /// The stage that an item waits for; none once it is decided.
    pub fn stage(&self, item: &str) -> Option<u64> {
        if self.outcome(item).is_some() {
            return None;
        }
        let decided = self.decided(item);
        let mut stages = 1..=self.campaign.opened.stages;
        stages.find(|stage| decided.iter().all(|known| known.stage != *stage))
    }

    /// How many items ended how.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for item in &self.items {
            match self.outcome(&item.item).map(|decided| decided.decision) {
                Some(CertifyDecision::Certify) => counts.certified += 1,
                Some(CertifyDecision::Revoke) => counts.revoked += 1,
                Some(CertifyDecision::Modify) => counts.modified += 1,
                None => counts.undecided += 1,
            }
        }
        counts
    }
}

impl<'c> Decided<'c> {
    fn of(decision: &Decision<'c>) -> Self {
        Self {
            reviewer: decision.said.reviewer.pseudonym,
            stage: decision.said.stage,
            decision: decision.what.decision,
            at: decision.what.decided_at,
            is_override: decision.what.r#override,
            has_comment: decision.what.comment.is_some(),
            entry: decision.said.at.index,
            item: decision.what.item.as_str(),
        }
    }
}

/// What waits for one reviewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The review.
    pub campaign: String,
    /// Whom it waits for; none where an item was given to nobody.
    pub reviewer: Option<Pseudonym>,
    /// The stage.
    pub stage: u64,
    /// How many items.
    pub items: u64,
    /// Until when.
    pub due: Timestamp,
    /// What is to be done: `first`, `second`, `last`, `escalate`; `none` before the first reminder.
    pub reminder: &'static str,
    /// The reviewer's own manager, to whom it goes when the time is over.
    pub escalate_to: Option<Pseudonym>,
    /// Whether the reviewer has left.
    pub has_left: bool,
}

/// What waits for whom at a time, by reviewer and stage: data for reminders, which nobody sends here.
///
/// Of the time between opening and due, half over is the first reminder, three quarters the second, nine
/// tenths the last; then it is to be escalated.
pub fn due(desk: &Desk<'_>, standing: &Standing<'_>) -> Vec<Due> {
    let now = desk.context.now;
    if standing.closed().is_some() {
        return Vec::new();
    }
    let mut open: BTreeMap<(Option<Pseudonym>, u64), u64> = BTreeMap::new();
    for item in standing.items() {
        let Some(stage) = standing.stage(&item.item) else { continue };
        let row = standing.assignment(&item.item, stage, now);
        *open.entry((row.and_then(|row| row.reviewer.pseudonym), stage)).or_default() += 1;
    }
    let (from, due) = (standing.campaign.at(), standing.opened().due);
    let one = |((reviewer, stage), items)| Due {
        campaign: standing.id().to_owned(),
        reviewer,
        stage,
        items,
        due,
        reminder: reminder(from, due, now),
        escalate_to: reviewer
            .and_then(|who| desk.people.manager(who, now))
            .and_then(|(manager, _)| manager),
        has_left: reviewer.is_some_and(|who| desk.people.left(who, now).is_some()),
    };
    open.into_iter().map(one).collect()
}

fn reminder(from: Timestamp, due: Timestamp, now: Timestamp) -> &'static str {
    let whole = due.micros().saturating_sub(from.micros()).max(1);
    let over = now.micros().saturating_sub(from.micros());
    let percent = u128::from(over) * 100 / u128::from(whole);
    match percent {
        0..50 => "none",
        50..75 => "first",
        75..90 => "second",
        90..100 => "last",
        _ => "escalate",
    }
}

/// Why somebody stands in for another.
pub fn is_handed(row: &Said<CampaignAssigned>) -> bool {
    row.cause != AssignmentCause::Initial
}
