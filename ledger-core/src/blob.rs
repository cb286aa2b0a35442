//! Blobs: attachments, each under its own digest in the folder `blobs/`: in the clear here, private ones
//! encrypted (`vault/attachment.rs`).

use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::store::{self, Store};

/// The folder of attachments.
pub const FOLDER: &str = "blobs";

/// The name of an attachment's file.
pub fn file(digest: Sha256) -> String {
    format!("{FOLDER}/{}", encoding::hex(&digest.0))
}

/// Stores the bytes, durably, before an entry refers to them; gives the digest, `sha256:` and 64 hex
/// digits. If we stop in here, there is a file that nothing refers to, and the next try writes it
/// again.
pub fn put(store: &dyn Store, bytes: &[u8]) -> Result<String> {
    let digest = Sha256::of(bytes);
    store::replace(store, &file(digest), bytes)?;
    Ok(digest.to_reference())
}

/// The attachment, held against its digest; none when it is not there. Code `attachment-digest`.
pub fn get(store: &dyn Store, digest: Sha256) -> Result<Option<Vec<u8>>> {
    let name = file(digest);
    let Some(bytes) = store::read_all(store, &name)? else { return Ok(None) };
    if Sha256::of(&bytes) == digest {
        return Ok(Some(bytes));
    }
    Err(Error::untrue("attachment-digest", "the attachment is not the one that was named").at(name))
}
