//! Independence: who may decide about an item of a review: neither its subject nor an administrator of
//! its system, and with authority over it: the person's manager, the system's owner, an owner of its
//! entitlements.
//!
//! The same law before a review is given to somebody, before a decision is signed, and in T18.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::check::{Context, Other};
use crate::fact::people::People;
use crate::fact::snapshot::{ReviewItem, Row};
use crate::schema::typed::Id;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// The duty of whoever carries out grants.
const ADMINISTERS: &str = "AA";

/// What the answers for many items share.
pub(crate) struct Independence<'b, 'c> {
    context: &'b Context<'c>,
    people: &'b People<'c>,
    at: Timestamp,
    administrators: BTreeMap<Box<str>, BTreeSet<Pseudonym>>,
    known: HashMap<(Option<Pseudonym>, Option<Pseudonym>), Other>,
    /// By system, whether a reviewer administers nothing in it.
    apart: HashMap<Box<str>, HashMap<Option<Pseudonym>, Other>>,
    /// The one manager, of whom it may be unknown who it is; none without a manager.
    managers: HashMap<(Pseudonym, Timestamp), Vec<Option<Pseudonym>>>,
}

impl<'b, 'c> Independence<'b, 'c> {
    /// Over these systems at a time, whose administrators the rows list.
    pub(crate) fn of(
        context: &'b Context<'c>,
        people: &'b People<'c>,
        systems: &[Id],
        at: Timestamp,
        rows: &[&Row],
    ) -> Self {
        Self {
            context,
            people,
            at,
            administrators: administrators(context, systems, at, rows),
            known: HashMap::new(),
            apart: HashMap::new(),
            managers: HashMap::new(),
        }
    }

    /// Whether two are two persons.
    pub(crate) fn other(&mut self, a: Option<Pseudonym>, b: Option<Pseudonym>) -> Other {
        let (context, at) = (self.context, self.at);
        // links are few and old: within one review an answer is asked for again and again
        *self.known.entry((a, b)).or_insert_with(|| context.other(a, b, at).0)
    }

    /// Whether the reviewer is not the subject of the item; an account of nobody has none.
    pub(crate) fn is_no_subject(&mut self, one: &ReviewItem, reviewer: Option<Pseudonym>) -> Other {
        if one.person.is_none() && reviewer.is_some() {
            return Other::Yes;
        }
        self.other(reviewer, one.person)
    }

    /// Whether the reviewer administers nothing in the system.
    pub(crate) fn is_no_administrator(
        &mut self,
        system: &str,
        reviewer: Option<Pseudonym>,
    ) -> Other {
        // a reviewer is asked about for each of their items
        if let Some(known) = self.apart.get(system).and_then(|known| known.get(&reviewer)) {
            return *known;
        }
        let administrators: Vec<Pseudonym> =
            self.administrators.get(system).into_iter().flatten().copied().collect();
        let answers: Vec<Other> =
            administrators.iter().map(|who| self.other(reviewer, Some(*who))).collect();
        let answer = if answers.contains(&Other::No) {
            Other::No
        } else if answers.contains(&Other::Unknown) {
            Other::Unknown
        } else {
            Other::Yes
        };
        self.apart.entry(system.into()).or_default().insert(reviewer, answer);
        answer
    }

    /// Whether the reviewer has authority of their own: `No` where they have, as they are then no
    /// other than somebody who has.
    pub(crate) fn lacks_authority(
        &mut self,
        one: &ReviewItem,
        reviewer: Option<Pseudonym>,
        at: Timestamp,
    ) -> Other {
        let mut answer = Other::Yes;
        for (_, who) in self.fit(one, at) {
            match self.other(reviewer, who) {
                Other::No => return Other::No,
                Other::Unknown => answer = Other::Unknown,
                Other::Yes => {}
            }
        }
        answer
    }

    /// Who has authority over an item, each with their relationship to it: the person's manager first,
    /// then the system's owner, then the owners of its entitlements.
    pub(crate) fn fit(
        &mut self,
        one: &ReviewItem,
        at: Timestamp,
    ) -> Vec<(&'static str, Option<Pseudonym>)> {
        let people = self.people;
        let mut fit: Vec<(&'static str, Option<Pseudonym>)> = Vec::new();
        if let Some(who) = one.person {
            let found = self.managers.entry((who, at));
            let found = found.or_insert_with(|| {
                people.manager(who, at).map(|(manager, _)| manager).into_iter().collect()
            });
            fit.extend(found.iter().map(|manager| ("manager", *manager)));
        }
        if let Some(system) = self.context.facts.system(&one.system, at) {
            fit.push(("system_owner", system.owner.pseudonym));
            let owners = system.entitlement_owners.iter();
            fit.extend(owners.map(|owner| ("entitlement_owner", owner.pseudonym)));
        }
        fit
    }
}

/// Who administers access in each system, by the duties of what they hold.
fn administrators(
    context: &Context<'_>,
    systems: &[Id],
    at: Timestamp,
    rows: &[&Row],
) -> BTreeMap<Box<str>, BTreeSet<Pseudonym>> {
    let mut all: BTreeMap<Box<str>, BTreeSet<Pseudonym>> = BTreeMap::new();
    let mut duties: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for system in systems {
        let known = context.facts.system(system.as_str(), at);
        let mapped = known.and_then(|known| known.duties.as_ref()).into_iter().flatten();
        let administer =
            mapped.filter(|one| one.duties.iter().any(|duty| duty.as_str() == ADMINISTERS));
        duties.insert(system.as_str(), administer.map(|one| one.entitlement.as_str()).collect());
    }
    for row in rows.iter().filter(|row| row.is_enabled()) {
        let administers = row
            .entitlement
            .as_deref()
            .is_some_and(|what| duties.get(&*row.system).is_some_and(|known| known.contains(what)));
        if let (true, Some(who)) = (administers, row.person) {
            all.entry(row.system.clone()).or_default().insert(who);
        }
    }
    all
}
