//! Context: what a test is run over, for whom, and with which limits.

use super::{Calendar, Parameters};
use crate::check::matrix::Matrix;
use crate::error::Result;
use crate::fact::{Facts, Said, Unread};
use crate::hash::Sha256;
use crate::person::Relation;
use crate::schema::typed::Attached;
use crate::schema::words::{Reference, Regime};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;
use crate::verify::Report;

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
    /// What verification of the whole log found; none where nobody verified it.
    pub verified: Option<&'c Report>,
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

    /// The rows of a list that travels as an attachment; why they cannot be told, if they cannot.
    pub fn list<T>(
        &self,
        list: &Attached,
        parse: fn(&[u8]) -> Result<Vec<T>>,
        rows: &str,
    ) -> std::result::Result<Vec<T>, String> {
        let bytes = self
            .attachments
            .read(&list.attachment)
            .ok_or_else(|| format!("its list {} is not there", list.attachment.to_reference()))?;
        let all =
            parse(&bytes).map_err(|error| format!("its list cannot be read ({})", error.code()))?;
        if all.len() as u64 != list.count {
            return Err(format!("its list has {} {rows} instead of {}", all.len(), list.count));
        }
        Ok(all)
    }

    /// Entries about something that could not be read.
    pub fn unread(
        &self,
        reference: Reference,
        id: &str,
    ) -> impl Iterator<Item = &'c Said<Unread>> + use<'c> {
        self.facts.unread.of(reference, id)
    }
}
