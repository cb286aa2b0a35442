//! Deployed: the deployments that reached production in the period, each with its class and its fate.

use std::collections::BTreeMap;

use crate::check::Period;
use crate::fact::Facts;
use crate::fact::deployment::Deployment;
use crate::fact::scope::Standing;
use crate::schema::deploy::DeploymentOutcome;
use crate::schema::words::{Class, Reference};

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Deployed<'f> {
    /// The deployment.
    pub(super) what: Deployment<'f>,
    /// Its class, where something says so.
    pub(super) class: Option<Class>,
    /// Its systems; none is registered for it where this is empty.
    pub(super) systems: String,
    /// The entry by which it was rolled back.
    pub(super) rolled_back: Option<u64>,
}

/// All of them, and what was left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Deployments<'f> {
    /// In the order of their first entries.
    pub(super) all: Vec<Deployed<'f>>,
    /// How many were left out, by reason.
    pub(super) excluded: BTreeMap<&'static str, u64>,
}

impl<'f> Deployments<'f> {
    /// Those of the period. One of an environment that nobody registered stays in: nobody can say that
    /// it is not production.
    pub(super) fn of(facts: &'f Facts, period: Period) -> Self {
        let mut found = Self::default();
        for what in facts.deployments() {
            if !period.has(what.at) {
                *found.excluded.entry("outside the period").or_default() += 1;
                continue;
            }
            let standing = what.standing(facts);
            if matches!(standing, Standing::Other(_)) {
                *found.excluded.entry("not an environment of production").or_default() += 1;
                continue;
            }
            let names: Vec<&str> =
                standing.systems().iter().map(|row| row.what.system.as_str()).collect();
            let rolled_back = facts
                .rollback_executed
                .of(Reference::Deployment, what.reference.as_str())
                .find(|row| row.reverts == *what.reference)
                .filter(|row| row.outcome == DeploymentOutcome::Succeeded)
                .map(|row| row.at.index);
            let class = what.class().map(|(class, _)| class);
            found.all.push(Deployed { class, systems: names.join(" "), rolled_back, what });
        }
        found
    }
}

impl Deployed<'_> {
    /// Its class in words.
    pub(super) fn class_word(&self) -> &'static str {
        self.class.map_or("unclassified", Class::as_str)
    }

    /// How it ended, in words.
    pub(super) fn outcome_word(&self) -> &'static str {
        match (self.rolled_back, self.what.outcome()) {
            (Some(_), _) => "rolled back",
            (None, Some(outcome)) => outcome.as_str(),
            (None, None) => "not finished",
        }
    }
}
