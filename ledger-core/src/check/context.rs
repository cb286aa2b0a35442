//! Context: what a test is run over, for whom, and with which limits.

use super::access::matrix::Matrix;
use super::{Calendar, Census, Item, Parameters};
use crate::fact::deployment::Deployment;
use crate::fact::scope::Standing;
use crate::fact::{Facts, Unread};
use crate::hash::Sha256;
use crate::person::Relation;
use crate::schema::words::{Class, Reference, Regime};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// A span of time; the end is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

impl Period {
    /// Whether the moment is in it.
    pub fn has(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// Where attachments are read: lists that are too long for an event.
pub trait Attachments: Sync {
    /// The bytes of an attachment that is not private, checked against its digest; none if they are
    /// not there.
    fn read(&self, digest: &Sha256) -> Option<Vec<u8>>;
}

/// What a test is run over.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// The facts.
    pub facts: &'c Facts,
    /// Which items: those that occurred in it.
    pub period: Period,
    /// Until when anything is known: clocks that still run are judged by it.
    pub now: Timestamp,
    /// Only systems under this regime.
    pub regime: Option<Regime>,
    /// The limits.
    pub parameters: &'c Parameters,
    /// Days on which work is done.
    pub calendar: &'c Calendar,
    /// Lists that are too long for an event.
    pub attachments: &'c dyn Attachments,
    /// Which duties must be held apart; none if nobody said.
    pub matrix: Option<&'c Matrix>,
}

/// Whether somebody is somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// Surely.
    Yes,
    /// Surely not.
    No,
    /// It cannot be told.
    Unknown,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("period", &self.period).finish_non_exhaustive()
    }
}

impl<'c> Context<'c> {
    /// Deployments to production of systems under the regime, in the period, of these classes (all,
    /// if none is named), each as an item that has read what it is. What is left out is counted.
    ///
    /// An environment that no system declares cannot be told apart from production: it stays in,
    /// undecided by what `undeclared` says.
    pub fn deployments(
        &self,
        classes: &[Class],
        census: &mut Census,
        undeclared: &super::Kind,
    ) -> Vec<(Deployment<'c>, Item)> {
        let mut items = Vec::new();
        for deployment in self.facts.deployments() {
            if !self.period.has(deployment.at) {
                continue;
            }
            let standing = deployment.standing(self.facts);
            let under = standing.systems().iter().any(|system| system.is_under(self.regime));
            match &standing {
                Standing::Other(_) => {
                    census.exclude("environment is not production");
                    continue;
                }
                Standing::Production(_) if !under => {
                    census.exclude("no system under this regime");
                    continue;
                }
                _ => {}
            }
            let class = deployment.class(self.facts);
            // what nobody classified needs what a normal change needs
            let judged = class.map_or(Class::Normal, |(class, _)| class);
            if !classes.is_empty() && !classes.contains(&judged) {
                census.exclude("change of another class");
                continue;
            }
            let mut item = Item::new(deployment.id.clone(), deployment.at);
            item.cite(deployment.entries());
            item.cite(class.map(|(_, entry)| entry));
            item.cite(standing.systems().iter().map(|system| system.at.index));
            item.system = standing.systems().first().map(|system| system.system.to_string());
            item.read("class", class.map_or("none", |(class, _)| class.as_str()));
            if let Some(artifact) = deployment.artifact() {
                item.read("artifact", artifact.to_reference());
            }
            if let Some(change) = deployment.change() {
                item.read("change", change);
            }
            if matches!(standing, Standing::Undeclared) {
                let sentence = format!(
                    "{}, and no registered system has this environment of this service",
                    deployment.words()
                );
                item.raise(undeclared, sentence, deployment.entries());
            }
            items.push((deployment, item));
        }
        items
    }

    /// Whether two are different persons at a time (law 8), and the entries that say so.
    pub fn other(
        &self,
        a: Option<Pseudonym>,
        b: Option<Pseudonym>,
        at: Timestamp,
    ) -> (Other, Vec<u64>) {
        let (Some(a), Some(b)) = (a, b) else { return (Other::Unknown, Vec::new()) };
        let answer = self.facts.persons.relation(a, b, at);
        let other = match answer.value {
            Relation::Different => Other::Yes,
            Relation::Same => Other::No,
            Relation::CannotTell => Other::Unknown,
        };
        (other, answer.entries)
    }

    /// Entries about something that could not be read.
    pub fn unread(
        &self,
        reference: Reference,
        id: &str,
    ) -> impl Iterator<Item = &'c Unread> + use<'c> {
        let id = id.to_owned();
        let about = move |unread: &&Unread| {
            unread.subject.iter().any(|(name, known)| *name == reference && known.as_str() == id)
        };
        self.facts.unread.iter().filter(about)
    }
}
