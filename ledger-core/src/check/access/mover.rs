//! T15 mover-rereviewed: whoever changed their place was reviewed by the new manager, and kept nothing
//! that nobody decided on.
//!
//! The review is a micro campaign that names the person's record as a reference or as its trigger.
//! Which entitlements a profile has is not recorded: with a new profile every one that was held has
//! to be certified, granted anew, or taken away.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::campaign::Campaign;
use super::changes::Changes;
use super::observed::Observed;
use crate::check::scope::{UNDECLARED, UNREAD, plus, since};
use crate::check::{
    Census, Context, Direction, Item, Kind, Other, Parameter, Severity, Test, Value, span,
};
use crate::fact::Said;
use crate::fact::people::People;
use crate::fact::snapshot::{ReviewItem, Row};
use crate::schema::access::{AccessAction, PersonChanged, PersonEvent};
use crate::schema::review::{CampaignKind, CampaignOpened, CertifyDecision};
use crate::schema::words::Reference;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

const OPEN: Parameter = Parameter::new(
    "open_within",
    || Value::BusinessDays(5),
    Direction::Smaller,
    "time from the move to a review opened by the new manager",
);
const COMPLETE: Parameter = Parameter::new(
    "complete_within",
    || Value::days(30),
    Direction::Smaller,
    "time from the move to the end of access outside the new profile, or its new approval",
);

const MISSED: Kind = Kind::fails(
    "mover-not-reviewed",
    Severity::Medium,
    "the new manager did not review what the person may do",
);
const KEPT: Kind = Kind::fails(
    "old-access-kept",
    Severity::High,
    "access from before the move stayed, and nobody decided on it",
);
const LATE: Kind = Kind::fails("mover-late", Severity::Low, "it was done, but too late");
const UNSEEN: Kind = Kind::undecided(
    "access-not-observed",
    Severity::Medium,
    "no whole snapshot tells what the person could do before the move",
);
const NOBODY: Kind = Kind::undecided(
    "person-unresolved",
    Severity::Medium,
    "it cannot be told who moved, or whether the reviewer is the new manager",
);
const RUNS: Kind = Kind::undecided(
    "mover-running",
    Severity::Low,
    "the time to review or to take away is not over",
);

/// T15.
pub const TEST: Test = Test {
    id: "T15",
    name: "mover-rereviewed",
    version: "1",
    population: "persons who moved",
    rule: "Soon after the move the new manager had a review of the person's access; where the profile changed, \
           all that was held before was certified, granted anew or taken away in time.",
    parameters: &[OPEN, COMPLETE],
    kinds: &[MISSED, KEPT, LATE, UNSEEN, NOBODY, RUNS, UNDECLARED, UNREAD],
    run,
};

type Moved = Said<PersonChanged>;

/// What the test looks things up in.
struct Desk<'c> {
    people: People<'c>,
    observed: Observed<'c>,
    changes: Changes<'c>,
    /// Micro reviews by what set them off.
    triggered: HashMap<&'c str, Vec<&'c Said<CampaignOpened>>>,
}

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let mut triggered: HashMap<&str, Vec<&Said<CampaignOpened>>> = HashMap::new();
    for opened in Campaign::all(context).filter(|opened| opened.kind == CampaignKind::Micro) {
        let person = opened.subject.get(Reference::Person);
        for name in person.into_iter().chain(opened.trigger.as_ref()) {
            triggered.entry(name.as_str()).or_default().push(opened);
        }
    }
    let desk = Desk {
        people: People::of(context.facts),
        observed: Observed::of(context),
        changes: Changes::of(context),
        triggered,
    };
    let mut used = HashSet::new();
    for row in context.facts.person_changed.all() {
        if row.event != PersonEvent::Moved || !context.period.has(row.effective_at) {
            continue;
        }
        let record = row.subject.get(Reference::Person).map(crate::schema::typed::Id::as_str);
        let id = record.map_or_else(|| format!("moved@{}", row.at.index), str::to_owned);
        let id = if used.insert(id.clone()) { id } else { format!("{id}@{}", row.at.index) };
        let mut item = Item::new(id, row.effective_at);
        item.cite([row.at.index]);
        if let Some(record) = record {
            context.tell_unread(&mut item, Reference::Person, record);
        }
        judge(context, &desk, row, record, &mut item);
        census.items.push(item);
    }
    census
}

fn words(row: &Moved) -> String {
    let who = row.person.pseudonym.map_or("somebody".to_owned(), |who| format!("person {who}"));
    format!("{who} moved at {} (entry {})", row.effective_at, row.at.index)
}

fn judge(
    context: &Context<'_>,
    desk: &Desk<'_>,
    row: &Moved,
    record: Option<&str>,
    item: &mut Item,
) {
    let Some(who) = row.person.pseudonym else {
        item.raise(&NOBODY, format!("{}; nobody was disclosed", words(row)), [row.at.index]);
        return;
    };
    let names = desk.people.names(who, context.now);
    let held = held(context, desk, row, &names, item);
    let privileged = held.iter().any(|one| one.is_privileged());
    item.read("held", held.len());
    let due = context.calendar.after(row.effective_at, context.parameters.count(&OPEN));
    let reviews = record.and_then(|record| desk.triggered.get(record)).into_iter().flatten();
    let review = reviews.copied().find(|opened| opened.at.occurred >= row.effective_at);
    let severity = if privileged { Severity::High } else { Severity::Medium };
    let campaign = review.map(|opened| Campaign::of(context, opened));
    match &campaign {
        Some(campaign) => {
            let opened = campaign.opened;
            item.cite([opened.at.index]);
            if opened.at.occurred > due {
                let late = span(since(due, opened.at.occurred));
                let sentence = format!("{}; {}, {late} after {due}", words(row), campaign.words());
                item.raise(&LATE, sentence, [row.at.index, opened.at.index]);
            }
            by_manager(context, row, campaign, severity, item);
        }
        None if context.now <= due => {
            let sentence = format!("{} and has to be reviewed until {due}", words(row));
            item.raise(&RUNS, sentence, [row.at.index]);
        }
        None => {
            let sentence = format!("{}, and no review of it was opened until {due}", words(row));
            item.raise_as(&MISSED, severity, sentence, [row.at.index]);
        }
    }
    let before = desk.people.words(who, row.effective_at);
    let before = before
        .iter()
        .rev()
        .find(|word| word.at.index != row.at.index && word.role_profile.is_some());
    let same = before.is_some_and(|word| word.role_profile == row.role_profile);
    if same {
        item.read("profile", "unchanged");
        return;
    }
    for one in held {
        kept(context, desk, row, campaign.as_ref(), one, item);
    }
}

/// What the newest whole snapshots before the move list of the person.
fn held<'d>(
    context: &Context<'_>,
    desk: &'d Desk<'_>,
    row: &Moved,
    names: &'d BTreeSet<Pseudonym>,
    item: &mut Item,
) -> Vec<&'d Row> {
    let systems = context.facts.systems(row.effective_at);
    let systems: Vec<_> = systems.into_iter().filter(|s| s.is_under(context.regime)).collect();
    if systems.is_empty() {
        let sentence =
            format!("{}, and no system is registered where access could end", words(row));
        item.raise(&UNDECLARED, sentence, [row.at.index]);
    }
    let strange = desk.observed.systems().filter(|id| {
        let seen = desk.observed.newest(id, row.effective_at);
        let lists = seen.is_some_and(|(seen, _)| seen.of_person(names).next().is_some());
        lists && context.facts.system(id, row.effective_at).is_none()
    });
    for id in strange {
        let sentence =
            format!("{}, had access to {id}, and no such system is registered", words(row));
        item.raise(&UNDECLARED, sentence, [row.at.index]);
    }
    let mut held = Vec::new();
    for system in systems {
        item.cite([system.at.index]);
        if let Some((seen, _)) = desk.observed.newest(system.system.as_str(), row.effective_at) {
            item.cite([seen.said.at.index]);
            held.extend(seen.of_person(names));
        } else {
            let sentence = format!(
                "{}; no whole snapshot of {} tells what they could do before",
                words(row),
                system.system
            );
            item.raise(&UNSEEN, sentence, [row.at.index, system.at.index]);
        }
    }
    held
}

/// Whether the new manager owns the review, or reviews in it.
fn by_manager(
    context: &Context<'_>,
    row: &Moved,
    campaign: &Campaign<'_>,
    severity: Severity,
    item: &mut Item,
) {
    let (opened, at) = (campaign.opened, campaign.at());
    let assigned =
        context.facts.campaign_assigned.of(Reference::Campaign, opened.campaign.as_str());
    let decided = context.facts.campaign_decided.of(Reference::Campaign, opened.campaign.as_str());
    let reviewers = assigned.map(|row| row.reviewer.pseudonym);
    let reviewers = reviewers.chain(decided.map(|row| row.reviewer.pseudonym));
    let manager = row.manager.and_then(|manager| manager.pseudonym);
    let (other, said) = context.other_than(manager, reviewers.chain([opened.owner.pseudonym]), at);
    item.cite(said);
    let cited = [row.at.index, opened.at.index];
    match other {
        Other::No => {}
        Other::Yes => {
            let sentence =
                format!("{}; {} and not by the new manager", words(row), campaign.words());
            item.raise_as(&MISSED, severity, sentence, cited);
        }
        Other::Unknown => {
            let sentence = format!(
                "{}; {}, and it cannot be told whether by the new manager",
                words(row),
                campaign.words()
            );
            item.raise(&NOBODY, sentence, cited);
        }
    }
}

/// Whether somebody decided on one thing that was held, or it is gone.
fn kept(
    context: &Context<'_>,
    desk: &Desk<'_>,
    row: &Moved,
    campaign: Option<&Campaign<'_>>,
    one: &Row,
    item: &mut Item,
) {
    let due = plus(row.effective_at, context.parameters.span(&COMPLETE));
    let target = ReviewItem {
        item: "".into(),
        system: one.system.clone(),
        account: one.account.clone(),
        person: row.person.pseudonym,
        entitlement: one.entitlement.clone(),
        scope: one.scope.clone(),
        privileged: one.privileged,
    };
    let about = desk.changes.about(&target);
    let changed = about.iter().filter(|change| {
        let again = change.action == AccessAction::Granted;
        change.effective_at >= row.effective_at && (again || super::expiry::takes(change))
    });
    let changed = changed.map(|change| (change.effective_at, change.at.index));
    let later = desk.observed.after(&one.system, row.effective_at);
    let gone = later
        .filter(|(seen, _)| !seen.of_account(&one.account).any(|other| other.key() == one.key()));
    let gone = gone.map(|(seen, _)| (seen.said.taken_at, seen.said.at.index));
    let certified = campaign.and_then(|campaign| certified(campaign, one));
    let what = one.entitlement.as_deref().unwrap_or("its account");
    let words = format!("{}; {what} of account {} in {}", words(row), one.account, one.system);
    match changed.chain(gone).chain(certified).min() {
        Some((at, entry)) if at <= due => item.cite([entry]),
        Some((at, entry)) => {
            let late = span(since(due, at));
            let sentence =
                format!("{words} was decided or gone at {at} (entry {entry}), {late} late");
            item.raise(&LATE, sentence, [row.at.index, entry]);
        }
        None if context.now <= due => {
            let sentence = format!("{words} has to be decided or gone until {due}");
            item.raise(&RUNS, sentence, [row.at.index]);
        }
        None => {
            let sentence = format!("{words} was neither decided nor taken away until {due}");
            item.raise(&KEPT, sentence, [row.at.index]);
        }
    }
}

/// When the review certified it.
fn certified(campaign: &Campaign<'_>, one: &Row) -> Option<(Timestamp, u64)> {
    let item = campaign.items.iter().flatten().find(|item| item.key() == one.key())?;
    let last = campaign.last(&item.item);
    let decision = last.iter().find(|one| one.what.decision == CertifyDecision::Certify)?;
    Some((decision.what.decided_at, decision.said.at.index))
}
