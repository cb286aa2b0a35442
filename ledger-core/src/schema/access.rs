//! Access and people: who may do what, who did, and who is who.
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::typed::{Attached, Filled, Flag, Id, Person, Sealed};
use super::words::{Answer, Entitlement, Window};
use crate::hash::Sha256;
use crate::time::Timestamp;

event! {
    /// an access was asked for
    AccessRequested = "access.requested"
    subject(access) need(Append) actor(true)
    {
        entitlement: Entitlement, expires_at: Option<Timestamp>, principal: Person,
        reason: Option<Sealed>, requester: Person,
    }
}

words! {
    /// What was changed.
    AccessObject {
        Account = "account", Token = "token", Key = "key", Session = "session",
        Entitlement = "entitlement",
    }
}

words! {
    /// What was done with it.
    AccessAction {
        Created = "created", Granted = "granted", Modified = "modified", Revoked = "revoked",
        Disabled = "disabled", Deleted = "deleted", Expired = "expired",
    }
}

event! {
    /// an account or an entitlement was created, granted, modified or taken away
    AccessChanged = "access.changed"
    subject(system) need(Append) actor(true)
    {
        access: Option<Id>, account: Sealed, action: AccessAction, approval: Option<Id>,
        effective_at: Timestamp, entitlement: Option<Entitlement>, executor: Option<Person>,
        expires_at: Option<Timestamp>, item: Option<Id>, object: AccessObject,
        principal: Person,
    }
}

event! {
    /// an account was used
    AccessUsed = "access.used"
    subject(system) need(Append) actor(true)
    {
        account: Sealed, count: u64, entitlement: Option<Entitlement>, last_at: Timestamp,
        principal: Person, window: Window,
    }
}

event! {
    /// the accounts and entitlements of a system were listed
    AccessObserved = "access.observed"
    subject(system) need(Append) actor(true)
    {
        collector: Id, complete: bool,
        /// The list in its normal form.
        entitlements: Attached,
        pages: u64, query_digest: Option<Sha256>, rows: u64, taken_at: Timestamp, total_reported: Option<u64>,
    }
}

words! {
    /// Where a session stands.
    SessionPhase { Opened = "opened", Closed = "closed", Reviewed = "reviewed" }
}

words! {
    /// What a session was raised for.
    SessionKind {
        Elevated = "elevated", BreakGlass = "break_glass", VaultReveal = "vault_reveal",
    }
}

event! {
    /// a session with more rights was opened, closed or reviewed
    SessionElevated = "session.elevated"
    subject(session, system) need(Append) actor(true)
    {
        approver: Option<Person>, credential_rotated: Option<Answer>, findings: Option<u64>,
        kind: SessionKind, log_digest: Option<Sha256>, max_until: Option<Timestamp>,
        phase: SessionPhase, principal: Person, reason: Option<Sealed>, reviewer: Option<Person>,
        ticket: Option<Id>,
    }
}

words! {
    /// What happened to somebody's employment.
    PersonEvent { Joined = "joined", Moved = "moved", Left = "left" }
}

words! {
    /// What somebody is to the company.
    PersonKind { Employee = "employee", Contractor = "contractor", Service = "service" }
}

event! {
    /// somebody joined, moved or left
    PersonChanged = "person.changed"
    subject() homonym(person) need(Append) actor(true)
    {
        access_ends_at: Option<Timestamp>, department: Option<Id>, effective_at: Timestamp,
        employee_ref: Option<Sealed>, event: PersonEvent, involuntary: Flag, kind: PersonKind,
        location: Option<Id>, manager: Option<Person>, person: Person,
        role_profile: Option<Id>, title: Option<Sealed>,
    }
}

words! {
    /// What was done with identities.
    LinkAction { Linked = "linked", Unlinked = "unlinked" }
}

event! {
    /// identities were found to be one person's, or not to be
    IdentityLinked = "identity.linked"
    subject() need(Append) actor(true)
    {
        action: LinkAction, basis: Id, identities: Filled<Person>,
        valid_from: Option<Timestamp>,
    }
}
