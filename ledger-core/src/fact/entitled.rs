//! Entitled: who held which duty in a system at a time.
//!
//! A system's registration says which entitlements carry a duty; grants count by the time at which
//! they took effect, whenever they were recorded.

use std::collections::{BTreeSet, HashMap};

use super::deployment::Deployment;
use super::{Facts, Said};
use crate::schema::access::{
    AccessAction, AccessChanged, AccessObject, PersonChanged, PersonEvent,
};
use crate::schema::scope::SystemRegistered;
use crate::schema::words::Entitlement;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// Whether somebody held a duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Yes, as these entries say.
    Yes(Vec<u64>),
    /// No: why, and the entries that were read.
    No(String, Vec<u64>),
    /// It cannot be told: why.
    Unknown(String),
}

/// Grants and departures, by person.
#[derive(Clone, Debug)]
pub struct Entitled<'f> {
    facts: &'f Facts,
    access: HashMap<Pseudonym, Vec<&'f Said<AccessChanged>>>,
    people: HashMap<Pseudonym, Vec<&'f Said<PersonChanged>>>,
}

impl<'f> Entitled<'f> {
    /// The grants of these facts.
    pub fn of(facts: &'f Facts) -> Self {
        let mut access: HashMap<_, Vec<&Said<AccessChanged>>> = HashMap::new();
        for row in facts.access_changed.all() {
            if let Some(who) = row.principal.pseudonym {
                access.entry(who).or_default().push(row);
            }
        }
        let mut people: HashMap<_, Vec<&Said<PersonChanged>>> = HashMap::new();
        for row in facts.person_changed.all() {
            if let Some(who) = row.person.pseudonym {
                people.entry(who).or_default().push(row);
            }
        }
        for rows in access.values_mut() {
            rows.sort_by_key(|row| (row.effective_at, row.at.index));
        }
        for rows in people.values_mut() {
            rows.sort_by_key(|row| (row.effective_at, row.at.index));
        }
        Self { facts, access, people }
    }

    /// Whether somebody held a duty, at a time, for where the deployment belongs.
    pub fn holds(
        &self,
        who: Option<Pseudonym>,
        duty: &str,
        deployment: &Deployment<'_>,
        at: Timestamp,
    ) -> Held {
        let standing = deployment.standing(self.facts);
        let place = Place {
            service: deployment.service.as_str(),
            environment: deployment.environment.as_str(),
        };
        let systems = standing.systems();
        self.holds_in(who, duty, systems, Some(place), at)
    }

    /// Whether somebody held a duty, at a time, in one of these systems.
    pub fn holds_in(
        &self,
        who: Option<Pseudonym>,
        duty: &str,
        systems: &[&Said<SystemRegistered>],
        place: Option<Place<'_>>,
        at: Timestamp,
    ) -> Held {
        let Some(who) = who else {
            return Held::Unknown("it cannot be told who it was".to_owned());
        };
        let declares = |row: &&&Said<SystemRegistered>| carriers(row, duty).next().is_some();
        let declared: Vec<_> = systems.iter().filter(declares).copied().collect();
        if declared.is_empty() {
            return Held::Unknown(format!(
                "no registered system says which role carries duty {duty}"
            ));
        }
        let group = self.facts.persons.linked(who, at);
        let mut read: BTreeSet<u64> = group.entries.iter().copied().collect();
        read.extend(declared.iter().map(|row| row.at.index));
        let mut why = format!("held no role that carries duty {duty}");
        for name in &group.value {
            if let Some(left) = self.left(*name, at) {
                read.insert(left.at.index);
                why = format!("had left on {}", left.effective_at);
                return Held::No(why, read.into_iter().collect());
            }
        }
        for name in &group.value {
            let rows = self.access.get(name).map(Vec::as_slice).unwrap_or_default();
            for (position, grant) in rows.iter().enumerate() {
                let Some(entitlement) = counts(grant, &declared, duty, place, at) else { continue };
                read.insert(grant.at.index);
                let later = rows.get(position + 1..).unwrap_or_default();
                let end = later.iter().find(|row| row.effective_at <= at && ends(row, grant));
                let over = grant.expires_at.filter(|expires| *expires <= at);
                match (end, over) {
                    (None, None) => return Held::Yes(read.into_iter().collect()),
                    (Some(end), _) => {
                        read.insert(end.at.index);
                        why = format!("lost role {} on {}", entitlement.role, end.effective_at);
                    }
                    (None, Some(over)) => {
                        why = format!("held role {} only until {over}", entitlement.role);
                    }
                }
            }
        }
        if declared.len() < systems.len() {
            return Held::Unknown(format!("{why}, as far as systems say which roles carry it"));
        }
        Held::No(why, read.into_iter().collect())
    }

    /// The departure that is in force at a time.
    fn left(&self, name: Pseudonym, at: Timestamp) -> Option<&'f Said<PersonChanged>> {
        let rows = self.people.get(&name)?;
        let last =
            rows.iter().rfind(|row| row.effective_at <= at && row.event != PersonEvent::Moved)?;
        let end = last.access_ends_at.unwrap_or(last.effective_at);
        (last.event == PersonEvent::Left && end <= at).then_some(*last)
    }
}

/// Where a duty is needed.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// The service.
    pub service: &'p str,
    /// The environment.
    pub environment: &'p str,
}

/// The entitlements of a system that carry a duty.
fn carriers<'r>(row: &'r SystemRegistered, duty: &str) -> impl Iterator<Item = &'r str> {
    let duty = duty.to_owned();
    let known = row.duties.iter().flatten();
    known
        .filter(move |known| known.duties.iter().any(|word| word.as_str() == duty))
        .map(|known| known.entitlement.as_str())
}

/// The entitlement that a row gives, if it carries the duty for this place and took effect.
fn counts<'r>(
    grant: &'r AccessChanged,
    systems: &[&Said<SystemRegistered>],
    duty: &str,
    place: Option<Place<'_>>,
    at: Timestamp,
) -> Option<&'r Entitlement> {
    let gives = matches!(
        grant.action,
        AccessAction::Granted | AccessAction::Modified | AccessAction::Created
    );
    let entitlement = grant.entitlement.as_ref().filter(|_| gives && grant.effective_at <= at)?;
    systems.iter().find(|system| {
        let role = entitlement.role.as_str();
        // an entitlement is named by its role, or by system and role
        let named = |id: &str| {
            id == role
                || id.split_once(':').is_some_and(|(system, name)| {
                    system == entitlement.system.as_str() && name == role
                })
        };
        entitlement.system == system.system
            && carriers(system, duty).any(named)
            && place.is_none_or(|place| reaches(system, entitlement.scope.as_str(), place))
    })?;
    Some(entitlement)
}

/// Whether a grant's scope reaches a place: a scope that names another environment or service of the
/// system does not.
fn reaches(system: &SystemRegistered, scope: &str, place: Place<'_>) -> bool {
    let other_environment = system
        .environments
        .iter()
        .any(|known| known.name.as_str() == scope && scope != place.environment);
    let services = system.services.iter().flatten();
    let other_service =
        services.into_iter().any(|known| known.as_str() == scope && scope != place.service);
    scope == place.environment || scope == place.service || (!other_environment && !other_service)
}

/// Whether a later row ends what a grant gave.
fn ends(row: &AccessChanged, grant: &AccessChanged) -> bool {
    let same = |a: &Option<_>, b: &Option<_>| a.is_some() && a == b;
    let joined = same(&row.access, &grant.access) || same(&row.item, &grant.item);
    match row.action {
        AccessAction::Modified => joined,
        AccessAction::Created | AccessAction::Granted => false,
        AccessAction::Revoked
        | AccessAction::Disabled
        | AccessAction::Deleted
        | AccessAction::Expired => {
            let system = row.subject.get(crate::schema::words::Reference::System)
                == grant.subject.get(crate::schema::words::Reference::System);
            let named = match (&row.entitlement, &grant.entitlement) {
                (Some(a), Some(b)) => {
                    a.role == b.role && a.scope == b.scope && a.system == b.system
                }
                // an account that is gone takes all with it
                (None, _) => row.object == AccessObject::Account && system,
                _ => false,
            };
            joined || named
        }
    }
}
