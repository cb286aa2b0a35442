//! Ground: what metrics are computed over, and as which definitions say.

use super::definition::Definitions;
use crate::check::{Attachments, Calendar, Period};
use crate::control::Resolved;
use crate::evaluate::Evaluation;
use crate::fact::Facts;
use crate::time::Timestamp;

/// What metrics are computed over.
#[derive(Clone, Copy)]
pub struct Ground<'g> {
    /// The facts.
    pub facts: &'g Facts,
    /// Lists that are too long for an event.
    pub attachments: &'g dyn Attachments,
    /// What the metrics are.
    pub definitions: &'g Definitions,
    /// The limits of the tests that some metrics are told by.
    pub resolved: &'g Resolved,
    /// Days on which work is done.
    pub calendar: &'g Calendar,
    /// What the controls came to over the period, if they were evaluated.
    pub evaluation: Option<&'g Evaluation>,
    /// Which items: those that occurred in it.
    pub period: Period,
    /// Until when anything is known: clocks that still run are judged by it.
    pub now: Timestamp,
}

impl std::fmt::Debug for Ground<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ground").field("period", &self.period).finish_non_exhaustive()
    }
}
