//! Evidence: whether a gate's verdict follows from what it names.

use std::collections::BTreeMap;

use crate::check::Context;
use crate::fact::{Said, Table};
use crate::hash::Sha256;
use crate::schema::build::TestCompleted;
use crate::schema::gate::{EvaluatorMode, GateEvaluated};
use crate::schema::words::{CheckOutcome, Reference, Verdict};

/// What a verdict comes to when it is computed again.
pub(crate) enum Support {
    Passed(Vec<u64>),
    Failed(String, Vec<u64>),
    Unknown(String, Vec<u64>),
}

/// Computes a verdict again from the tests and scans below it.
pub(crate) fn support(
    context: &Context<'_>,
    row: &Said<GateEvaluated>,
    artifact: Sha256,
) -> Support {
    let gate = &row.gate;
    let own = |verdict: &str| format!("gate {gate} had said {verdict} (entry {})", row.at.index);
    match row.verdict {
        Verdict::Fail => return Support::Failed(own("fail"), Vec::new()),
        Verdict::Indeterminate => return Support::Unknown(own("indeterminate"), Vec::new()),
        Verdict::Pass => {}
    }
    // what a source outside computed is its word, told by a connector
    let told = row.at.relayed && row.evaluator.mode == EvaluatorMode::Reported;
    let mut read = Vec::new();
    for input in row.inputs.iter() {
        let but = |why: &str| format!("{}, but its input {} {why}", own("pass"), input.name);
        match input.result {
            Verdict::Fail => return Support::Failed(but("failed"), read),
            Verdict::Indeterminate => return Support::Unknown(but("could not be told"), read),
            Verdict::Pass if told => continue,
            Verdict::Pass => {}
        }
        let named = input.entries.as_deref().unwrap_or_default();
        if named.is_empty() || named.iter().any(|index| *index >= row.at.index) {
            return Support::Unknown(but("names no evidence before it"), read);
        }
        for index in named {
            read.push(*index);
            let facts = context.facts;
            let test = at(&facts.test_completed, *index).map(|test| (test.artifact, test.outcome));
            let scan = at(&facts.scan_completed, *index).map(|scan| (scan.artifact, scan.outcome));
            match test.or(scan) {
                Some((other, _)) if other != artifact => {
                    return Support::Failed(but("is about another artifact"), read);
                }
                Some((_, outcome)) if outcome != CheckOutcome::Passed => {
                    return Support::Failed(
                        but(&format!("stands on entry {index}: {outcome}")),
                        read,
                    );
                }
                Some(_) => {
                    match at(&facts.test_completed, *index).map(|test| ran(context, row, test)) {
                        Some(Err(Ran::Wrong(why))) => {
                            let why = but(&format!("stands on entry {index}, {why}"));
                            return Support::Failed(why, read);
                        }
                        Some(Err(Ran::InPart(why))) => {
                            let why = but(&format!("stands on entry {index}, {why}"));
                            return Support::Unknown(why, read);
                        }
                        Some(Ok(parts)) => read.extend(parts),
                        None => {}
                    }
                }
                None if is_evidence(context, *index) => {}
                None => {
                    return Support::Unknown(
                        but(&format!("names entry {index}, which shows nothing")),
                        read,
                    );
                }
            }
        }
    }
    Support::Passed(read)
}

/// Why a test that says it passed shows nothing.
enum Ran {
    /// Its own numbers say otherwise.
    Wrong(String),
    /// Parts of it are missing.
    InPart(String),
}

/// Whether the tests of a run ran and passed, in all its parts; the entries of the others.
fn ran(
    context: &Context<'_>,
    verdict: &Said<GateEvaluated>,
    test: &Said<TestCompleted>,
) -> Result<Vec<u64>, Ran> {
    let counts = &test.counts;
    let red = counts.failed.saturating_add(counts.errors);
    if red > 0 {
        return Err(Ran::Wrong(format!("which counts {red} failures")));
    }
    if counts.passed == 0 {
        return Err(Ran::Wrong("in which no test ran".to_owned()));
    }
    let Some(shard) = &test.what.shard else { return Ok(Vec::new()) };
    let artifact = test.artifact.to_reference();
    let rows = context.facts.test_completed.of(Reference::Artifact, &artifact);
    let mut parts: BTreeMap<u64, u64> = BTreeMap::new();
    for row in rows.filter(|row| row.at.index < verdict.at.index) {
        let same = (&row.what.suite, row.attempt) == (&test.what.suite, test.attempt);
        let Some(other) = row.what.shard.as_ref().filter(|other| other.group == shard.group) else {
            continue;
        };
        let green = row.counts.failed == 0 && row.counts.errors == 0 && row.counts.passed > 0;
        if same && green && row.outcome == CheckOutcome::Passed {
            parts.insert(other.index, row.at.index);
        }
    }
    if (parts.len() as u64) < shard.of {
        let (found, of) = (parts.len(), shard.of);
        return Err(Ran::InPart(format!("of whose {of} parts {found} passed")));
    }
    Ok(parts.into_values().collect())
}

/// Whether an entry is one that a gate may stand on, beside tests and scans.
fn is_evidence(context: &Context<'_>, index: u64) -> bool {
    let facts = context.facts;
    at(&facts.metric_sampled, index).is_some()
        || at(&facts.contract_verified, index).is_some()
        || at(&facts.environment_compared, index).is_some()
        || at(&facts.test_data_attested, index).is_some()
        || at(&facts.finding_changed, index).is_some()
        || at(&facts.code_reviewed, index).is_some()
        || at(&facts.readiness_scored, index).is_some()
        || at(&facts.monitoring_verified, index).is_some()
        || at(&facts.canary_evaluated, index).is_some()
}

/// The row of an entry.
fn at<T>(table: &Table<T>, index: u64) -> Option<&Said<T>> {
    let rows = table.all();
    let found = rows.binary_search_by_key(&index, |row| row.at.index).ok()?;
    rows.get(found)
}
