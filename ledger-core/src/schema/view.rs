//! View: how a typed view of an event is filled.
//!
//! It is given out only for an event in which its schema holds, so a required field is there, and an
//! optional one that is absent was left out by its producer.

use super::typed::{Id, Place};
use super::words::Reference;
use super::{EventType, check};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::json::View;

/// The view of an entry's event, if it is of that type.
pub(super) fn of<'a, T>(
    entry: &Entry<'a>,
    known: &EventType,
    fill: impl FnOnce(Subject<'a>, Place<'_, 'a>) -> Option<T>,
) -> Result<Option<T>> {
    let event = &entry.event;
    if event.kind != known.name {
        return Ok(None);
    }
    check::holds(event, known)?;
    let wrong = || Error::refused("schema-value", "the event is not what its schema says");
    let data = event.root.get("data").ok_or_else(wrong)?;
    let subject = Subject { view: event.root.get("subject") };
    fill(subject, Place::top("data", data, &entry.persons)).map(Some).ok_or_else(wrong)
}

/// The references of an event: what joins evidence.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    view: Option<View<'a>>,
}

impl<'a> Subject<'a> {
    /// The id that stands under this reference.
    pub fn get(&self, reference: Reference) -> Option<Id<'a>> {
        self.required(reference.as_str())
    }

    /// The id under a reference that the type demands.
    pub(super) fn required<T: From<Id<'a>>>(&self, name: &str) -> Option<T> {
        self.view?.get(name)?.plain().map(|text| T::from(Id::of(text)))
    }
}
