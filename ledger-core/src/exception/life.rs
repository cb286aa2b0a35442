//! Life: what events say of one exception.

use crate::fact::{Facts, Said};
use crate::schema::records::{Disposition, ExceptionChanged, ExceptionState};
use crate::schema::typed::Person;
use crate::schema::words::{Reference, Severity as Grade};
use crate::time::Timestamp;

/// What events say of one exception, in the order in which it happened.
#[derive(Clone, Debug)]
pub struct Life<'f> {
    first: &'f Said<ExceptionChanged>,
    rows: Vec<&'f Said<ExceptionChanged>>,
}

impl<'f> Life<'f> {
    /// The life of an exception; none if no event speaks of it.
    pub fn of(facts: &'f Facts, id: &str) -> Option<Self> {
        let mut rows: Vec<_> = facts.exception_changed.of(Reference::Exception, id).collect();
        rows.sort_by_key(|row| (row.at.occurred, row.at.index));
        Some(Self { first: rows.first()?, rows })
    }

    /// All of it.
    pub fn rows(&self) -> &[&'f Said<ExceptionChanged>] {
        &self.rows
    }

    /// The newest word.
    pub fn newest(&self) -> &'f Said<ExceptionChanged> {
        self.rows.last().copied().unwrap_or(self.first)
    }

    /// Where it stands.
    pub fn state(&self) -> ExceptionState {
        self.newest().state
    }

    /// When it was first spoken of.
    pub fn raised(&self) -> Timestamp {
        self.first.at.occurred
    }

    /// The worst that it was ever called.
    pub fn grade(&self) -> Grade {
        self.rows.iter().map(|row| row.severity).min().unwrap_or(Grade::Sev1)
    }

    /// Who sees to it.
    pub fn owner(&self) -> Option<Person> {
        self.rows.iter().rev().find_map(|row| row.owner)
    }

    /// By when.
    pub fn due(&self) -> Option<Timestamp> {
        self.rows.iter().rev().find_map(|row| row.due)
    }

    /// What it turned out to be.
    pub fn disposition(&self) -> Option<Disposition> {
        self.rows.iter().rev().find_map(|row| row.disposition)
    }

    /// The newest word that says so.
    pub fn last(&self, state: ExceptionState) -> Option<&'f Said<ExceptionChanged>> {
        self.rows.iter().rev().find(|row| row.state == state).copied()
    }

    /// From when on a retest counts: the last repair, or the beginning where nothing was repaired.
    pub fn repaired(&self) -> Timestamp {
        self.last(ExceptionState::Remediated).map_or(self.raised(), |row| row.at.occurred)
    }
}
