//! Dossier: everything the ledger has about one deployment, change, artifact or person, in its order.
//!
//! Spec page: `spec/dossier.md`. From the thing it goes to what its entries name: from a change to its
//! artifacts, from these to their deployments, from these to their incidents. Which ways are gone is a
//! table without circles, so that an incident of many deployments does not lead to all of them.
//! What was expected and is not there is part of the dossier ([`Dossier::missing`]).

mod document;
mod missing;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::sought::{Doubt, Sought};
use super::{At, Facts, Read};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::index::Kind;
use crate::schema::joins;
use crate::schema::typed::Id;
use crate::schema::words::Reference;
use crate::vault::persons::Pseudonym;

/// Most entries of one thing that are looked at: the newest.
const EACH: usize = 2_000;
/// Most entries of a dossier; what is beyond is said.
const ALL: usize = 10_000;

/// What a dossier is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A deployment.
    Deployment(Id),
    /// A change.
    Change(Id),
    /// An artifact.
    Artifact(Sha256),
    /// A person, with all names that are linked to them.
    Person(Pseudonym),
}

/// One entry of a dossier.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its place, its times, and who acted.
    pub at: At,
    /// Its type.
    pub kind: Box<str>,
    /// What it says, in words.
    pub words: String,
    /// Whom it names, by the last name of the place where it does.
    pub persons: Vec<(Box<str>, Pseudonym)>,
    /// What it speaks of.
    pub references: Vec<(Reference, Id)>,
    /// Why it is no evidence, if it is none.
    pub doubt: Option<Doubt>,
}

/// All about one thing.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// What it is about.
    pub thing: Thing,
    /// Entries of the ledger when it was made.
    pub size: u64,
    /// Its entries, ascending by index.
    pub lines: Vec<Line>,
    /// What was expected and is not there, in words.
    pub missing: Vec<String>,
    /// What was not looked at, because it is too much, in words.
    pub beyond: Vec<String>,
    /// The same entries as facts.
    pub facts: Facts,
}

impl Thing {
    /// The reference and id by which it is found; none for a person.
    fn reference(&self) -> Option<(Reference, String)> {
        Some(match self {
            Self::Deployment(id) => (Reference::Deployment, id.to_string()),
            Self::Change(id) => (Reference::Change, id.to_string()),
            Self::Artifact(digest) => (Reference::Artifact, digest.to_reference()),
            Self::Person(_) => return None,
        })
    }

    /// What kind of thing it is.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Deployment(_) => "deployment",
            Self::Change(_) => "change",
            Self::Artifact(_) => "artifact",
            Self::Person(_) => "person",
        }
    }

    /// Its id.
    pub fn id(&self) -> String {
        match self {
            Self::Person(who) => who.to_string(),
            other => other.reference().map(|(_, id)| id).unwrap_or_default(),
        }
    }

    /// From what to what it is gone on.
    fn ways(&self) -> &'static [(Reference, &'static [Reference])] {
        use Reference::{Artifact, Cab, Change, Deployment, Incident, Release, Run, Session};
        match self {
            Self::Deployment(_) => &[(Deployment, &[Artifact, Change, Incident, Run, Session])],
            Self::Change(_) => &[
                (Change, &[Artifact, Cab, Deployment, Incident, Release]),
                (Artifact, &[Deployment, Run]),
                (Deployment, &[Incident, Run]),
            ],
            Self::Artifact(_) => {
                &[(Artifact, &[Change, Deployment, Release, Run]), (Deployment, &[Incident])]
            }
            Self::Person(_) => &[],
        }
    }
}

/// An entry as it was found.
type Found = (Line, Read);

impl Dossier {
    /// Everything about a thing.
    ///
    /// Codes `dossier-none` (no entry speaks of it), and those of reading the ledger.
    pub fn of<S: Sought>(source: &S, thing: Thing) -> Result<Self> {
        let mut search = Search { source, found: BTreeMap::new(), beyond: Vec::new() };
        match &thing {
            Thing::Person(who) => search.person(*who)?,
            other => search.things(other)?,
        }
        if search.found.is_empty() {
            let message = format!("no entry speaks of {} `{}`", thing.word(), thing.id());
            return Err(Error::refused("dossier-none", message)
                .hint("ids are written as they were recorded; `ledger log` lists entries"));
        }
        let (lines, read): (Vec<Line>, Vec<Read>) = search.found.into_values().unzip();
        let facts = Facts::from_read(read);
        let missing = missing::of(&thing, &facts);
        Ok(Self { size: source.size(), lines, missing, beyond: search.beyond, facts, thing })
    }
}

struct Search<'s, S> {
    source: &'s S,
    found: BTreeMap<u64, Found>,
    beyond: Vec<String>,
}

impl<S: Sought> Search<'_, S> {
    /// The thing, what its entries name, and so on along the ways.
    fn things(&mut self, thing: &Thing) -> Result<()> {
        let ways = thing.ways();
        let mut seen: BTreeSet<(Reference, String)> = thing.reference().into_iter().collect();
        let mut next: Vec<(Reference, String)> = seen.iter().cloned().collect();
        while let Some((reference, id)) = next.pop() {
            let own = self.about(reference, &id)?;
            let on = ways.iter().find(|(from, _)| *from == reference);
            let on = on.map(|(_, to)| *to).unwrap_or_default();
            for index in own {
                let Some((line, _)) = self.found.get(&index) else { continue };
                for (name, id) in line.references.iter().filter(|(name, _)| on.contains(name)) {
                    if seen.insert((*name, id.to_string())) {
                        next.push((*name, id.to_string()));
                    }
                }
            }
        }
        Ok(())
    }

    /// The entries that speak of a thing.
    fn about(&mut self, reference: Reference, id: &str) -> Result<Vec<u64>> {
        let name = joins::thing(reference, id);
        let mut indexes = BTreeSet::new();
        for kind in [Kind::Subject, Kind::Join] {
            indexes.extend(self.source.find(kind, &name)?.iter().map(|posting| posting.index));
        }
        self.take(&name, indexes)
    }

    /// What a person did, and what was said about them, under all their names.
    fn person(&mut self, who: Pseudonym) -> Result<()> {
        let (mut seen, mut next) = (BTreeSet::from([who]), vec![who]);
        while let Some(name) = next.pop() {
            let found = self.source.find(Kind::Person, &name.to_string())?;
            let indexes = found.iter().map(|posting| posting.index).collect();
            for index in self.take(&format!("person {name}"), indexes)? {
                let Some((line, _)) = self.found.get(&index) else { continue };
                if &*line.kind == "identity.linked" {
                    let linked = line.persons.iter().filter(|(at, _)| &**at == "identities");
                    next.extend(linked.map(|(_, who)| *who).filter(|who| seen.insert(*who)));
                }
            }
        }
        Ok(())
    }

    /// Reads entries that are not there yet, the newest if there are too many.
    fn take(&mut self, what: &str, indexes: BTreeSet<u64>) -> Result<Vec<u64>> {
        let room = EACH.min(ALL.saturating_sub(self.found.len()));
        let over = indexes.len().saturating_sub(room);
        if over > 0 {
            self.beyond.push(format!("{over} older entries of {what} were not looked at"));
        }
        let all: Vec<u64> = indexes.into_iter().skip(over).collect();
        let new: Vec<u64> =
            all.iter().copied().filter(|index| !self.found.contains_key(index)).collect();
        let found =
            self.source.entries(&new, |entry, doubt| (Line::of(entry, doubt), Read::of(entry)))?;
        self.found.extend(new.into_iter().zip(found));
        Ok(all)
    }
}

impl Line {
    fn of(entry: &Entry<'_>, doubt: Option<Doubt>) -> Self {
        let mut references: BTreeSet<(Reference, Id)> = BTreeSet::new();
        let subject = entry.event.root.get("subject");
        let named = subject.iter().flat_map(crate::json::View::members);
        references.extend(
            named.filter_map(|(name, view)| {
                Some((Reference::parse(name)?, Id::from(view.plain()?)))
            }),
        );
        joins::of(entry, &mut |name| {
            let known = name.split_once(':');
            let known = known.and_then(|(name, id)| Some((Reference::parse(name)?, Id::from(id))));
            references.extend(known);
        });
        let place = |at: &str| -> Box<str> {
            let mut steps = at.rsplit('/').filter(|step| step.parse::<u64>().is_err());
            steps.next().unwrap_or_default().into()
        };
        Self {
            at: At::of(entry),
            kind: entry.event.kind.into(),
            words: words::of(entry),
            persons: entry.persons.iter().map(|(at, who)| (place(at), *who)).collect(),
            references: references.into_iter().collect(),
            doubt,
        }
    }

    /// Who it is by: the person whose word it is, else who acted, else for whom a bot did.
    pub fn by(&self) -> Option<Pseudonym> {
        const OWN: [&str; 5] = ["approver", "reviewer", "chair", "by", "signer"];
        let own = OWN.iter().find_map(|name| {
            self.persons.iter().find(|(at, _)| &**at == *name).map(|(_, who)| *who)
        });
        let acted =
            if self.at.automaton { self.at.behalf.or(self.at.actor) } else { self.at.actor };
        own.or(acted)
    }
}
