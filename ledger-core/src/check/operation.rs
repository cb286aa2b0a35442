//! Operation: tests about what has to be done at its time, T21 to T24.

pub mod activity;
pub mod document;
mod object;

use super::Test;

/// T21 to T24.
pub const TESTS: &[Test] = &[activity::TEST, document::TEST];
