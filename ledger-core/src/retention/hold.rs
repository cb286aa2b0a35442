//! Legal holds, folded from the log: what must not be destroyed, whoever asks.

use std::collections::{BTreeMap, BTreeSet};

use super::Class;
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
    custodians: BTreeSet<Pseudonym>,
    /// Whether custodians are named, known or not.
    named: usize,
}

/// All words on all holds, each hold's newest by effective time deciding.
#[derive(Clone, Debug, Default)]
pub struct Holds(BTreeMap<String, Vec<Hold>>);

impl Holds {
    /// The holds of a ledger, found through its index.
    pub fn of(ledger: &Ledger) -> Result<Self> {
        let mut holds = Self::default();
        for posting in ledger.find(Kind::Type, "hold.changed", usize::MAX)? {
            ledger.entry(posting.index, |entry| holds.apply(entry))?;
        }
        Ok(holds)
    }

    /// Takes in one entry; only `hold.changed` changes anything.
    pub fn apply(&mut self, entry: &Entry<'_>) {
        let event = &entry.event;
        if event.kind != "hold.changed" {
            return;
        }
        let at = |name: &str| event.root.pointer(name).into_iter().flat_map(|list| list.items());
        let issued =
            event.text_at("/data/issued_at").and_then(|t| Timestamp::parse(t.as_bytes()).ok());
        let custodians = entry.persons.iter().filter(|(at, _)| at.starts_with("/data/custodians/"));
        let hold = Hold {
            id: event.text_at("/subject/hold").unwrap_or_default().to_owned(),
            entry: entry.index,
            from: issued.unwrap_or(event.occurred_at),
            // what is not said to be released is held
            placed: event.text_at("/data/action") != Some("released"),
            classes: at("/data/classes").filter_map(|v| v.plain()).map(str::to_owned).collect(),
            custodians: custodians.map(|(_, name)| *name).collect(),
            named: at("/data/custodians").count(),
        };
        let words = self.0.entry(hold.id.clone()).or_default();
        words.push(hold);
        words.sort_by_key(|hold| (hold.from, hold.entry));
    }

    /// The first hold in force that covers a class of these persons; with no persons, of anybody.
    ///
    /// A hold without classes covers all of them. One without custodians covers everybody, and so does
    /// one whose custodians are not all known: it cannot be told whom it spares.
    pub fn covering(
        &self,
        class: Class,
        persons: &BTreeSet<Pseudonym>,
        now: Timestamp,
    ) -> Option<&Hold> {
        self.0
            .values()
            .filter_map(|words| words.iter().rev().find(|hold| hold.from <= now))
            .filter(|hold| hold.placed)
            .find(|hold| {
                let class =
                    hold.classes.is_empty() || hold.classes.iter().any(|c| c == class.word());
                let somebody = hold.named == 0
                    || hold.custodians.len() < hold.named
                    || persons.is_empty()
                    || !hold.custodians.is_disjoint(persons);
                class && somebody
            })
    }
}
