//! Deployment: its start and its end as one fact, with the change and the class it was made under.

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
    pub id: String,
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
}

impl Facts {
    /// All deployments, by the order of their first entries.
    pub fn deployments(&self) -> Vec<Deployment<'_>> {
        let mut all = Vec::with_capacity(self.deployment_started.all().len());
        for id in self.deployment_started.ids(Reference::Deployment) {
            let starts = self.deployment_started.of(Reference::Deployment, id.as_str());
            let starts: Vec<_> = starts.filter(|row| row.deployment == *id).collect();
            for (position, &started) in starts.iter().enumerate() {
                let next = starts.get(position + 1).map_or(u64::MAX, |next| next.at.index);
                let ends = self.deployment_finished.of(Reference::Deployment, id.as_str());
                // an end that was recorded before its start belongs to the first
                let from = if position == 0 { 0 } else { started.at.index };
                let finished = ends.clone().find(|end| (from..next).contains(&end.at.index));
                let again = || format!("{id}@{}", started.at.index);
                all.push(Deployment {
                    id: if position == 0 { id.to_string() } else { again() },
                    reference: &started.deployment,
                    service: &started.service,
                    environment: &started.environment,
                    system: started.subject.get(Reference::System),
                    at: started.at.occurred,
                    first: started.at.index,
                    started: Some(started),
                    finished,
                });
            }
        }
        let begun = |end: &&Said<DeploymentFinished>| {
            self.deployment_started
                .of(Reference::Deployment, end.deployment.as_str())
                .next()
                .is_none()
        };
        all.extend(self.deployment_finished.all().iter().filter(begun).map(|end| Deployment {
            id: end.deployment.to_string(),
            reference: &end.deployment,
            service: &end.service,
            environment: &end.environment,
            system: end.subject.get(Reference::System),
            at: end.at.occurred,
            first: end.at.index,
            started: None,
            finished: Some(end),
        }));
        all.sort_by_key(|deployment| deployment.first);
        all
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
        facts.standing(self.system, self.service, self.environment, self.at)
    }

    /// Its class: what breaking the glass for it makes of it, else how its change was classified
    /// before it began, else what it says of itself; with the entry that says so. None if nothing
    /// says so.
    pub fn class(&self, facts: &'f Facts) -> Option<(Class, u64)> {
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
