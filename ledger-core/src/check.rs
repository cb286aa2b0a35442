//! Check: the automated tests of controls, T01 to T29, over facts.
//!
//! Spec page: `spec/check.md`. A [`Test`] goes through a whole population and says about each item
//! what it read and what is wrong with it. It decides nothing else: which control asks, for which
//! regime and period, and with which limits, comes with the [`Context`]. Missing evidence is never a
//! pass: what cannot be told is an exception of its own kind.

pub mod access;
mod calendar;
pub mod change;
mod context;
mod item;
pub mod matrix;
pub mod operation;
mod parameter;
pub mod record;
pub mod scope;
mod values;
mod words;

pub use calendar::Calendar;
pub use context::{Attachments, Context, Other, Period};
pub use item::{Census, Exception, Item, Kind, Severity, State};
pub use parameter::{Direction, Parameter, Parameters, Value, micros};
pub use values::Values;
pub use words::{entries, span};

/// One automated test.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// `T01` to `T29`.
    pub id: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// The version of its rule; a changed rule has another.
    pub version: &'static str,
    /// What an item is, in the words of a report.
    pub population: &'static str,
    /// When an item passes, in one or two sentences.
    pub rule: &'static str,
    /// Its limits.
    pub parameters: &'static [Parameter],
    /// What can be wrong with an item.
    pub kinds: &'static [Kind],
    /// Goes through the population.
    pub run: fn(&Context<'_>) -> Census,
}

/// All tests, by the rooms they stand in; their ids ascend.
const ROOMS: &[&[Test]] = &[change::TESTS, access::TESTS, operation::TESTS, record::TESTS];

/// All tests, by their ids.
pub fn all() -> impl Iterator<Item = &'static Test> {
    ROOMS.iter().copied().flatten()
}

/// The test of that id.
pub fn find(id: &str) -> Option<&'static Test> {
    all().find(|test| test.id == id)
}
