//! Blobs: attachments in the clear, each under its own digest in the folder `blobs/`.

use crate::encoding;
use crate::error::Result;
use crate::hash::Sha256;
use crate::store::{self, Store};

/// The folder of attachments.
pub const DIR: &str = "blobs";

/// Stores the bytes, durably, before an entry refers to them; gives the digest, `sha256:` and 64 hex
/// digits. If we stop in here, there is a file that nothing refers to, and the next try writes it
/// again.
pub fn put(store: &dyn Store, bytes: &[u8]) -> Result<String> {
    let name = encoding::hex(&Sha256::of(bytes).0);
    store::replace(store, &format!("{DIR}/{name}"), bytes)?;
    Ok(format!("sha256:{name}"))
}
