//! Record: tests about the records themselves, T25 to T29.

pub mod exception;
mod lag;
pub mod source;

use super::Test;

/// T25 to T29.
pub const TESTS: &[Test] = &[source::TEST, exception::TEST];
