//! Schedule: which systems are to be reviewed when, which are late, and what asks for a review of one
//! person: a move, an emergency, access that somebody gave to themself, a risk that was accepted of them.
//!
//! A system under a regime, or of tier 1, is reviewed each quarter, all others twice a year; counted from
//! its last periodic review, or from its registration.

use std::collections::BTreeSet;

use super::Desk;
use crate::check::Other;
use crate::check::access::campaign::Campaign;
use crate::check::scope::plus;
use crate::schema::access::{AccessAction, PersonEvent, SessionKind, SessionPhase};
use crate::schema::review::{CampaignKind, CampaignState};
use crate::schema::words::Reference;
use crate::time::{DAY, Timestamp};
use crate::vault::persons::Pseudonym;

/// The longest quarter.
const QUARTER: u64 = 92 * DAY;
/// Two of them.
const HALF: u64 = 184 * DAY;
/// Days of work in which a review of one person is opened, as T15 has it.
const SOON: u64 = 5;

/// When a system is reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The system.
    pub system: String,
    /// `quarterly` or `semiannual`.
    pub every: &'static str,
    /// Its last periodic review that was not cancelled: id, and when it was opened.
    pub last: Option<(String, Timestamp)>,
    /// Whether that is still open.
    pub is_open: bool,
    /// When the next has to be open.
    pub due: Timestamp,
    /// Whether that time is over.
    pub is_late: bool,
}

/// What asks for a review of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// `mover`, `break-glass`, `self-grant`, `risk-accepted`.
    pub kind: &'static str,
    /// The id that the review names as its trigger.
    pub id: String,
    /// Who.
    pub who: Option<Pseudonym>,
    /// When it happened.
    pub at: Timestamp,
    /// The entry that says so.
    pub entry: u64,
    /// Until when the review is to be opened.
    pub due: Timestamp,
    /// The review that names it.
    pub campaign: Option<String>,
    /// Whether it is late.
    pub is_late: bool,
}

/// All systems in force, by id.
pub fn schedule(desk: &Desk<'_>) -> Vec<Slot> {
    let (facts, now) = (desk.context.facts, desk.context.now);
    let mut all = Vec::new();
    for system in facts.systems(now) {
        let quarterly = !system.regimes.is_empty() || system.tier.as_str() == "1";
        let reviews = Campaign::all(&desk.context).filter(|opened| {
            opened.kind == CampaignKind::Periodic && opened.systems.contains(&system.system)
        });
        let state = |campaign: &str| {
            facts.campaign_closed.of(Reference::Campaign, campaign).next_back().map(|row| row.state)
        };
        let last = reviews
            .filter(|opened| state(opened.campaign.as_str()) != Some(CampaignState::Cancelled))
            .max_by_key(|opened| (opened.at.occurred, opened.at.index));
        let from = last.map_or(system.from.unwrap_or(system.at.occurred), |last| last.at.occurred);
        let due = plus(from, if quarterly { QUARTER } else { HALF });
        let is_open = last.is_some_and(|last| {
            state(last.campaign.as_str()).is_none_or(|state| state == CampaignState::Reopened)
        });
        all.push(Slot {
            system: system.system.to_string(),
            every: if quarterly { "quarterly" } else { "semiannual" },
            last: last.map(|last| (last.campaign.to_string(), last.at.occurred)),
            is_open,
            due,
            is_late: due < now,
        });
    }
    all
}

/// What asks for a review of one person in the period, by entry.
pub fn triggers(desk: &Desk<'_>) -> Vec<Trigger> {
    let (facts, period) = (desk.context.facts, desk.context.period);
    let mut all = Vec::new();
    for row in facts.person_changed.all() {
        let id = row.subject.get(Reference::Person);
        if let (PersonEvent::Moved, Some(id), true) = (row.event, id, period.has(row.effective_at))
        {
            let who = row.person.pseudonym;
            all.push(desk.trigger("mover", id.as_str(), who, row.effective_at, row.at.index));
        }
    }
    let mut seen = BTreeSet::new();
    for row in facts.session_elevated.all() {
        let opened = row.phase == SessionPhase::Opened && row.kind == SessionKind::BreakGlass;
        if opened && period.has(row.at.occurred) && seen.insert(row.session.as_str()) {
            let (id, who) = (row.session.as_str(), row.principal.pseudonym);
            all.push(desk.trigger("break-glass", id, who, row.at.occurred, row.at.index));
        }
    }
    for row in facts.access_changed.all() {
        let given = matches!(row.action, AccessAction::Granted | AccessAction::Modified);
        let (who, by) = (row.principal.pseudonym, row.executor.and_then(|by| by.pseudonym));
        if !given || by.is_none() || !period.has(row.effective_at) {
            continue;
        }
        // two accounts of one person are one person
        if desk.context.other(who, by, row.effective_at).0 == Other::No {
            let id = row.access.as_ref().or(row.approval.as_ref());
            let id = id.map_or_else(|| format!("entry-{}", row.at.index), ToString::to_string);
            all.push(desk.trigger("self-grant", &id, who, row.effective_at, row.at.index));
        }
    }
    for row in facts.risk_accepted.all() {
        if period.has(row.at.occurred) {
            let (id, who) = (row.risk.as_str(), row.person.pseudonym);
            all.push(desk.trigger("risk-accepted", id, who, row.at.occurred, row.at.index));
        }
    }
    all.sort_by_key(|trigger| trigger.entry);
    all
}

impl Desk<'_> {
    fn trigger(
        &self,
        kind: &'static str,
        id: &str,
        who: Option<Pseudonym>,
        at: Timestamp,
        entry: u64,
    ) -> Trigger {
        let micro = Campaign::all(&self.context).filter(|opened| {
            opened.kind == CampaignKind::Micro
                && opened.at.occurred >= at
                && (opened.trigger.as_ref().is_some_and(|known| known.as_str() == id)
                    || opened
                        .subject
                        .get(Reference::Person)
                        .is_some_and(|known| known.as_str() == id))
        });
        let campaign = micro.map(|opened| opened.campaign.to_string()).next();
        let due = self.context.calendar.after(at, SOON);
        let is_late = campaign.is_none() && due < self.context.now;
        Trigger { kind, id: id.to_owned(), who, at, entry, due, campaign, is_late }
    }
}
