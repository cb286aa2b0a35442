//! Layer: one question about a package, and what came of it.

use crate::error::{Error, Kind, Result};
use crate::verify::Verdict;

/// The most faults that a layer lists; the others are counted.
const LISTED: usize = 20;

/// Something that is wrong, or that cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The member, or the place within it.
    pub place: String,
    /// The stable code.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
}

/// What came of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its name, the same in the page.
    pub name: &'static str,
    /// The answer.
    pub verdict: Verdict,
    /// What was looked at, in a few words.
    pub looked_at: String,
    /// What is wrong or cannot be told; at most 20.
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub more: usize,
}

/// A layer that is being looked at.
#[derive(Debug, Default)]
pub(super) struct Bench {
    faults: Vec<Fault>,
    more: usize,
    untrue: bool,
    unknown: bool,
}

impl Bench {
    /// Keeps what went wrong at a place; what could not be reached cannot be told.
    pub(super) fn hold<T>(&mut self, place: &str, outcome: Result<T>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                self.unknown |= error.kind() == Kind::Unavailable;
                self.untrue |= error.kind() != Kind::Unavailable;
                self.keep(place, &error);
                None
            }
        }
    }

    /// Refuses unless it is so.
    pub(super) fn demand(
        &mut self,
        so: bool,
        place: &str,
        code: &'static str,
        message: &str,
    ) -> bool {
        let outcome = if so { Ok(()) } else { Err(Error::untrue(code, message)) };
        self.hold(place, outcome).is_some()
    }

    /// Keeps what is not there to tell.
    pub(super) fn lack(&mut self, place: &str, code: &'static str, message: &str) {
        self.hold::<()>(place, Err(Error::unavailable(code, message)));
    }

    fn keep(&mut self, place: &str, error: &Error) {
        if self.faults.len() == LISTED {
            self.more += 1;
            return;
        }
        let place = match error.place() {
            Some(within) if place.is_empty() => within.to_owned(),
            Some(within) => format!("{place}: {within}"),
            None => place.to_owned(),
        };
        self.faults.push(Fault { place, code: error.code(), message: error.message().to_owned() });
    }

    /// The layer, once everything was looked at.
    pub(super) fn layer(self, name: &'static str, looked_at: impl Into<String>) -> Layer {
        let verdict = if self.untrue {
            Verdict::DoesNotHold
        } else if self.unknown {
            Verdict::CannotTell
        } else {
            Verdict::Holds
        };
        Layer { name, verdict, looked_at: looked_at.into(), faults: self.faults, more: self.more }
    }
}

/// A layer that was not looked at, because of what another one found.
pub(super) fn unseen(name: &'static str) -> Layer {
    let mut bench = Bench::default();
    bench.lack("", "evidence-unseen", "it was not looked at: what it stands on does not hold");
    bench.layer(name, "")
}
