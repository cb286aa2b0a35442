//! Matrix: which duties one person must not hold at once, and what may make up for it.

use crate::check::Severity;

/// How far two duties reach to be in conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In one system.
    SameSystem,
    /// Wherever they are held.
    Any,
}

/// The first duty is in conflict with each of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id, `S01` and on.
    pub id: String,
    /// The duty that is in conflict with the others.
    pub duty: String,
    /// The others.
    pub against: Vec<String>,
    /// How far they reach.
    pub reach: Reach,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it is judged by what is held, not only by what is done in one matter.
    pub standing: bool,
    /// Whether one of the duties must come from a secret that the person can read.
    pub through_secret: bool,
    /// Tests that must have run without findings to make up for it; none allows nothing to.
    pub mitigation: Vec<String>,
}

/// All rules in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// The rules, by their ids.
    pub rules: Vec<Rule>,
}

impl Rule {
    /// The conflicts of the rule in what is held: each pair of duties.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.against.iter().map(|other| (self.duty.as_str(), other.as_str()))
    }
}
