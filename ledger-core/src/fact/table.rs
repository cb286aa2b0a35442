//! Table: the facts of one type, in the order of their entries, and found by what they speak of.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;

use crate::entry::Entry;
use crate::hash::Sha256;
use crate::key::KeyId;
use crate::schema::typed::{Filled, Id};
use crate::schema::words::Reference;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// The place and the times of an entry, and who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The entry's index.
    pub index: u64,
    /// When it happened, as its producer says.
    pub occurred: Timestamp,
    /// When it was recorded, by the writer's clock.
    pub recorded: Timestamp,
    /// Whether it was imported: a connector tells what a source says.
    pub relayed: bool,
    /// The first signer.
    pub key: Option<KeyId>,
    /// Who acted, as the entry resolves it.
    pub actor: Option<Pseudonym>,
    /// Whether the actor is a bot, a service or a system.
    pub automaton: bool,
    /// On whose behalf.
    pub behalf: Option<Pseudonym>,
}

impl At {
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        let event = &entry.event;
        Self {
            index: entry.index,
            occurred: event.occurred_at,
            recorded: entry.recorded_at,
            relayed: event.source.is_some(),
            key: event.signers.first().copied(),
            actor: entry.person("/actor/id"),
            automaton: matches!(event.text_at("/actor/kind"), Some("bot" | "service" | "system")),
            behalf: entry.person("/actor/on_behalf_of"),
        }
    }

    /// Microseconds between what it says of itself and when it was recorded; 0 if it was recorded
    /// before it says it happened.
    pub fn lag(&self) -> u64 {
        self.recorded.micros().saturating_sub(self.occurred.micros())
    }
}

/// What an entry says.
#[derive(Clone, Debug)]
pub struct Said<T> {
    /// Where and when.
    pub at: At,
    /// What.
    pub what: T,
}

impl<T> Deref for Said<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.what
    }
}

/// The facts of one type.
#[derive(Clone, Debug)]
pub struct Table<T> {
    rows: Vec<Said<T>>,
    by: BTreeMap<Reference, HashMap<Id, Vec<u32>>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), by: BTreeMap::new() }
    }
}

impl<T> Table<T> {
    /// All of them, ascending by index.
    pub fn all(&self) -> &[Said<T>] {
        &self.rows
    }

    /// Those that speak of this, ascending by index.
    pub fn of<'t>(
        &'t self,
        reference: Reference,
        id: &str,
    ) -> impl DoubleEndedIterator<Item = &'t Said<T>> + Clone + use<'t, T> {
        self.numbers(reference, id).iter().filter_map(|&row| self.row(row))
    }

    /// The numbers of the rows that speak of this, ascending.
    pub(super) fn numbers(&self, reference: Reference, id: &str) -> &[u32] {
        let found = self.by.get(&reference).and_then(|ids| ids.get(id));
        found.map(Vec::as_slice).unwrap_or_default()
    }

    /// The row of a number.
    pub(super) fn row(&self, number: u32) -> Option<&Said<T>> {
        self.rows.get(number as usize)
    }

    /// The number of a row of this table.
    pub(super) fn number(&self, row: &Said<T>) -> Option<u32> {
        let found = self.rows.binary_search_by_key(&row.at.index, |known| known.at.index).ok()?;
        u32::try_from(found).ok()
    }

    /// What of this kind is spoken of, in ascending order of the ids.
    pub fn ids(&self, reference: Reference) -> Vec<&Id> {
        let mut ids: Vec<&Id> =
            self.by.get(&reference).into_iter().flat_map(|ids| ids.keys()).collect();
        ids.sort_unstable();
        ids
    }

    /// Everything that is spoken of, each with the first place that speaks of it.
    pub fn references(&self) -> impl Iterator<Item = (Reference, &Id, &At)> {
        self.by.iter().flat_map(move |(reference, ids)| {
            ids.iter().filter_map(move |(id, rows)| {
                let first = self.rows.get(*rows.first()? as usize)?;
                Some((*reference, id, &first.at))
            })
        })
    }

    pub(super) fn push(&mut self, at: At, what: T, keys: Vec<(Reference, Id)>) {
        let Ok(row) = u32::try_from(self.rows.len()) else { return };
        self.rows.push(Said { at, what });
        for (reference, id) in keys {
            let rows = self.by.entry(reference).or_default().entry(id).or_default();
            // a reference may be named twice, in subject and data
            if rows.last() != Some(&row) {
                rows.push(row);
            }
        }
    }
}

/// A field of `data` that joins evidence as a reference does.
pub(super) trait Joins {
    fn each(&self, take: &mut dyn FnMut(Id));
}

impl Joins for Id {
    fn each(&self, take: &mut dyn FnMut(Id)) {
        take(self.clone());
    }
}

impl Joins for Sha256 {
    fn each(&self, take: &mut dyn FnMut(Id)) {
        take(Id::from(&*self.to_reference()));
    }
}

impl<T: Joins> Joins for Option<T> {
    fn each(&self, take: &mut dyn FnMut(Id)) {
        if let Some(one) = self {
            one.each(take);
        }
    }
}

impl<T: Joins> Joins for Vec<T> {
    fn each(&self, take: &mut dyn FnMut(Id)) {
        for one in self {
            one.each(take);
        }
    }
}

impl<T: Joins> Joins for Filled<T> {
    fn each(&self, take: &mut dyn FnMut(Id)) {
        for one in self.iter() {
            one.each(take);
        }
    }
}

pub(super) fn join(keys: &mut Vec<(Reference, Id)>, reference: Reference, field: &impl Joins) {
    field.each(&mut |id| keys.push((reference, id)));
}
