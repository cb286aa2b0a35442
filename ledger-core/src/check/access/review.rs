//! T18 review-complete: a review asked about all access that a fresh snapshot listed, and independent
//! reviewers with authority decided all of it in time.
//!
//! The snapshots are named by the digests of their lists. The reviewers are judged in `reviewer`.

use std::collections::BTreeSet;

use super::campaign::Campaign;
use super::fitness::{AGE, unfit};
use super::hierarchy::{HIERARCHY, OLD, hierarchy};
use super::observed::{Observed, Seen};
use super::reviewer::{self, BULK, BULK_COUNT, BULK_WITHIN, NOBODY, SELF, UNFIT};
use crate::check::scope::{UNDECLARED, UNREAD, plus, since};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, entries, span,
};
use crate::fact::people::People;
use crate::fact::snapshot::{Key, ReviewItem, Row};
use crate::schema::review::{CampaignKind, CampaignState};
use crate::schema::words::Reference;
use crate::time::Timestamp;

const CLOSE: Parameter = Parameter::new(
    "close_within",
    || Value::days(15),
    Direction::Smaller,
    "time from the end of the period to the closing of its review",
);

/// The reason of rows that say of an account what another row says.
pub(crate) const MERGED: &str = "same-entitlement";

const MISSING: Kind = Kind::fails(
    "items-missing",
    Severity::High,
    "the review does not ask about exactly what the snapshot lists",
);
const OPEN: Kind =
    Kind::fails("items-undecided", Severity::High, "items were undecided when the review ended");
const STALE: Kind = Kind::fails(
    "snapshot-stale",
    Severity::High,
    "a snapshot was too old, taken too late, not whole, or not reconciled with its source",
);
const LATE: Kind =
    Kind::fails("review-late", Severity::Medium, "the review was not closed in time");
const UNSEEN: Kind = Kind::undecided(
    "list-missing",
    Severity::High,
    "the list of a snapshot or of the items is not there, or cannot be read",
);
const RUNS: Kind =
    Kind::undecided("review-running", Severity::Low, "the time to close the review is not over");

/// T18.
pub const TEST: Test = Test {
    id: "T18",
    name: "review-complete",
    version: "1",
    population: "access reviews",
    rule: "The items are exactly the rows of a whole, reconciled and fresh snapshot; each was decided before \
           the review was closed in time, by a manager or owner who is neither its subject nor an \
           administrator of the system.",
    parameters: &[AGE, HIERARCHY, CLOSE, BULK_COUNT, BULK_WITHIN],
    kinds: &[
        MISSING, OPEN, SELF, STALE, UNFIT, LATE, OLD, BULK, NOBODY, UNSEEN, RUNS, UNDECLARED,
        UNREAD,
    ],
    run,
};

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let (observed, people) = (Observed::of(context), People::of(context.facts));
    let mut used = BTreeSet::new();
    for opened in Campaign::all(context) {
        if !context.period.has(opened.at.occurred) {
            continue;
        }
        let id = opened.campaign.to_string();
        let id = if used.insert(id.clone()) { id } else { format!("{id}@{}", opened.at.index) };
        let mut item = Item::new(id, opened.at.occurred);
        item.cite([opened.at.index]);
        if !systems(context, opened, &mut item, &mut census) {
            continue;
        }
        let campaign = Campaign::of(context, opened);
        if campaign.closed.is_some_and(|closed| closed.state == CampaignState::Cancelled) {
            census.exclude("review was cancelled");
            continue;
        }
        context.tell_unread(&mut item, Reference::Campaign, opened.campaign.as_str());
        judge(context, &observed, &people, &campaign, &mut item);
        census.items.push(item);
    }
    census
}

/// Whether one of the systems that are reviewed counts.
fn systems(
    context: &Context<'_>,
    opened: &crate::fact::Said<crate::schema::review::CampaignOpened>,
    item: &mut Item,
    census: &mut Census,
) -> bool {
    let mut counts = false;
    for system in opened.systems.iter() {
        if let Some(known) = context.facts.system(system.as_str(), item.at) {
            item.cite([known.at.index]);
            counts |= known.is_under(context.regime);
        } else {
            let sentence = format!(
                "review {} is about {system}, and no such system is registered",
                opened.campaign
            );
            item.raise(&UNDECLARED, sentence, [opened.at.index]);
            counts = true;
        }
        item.system.get_or_insert_with(|| system.to_string());
    }
    if !counts {
        census.exclude("no system under this regime");
    }
    counts
}

fn judge(
    context: &Context<'_>,
    observed: &Observed<'_>,
    people: &People<'_>,
    campaign: &Campaign<'_>,
    item: &mut Item,
) {
    let words = campaign.words();
    let opened = campaign.opened.at.index;
    hierarchy(context, campaign, item);
    let mut rows: Vec<&Row> = Vec::new();
    let mut whole = true;
    for (seen, named) in
        campaign.snapshots(observed).into_iter().zip(campaign.opened.snapshots.iter())
    {
        let Some(seen) = seen else {
            item.raise(
                &UNSEEN,
                format!("{words}; no snapshot with the list {named} is there"),
                [opened],
            );
            whole = false;
            continue;
        };
        item.cite([seen.said.at.index]);
        fresh(context, campaign, seen, item);
        match seen.rows() {
            Ok(listed) => rows.extend(listed),
            Err(why) => {
                let cited = [opened, seen.said.at.index];
                item.raise(&UNSEEN, format!("{words}; {}: {why}", seen.words()), cited);
                whole = false;
            }
        }
    }
    match &campaign.items {
        Err(why) => item.raise(&UNSEEN, format!("{words}; {why}"), [opened]),
        Ok(items) => {
            item.read("items", items.len());
            if whole {
                same(campaign, items, &rows, item);
            }
            decided(context, campaign, items, item);
            reviewer::judge(context, people, campaign, items, &rows, item);
        }
    }
    closed(context, campaign, item);
}

/// Whether a snapshot is whole, fresh and reconciled with its source.
fn fresh(context: &Context<'_>, campaign: &Campaign<'_>, seen: &Seen<'_>, item: &mut Item) {
    let cited = [campaign.opened.at.index, seen.said.at.index];
    let (unfit, reconciled) = unfit(context, seen, campaign.at());
    item.cite(reconciled);
    for (_, why) in unfit {
        item.raise(&STALE, format!("{}; {} {why}", campaign.words(), seen.words()), cited);
    }
}

/// Whether the items are the rows of the snapshots, but for those that were left out with a reason.
fn same(campaign: &Campaign<'_>, items: &[ReviewItem], rows: &[&Row], item: &mut Item) {
    let listed: BTreeSet<Key<'_>> = rows.iter().map(|row| row.key()).collect();
    let asked: BTreeSet<Key<'_>> = items.iter().map(ReviewItem::key).collect();
    // rows that say the same of an account stand for one item; they are counted as such
    let exclusions = campaign.opened.population.exclusions.iter();
    let (merged, left_out) = exclusions.fold((0, 0), |(merged, left_out), out| {
        if out.reason.as_str() == MERGED {
            (merged + out.count, left_out)
        } else {
            (merged, left_out + out.count)
        }
    });
    item.read("left out", left_out);
    let missing = listed.difference(&asked).count() as u64;
    let extra: Vec<_> = asked.difference(&listed).collect();
    let cited: Vec<u64> = item.entries.clone();
    let repeated = (rows.len() - listed.len()) as u64;
    if merged > 0 && merged != repeated {
        let sentence = format!(
            "{}; {repeated} rows of its snapshots repeat another, and {merged} are said to",
            campaign.words()
        );
        item.raise(&MISSING, sentence, cited.clone());
    }
    if missing != left_out || missing > 0 && campaign.opened.population.exclusions.is_empty() {
        let sentence = format!(
            "{}; {missing} of {} rows of its snapshots are no items, and {left_out} were left out with a reason",
            campaign.words(),
            listed.len()
        );
        item.raise(&MISSING, sentence, cited.clone());
    }
    if let Some((system, account, what, _)) = extra.first() {
        let sentence = format!(
            "{}; {} items stand in no snapshot, the first is {} of account {account} in {system}",
            campaign.words(),
            extra.len(),
            what.unwrap_or("the account itself"),
        );
        item.raise(&MISSING, sentence, cited);
    }
}

/// Whether every item was decided.
fn decided(context: &Context<'_>, campaign: &Campaign<'_>, items: &[ReviewItem], item: &mut Item) {
    let open: Vec<&str> =
        items.iter().map(|one| &*one.item).filter(|one| !campaign.is_decided(one)).collect();
    item.read("undecided", open.len());
    let Some(first) = open.first() else { return };
    let opened = campaign.opened.at.index;
    match campaign.closed {
        Some(closed) => {
            let sentence = format!(
                "{}; {} of {} items were undecided when it was closed at {}, the first is {first}",
                campaign.words(),
                open.len(),
                items.len(),
                closed.at.occurred
            );
            item.raise(&OPEN, sentence, [opened, closed.at.index]);
        }
        None if context.now >= due(context, campaign) => {
            let sentence = format!(
                "{}; {} of {} items are still undecided, the first is {first}",
                campaign.words(),
                open.len(),
                items.len()
            );
            item.raise(&OPEN, sentence, [opened]);
        }
        None => {}
    }
}

/// Until when it has to be closed.
fn due(context: &Context<'_>, campaign: &Campaign<'_>) -> Timestamp {
    match campaign.opened.kind {
        CampaignKind::Periodic => plus(context.period.to, context.parameters.span(&CLOSE)),
        CampaignKind::Micro => campaign.opened.due,
    }
}

fn closed(context: &Context<'_>, campaign: &Campaign<'_>, item: &mut Item) {
    let due = due(context, campaign);
    let opened = campaign.opened.at.index;
    match campaign.closed {
        Some(closed) if closed.at.occurred <= due => item.cite([closed.at.index]),
        Some(closed) => {
            let sentence = format!(
                "{} and closed at {}, {} after {due} ({})",
                campaign.words(),
                closed.at.occurred,
                span(since(due, closed.at.occurred)),
                entries(&[closed.at.index])
            );
            item.raise(&LATE, sentence, [opened, closed.at.index]);
        }
        None if context.now < due => {
            item.raise(
                &RUNS,
                format!("{} and has to be closed until {due}", campaign.words()),
                [opened],
            );
        }
        None => {
            let sentence = format!("{} and was not closed until {due}", campaign.words());
            item.raise(&LATE, sentence, [opened]);
        }
    }
}
