//! Building and verifying: what was made of what, and what tests and scans saw.
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::Rule;
use super::typed::{Decimal, Duration, Id, Person, Sealed};
use super::words::{CheckOutcome, Severity, Tool};
use crate::hash::Sha256;
use crate::time::Timestamp;

words! {
    /// Where a run stands.
    RunPhase { Started = "started", Finished = "finished" }
}

words! {
    /// What set a pipeline running.
    Trigger {
        Push = "push", PullRequest = "pull_request", Tag = "tag", Schedule = "schedule",
        Manual = "manual", Api = "api", Upstream = "upstream", Other = "other",
    }
}

words! {
    /// How a run ended.
    RunOutcome {
        Succeeded = "succeeded", Failed = "failed", Cancelled = "cancelled", Error = "error",
        Skipped = "skipped",
    }
}

event! {
    /// a run of a pipeline started or finished
    PipelineRun = "pipeline.run"
    subject(run) need(Append) actor(true)
    rules(Rule::When("phase", "finished", &["outcome"]))
    {
        attempt: Option<u64>, definition_digest: Option<Sha256>, initiator: Option<Person>,
        outcome: Option<RunOutcome>, phase: RunPhase, trigger: Trigger,
    }
}

words! {
    /// What was done with an artifact.
    ArtifactAction {
        Built = "built", Signed = "signed", Verified = "verified", Promoted = "promoted",
        Published = "published", Deleted = "deleted",
    }
}

object! {
    /// The commits that went into an artifact.
    CommitRange { from: Option<Id>, list: Option<Vec<Id>>, to: Option<Id> }
}

words! {
    /// What a check of a signature or provenance said.
    VerificationResult { Verified = "verified", Failed = "failed", Unsigned = "unsigned" }
}

object! {
    /// A check of a signature or provenance.
    Verification {
        key: Option<Id>, result: VerificationResult, roots: Option<Sha256>,
    }
}

event! {
    /// an artifact was built, signed, verified, promoted, published or deleted
    ArtifactRecorded = "artifact.recorded"
    subject(artifact) need(Append) actor(true)
    {
        action: ArtifactAction, builder: Option<Id>, commits: Option<CommitRange>,
        from: Option<Id>, provenance: Option<Sha256>, purl: Option<Id>,
        sbom: Option<Sha256>, to: Option<Id>, verification: Option<Verification>,
    }
}

words! {
    /// What was done with an environment.
    EnvironmentAction {
        Provisioned = "provisioned", Changed = "changed", Destroyed = "destroyed",
    }
}

words! {
    /// Whether an environment is replaced or changed in place.
    Mutability { Immutable = "immutable", Mutable = "mutable" }
}

event! {
    /// an environment was provisioned, changed or destroyed
    EnvironmentChanged = "environment.changed"
    subject(environment) need(Append) actor(true)
    {
        action: EnvironmentAction, definition_digest: Option<Sha256>, mutability: Option<Mutability>,
    }
}

words! {
    /// What a test suite looks at.
    TestLevel {
        Unit = "unit", Integration = "integration", Contract = "contract", E2e = "e2e",
        Performance = "performance", Security = "security", Acceptance = "acceptance",
    }
}

object! {
    /// How many tests ended how.
    TestCounts { errors: u64, failed: u64, flaky: u64, passed: u64, skipped: u64, total: u64 }
}

object! {
    /// Which part of a divided suite.
    Shard { group: Id, index: u64, of: u64 }
}

event! {
    /// a test suite ran over an artifact
    TestCompleted = "test.completed"
    subject(artifact) need(Append) actor(true)
    {
        attempt: u64, counts: TestCounts, coverage: Option<Decimal>,
        duration: Option<Duration>, environment: Option<Id>, level: TestLevel,
        outcome: CheckOutcome, run: Id, shard: Option<Shard>, stage: Option<Id>,
        suite: Id,
    }
}

words! {
    /// What a scan looks for.
    ScanKind {
        Sast = "sast", Sca = "sca", Dast = "dast", Secret = "secret", Container = "container",
        Iac = "iac", License = "license", Pii = "pii", Malware = "malware",
    }
}

object! {
    /// How many findings of each weight.
    FindingCounts { critical: u64, high: u64, info: u64, low: u64, medium: u64 }
}

object! {
    /// A finding that is not counted, until when, and who allowed it.
    Suppression { approver: Person, id: Id, until: Timestamp }
}

event! {
    /// a scan ran over an artifact
    ScanCompleted = "scan.completed"
    subject(artifact) need(Append) actor(true)
    {
        counts: FindingCounts, database_at: Option<Timestamp>, duration: Option<Duration>,
        kind: ScanKind, outcome: CheckOutcome, rules_digest: Option<Sha256>,
        suppressed: Option<Vec<Suppression>>, tool: Tool,
    }
}

words! {
    /// Where a finding stands.
    FindingState {
        Open = "open", Fixed = "fixed", Dismissed = "dismissed", Reopened = "reopened",
    }
}

event! {
    /// a finding was opened, fixed, dismissed or opened again
    FindingChanged = "finding.changed"
    subject(finding) need(Append) actor(true)
    {
        approver: Option<Person>, artifact: Option<Sha256>, kind: ScanKind,
        reason: Option<Sealed>, severity: Severity, state: FindingState, tool: Option<Tool>,
        until: Option<Timestamp>,
    }
}

object! {
    /// Who relies on a contract.
    Consumer { artifact: Sha256, service: Id }
}

object! {
    /// Who keeps a contract.
    Provider {
        artifact: Option<Sha256>, service: Id, vendor: Option<Id>,
        version: Option<Id>,
    }
}

event! {
    /// a contract between services was verified
    ContractVerified = "contract.verified"
    subject(service) need(Append) actor(true)
    {
        consumer: Consumer, outcome: CheckOutcome, provider: Provider,
    }
}

event! {
    /// an environment was compared with another
    EnvironmentCompared = "environment.compared"
    subject(environment) need(Append) actor(true)
    {
        allowed: u64, differences: u64, outcome: CheckOutcome, score: Decimal, with: Id,
    }
}

words! {
    /// Whether test data comes from production.
    ProductionData { None = "none", Masked = "masked", Present = "present" }
}

event! {
    /// somebody looked whether an environment holds production data
    TestDataAttested = "test_data.attested"
    subject(environment) need(Append) actor(true)
    {
        method: Id, production_data: ProductionData, reviewer: Person,
    }
}
