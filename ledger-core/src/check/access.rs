//! Access: tests about who may do what, T13 to T20.

mod activity;
pub(crate) mod campaign;
pub(crate) mod changes;
mod expiry;
pub(crate) mod fitness;
pub mod grant;
pub(crate) mod hierarchy;
pub mod hygiene;
pub(crate) mod independence;
pub mod leaver;
mod mitigation;
pub mod mover;
pub(crate) mod observed;
pub mod remediation;
pub mod review;
mod reviewer;
pub(crate) mod ruled;
pub mod session;
pub mod standing;
mod timebox;

use super::Test;

/// T13 to T20.
pub const TESTS: &[Test] = &[
    grant::TEST,
    leaver::TEST,
    mover::TEST,
    session::TEST,
    standing::TEST,
    review::TEST,
    remediation::TEST,
    hygiene::TEST,
];
