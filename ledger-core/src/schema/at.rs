//! A place in an event; it becomes a pointer only when somebody has to be told.

use std::fmt;

/// A value's place: the steps from the event's root, kept on the stack of whoever walks there.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Item(usize),
}

impl<'a> At<'a> {
    /// A member of the event itself.
    pub(super) fn top(name: &'a str) -> Self {
        Self { parent: None, step: Step::Name(name) }
    }

    /// A member of the object here.
    pub(super) fn name(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Name(name) }
    }

    /// An item of the list here, from 0.
    pub(super) fn item(&'a self, position: usize) -> Self {
        Self { parent: Some(self), step: Step::Item(position) }
    }

    /// Whether the JSON pointer leads here.
    pub(super) fn is(&self, pointer: &str) -> bool {
        let Some((before, last)) = pointer.rsplit_once('/') else { return false };
        let step = match self.step {
            Step::Name(name) => last == name,
            Step::Item(position) => last.parse() == Ok(position),
        };
        step && match self.parent {
            Some(parent) => parent.is(before),
            None => before.is_empty(),
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Name(name) => write!(f, "/{name}"),
            Step::Item(position) => write!(f, "/{position}"),
        }
    }
}
