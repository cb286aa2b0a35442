//! Access: tests about who may do what, T13 to T20.

mod activity;
mod campaign;
mod changes;
mod expiry;
pub mod grant;
mod hierarchy;
pub mod hygiene;
pub mod leaver;
pub mod matrix;
mod mitigation;
pub mod mover;
mod observed;
pub mod remediation;
pub mod review;
mod reviewer;
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
