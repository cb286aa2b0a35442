//! Cosignatures: what a witness adds to a checkpoint that it found consistent (C2SP
//! `tlog-cosignature`, Ed25519, version 1).
//!
//! A cosignature says: at this time, the largest consistent tree that I have seen of this origin has
//! this size and root. It is the one signature with a time that somebody else than the log vouches
//! for. Specification: `spec/cosignature.md`.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};

/// The last second that a cosignature can name: 2^63−1.
pub const MAX_TIME: u64 = i64::MAX.unsigned_abs();

/// Bytes of a cosignature in a note: the time and the Ed25519 signature.
pub const BYTES: usize = 72;

/// A time and the witness's signature over it and the checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cosignature {
    time: u64,
    signature: [u8; 64],
}

impl Cosignature {
    /// Signs the checkpoint's body at `time`, in seconds since 1970; `cosignature-time` after 2^63−1.
    ///
    /// The caller has verified that the checkpoint follows the last one that it cosigned.
    pub fn sign(checkpoint: &Checkpoint, time: u64, key: &SigningKey) -> Result<Self> {
        let message = message(&checkpoint.encode(), time)?;
        Ok(Self { time, signature: key.sign(&message).to_bytes() })
    }

    /// Reads the bytes behind the key id in a signature line; codes `cosignature-length`,
    /// `cosignature-time`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bytes: &[u8; BYTES] = bytes.try_into().map_err(|_| {
            Error::malformed("cosignature-length", format!("a cosignature has {BYTES} bytes"))
        })?;
        let (time, signature) = bytes.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        let time = checked(u64::from_be_bytes(*time))?;
        let signature = signature.try_into().unwrap_or([0; 64]);
        Ok(Self { time, signature })
    }

    /// The bytes behind the key id in a signature line.
    pub fn to_bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let (time, signature) = bytes.split_at_mut(8);
        time.copy_from_slice(&self.time.to_be_bytes());
        signature.copy_from_slice(&self.signature);
        bytes
    }

    /// When the witness signed, in seconds since 1970.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Holds when the key's holder cosigned this text; `cosignature-untrue`.
    ///
    /// The text is the note's, extension lines included; whether it is a checkpoint is for the
    /// reader of the checkpoint to say.
    pub fn verify(&self, text: &str, key: &VerifyingKey) -> Result<()> {
        key.verify_strict(&message(text, self.time)?, &Signature::from_bytes(&self.signature))
            .map_err(|_| {
                Error::untrue("cosignature-untrue", "the cosignature is not of this checkpoint")
            })
    }
}

/// The bytes that a witness signs: a header line, a line with the time, and the checkpoint's body;
/// `cosignature-time` after 2^63−1.
pub fn message(text: &str, time: u64) -> Result<Vec<u8>> {
    Ok(format!("cosignature/v1\ntime {}\n{text}", checked(time)?).into_bytes())
}

fn checked(time: u64) -> Result<u64> {
    if time > MAX_TIME {
        return Err(Error::malformed(
            "cosignature-time",
            "the time of a cosignature is after second 2^63-1",
        ));
    }
    Ok(time)
}
