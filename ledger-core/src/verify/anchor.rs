//! Checkpoints: those in the archive, those from outside, and what the log is held against.

use super::Options;
use super::fault::{Class, Fault};
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::key::KeyId;
use crate::note::{self, KeyType, VerifierKey};
use crate::signer::{ARCHIVE, archived};
use crate::store::{self, Store};
use crate::trust::Registry;

/// How much of the archive is read at a time.
const PIECE: usize = 1 << 20;

/// The archive, note by note, without holding it all.
pub(super) struct Archive<'s> {
    store: &'s dyn Store,
    at: u64,
    buffer: Vec<u8>,
    ended: bool,
    ready: std::collections::VecDeque<Vec<u8>>,
    /// The newest note read.
    pub(super) newest: Option<Vec<u8>>,
}

impl<'s> Archive<'s> {
    pub(super) fn new(store: &'s dyn Store) -> Self {
        let (buffer, ready) = (Vec::new(), std::collections::VecDeque::new());
        Self { store, at: 0, buffer, ended: false, ready, newest: None }
    }

    /// The next note; an error of code `archive-torn` for bytes that are no whole note.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>> {
        while self.ready.is_empty() && !self.ended {
            if self.buffer.len() > note::MAX_BYTES {
                // no note is that long: what stands here is none, and the rest is not searched
                self.ended = true;
                break;
            }
            if self.at == 0 && self.store.len(ARCHIVE)?.is_none() {
                self.ended = true;
                return Ok(None);
            }
            let piece = store::read_range(self.store, ARCHIVE, self.at, PIECE)?;
            self.at += piece.len() as u64;
            self.ended = piece.is_empty();
            self.buffer.extend_from_slice(&piece);
            let (notes, rest) = archived(&self.buffer);
            self.ready.extend(notes.into_iter().map(<[u8]>::to_vec));
            let rest = rest.to_vec();
            self.buffer = rest;
        }
        if let Some(note) = self.ready.pop_front() {
            self.newest = Some(note.clone());
            return Ok(Some(note));
        }
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.buffer.clear();
        Err(Error::untrue(
            "archive-torn",
            format!("`{ARCHIVE}` ends with bytes that are no whole note"),
        ))
    }
}

/// A checkpoint whose root is still to be compared.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) checkpoint: Checkpoint,
    pub(super) note: Vec<u8>,
    /// Words for where it is from; none for the archive.
    pub(super) outside: Option<String>,
}

/// A checkpoint that holds: its root is that of the lines, and these keys signed it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) size: u64,
    pub(super) signers: Vec<KeyId>,
    /// Words for where it is from; none for the archive.
    pub(super) outside: Option<String>,
}

/// Reads a note's checkpoint; its signatures are judged when the keys before its size are known.
pub(super) fn pending(note: &[u8], outside: Option<String>) -> Result<Pending> {
    let parsed = note::Note::parse(note)?;
    let checkpoint = Checkpoint::parse(parsed.text())?;
    Ok(Pending { checkpoint, note: note.to_vec(), outside })
}

impl Pending {
    /// Holds the checkpoint against the lines: its origin, its root, its signature.
    pub(super) fn judge(
        &self,
        origin: &str,
        root: &Sha256,
        registry: &Registry,
    ) -> std::result::Result<Held, Fault> {
        let size = self.checkpoint.size();
        let whose = self.outside.as_deref().unwrap_or("a published checkpoint");
        let class = if self.outside.is_some() { Class::Anchor } else { Class::Checkpoint };
        let fault = |code: &'static str, message: String| Fault {
            index: None,
            class,
            code,
            message,
            followers: 0,
        };
        if self.checkpoint.origin() != origin {
            return Err(fault(
                "checkpoint-origin",
                format!("{whose} is of another ledger, `{}`", self.checkpoint.origin()),
            ));
        }
        let (mut keys, mut ids) = (Vec::new(), Vec::new());
        for key in registry.checkpoint_keys(size) {
            if let Ok(named) = VerifierKey::new(origin, KeyType::Ed25519, *key.verifying()) {
                keys.push(named);
                ids.push(key.id());
            }
        }
        let opened = note::open(&self.note, &keys).map_err(|error| {
            fault("checkpoint-signature", format!("{whose} of {size} entries: {error}"))
        })?;
        if self.checkpoint.root() != root {
            return Err(fault(
                "checkpoint-root",
                format!(
                    "{whose} of {size} entries states another root: lines below it were changed after it was signed"
                ),
            ));
        }
        let signers = opened.verified.iter().filter_map(|by| ids.get(by.key).copied()).collect();
        Ok(Held { size, signers, outside: self.outside.clone() })
    }
}

/// A newest note that satisfies the auditor's policy.
#[derive(Debug)]
pub(super) struct Satisfied {
    /// What it was held against, in words.
    pub(super) what: String,
    pub(super) size: u64,
    /// How many witnesses signed, beside the log's own key.
    pub(super) witnesses: u64,
}

/// Holds the newest note against the auditor's policy.
pub(super) fn policy(
    options: &Options<'_>,
    newest: Option<&[u8]>,
) -> Option<std::result::Result<Satisfied, Fault>> {
    let policy = options.policy?;
    let fault = |message: String| Fault {
        index: None,
        class: Class::Anchor,
        code: "policy",
        message,
        followers: 0,
    };
    let Some(note) = newest else {
        return Some(Err(fault("the policy asks for a checkpoint and there is none".to_owned())));
    };
    Some(match policy.check(note) {
        Ok(satisfied) => {
            let witnesses = satisfied.cosigned.len();
            let size = satisfied.checkpoint.size();
            let what =
                format!("the policy's log key and {witnesses} witness(es), at {size} entries");
            Ok(Satisfied { what, size, witnesses: witnesses as u64 })
        }
        Err(error) => {
            Err(fault(format!("the newest checkpoint does not satisfy the policy: {error}")))
        }
    })
}
