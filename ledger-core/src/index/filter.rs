//! The filter of a run: for most streams and sources that are not in it, one block says so.
//!
//! A Bloom filter in lines of 512 bits (Putze, Sanders and Singler, "Cache-, Hash- and
//! Space-Efficient Bloom Filters", 2007). A key's first half chooses its line, so that keys in
//! order fill lines in order and a filter of any size is built in one pass; its second half chooses
//! seven bits. About one foreign key in a hundred passes.

use super::Key;

/// Bytes of a line.
pub(super) const LINE: usize = 64;
/// Lines in a block.
pub(super) const LINES: u64 = (super::block::CONTENT / LINE) as u64;
/// Bits of the filter for each key.
const BITS_PER_KEY: u64 = 10;
/// Bits that each key sets: seven slices of 9 bits are all but one of the 64.
const PROBES: u32 = 7;

/// How many lines a filter of so many keys has.
pub(super) fn lines(keys: u64) -> u64 {
    keys.saturating_mul(BITS_PER_KEY).div_ceil(LINE as u64 * 8)
}

/// The line of a key, of so many.
pub(super) fn line(key: Key, lines: u64) -> u64 {
    let scaled = (u128::from(key.high()) * u128::from(lines)) >> 64;
    u64::try_from(scaled).unwrap_or(0)
}

/// Enters the key into its line.
pub(super) fn set(line: &mut [u8; LINE], key: Key) {
    for (byte, mask) in bits(key) {
        if let Some(byte) = line.get_mut(byte) {
            *byte |= mask;
        }
    }
}

/// Whether the key may have been entered.
pub(super) fn has(line: &[u8], key: Key) -> bool {
    bits(key).all(|(byte, mask)| line.get(byte).is_some_and(|byte| byte & mask != 0))
}

/// The key's bits: byte in the line, and mask. The last bit of a key is the same in all, so skip it.
fn bits(key: Key) -> impl Iterator<Item = (usize, u8)> {
    let slices = key.low() >> 1;
    (0..PROBES).map(move |probe| {
        let bit = (slices >> (9 * probe)) & 511;
        (usize::try_from(bit / 8).unwrap_or(0), 1 << (bit % 8))
    })
}
