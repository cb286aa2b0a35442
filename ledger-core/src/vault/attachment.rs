//! Private attachments: originals, extracts and snapshots with names in them (`spec/attachment.md`).
//!
//! Each is encrypted under a key of its own before anything refers to it. The event names the digest
//! of the ciphertext, never of the plain text; the key goes to the vault through the inbox. So who
//! holds the ledger's folder can prove which bytes were meant, and cannot read them; and when the key
//! is destroyed, nobody can.

use crate::blob::{self, FOLDER};
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::store::{self, Store};

use super::cipher::{DataKey, TAG_LEN};

/// Bytes of plain text in a chunk; every chunk but the last is full.
pub const CHUNK: usize = 64 * 1024;
/// Longest attachment in bytes of plain text.
pub const MAX: usize = 1 << 30;

const FORMAT: &[u8] = b"release-ledger/attachment@v1\n";

/// An encrypted attachment on its way: its bytes, what an event calls it, and its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// SHA-256 of `bytes`, as an event's `attachments` name it.
    pub digest: Sha256,
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// What opens it; it travels through the inbox only.
    pub key: DataKey,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed")
            .field("digest", &self.digest.to_reference())
            .finish_non_exhaustive()
    }
}

/// Encrypts an attachment of `ledger` under a new key.
///
/// `random` is 32 fresh random bytes. The plain text is mixed with them, so that giving the same ones
/// twice by accident does not use a key for two texts. Codes `attachment-empty`, `attachment-size`.
pub fn seal(ledger: [u8; 32], plain: &[u8], random: &[u8; 32]) -> Result<Sealed> {
    if plain.is_empty() {
        return Err(Error::refused("attachment-empty", "an attachment without bytes says nothing"));
    }
    if plain.len() > MAX {
        let message = format!("the attachment has {} bytes, at most {MAX} fit", plain.len());
        return Err(Error::refused("attachment-size", message).hint("attach it in parts"));
    }
    let key = DataKey::derive("ledger/v1 attachment key", random, &[&ledger, plain]);
    let bytes = encrypt(&key, plain)?;
    Ok(Sealed { digest: Sha256::of(&bytes), bytes, key })
}

/// Encrypts under a key that is used for nothing else.
pub(crate) fn encrypt(key: &DataKey, plain: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = FORMAT.to_vec();
    let mut chunks = (0u64..).zip(plain.chunks(CHUNK)).peekable();
    while let Some((number, chunk)) = chunks.next() {
        let nonce = nonce(number, chunks.peek().is_none());
        bytes.append(&mut key.seal_at(&nonce, FORMAT, chunk)?);
    }
    Ok(bytes)
}

/// Opens an attachment; codes `attachment-format`, `attachment-truncated`, `attachment-sealed`
/// (changed, cut, or of another key).
pub fn open(key: &DataKey, bytes: &[u8]) -> Result<Vec<u8>> {
    let rest = bytes.strip_prefix(FORMAT).ok_or_else(|| {
        Error::malformed("attachment-format", "not a private attachment, version 1")
    })?;
    if rest.is_empty() {
        return Err(Error::malformed("attachment-truncated", "the attachment has no chunk"));
    }
    let mut plain = Vec::with_capacity(rest.len());
    let mut chunks = (0u64..).zip(rest.chunks(CHUNK + TAG_LEN)).peekable();
    while let Some((number, chunk)) = chunks.next() {
        if chunk.len() <= TAG_LEN {
            return Err(Error::malformed("attachment-truncated", "a chunk is cut short"));
        }
        let nonce = nonce(number, chunks.peek().is_none());
        let mut chunk = key.open_at(&nonce, FORMAT, chunk).map_err(|_| {
            Error::untrue(
                "attachment-sealed",
                "the attachment does not open: it was changed or cut, or the key is another",
            )
        })?;
        plain.append(&mut chunk);
    }
    Ok(plain)
}

/// Puts the ciphertext into the ledger's folder, durably; the same bytes again are no error.
///
/// Called before the entries that name it are written: if we stop on the way, a file is left that
/// nothing refers to. Code `attachment-digest` when other bytes have the name.
pub fn put(store: &dyn Store, sealed: &Sealed) -> Result<()> {
    let name = blob::file(sealed.digest);
    match store::read_all(store, &name)? {
        // what another process wrote before it died may be in the page cache only
        Some(bytes) if bytes == sealed.bytes => {
            store.sync(&name)?;
            store.sync_dir(FOLDER)
        }
        Some(_) => Err(Error::untrue("attachment-digest", "other bytes stand under this digest")
            .at(name)
            .hint("the file was changed or torn; move it away and attach again")),
        None => store::replace(store, &name, &sealed.bytes),
    }
}

/// The ciphertext in the ledger's folder, held against its digest; none when it is not there.
/// Code `attachment-digest`.
pub fn get(store: &dyn Store, digest: Sha256) -> Result<Option<Vec<u8>>> {
    blob::get(store, digest)
}

/// The place of a chunk, and whether it is the last: so chunks cannot be moved, cut off or added.
fn nonce(number: u64, last: bool) -> [u8; 24] {
    let mut nonce = [0; 24];
    let (head, tail) = nonce.split_at_mut(16);
    if let Some(flag) = head.last_mut() {
        *flag = u8::from(last);
    }
    tail.copy_from_slice(&number.to_be_bytes());
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn chunks_cannot_be_moved_cut_or_added() {
        let plain = vec![7; 3 * CHUNK];
        let sealed = seal([1; 32], &plain, &[2; 32]).unwrap();
        assert_eq!(open(&sealed.key, &sealed.bytes).unwrap(), plain);
        let start = FORMAT.len();
        let chunk = CHUNK + TAG_LEN;
        let cut = &sealed.bytes[..start + 2 * chunk];
        assert_eq!(open(&sealed.key, cut).unwrap_err().code(), "attachment-sealed");
        let mut swapped = sealed.bytes.clone();
        swapped[start..start + 2 * chunk].rotate_left(chunk);
        assert_eq!(open(&sealed.key, &swapped).unwrap_err().code(), "attachment-sealed");
        let more = [&sealed.bytes[..], &sealed.bytes[start..start + chunk]].concat();
        assert_eq!(open(&sealed.key, &more).unwrap_err().code(), "attachment-sealed");
        let other = seal([1; 32], b"x", &[2; 32]).unwrap();
        assert_ne!(other.key, sealed.key, "the same randomness is not the same key");
        assert_eq!(open(&other.key, &sealed.bytes).unwrap_err().code(), "attachment-sealed");
    }

    proptest! {
        #[test]
        fn any_change_is_seen(plain in prop::collection::vec(any::<u8>(), 1..300), at: usize, bit in 0u8..8) {
            let sealed = seal([1; 32], &plain, &[3; 32]).unwrap();
            prop_assert_eq!(&open(&sealed.key, &sealed.bytes).unwrap(), &plain);
            let mut changed = sealed.bytes.clone();
            let at = at % changed.len();
            changed[at] ^= 1 << bit;
            prop_assert!(open(&sealed.key, &changed).is_err());
        }
    }
}
