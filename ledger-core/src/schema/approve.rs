//! Approvals: a person allows a change or an access.
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::Rule;
use super::typed::{Id, Person, Sealed};
use super::words::Bounds;
use crate::hash::Sha256;
use crate::time::Timestamp;

object! {
    /// What exactly is approved.
    Approved {
        artifact: Option<Sha256>, config: Option<Sha256>, entitlement: Option<Id>,
        environment: Option<Id>,
    }
}

object! {
    /// How many approvals are needed, in which roles.
    Quorum { count: u64, roles: Vec<Id> }
}

event! {
    /// an approval was asked for
    ApprovalRequested = "approval.requested"
    subject() need(Append) actor(true)
    rules(Rule::AnyReference(&["access", "change"]))
    {
        approval: Id, expires_at: Option<Timestamp>, r#for: Approved,
        required: Quorum,
    }
}

words! {
    /// What became of an approval.
    ApprovalDecision {
        Granted = "granted", Rejected = "rejected", Revoked = "revoked", Ratified = "ratified",
        Delegated = "delegated", Expired = "expired",
    }
}

words! {
    /// Whether the approver's own key signed, or a connector tells of it.
    ApprovalMethod { Key = "key", Relay = "relay" }
}

event! {
    /// a person granted, rejected, revoked, ratified or delegated an approval
    ApprovalDecided = "approval.decided"
    subject() need(Approve) own(approver) actor(true)
    rules(Rule::RelayIsImported("method"), Rule::AnyReference(&["access", "change"]))
    {
        approval: Id, approver: Person, comment: Option<Sealed>, decision: ApprovalDecision,
        delegate_to: Option<Person>, r#for: Approved, method: ApprovalMethod,
        of: Option<Id>, request: Option<Id>, role: Id, scope: Option<Bounds>,
        valid_from: Option<Timestamp>, valid_until: Option<Timestamp>,
    }
}
