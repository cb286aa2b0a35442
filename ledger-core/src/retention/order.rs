//! Orders: whom the log says to forget, class by class.

use std::collections::BTreeMap;

use super::Class;
use crate::entry::Entry;
use crate::error::Result;
use crate::index::Kind;
use crate::ledger::Ledger;
use crate::vault::persons::Pseudonym;

/// One order of the log: whose records of which classes go, stay unused, or stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The entry that orders it.
    pub entry: u64,
    /// The person.
    pub person: Pseudonym,
    classes: Vec<(Class, String)>,
}

impl Order {
    /// The order in an entry, if it is one.
    pub fn of(entry: &Entry<'_>) -> Option<Self> {
        let event = &entry.event;
        if event.kind != "person.erased" {
            return None;
        }
        let person = event.text_at("/data/pseudonym")?.parse().ok()?;
        let items = event.root.pointer("/data/classes").into_iter().flat_map(|list| list.items());
        let classes = items.filter_map(|item| {
            let class = Class::parse(item.get("class")?.plain()?).ok()?;
            Some((class, item.get("decision")?.plain()?.to_owned()))
        });
        Some(Self { entry: entry.index, person, classes: classes.collect() })
    }

    /// Whether this was decided about the class: `erase`, `restrict` or `refuse`.
    pub fn says(&self, class: Class, word: &str) -> bool {
        self.classes.iter().any(|(found, decision)| *found == class && decision == word)
    }

    /// Whether anything stays, unused.
    pub fn restricts(&self) -> bool {
        self.classes.iter().any(|(_, word)| word == "restrict")
    }

    /// Whether the class goes.
    pub fn erases(&self, class: Class) -> bool {
        self.says(class, "erase")
    }

    /// The person whose identity an entry orders to forget, if it does.
    pub fn erased(entry: &Entry<'_>) -> Option<Pseudonym> {
        let goes = |order: &Self| {
            order.classes.iter().any(|(class, decision)| forgets(class.word(), decision))
        };
        Self::of(entry).filter(goes).map(|order| order.person)
    }
}

/// Whether a decision about a class of a person's records leaves nothing but the pseudonym.
pub fn forgets(class: &str, decision: &str) -> bool {
    class == Class::Identity.word() && decision == "erase"
}

/// The persons whose identity the log says was erased, each with the first entry that says so.
pub fn erased_by(ledger: &Ledger) -> Result<BTreeMap<Pseudonym, u64>> {
    let mut found = BTreeMap::new();
    let mut indexes: Vec<u64> =
        ledger.find(Kind::Type, "person.erased", usize::MAX)?.iter().map(|p| p.index).collect();
    indexes.sort_unstable();
    for index in indexes {
        if let Some(person) = ledger.entry(index, Order::erased)? {
            found.entry(person).or_insert(index);
        }
    }
    Ok(found)
}
