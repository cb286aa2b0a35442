//! Access: tests about who may do what, T13 to T20.

use super::Test;

/// T13 to T20.
pub const TESTS: &[Test] = &[];
