//! Scope: which systems, environments and regimes count, as it was declared, by effective time.
//!
//! What is seen but declared by nobody is no reason to leave it out: it cannot be told where it
//! belongs.

use super::{Facts, Said};
use crate::schema::scope::{EnvironmentClass, SystemRegistered};
use crate::schema::typed::Id;
use crate::schema::words::{Active, Reference, Regime};
use crate::time::Timestamp;

/// Where something belongs.
#[derive(Clone, Debug)]
pub enum Standing<'f> {
    /// To these systems, whose environment of that name is production.
    Production(Vec<&'f Said<SystemRegistered>>),
    /// To these systems, and the environment is not production.
    Other(Vec<&'f Said<SystemRegistered>>),
    /// No system in force names it.
    Undeclared,
}

impl<'f> Standing<'f> {
    /// The systems it belongs to.
    pub fn systems(&self) -> &[&'f Said<SystemRegistered>] {
        match self {
            Self::Production(systems) | Self::Other(systems) => systems,
            Self::Undeclared => &[],
        }
    }
}

impl Facts {
    /// The registration of a system that is in force at a time: the newest by effective time.
    pub fn system(&self, id: &str, at: Timestamp) -> Option<&Said<SystemRegistered>> {
        let effective = |row: &&Said<SystemRegistered>| row.from.unwrap_or(row.at.occurred);
        let newest = self
            .system_registered
            .of(Reference::System, id)
            .filter(|row| effective(row) <= at)
            .max_by_key(|row| (effective(row), row.at.index))?;
        let over = newest.to.is_some_and(|to| to <= at);
        (newest.state == Active::Active && !over).then_some(newest)
    }

    /// All systems in force at a time, by id.
    pub fn systems(&self, at: Timestamp) -> Vec<&Said<SystemRegistered>> {
        let ids = self.system_registered.ids(Reference::System);
        ids.into_iter().filter_map(|id| self.system(id.as_str(), at)).collect()
    }

    /// Where a service's environment belongs: by the system that the event names, else by those that
    /// list the service or have its name.
    pub fn standing(
        &self,
        system: Option<&Id>,
        service: &Id,
        environment: &Id,
        at: Timestamp,
    ) -> Standing<'_> {
        let systems: Vec<_> = match system {
            Some(system) => self.system(system.as_str(), at).into_iter().collect(),
            None => self.systems_of(service, at),
        };
        let class = |row: &&&Said<SystemRegistered>| {
            row.environments
                .iter()
                .find(|known| known.name == *environment)
                .map(|known| known.class)
        };
        let production =
            |row: &&&Said<SystemRegistered>| class(row) == Some(EnvironmentClass::Production);
        let found: Vec<_> = systems.iter().filter(production).copied().collect();
        if !found.is_empty() {
            return Standing::Production(found);
        }
        let other: Vec<_> = systems.iter().filter(|row| class(row).is_some()).copied().collect();
        if other.is_empty() { Standing::Undeclared } else { Standing::Other(other) }
    }
}

impl Facts {
    /// The systems in force that list a service or have its name, by id.
    fn systems_of(&self, service: &Id, at: Timestamp) -> Vec<&Said<SystemRegistered>> {
        let naming = self.system_registered.of(Reference::Service, service.as_str());
        let mut ids: Vec<&Id> = naming.map(|row| &row.system).collect();
        ids.push(service);
        ids.sort_unstable();
        ids.dedup();
        let named = |row: &&Said<SystemRegistered>| {
            row.system == *service
                || row.services.as_ref().is_some_and(|services| services.contains(service))
        };
        ids.into_iter().filter_map(|id| self.system(id.as_str(), at)).filter(named).collect()
    }
}

impl SystemRegistered {
    /// Whether it is subject to the regime; all are subject to none in particular.
    pub fn is_under(&self, regime: Option<Regime>) -> bool {
        regime.is_none_or(|regime| self.regimes.contains(&regime))
    }
}
