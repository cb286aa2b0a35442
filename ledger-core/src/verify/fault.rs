//! What verification found, and the verdict over it.

use std::collections::BTreeMap;

use crate::anchor::{Anchor, Brackets};
use crate::key::KeyId;
use crate::trust::Suspicion;
use crate::vault::persons::Pseudonym;

/// The answer to "does it hold?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was checked and holds, against something outside the folder.
    Holds,
    /// At least one fault.
    DoesNotHold,
    /// No fault, but nothing outside the folder to hold it against, or a part could not be read.
    CannotTell,
}

/// Which part of the log a fault is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A line is not a lawful spelling.
    Form,
    /// Order: index, chain, streams, identities.
    Link,
    /// Keys: who may sign what.
    Key,
    /// A signature.
    Signature,
    /// The tree, a checkpoint or its archive.
    Checkpoint,
    /// Files: segments, head.
    Store,
    /// Something remembered outside the folder: a pin, a receipt, an older checkpoint.
    Anchor,
    /// A token or a cosignature that is to date the log.
    Date,
}

impl Class {
    /// One word for people and machines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Link => "link",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Checkpoint => "checkpoint",
            Self::Store => "store",
            Self::Anchor => "anchor",
            Self::Date => "date",
        }
    }
}

/// One distinct thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The entry it is about; none for files and checkpoints.
    pub index: Option<u64>,
    /// The part of the log.
    pub class: Class,
    /// The stable code of the reason.
    pub code: &'static str,
    /// One sentence: what is wrong, and what that means.
    pub message: String,
    /// How many further entries are wrong for this reason alone.
    pub followers: u64,
}

/// Something a reader should know that is not a fault of integrity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Stable code.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
}

impl Notice {
    /// Whether it is a finding of COMPLETENESS: the log itself shows that something is missing.
    pub fn is_finding(&self) -> bool {
        ["stream-gap", "clock-back", "dated-after"].contains(&self.code)
    }
}

/// Entries whose signatures hold, by a key that was later reported compromised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The key.
    pub key: KeyId,
    /// The earliest entry that is in doubt, and the one that reported it.
    pub suspicion: Suspicion,
    /// How many entries in doubt the key signed.
    pub count: u64,
    /// Their indexes, the first thousand.
    pub entries: Vec<u64>,
    /// The sizes of the checkpoints in doubt: those that no other key signed, the first thousand.
    pub checkpoints: Vec<u64>,
}

/// What witnesses of the auditor's policy said of the newest checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// How many of them cosigned it; none where it does not satisfy the policy.
    pub count: u64,
    /// How many entries it covers.
    pub size: u64,
}

/// An entry that was recorded before the one in front of it, by the writer's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setback {
    /// The entry.
    pub index: u64,
    /// By how many microseconds the clock went back.
    pub micros: u64,
}

/// A refusal for a key that was not known yet.
#[derive(Debug)]
pub(super) struct Unknown {
    pub(super) index: u64,
    pub(super) signers: Vec<KeyId>,
    pub(super) message: String,
}

/// The outcome of verification.
#[derive(Clone, Debug)]
pub struct Report {
    /// The verdict on INTEGRITY.
    pub verdict: Verdict,
    /// Why it cannot be told, if it cannot.
    pub reason: Option<String>,
    /// The ledger's origin as the folder says.
    pub origin: String,
    /// How many entries were read.
    pub size: u64,
    /// The root over them, base64.
    pub root: String,
    /// Signatures checked.
    pub signatures: u64,
    /// Faults, by entry.
    pub faults: Vec<Fault>,
    /// What else to know: gaps in streams, clocks, recovered bytes, a solo ledger.
    pub notices: Vec<Notice>,
    /// Checkpoints of the archive that hold and whose signer is not in doubt.
    pub checkpoints: u64,
    /// The largest size under a checkpoint that holds and whose signer is not in doubt.
    pub checkpointed: u64,
    /// Newest entries that no checkpoint covers.
    pub uncovered: u64,
    /// What outside the folder it was held against, in words.
    pub anchors: Vec<String>,
    /// Who dated the log, by size; those whom the auditor does not trust among them.
    pub dated: Vec<Anchor>,
    /// What that leaves of the times that entries claim.
    pub brackets: Brackets,
    /// What witnesses said, as the auditor's policy names them; none without a policy.
    pub witnessed: Option<Witnessed>,
    /// Where the writer's clock went back, the first thousand.
    pub setbacks: Vec<Setback>,
    /// Whether one person alone administers the ledger.
    pub solo: bool,
    /// What keys signed that were reported compromised later. It stands; it is no fault.
    pub suspects: Vec<Suspect>,
    /// Persons whose identity was erased, each with the first entry that says so. It is no fault.
    pub erased: BTreeMap<Pseudonym, u64>,
}
