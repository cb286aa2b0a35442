//! One registered key: whose it is, what it may do and where, and since and until when.

use std::sync::OnceLock;

use crate::capability::Capability;
use crate::event::Event;
use crate::key::{KeyId, PublicKey};
use crate::vault::persons::Pseudonym;

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A person, by pseudonym.
    Person(Pseudonym),
    /// A service, by name.
    Service(String),
}

/// Which services and environments a key may speak of; empty means all.
///
/// An item is an exact name, or the beginning of names with a final `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Services.
    pub services: Vec<String>,
    /// Environments.
    pub environments: Vec<String>,
}

impl Scope {
    /// Whether the event's `subject.service` and `subject.environment` lie within.
    pub fn covers(&self, event: &Event<'_>) -> bool {
        let within = |items: &[String], pointer: &str| {
            items.is_empty()
                || event
                    .text_at(pointer)
                    .is_some_and(|found| items.iter().any(|item| fits(item, found)))
        };
        within(&self.services, "/subject/service")
            && within(&self.environments, "/subject/environment")
    }
}

/// Whether a name is the item's, or begins as an item with a final `*` says.
fn fits(item: &str, name: &str) -> bool {
    match item.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => item == name,
    }
}

/// Why a key ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another key took its place.
    Superseded,
    /// It is not needed any more.
    Retired,
    /// Somebody else may have used it.
    Compromised,
}

impl Reason {
    /// Reads the word of `data.reason`.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Superseded, Self::Retired, Self::Compromised]
            .into_iter()
            .find(|reason| reason.word() == word)
    }

    /// `superseded`, `retired` or `compromised`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::Retired => "retired",
            Self::Compromised => "compromised",
        }
    }
}

/// The end of a key's authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The entry that ended it; the key signs nothing after it.
    pub index: u64,
    /// Why.
    pub reason: Reason,
    /// The key that `key.rotated` put in its place.
    pub successor: Option<KeyId>,
}

/// A key that was reported compromised: what it signed from an entry on is in doubt, though it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// The earliest doubtful entry.
    pub from: u64,
    /// The entry that reported it.
    pub by: u64,
}

/// One registered key.
#[derive(Clone, Debug)]
pub struct Record {
    bytes: [u8; 32],
    /// The point of the bytes; found when it is first needed.
    point: OnceLock<Option<PublicKey>>,
    /// Whose it is.
    pub holder: Holder,
    /// What it may do.
    pub capabilities: Vec<Capability>,
    /// Of what it may speak.
    pub scope: Scope,
    /// The entry that registered it; it signs from the next one on.
    pub registered: u64,
    /// The end of its authority, if it ended.
    pub ended: Option<Ending>,
    /// Whether it was reported compromised, and since when.
    pub suspect: Option<Suspicion>,
}

impl Record {
    /// The record of a key whose public half is known to hold.
    pub(super) fn new(
        public: &PublicKey,
        holder: Holder,
        capabilities: Vec<Capability>,
        scope: Scope,
        registered: u64,
    ) -> Self {
        let record = Self::of_bytes(*public.as_bytes(), holder, capabilities, scope, registered);
        // a fresh cell: nothing is in it yet
        let _ = record.point.set(Some(*public));
        record
    }

    /// The record of a key whose 32 bytes were read back; they are held against `spec/key.md` when
    /// the key is first used.
    pub(super) fn of_bytes(
        bytes: [u8; 32],
        holder: Holder,
        capabilities: Vec<Capability>,
        scope: Scope,
        registered: u64,
    ) -> Self {
        Self {
            bytes,
            point: OnceLock::new(),
            holder,
            capabilities,
            scope,
            registered,
            ended: None,
            suspect: None,
        }
    }

    /// The public key; none when bytes that were read back are no key.
    pub fn public(&self) -> Option<&PublicKey> {
        self.point.get_or_init(|| PublicKey::from_bytes(&self.bytes).ok()).as_ref()
    }

    /// The 32 bytes of the public key.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Whether the key holds the capability.
    pub fn has(&self, capability: &Capability) -> bool {
        self.capabilities.contains(capability)
    }

    /// Whether the key may sign entry `index`, as far as its own time goes.
    pub fn stands_at(&self, index: u64) -> bool {
        self.registered < index && self.ended.as_ref().is_none_or(|ended| ended.index >= index)
    }

    /// Why entry `index` is in doubt if this key signed it; none when it is not.
    pub fn suspicion_at(&self, index: u64) -> Option<Suspicion> {
        self.suspect.filter(|suspect| suspect.from <= index)
    }
}
