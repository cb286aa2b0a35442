//! Sheet: a review as an auditor reads it: a row for each item, with the person, the account, the access,
//! the risk, the decision and its proof.
//!
//! Names stand in no column: persons are pseudonyms, accounts opaque keys.

use std::collections::{HashMap, HashSet};

use super::Desk;
use super::decided::Past;
use super::evidence::{Evidence, Gone, Stranger, strangers};
use super::population::path_word;
use super::proof::{Proof, Shown, proofs};
use super::standing::Standing;
use crate::check::Context;
use crate::fact::snapshot::{AccountType, Key, ReviewItem, Row};
use crate::schema::review::{CampaignKind, CertifyDecision};
use crate::schema::typed::Id;
use crate::time::{DAY, Timestamp};
use crate::vault::persons::Pseudonym;

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Words.
    Text,
    /// A restricted id.
    Id,
    /// A pseudonym.
    Person,
    /// A moment.
    Time,
    /// A number.
    Count,
    /// A digest.
    Digest,
}

/// The columns, in their order.
pub const COLUMNS: [(&str, Shape); 49] = [
    ("item", Shape::Id),
    ("person", Shape::Person),
    ("kind", Shape::Text),
    ("status", Shape::Text),
    ("department", Shape::Id),
    ("role profile", Shape::Id),
    ("manager", Shape::Person),
    ("start", Shape::Time),
    ("end", Shape::Time),
    ("location", Shape::Id),
    ("account", Shape::Id),
    ("system", Shape::Id),
    ("account type", Shape::Text),
    ("enabled", Shape::Text),
    ("created", Shape::Time),
    ("last login", Shape::Time),
    ("last use", Shape::Time),
    ("second factor", Shape::Text),
    ("key changed", Shape::Time),
    ("entitlement", Shape::Id),
    ("description", Shape::Text),
    ("privileged", Shape::Text),
    ("scope", Shape::Id),
    ("given through", Shape::Text),
    ("granted at", Shape::Time),
    ("granted by", Shape::Id),
    ("approval", Shape::Id),
    ("expires", Shape::Time),
    ("last deployment", Shape::Time),
    ("deployments", Shape::Count),
    ("last approval", Shape::Time),
    ("approvals", Shape::Count),
    ("outside its time", Shape::Count),
    ("since the last review", Shape::Text),
    ("hints", Shape::Text),
    ("recommendation", Shape::Text),
    ("campaign", Shape::Id),
    ("listing", Shape::Digest),
    ("stage", Shape::Count),
    ("reviewer", Shape::Person),
    ("first reviewer", Shape::Person),
    ("relationship", Shape::Id),
    ("decision", Shape::Text),
    ("decided at", Shape::Time),
    ("against the recommendation", Shape::Text),
    ("carried out", Shape::Time),
    ("proven by", Shape::Digest),
    ("days to proof", Shape::Count),
    ("proof", Shape::Text),
];

/// A review with all that is told of it.
#[derive(Debug)]
pub struct Told<'t> {
    /// As it stands.
    pub standing: Standing<'t>,
    /// Persons who deployed and stand in no listing.
    pub strangers: Vec<Stranger>,
    /// What the reviews before had and this one has not.
    pub gone: Vec<Gone>,
    /// When it is told.
    pub now: Timestamp,
    /// The rows of the sheet, as [`COLUMNS`] has them.
    pub rows: Vec<Vec<String>>,
    /// What was to be taken away or changed.
    pub removals: Vec<Removal>,
    /// The listings it was made of.
    pub listings: Vec<Listing>,
    /// What was given since, and is in no item.
    pub additions: Vec<Addition>,
}

/// Access that a later listing has and the review does not ask about.
#[derive(Clone, Debug)]
pub struct Addition {
    /// The system.
    pub system: String,
    /// The account.
    pub account: String,
    /// Whose it is.
    pub person: Option<Pseudonym>,
    /// What it may do.
    pub entitlement: String,
    /// Whether it may do what few may.
    pub is_privileged: bool,
    /// The entry of the listing.
    pub entry: u64,
}

/// What became of something that was to be taken away or changed.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The item.
    pub item: String,
    /// What was decided, and when, and the entry.
    pub decided: (CertifyDecision, Timestamp, u64),
    /// When it was carried out, as an entry says.
    pub executed: Option<Timestamp>,
    /// What a later listing shows.
    pub shown: Shown,
    /// When it came back.
    pub again: Option<Timestamp>,
    /// Use of privileged access before it went.
    pub uses: u64,
    /// Whether somebody looked at that use.
    pub looked: bool,
    /// The entries it stands on.
    pub entries: Vec<u64>,
}

/// A listing that a review was made of.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The system.
    pub system: String,
    /// The entry.
    pub entry: u64,
    /// The entry that reconciled it, if one did.
    pub reconciled: Option<u64>,
}

impl<'t> Told<'t> {
    /// All that is told of a review.
    pub fn of(desk: &Desk<'t>, standing: Standing<'t>) -> Self {
        let proofs = proofs(desk, &standing);
        let systems: Vec<&str> = standing.opened().systems.iter().map(Id::as_str).collect();
        let strangers = strangers(desk, &systems, standing.campaign.at());
        let past = Past::of(desk, standing.id(), standing.opened().at.index);
        let gone = past.gone(standing.items().iter().map(ReviewItem::key));
        let rows = rows(desk, &standing, &proofs);
        let removals = proofs.iter().map(Removal::of).collect();
        let listings = listings(desk, &standing);
        let additions = additions(desk, &standing);
        Self {
            strangers,
            gone,
            now: desk.context.now,
            rows,
            removals,
            listings,
            additions,
            standing,
        }
    }
}

impl Removal {
    fn of(proof: &Proof<'_>) -> Self {
        let mut entries = vec![proof.decided.entry];
        entries.extend(proof.executed.map(|(_, entry)| entry));
        entries.extend(proof.again.map(|(_, entry)| entry));
        entries.extend(proof.looked);
        entries.extend(&proof.uses.1);
        entries.sort_unstable();
        entries.dedup();
        Self {
            item: proof.item.item.to_string(),
            decided: (proof.decided.decision, proof.decided.at, proof.decided.entry),
            executed: proof.executed.map(|(at, _)| at),
            shown: proof.shown,
            again: proof.again.map(|(at, _)| at),
            uses: proof.uses.0,
            looked: proof.looked.is_some(),
            entries,
        }
    }
}

fn listings(desk: &Desk<'_>, standing: &Standing<'_>) -> Vec<Listing> {
    let seen = standing.campaign.snapshots(&desk.observed).into_iter().flatten();
    let at = standing.campaign.at();
    let one = |seen: &crate::check::access::observed::Seen<'_>| Listing {
        system: seen.said.system.to_string(),
        entry: seen.said.at.index,
        reconciled: crate::check::access::fitness::unfit(&desk.context, seen, at).1,
    };
    seen.map(one).collect()
}

/// What the first whole listing after the opening has and the review does not: given meanwhile. In a
/// micro review it is not told, for others were left out.
fn additions(desk: &Desk<'_>, standing: &Standing<'_>) -> Vec<Addition> {
    let opened = standing.opened();
    if opened.kind == CampaignKind::Micro {
        return Vec::new();
    }
    let asked: HashSet<Key<'_>> = standing.items().iter().map(ReviewItem::key).collect();
    let before: Vec<_> =
        standing.campaign.snapshots(&desk.observed).into_iter().flatten().collect();
    let was_listed: HashSet<Key<'_>> =
        before.iter().flat_map(|seen| seen.rows().unwrap_or_default()).map(Row::key).collect();
    let mut all = Vec::new();
    for system in opened.systems.iter() {
        let later = desk.observed.after(system.as_str(), standing.campaign.at()).next();
        let Some((seen, rows)) = later else { continue };
        let new = rows.iter().filter(|row| {
            row.is_enabled() && !asked.contains(&row.key()) && !was_listed.contains(&row.key())
        });
        all.extend(new.map(|row| Addition {
            system: row.system.to_string(),
            account: row.account.to_string(),
            person: row.person,
            entitlement: row.entitlement.as_deref().unwrap_or_default().to_owned(),
            is_privileged: row.is_privileged(),
            entry: seen.said.at.index,
        }));
    }
    all
}

fn rows(desk: &Desk<'_>, standing: &Standing<'_>, proofs: &[Proof<'_>]) -> Vec<Vec<String>> {
    let mut listed: HashMap<Key<'_>, (&Row, String)> = HashMap::new();
    for seen in standing.campaign.snapshots(&desk.observed).into_iter().flatten() {
        let digest = seen.said.entitlements.attachment.to_reference();
        for row in seen.rows().unwrap_or_default() {
            listed.entry(row.key()).or_insert_with(|| (row, digest.clone()));
        }
    }
    let proofs: HashMap<&str, &Proof<'_>> =
        proofs.iter().map(|proof| (&*proof.item.item, proof)).collect();
    let mut people = HashMap::new();
    let mut all = Vec::with_capacity(standing.items().len());
    for item in standing.items() {
        let mut cells = vec![item.item.to_string()];
        match item.person {
            Some(who) => {
                cells
                    .extend(people.entry(who).or_insert_with(|| person(desk, who)).iter().cloned());
            }
            None => cells.extend(std::iter::repeat_n(String::new(), 9)),
        }
        let found = listed.get(&item.key());
        cells.extend(access(item, found.map(|(row, _)| *row), standing.evidence(&item.item)));
        cells.extend(risk(standing, item));
        cells.push(standing.id().to_owned());
        cells.push(found.map(|(_, digest)| digest.clone()).unwrap_or_default());
        cells.extend(review(&desk.context, standing, item));
        cells.extend(proven(proofs.get(&*item.item).copied()));
        all.push(cells);
    }
    all
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn flag(value: Option<bool>) -> String {
    value.map(|yes| if yes { "yes" } else { "no" }).unwrap_or_default().to_owned()
}

/// Person to location.
fn person(desk: &Desk<'_>, who: Pseudonym) -> [String; 9] {
    let words = desk.people.words(who, desk.context.now);
    let newest = words.last();
    let named = |part: fn(&crate::schema::access::PersonChanged) -> Option<String>| {
        words.iter().rev().find_map(|word| part(word)).unwrap_or_default()
    };
    let manager = desk.people.manager(who, desk.context.now).and_then(|(manager, _)| manager);
    [
        who.to_string(),
        text(newest.map(|word| word.kind)),
        text(newest.map(|word| word.event)),
        named(|word| word.department.as_ref().map(ToString::to_string)),
        named(|word| word.role_profile.as_ref().map(ToString::to_string)),
        text(manager),
        text(words.first().map(|word| word.effective_at)),
        named(|word| word.access_ends_at.map(|at| at.to_string())),
        named(|word| word.location.as_ref().map(ToString::to_string)),
    ]
}

/// Account to expires.
fn access(item: &ReviewItem, row: Option<&Row>, known: Option<&Evidence>) -> [String; 18] {
    let kind = row.and_then(|row| row.account_type).map(|kind| match kind {
        AccountType::Personal => "personal",
        AccountType::Service => "service",
        AccountType::Shared => "shared",
        AccountType::BreakGlass => "break_glass",
    });
    let path = known.and_then(|known| known.paths.as_deref());
    let path = path.or(row.and_then(|row| row.source).map(path_word));
    let of = |part: fn(&Row) -> Option<Timestamp>| text(row.and_then(part));
    let named = |part: fn(&Row) -> Option<&str>| text(row.and_then(part));
    let used = known.and_then(|known| known.usage.last_used);
    [
        item.account.to_string(),
        item.system.to_string(),
        text(kind),
        flag(row.and_then(|row| row.enabled)),
        of(|row| row.created_at),
        of(|row| row.last_login),
        text(used.or(row.and_then(|row| row.last_used))),
        flag(row.and_then(|row| row.mfa)),
        of(|row| row.key_rotated_at),
        text(item.entitlement.as_deref()),
        named(|row| row.description.as_deref()),
        flag(item.privileged),
        text(item.scope.as_deref()),
        text(path),
        of(|row| row.granted_at),
        named(|row| row.granted_by.as_deref()),
        named(|row| row.approval.as_deref()),
        of(|row| row.expires),
    ]
}

/// Last deployment to recommendation.
fn risk(standing: &Standing<'_>, item: &ReviewItem) -> [String; 8] {
    let Some(known) = standing.evidence(&item.item) else { return Default::default() };
    let hints = known.hints.iter().map(ToString::to_string);
    [
        text(known.usage.last_deployed),
        known.usage.deployments.to_string(),
        text(known.usage.last_approved),
        known.usage.approvals.to_string(),
        known.usage.outside.to_string(),
        known.since.as_str().to_owned(),
        hints.collect::<Vec<_>>().join("\n"),
        known.recommendation.as_str().to_owned(),
    ]
}

/// Stage to what is against the recommendation.
fn review(context: &Context<'_>, standing: &Standing<'_>, item: &ReviewItem) -> [String; 7] {
    let outcome = standing.outcome(&item.item);
    let decided = outcome.or_else(|| standing.decided(&item.item).into_iter().next_back());
    let stage =
        decided.map(|known| known.stage).or_else(|| standing.stage(&item.item)).unwrap_or(1);
    let when = decided.map_or(context.now, |known| known.at);
    let with = standing.assignment(&item.item, stage, when);
    let first = standing.first(&item.item, stage);
    let reviewer = decided.and_then(|known| known.reviewer);
    [
        stage.to_string(),
        text(reviewer.or(with.and_then(|row| row.reviewer.pseudonym))),
        text(first.and_then(|row| row.reviewer.pseudonym)),
        text(with.map(|row| &row.relationship)),
        text(outcome.map_or(Some("undecided"), |known| Some(known.decision.as_str()))),
        text(decided.map(|known| known.at)),
        flag(decided.map(|known| known.is_override)),
    ]
}

/// Carried out to proof.
fn proven(proof: Option<&Proof<'_>>) -> [String; 4] {
    let Some(proof) = proof else { return Default::default() };
    let executed = text(proof.executed.map(|(at, _)| at));
    let days =
        |at: Timestamp| (at.micros().saturating_sub(proof.decided.at.micros()) / DAY).to_string();
    match proof.shown {
        Shown::Nothing => [executed, String::new(), String::new(), "pending".to_owned()],
        Shown::Present(list, _) => {
            [executed, list.to_reference(), String::new(), "still listed".to_owned()]
        }
        Shown::Absent(list, at) => {
            let word = if proof.again.is_some() { "came back" } else { "gone" };
            [executed, list.to_reference(), days(at), word.to_owned()]
        }
    }
}
