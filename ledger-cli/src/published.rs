//! The newest published checkpoint, and what is proven under it.

use ledger_core::checkpoint::Checkpoint;
use ledger_core::error::Kind;
use ledger_core::hash::{Blake3, Sha256};
use ledger_core::ledger::{Ledger, Receipt};
use ledger_core::note::{KeyType, Note, VerifierKey};
use ledger_core::policy::Policy;
use ledger_core::proof::Proof;
use ledger_core::signer::CHECKPOINT;
use ledger_core::{store, tree};

use crate::context::Folder;
use crate::failure::{Failure, Result};
use crate::hashes::{self, Hashes};

/// The newest published checkpoint; code `checkpoint-none`.
pub(crate) fn newest(folder: &Folder) -> Result<(Vec<u8>, Checkpoint)> {
    let note = store::read_all(&*folder.store, CHECKPOINT)?.ok_or_else(|| {
        Failure::new("checkpoint-none", "the ledger has no checkpoint yet")
            .within(folder.shown())
            .hint("sign one with `ledger checkpoint --key FILE`")
    })?;
    let place = |error| Failure::from(error).within(format!("{}/{CHECKPOINT}", folder.shown()));
    let checkpoint = stated(&note).map_err(place)?;
    if checkpoint.origin() != folder.origin.to_string() {
        return Err(Failure::refused("checkpoint-origin", "the checkpoint is of another ledger")
            .within(folder.shown()));
    }
    Ok((note, checkpoint))
}

/// The policy of this ledger alone: the key that signed the checkpoint of this size, if it may; code
/// `checkpoint-key`.
pub(crate) fn own_policy(ledger: &Ledger, note: &[u8], size: u64) -> Result<Policy> {
    let note = Note::parse(note)?;
    let origin = ledger.origin().to_string();
    for key in ledger.registry().checkpoint_keys(size) {
        let key = VerifierKey::new(&origin, KeyType::Ed25519, *key.verifying())?;
        if note.signatures().iter().any(|line| key.matches(line)) {
            return Ok(Policy::of_log(key)?);
        }
    }
    Err(Failure::refused("checkpoint-key", "the newest checkpoint is by no key that may sign it")
        .hint("run `ledger verify`"))
}

/// The inclusion path of an entry under a checkpoint.
pub(crate) fn inclusion(
    ledger: &Ledger,
    index: u64,
    checkpoint: &Checkpoint,
) -> Result<Vec<Sha256>> {
    let (size, root) = (checkpoint.size(), checkpoint.root());
    let leaf = tree::leaf_hash(&ledger.line(index)?);
    proven(ledger, checkpoint, |hashes| {
        let path = tree::inclusion_proof(size, index, hashes)?;
        tree::verify_inclusion(index, size, &leaf, &path, root).map(|()| path)
    })
}

/// A proof that holds: where the files of hashes are wrong, it is made from the lines.
fn proven(
    ledger: &Ledger,
    checkpoint: &Checkpoint,
    made: impl Fn(&Hashes) -> ledger_core::error::Result<Vec<Sha256>>,
) -> Result<Vec<Sha256>> {
    let by_law = |error| Failure::by_law(&error);
    let at = (checkpoint.size(), checkpoint.root());
    match made(&hashes::of(ledger, Some(at)).map_err(by_law)?) {
        Err(error) if error.kind() == Kind::Untrue => {
            made(&hashes::anew(ledger).map_err(by_law)?).map_err(by_law)
        }
        done => Ok(done?),
    }
}

/// What a note states; who signed it is for the caller to judge.
pub(crate) fn stated(note: &[u8]) -> ledger_core::error::Result<Checkpoint> {
    Checkpoint::parse(Note::parse(note)?.text())
}

/// The proof of an entry under a checkpoint, with the entry's line in it.
pub(crate) fn proof(
    ledger: &Ledger,
    index: u64,
    (note, checkpoint): (&[u8], &Checkpoint),
) -> Result<Vec<u8>> {
    let line = ledger.line(index)?;
    let path = inclusion(ledger, index, checkpoint)?;
    Ok(Proof::new(index, path, note)?.with_extra(&line)?.encode())
}

/// The proof of what a receipt promises, as of now; codes `checkpoint-none`, `checkpoint-behind` when it is
/// too early, `rollback`.
pub(crate) fn prove(folder: &Folder, receipt: Receipt) -> Result<Vec<u8>> {
    // read before the ledger is opened, which costs more
    let (note, checkpoint) = newest(folder)?;
    if checkpoint.size() <= receipt.index {
        return Err(Failure::new("checkpoint-behind", "no checkpoint covers the entry"));
    }
    let ledger = folder.open()?;
    if Blake3::of(&ledger.line(receipt.index)?) != receipt.hash {
        return Err(Failure::refused("rollback", "the ledger no longer holds the entry"));
    }
    proof(&ledger, receipt.index, (&note, &checkpoint))
}

/// That a checkpoint continues the tree of the first `old` entries.
pub(crate) fn continues(ledger: &Ledger, old: u64, new: &Checkpoint) -> Result<Vec<Sha256>> {
    if old > new.size() {
        let message = format!("{old} entries are more than the {} of the checkpoint", new.size());
        return Err(Failure::new("consistency-order", message).hint("name the smaller tree first"));
    }
    if old == 0 {
        return Ok(Vec::new());
    }
    proven(ledger, new, |hashes| {
        let path = tree::consistency_proof(old, new.size(), hashes)?;
        let before = tree::root(old, hashes)?;
        tree::verify_consistency(old, new.size(), &before, new.root(), &path).map(|()| path)
    })
}

/// A consistency proof as it travels, the text of C2SP `tlog-witness`: what it continues from, the
/// hashes, the newer checkpoint.
pub(crate) struct Continuation {
    /// Size of the older tree.
    pub(crate) old: u64,
    /// The proof.
    pub(crate) path: Vec<Sha256>,
    /// The newer checkpoint, verbatim.
    pub(crate) note: Vec<u8>,
}

impl Continuation {
    /// The text.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut text = format!("old {}\n", self.old);
        for hash in &self.path {
            text.push_str(&hash.to_base64());
            text.push('\n');
        }
        text.push('\n');
        [text.as_bytes(), &self.note].concat()
    }

    /// Reads the text; none when it is not that.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
        let (head, note) = bytes.split_at_checked(end + 2)?;
        let text = std::str::from_utf8(head).ok()?.strip_suffix("\n\n")?;
        let mut lines = text.split('\n');
        let old: u64 = lines.next()?.strip_prefix("old ")?.parse().ok()?;
        let path: Option<Vec<Sha256>> =
            lines.map(|line| Sha256::from_base64(line.as_bytes()).ok()).collect();
        let path = path.filter(|path| path.len() <= tree::MAX_PROOF)?;
        let read = Self { old, path, note: note.to_vec() };
        (read.encode() == bytes).then_some(read)
    }
}
