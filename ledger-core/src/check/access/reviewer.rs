//! Reviewer: whether who decides in a review is independent, has authority, and takes the time.

use std::collections::{BTreeMap, BTreeSet};

use super::campaign::{Campaign, Decision};
use super::independence::Independence;
use crate::check::{Context, Direction, Item, Kind, Other, Parameter, Severity, Value, span};
use crate::fact::people::People;
use crate::fact::snapshot::{ReviewItem, Row};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

pub(crate) const BULK_COUNT: Parameter = Parameter::new(
    "bulk_count",
    || Value::Count(20),
    Direction::Smaller,
    "decisions of one reviewer within `bulk_within` that are pointed out as bulk",
);
pub(crate) const BULK_WITHIN: Parameter = Parameter::new(
    "bulk_within",
    || Value::minutes(1),
    Direction::Either,
    "the time for `bulk_count`",
);

pub(crate) const SELF: Kind = Kind::fails(
    "self-review",
    Severity::High,
    "somebody decided about their own access, or about a system that they administer",
);
pub(crate) const UNFIT: Kind = Kind::fails(
    "reviewer-without-authority",
    Severity::High,
    "the reviewer was neither manager nor owner, nor stood in for one",
);
pub(crate) const BULK: Kind =
    Kind::fails("bulk-decisions", Severity::Info, "very many decisions in very little time");
pub(crate) const NOBODY: Kind = Kind::undecided(
    "reviewer-unresolved",
    Severity::Medium,
    "it cannot be told whether the reviewer is another person, or has authority",
);

/// What the answers for many items share.
struct Bench<'b, 'c> {
    campaign: &'b Campaign<'c>,
    law: Independence<'b, 'c>,
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
pub(crate) fn judge(
    context: &Context<'_>,
    people: &People<'_>,
    campaign: &Campaign<'_>,
    items: &[ReviewItem],
    rows: &[&Row],
    item: &mut Item,
) {
    let law = Independence::of(context, people, &campaign.opened.systems, campaign.at(), rows);
    let mut bench = Bench { campaign, law };
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

impl Bench<'_, '_> {
    /// Whether nobody decided about themself, and not administrators alone.
    fn independent(&mut self, one: &ReviewItem, last: &[Decision<'_>]) -> Other {
        let mut worst = Other::Yes;
        let mut apart = Other::No;
        for decision in last {
            let reviewer = decision.said.reviewer.pseudonym;
            match self.law.is_no_subject(one, reviewer) {
                Other::No => return Other::No,
                Other::Unknown => worst = Other::Unknown,
                Other::Yes => {}
            }
            let is_apart = self.law.is_no_administrator(&one.system, reviewer);
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
        let mut answer = match self.law.lacks_authority(one, reviewer, at) {
            Other::No => return Other::Yes,
            Other::Unknown => Other::Unknown,
            Other::Yes => Other::No,
        };
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
            if self.law.other(reviewer, to) == Other::No {
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
