//! One order of the log: whose records go, and what that means for each of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::entry::Entry;
use crate::error::Result;
use crate::index::Kind;
use crate::json::{Document, Names};
use crate::ledger::Ledger;
use crate::retention::Class;
use crate::vault::persons::Pseudonym;
use crate::vault::record::Person;
use crate::vault::texts::{Frame, Text};

use super::absorb::known;
use super::needle::Needles;

/// One order of the log: whose records of which classes go, stay unused, or stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) entry: u64,
    pub(super) person: Pseudonym,
    classes: Vec<(Class, String)>,
}

impl Order {
    /// The order in an entry, if it is one.
    pub(super) fn of(entry: &Entry<'_>) -> Option<Self> {
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

    fn says(&self, class: Class, word: &str) -> bool {
        self.classes.iter().any(|(found, decision)| *found == class && decision == word)
    }

    /// Whether the class goes.
    pub(super) fn erases(&self, class: Class) -> bool {
        self.says(class, "erase")
    }
}

/// The persons whose identity the log says was erased, each with the first entry that says so.
pub fn erased_by(ledger: &Ledger) -> Result<BTreeMap<Pseudonym, u64>> {
    let mut found = BTreeMap::new();
    let mut indexes: Vec<u64> =
        ledger.find(Kind::Type, "person.erased", usize::MAX)?.iter().map(|p| p.index).collect();
    indexes.sort_unstable();
    for index in indexes {
        let erased = ledger.entry(index, Order::of)?;
        if let Some(order) = erased.filter(|order| order.erases(Class::Identity)) {
            found.entry(order.person).or_insert(index);
        }
    }
    Ok(found)
}

/// Whether a text goes by an order: a name with its person, a text with all whom it is bound to, and
/// a text that names the person wherever it stands.
pub(super) fn goes(
    order: &Order,
    frame: &Frame<'_>,
    text: Option<&Text>,
    needles: Option<&Needles>,
) -> bool {
    let bound = frame.head.persons.contains(&order.person);
    let identity =
        frame.head.persons.len() == 1 && text.is_some_and(|t| known(&t.disclosure.value).is_some());
    if identity {
        return bound && order.erases(Class::Identity);
    }
    if !order.erases(Class::Text) {
        return false;
    }
    bound || text.zip(needles).is_some_and(|(text, needles)| needles.found_in(&plain(text)))
}

/// What is left of a person after an order; none when nothing is.
pub(super) fn after(order: &Order, mut person: Person) -> Option<Person> {
    if order.erases(Class::Identity) {
        person.known.clear();
        if !order.says(Class::Text, "restrict") && !order.says(Class::Text, "refuse") {
            // the data key goes with the record
            return None;
        }
    }
    if order.classes.iter().any(|(_, word)| word == "restrict") {
        person.restricted_by = Some(order.entry);
    }
    Some(person)
}

/// The text as a person reads it.
pub(super) fn plain(text: &Text) -> String {
    let mut document = Document::default();
    let view = document.parse(&text.disclosure.value, Names::Plain).ok();
    let plain = view.and_then(|view| view.text()).map(Cow::into_owned);
    plain.unwrap_or_else(|| String::from_utf8_lossy(&text.disclosure.value).into_owned())
}
