//! Legal holds, folded from the log: what must not be destroyed, whoever asks.

use std::collections::{BTreeMap, BTreeSet};

use super::Class;
use super::reach::Reaches;
use crate::entry::Entry;
use crate::error::Result;
use crate::index::Kind;
use crate::ledger::Ledger;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// One word on a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The hold's id.
    pub id: String,
    /// The entry.
    pub entry: u64,
    from: Timestamp,
    placed: bool,
    classes: Vec<String>,
    systems: Vec<String>,
    custodians: BTreeSet<Pseudonym>,
    /// Whether it names nobody and nothing, or somebody or something that cannot be read here.
    open: bool,
}

/// All words on all holds, each hold's newest by effective time deciding.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    words: BTreeMap<String, Vec<Hold>>,
    reaches: Reaches,
}

impl Holds {
    /// The holds of a ledger, found through its index, and whom those in force at a time reach.
    pub fn of(ledger: &Ledger, now: Timestamp) -> Result<Self> {
        let mut holds = Self::default();
        for posting in ledger.find(Kind::Type, "hold.changed", usize::MAX)? {
            ledger.entry(posting.index, |entry| holds.apply(entry))?;
        }
        let mut reaches = Reaches::default();
        for hold in holds.in_force(now).filter(|hold| !hold.open) {
            hold.systems.iter().try_for_each(|system| reaches.learn(ledger, system))?;
        }
        holds.reaches = reaches;
        Ok(holds)
    }

    /// Takes in one entry; only `hold.changed` changes anything.
    pub fn apply(&mut self, entry: &Entry<'_>) {
        let event = &entry.event;
        if event.kind != "hold.changed" {
            return;
        }
        let at = |name: &str| event.root.pointer(name).into_iter().flat_map(|list| list.items());
        let texts = |name: &str| -> Vec<String> {
            at(name).filter_map(|item| item.plain()).map(str::to_owned).collect()
        };
        let issued =
            event.text_at("/data/issued_at").and_then(|t| Timestamp::parse(t.as_bytes()).ok());
        let named = entry.persons.iter().filter(|(at, _)| at.starts_with("/data/custodians/"));
        let custodians: Vec<Pseudonym> = named.map(|(_, name)| *name).collect();
        // a list of over a hundred items travels beside the entry, and is not read here
        let elsewhere = |name: &str| {
            event.root.pointer(name).is_some_and(|list| list.get("attachment").is_some())
        };
        let systems = texts("/data/systems");
        let nothing = systems.is_empty() && at("/data/custodians").count() == 0;
        let hold = Hold {
            id: event.text_at("/subject/hold").unwrap_or_default().to_owned(),
            entry: entry.index,
            from: issued.unwrap_or(event.occurred_at),
            // what is not said to be released is held
            placed: event.text_at("/data/action") != Some("released"),
            classes: texts("/data/classes"),
            open: nothing
                || custodians.len() < at("/data/custodians").count()
                || elsewhere("/data/systems")
                || elsewhere("/data/custodians"),
            custodians: custodians.into_iter().collect(),
            systems,
        };
        let words = self.words.entry(hold.id.clone()).or_default();
        words.push(hold);
        words.sort_by_key(|hold| (hold.from, hold.entry));
    }

    /// The first hold in force that covers a class of these persons; with no persons, of anybody.
    ///
    /// A hold without classes covers all of them. It covers its custodians and those who have to do with
    /// its systems ([`super::Reach`]). One without both covers everybody, and so does one whose custodians are
    /// not all known: it cannot be told whom it spares.
    pub fn covering(
        &self,
        class: Class,
        persons: &BTreeSet<Pseudonym>,
        now: Timestamp,
    ) -> Option<&Hold> {
        self.in_force(now).find(|hold| {
            let class = hold.classes.is_empty() || hold.classes.iter().any(|c| c == class.word());
            let somebody = hold.open
                || persons.is_empty()
                || !hold.custodians.is_disjoint(persons)
                || hold.systems.iter().any(|system| self.reaches.cover(system, persons));
            class && somebody
        })
    }

    fn in_force(&self, now: Timestamp) -> impl Iterator<Item = &Hold> {
        let newest = move |words: &'_ Vec<Hold>| words.iter().rposition(|hold| hold.from <= now);
        self.words
            .values()
            .filter_map(move |words| newest(words).and_then(|at| words.get(at)))
            .filter(|hold| hold.placed)
    }
}
