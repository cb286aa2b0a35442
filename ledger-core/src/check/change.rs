//! Change: tests about what goes to production and how it got there.

pub mod approved;

use super::{Kind, Severity, Test};

/// T01 to T12.
pub const TESTS: &[Test] = &[approved::TEST];

/// A deployment whose environment no system declares.
pub const UNDECLARED: Kind = Kind::undecided(
    "environment-undeclared",
    Severity::High,
    "no registered system has this environment, so nobody can say whether it is production",
);
