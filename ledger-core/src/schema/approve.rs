//! Approvals: a person allows a change or an access.
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::Rule;
use super::typed::{Digest, Id, Person, Sealed};
use super::words::Bounds;
use crate::time::Timestamp;

object! {
    /// What exactly is approved.
    Approved<'a> {
        artifact: Option<Digest<'a>>, config: Option<Digest<'a>>, entitlement: Option<Id<'a>>,
        environment: Option<Id<'a>>,
    }
}

object! {
    /// How many approvals are needed, in which roles.
    Quorum<'a> { count: u64, roles: Vec<Id<'a>> }
}

event! {
    /// an approval was asked for
    ApprovalRequested = "approval.requested"
    subject() need(Append) actor(true)
    rules(Rule::AnyReference(&["access", "change"]))
    {
        approval: Id<'a>, expires_at: Option<Timestamp>, r#for: Approved<'a>,
        required: Quorum<'a>,
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
        approval: Id<'a>, approver: Person, comment: Option<Sealed>, decision: ApprovalDecision,
        delegate_to: Option<Person>, r#for: Approved<'a>, method: ApprovalMethod,
        of: Option<Id<'a>>, request: Option<Id<'a>>, role: Id<'a>, scope: Option<Bounds<'a>>,
        valid_from: Option<Timestamp>, valid_until: Option<Timestamp>,
    }
}
