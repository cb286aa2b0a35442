//! Gates, measurements and readiness: may it go on?
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::typed::{Decimal, Digest, Filled, Flag, Id, Person, Sealed};
use super::words::{CheckOutcome, Verdict, Window};
use crate::time::Timestamp;

words! {
    /// What a gate guards.
    GateKind {
        Quality = "quality", Security = "security", Privacy = "privacy", Release = "release",
    }
}

words! {
    /// Whether a verdict was computed here or told by another system.
    EvaluatorMode { Computed = "computed", Reported = "reported" }
}

object! {
    /// What evaluated a gate.
    Evaluator<'a> { mode: EvaluatorMode, name: Id<'a>, version: Id<'a> }
}

object! {
    /// One condition of a gate; without a value there was no evidence.
    Input<'a> {
        entries: Option<Vec<u64>>, name: Id<'a>, result: Verdict, threshold: Option<Decimal<'a>>,
        value: Option<Decimal<'a>>,
    }
}

object! {
    /// Metrics that disagree, and who decided by which rule.
    Conflict<'a> { decided_by: Person, metrics: Filled<Id<'a>>, rule: Id<'a> }
}

event! {
    /// a gate gave its verdict on an artifact
    GateEvaluated = "gate.evaluated"
    subject(artifact, environment) need(Gate) actor(true)
    {
        as_of: Timestamp, attempt: u64, conflicts: Option<Vec<Conflict<'a>>>,
        criticality: Option<Id<'a>>, evaluator: Evaluator<'a>, gate: Id<'a>,
        inputs: Filled<Input<'a>>, kind: GateKind, policy_digest: Digest<'a>, retrospective: Flag,
        score: Option<Decimal<'a>>, strictness: Option<Id<'a>>, verdict: Verdict,
    }
}

event! {
    /// a person let an artifact pass a gate for a time
    GateWaived = "gate.waived"
    subject(artifact) need(Approve) own(approver) actor(true)
    {
        approver: Person, environment: Id<'a>, expires_at: Timestamp, gate: Id<'a>,
        reason: Sealed, requester: Person, valid_from: Timestamp,
    }
}

object! {
    /// Who set a measured value aside, and why.
    Override { owner: Person, reason: Sealed }
}

event! {
    /// a metric of a service was measured over a window
    MetricSampled = "metric.sampled"
    subject(environment, service) need(Append) actor(true)
    {
        baseline: Option<Decimal<'a>>, definition: Id<'a>, deployment: Option<Id<'a>>,
        name: Id<'a>, r#override: Option<Override>, query_digest: Digest<'a>,
        release: Option<Id<'a>>, unit: Id<'a>, value: Decimal<'a>, window: Window,
    }
}

object! {
    /// A part of a score.
    ScorePart<'a> { name: Id<'a>, score: Decimal<'a>, weight: Decimal<'a> }
}

event! {
    /// the readiness of a release was computed
    ReadinessScored = "readiness.scored"
    subject(release) need(Append) actor(true)
    {
        minimum: Decimal<'a>, missing: Vec<Id<'a>>, parts: Filled<ScorePart<'a>>,
        score: Decimal<'a>, vetoes: Vec<Id<'a>>, weights_digest: Digest<'a>,
    }
}

words! {
    /// What was decided about a release.
    ReadinessDecision { Go = "go", NoGo = "no_go", Conditional = "conditional" }
}

words! {
    /// Where an item of a readiness review stands.
    ReadinessStatus {
        Met = "met", NotMet = "not_met", Waived = "waived", NotApplicable = "not_applicable",
    }
}

object! {
    /// An item of a readiness review.
    ReadinessItem<'a> {
        evidence: Option<Id<'a>>, evidence_at: Option<Timestamp>, id: Id<'a>, owner: Person,
        status: ReadinessStatus,
    }
}

object! {
    /// Somebody who took part.
    Participant<'a> { person: Person, role: Id<'a> }
}

event! {
    /// people decided whether a release is ready
    ReadinessReviewed = "readiness.reviewed"
    subject(release) need(Append) actor(true)
    {
        conditions: Option<Vec<Id<'a>>>, decision: ReadinessDecision,
        items: Filled<ReadinessItem<'a>>, participants: Filled<Participant<'a>>,
    }
}

words! {
    /// What of the monitoring was looked at.
    MonitoringKind {
        Signal = "signal", Alert = "alert", LogIngestion = "log_ingestion",
        Dashboard = "dashboard",
    }
}

object! {
    /// One look at the monitoring.
    MonitoringCheck<'a> { kind: MonitoringKind, name: Id<'a>, outcome: CheckOutcome }
}

event! {
    /// the monitoring of a service was verified
    MonitoringVerified = "monitoring.verified"
    subject(service) need(Append) actor(true)
    {
        checks: Filled<MonitoringCheck<'a>>,
    }
}
