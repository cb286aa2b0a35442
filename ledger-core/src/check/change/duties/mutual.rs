//! Mutual: two persons who approve each other's changes far more than others do (rule S23 of the matrix).
//!
//! Worth knowing, no failure: they may have stopped looking, or be the only two there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::approval::Decided;
use crate::check::{Context, Direction, Item, Kind, Parameter, Severity, Value, entries};
use crate::fact::author::Authored;
use crate::fact::deployment::Deployment;
use crate::vault::persons::Pseudonym;

pub(super) const SHARE: Parameter = Parameter::new(
    "mutual_share",
    || Value::Percent(50),
    Direction::Smaller,
    "share of one person's changes that another may approve, and the other way round, before the pair is pointed out",
);
pub(super) const CHANGES: Parameter = Parameter::new(
    "mutual_changes",
    || Value::Count(5),
    Direction::Smaller,
    "changes that each of two persons must have before a pair is looked at",
);
pub(super) const MUTUAL: Kind = Kind::fails(
    "mutual-approval",
    Severity::Info,
    "two persons approve each other's changes more often than not",
);

/// More entries than these are counted, not cited.
const CITED: usize = 16;

/// Who approved whose changes.
pub(super) struct Pairs<'c> {
    context: &'c Context<'c>,
    /// The name by which each person is counted.
    names: HashMap<Pseudonym, Pseudonym>,
    /// Changes of each author.
    wrote: BTreeMap<Pseudonym, u64>,
    /// Author and approver: entries of approvals.
    approved: BTreeMap<(Pseudonym, Pseudonym), Vec<u64>>,
}

impl<'c> Pairs<'c> {
    pub(super) fn of(context: &'c Context<'c>) -> Self {
        let (names, wrote, approved) = (HashMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { context, names, wrote, approved }
    }

    /// Takes in one deployment.
    pub(super) fn count(
        &mut self,
        deployment: &Deployment<'_>,
        authored: &Authored<'_>,
        approvals: &[&Decided],
    ) {
        let at = deployment.at;
        let authors: BTreeSet<Pseudonym> = authored
            .authors
            .iter()
            .filter_map(|party| party.who)
            .map(|who| self.name(who, at))
            .collect();
        for author in &authors {
            *self.wrote.entry(*author).or_default() += 1;
        }
        let mut seen = BTreeSet::new();
        for row in approvals {
            let Some(who) = row.approver.pseudonym.map(|who| self.name(who, at)) else { continue };
            if authors.contains(&who) || !seen.insert(who) {
                continue;
            }
            for author in &authors {
                self.approved.entry((*author, who)).or_default().push(row.at.index);
            }
        }
    }

    /// One name for all accounts of a person.
    fn name(&mut self, who: Pseudonym, at: crate::time::Timestamp) -> Pseudonym {
        let persons = &self.context.facts.persons;
        let first = || persons.linked(who, at).value.into_iter().min().unwrap_or(who);
        *self.names.entry(who).or_insert_with(first)
    }

    /// The pairs to be pointed out, each an item of its own.
    pub(super) fn items(&self) -> Vec<Item> {
        let share = self.context.parameters.count(&SHARE);
        let least = self.context.parameters.count(&CHANGES);
        let often = |author: Pseudonym, approver: Pseudonym| {
            let all = self.wrote.get(&author).copied().unwrap_or(0);
            let said = self.approved.get(&(author, approver))?;
            let count = said.len() as u64;
            (all >= least.max(1) && count * 100 > share * all).then_some((said, count, all))
        };
        let mut items = Vec::new();
        for (one, other) in self.approved.keys().filter(|(one, other)| one < other) {
            let Some((there, of_one)) = often(*one, *other).zip(often(*other, *one)) else {
                continue;
            };
            let mut item = Item::new(format!("{one}+{other}"), self.context.period.from);
            let cited: Vec<u64> = there
                .0
                .iter()
                .chain(of_one.0)
                .copied()
                .take(CITED)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect();
            let sentence = format!(
                "{other} approved {} of {} changes by {one}, and {one} {} of {} by {other}: more than {share} in a hundred each ({})",
                there.1,
                there.2,
                of_one.1,
                of_one.2,
                entries(&cited)
            );
            item.raise(&MUTUAL, sentence, cited);
            items.push(item);
        }
        items
    }
}
