//! Deployment: its start and its end as one fact, with the change and the class it was made under.

use rayon::prelude::*;

use super::scope::Standing;
use super::{Facts, Said};
use crate::hash::Sha256;
use crate::schema::deploy::{DeploymentFinished, DeploymentStarted};
use crate::schema::typed::Id;
use crate::schema::words::{Class, Reference};
use crate::time::Timestamp;

/// One deployment.
#[derive(Clone, Debug)]
pub struct Deployment<'f> {
    /// Its id; with `@` and the entry where an id was used again.
    pub id: &'f str,
    /// The deployment reference.
    pub reference: &'f Id,
    /// What was deployed.
    pub service: &'f Id,
    /// Where to.
    pub environment: &'f Id,
    /// Its system, where the event names one.
    pub system: Option<&'f Id>,
    /// When it began, or, where only its end is known, when it ended.
    pub at: Timestamp,
    /// The first entry that speaks of it.
    pub first: u64,
    /// Its start; none where only an end was recorded.
    pub started: Option<&'f Said<DeploymentStarted>>,
    /// Its end; none while it runs, or where it was never recorded.
    pub finished: Option<&'f Said<DeploymentFinished>>,
    joint: &'f Joint,
}

/// Where the parts of a deployment are, and what they come to: found once, asked by every test.
#[derive(Clone, Debug)]
pub(super) struct Joint {
    id: Box<str>,
    first: u64,
    started: Option<u32>,
    finished: Option<u32>,
    class: Option<(Class, u64)>,
    place: Place,
    /// Rows of the systems it belongs to.
    systems: Box<[u32]>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Production,
    Other,
    Undeclared,
}

impl Facts {
    /// All deployments, by the order of their first entries.
    pub fn deployments(&self) -> impl Iterator<Item = Deployment<'_>> {
        let joined = self.joined.get_or_init(|| self.join());
        joined.iter().filter_map(|joint| self.deployment(joint))
    }

    fn join(&self) -> Vec<Joint> {
        let ids = self.deployment_started.ids(Reference::Deployment);
        let mut all: Vec<Joint> =
            ids.par_iter().with_min_len(64).flat_map_iter(|id| self.joints(id)).collect();
        let ends = self.deployment_finished.all();
        let alone = (0..).zip(ends).filter(|(_, end)| {
            let id = end.deployment.as_str();
            self.deployment_started.numbers(Reference::Deployment, id).is_empty()
        });
        all.extend(
            alone.map(|(row, end)| Joint::of(end.deployment.as_str().into(), None, Some(row))),
        );
        all.par_iter_mut().with_min_len(64).for_each(|joint| self.settle(joint));
        all.sort_by_key(|joint| joint.first);
        all
    }

    /// The deployments of one id: each start, with the end that belongs to it.
    fn joints(&self, id: &Id) -> impl Iterator<Item = Joint> {
        let rows = self.deployment_started.numbers(Reference::Deployment, id.as_str());
        let of = |number: u32| Some((number, self.deployment_started.row(number)?));
        let starts: Vec<(u32, &Said<DeploymentStarted>)> = rows
            .iter()
            .filter_map(|number| of(*number))
            .filter(|(_, row)| row.deployment == *id)
            .collect();
        let ends = self.deployment_finished.numbers(Reference::Deployment, id.as_str());
        let index = |number: &u32| self.deployment_finished.row(*number).map(|row| row.at.index);
        let joint = |(position, (number, started)): (usize, &(u32, &Said<DeploymentStarted>))| {
            let next = starts.get(position + 1).map_or(u64::MAX, |(_, next)| next.at.index);
            // an end that was recorded before its start belongs to the first
            let from = if position == 0 { 0 } else { started.at.index };
            let own = |end: &&u32| index(end).is_some_and(|end| (from..next).contains(&end));
            let finished = ends.iter().find(own).copied();
            let again = || format!("{id}@{}", started.at.index);
            let id = if position == 0 { id.to_string() } else { again() };
            Joint::of(id.into(), Some(*number), finished)
        };
        starts.iter().enumerate().map(joint).collect::<Vec<_>>().into_iter()
    }

    /// Fills in what the parts come to.
    fn settle(&self, joint: &mut Joint) {
        let Some(deployment) = self.deployment(joint) else { return };
        let first = deployment.first;
        let class = deployment.classified(self);
        let standing = self.standing(
            deployment.system,
            deployment.service,
            deployment.environment,
            deployment.at,
        );
        let place = match &standing {
            Standing::Production(_) => Place::Production,
            Standing::Other(_) => Place::Other,
            Standing::Undeclared => Place::Undeclared,
        };
        let rows = standing.systems().iter().filter_map(|row| self.system_registered.number(row));
        let systems = rows.collect();
        (joint.first, joint.class, joint.place, joint.systems) = (first, class, place, systems);
    }

    fn deployment<'f>(&'f self, joint: &'f Joint) -> Option<Deployment<'f>> {
        let started = joint.started.and_then(|row| self.deployment_started.row(row));
        let finished = joint.finished.and_then(|row| self.deployment_finished.row(row));
        let (reference, service, environment, subject, at) = match (started, finished) {
            (Some(row), _) => (
                &row.what.deployment,
                &row.what.service,
                &row.what.environment,
                &row.what.subject,
                row.at,
            ),
            (None, Some(row)) => (
                &row.what.deployment,
                &row.what.service,
                &row.what.environment,
                &row.what.subject,
                row.at,
            ),
            (None, None) => return None,
        };
        Some(Deployment {
            id: &joint.id,
            reference,
            service,
            environment,
            system: subject.get(Reference::System),
            at: at.occurred,
            first: at.index,
            started,
            finished,
            joint,
        })
    }
}

impl Joint {
    fn of(id: Box<str>, started: Option<u32>, finished: Option<u32>) -> Self {
        let (first, class, place, systems) = (0, None, Place::Undeclared, Box::default());
        Self { id, first, started, finished, class, place, systems }
    }
}

impl<'f> Deployment<'f> {
    /// The entries it stands on.
    pub fn entries(&self) -> impl Iterator<Item = u64> {
        let started = self.started.map(|row| row.at.index);
        started.into_iter().chain(self.finished.map(|row| row.at.index))
    }

    /// What was deployed, as its start says, else its end.
    pub fn artifact(&self) -> Option<Sha256> {
        let referred = |id: Option<&Id>| Sha256::from_reference(id?.as_str());
        let started = self.started.and_then(|row| {
            row.artifact.or_else(|| referred(row.subject.get(Reference::Artifact)))
        });
        started.or_else(|| {
            self.finished.and_then(|row| {
                row.artifact.or_else(|| referred(row.subject.get(Reference::Artifact)))
            })
        })
    }

    /// The change it implements, as its start says, else its end.
    pub fn change(&self) -> Option<&'f Id> {
        let started = self.started.and_then(|row| {
            row.what.change.as_ref().or_else(|| row.what.subject.get(Reference::Change))
        });
        started.or_else(|| {
            self.finished.and_then(|row| {
                row.what.change.as_ref().or_else(|| row.what.subject.get(Reference::Change))
            })
        })
    }

    /// Where it belongs at its start.
    pub fn standing(&self, facts: &'f Facts) -> Standing<'f> {
        let rows = self.joint.systems.iter();
        let systems = rows.filter_map(|row| facts.system_registered.row(*row)).collect();
        match self.joint.place {
            Place::Production => Standing::Production(systems),
            Place::Other => Standing::Other(systems),
            Place::Undeclared => Standing::Undeclared,
        }
    }

    /// Its class: what breaking the glass for it makes of it, else how its change was classified
    /// before it began, else what it says of itself; with the entry that says so. None if nothing
    /// says so.
    pub fn class(&self) -> Option<(Class, u64)> {
        self.joint.class
    }

    fn classified(&self, facts: &Facts) -> Option<(Class, u64)> {
        let glass =
            facts.break_glass_used.of(Reference::Deployment, self.reference.as_str()).next();
        if let Some(glass) = glass {
            return Some((Class::Emergency, glass.at.index));
        }
        let (at, index) = (self.at, self.first);
        let classified = self.change().and_then(|change| {
            facts
                .change_classified
                .of(Reference::Change, change.as_str())
                .rfind(|row| row.at.occurred <= at && row.at.index < index)
                .map(|row| (row.class, row.at.index))
        });
        let own = || self.started.and_then(|row| Some((row.class?, row.at.index)));
        classified.or_else(own)
    }

    /// Until when it ran; its start where no end is known.
    pub fn ended(&self) -> Timestamp {
        self.finished.map_or(self.at, |row| row.at.occurred)
    }

    /// How a sentence begins that speaks of it.
    pub fn words(&self) -> String {
        let verb = if self.started.is_some() { "started" } else { "finished" };
        let at = self.at;
        format!("deployment {} of {} to {} {verb} {at}", self.id, self.service, self.environment)
    }
}
