//! Person: which pseudonyms are one person, which are two, and for whom a bot stands.
//!
//! Law 8: every "other than" compares persons, not accounts. Two
//! pseudonyms are *different* only when each is linked to a person record of its own; otherwise it
//! cannot be told. Everything is read from entries, without a name, and judged by effective time: so
//! the answer is the same before and after an erasure, and for whoever has the log.

use std::collections::{BTreeMap, BTreeSet};

use crate::entry::Entry;
use crate::error::Result;
use crate::event::Event;
use crate::index::Kind;
use crate::ledger::Ledger;
use crate::schema::access::{IdentityLinked, LinkAction, PersonChanged};
use crate::schema::words::Reference;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// Most steps from a bot to who set it running.
const STEPS: usize = 64;

/// Whether two pseudonyms are one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// One person.
    Same,
    /// Two persons, each with a record of its own.
    Different,
    /// Nothing says so, or what says so contradicts itself.
    CannotTell,
}

/// An answer and the entries it stands on, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// The entries that were used.
    pub entries: Vec<u64>,
}

/// Who a pseudonym is: empty where nobody is named behind a bot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// All that are linked to who it stands for, with that one.
    pub names: BTreeSet<Pseudonym>,
    /// Their person records.
    pub records: BTreeSet<String>,
}

/// What the entries say about persons.
#[derive(Clone, Debug, Default)]
pub struct Persons {
    /// By when they count, and the entries that say them.
    links: BTreeMap<(Timestamp, u64), Link>,
    /// The links that name a pseudonym.
    named: BTreeMap<Pseudonym, BTreeSet<(Timestamp, u64)>>,
    /// Person records by pseudonym: when, which record, said by which entry.
    records: BTreeMap<Pseudonym, BTreeSet<(Timestamp, String, u64)>>,
    /// For whom a bot ran: when, whom, said by which entry.
    runs: BTreeMap<Pseudonym, BTreeSet<(Timestamp, u64, Option<Pseudonym>)>>,
}

#[derive(Clone, Debug)]
struct Link {
    linked: bool,
    persons: BTreeSet<Pseudonym>,
}

impl Persons {
    /// The types whose entries say who is whom; bots are said by all entries.
    pub const TYPES: [&'static str; 2] = ["identity.linked", "person.changed"];

    /// What a ledger says about links and person records, found through its index. Bots are not in
    /// it: see [`acting`].
    pub fn of(ledger: &Ledger) -> Result<Self> {
        let mut indexes = BTreeSet::new();
        for kind in Self::TYPES {
            indexes.extend(ledger.find(Kind::Type, kind, usize::MAX)?.iter().map(|p| p.index));
        }
        let mut persons = Self::default();
        for index in indexes {
            ledger.entry(index, |entry| persons.apply(entry))?;
        }
        Ok(persons)
    }

    /// Takes in one entry, in any order; an entry that says nothing about persons changes nothing.
    pub fn apply(&mut self, entry: &Entry<'_>) {
        let event = &entry.event;
        match event.kind {
            "identity.linked" => {
                let named = entry.persons.iter();
                let persons: BTreeSet<Pseudonym> = named
                    .filter(|(at, _)| at.starts_with("/data/identities/"))
                    .map(|(_, name)| *name)
                    .collect();
                let linked = match event.text_at("/data/action") {
                    Some("linked") => true,
                    Some("unlinked") => false,
                    _ => return,
                };
                self.link(from(event, "/data/valid_from"), entry.index, Link { linked, persons });
            }
            "person.changed" => {
                if let (Some(record), Some(name)) =
                    (event.text_at("/subject/person"), entry.person("/data/person"))
                {
                    let said = (from(event, "/data/effective_at"), record.to_owned(), entry.index);
                    self.records.entry(name).or_default().insert(said);
                }
            }
            _ => {}
        }
        if is_automaton(event)
            && let Some(bot) = entry.person("/actor/id")
        {
            self.ran(bot, event.occurred_at, entry.index, entry.person("/actor/on_behalf_of"));
        }
    }

    /// A bot ran, on somebody's behalf if that is said.
    pub(crate) fn ran(
        &mut self,
        bot: Pseudonym,
        at: Timestamp,
        entry: u64,
        whom: Option<Pseudonym>,
    ) {
        self.runs.entry(bot).or_default().insert((at, entry, whom));
    }

    /// A link, as its fact says it.
    pub(crate) fn linked_by(&mut self, entry: u64, from: Timestamp, link: &IdentityLinked) {
        let linked = link.action == LinkAction::Linked;
        let persons = link.identities.iter().filter_map(|person| person.pseudonym).collect();
        self.link(link.valid_from.unwrap_or(from), entry, Link { linked, persons });
    }

    fn link(&mut self, from: Timestamp, entry: u64, link: Link) {
        for name in &link.persons {
            self.named.entry(*name).or_default().insert((from, entry));
        }
        self.links.insert((from, entry), link);
    }

    /// A person record, as its fact says it.
    pub(crate) fn recorded_by(&mut self, entry: u64, change: &PersonChanged) {
        let record = change.subject.get(Reference::Person);
        if let (Some(record), Some(name)) = (record, change.person.pseudonym) {
            let said = (change.effective_at, record.as_str().to_owned(), entry);
            self.records.entry(name).or_default().insert(said);
        }
    }

    /// Whether two pseudonyms are one person at a time; law 8.
    pub fn relation(&self, a: Pseudonym, b: Pseudonym, at: Timestamp) -> Answer<Relation> {
        let mut entries = BTreeSet::new();
        let (a, b) = (self.stands_for(a, at), self.stands_for(b, at));
        entries.extend(a.entries.iter().chain(&b.entries));
        let (Some(a), Some(b)) = (a.value, b.value) else {
            return answer(Relation::CannotTell, entries);
        };
        let links = self.links_at(&[a, b], at);
        let (group_a, group_b) = (linked(&links, a, &mut entries), linked(&links, b, &mut entries));
        if group_a.contains(&b) {
            return answer(Relation::Same, entries);
        }
        let records_a = self.records_of(&group_a, at, &mut entries);
        let records_b = self.records_of(&group_b, at, &mut entries);
        let relation = if records_a.is_empty() || records_b.is_empty() {
            Relation::CannotTell
        } else if records_a.is_disjoint(&records_b) {
            Relation::Different
        } else {
            Relation::Same
        };
        answer(relation, entries)
    }

    /// Who a pseudonym is at a time: two are one person where they share a name or a record, and two
    /// persons where both have records and share neither.
    pub fn identity(&self, name: Pseudonym, at: Timestamp) -> Answer<Identity> {
        let mut entries = BTreeSet::new();
        let behind = self.stands_for(name, at);
        entries.extend(&behind.entries);
        let Some(name) = behind.value else { return answer(Identity::default(), entries) };
        let names = linked(&self.links_at(&[name], at), name, &mut entries);
        let records = self.records_of(&names, at, &mut entries);
        answer(Identity { names, records }, entries)
    }

    /// All pseudonyms that are linked to this one at a time, with itself.
    pub fn linked(&self, name: Pseudonym, at: Timestamp) -> Answer<BTreeSet<Pseudonym>> {
        let mut entries = BTreeSet::new();
        let group = linked(&self.links_at(&[name], at), name, &mut entries);
        answer(group, entries)
    }

    /// The person for whom a pseudonym stands at a time: itself, or who set the bot running, as the
    /// newest of its entries says. None when nobody is named, or bots run each other in a circle.
    pub fn stands_for(&self, name: Pseudonym, at: Timestamp) -> Answer<Option<Pseudonym>> {
        let (mut entries, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut current = name;
        for _ in 0..STEPS {
            let newest = self.runs.get(&current).and_then(|runs| {
                runs.range(..=(at, u64::MAX, Some(Pseudonym([u8::MAX; 16])))).next_back()
            });
            let Some((_, entry, behalf)) = newest else {
                return answer(Some(current), entries);
            };
            entries.insert(*entry);
            match behalf {
                Some(next) if seen.insert(current) => current = *next,
                _ => return answer(None, entries),
            }
        }
        answer(None, entries)
    }

    /// When a person record says that the person left, if the newest word at a time is that.
    pub fn records_of_one(&self, name: Pseudonym, at: Timestamp) -> Answer<BTreeSet<String>> {
        let mut entries = BTreeSet::new();
        let group = linked(&self.links_at(&[name], at), name, &mut entries);
        let records = self.records_of(&group, at, &mut entries);
        answer(records, entries)
    }

    fn records_of(
        &self,
        group: &BTreeSet<Pseudonym>,
        at: Timestamp,
        entries: &mut BTreeSet<u64>,
    ) -> BTreeSet<String> {
        let mut records = BTreeSet::new();
        for name in group {
            for (from, record, entry) in self.records.get(name).into_iter().flatten() {
                // one entry for each record is enough to cite
                if *from <= at && records.insert(record.clone()) {
                    entries.insert(*entry);
                }
            }
        }
        records
    }

    /// The pairs in force at a time among all that any link leads to from these, each with the entry
    /// that linked them. What no link leads to cannot change them.
    fn links_at(
        &self,
        names: &[Pseudonym],
        at: Timestamp,
    ) -> BTreeMap<Pseudonym, BTreeMap<Pseudonym, u64>> {
        let (mut seen, mut reached) = (BTreeSet::new(), BTreeSet::new());
        let mut next = names.to_vec();
        while let Some(name) = next.pop() {
            if !seen.insert(name) {
                continue;
            }
            for place in self.named.get(&name).into_iter().flatten().filter(|(from, _)| *from <= at)
            {
                if reached.insert(*place) {
                    next.extend(self.links.get(place).into_iter().flat_map(|link| &link.persons));
                }
            }
        }
        let mut pairs: BTreeMap<Pseudonym, BTreeMap<Pseudonym, u64>> = BTreeMap::new();
        for place in &reached {
            let Some(link) = self.links.get(place) else { continue };
            for a in &link.persons {
                if !link.linked && link.persons.len() == 1 {
                    // one name alone is taken out of all its links
                    for other in pairs.remove(a).unwrap_or_default().keys() {
                        pairs.entry(*other).or_default().remove(a);
                    }
                }
                for b in link.persons.iter().filter(|b| *b != a) {
                    let others = pairs.entry(*a).or_default();
                    if link.linked {
                        others.entry(*b).or_insert(place.1);
                    } else {
                        others.remove(b);
                    }
                }
            }
        }
        pairs
    }
}

/// Who acts in an entry: the actor, or for a bot or service the person on whose behalf it runs.
/// None when that is not said.
pub fn acting(entry: &Entry<'_>) -> Option<Pseudonym> {
    let at = if is_automaton(&entry.event) { "/actor/on_behalf_of" } else { "/actor/id" };
    entry.person(at)
}

fn is_automaton(event: &Event<'_>) -> bool {
    matches!(event.text_at("/actor/kind"), Some("bot" | "service" | "system"))
}

/// Everything that links lead to, with the entries of the links that were followed.
fn linked(
    pairs: &BTreeMap<Pseudonym, BTreeMap<Pseudonym, u64>>,
    name: Pseudonym,
    entries: &mut BTreeSet<u64>,
) -> BTreeSet<Pseudonym> {
    let mut group = BTreeSet::from([name]);
    let mut next = vec![name];
    while let Some(current) = next.pop() {
        for (other, entry) in pairs.get(&current).into_iter().flatten() {
            if group.insert(*other) {
                entries.insert(*entry);
                next.push(*other);
            }
        }
    }
    group
}

/// When it counts from: the time at the pointer, else when it occurred.
fn from(event: &Event<'_>, pointer: &str) -> Timestamp {
    event
        .text_at(pointer)
        .and_then(|text| Timestamp::parse(text.as_bytes()).ok())
        .unwrap_or(event.occurred_at)
}

fn answer<T>(value: T, entries: BTreeSet<u64>) -> Answer<T> {
    Answer { value, entries: entries.into_iter().collect() }
}
