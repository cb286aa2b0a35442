//! Rules, keys, persons in the vault, and the ledger's own bookkeeping.
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::Rule;
use super::typed::{Attached, Filled, Flag, Id, Person, Sealed};
use super::words::{Bounds, WaiverAction};
use crate::capability::Capability;
use crate::hash::Sha256;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

words! {
    /// What a policy rules.
    PolicyKind {
        Gate = "gate", Catalogue = "catalogue", Overlay = "overlay", Calendar = "calendar",
        Sod = "sod", Roles = "roles", Weights = "weights", Metrics = "metrics",
        Retention = "retention", Ledger = "ledger",
    }
}

event! {
    /// persons put another version of the rules into force
    PolicyChanged = "policy.changed"
    subject(policy) need(Policy) actor(true)
    {
        after: Sha256, baseline: Option<Sha256>, before: Sha256,
        /// The rules themselves.
        content: Attached,
        effective_from: Timestamp, kind: PolicyKind, rationale: Option<Sealed>,
    }
}

event! {
    /// a person waived a rule for a time
    PolicyWaived = "policy.waived"
    subject(policy) need(Approve) own(approver) actor(true)
    {
        action: WaiverAction, approver: Person, expires_at: Timestamp, reason: Sealed,
    }
}

object! {
    /// A root key and whose it is.
    Root { person: Person, public_key: [u8; 32] }
}

event! {
    /// the ledger's name, root keys and threshold: entry 0
    LedgerCreated = "ledger.created"
    subject() need(Genesis) actor(false)
    {
        name: Id, nonce: [u8; 32], roots: Vec<Root>, solo: Flag, threshold: u64,
    }
}

event! {
    /// a key of a person or service may sign from here on
    KeyRegistered = "key.registered"
    subject(key) need(Admin) actor(false)
    rules(Rule::ExactlyOne(&["holder", "service"]))
    {
        capabilities: Vec<Capability>, holder: Option<Person>, public_key: [u8; 32],
        scope: Option<Bounds>, service: Option<Id>,
    }
}

event! {
    /// another key takes the place of a key, with its holder, capabilities and scope
    KeyRotated = "key.rotated"
    subject(key) need(Any) actor(false)
    {
        /// The new public key.
        successor: [u8; 32],
    }
}

words! {
    /// Why a key may not sign any more.
    RevocationReason {
        Superseded = "superseded", Retired = "retired", Compromised = "compromised",
    }
}

event! {
    /// a key may not sign from here on
    KeyRevoked = "key.revoked"
    subject(key) need(Admin) actor(false)
    {
        reason: RevocationReason, suspect_from: Option<u64>,
    }
}

event! {
    /// all keys and their standing, as the entries before it say
    KeyListed = "key.listed"
    subject() need(Append) actor(false)
    {
        digest: Sha256, keys: Attached,
        /// How many keys.
        size: u64,
    }
}

event! {
    /// a producer closed its stream; the last event of it
    StreamClosed = "stream.closed"
    subject(stream) need(Any) actor(false)
    rules(Rule::ClosesItsStream)
    {
        length: u64,
    }
}

event! {
    /// a second, different event was signed for a place in a stream
    StreamForked = "stream.forked"
    subject(stream) need(Any) actor(false)
    {
        conflicting: Sha256, first_index: u64, seq: u64,
    }
}

event! {
    /// events of a stream are known to be lost
    GapDeclared = "gap.declared"
    subject(stream) need(Append) actor(false)
    {
        from: u64, reason_code: Id, to: u64,
    }
}

event! {
    /// bytes that no head covered were set aside, or a failed sync was mended
    RecoveryRecorded = "recovery.recorded"
    subject() need(Any) actor(false)
    {
        digest: Sha256, set_aside_bytes: u64, size: u64,
    }
}

words! {
    /// What dates the ledger from outside.
    AnchorKind { Witness = "witness", Rfc3161 = "rfc3161" }
}

event! {
    /// a cosignature or time token was attached to a size of the ledger
    AnchorAttached = "anchor.attached"
    subject(anchor) need(Append) actor(false)
    {
        digest: Sha256, kind: AnchorKind, size: u64,
    }
}

event! {
    /// an anchor that was due did not come
    AnchorMissed = "anchor.missed"
    subject(anchor) need(Append) actor(false)
    {
        due: Timestamp, reason_code: Id,
    }
}

event! {
    /// the name behind a pseudonym was shown
    PersonRevealed = "person.revealed"
    subject() need(Exact) actor(true)
    {
        approvers: Filled<Person>, basis: Id, pseudonym: Pseudonym,
    }
}

words! {
    /// What was decided about a class of a person's records.
    ErasureDecision { Erase = "erase", Restrict = "restrict", Refuse = "refuse" }
}

object! {
    /// What was decided about one class of records.
    ErasedClass {
        class: Id, decision: ErasureDecision,
        /// Of a refusal or restriction: the article, the statute, or the rule of retention.
        ground: Option<Id>,
    }
}

event! {
    /// a person's data were erased from the vault
    PersonErased = "person.erased"
    subject() need(Exact) actor(true)
    {
        approvers: Filled<Person>, basis: Id, classes: Filled<ErasedClass>,
        pseudonym: Pseudonym,
    }
}

event! {
    /// what an earlier entry says is known to be wrong
    CorrectionRecorded = "correction.recorded"
    subject() need(Exact) actor(true)
    {
        approver: Person, corrects: u64, reason: Sealed,
    }
}
