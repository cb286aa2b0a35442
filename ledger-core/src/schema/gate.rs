//! Gates, measurements and readiness: may it go on?
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::typed::{Decimal, Filled, Flag, Id, Person, Sealed};
use super::words::{CheckOutcome, Verdict, Window};
use crate::hash::Sha256;
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
    Evaluator { mode: EvaluatorMode, name: Id, version: Id }
}

object! {
    /// One condition of a gate; without a value there was no evidence.
    Input {
        entries: Option<Vec<u64>>, name: Id, result: Verdict, threshold: Option<Decimal>,
        value: Option<Decimal>,
    }
}

object! {
    /// Metrics that disagree, and who decided by which rule.
    Conflict { decided_by: Person, metrics: Filled<Id>, rule: Id }
}

event! {
    /// a gate gave its verdict on an artifact
    GateEvaluated = "gate.evaluated"
    subject(artifact, environment) need(Gate) actor(true)
    {
        as_of: Timestamp, attempt: u64, conflicts: Option<Vec<Conflict>>,
        criticality: Option<Id>, evaluator: Evaluator, gate: Id,
        inputs: Filled<Input>, kind: GateKind, policy_digest: Sha256, retrospective: Flag,
        score: Option<Decimal>, strictness: Option<Id>, verdict: Verdict,
    }
}

event! {
    /// a person let an artifact pass a gate for a time
    GateWaived = "gate.waived"
    subject(artifact) need(Approve) own(approver) actor(true)
    {
        approver: Person, environment: Id, expires_at: Timestamp, gate: Id,
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
        baseline: Option<Decimal>, definition: Id, deployment: Option<Id>,
        name: Id, r#override: Option<Override>, query_digest: Sha256,
        release: Option<Id>, unit: Id, value: Decimal, window: Window,
    }
}

object! {
    /// A part of a score.
    ScorePart { name: Id, score: Decimal, weight: Decimal }
}

event! {
    /// the readiness of a release was computed
    ReadinessScored = "readiness.scored"
    subject(release) need(Append) actor(true)
    {
        minimum: Decimal, missing: Vec<Id>, parts: Filled<ScorePart>,
        score: Decimal, vetoes: Vec<Id>, weights_digest: Sha256,
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
    ReadinessItem {
        evidence: Option<Id>, evidence_at: Option<Timestamp>, id: Id, owner: Person,
        status: ReadinessStatus,
    }
}

object! {
    /// Somebody who took part.
    Participant { person: Person, role: Id }
}

event! {
    /// people decided whether a release is ready
    ReadinessReviewed = "readiness.reviewed"
    subject(release) need(Append) actor(true)
    {
        conditions: Option<Vec<Id>>, decision: ReadinessDecision,
        items: Filled<ReadinessItem>, participants: Filled<Participant>,
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
    MonitoringCheck { kind: MonitoringKind, name: Id, outcome: CheckOutcome }
}

event! {
    /// the monitoring of a service was verified
    MonitoringVerified = "monitoring.verified"
    subject(service) need(Append) actor(true)
    {
        checks: Filled<MonitoringCheck>,
    }
}
