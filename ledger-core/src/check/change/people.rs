//! People: whether somebody is none of those who took part.

use std::collections::HashMap;

use crate::check::{Context, Other};
use crate::fact::At;
use crate::fact::author::Party;
use crate::fact::deployment::Deployment;
use crate::schema::typed::Person;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// Whether somebody is another person than all of these, and the entries that say so: those of the
/// one they are, or may be, and of what links them.
pub(super) fn none_of(
    context: &Context<'_>,
    who: Option<Pseudonym>,
    parties: &[Party],
    at: Timestamp,
) -> (Other, Vec<u64>) {
    let mut unknown = Vec::new();
    let mut entries = Vec::new();
    for party in parties {
        let (other, mut said) = context.other(who, party.who, at);
        match other {
            Other::Yes => entries.append(&mut said),
            Other::No => {
                said.push(party.entry);
                return (Other::No, said);
            }
            Other::Unknown => {
                said.push(party.entry);
                unknown.append(&mut said);
            }
        }
    }
    if unknown.is_empty() { (Other::Yes, entries) } else { (Other::Unknown, unknown) }
}

/// Persons who are others than each other at a time, found by their names and records: a thousand are
/// held against the next as fast as one.
pub(super) struct Others {
    at: Timestamp,
    parties: Vec<Party>,
    names: HashMap<Pseudonym, usize>,
    records: HashMap<String, usize>,
    /// Whether of one of them nobody knows who they are.
    unknown: bool,
}

impl Others {
    pub(super) fn at(at: Timestamp) -> Self {
        let (names, records) = (HashMap::new(), HashMap::new());
        Self { at, parties: Vec::new(), names, records, unknown: false }
    }

    pub(super) fn len(&self) -> usize {
        self.parties.len()
    }

    /// Whether somebody is another person than all of them, and the entries that say so.
    pub(super) fn other(&self, context: &Context<'_>, who: Option<Pseudonym>) -> (Other, Vec<u64>) {
        if self.parties.is_empty() {
            return (Other::Yes, Vec::new());
        }
        let Some(known) = who.map(|who| context.facts.persons.identity(who, self.at)) else {
            return (Other::Unknown, Vec::new());
        };
        let (names, records) = (&known.value.names, &known.value.records);
        let by_name = names.iter().find_map(|name| self.names.get(name));
        let same = by_name.or_else(|| records.iter().find_map(|id| self.records.get(id)));
        if let Some(party) = same.and_then(|place| self.parties.get(*place)) {
            let (_, mut said) = context.other(who, party.who, self.at);
            said.push(party.entry);
            return (Other::No, said);
        }
        let unknown = self.unknown || records.is_empty();
        (if unknown { Other::Unknown } else { Other::Yes }, known.entries)
    }

    /// Adds somebody.
    pub(super) fn add(&mut self, context: &Context<'_>, party: Party) {
        let place = self.parties.len();
        let known = party.who.map(|who| context.facts.persons.identity(who, self.at).value);
        let known = known.unwrap_or_default();
        self.unknown |= known.records.is_empty();
        self.names.extend(known.names.into_iter().map(|name| (name, place)));
        self.records.extend(known.records.into_iter().map(|record| (record, place)));
        self.parties.push(party);
    }
}

/// Who set the deployment running: for a bot the person whom its entry names.
pub(super) fn deployer(deployment: &Deployment<'_>) -> Party {
    let Some(started) = deployment.started else {
        let who = deployment.finished.and_then(|row| behind(&row.at, None));
        return Party { who, entry: deployment.first };
    };
    Party { who: behind(&started.at, started.initiator), entry: started.at.index }
}

/// Who did what an entry says: the one it names, else who acted; for a bot the person for whom it ran.
pub(super) fn behind(at: &At, named: Option<Person>) -> Option<Pseudonym> {
    let own = if at.automaton { at.behalf } else { at.actor };
    let Some(named) = named else { return own };
    let runs = at.automaton && named.pseudonym.is_some() && named.pseudonym == at.actor;
    if runs { at.behalf } else { named.pseudonym }
}
