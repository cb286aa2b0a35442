//! Words that several types share, and the kinds of references.
//!
//! Declared by the macros of `schema/declare.rs`.

use super::typed::{Id, Pattern};
use crate::hash::Sha256;
use crate::time::Timestamp;

words! {
    /// What a subject reference names: the kinds that join evidence.
    Reference {
        Access = "access", Action = "action", Activity = "activity", Anchor = "anchor",
        Artifact = "artifact", Cab = "cab", Campaign = "campaign", Change = "change",
        Class = "class", Config = "config", Control = "control", Debt = "debt", Defect = "defect",
        Deployment = "deployment", Document = "document", Environment = "environment",
        Exception = "exception", Finding = "finding", Flag = "flag", Freeze = "freeze",
        Hold = "hold", Incident = "incident", Job = "job", Key = "key", Package = "package",
        Period = "period", Person = "person", Policy = "policy", Region = "region",
        Release = "release", Report = "report", Request = "request", Risk = "risk", Run = "run",
        Sample = "sample", Service = "service", Session = "session", Source = "source",
        Statement = "statement", Stream = "stream", System = "system", Template = "template",
        Train = "train", Vendor = "vendor",
    }
}

words! {
    /// How much is at stake.
    Risk { Low = "low", Medium = "medium", High = "high", Critical = "critical" }
}

words! {
    /// How far something reaches.
    Impact { None = "none", Minor = "minor", Significant = "significant" }
}

words! {
    /// How bad it is; `sev1` is the worst.
    Severity { Sev1 = "sev1", Sev2 = "sev2", Sev3 = "sev3", Sev4 = "sev4", Sev5 = "sev5" }
}

words! {
    /// The class of a change, which decides what it needs beforehand.
    Class { Standard = "standard", Normal = "normal", Emergency = "emergency" }
}

words! {
    /// An answer about the world; `unknown` is not `no`.
    Answer { Yes = "yes", No = "no", Unknown = "unknown" }
}

words! {
    /// What a system is subject to.
    Regime { Sox = "sox", Ephi = "ephi", PersonalData = "personal_data" }
}

words! {
    /// What a rule computed; `indeterminate` where evidence is missing.
    Verdict { Pass = "pass", Fail = "fail", Indeterminate = "indeterminate" }
}

words! {
    /// How a check ended; `error` where it could not be done.
    CheckOutcome { Passed = "passed", Failed = "failed", Error = "error" }
}

words! {
    /// How a scheduled run ended.
    JobOutcome {
        Succeeded = "succeeded", Failed = "failed", Partial = "partial", Skipped = "skipped",
        Cancelled = "cancelled",
    }
}

words! {
    /// Whether something counts from here on.
    Active { Active = "active", Retired = "retired" }
}

words! {
    /// What became of a waiver.
    WaiverAction { Granted = "granted", Extended = "extended", Revoked = "revoked" }
}

words! {
    /// What the test of a control found.
    TestResult {
        Pass = "pass", Fail = "fail", Indeterminate = "indeterminate", Waived = "waived",
        NotApplicable = "not_applicable", NoOccurrence = "no_occurrence",
    }
}

object! {
    /// A span of time; the end is not part of it.
    Window { end: Timestamp, start: Timestamp }
}

object! {
    /// A whole from which items are taken: how many, and the digest of their list.
    Population { digest: Sha256, rows: u64 }
}

object! {
    /// A published tree: its size and root.
    Checkpoint { root: [u8; 32], size: u64 }
}

object! {
    /// What an account may do, where.
    Entitlement { privileged: bool, role: Id, scope: Id, system: Id }
}

object! {
    /// For which services and environments; what is left out is not bounded.
    Bounds { environments: Option<Vec<Pattern>>, services: Option<Vec<Pattern>> }
}

object! {
    /// A program and its version.
    Tool { name: Id, version: Id }
}
