//! The newest published checkpoint, and what is proven under it.

use ledger_core::checkpoint::Checkpoint;
use ledger_core::hash::Sha256;
use ledger_core::ledger::Ledger;
use ledger_core::note::{KeyType, Note, VerifierKey};
use ledger_core::policy::Policy;
use ledger_core::signer::CHECKPOINT;
use ledger_core::{store, tree};

use crate::context::Folder;
use crate::failure::{Failure, Result};
use crate::hashes;

/// The newest published checkpoint; code `checkpoint-none`.
pub(crate) fn newest(folder: &Folder) -> Result<(Vec<u8>, Checkpoint)> {
    let note = store::read_all(&*folder.store, CHECKPOINT)?.ok_or_else(|| {
        Failure::new("checkpoint-none", "the ledger has no checkpoint yet")
            .within(folder.shown())
            .hint("sign one with `ledger checkpoint --key FILE`")
    })?;
    let place = |error| Failure::from(error).within(format!("{}/{CHECKPOINT}", folder.shown()));
    let checkpoint =
        Note::parse(&note).and_then(|note| Checkpoint::parse(note.text())).map_err(place)?;
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
    let size = checkpoint.size();
    let hashes = hashes::of(ledger, Some((size, checkpoint.root())))
        .map_err(|error| Failure::by_law(&error))?;
    Ok(tree::inclusion_proof(size, index, &hashes)?)
}
