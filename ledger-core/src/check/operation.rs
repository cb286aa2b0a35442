//! Operation: tests about what has to be done at its time, T21 to T24.

use super::Test;

/// T21 to T24.
pub const TESTS: &[Test] = &[];
