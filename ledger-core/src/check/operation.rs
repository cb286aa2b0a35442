//! Operation: tests about what has to be done at its time, T21 to T24.

pub mod activity;
pub mod clock;
pub mod document;
mod limits;
mod object;
pub mod run;
mod slot;

use super::Test;

/// T21 to T24.
pub const TESTS: &[Test] = &[activity::TEST, run::TEST, clock::TEST, document::TEST];
