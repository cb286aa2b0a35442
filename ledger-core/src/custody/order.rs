//! What an order of the log means for each text and each person in the vault.

use std::borrow::Cow;

use crate::json::{Document, Names};
use crate::retention::{Class, Order};
use crate::vault::record::Person;
use crate::vault::texts::{Frame, Text};

use super::absorb::known;
use super::needle::Needles;

/// Whether a text goes by an order: a name with its person, a text with all whom it is bound to, and
/// a text that names the person wherever it stands.
pub(super) fn goes(
    order: &Order,
    frame: &Frame<'_>,
    text: Option<&Text>,
    needles: Option<&Needles>,
) -> bool {
    let bound = frame.head.persons.contains(&order.person);
    let identity =
        frame.head.persons.len() == 1 && text.is_some_and(|t| known(&t.disclosure.value).is_some());
    if identity {
        return bound && order.erases(Class::Identity);
    }
    if !order.erases(Class::Text) {
        return false;
    }
    bound || text.zip(needles).is_some_and(|(text, needles)| needles.found_in(&plain(text)))
}

/// What is left of a person after an order; none when nothing is.
pub(super) fn after(order: &Order, mut person: Person) -> Option<Person> {
    if order.erases(Class::Identity) {
        person.known.clear();
        if !order.says(Class::Text, "restrict") && !order.says(Class::Text, "refuse") {
            // the data key goes with the record
            return None;
        }
    }
    if order.restricts() {
        person.restricted_by = Some(order.entry);
    }
    Some(person)
}

/// The text as a person reads it.
pub(super) fn plain(text: &Text) -> String {
    let mut document = Document::default();
    let view = document.parse(&text.disclosure.value, Names::Plain).ok();
    let plain = view.and_then(|view| view.text()).map(Cow::into_owned);
    plain.unwrap_or_else(|| String::from_utf8_lossy(&text.disclosure.value).into_owned())
}
