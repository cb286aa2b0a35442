//! View: how a typed view of an event is filled.
//!
//! It is given out only for an event in which its schema holds, so a required field is there, and an
//! optional one that is absent was left out by its producer.

use super::typed::{Id, Place};
use super::words::Reference;
use super::{EventType, check};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::json::View;

/// The view of an entry's event, if it is of that type.
pub(super) fn of<T>(
    entry: &Entry<'_>,
    known: &EventType,
    fill: impl FnOnce(Subject, Place<'_, '_>) -> Option<T>,
) -> Result<Option<T>> {
    let event = &entry.event;
    if event.kind != known.name {
        return Ok(None);
    }
    check::holds(event, known)?;
    let wrong = || Error::refused("schema-value", "the event is not what its schema says");
    let data = event.root.get("data").ok_or_else(wrong)?;
    let subject = event.root.get("subject").map(Subject::of).unwrap_or_default();
    fill(subject, Place::top("data", data, &entry.persons)).map(Some).ok_or_else(wrong)
}

/// The references of an event: what joins evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject(Vec<(Reference, Id)>);

impl Subject {
    fn of(view: View<'_>) -> Self {
        let one = |(name, view): (&str, View<'_>)| {
            Some((Reference::parse(name)?, Id::from(view.plain()?)))
        };
        Self(view.members().filter_map(one).collect())
    }

    /// The id that stands under this reference.
    pub fn get(&self, reference: Reference) -> Option<&Id> {
        self.0.iter().find(|(name, _)| *name == reference).map(|(_, id)| id)
    }

    /// All references, by their names.
    pub fn iter(&self) -> impl Iterator<Item = (Reference, &Id)> {
        self.0.iter().map(|(reference, id)| (*reference, id))
    }

    /// The id under a reference that the type demands.
    pub(super) fn required<T: Referred>(&self, name: &str) -> Option<T> {
        T::referred(self.get(Reference::parse(name)?)?)
    }
}

/// What a reference is read as: an artifact by its digest, all else by restricted ids.
pub(super) trait Referred: Sized {
    fn referred(id: &Id) -> Option<Self>;
}

impl Referred for Id {
    fn referred(id: &Id) -> Option<Self> {
        Some(id.clone())
    }
}

impl Referred for Sha256 {
    fn referred(id: &Id) -> Option<Self> {
        Self::from_reference(id.as_str())
    }
}
