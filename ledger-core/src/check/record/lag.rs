//! Lag: how long it takes until what happened is recorded.

use crate::check::Context;
use crate::fact::{At, Facts, Table};
use crate::schema::typed::Id;

/// The 95th percentile of the lag of what happened in the period, and the entry that has it; none of
/// nothing, or of a population that is no event type with such times.
///
/// Where the source has a key of its own, only what that key signed counts.
pub(super) fn of(context: &Context<'_>, population: &str, key: Option<&Id>) -> Option<(u64, u64)> {
    let mut lags: Vec<(u64, u64)> = rows(context.facts, population)
        .into_iter()
        .filter(|at| context.period.has(at.occurred))
        .filter(|at| {
            key.is_none_or(|key| at.key.is_some_and(|own| own.to_string() == key.as_str()))
        })
        .map(|at| (at.lag(), at.index))
        .collect();
    lags.sort_unstable();
    // the least of which at most one in twenty is longer
    let place = (lags.len() * 19).div_ceil(20).checked_sub(1)?;
    lags.get(place).copied()
}

fn rows<'f>(facts: &'f Facts, population: &str) -> Vec<&'f At> {
    fn ats<T>(table: &Table<T>) -> Vec<&At> {
        table.all().iter().map(|row| &row.at).collect()
    }
    match population {
        "access.changed" => ats(&facts.access_changed),
        "access.observed" => ats(&facts.access_observed),
        "approval.decided" => ats(&facts.approval_decided),
        "artifact.recorded" => ats(&facts.artifact_recorded),
        "backup.run" => ats(&facts.backup_run),
        "change.recorded" => ats(&facts.change_recorded),
        "code.reviewed" => ats(&facts.code_reviewed),
        "config.changed" => ats(&facts.config_changed),
        "deployment.finished" => ats(&facts.deployment_finished),
        "deployment.started" => ats(&facts.deployment_started),
        "incident.changed" => ats(&facts.incident_changed),
        "job.run" => ats(&facts.job_run),
        "person.changed" => ats(&facts.person_changed),
        "pipeline.run" => ats(&facts.pipeline_run),
        "scan.completed" => ats(&facts.scan_completed),
        "session.elevated" => ats(&facts.session_elevated),
        "source.pushed" => ats(&facts.source_pushed),
        "test.completed" => ats(&facts.test_completed),
        _ => Vec::new(),
    }
}
