//! The law of meaning: closed schemas of the event types, as one table.
//!
//! Spec page: `spec/event.md`. Each type has required subject references, its own fields, what its
//! first signer must be able to do, and at most one pointer marked *self*: the person who must hold
//! the signing key. A plain string has an enumeration or a grammar with no room for prose; everything
//! else is sealed. The door demands meaning; readers use it to know what a type's fields say.

mod check;
mod types;

pub(crate) use check::ACTOR;
pub use check::{Position, check};
pub use types::TYPES;

/// What the first signer of a type must be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing is known yet: entry 0, signed by the roots it names.
    Genesis,
    /// `append:` with a pattern that fits the type.
    Append,
    /// `approve`.
    Approve,
    /// `append:` with the type spelled in full.
    Exact,
    /// `review`.
    Review,
    /// `sign_off`.
    SignOff,
    /// `gate:` with the name in `data.gate`.
    Gate,
    /// `policy`, by t distinct persons.
    Policy,
    /// `admin`, by t distinct persons.
    Admin,
    /// Any registered key that is not bound to checkpoints or witnessing.
    Any,
}

/// What may stand in a field.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// One of these words.
    Enum(&'static [&'static str]),
    /// A restricted id.
    Id,
    /// A restricted id, or the beginning of some with a final `*`.
    Pattern,
    /// `sha256:` and 64 hex digits.
    Digest,
    /// A time, 27 bytes.
    Time,
    /// A duration, ISO 8601 (`PT5M`, `P90D`).
    Duration,
    /// An integer from 0.
    Count,
    /// A truth value.
    Boolean,
    /// The padded base64 of 32 bytes: a hash, a public key, a nonce.
    Bytes32,
    /// A capability of a key.
    Capability,
    /// Sealed text.
    Sealed,
    /// A sealed identity of a person or account.
    Person,
    /// A list of at most 100 items.
    List(&'static Shape),
    /// An object of these fields and no others.
    Object(&'static [Field]),
    /// An object whose member names are restricted and whose values have this shape.
    Map(&'static Shape),
}

/// One field of an object.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The member's name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What may stand in it.
    pub shape: Shape,
}

/// One event type.
#[derive(Clone, Copy, Debug)]
pub struct EventType {
    /// Like `deployment.finished`.
    pub name: &'static str,
    /// One line on what it records.
    pub meaning: &'static str,
    /// Subject references that must be there; others may.
    pub subject: &'static [&'static str],
    /// What the first signer must be able to do.
    pub need: Need,
    /// The pointer whose person must hold the signing key, if the type has one.
    pub own: Option<&'static str>,
    /// Whether an actor must be named.
    pub actor: bool,
    /// The fields of `data`.
    pub data: &'static [Field],
}

/// The members an event may have; each type says which of them it demands.
pub(crate) const SCHEMA_MEMBERS: &[&str] = &[
    "actor",
    "adapter",
    "attachments",
    "data",
    "final",
    "ledger",
    "occurred_at",
    "occurred_raw",
    "ordinal",
    "original",
    "prev",
    "raw",
    "schema",
    "seen",
    "seq",
    "signers",
    "source",
    "source_id",
    "stream",
    "subject",
    "time_quality",
    "type",
];

/// The type of that name, if this library knows it.
pub fn find(name: &str) -> Option<&'static EventType> {
    TYPES.binary_search_by(|known| known.name.cmp(name)).ok().and_then(|at| TYPES.get(at))
}

const fn required(name: &'static str, shape: Shape) -> Field {
    Field { name, required: true, shape }
}

const fn optional(name: &'static str, shape: Shape) -> Field {
    Field { name, required: false, shape }
}
