//! Case: all that was said about one exception.

use crate::check::Severity;
use crate::fact::Said;
use crate::schema::records::{Disposition, ExceptionChanged, ExceptionState};
use crate::schema::words::Severity as Grade;
use crate::time::Timestamp;

pub(super) type Changed = Said<ExceptionChanged>;

/// All that was said about one exception.
pub(super) struct Case<'c> {
    pub(super) id: &'c str,
    pub(super) rows: Vec<&'c Changed>,
    pub(super) raised: Timestamp,
    pub(super) grade: Grade,
    pub(super) disposition: Option<(&'c Changed, Disposition)>,
}

/// The two names of one scale.
pub(super) fn grade_of(grade: Grade) -> Severity {
    match grade {
        Grade::Sev1 => Severity::Critical,
        Grade::Sev2 => Severity::High,
        Grade::Sev3 => Severity::Medium,
        Grade::Sev4 => Severity::Low,
        Grade::Sev5 => Severity::Info,
    }
}

impl Case<'_> {
    pub(super) fn words(&self) -> String {
        let grade = grade_of(self.grade).as_str();
        format!("exception {} of severity {grade} was raised at {}", self.id, self.raised)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = u64> {
        self.rows.iter().map(|row| row.at.index)
    }

    pub(super) fn reached(&self, state: ExceptionState) -> Option<&Changed> {
        self.rows.iter().find(|row| row.state == state).copied()
    }
}
