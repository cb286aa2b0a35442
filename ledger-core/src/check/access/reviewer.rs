//! Reviewer: whether who decides in a review is independent, has authority, and takes the time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::campaign::{Campaign, Decision};
use crate::check::{Context, Direction, Item, Kind, Other, Parameter, Severity, Value, span};
use crate::fact::people::People;
use crate::fact::snapshot::{ReviewItem, Row};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

pub(super) const BULK_COUNT: Parameter = Parameter::new(
    "bulk_count",
    || Value::Count(20),
    Direction::Smaller,
    "decisions of one reviewer within `bulk_within` that are pointed out as bulk",
);
pub(super) const BULK_WITHIN: Parameter = Parameter::new(
    "bulk_within",
    || Value::minutes(1),
    Direction::Either,
    "the time for `bulk_count`",
);

pub(super) const SELF: Kind = Kind::fails(
    "self-review",
    Severity::High,
    "somebody decided about their own access, or about a system that they administer",
);
pub(super) const UNFIT: Kind = Kind::fails(
    "reviewer-without-authority",
    Severity::High,
    "the reviewer was neither manager nor owner, nor stood in for one",
);
pub(super) const BULK: Kind =
    Kind::fails("bulk-decisions", Severity::Info, "very many decisions in very little time");
pub(super) const NOBODY: Kind = Kind::undecided(
    "reviewer-unresolved",
    Severity::Medium,
    "it cannot be told whether the reviewer is another person, or has authority",
);

/// What the answers for many items share.
struct Bench<'b, 'c> {
    context: &'b Context<'c>,
    people: &'b People<'c>,
    campaign: &'b Campaign<'c>,
    administrators: BTreeMap<&'b str, BTreeSet<Pseudonym>>,
    known: HashMap<(Option<Pseudonym>, Option<Pseudonym>), Other>,
}

/// Items of one kind of finding: how many, the first, and the entries.
#[derive(Default)]
struct Found {
    count: usize,
    first: String,
    entries: BTreeSet<u64>,
}

impl Found {
    fn add(&mut self, what: &str, entries: &[u64]) {
        if self.count == 0 {
            what.clone_into(&mut self.first);
        }
        self.count += 1;
        // the first few stand for all; the items name the rest
        if self.entries.len() < 16 {
            self.entries.extend(entries);
        }
    }

    fn tell(self, kind: &Kind, words: &str, what: &str, item: &mut Item) {
        if self.count > 0 {
            let sentence =
                format!("{words}; {} items {what}, the first is {}", self.count, self.first);
            item.raise(kind, sentence, self.entries);
        }
    }
}

/// Judges all decisions of a review.
pub(super) fn judge(
    context: &Context<'_>,
    people: &People<'_>,
    campaign: &Campaign<'_>,
    items: &[ReviewItem],
    rows: &[&Row],
    item: &mut Item,
) {
    let administrators = administrators(context, campaign, rows);
    let mut bench = Bench { context, people, campaign, administrators, known: HashMap::new() };
    let (mut own, mut unfit, mut unsure) = (Found::default(), Found::default(), Found::default());
    let mut pace: BTreeMap<Option<Pseudonym>, Vec<(Timestamp, u64)>> = BTreeMap::new();
    for one in items {
        let last = campaign.last(&one.item);
        if last.is_empty() {
            continue;
        }
        for decision in &last {
            let reviewer = decision.said.reviewer.pseudonym;
            let at = (decision.what.decided_at, decision.said.at.index);
            pace.entry(reviewer).or_default().push(at);
        }
        let entries: Vec<u64> = last.iter().map(|decision| decision.said.at.index).collect();
        match bench.independent(one, &last) {
            Other::Yes => {}
            Other::No => own.add(&one.item, &entries),
            Other::Unknown => unsure.add(&one.item, &entries),
        }
        match bench.authority(one, &last) {
            Other::No => unfit.add(&one.item, &entries),
            Other::Unknown => unsure.add(&one.item, &entries),
            Other::Yes => {}
        }
    }
    let words = campaign.words();
    own.tell(
        &SELF,
        &words,
        "were decided by their subject, or by an administrator of the system alone",
        item,
    );
    unfit.tell(&UNFIT, &words, "were decided by somebody who was neither manager nor owner", item);
    unsure.tell(&NOBODY, &words, "have a reviewer or subject who cannot be told apart", item);
    bulk(context, &words, pace, item);
}

/// Who administers access in each system, by the duties of what they hold.
fn administrators<'r>(
    context: &Context<'_>,
    campaign: &Campaign<'_>,
    rows: &[&'r Row],
) -> BTreeMap<&'r str, BTreeSet<Pseudonym>> {
    let mut all: BTreeMap<&str, BTreeSet<Pseudonym>> = BTreeMap::new();
    let mut duties: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for system in campaign.opened.systems.iter() {
        let known = context.facts.system(system.as_str(), campaign.at());
        let mapped = known.and_then(|known| known.duties.as_ref()).into_iter().flatten();
        let administer = mapped.filter(|one| one.duties.iter().any(|duty| duty.as_str() == "AA"));
        duties.insert(system.as_str(), administer.map(|one| one.entitlement.as_str()).collect());
    }
    for row in rows.iter().filter(|row| row.is_enabled()) {
        let administers = row
            .entitlement
            .as_deref()
            .is_some_and(|what| duties.get(&*row.system).is_some_and(|known| known.contains(what)));
        if let (true, Some(who)) = (administers, row.person) {
            all.entry(&row.system).or_default().insert(who);
        }
    }
    all
}

impl Bench<'_, '_> {
    fn other(&mut self, a: Option<Pseudonym>, b: Option<Pseudonym>) -> Other {
        let (context, at) = (self.context, self.campaign.at());
        // links are few and old: within one review an answer is asked for again and again
        *self.known.entry((a, b)).or_insert_with(|| context.other(a, b, at).0)
    }

    /// Whether nobody decided about themself, and not administrators alone.
    fn independent(&mut self, one: &ReviewItem, last: &[Decision<'_>]) -> Other {
        let mut worst = Other::Yes;
        let mut apart = Other::No;
        let administrators: Vec<Pseudonym> =
            self.administrators.get(&*one.system).into_iter().flatten().copied().collect();
        for decision in last {
            let reviewer = decision.said.reviewer.pseudonym;
            if one.person.is_some() || reviewer.is_none() {
                match self.other(reviewer, one.person) {
                    Other::No => return Other::No,
                    Other::Unknown => worst = Other::Unknown,
                    Other::Yes => {}
                }
            }
            let answers: Vec<Other> =
                administrators.iter().map(|who| self.other(reviewer, Some(*who))).collect();
            let is_apart = if answers.contains(&Other::No) {
                Other::No
            } else if answers.contains(&Other::Unknown) {
                Other::Unknown
            } else {
                Other::Yes
            };
            if apart != Other::Yes && is_apart != Other::No {
                apart = is_apart;
            }
        }
        match apart {
            Other::No => Other::No,
            Other::Unknown => Other::Unknown,
            Other::Yes => worst,
        }
    }

    /// Whether each reviewer was manager or owner, or stood in for one.
    fn authority(&mut self, one: &ReviewItem, last: &[Decision<'_>]) -> Other {
        let mut worst = Other::Yes;
        for decision in last {
            let reviewer = decision.said.reviewer.pseudonym;
            let fit = self.is_fit(one, reviewer, decision.what.decided_at, true);
            match fit {
                Other::Yes => {}
                Other::No => return Other::No,
                Other::Unknown => worst = Other::Unknown,
            }
        }
        worst
    }

    fn is_fit(
        &mut self,
        one: &ReviewItem,
        reviewer: Option<Pseudonym>,
        at: Timestamp,
        may_stand_in: bool,
    ) -> Other {
        let manager = one.person.and_then(|who| self.people.manager(who, at));
        let system = self.context.facts.system(&one.system, at);
        let mut fit: Vec<Option<Pseudonym>> = Vec::new();
        fit.extend(manager.map(|(who, _)| who));
        if let Some(system) = system {
            fit.push(system.owner.pseudonym);
            fit.extend(system.entitlement_owners.iter().map(|owner| owner.pseudonym));
        }
        let mut answer = Other::No;
        for who in fit {
            match self.other(reviewer, who) {
                Other::No => return Other::Yes,
                Other::Unknown => answer = Other::Unknown,
                Other::Yes => {}
            }
        }
        if !may_stand_in {
            return answer;
        }
        // a stand-in counts for who was asked first, and cannot pass it on
        let handed = self.campaign.handed.get(&*one.item).into_iter().flatten();
        let stands =
            handed.filter(|row| row.at.occurred <= at && row.until.is_none_or(|until| at < until));
        let stands: Vec<_> = stands
            .map(|row| (row.reviewer.pseudonym, row.from.and_then(|from| from.pseudonym)))
            .collect();
        for (to, from) in stands {
            if self.other(reviewer, to) == Other::No {
                match self.is_fit(one, from, at, false) {
                    Other::Yes => return Other::Yes,
                    Other::Unknown => answer = Other::Unknown,
                    Other::No => {}
                }
            }
        }
        answer
    }
}

/// Whether somebody decided faster than anybody reads.
fn bulk(
    context: &Context<'_>,
    words: &str,
    pace: BTreeMap<Option<Pseudonym>, Vec<(Timestamp, u64)>>,
    item: &mut Item,
) {
    let most = usize::try_from(context.parameters.count(&BULK_COUNT)).unwrap_or(usize::MAX).max(1);
    let within = context.parameters.span(&BULK_WITHIN);
    for mut times in pace.into_values() {
        times.sort_unstable();
        let fast = times.windows(most).find(|pair| match pair {
            [first, .., last] => last.0.micros() - first.0.micros() <= within,
            _ => false,
        });
        if let Some([first, ..]) = fast {
            let sentence = format!(
                "{words}; one reviewer decided {most} items within {} from {}",
                span(within.max(1_000_000)),
                first.0
            );
            item.raise(&BULK, sentence, fast.into_iter().flatten().map(|(_, entry)| *entry));
        }
    }
}
