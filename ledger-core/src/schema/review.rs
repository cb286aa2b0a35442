//! Access reviews: campaigns, their items, decisions, and that they were carried out.
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::typed::{Attached, Filled, Id, Person, Sealed};
use crate::hash::Sha256;
use crate::time::Timestamp;

words! {
    /// How a campaign comes about.
    CampaignKind { Periodic = "periodic", Micro = "micro" }
}

object! {
    /// What was left out of a population, and why.
    Exclusion { count: u64, reason: Id }
}

object! {
    /// The whole of a campaign, tied to what the system reported.
    ReviewPopulation {
        digest: Sha256, exclusions: Vec<Exclusion>, rows: u64, total_reported: u64,
    }
}

event! {
    /// an access review began
    CampaignOpened = "campaign.opened"
    subject(campaign) need(Append) actor(true)
    {
        due: Timestamp, items: Attached, kind: CampaignKind, owner: Person, period: Id,
        population: ReviewPopulation, snapshots: Filled<Id>, stages: u64,
        systems: Filled<Id>, trigger: Option<Id>,
    }
}

words! {
    /// Why somebody reviews.
    AssignmentCause {
        Initial = "initial", Delegated = "delegated", Reassigned = "reassigned",
        Escalated = "escalated",
    }
}

event! {
    /// items of a review were given to a reviewer
    CampaignAssigned = "campaign.assigned"
    subject(campaign) need(Append) actor(true)
    {
        cause: AssignmentCause, from: Option<Person>, items: Filled<Id>, relationship: Id,
        reviewer: Person, stage: u64, until: Option<Timestamp>,
    }
}

words! {
    /// What a reviewer decided.
    CertifyDecision { Certify = "certify", Revoke = "revoke", Modify = "modify" }
}

words! {
    /// What the evidence suggested.
    Recommendation { Certify = "certify", Revoke = "revoke", Modify = "modify", None = "none" }
}

object! {
    /// A decision on one item.
    ReviewedItem {
        comment: Option<Sealed>, decided_at: Timestamp, decision: CertifyDecision, item: Id,
        r#override: bool, recommendation: Recommendation,
    }
}

event! {
    /// a reviewer decided on items
    CampaignDecided = "campaign.decided"
    subject(campaign) need(Review) own(reviewer) actor(true)
    {
        items: Filled<ReviewedItem>, reviewer: Person, stage: u64,
    }
}

words! {
    /// Where a campaign stands.
    CampaignState { Closed = "closed", Cancelled = "cancelled", Reopened = "reopened" }
}

object! {
    /// How many items ended how.
    CampaignCounts { certified: u64, modified: u64, revoked: u64, undecided: u64 }
}

words! {
    /// What becomes of undecided items.
    DefaultAction { Revoke = "revoke", Retain = "retain", Escalate = "escalate" }
}

event! {
    /// an access review was closed, cancelled or opened again
    CampaignClosed = "campaign.closed"
    subject(campaign) need(Append) actor(true)
    {
        counts: CampaignCounts, default_action: DefaultAction, state: CampaignState,
    }
}

object! {
    /// Whether what was to be taken away is gone.
    VerifiedItem {
        absent: bool, executed_at: Option<Timestamp>, item: Id, snapshot: Id,
    }
}

event! {
    /// a later snapshot was held against the decisions
    CampaignVerified = "campaign.verified"
    subject(campaign) need(Append) actor(true)
    {
        items: Filled<VerifiedItem>,
    }
}
