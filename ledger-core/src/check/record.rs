//! Record: tests about the records themselves, T25 to T29.

mod acceptance;
mod case;
mod detector;
pub mod exception;
pub mod intact;
mod lag;
pub mod payload;
pub mod retention;
pub mod source;

use super::Test;

/// T25 to T29.
pub const TESTS: &[Test] =
    &[intact::TEST, source::TEST, retention::TEST, payload::TEST, exception::TEST];
