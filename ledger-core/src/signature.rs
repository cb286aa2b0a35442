//! Signatures on events: one message encoding, one verdict, two speeds.
//!
//! The signed message is the DSSE pre-authentication encoding of the event's bytes, so that an
//! exported event is an envelope other tools check. The verdict is that of `verify_strict` of
//! ed25519-dalek, under keys that [`PublicKey`] admits; [`Mode::Bulk`] reaches the same verdict
//! faster for many signatures (`signature/bulk.rs`, with the argument in the spec page).
//!
//! Out of scope: which keys must sign, and whether they may (`event`, `trust`).
//!
//! Spec: `ledger-core/spec/signature.md`.

mod bulk;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use self::bulk::Spread;
use crate::error::{Error, Result};
use crate::key::{PublicKey, Signer};

/// The DSSE payload type of an event.
pub const PAYLOAD_TYPE: &str = "application/vnd.release-ledger.event+json";

/// Everything of the pre-authentication encoding before the length of the event.
const PREFIX: &str = "DSSEv1 41 application/vnd.release-ledger.event+json ";

/// The bytes that are signed: DSSE v1.0.2 pre-authentication encoding of the event's bytes.
pub fn pae(event: &[u8]) -> Vec<u8> {
    let head = head(event);
    let mut message = Vec::with_capacity(head.len() + event.len());
    message.extend_from_slice(head.as_bytes());
    message.extend_from_slice(event);
    message
}

/// The bytes that are signed where the payload is of another type than an event.
pub fn encoding_of(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// The encoding up to the event's first byte.
fn head(event: &[u8]) -> String {
    format!("{PREFIX}{} ", event.len())
}

/// Signs the event's bytes; fails only if the signer's secret is out of reach.
pub fn sign(signer: &dyn Signer, event: &[u8]) -> Result<[u8; 64]> {
    signer.sign(&pae(event))
}

/// Checks one signature on the event's bytes; code `signature-false`.
pub fn verify_one(key: &PublicKey, event: &[u8], signature: &[u8; 64]) -> Result<()> {
    verify_raw(key, &pae(event), signature)
}

/// Checks one signature on a message as it is, without the event encoding; code `signature-false`.
///
/// Checkpoints and cosignatures sign other texts than events; the verdict is the same.
pub fn verify_raw(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> Result<()> {
    let signature = ed25519_dalek::Signature::from_bytes(signature);
    key.verifying().verify_strict(message, &signature).map_err(|_| {
        Error::untrue("signature-false", format!("the signature is not one by key `{}`", key.id()))
    })
}

/// One claim to be checked: this key signed this event with this signature.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// The key that is said to have signed.
    pub key: &'a PublicKey,
    /// The event's bytes, exactly as signed.
    pub message: &'a [u8],
    /// R and S of RFC 8032.
    pub signature: &'a [u8; 64],
}

/// How [`verify_all`] goes about its work; the verdict is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each signature by itself, spread over the cores.
    OneByOne,
    /// Many at once, and one by one where something is wrong.
    Bulk,
}

/// Checks all claims on all cores; returns the positions of those that do not hold, ascending.
///
/// `random` is 32 bytes that whoever made the signatures could not foresee, fresh for each call; it
/// has no influence in [`Mode::OneByOne`]. In [`Mode::Bulk`] a false claim passes with probability
/// at most 2^-64.
pub fn verify_all(checks: &[Check<'_>], random: [u8; 32], mode: Mode) -> Vec<usize> {
    match mode {
        Mode::OneByOne => checks
            .par_iter()
            .enumerate()
            .filter(|(_, check)| !holds(check))
            .map(|(position, _)| position)
            .collect(),
        Mode::Bulk => {
            let size = batch_size(checks.len());
            checks
                .par_chunks(size)
                .enumerate()
                .flat_map_iter(|(batch, checks)| {
                    failing(checks, batch.saturating_mul(size), &random, Spread::Cores)
                })
                .collect()
        }
    }
}

/// As [`verify_all`] in [`Mode::Bulk`], but on the calling thread alone, for a caller that has
/// spread its work over the cores already.
pub fn verify_all_here(checks: &[Check<'_>], random: [u8; 32]) -> Vec<usize> {
    let size = batch_size(checks.len());
    checks
        .chunks(size)
        .enumerate()
        .flat_map(|(batch, checks)| {
            failing(checks, batch.saturating_mul(size), &random, Spread::Alone)
        })
        .collect()
}

/// Batches of equal size, as near to the best size as that allows: one and a half of it is better
/// than two small ones.
fn batch_size(count: usize) -> usize {
    let batches = (count + bulk::BEST / 2) / bulk::BEST;
    count.div_ceil(batches.max(1)).max(1)
}

/// The failing positions of one batch that starts at position `start`.
fn failing(checks: &[Check<'_>], start: usize, random: &[u8; 32], spread: Spread) -> Vec<usize> {
    if checks.len() >= bulk::LEAST && bulk::all_hold(checks, random, spread) {
        return Vec::new();
    }
    let holds = spread.each(checks.len(), |i| checks.get(i).is_some_and(holds));
    (start..).zip(holds).filter(|(_, holds)| !holds).map(|(position, _)| position).collect()
}

fn holds(check: &Check<'_>) -> bool {
    verify_one(check.key, check.message, check.signature).is_ok()
}
