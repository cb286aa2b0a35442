//! Planted: what goes wrong in the quarter. The same table is the plan of the history and what the
//! evaluation is held against: each row is found, and nothing else is.

/// What goes wrong with one release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NoApproval,
    ApprovedAfter,
    Backdated,
    AnotherDigest,
    Unauthorised,
    SecondAccount,
    PushedAfterApproval,
    ApproverDeploys,
    UntrustedBuilder,
    NoBackout,
    OutsideWindow,
    NotClosed,
    GateFailed,
    GateMissing,
    WaiverExpired,
    NeverRatified,
    RatifiedLate,
    NoTemplate,
    InFreeze,
    FailedUnreviewed,
}

/// A release that goes wrong: how, what that is called, and the tests and codes that must say so about
/// its deployment.
pub(super) struct Wrong {
    pub(super) fault: Fault,
    pub(super) told: &'static str,
    pub(super) found: &'static [(&'static str, &'static str)],
}

const fn wrong(
    fault: Fault,
    told: &'static str,
    found: &'static [(&'static str, &'static str)],
) -> Wrong {
    Wrong { fault, told, found }
}

/// All releases that go wrong, in the order of time.
pub(super) const RELEASES: &[Wrong] = &[
    wrong(
        Fault::FailedUnreviewed,
        "a failed deployment that nobody looked into",
        &[("T12", "no-review")],
    ),
    wrong(
        Fault::SecondAccount,
        "self-approval through a second account",
        &[("T02", "self-approval")],
    ),
    wrong(
        Fault::NoApproval,
        "a deployment that nobody approved",
        &[("T01", "no-approval"), ("T02", "too-few-independent"), ("T03", "no-approval")],
    ),
    wrong(
        Fault::ApprovedAfter,
        "an approval after the deployment",
        &[("T01", "approved-after-start"), ("T02", "too-few-independent"), ("T03", "no-approval")],
    ),
    wrong(Fault::Backdated, "an approval that is backdated", &[("T01", "approval-recorded-late")]),
    wrong(
        Fault::AnotherDigest,
        "an approval of another artifact",
        &[
            ("T01", "approval-of-another"),
            ("T02", "too-few-independent"),
            ("T03", "no-approval"),
            ("T04", "another-digest"),
        ],
    ),
    wrong(Fault::Unauthorised, "an approver without the role", &[("T03", "approver-unauthorised")]),
    wrong(
        Fault::PushedAfterApproval,
        "code pushed after the approval",
        &[("T02", "push-after-approval")],
    ),
    wrong(Fault::ApproverDeploys, "an approver who deploys", &[("T02", "approver-deployed")]),
    wrong(
        Fault::UntrustedBuilder,
        "an artifact built on a laptop",
        &[("T04", "not-built-by-trusted")],
    ),
    wrong(Fault::NoBackout, "a change without a way back", &[("T05", "impact-or-backout-missing")]),
    wrong(Fault::OutsideWindow, "a deployment outside its window", &[("T05", "outside-window")]),
    wrong(Fault::NotClosed, "a change that nobody closed", &[("T05", "not-closed")]),
    wrong(Fault::GateFailed, "a gate that said no", &[("T06", "gate-failed")]),
    wrong(Fault::GateMissing, "a gate that nobody asked", &[("T06", "gate-missing")]),
    wrong(Fault::WaiverExpired, "an expired waiver", &[("T06", "waiver-invalid")]),
    wrong(
        Fault::NeverRatified,
        "an emergency without ratification",
        &[("T02", "too-few-independent"), ("T07", "never-ratified")],
    ),
    wrong(Fault::RatifiedLate, "late ratification", &[("T07", "ratified-late")]),
    wrong(Fault::NoTemplate, "a standard change without a template", &[("T08", "no-template")]),
    wrong(Fault::InFreeze, "a freeze breach", &[("T09", "in-freeze")]),
];

/// What goes wrong beside releases: how it is told, the item, and the tests and codes that must say so.
/// An item that ends with `*` only begins so: the rest is a keyed digest.
pub(super) struct Other {
    pub(super) told: &'static str,
    pub(super) item: &'static str,
    pub(super) found: &'static [(&'static str, &'static str)],
}

const fn other(
    told: &'static str,
    item: &'static str,
    found: &'static [(&'static str, &'static str)],
) -> Other {
    Other { told, item, found }
}

/// All of them.
pub(super) const OTHERS: &[Other] = &[
    other(
        "a shadow change",
        "production/eu-central-1/2026-08-10T05:00:00.000000Z",
        &[("T10", "unexplained-artifact")],
    ),
    other(
        "a setting approved by who changed it",
        "shop/checkout-main",
        &[("T11", "self-approved")],
    ),
    other("a setting that nobody approved", "core/audit-trail", &[("T11", "unapproved")]),
    other("access granted to oneself", "acc-900", &[("T13", "grant-self-approved")]),
    other("access that nobody approved", "acc-901", &[("T13", "no-approval")]),
    other(
        "a leaver who keeps access",
        "*",
        &[("T14", "access-still-active"), ("T14", "access-removed-late")],
    ),
    other("an account of a leaver", "shop/*", &[("T20", "orphan-account")]),
    other(
        "a mover whom nobody reviewed",
        "*",
        &[("T15", "mover-not-reviewed"), ("T15", "mover-late")],
    ),
    other("a privileged session without review", "s-77", &[("T16", "session-not-reviewed")]),
    other("duties in conflict", "payments@*", &[("T17", "conflicting-duties")]),
    other("an unproven revocation", "uar-2026-q3/*", &[("T19", "still-present")]),
    other("a dormant deployer", "core/*", &[("T20", "dormant-account")]),
    other("a duty that nobody did", "login-review/34", &[("T21", "slot-missed")]),
    other("a failed backup", "backup/core/archive", &[("T22", "failure-ignored")]),
    other("a breach told too late", "gdpr-33-1/inc-privacy", &[("T23", "statutory-clock-missed")]),
    other(
        "a person's request without an answer",
        "dsr/dsr-4",
        &[("T23", "statutory-clock-missed")],
    ),
    other("an erasure overdue", "dsr-4", &[("T28", "erasure-overdue")]),
    other("an expired document", "plan/system/care", &[("T24", "document-expired")]),
    other("an anchor that did not come", "ledger", &[("T25", "anchor-missed")]),
    other("a missing stream", "backups/backup.run", &[("T26", "source-outage")]),
    other(
        "a deployment the ledger never saw",
        "ci/deployment.started",
        &[("T26", "missing-in-ledger")],
    ),
    other(
        "a disposal under a hold",
        "deployment/2017-01-01T00:00:00.000000Z/2018-01-01T00:00:00.000000Z",
        &[("T27", "disposal-under-hold")],
    ),
    other("a secret in the open", "payload", &[("T28", "secret-or-special-in-payload")]),
    other("an exception overdue", "x-old", &[("T29", "remediation-overdue")]),
    other("an expired acceptance of a risk", "x-risk", &[("T29", "acceptance-expired")]),
];
