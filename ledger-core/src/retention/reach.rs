//! Reach: whom a hold on a system covers, as the log says.

use std::collections::{BTreeMap, BTreeSet};

use crate::entry::Entry;
use crate::error::Result;
use crate::index::Kind;
use crate::json::View;
use crate::ledger::Ledger;
use crate::schema;
use crate::vault::persons::Pseudonym;

/// References that say where something happened or who speaks, not what: they join nothing.
const PLACES: [&str; 7] =
    ["class", "environment", "person", "region", "service", "source", "system"];
/// Types that name their systems in `data.systems`.
const LISTED: [&str; 2] = ["campaign.opened", "change.recorded"];

/// The persons who have to do with a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It cannot be told whom it spares.
    Everybody,
    /// These.
    Persons(BTreeSet<Pseudonym>),
}

impl Reach {
    /// Whom a system's entries name: those whose subject is the system or one of the services that
    /// `system.registered` gives it, those that list it, and those about the same change, release,
    /// deployment and the like as one of them.
    ///
    /// Everybody, when no entry knows the system, or when one of its own entries names somebody whom
    /// nobody resolved.
    pub fn of(ledger: &Ledger, system: &str) -> Result<Self> {
        let mut found = Found::default();
        let mut services = BTreeSet::from([system.to_owned()]);
        for index in found.subject(ledger, "system", system)? {
            services.extend(ledger.entry(index, services_of)?);
        }
        for service in &services {
            found.subject(ledger, "service", service)?;
        }
        for kind in LISTED {
            for posting in ledger.find(Kind::Type, kind, usize::MAX)? {
                if ledger.entry(posting.index, |entry| lists(entry, system))? {
                    found.entries.insert(posting.index);
                }
            }
        }
        if found.entries.is_empty() {
            return Ok(Self::Everybody);
        }
        for index in std::mem::take(&mut found.entries) {
            ledger.entry(index, |entry| found.take(entry))?;
        }
        if found.unresolved {
            return Ok(Self::Everybody);
        }
        for reference in std::mem::take(&mut found.references) {
            for posting in ledger.find(Kind::Subject, &reference, usize::MAX)? {
                ledger.entry(posting.index, |entry| found.name(entry))?;
            }
        }
        Ok(Self::Persons(found.persons))
    }

    /// Whether one of them is covered.
    pub fn covers(&self, persons: &BTreeSet<Pseudonym>) -> bool {
        match self {
            Self::Everybody => true,
            Self::Persons(covered) => !covered.is_disjoint(persons),
        }
    }
}

/// The reach of systems, each looked up once.
#[derive(Clone, Debug, Default)]
pub(super) struct Reaches(BTreeMap<String, Reach>);

impl Reaches {
    /// Looks a system up, unless it is known.
    pub(super) fn learn(&mut self, ledger: &Ledger, system: &str) -> Result<()> {
        if !self.0.contains_key(system) {
            self.0.insert(system.to_owned(), Reach::of(ledger, system)?);
        }
        Ok(())
    }

    /// Whether one of the persons is covered; a system that was not looked up covers everybody.
    pub(super) fn cover(&self, system: &str, persons: &BTreeSet<Pseudonym>) -> bool {
        self.0.get(system).is_none_or(|reach| reach.covers(persons))
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    /// The system's own entries.
    entries: BTreeSet<u64>,
    /// What they are about.
    references: BTreeSet<String>,
    persons: BTreeSet<Pseudonym>,
    /// Whether one of them names somebody whom nobody resolved.
    unresolved: bool,
}

impl Found {
    /// Adds the entries about a reference; gives those that are new.
    fn subject(&mut self, ledger: &Ledger, name: &str, id: &str) -> Result<Vec<u64>> {
        let postings = ledger.find(Kind::Subject, &format!("{name}:{id}"), usize::MAX)?;
        let indexes = postings.iter().map(|posting| posting.index);
        Ok(indexes.filter(|index| self.entries.insert(*index)).collect())
    }

    fn take(&mut self, entry: &Entry<'_>) {
        self.name(entry);
        let there = |at: &str| entry.persons.iter().any(|(pointer, _)| *pointer == at);
        // of what is not understood it cannot be told whom it names
        self.unresolved |= schema::check(&entry.event)
            .map_or(true, |sealed| sealed.iter().any(|at| at.person && !there(&at.pointer)));
        let subject = entry.event.root.get("subject");
        for (name, id) in subject.into_iter().flat_map(|subject| subject.members()) {
            if !PLACES.contains(&name) {
                self.references.extend(id.plain().map(|id| format!("{name}:{id}")));
            }
        }
    }

    fn name(&mut self, entry: &Entry<'_>) {
        self.persons.extend(entry.persons.iter().map(|(_, person)| *person));
    }
}

/// The services that a registration gives to its system.
fn services_of(entry: &Entry<'_>) -> Vec<String> {
    match entry.event.kind {
        "system.registered" => texts(entry, "/data/services").map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn lists(entry: &Entry<'_>, system: &str) -> bool {
    texts(entry, "/data/systems").any(|listed| listed == system)
}

fn texts<'a>(entry: &Entry<'a>, at: &str) -> impl Iterator<Item = &'a str> {
    let items = entry.event.root.pointer(at).into_iter().flat_map(|list| list.items());
    items.filter_map(|item: View<'a>| item.plain())
}
