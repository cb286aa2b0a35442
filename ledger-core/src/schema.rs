//! The law of meaning: closed schemas of all event types, each declared once.
//!
//! Spec page: `spec/event.md`. A declaration (`event!` in `schema/declare.rs`) gives the row of
//! [`TYPES`] that the door checks by, and a typed view that readers of the log get: a struct whose
//! required fields are there, whose enumerations are Rust's, and whose persons carry their
//! pseudonyms. So no reader spells a pointer, and a misspelt name does not compile instead of being
//! missing evidence.
//!
//! Each type has required subject references, its own fields, what its first signer must be able
//! to do, and at most one pointer marked *self*: the person who must hold the signing key. There is
//! no shape for free text: a plain string has an enumeration or a grammar with no room for prose;
//! everything else is sealed. The door demands meaning; readers use it to know what fields say.

mod at;
mod check;
#[macro_use]
mod declare;
pub mod export;
pub mod joins;
mod table;
pub mod typed;
pub mod view;

// the types, by the parts of a release process
pub mod access;
pub mod approve;
pub mod build;
pub mod change;
pub mod deploy;
pub mod gate;
pub mod incident;
pub mod records;
pub mod review;
pub mod rules;
pub mod scope;
pub mod words;

pub(crate) use check::ACTOR;
pub use check::{Position, check};
pub use table::TYPES;

/// What the first signer of a type must be able to do; the other signers add persons, not powers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing is known yet: entry 0, signed by the roots it names.
    Genesis,
    /// `append:` with a pattern that fits the type.
    Append,
    /// `append:` with the type spelt in full: a pattern with `*` does not grant it.
    Exact,
    /// `approve`.
    Approve,
    /// `review`.
    Review,
    /// `sign_off`.
    SignOff,
    /// `gate:` with the name in `/data/gate`.
    Gate,
    /// `policy`, by t distinct persons.
    Policy,
    /// `admin`, by t distinct persons.
    Admin,
    /// Any registered key that is not bound to checkpoints or witnessing.
    Any,
}

impl Need {
    /// As `ledger events` prints it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Genesis => "roots",
            Self::Append => "append",
            Self::Exact => "append, in full",
            Self::Approve => "approve",
            Self::Review => "review",
            Self::SignOff => "sign_off",
            Self::Gate => "gate",
            Self::Policy => "policy, t persons",
            Self::Admin => "admin, t persons",
            Self::Any => "any key",
        }
    }
}

/// What may stand in a field. No shape has room for prose.
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
    /// A decimal number as a string: `-?` digits without leading zeros, at most 18, and a fraction of at most 18.
    Decimal,
    /// A truth value.
    Boolean,
    /// `true`; what is not so is left out.
    Flag,
    /// The padded base64 of 32 bytes: a hash, a public key, a nonce.
    Bytes32,
    /// A capability of a key.
    Capability,
    /// A pseudonym of a person.
    Pseudonym,
    /// Sealed text.
    Sealed,
    /// A sealed identity of a person or account.
    Person,
    /// A list that travels as an attachment of this event: its digest, and how many items it has.
    Attached,
    /// A list of at most 100 items.
    List(&'static Shape),
    /// A list of 1 to 100 items: none would be no evidence.
    Filled(&'static Shape),
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
    /// What it says, where its name does not; may be empty.
    pub meaning: &'static str,
}

/// What holds between the members of an event, beyond the shape of each.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// Exactly one of these fields of `data` stands there.
    ExactlyOne(&'static [&'static str]),
    /// At least one of these fields of `data` stands there.
    AnyField(&'static [&'static str]),
    /// At least one of these subject references stands there.
    AnyReference(&'static [&'static str]),
    /// Where the first field of `data` has this word, the others stand there too.
    When(&'static str, &'static str, &'static [&'static str]),
    /// The field of `data` is `relay` exactly where the event was imported.
    RelayIsImported(&'static str),
    /// It is the last event of the very stream it names, and counts it.
    ClosesItsStream,
}

/// One event type.
#[derive(Clone, Copy, Debug)]
pub struct EventType {
    /// Like `deployment.finished`.
    pub name: &'static str,
    /// One line on what it records.
    pub meaning: &'static str,
    /// Subject references that must be there, in ascending order; others may.
    pub subject: &'static [&'static str],
    /// What the first signer must be able to do.
    pub need: Need,
    /// The pointer whose person must hold the signing key, if the type has one.
    pub own: Option<&'static str>,
    /// Whether an actor must be named: of somebody's act, not of the ledger's own bookkeeping.
    pub actor: bool,
    /// What holds between its members.
    pub rules: &'static [Rule],
    /// The fields of `data`, in ascending order.
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

/// One draft for each type, in ascending order of the names: what a producer writes before
/// [`crate::producer::sign`], with plain values in sealed places. JSON Lines.
pub const EXAMPLES: &str = include_str!("schema/examples.jsonl");

/// The example of a type: one JSON object.
pub fn example(name: &str) -> Option<&'static str> {
    let at = TYPES.binary_search_by(|known| known.name.cmp(name)).ok()?;
    EXAMPLES.lines().nth(at)
}

const fn required(name: &'static str, shape: Shape) -> Field {
    Field { name, required: true, shape, meaning: "" }
}

const fn optional(name: &'static str, shape: Shape) -> Field {
    Field { name, required: false, shape, meaning: "" }
}
