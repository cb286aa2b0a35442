//! Changes and releases: what shall become different, and who decided what kind it is.
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::Rule;
use super::typed::{Decimal, Filled, Flag, Id, Map, Person, Sealed};
use super::words::{Answer, Class, Impact, Regime, Risk, Window};
use crate::hash::Sha256;
use crate::time::Timestamp;

words! {
    /// Where a change stands.
    ChangeState {
        Open = "open", Ready = "ready", Merged = "merged", Closed = "closed",
        Abandoned = "abandoned",
    }
}

object! {
    /// A commit and its people.
    Commit {
        authors: Vec<Person>, committed_at: Option<Timestamp>, committer: Person,
        pushed_at: Option<Timestamp>, sha: Id,
    }
}

event! {
    /// a change was opened, made ready, merged, closed or abandoned
    ChangeRecorded = "change.recorded"
    subject(change) need(Append) actor(true)
    {
        authors: Option<Vec<Person>>, backout_plan: Option<Sealed>,
        commits: Option<Vec<Commit>>, description: Option<Sealed>, opened_at: Timestamp,
        personal_data: Option<Answer>, privacy_impact: Option<Impact>, reason: Option<Sealed>,
        requester: Option<Person>, risk: Option<Risk>, security_impact: Option<Impact>,
        state: ChangeState, systems: Option<Vec<Id>>, test_plan: Option<Sealed>,
        title: Option<Sealed>, url: Option<Sealed>, window: Option<Window>,
    }
}

words! {
    /// What classified a change.
    ClassifiedBy { Rule = "rule", Human = "human" }
}

words! {
    /// The size of a change.
    ChangeKind {
        Routine = "routine", Major = "major", NewSystem = "new_system", Migration = "migration",
    }
}

event! {
    /// a rule or a person said which class a change is of
    ChangeClassified = "change.classified"
    subject(change) need(Append) actor(true)
    {
        by: Person, class: Class,
        /// The class it had before.
        from: Option<Class>,
        kind: Option<ChangeKind>, method: ClassifiedBy, parameters: Option<Map<Id>>,
        rationale: Option<Sealed>, risk: Option<Risk>, template: Option<Id>,
        template_digest: Option<Sha256>,
    }
}

words! {
    /// How hard it is to go back.
    RollbackComplexity { Low = "low", Medium = "medium", High = "high" }
}

object! {
    /// The owner of a service knows.
    Acknowledgement { owner: Person, service: Id }
}

event! {
    /// what a change reaches was assessed
    ChangeImpactAssessed = "change.impact_assessed"
    subject(change) need(Append) actor(true)
    {
        acks: Option<Vec<Acknowledgement>>, customer_impact: Option<Impact>,
        data_classes: Option<Vec<Id>>, dependencies: Option<Vec<Id>>,
        graph_digest: Option<Sha256>, level: Risk, regimes: Option<Vec<Regime>>,
        rollback_complexity: Option<RollbackComplexity>, services: Vec<Id>,
    }
}

words! {
    /// How a change ended.
    ChangeOutcome {
        Successful = "successful", SuccessfulWithIssues = "successful_with_issues",
        Failed = "failed", RolledBack = "rolled_back", Cancelled = "cancelled",
    }
}

event! {
    /// a change ended
    ChangeClosed = "change.closed"
    subject(change) need(Append) actor(true)
    {
        outcome: ChangeOutcome,
    }
}

words! {
    /// What a reviewer of code said.
    ReviewDecision {
        Approved = "approved", ChangesRequested = "changes_requested", Commented = "commented",
        Dismissed = "dismissed",
    }
}

event! {
    /// a person reviewed the code of a change
    CodeReviewed = "code.reviewed"
    subject(change) need(Review) own(reviewer) actor(true)
    {
        commit: Id, decision: ReviewDecision, review: Id, reviewer: Person,
    }
}

words! {
    /// What a board decided.
    CabDecision {
        Approved = "approved", Rejected = "rejected", Deferred = "deferred",
        Conditional = "conditional",
    }
}

words! {
    /// How a member voted.
    Vote { Approve = "approve", Reject = "reject", Abstain = "abstain", None = "none" }
}

object! {
    /// A member of a board at one decision.
    Member {
        person: Person, present: bool, recused: bool, role: Id, vote: Vote, voting: bool,
    }
}

object! {
    /// A condition, and the gate that will hold it.
    Condition { gate: Id, id: Id }
}

event! {
    /// a change advisory board decided on changes
    CabDecided = "cab.decided"
    subject(cab) need(Approve) own(chair) actor(true)
    {
        chair: Person, changes: Filled<Id>, conditions: Option<Vec<Condition>>,
        decision: CabDecision, emergency: Flag, members: Filled<Member>, quorum_rule: Id,
    }
}

words! {
    /// What was done with a template.
    TemplateAction {
        Approved = "approved", Edited = "edited", Reviewed = "reviewed", Suspended = "suspended",
        Retired = "retired",
    }
}

object! {
    /// Where a standard change applies; what is left out is not bounded.
    TemplateScope {
        environments: Option<Vec<Id>>, services: Option<Vec<Id>>,
        systems: Option<Vec<Id>>,
    }
}

object! {
    /// What a template allows a parameter to be; all that stands here must hold, and a template that
    /// names parameters allows no others.
    ParameterRange {
        maximum: Option<Decimal>, minimum: Option<Decimal>, name: Id,
        values: Option<Vec<Id>>,
    }
}

event! {
    /// a template of standard changes was approved, edited, reviewed, suspended or retired
    StandardChangeTemplateChanged = "standard_change.template_changed"
    subject(template) need(Append) actor(true)
    {
        action: TemplateAction, by: Person, digest: Sha256, max_failures: Option<u64>,
        of_last: Option<u64>, parameters: Option<Vec<ParameterRange>>,
        review_due: Option<Timestamp>, scope: TemplateScope,
        version: Id,
    }
}

words! {
    /// What was done about a freeze.
    FreezeAction {
        Declared = "declared", Amended = "amended", Lifted = "lifted",
        ExceptionGranted = "exception_granted", ExceptionRevoked = "exception_revoked",
    }
}

object! {
    /// When a freeze holds, and the zone it was declared in.
    FreezeWindow { end: Timestamp, start: Timestamp, tz: Id }
}

object! {
    /// Where a freeze holds; what is left out is not bounded.
    FreezeScope {
        environments: Option<Vec<Id>>, regions: Option<Vec<Id>>,
        systems: Option<Vec<Id>>,
    }
}

object! {
    /// What may pass a freeze.
    FreezeException { artifact: Option<Sha256>, change: Option<Id> }
}

event! {
    /// a freeze was declared, amended or lifted, or an exception from it granted or revoked
    FreezeChanged = "freeze.changed"
    subject(freeze) need(Append) actor(true)
    rules(Rule::When("action", "exception_granted", &["exception", "requester"]))
    {
        action: FreezeAction, allowed_class: Option<Class>, authority: Person,
        exception: Option<FreezeException>, reason: Option<Sealed>, requester: Option<Person>,
        scope: FreezeScope, version: Id, window: FreezeWindow,
    }
}

words! {
    /// Where a release stands.
    ReleaseState {
        Planned = "planned", Candidate = "candidate", Released = "released",
        Withdrawn = "withdrawn",
    }
}

object! {
    /// A service in a release.
    ReleaseMember { artifact: Sha256, service: Id }
}

object! {
    /// What a service of a release needs of another.
    Constraint { requires: Id, service: Id, version: Id }
}

event! {
    /// a release was put together, became a candidate, went out or was withdrawn
    ReleaseRecorded = "release.recorded"
    subject(release) need(Append) actor(true)
    {
        constraints: Option<Vec<Constraint>>, members: Filled<ReleaseMember>,
        state: ReleaseState, train: Option<Id>, version: Id,
    }
}

words! {
    /// What happened to a release train.
    TrainAction {
        Scheduled = "scheduled", BoardingClosed = "boarding_closed", Departed = "departed",
        Cancelled = "cancelled", LateAdd = "late_add", Removed = "removed",
        Milestone = "milestone",
    }
}

words! {
    /// Where a milestone stands.
    MilestoneState { Planned = "planned", Reached = "reached", Missed = "missed" }
}

event! {
    /// a release train was scheduled, closed, sent off, cancelled or changed
    ReleaseTrainChanged = "release_train.changed"
    subject(train) need(Append) actor(true)
    rules(Rule::When("action", "milestone", &["milestone", "milestone_state"]))
    {
        action: TrainAction, milestone: Option<Id>, milestone_state: Option<MilestoneState>,
        releases: Vec<Id>,
    }
}

words! {
    /// What was decided about a vendor's release.
    VendorDecision { Adopt = "adopt", Reject = "reject", Defer = "defer" }
}

event! {
    /// a release of a vendor was assessed
    VendorReleaseAssessed = "vendor_release.assessed"
    subject(vendor) need(Append) actor(true)
    {
        advisories: Option<Vec<Id>>, agreement: Option<Id>, artifact: Option<Sha256>,
        attestation_verified: Option<Answer>, decision: VendorDecision, product: Id,
        report_valid_until: Option<Timestamp>, version: Id,
    }
}

words! {
    /// To whom something was said.
    Audience {
        Users = "users", Support = "support", Operations = "operations", Regulator = "regulator",
        Management = "management",
    }
}

words! {
    /// When it was said, seen from the change.
    CommunicationPhase { Before = "before", During = "during", After = "after" }
}

event! {
    /// somebody was told of a change
    CommunicationSent = "communication.sent"
    subject(change) need(Append) actor(true)
    {
        audience: Audience, phase: CommunicationPhase, sent_at: Timestamp,
    }
}

words! {
    /// Where a debt stands.
    DebtState { Open = "open", Closed = "closed" }
}

event! {
    /// a technical debt was opened or closed
    DebtChanged = "debt.changed"
    subject(debt) need(Append) actor(true)
    {
        due: Timestamp, owner: Person, reason: Option<Sealed>, risk: Option<Risk>,
        service: Option<Id>, state: DebtState,
    }
}
