//! Deploying and operating: what ran where, and what was done to it.
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::Rule;
use super::typed::{Attached, Decimal, Duration, Filled, Id, Map, Person, Sealed};
use super::words::{Answer, CheckOutcome, Class, JobOutcome, Window};
use crate::hash::Sha256;
use crate::time::Timestamp;

words! {
    /// How a deployment goes about it.
    Strategy {
        Rolling = "rolling", Canary = "canary", BlueGreen = "blue_green", Recreate = "recreate",
        AllAtOnce = "all_at_once", Other = "other",
    }
}

words! {
    /// What a deployment was pointed at.
    ReferenceKind { Commit = "commit", Tag = "tag", Branch = "branch" }
}

object! {
    /// The name by which a deployment chose what to deploy.
    DeployedRef { kind: ReferenceKind, value: Id }
}

words! {
    /// Whether an operator typed something into the run.
    OperatorInput { None = "none", Declared = "declared", Free = "free" }
}

event! {
    /// a deployment of a service to an environment began
    DeploymentStarted = "deployment.started"
    subject(deployment, environment, service) need(Append) actor(true)
    {
        approvals: Option<Vec<Id>>, artifact: Option<Sha256>, change: Option<Id>,
        class: Option<Class>, config: Option<Sha256>, incident: Option<Id>,
        initiator: Option<Person>, operator_input: Option<OperatorInput>,
        parameters: Option<Map<Id>>, previous: Option<Sha256>,
        r#ref: Option<DeployedRef>, region: Option<Id>, run: Option<Id>,
        strategy: Strategy,
    }
}

words! {
    /// How a deployment ended.
    DeploymentOutcome { Succeeded = "succeeded", Failed = "failed", Aborted = "aborted" }
}

event! {
    /// a deployment succeeded, failed or was aborted
    DeploymentFinished = "deployment.finished"
    subject(deployment, environment, service) need(Append) actor(true)
    {
        artifact: Option<Sha256>, change: Option<Id>, duration: Option<Duration>,
        outcome: DeploymentOutcome, running_artifact: Option<Sha256>,
    }
}

words! {
    /// What became of a canary.
    CanaryVerdict { Promote = "promote", Hold = "hold", Abort = "abort" }
}

object! {
    /// One metric of a canary.
    CanaryMetric { breached: bool, name: Id, threshold: Decimal, value: Decimal }
}

event! {
    /// a canary was judged at its share of the traffic
    CanaryEvaluated = "canary.evaluated"
    subject(deployment) need(Append) actor(true)
    {
        metrics: Filled<CanaryMetric>, verdict: CanaryVerdict,
        /// Its share of the traffic in percent.
        weight: Decimal,
    }
}

event! {
    /// a deployment put back what another had replaced
    RollbackExecuted = "rollback.executed"
    subject(deployment) need(Append) actor(true)
    {
        automatic: bool, data_reverted: Option<Answer>, from: Sha256,
        incident: Option<Id>, outcome: DeploymentOutcome, reason_code: Id,
        /// The deployment that is undone; the subject is the one that undoes it.
        reverts: Id,
        to: Sha256, trigger: Option<Id>,
    }
}

object! {
    /// How many smoke tests ended how.
    SmokeCounts {
        errors: Option<u64>, failed: u64, passed: u64, skipped: Option<u64>, total: u64,
    }
}

event! {
    /// smoke tests ran after a deployment
    SmokeTestCompleted = "smoke_test.completed"
    subject(deployment) need(Append) actor(true)
    {
        counts: SmokeCounts, outcome: CheckOutcome,
    }
}

object! {
    /// One look during a watch.
    WatchCheck { name: Id, outcome: CheckOutcome }
}

event! {
    /// a person closed the watch over a deployment
    WatchClosed = "watch.closed"
    subject(deployment) need(Append) own(closed_by) actor(true)
    {
        breaches: u64, checks: Filled<WatchCheck>, closed_by: Person, window: Window,
    }
}

event! {
    /// a person went past the controls in an emergency
    BreakGlassUsed = "break_glass.used"
    subject() need(Append) own(by) actor(true)
    rules(Rule::AnyReference(&["deployment", "session"]))
    {
        by: Person, bypassed: Option<Vec<Id>>, incident: Id, reason: Sealed,
        until: Timestamp,
    }
}

event! {
    /// what runs in an environment was listed
    RuntimeObserved = "runtime.observed"
    subject(environment) need(Append) actor(true)
    {
        collector: Id, complete: bool, query_digest: Option<Sha256>, region: Option<Id>,
        taken_at: Timestamp,
        /// Each with service, artifact and config.
        workloads: Attached,
    }
}

words! {
    /// What was done with a lock.
    LockAction { Acquired = "acquired", Released = "released" }
}

event! {
    /// an environment was locked for a deployment, or released
    EnvironmentLocked = "environment.locked"
    subject(environment) need(Append) actor(true)
    {
        action: LockAction, deployment: Id, expires_at: Option<Timestamp>, holder: Person,
    }
}

words! {
    /// What a setting governs.
    ConfigClass {
        Pipeline = "pipeline", BranchProtection = "branch_protection",
        ApprovalPolicy = "approval_policy", DeploySecret = "deploy_secret", Iam = "iam",
        Logging = "logging", Encryption = "encryption", Tls = "tls", Mfa = "mfa",
        Session = "session", Network = "network", Pseudonymisation = "pseudonymisation",
        DataRegion = "data_region", ThirdPartyEndpoint = "third_party_endpoint",
        Retention = "retention", Other = "other",
    }
}

words! {
    /// What was done with a setting.
    ConfigAction {
        Created = "created", Changed = "changed", Deleted = "deleted", Bypassed = "bypassed",
    }
}

event! {
    /// a setting of a system was created, changed, deleted or bypassed
    ConfigChanged = "config.changed"
    subject(system) need(Append) actor(true)
    {
        action: ConfigAction, after: Option<Sha256>, approver: Option<Person>, before: Option<Sha256>,
        change: Option<Id>, changer: Option<Person>, class: ConfigClass, environment: Option<Id>,
        item: Id, service: Option<Id>, weakened: Answer,
    }
}

words! {
    /// Where a drift stands.
    DriftState { Detected = "detected", Accepted = "accepted", Remediated = "remediated" }
}

event! {
    /// a setting was found to differ from what was decided
    ConfigDrifted = "config.drifted"
    subject(system) need(Append) actor(true)
    {
        approver: Option<Person>, due: Option<Timestamp>, expected: Option<Sha256>, item: Id,
        observed: Option<Sha256>, reason: Option<Sealed>, state: DriftState,
    }
}

words! {
    /// What was done with a feature flag.
    FlagAction {
        Created = "created", Changed = "changed", Enabled = "enabled", Disabled = "disabled",
        Deleted = "deleted",
    }
}

event! {
    /// a feature flag was changed in an environment
    FeatureFlagChanged = "feature_flag.changed"
    subject(environment, flag) need(Append) actor(true)
    {
        action: FlagAction, after: Option<Id>, approver: Option<Person>, before: Option<Id>,
        changer: Option<Person>, owner: Option<Person>, review_by: Option<Timestamp>,
        /// Its share of the users in percent.
        rollout: Option<Decimal>,
    }
}

event! {
    /// a scheduled job ran
    JobRun = "job.run"
    subject(job) need(Append) actor(true)
    {
        incident: Option<Id>, outcome: JobOutcome, rerun_of: Option<Id>, slot: Id,
        started_at: Timestamp,
    }
}

event! {
    /// a backup of a system ran
    BackupRun = "backup.run"
    subject(system) need(Append) actor(true)
    {
        bytes: Option<u64>, dataset: Option<Id>, outcome: JobOutcome,
        rerun_of: Option<Id>, slot: Id, started_at: Timestamp,
    }
}

words! {
    /// What was practised.
    DrillKind {
        Restore = "restore", Rollback = "rollback", Failover = "failover",
        EmergencyAccess = "emergency_access", DrPlan = "dr_plan",
    }
}

words! {
    /// How a drill ended.
    DrillOutcome { Passed = "passed", Failed = "failed", Partial = "partial" }
}

object! {
    /// How long, and how much, a recovery may lose.
    DrillTargets { rpo: Option<Duration>, rto: Option<Duration> }
}

event! {
    /// a recovery was practised
    DrillPerformed = "drill.performed"
    subject(system) need(Append) actor(true)
    {
        dataset: Option<Id>, environment: Option<Id>, from: Option<Id>,
        kind: DrillKind, outcome: DrillOutcome, performer: Person, rpo: Option<Duration>,
        rto: Option<Duration>, targets: Option<DrillTargets>, to: Option<Id>,
    }
}
