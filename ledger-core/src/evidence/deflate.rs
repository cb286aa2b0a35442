//! Deflate (RFC 1951): how members become smaller, and how they are read without growing beyond what they say.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use crate::error::{Error, Result};

/// How many bytes one deflated byte may become: files of a report come to a tenth of it.
const MAX_RATIO: usize = 200;
/// How hard is tried.
const LEVEL: u8 = 6;

/// The deflated bytes, if they are fewer, and not so few that nobody would inflate them.
pub(super) fn pack(bytes: &[u8]) -> Option<Vec<u8>> {
    let packed = compress_to_vec(bytes, LEVEL);
    (packed.len() < bytes.len() && honest(packed.len(), bytes.len())).then_some(packed)
}

/// Exactly `size` bytes, from all of what is given; code `zip-deflate`. The caller has asked [`honest`].
pub(super) fn unpack(packed: &[u8], size: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; size];
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = Box::<DecompressorOxide>::default();
    let (status, read, written) = decompress(&mut state, packed, &mut bytes, 0, flags);
    if status == TINFLStatus::Done && (read, written) == (packed.len(), size) {
        return Ok(bytes);
    }
    Err(Error::malformed("zip-deflate", "the member does not inflate to the bytes that it says"))
}

/// Whether so many deflated bytes may say that they become so many.
pub(super) fn honest(packed: usize, size: usize) -> bool {
    size <= packed.saturating_mul(MAX_RATIO)
}
