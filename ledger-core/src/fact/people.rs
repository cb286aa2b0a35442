//! People: what was said about a person's employment, under all names that are linked to them.

use std::collections::{BTreeSet, HashMap};

use super::{Facts, Said};
use crate::schema::access::{PersonChanged, PersonEvent};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// All words on persons, by pseudonym.
#[derive(Debug)]
pub struct People<'f> {
    facts: &'f Facts,
    by: HashMap<Pseudonym, Vec<&'f Said<PersonChanged>>>,
}

impl<'f> People<'f> {
    /// What the facts say.
    pub fn of(facts: &'f Facts) -> Self {
        let mut by: HashMap<Pseudonym, Vec<&Said<PersonChanged>>> = HashMap::new();
        for row in facts.person_changed.all() {
            if let Some(who) = row.person.pseudonym {
                by.entry(who).or_default().push(row);
            }
        }
        Self { facts, by }
    }

    /// All names of a person at a time, with the one that is asked for.
    pub fn names(&self, who: Pseudonym, at: Timestamp) -> BTreeSet<Pseudonym> {
        self.facts.persons.linked(who, at).value
    }

    /// What was said about a person up to a time, by effective time.
    pub fn words(&self, who: Pseudonym, at: Timestamp) -> Vec<&'f Said<PersonChanged>> {
        let names = self.names(who, at);
        let said = names.iter().filter_map(|name| self.by.get(name)).flatten().copied();
        let mut said: Vec<_> = said.filter(|row| row.effective_at <= at).collect();
        said.sort_by_key(|row| (row.effective_at, row.at.index));
        said
    }

    /// The newest word on a person at a time; none if there is no record of them.
    pub fn newest(&self, who: Pseudonym, at: Timestamp) -> Option<&'f Said<PersonChanged>> {
        self.words(who, at).pop()
    }

    /// The entry by which a person had left at a time, if they had.
    pub fn left(&self, who: Pseudonym, at: Timestamp) -> Option<&'f Said<PersonChanged>> {
        self.newest(who, at).filter(|row| row.event == PersonEvent::Left)
    }

    /// The newest word that names a person's manager at a time.
    pub fn manager(&self, who: Pseudonym, at: Timestamp) -> Option<(Option<Pseudonym>, u64)> {
        let words = self.words(who, at);
        let row = words.into_iter().rev().find(|row| row.manager.is_some())?;
        Some((row.manager?.pseudonym, row.at.index))
    }
}
