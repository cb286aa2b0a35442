//! Access: tests about who may do what, T13 to T20.

mod activity;
mod expiry;
pub mod grant;
pub mod hygiene;
pub mod leaver;
mod observed;
pub mod session;

use super::Test;

/// T13 to T20.
pub const TESTS: &[Test] = &[grant::TEST, leaver::TEST, session::TEST, hygiene::TEST];
