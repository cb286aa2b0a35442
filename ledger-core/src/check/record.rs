//! Record: tests about the records themselves, T25 to T29.

use super::Test;

/// T25 to T29.
pub const TESTS: &[Test] = &[];
