//! Entry bundles: up to 256 entries in one file.

use super::WIDTH;
use crate::error::{Error, Result};

/// The longest entry, in bytes.
pub const MAX_ENTRY: usize = 65_535;

/// Each entry behind its length as two bytes, the higher first.
///
/// Codes: `bundle-width` (not 1 to 256 entries), `bundle-entry` (an entry that is too long).
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>> {
    if entries.is_empty() || entries.len() > WIDTH.into() {
        return Err(width());
    }
    let mut bytes = Vec::with_capacity(entries.iter().map(|it| it.as_ref().len() + 2).sum());
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| {
            Error::refused("bundle-entry", format!("an entry has at most {MAX_ENTRY} bytes"))
        })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle of `count`; codes `bundle-width` (fewer or more entries than that),
/// `bundle-short` (the last one ends early).
pub fn decode_bundle(bytes: &[u8], count: u16) -> Result<Vec<&[u8]>> {
    let mut entries = Vec::with_capacity(count.min(WIDTH).into());
    let mut rest = bytes;
    while !rest.is_empty() && entries.len() < count.into() {
        let (entry, after) = rest
            .split_first_chunk::<2>()
            .and_then(|(length, rest)| rest.split_at_checked(u16::from_be_bytes(*length).into()))
            .ok_or_else(|| Error::malformed("bundle-short", "the last entry ends early"))?;
        entries.push(entry);
        rest = after;
    }
    if !rest.is_empty() || entries.len() != usize::from(count) || !(1..=WIDTH).contains(&count) {
        return Err(width());
    }
    Ok(entries)
}

fn width() -> Error {
    Error::malformed("bundle-width", "the bundle does not hold the number of entries it should")
}
