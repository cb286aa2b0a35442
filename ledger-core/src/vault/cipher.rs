//! The cipher of everything that the vault keeps: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).
//!
//! No randomness is needed to encrypt. A key is either used for one text only, or the nonce is a
//! hash of all that is encrypted under it (24 bytes: no two are the same by accident), so that doing
//! a step again after a crash makes the same bytes again.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::error::{Error, Result};

/// What the cipher adds to a plain text.
pub(super) const TAG_LEN: usize = 16;
const NONCE_LEN: usize = 24;

/// A key of 32 bytes; shows nothing of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DataKey(pub(super) [u8; 32]);

impl DataKey {
    /// A key that belongs to `what`, from a key or fresh random bytes; `context` names the use.
    pub fn derive(context: &str, secret: &[u8; 32], what: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(context);
        hasher.update(secret);
        for part in what {
            hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// The 32 bytes, to be sealed in their turn.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// From bytes that were sealed.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Encrypts under a nonce that is a hash of key, `bound` and text; the nonce stands before it.
    pub(crate) fn seal(&self, bound: &[u8], text: &[u8]) -> Result<Vec<u8>> {
        let nonce = Self::derive("ledger/v1 vault nonce", &self.0, &[bound, text]).0;
        let nonce = nonce.first_chunk::<NONCE_LEN>().copied().unwrap_or_default();
        let mut out = nonce.to_vec();
        out.append(&mut self.seal_at(&nonce, bound, text)?);
        Ok(out)
    }

    /// Opens what [`DataKey::seal`] made; code `vault-sealed`.
    pub(crate) fn open(&self, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(unopened)?;
        self.open_at(nonce, bound, rest)
    }

    /// Encrypts under a nonce of the caller's, who never uses it twice for this key.
    pub(super) fn seal_at(
        &self,
        nonce: &[u8; NONCE_LEN],
        bound: &[u8],
        text: &[u8],
    ) -> Result<Vec<u8>> {
        self.cipher()
            .encrypt(&XNonce::from(*nonce), Payload { msg: text, aad: bound })
            .map_err(|_| Error::refused("vault-size", "the text is too long to be encrypted"))
    }

    /// Opens what [`DataKey::seal_at`] made; code `vault-sealed`.
    pub(super) fn open_at(
        &self,
        nonce: &[u8; NONCE_LEN],
        bound: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>> {
        self.cipher()
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: bound })
            .map_err(|_| unopened())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

fn unopened() -> Error {
    Error::untrue("vault-sealed", "does not open: the bytes were changed, or the key is another")
}
