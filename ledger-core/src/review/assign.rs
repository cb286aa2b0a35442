//! Assign: who has to decide on an item, by rule: the person's manager, then the system's owner, then an
//! owner of its entitlements; never its subject, never an administrator of the system, nobody who left.

use std::collections::{BTreeMap, BTreeSet};

use super::Desk;
use crate::check::Other;
use crate::check::access::independence::Independence;
use crate::error::{Error, Result};
use crate::fact::snapshot::ReviewItem;
use crate::schema::review::AssignmentCause;
use crate::schema::typed::Id;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

use super::population::Population;
use super::standing::{Standing, is_handed};

/// Items of one reviewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The stage.
    pub stage: u64,
    /// Who.
    pub reviewer: Pseudonym,
    /// In which relationship: `manager`, `system_owner`, `entitlement_owner`.
    pub relationship: &'static str,
    /// The items, in their order.
    pub items: Vec<String>,
}

/// An item for which the rule finds nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unassigned {
    /// The item.
    pub item: String,
    /// The stage.
    pub stage: u64,
    /// Why, of whoever came last.
    pub why: &'static str,
}

/// Finds a reviewer for each item and stage.
///
/// Who administers a system is told by the listings of the population, and by no other. `named` are those
/// whose identity is at hand, for an event names a person by it. From the second stage on the manager is
/// not asked, and nobody is asked twice.
pub fn assign(
    desk: &Desk<'_>,
    population: &Population<'_>,
    items: &[ReviewItem],
    stages: u64,
    named: &BTreeSet<Pseudonym>,
) -> (Vec<Assigned>, Vec<Unassigned>) {
    let (now, rows) = (desk.context.now, population.listed());
    let systems: Vec<Id> = population.snapshots.iter().map(|said| said.system.clone()).collect();
    let mut law = Independence::of(&desk.context, &desk.people, &systems, now, &rows);
    let mut all: BTreeMap<(u64, Pseudonym, &'static str), Vec<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for item in items {
        let mut asked: Vec<Pseudonym> = Vec::new();
        for stage in 1..=stages {
            match find(desk, &mut law, item, stage, named, &asked) {
                Ok((who, relationship)) => {
                    asked.push(who);
                    all.entry((stage, who, relationship)).or_default().push(item.item.to_string());
                }
                Err(why) => without.push(Unassigned { item: item.item.to_string(), stage, why }),
            }
        }
    }
    let one = |((stage, reviewer, relationship), items)| Assigned {
        stage,
        reviewer,
        relationship,
        items,
    };
    (all.into_iter().map(one).collect(), without)
}

fn find(
    desk: &Desk<'_>,
    law: &mut Independence<'_, '_>,
    item: &ReviewItem,
    stage: u64,
    named: &BTreeSet<Pseudonym>,
    asked: &[Pseudonym],
) -> std::result::Result<(Pseudonym, &'static str), &'static str> {
    let now = desk.context.now;
    let mut why = "no-manager-or-owner";
    for (relationship, who) in law.fit(item, now) {
        if stage > 1 && relationship == "manager" {
            continue;
        }
        let Some(who) = who else {
            why = "reviewer-unresolved";
            continue;
        };
        if asked.iter().any(|other| law.other(Some(*other), Some(who)) != Other::Yes) {
            why = "reviewer-of-another-stage";
            continue;
        }
        match wrong(desk, law, item, who) {
            Some(found) => why = found,
            None if !named.contains(&who) => why = "reviewer-not-named",
            None => return Ok((who, relationship)),
        }
    }
    Err(why)
}

/// Why somebody may not decide on an item, if they may not.
fn wrong(
    desk: &Desk<'_>,
    law: &mut Independence<'_, '_>,
    item: &ReviewItem,
    who: Pseudonym,
) -> Option<&'static str> {
    if desk.people.left(who, desk.context.now).is_some() {
        return Some("reviewer-left");
    }
    match (law.is_no_subject(item, Some(who)), law.is_no_administrator(&item.system, Some(who))) {
        (Other::No, _) => Some("reviewer-is-subject"),
        (_, Other::No) => Some("reviewer-administers"),
        (Other::Yes, Other::Yes) => None,
        _ => Some("reviewer-unresolved"),
    }
}

/// Items that go to another reviewer.
#[derive(Clone, Debug)]
pub struct Handing<'h> {
    /// The items.
    pub items: &'h [String],
    /// The stage.
    pub stage: u64,
    /// To whom.
    pub to: Pseudonym,
    /// From whom; none where they were given to nobody.
    pub from: Option<Pseudonym>,
    /// Why: delegated for a time only, by the reviewer themself; escalated to the reviewer's own manager.
    pub cause: AssignmentCause,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// Whether items may go to another reviewer.
///
/// Codes: `review-closed`, `review-item-unknown`, `review-delegate-chain` (who stands in passes nothing
/// on), `review-delegate-until` (without an end, or with one after the review is due),
/// `review-delegate-from` (they are not with whom they are said to be), `review-escalate-to` (to somebody
/// else than the manager of whom they are with), `review-self`, `review-administrator`, `review-left`,
/// `review-unresolved`, and those of the review's own listings, `review-snapshot-none` and
/// `review-snapshot-unread`.
pub fn may_hand(desk: &Desk<'_>, standing: &Standing<'_>, handing: &Handing<'_>) -> Result<()> {
    let now = desk.context.now;
    open(standing)?;
    let delegated = handing.cause == AssignmentCause::Delegated;
    if delegated && handing.until.is_none_or(|until| until > standing.opened().due) {
        let message = "a delegation needs an end that is not after the review is due";
        return Err(Error::refused("review-delegate-until", message).hint("give --until"));
    }
    let manager = handing.from.and_then(|from| desk.people.manager(from, now));
    let up = manager.and_then(|(manager, _)| manager);
    let is_up = desk.context.other(up, Some(handing.to), now).0 == Other::No;
    if handing.cause == AssignmentCause::Escalated && !is_up {
        let message = "items are escalated to somebody else than the manager of whom they are with";
        return Err(Error::refused("review-escalate-to", message)
            .hint("`ledger review due` tells to whom; --cause reassigned gives them to another"));
    }
    let rows = standing.listed(desk)?;
    let systems = &standing.opened().systems;
    let mut law = Independence::of(&desk.context, &desk.people, systems, now, &rows);
    for id in handing.items {
        let Some(item) = standing.item(id) else { return Err(unknown(id)) };
        let with = standing.assignment(id, handing.stage, now);
        let holder = with.and_then(|row| row.reviewer.pseudonym);
        if holder != handing.from {
            let message = format!("item `{id}` is with somebody else in stage {}", handing.stage);
            return Err(Error::refused("review-delegate-from", message)
                .hint("`ledger review due` tells whom items wait for"));
        }
        if delegated && with.is_some_and(is_handed) {
            let message = format!("item `{id}` was handed on already");
            return Err(Error::refused("review-delegate-chain", message)
                .hint("whoever stands in decides, or gives it back"));
        }
        may_review(desk, &mut law, item, handing.to)?;
    }
    Ok(())
}

/// Whether somebody may decide on an item; codes `review-self`, `review-administrator`, `review-left`,
/// `review-unresolved`.
pub(super) fn may_review(
    desk: &Desk<'_>,
    law: &mut Independence<'_, '_>,
    item: &ReviewItem,
    who: Pseudonym,
) -> Result<()> {
    let (code, message) = match wrong(desk, law, item, who) {
        None => return Ok(()),
        Some("reviewer-is-subject") => ("review-self", "is the reviewer's own access"),
        Some("reviewer-administers") => {
            ("review-administrator", "is of a system that the reviewer administers")
        }
        Some("reviewer-left") => ("review-left", "is to be decided by somebody who left"),
        Some(_) => {
            ("review-unresolved", "has a reviewer who cannot be told apart from its subject")
        }
    };
    let error = Error::refused(code, format!("item `{}` {message}", item.item));
    Err(if code == "review-unresolved" {
        error.hint("each of them needs a record of their own: `person.changed` with a person")
    } else {
        error.hint("another manager or owner decides: `ledger review assign`")
    })
}

/// Code `review-closed`.
pub(super) fn open(standing: &Standing<'_>) -> Result<()> {
    let Some((state, entry)) = standing.closed() else { return Ok(()) };
    let message = format!("review `{}` was {} by entry {entry}", standing.id(), state.as_str());
    Err(Error::refused("review-closed", message).hint("open it again, or review anew"))
}

pub(super) fn unknown(id: &str) -> Error {
    Error::refused("review-item-unknown", format!("`{id}` is no item of the review"))
}
