//! Tiles: the tree and the entries of a log as immutable files of at most 256 hashes or entries
//! each (C2SP `tlog-tiles`).
//!
//! ```text
//! tile/0/x001/x234/067        256 hashes of leaves
//! tile/1/000.p/17             17 hashes, each the root of a full tile of level 0
//! tile/entries/000.p/112      112 entries
//! ```
//!
//! Tiles are derived from the entries and never believed: what is read through them is a proof, and
//! a proof is judged against a signed root. Specification: `spec/tile.md`.

mod builder;
mod bundle;
mod path;
mod reader;

pub use builder::Builder;
pub use bundle::{MAX_ENTRY, decode_bundle, encode_bundle};
pub use path::{MAX_LEVEL, Part, TilePath};
pub use reader::{Tiles, tile_bytes};

/// Hashes of a full tile, and entries of a full bundle.
pub const WIDTH: u16 = 256;

/// Bytes of a hash in a tile.
pub const HASH_BYTES: usize = 32;

/// Bytes of a full tile.
pub const TILE_BYTES: usize = 8192;

/// Levels of the tree in one tile: 2^8 is 256.
const HEIGHT: u8 = 8;

/// Every tile and entry bundle of a log with `size` entries, bundles first, then level by level.
///
/// At the right edge of each level stands a partial tile, unless it would be empty.
pub fn tiles(size: u64) -> impl Iterator<Item = TilePath> {
    new_tiles(0, size)
}

/// The tiles and bundles that a log of `new` entries has and a log of `old` entries has not: what is
/// to be written when it grows. None when `new` is not larger.
pub fn new_tiles(old: u64, new: u64) -> impl Iterator<Item = TilePath> {
    let parts = std::iter::once(Part::Entries).chain((0..HEIGHT).map(Part::Hashes));
    parts.flat_map(move |part| {
        let level = if let Part::Hashes(level) = part { level } else { 0 };
        grown(HEIGHT, level, old, new).filter_map(move |(index, width)| {
            TilePath::new(part, index, u16::try_from(width).ok()?).ok()
        })
    })
}

/// The place and width of every tile of a level that changes, for tiles of 2^height hashes.
fn grown(height: u8, level: u8, old: u64, new: u64) -> impl Iterator<Item = (u64, u64)> {
    let width = 1_u64 << height;
    let hashes =
        move |size: u64| size.checked_shr(u32::from(height) * u32::from(level)).unwrap_or(0);
    let (before, after) = (hashes(old), hashes(new));
    let range = if before < after { before / width..after.div_ceil(width) } else { 0..0 };
    range.map(move |index| (index, (after - index * width).min(width)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The counts of Go's test, which has tiles of 1024 hashes.
    #[test]
    fn counts() {
        for (old, new, expected) in [
            (1, 1, 0),
            (100, 101, 1),
            (1023, 1025, 3),
            (1024, 1030, 1),
            (1030, 2000, 1),
            (1030, 10000, 10),
            (49_516_517, 49_516_586, 3),
        ] {
            let count: usize = (0..6).map(|level| grown(10, level, old, new).count()).sum();
            assert_eq!(count, expected, "{old} to {new}");
        }
    }
}
