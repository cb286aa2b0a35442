//! Records and assurance: documents, activities, persons' rights, samples, exceptions, sign-offs.
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::Rule;
use super::typed::{Filled, Id, Person, Sealed};
use super::words::{Checkpoint, Population, Risk, Severity, TestResult};
use crate::hash::Sha256;
use crate::time::Timestamp;

words! {
    /// What a document is.
    DocumentKind {
        Policy = "policy", Procedure = "procedure", Dpia = "dpia", Ropa = "ropa", Baa = "baa",
        Dpa = "dpa", Transfer = "transfer", RiskAnalysis = "risk_analysis", Plan = "plan",
        Report = "report", Other = "other",
    }
}

event! {
    /// a person approved a version of a document
    DocumentApproved = "document.approved"
    subject(document) need(Approve) own(approver) actor(true)
    {
        approver: Person, counterparty: Option<Id>, digest: Sha256, kind: DocumentKind,
        review_due: Timestamp, role: Id, scope: Vec<Id>, supersedes: Option<Id>,
        valid_from: Timestamp, valid_to: Option<Timestamp>, version: Id,
    }
}

event! {
    /// a scheduled activity of a control was performed
    ActivityPerformed = "activity.performed"
    subject(activity) need(Append) actor(true)
    {
        anomalies: u64, control: Id, due: Timestamp, follow_ups: Option<Vec<Id>>,
        inputs: Vec<Id>, items: u64, kind: Id, performer: Person,
        reviewed_at: Option<Timestamp>, reviewer: Option<Person>, slot: Id,
    }
}

words! {
    /// What a person asks for.
    RequestKind {
        Erasure = "erasure", Access = "access", Restriction = "restriction",
        Objection = "objection",
    }
}

words! {
    /// Where a request stands.
    RequestState { Received = "received", Extended = "extended", Decided = "decided" }
}

words! {
    /// What was decided.
    RequestOutcome { Granted = "granted", PartlyGranted = "partly_granted", Refused = "refused" }
}

event! {
    /// a person's request about their data was received, extended or decided
    RequestChanged = "request.changed"
    subject(request) need(Append) actor(true)
    rules(Rule::When("state", "decided", &["outcome"]))
    {
        basis: Option<Id>, due: Timestamp, kind: RequestKind, outcome: Option<RequestOutcome>,
        person: Person, regime: Id, replied_at: Option<Timestamp>, state: RequestState,
    }
}

words! {
    /// What was done with records.
    RetentionAction {
        Deleted = "deleted", Erased = "erased", Restricted = "restricted", Archived = "archived",
    }
}

words! {
    /// Whether a hold covers the records: none, or those under one were left out.
    HoldCheck { Clear = "clear", Excluded = "excluded" }
}

event! {
    /// records of a class reached the end of their retention
    RetentionExecuted = "retention.executed"
    subject(class) need(Exact) actor(true)
    {
        action: RetentionAction, approver: Person, count: u64, from: Timestamp,
        hold_check: HoldCheck, list_digest: Sha256, rule: Id, to: Timestamp,
        trigger: Id,
    }
}

words! {
    /// What was done with a hold.
    HoldAction { Placed = "placed", Released = "released" }
}

event! {
    /// a legal hold was placed or released
    HoldChanged = "hold.changed"
    subject(hold) need(Exact) actor(true)
    {
        action: HoldAction, by: Person, classes: Vec<Id>, custodians: Vec<Person>,
        issued_at: Option<Timestamp>, systems: Vec<Id>,
    }
}

words! {
    /// What ended.
    PeriodAction { FiscalYearClosed = "fiscal_year_closed", AuditConcluded = "audit_concluded" }
}

event! {
    /// a fiscal year was closed, or an audit concluded
    PeriodChanged = "period.changed"
    subject(period) need(Append) actor(true)
    {
        action: PeriodAction, at: Timestamp, entity: Id,
    }
}

event! {
    /// a population was fixed before its sample is drawn
    SampleCommitted = "sample.committed"
    subject(sample) need(Append) actor(true)
    {
        checkpoint: Checkpoint, control: Id, population: Population,
    }
}

event! {
    /// a sample was drawn from a fixed population
    SampleDrawn = "sample.drawn"
    subject(sample) need(Append) actor(true)
    {
        draw: u64, method: Id, replacements: Vec<Id>, seed: Id, seed_from: Id,
        selected: Filled<Id>, size: u64,
    }
}

event! {
    /// a control was tested over a period
    ControlTested = "control.tested"
    subject(control) need(Append) actor(true)
    {
        catalogue_digest: Sha256, checkpoint: Checkpoint, exceptions: Vec<Id>,
        period: Id, population: Population, result: TestResult, test_version: Id,
    }
}

words! {
    /// Where an exception stands.
    ExceptionState {
        Raised = "raised", Assigned = "assigned", Dispositioned = "dispositioned",
        Responded = "responded", Remediated = "remediated", Retested = "retested",
        Closed = "closed",
    }
}

words! {
    /// What an exception turned out to be.
    Disposition {
        FalsePositive = "false_positive", EvidenceLate = "evidence_late",
        TrueDeviation = "true_deviation", AcceptedRisk = "accepted_risk",
    }
}

words! {
    /// Where an exception came from.
    RootCause {
        Design = "design", People = "people", Tool = "tool", Data = "data", Vendor = "vendor",
    }
}

object! {
    /// A control that stood in, and how it tested.
    Compensating { control: Id, result: TestResult }
}

event! {
    /// an exception was raised, worked on or closed
    ExceptionChanged = "exception.changed"
    subject(exception) need(Append) actor(true)
    {
        class: Option<Id>, closer: Option<Person>, compensating: Option<Compensating>,
        control: Id, disposition: Option<Disposition>, due: Option<Timestamp>,
        group: Option<Id>, item: Id, owner: Option<Person>, response: Option<Sealed>,
        retest: Option<Id>, root_cause: Option<RootCause>, severity: Severity,
        state: ExceptionState, test: Id,
    }
}

event! {
    /// a person accepted a risk for a time
    RiskAccepted = "risk.accepted"
    subject(risk) need(Approve) own(approver) actor(true)
    rules(Rule::AnyField(&["exception", "rule"]))
    {
        approver: Person, controls: Vec<Id>, exception: Option<Id>, expires_at: Timestamp,
        level: Risk, person: Person, reason: Option<Sealed>, rule: Option<Id>,
    }
}

event! {
    /// a person walked through a control with one item
    WalkthroughRecorded = "walkthrough.recorded"
    subject(control) need(Append) own(performer) actor(true)
    {
        entries: Filled<u64>, item: Id, narrative: Sealed, performer: Person,
    }
}

words! {
    /// What is attested.
    AttestedThing {
        Report = "report", Campaign = "campaign", Control = "control", Period = "period",
    }
}

event! {
    /// a person signed a statement about a report, campaign, control or period
    AttestationSigned = "attestation.signed"
    subject(statement) need(SignOff) own(signer) actor(true)
    {
        digest: Sha256, of: AttestedThing, role: Id, signer: Person,
        text_digest: Sha256,
    }
}

event! {
    /// a report was issued
    ReportIssued = "report.issued"
    subject(report) need(Append) actor(true)
    {
        catalogue_digest: Sha256, checkpoint: Checkpoint, digest: Sha256, period: Id,
        supersedes: Option<Id>,
    }
}

words! {
    /// What an evidence package claims.
    PackageKind { Sample = "sample", Population = "population" }
}

words! {
    /// What the reader of a package may see.
    RedactionLevel { Internal = "internal", Auditor = "auditor", Regulator = "regulator" }
}

event! {
    /// an evidence package was handed out
    EvidenceExported = "evidence.exported"
    subject(package) need(Append) actor(true)
    {
        basis: Id, digest: Sha256, kind: PackageKind, level: RedactionLevel,
        purpose: Id, recipient: Person,
    }
}
