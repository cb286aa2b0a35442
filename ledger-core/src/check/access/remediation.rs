//! T19 review-remediated: what a review took away is gone, as a later snapshot shows, and stays gone.
//!
//! That somebody says it was done proves nothing: the list of a later whole snapshot does. Where the
//! decision is about an account, none of its rows may be there.

use std::collections::HashMap;

use super::campaign::{Campaign, Decision};
use super::changes::Changes;
use super::expiry::takes;
use super::observed::{Observed, Seen};
use crate::check::scope::{UNDECLARED, plus, since};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, span,
};
use crate::fact::Said;
use crate::fact::snapshot::ReviewItem;
use crate::schema::access::{AccessAction, AccessChanged};
use crate::schema::approve::ApprovalDecision;
use crate::schema::review::CertifyDecision;
use crate::schema::words::Reference;
use crate::time::Timestamp;

const WITHIN: Parameter = Parameter::new(
    "revoke_within",
    || Value::BusinessDays(5),
    Direction::Smaller,
    "time from the decision to the removal",
);
const WITHIN_PRIVILEGED: Parameter = Parameter::new(
    "revoke_within_privileged",
    || Value::BusinessDays(1),
    Direction::Smaller,
    "the same for privileged access",
);
const LOOKBACK: Parameter = Parameter::new(
    "lookback_privileged",
    || Value::Flag(true),
    Direction::Larger,
    "use between decision and removal of privileged access is looked at",
);
pub(crate) const REGRANT: Parameter = Parameter::new(
    "regrant_window",
    || Value::days(30),
    Direction::Larger,
    "time in which revoked access that comes back needs a new approval",
);

const STILL: Kind = Kind::fails(
    "still-present",
    Severity::Critical,
    "said to be removed, and a later snapshot still lists it",
);
const KEPT: Kind =
    Kind::fails("not-removed", Severity::High, "what was to be taken away was not taken away");
const BACK: Kind = Kind::fails(
    "re-granted",
    Severity::High,
    "what was taken away came back without a new approval",
);
const BLIND: Kind = Kind::fails(
    "look-back-missing",
    Severity::Medium,
    "nobody looked at the use of privileged access before its removal",
);
const LATE: Kind = Kind::fails("removed-late", Severity::Medium, "taken away too late");
const UNPROVEN: Kind = Kind::undecided(
    "removal-unproven",
    Severity::Medium,
    "no later whole snapshot shows that it is gone",
);
const UNKNOWN: Kind = Kind::undecided(
    "item-unknown",
    Severity::High,
    "the list of the review does not tell what the item is about",
);
/// The time for it is not over.
pub(crate) const RUNS: Kind =
    Kind::undecided("removal-running", Severity::Low, "the time for taking it away is not over");

/// What says that a later snapshot does not show it as gone.
pub(crate) const PRESENT: &[Kind] = &[STILL, KEPT, UNPROVEN];
/// What says that nothing can be told of it.
pub(crate) const UNTOLD: &[Kind] = &[UNKNOWN, UNDECLARED];

/// T19.
pub const TEST: Test = Test {
    id: "T19",
    name: "review-remediated",
    version: "1",
    population: "decisions of reviews to take access away or to change it",
    rule: "What was to be taken away was taken away in time, a later whole snapshot no longer lists it, \
           use of privileged access in between was looked at, and it did not come back without a new approval.",
    parameters: &[WITHIN, WITHIN_PRIVILEGED, LOOKBACK, REGRANT],
    kinds: &[STILL, KEPT, BACK, BLIND, LATE, UNPROVEN, UNKNOWN, RUNS, UNDECLARED],
    run,
};

type Changed = Said<AccessChanged>;

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let (observed, changes) = (Observed::of(context), Changes::of(context));
    for opened in Campaign::all(context) {
        let campaign = Campaign::of(context, opened);
        let mut ids: Vec<&str> = campaign.decisions.keys().copied().collect();
        ids.sort_unstable();
        let listed: HashMap<&str, &ReviewItem> =
            campaign.items.iter().flatten().map(|item| (&*item.item, item)).collect();
        for id in ids {
            let last = campaign.last(id);
            let taken = last.iter().find(|one| one.what.decision != CertifyDecision::Certify);
            let Some(decision) = taken.filter(|one| context.period.has(one.what.decided_at)) else {
                continue;
            };
            let mut item = Item::new(format!("{}/{id}", opened.campaign), decision.what.decided_at);
            item.cite([opened.at.index, decision.said.at.index]);
            item.read("decision", decision.what.decision.as_str());
            let words = words(&campaign, decision);
            let system = listed.get(id).map(|target| &*target.system);
            let system = system.or(opened.systems.first().map(crate::schema::typed::Id::as_str));
            if !context.counts(&mut item, system.unwrap_or_default(), &words, &mut census) {
                continue;
            }
            match listed.get(id) {
                None => {
                    let why = campaign
                        .items
                        .as_ref()
                        .err()
                        .map_or("its list has no such item", String::as_str);
                    let cited = [opened.at.index, decision.said.at.index];
                    item.raise(&UNKNOWN, format!("{words}; {why}"), cited);
                }
                Some(target) => {
                    let case = Case { context, observed: &observed, decision, target, words };
                    case.judge(&changes, &opened.campaign, &mut item);
                }
            }
            census.items.push(item);
        }
    }
    census
}

fn words(campaign: &Campaign<'_>, decision: &Decision<'_>) -> String {
    let what = decision.what;
    format!(
        "review {} decided at {} to {} item {}",
        campaign.opened.campaign,
        what.decided_at,
        what.decision.as_str(),
        what.item
    )
}

/// One decision, and what it is about.
struct Case<'b, 'c> {
    context: &'b Context<'c>,
    observed: &'b Observed<'c>,
    decision: &'b Decision<'c>,
    target: &'b ReviewItem,
    words: String,
}

impl Case<'_, '_> {
    fn judge(&self, changes: &Changes<'_>, campaign: &crate::schema::typed::Id, item: &mut Item) {
        let (decided, context) = (self.decision.what.decided_at, self.context);
        let privileged = self.target.privileged == Some(true);
        item.read("privileged", privileged);
        let limit = if privileged { &WITHIN_PRIVILEGED } else { &WITHIN };
        let last = context.calendar.after(decided, context.parameters.count(limit));
        let about = changes.about(self.target);
        let done = about.iter().find(|row| {
            row.effective_at >= decided && (takes(row) || row.action == AccessAction::Modified)
        });
        let later: Vec<&Seen<'_>> = self
            .observed
            .after(&self.target.system, decided)
            .map(|(seen, _)| seen)
            .filter(|seen| seen.said.taken_at <= context.now)
            .collect();
        item.cite(later.iter().map(|seen| seen.said.at.index));
        item.cite(done.map(|row| row.at.index));
        let absent = later.iter().find(|seen| !self.lists(seen));
        let done_at = done.map(|row| (row.effective_at, row.at.index));
        let gone = done_at.or(absent.map(|seen| (seen.said.taken_at, seen.said.at.index)));
        let Some((gone_at, by)) = gone else {
            self.kept(last, later.last().copied(), item);
            return;
        };
        let first = later.iter().find(|seen| seen.said.taken_at >= gone_at);
        let entry = self.decision.said.at.index;
        match first {
            None => {
                let sentence = format!(
                    "{}; it was carried out at {gone_at} (entry {by}), and no later snapshot shows it",
                    self.words
                );
                item.raise(&UNPROVEN, sentence, [entry, by]);
            }
            Some(seen) if self.lists(seen) => {
                let sentence = format!(
                    "{}; it was carried out at {gone_at} (entry {by}), and {} still lists it",
                    self.words,
                    seen.words()
                );
                item.raise(&STILL, sentence, [entry, by, seen.said.at.index]);
                return;
            }
            Some(_) => {}
        }
        if gone_at > last {
            let late = span(since(last, gone_at));
            let sentence = format!(
                "{}; it was carried out at {gone_at} (entry {by}), {late} after {last}",
                self.words
            );
            item.raise(&LATE, sentence, [entry, by]);
        }
        if privileged && context.parameters.flag(&LOOKBACK) {
            self.looked_back(changes, campaign.as_str(), gone_at, item);
        }
        self.came_back(&about, &later, gone_at, item);
    }

    /// Whether a snapshot lists what was to go.
    fn lists(&self, seen: &Seen<'_>) -> bool {
        seen.lists(self.target)
    }

    /// Nothing says that it is gone.
    fn kept(&self, last: Timestamp, newest: Option<&Seen<'_>>, item: &mut Item) {
        let cited =
            [self.decision.said.at.index].into_iter().chain(newest.map(|s| s.said.at.index));
        if self.context.now < last {
            item.raise(&RUNS, format!("{}; it has to be gone at {last}", self.words), cited);
            return;
        }
        let seen = newest.map(|seen| format!(", and {} lists it", seen.words()));
        let sentence = format!(
            "{}; nothing until {last} says that it was carried out{}",
            self.words,
            seen.unwrap_or_default()
        );
        item.raise(&KEPT, sentence, cited);
    }

    /// Whether somebody looked at the use before the removal.
    fn looked_back(&self, changes: &Changes<'_>, campaign: &str, gone: Timestamp, item: &mut Item) {
        let id = self.target.item.as_ref();
        let whole = format!("{campaign}/{id}");
        let inputs = [id, campaign, whole.as_str()];
        let mut looks = inputs.iter().filter_map(|input| changes.lookbacks.get(*input)).flatten();
        let looked = looks.find(|row| row.at.occurred >= self.decision.what.decided_at);
        if let Some(row) = looked {
            item.cite([row.at.index]);
        } else {
            let sentence = format!(
                "{}; it is privileged, and nobody looked at its use until {gone}",
                self.words
            );
            item.raise(&BLIND, sentence, [self.decision.said.at.index]);
        }
    }

    /// Whether it came back, and nobody had approved that anew.
    fn came_back(&self, about: &[&Changed], later: &[&Seen<'_>], gone: Timestamp, item: &mut Item) {
        let until = plus(gone, self.context.parameters.span(&REGRANT));
        let within = |at: Timestamp| gone < at && at <= until;
        let given = about
            .iter()
            .find(|row| row.action == AccessAction::Granted && within(row.effective_at));
        let entry = self.decision.said.at.index;
        if let Some(row) = given {
            let access = row.access.as_ref().map_or("", |access| access.as_str());
            let approvals = self.context.facts.approval_decided.of(Reference::Access, access);
            let mut approvals = approvals.filter(|approval| {
                approval.decision == ApprovalDecision::Granted
                    && approval.at.occurred > self.decision.what.decided_at
                    && approval.at.occurred <= row.effective_at
            });
            if let Some(approval) = approvals.next() {
                item.cite([row.at.index, approval.at.index]);
            } else {
                let sentence = format!(
                    "{}; it was given again at {} (entry {}), and nobody had approved that after the decision",
                    self.words, row.effective_at, row.at.index
                );
                item.raise(&BACK, sentence, [entry, row.at.index]);
            }
            return;
        }
        let listed = later.iter().find(|seen| within(seen.said.taken_at) && self.lists(seen));
        if let Some(seen) = listed {
            let sentence = format!(
                "{}; it was gone at {gone}, and {} lists it again",
                self.words,
                seen.words()
            );
            item.raise(&BACK, sentence, [entry, seen.said.at.index]);
        }
    }
}
