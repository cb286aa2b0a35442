//! Incidents and learning: what went wrong, who was told, what follows from it.
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::Rule;
use super::typed::{Id, Person, Sealed};
use super::words::{Answer, Severity};
use crate::hash::Sha256;
use crate::time::Timestamp;

words! {
    /// Where an incident stands.
    IncidentState {
        Triggered = "triggered", Acknowledged = "acknowledged", Mitigated = "mitigated",
        Resolved = "resolved", Reopened = "reopened",
    }
}

words! {
    /// What an incident touches.
    IncidentClass { Operational = "operational", Security = "security", Privacy = "privacy" }
}

words! {
    /// In which role personal data were held.
    DataRole { Controller = "controller", Processor = "processor" }
}

event! {
    /// an incident was triggered, acknowledged, mitigated, resolved or opened again
    IncidentChanged = "incident.changed"
    subject(incident) need(Append) actor(true)
    {
        affected_count: Option<u64>, aware_at: Option<Timestamp>, class: IncidentClass,
        detected_at: Option<Timestamp>, ephi: Option<Answer>, personal_data: Option<Answer>,
        role: Option<DataRole>, services: Option<Vec<Id>>, severity: Severity,
        state: IncidentState,
    }
}

words! {
    /// How a deployment bears on an incident.
    IncidentRelation { CausedBy = "caused_by", FixedBy = "fixed_by", Related = "related" }
}

words! {
    /// How sure somebody is.
    Confidence { Low = "low", Medium = "medium", High = "high" }
}

event! {
    /// a person linked an incident to a deployment
    IncidentLinked = "incident.linked"
    subject(incident) need(Append) own(asserted_by) actor(true)
    {
        asserted_by: Person, confidence: Confidence, deployment: Id,
        relation: IncidentRelation,
    }
}

words! {
    /// What was done about a breach.
    BreachStep {
        Assessed = "assessed", AuthorityNotified = "authority_notified",
        SubjectsNotified = "subjects_notified", ControllerNotified = "controller_notified",
        CustomerNotified = "customer_notified", MediaNotified = "media_notified",
        NotNotified = "not_notified",
    }
}

event! {
    /// a breach was assessed, or somebody was told of it, or not
    BreachDecided = "breach.decided"
    subject(incident) need(Append) actor(true)
    {
        at: Timestamp, document: Option<Id>, high_risk: Option<Answer>,
        reasons: Option<Sealed>, regime: Id, step: BreachStep,
    }
}

object! {
    /// A cause that was found.
    Cause { class: Id, text: Sealed }
}

event! {
    /// what went wrong was written down, with causes and actions
    PostmortemPublished = "postmortem.published"
    subject() need(Append) actor(true)
    rules(Rule::AnyReference(&["deployment", "incident"]))
    {
        actions: Vec<Id>, blameless: bool, causes: Vec<Cause>, document: Id,
    }
}

words! {
    /// Where an action stands.
    ActionState { Open = "open", Done = "done", Declined = "declined" }
}

words! {
    /// What an action changes.
    ActionKind { Test = "test", Gate = "gate", Process = "process", Other = "other" }
}

event! {
    /// an action was opened, done or declined
    ActionChanged = "action.changed"
    subject(action) need(Append) actor(true)
    {
        due: Timestamp, incident: Option<Id>, kind: ActionKind, owner: Person,
        policy_digest: Option<Sha256>, reason: Option<Sealed>, state: ActionState,
    }
}

words! {
    /// Where a defect was found.
    DefectPhase { PreRelease = "pre_release", Production = "production" }
}

event! {
    /// a defect was found
    DefectReported = "defect.reported"
    subject(defect) need(Append) actor(true)
    {
        escaped_from: Option<Id>, phase: DefectPhase, release: Option<Id>,
        service: Id, severity: Severity,
    }
}

event! {
    /// somebody said something about a service
    FeedbackReceived = "feedback.received"
    subject(service) need(Append) actor(true)
    {
        channel: Id, defect: Option<Id>, release: Option<Id>, theme: Sealed,
    }
}
