//! Metric: how often, how fast and how safely releases go out, each number with what it stands on.
//!
//! Spec page: `spec/metric.md`. What each metric is, is data (`controls/metrics.toml`, [`Definitions`]);
//! how it is computed is a function here, one for each. A function gives members: items with what they
//! add to numerator and denominator, or what was measured of them, and the entries that say so. The
//! value is summed up from these alone, for all services and for each. What cannot be told is counted
//! apart and never counts as good; what a metric is not about is counted with its reason.

mod access;
mod arithmetic;
mod assurance;
mod carried;
mod commit;
mod definition;
mod delivery;
mod desk;
mod document;
mod draw;
mod emergency;
mod failure;
mod ground;
mod learned;
mod member;
mod prepared;
mod quality;
mod record;
mod release;
mod repair;
mod series;
mod value;

pub use arithmetic::{hundredths, median, percent, quantile, wilson};
pub use definition::{Aggregation, Definition, Definitions, Unit, Weight};
pub use draw::Listed;
pub use ground::Ground;
pub use member::{Adds, Member};
pub use series::Week;
pub use value::{Spread, Value};

use rayon::prelude::*;

use self::desk::Desk;
use self::draw::Draw;
use self::value::Tally;
use crate::check::{Parameters, Period};
use crate::error::{Error, Result};
use crate::schema::rules::PolicyKind;
use crate::time::Timestamp;

/// One metric, computed.
#[derive(Clone, Debug)]
pub struct Metric {
    /// What it is.
    pub definition: Definition,
    /// What it is made of, by time; empty where there are too many, and the values are listed instead.
    pub members: Vec<Member>,
    /// What has to be known beside it, item by item.
    pub listed: Vec<Listed>,
    /// The values: first for all services, then by service; each first as a whole, then by line.
    pub values: Vec<Value>,
}

/// All metrics over a period.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// The version of the definitions.
    pub version: String,
    /// SHA-256 of the text of the definitions.
    pub digest: crate::hash::Sha256,
    /// Below so many items a value means nothing.
    pub minimum_n: u64,
    /// The period.
    pub period: Period,
    /// Until when anything is known.
    pub now: Timestamp,
    /// The metrics, in the order of the definitions.
    pub metrics: Vec<Metric>,
    /// What was changed about metrics: other definitions put into force, and values set aside.
    pub changes: Vec<Listed>,
}

type Function = fn(&Desk<'_>, &Definition) -> Result<Draw>;

/// How each metric is computed. Each has its definition, and each definition is here: a test holds it.
const FUNCTIONS: &[(&str, Function)] = &[
    ("deployment-frequency", |desk, _| Ok(delivery::frequency(desk))),
    ("change-lead-time", |desk, _| Ok(delivery::lead_time(desk))),
    ("change-lead-time-per-deployment", |desk, _| Ok(delivery::lead_time_per_deployment(desk))),
    ("batch-size", |desk, _| Ok(delivery::batch_size(desk))),
    ("change-fail-rate", |desk, _| Ok(failure::change_fail_rate(desk))),
    ("failed-deployment-recovery-time", |desk, _| Ok(failure::recovery_time(desk))),
    ("mttr-all-incidents", |desk, _| Ok(failure::all_incidents(desk))),
    ("deployment-rework-rate", |desk, _| Ok(failure::rework_rate(desk))),
    ("change-success-by-class", |desk, _| Ok(failure::success_by_class(desk))),
    ("approval-lead-time", |desk, _| Ok(delivery::approval_lead_time(desk))),
    ("approval-to-start", |desk, _| Ok(delivery::approval_to_start(desk))),
    ("emergency-ratio", |desk, _| Ok(emergency::ratio(desk))),
    ("after-hours-share", |desk, _| Ok(emergency::after_hours(desk))),
    ("ratified-in-time", |desk, _| emergency::ratified_in_time(desk)),
    ("ratification-time", |desk, _| emergency::ratification_time(desk)),
    ("rollback-rate", |desk, _| Ok(failure::rollback_rate(desk))),
    ("freeze-exception-rate", |desk, _| emergency::freeze_exceptions(desk)),
    ("defect-escape-rate", |desk, _| Ok(release::escape_rate(desk))),
    ("defect-escape-rate-weighted", |desk, _| Ok(release::escape_rate_weighted(desk))),
    ("test-pass-ratio", |desk, _| Ok(quality::test_pass_ratio(desk))),
    ("gate-first-pass-yield", |desk, _| Ok(quality::first_pass_yield(desk))),
    ("waiver-rate", |desk, _| quality::waiver_rate(desk)),
    ("readiness-score", |desk, _| Ok(release::readiness(desk))),
    ("traceability-coverage", |desk, _| Ok(record::traceability(desk))),
    ("record-timeliness", |desk, definition| Ok(record::lags(desk, definition))),
    ("record-timeliness-p95", |desk, definition| Ok(record::lags(desk, definition))),
    ("population-explained", |desk, _| Ok(record::explained(desk))),
    ("removal-in-time", |desk, _| access::removed_in_time(desk)),
    ("removal-time", |desk, _| access::removal_time(desk)),
    ("verified-revocation", |desk, _| access::verified_revocation(desk)),
    ("control-health", |desk, _| Ok(assurance::control_health(desk))),
    ("exception-ageing", |desk, _| Ok(assurance::exception_ageing(desk))),
    ("contracts-verified", |desk, _| Ok(prepared::contracts(desk))),
    ("rollback-drilled", |desk, _| Ok(prepared::rollback_drilled(desk))),
    ("monitored-at-first", |desk, _| Ok(prepared::monitored(desk))),
    ("impact-acknowledged", |desk, _| Ok(prepared::acknowledged(desk))),
    ("told-before", |desk, _| Ok(prepared::told_before(desk))),
    ("told-by-class", |desk, _| Ok(prepared::told_by_class(desk))),
    ("readiness-reviewed", |desk, _| Ok(prepared::reviewed(desk))),
    ("vendor-assured", |desk, _| Ok(prepared::vendors(desk))),
    ("telemetry-before-release", |desk, _| Ok(prepared::telemetry(desk))),
    ("smoke-tested-in-time", |desk, _| Ok(carried::smoke_tested(desk))),
    ("watched-in-time", |desk, _| Ok(carried::watched(desk))),
    ("one-at-a-time", |desk, _| Ok(carried::one_at_a_time(desk))),
    ("shards-complete", |desk, _| Ok(carried::shards(desk))),
    ("canary-breaches-stopped", |desk, _| Ok(carried::canaries(desk))),
    ("deployed-as-composed", |desk, _| Ok(carried::composed(desk))),
    ("milestones-reached", |desk, _| Ok(carried::milestones(desk))),
    ("severe-incidents-linked", |desk, _| Ok(learned::linked(desk))),
    ("feedback-against-baseline", |desk, _| Ok(learned::feedback(desk))),
    ("debts-paid-in-time", |desk, _| Ok(learned::debts(desk))),
    ("flags-looked-after", |desk, _| Ok(learned::flags(desk))),
    ("causes-led-to-rules", |desk, _| Ok(learned::rules_changed(desk))),
    ("conflicts-settled", |desk, _| Ok(learned::conflicts(desk))),
    ("tested-by-level", |desk, _| Ok(learned::levels(desk))),
    ("environment-parity", |desk, _| Ok(learned::parity(desk))),
    ("test-data-isolated", |desk, _| Ok(learned::test_data(desk))),
];

/// Computes all metrics, on all cores.
///
/// Codes `metric-unknown` (a definition that no function computes), `parameter-*` of the limits.
pub fn measure(ground: &Ground<'_>) -> Result<Metrics> {
    let limits = Parameters::default();
    let desk = Desk::of(ground, &limits);
    let one = |definition: &Definition| -> Result<Metric> {
        let function = FUNCTIONS.iter().find(|(id, _)| *id == definition.id);
        let Some((_, function)) = function else {
            let message = format!("nothing computes a metric `{}`", definition.id);
            return Err(Error::refused("metric-unknown", message));
        };
        Ok(finish(definition, ground.definitions.minimum_n, function(&desk, definition)?))
    };
    let metrics = ground.definitions.metrics.par_iter().with_max_len(1).map(one);
    Ok(Metrics {
        version: ground.definitions.version.clone(),
        digest: ground.definitions.digest,
        minimum_n: ground.definitions.minimum_n,
        period: ground.period,
        now: ground.now,
        metrics: metrics.collect::<Result<_>>()?,
        changes: changes(ground),
    })
}

fn finish(definition: &Definition, minimum: u64, draw: Draw) -> Metric {
    let Draw { mut members, mut listed, services, words, values, interval } = draw;
    // by time, not by the order in which anything was recorded
    members.sort_by(|a, b| (a.at, &a.item, &a.line).cmp(&(b.at, &b.item, &b.line)));
    listed.sort_by(|a, b| (&a.item, &a.sentence).cmp(&(&b.item, &b.sentence)));
    let mut values = values.unwrap_or_else(|| {
        let mut tally = Tally::default();
        for service in &services {
            tally.show(service);
        }
        for member in &members {
            tally.take(member);
        }
        tally.values(definition, minimum, interval)
    });
    for value in values.iter_mut().filter(|value| value.line.is_none()) {
        value.word = words.get(&value.service).copied();
    }
    Metric { definition: definition.clone(), members, listed, values }
}

/// What was changed about metrics in the period: definitions need a rationale, and a value that was set
/// aside has its owner and reason by the schema of its event.
fn changes(ground: &Ground<'_>) -> Vec<Listed> {
    let facts = ground.facts;
    let changed = facts.policy_changed.all().iter().filter(|row| {
        matches!(row.kind, PolicyKind::Metrics | PolicyKind::Weights)
            && ground.period.has(row.effective_from)
    });
    let mut listed: Vec<Listed> = changed
        .map(|row| {
            let why =
                if row.rationale.is_some() { "with its reason" } else { "without any reason" };
            let sentence = format!(
                "{} {} are {} from {}, {why}",
                row.kind,
                row.policy,
                row.after.to_reference(),
                row.effective_from
            );
            Listed::new(row.policy.as_str(), sentence, [row.at.index])
        })
        .collect();
    let sampled = facts.metric_sampled.all().iter();
    let aside =
        sampled.filter(|row| ground.period.has(row.at.occurred) && row.r#override.is_some());
    listed.extend(aside.map(|row| {
        let sentence = format!(
            "{} of {} in {} was {} {}, and its owner set that aside, with a reason",
            row.name,
            row.service,
            row.environment,
            row.value.as_str(),
            row.unit
        );
        Listed::new(row.name.as_str(), sentence, [row.at.index])
    }));
    listed.sort_by(|a, b| {
        (&a.item, &a.sentence, &a.entries).cmp(&(&b.item, &b.sentence, &b.entries))
    });
    listed
}

impl Metrics {
    /// The metric of that id.
    pub fn metric(&self, id: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.definition.id == id)
    }

    /// A metric week by week, for one service or all; none of a metric that is not there.
    pub fn weeks(&self, id: &str, service: Option<&str>) -> Option<Vec<Week>> {
        let metric = self.metric(id)?;
        let (definition, members) = (&metric.definition, &metric.members);
        Some(series::weeks(definition, self.minimum_n, self.period, members, service))
    }
}

impl Metric {
    /// The value for one service, or for all, as a whole.
    pub fn value(&self, service: Option<&str>) -> Option<&Value> {
        self.values.iter().find(|v| v.line.is_none() && v.service.as_deref() == service)
    }

    /// What was measured for one service, or for all, ascending, in microseconds.
    pub fn measured(&self, service: Option<&str>) -> Vec<u64> {
        let of =
            |member: &&Member| service.is_none_or(|name| member.services.iter().any(|s| s == name));
        let micros = |member: &Member| match member.adds {
            Adds::Measured(micros) => Some(micros),
            _ => None,
        };
        let mut all: Vec<u64> = self.members.iter().filter(of).filter_map(micros).collect();
        all.sort_unstable();
        all
    }

    /// The values by line for one service, or for all.
    pub fn lines<'m>(&'m self, service: Option<&'m str>) -> impl Iterator<Item = &'m Value> {
        self.values.iter().filter(move |v| v.line.is_some() && v.service.as_deref() == service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A definition that is written and not computed, or computed and not written, is an error.
    #[test]
    fn each_metric_has_its_function() {
        let definitions = Definitions::shipped().unwrap();
        let written: Vec<&str> =
            definitions.metrics.iter().map(|known| known.id.as_str()).collect();
        let computed: Vec<&str> = FUNCTIONS.iter().map(|(id, _)| *id).collect();
        assert_eq!(written, computed);
        assert_eq!(written.len(), 57);
    }
}
