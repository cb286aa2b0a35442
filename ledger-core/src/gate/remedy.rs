//! Remedy: what would let a deployment pass, for each thing that can be wrong before it begins.

/// What to do, by test and code.
const REMEDIES: &[(&str, &str, &str)] = &[
    ("", "entries-unread", "ask again with a version that reads these entries"),
    (
        "",
        "environment-undeclared",
        "register the system with this environment: `ledger record system.registered`",
    ),
    ("T01", "approval-lapsed", "approve it again: the approval was over or taken back"),
    (
        "T01",
        "approval-of-another",
        "approve exactly this artifact, change and environment: `ledger approve`",
    ),
    ("T01", "approval-recorded-late", "approve it again, and record the approval when it is given"),
    (
        "T01",
        "approver-unresolved",
        "link the approvers to their person records: `ledger person link`, `person.changed`",
    ),
    ("T01", "artifact-or-change-missing", "name the artifact and the change"),
    (
        "T01",
        "no-approval",
        "approve it: `ledger approve CHANGE --artifact DIGEST --environment NAME --role ROLE`",
    ),
    ("T01", "too-few-approvals", "let more persons approve it"),
    (
        "T02",
        "approver-deployed",
        "let somebody set it running who did not approve it, or another person approve it",
    ),
    (
        "T02",
        "author-deployed-unprotected",
        "let somebody deploy it who did not write it, or restore the protection of the pipeline",
    ),
    (
        "T02",
        "commits-unknown",
        "record the build with its commits (`artifact.recorded`), and the changes that have them",
    ),
    ("T02", "path-unknown", "say what an operator may type: --operator-input none"),
    (
        "T02",
        "person-unresolved",
        "say who sets it running (--initiator), and link all persons to their records",
    ),
    ("T02", "push-after-approval", "approve it again as it is now"),
    ("T02", "self-approval", "let somebody approve it who did not write it"),
    ("T02", "too-few-independent", "let persons approve it who neither wrote nor deploy it"),
    (
        "T03",
        "approver-unauthorised",
        "let somebody approve it whose role carries the duty AP in the system",
    ),
    (
        "T03",
        "authority-unknown",
        "register which roles carry the duty AP (`system.registered`), and who has them (`access.changed`)",
    ),
    ("T03", "board-missing", "let the change advisory board decide: `cab.decided`"),
    ("T03", "conflicted-vote", "let the board decide again without authors and requesters"),
    (
        "T03",
        "delegation-invalid",
        "delegate again within its scope, or let the holder of the role approve",
    ),
    ("T03", "no-approval", "approve it: `ledger approve`"),
    ("T03", "quorum-not-met", "let the board decide again with its quorum"),
    ("T03", "risk-unknown", "classify the change with its risk: `change.classified`"),
    ("T03", "role-missing", "let somebody in the role that is needed approve it"),
    ("T04", "another-digest", "test and approve the artifact that is to be deployed"),
    ("T04", "artifact-missing", "name the artifact"),
    (
        "T04",
        "builders-unset",
        "set `T04.trusted_builders` in an overlay, and record builds with their builder",
    ),
    ("T04", "mutable-reference", "deploy by digest"),
    ("T04", "no-test", "record a test of this artifact: `test.completed`"),
    ("T04", "not-built-by-trusted", "deploy what a trusted builder built, and record the build"),
    (
        "T04",
        "provenance-missing",
        "record provenance and the check of the signature: `artifact.recorded`",
    ),
    ("T04", "verification-failed", "sign and verify it with a key that counts"),
    ("T05", "created-after-start", "write the change down first: `change.recorded`"),
    ("T05", "field-missing", "record the change with the fields that are missing"),
    ("T05", "impact-or-backout-missing", "record the change with its impact and the way back"),
    ("T05", "no-change", "name a change that is open: `change.recorded`"),
    ("T05", "outside-window", "wait for the window of the change, or record another"),
    ("T06", "artifact-missing", "name the artifact"),
    (
        "T06",
        "gate-failed",
        "mend what fails and evaluate the gate again, or let another person waive it: `gate.waived`",
    ),
    ("T06", "gate-missing", "evaluate the gate: `gate.evaluated`"),
    ("T06", "gate-of-another-policy", "evaluate the gate by the policy in force"),
    ("T06", "gate-of-another-tier", "evaluate the gate for the tier that its system has"),
    ("T06", "gate-stale", "evaluate the gate again"),
    ("T06", "gate-undecided", "evaluate the gate again, and name the tests and scans it stands on"),
    (
        "T06",
        "required-unset",
        "put a policy of gates into force whose list names them (`policy.changed`), or set `T06.required`",
    ),
    ("T06", "scan-missing", "run the scan on this artifact: `scan.completed`"),
    ("T06", "waiver-invalid", "let another person with authority waive it, for now"),
    ("T06", "waiver-unresolved", "link who waived it to a person record, and register who may"),
    ("T07", "authorisation-recorded-late", "record what is allowed when it is allowed"),
    ("T07", "gates-unknown", "set `T06.required`, or name the gates that are passed by"),
    ("T07", "no-incident", "name an incident that is open and severe enough: --incident"),
    (
        "T08",
        "no-template",
        "use a template that is approved and in force, or go the way of a normal change",
    ),
    ("T08", "out-of-scope", "go the way of a normal change"),
    ("T08", "should-be-suspended", "suspend the template until its failures are understood"),
    ("T08", "template-approved-wrongly", "let another person with authority approve the template"),
    ("T08", "template-edited", "let the template be approved as it is now"),
    ("T08", "template-expired", "review the template"),
    ("T08", "template-unknown", "record version and digest of the template, and who approved it"),
    ("T09", "calendar-edited", "let the authority over the freeze grant an exception"),
    (
        "T09",
        "exception-invalid",
        "let the authority over the freeze grant it, another person than who asks",
    ),
    ("T09", "exception-spent", "let another exception be granted"),
    ("T09", "exception-unresolved", "link who granted it to a person record, and register who may"),
    (
        "T09",
        "in-freeze",
        "wait until the freeze is over, or let its authority grant an exception: `freeze.changed`",
    ),
    ("T09", "scope-unknown", "name the region: --region"),
];

/// What would let it pass; none for what is only worth knowing, or can only come up afterwards.
pub fn remedy(test: &str, code: &str) -> Option<&'static str> {
    let found =
        REMEDIES.iter().find(|(of, known, _)| (of.is_empty() || *of == test) && *known == code);
    found.map(|(.., words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{self, Severity};

    /// What can be wrong only when something is over.
    const LATER: [(&str, &str); 10] = [
        ("T01", "approved-after-start"),
        ("T05", "not-closed"),
        ("T07", "gate-not-backfilled"),
        ("T07", "never-ratified"),
        ("T07", "no-review"),
        ("T07", "ratified-by-party"),
        ("T07", "ratified-late"),
        ("T07", "ratifier-unauthorised"),
        ("T07", "ratifier-unresolved"),
        ("T07", "rejected-not-undone"),
    ];

    #[test]
    fn all_that_can_stand_in_the_way_has_a_remedy() {
        for test in super::super::TESTS.iter().filter_map(|id| check::find(id)) {
            for kind in test.kinds.iter().filter(|kind| kind.severity != Severity::Info) {
                let later = kind.afterwards
                    || LATER.contains(&(test.id, kind.code))
                    || [("T09", "end-unknown"), ("T09", "exception-after-start")]
                        .contains(&(test.id, kind.code));
                assert_ne!(
                    later,
                    remedy(test.id, kind.code).is_some(),
                    "{} {}",
                    test.id,
                    kind.code
                );
            }
        }
    }
}
