//! Names of tiles, each with exactly one spelling.

use std::fmt::{self, Write as _};

use super::WIDTH;
use crate::checkpoint::parse_decimal;
use crate::error::{Error, Result};

/// The highest level that a path can name. A log of 64-bit size has eight: 0 to 7.
pub const MAX_LEVEL: u8 = 63;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Entries.
    Entries,
    /// Hashes of this level: of leaves in level 0, of full tiles of the level below in others.
    Hashes(u8),
}

/// The place of a tile or an entry bundle: `tile/<level>/<index>[.p/<width>]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    part: Part,
    index: u64,
    width: u16,
}

impl TilePath {
    /// `tile-path` unless the level is at most 63 and the width 1 to 256.
    pub fn new(part: Part, index: u64, width: u16) -> Result<Self> {
        let level = if let Part::Hashes(level) = part { level } else { 0 };
        if level > MAX_LEVEL || !(1..=WIDTH).contains(&width) {
            return Err(wrong("a level is at most 63, and a width 1 to 256"));
        }
        Ok(Self { part, index, width })
    }

    /// Reads a path without prefix; `tile-path`.
    pub fn parse(text: &str) -> Result<Self> {
        let path = Self::read(text).ok_or_else(|| wrong("this is not the name of a tile"))?;
        // A leading group of zeros, a width of 256 and the like read well and are written otherwise.
        if path.to_string() != text {
            return Err(wrong("the name of this tile is spelled otherwise"));
        }
        Ok(path)
    }

    fn read(text: &str) -> Option<Self> {
        let (part, place) = text.strip_prefix("tile/")?.split_once('/')?;
        let part = match part {
            "entries" => Part::Entries,
            level => Part::Hashes(u8::try_from(parse_decimal(level.as_bytes())?).ok()?),
        };
        let (index, width) = match place.split_once(".p/") {
            None => (place, WIDTH),
            Some((index, width)) => (index, u16::try_from(parse_decimal(width.as_bytes())?).ok()?),
        };
        let mut groups = index.split('/').rev();
        let mut value = three(groups.next()?)?;
        let mut scale = 1_u64;
        for group in groups {
            scale = scale.checked_mul(1000)?;
            let group = three(group.strip_prefix('x')?)?;
            value = value.checked_add(scale.checked_mul(group)?)?;
        }
        Self::new(part, value, width).ok()
    }

    /// What the tile holds.
    pub fn part(&self) -> Part {
        self.part
    }

    /// Its place in its level, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds: 256 in a full tile, fewer at the right edge.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile is at the right edge, and will be replaced when the log grows.
    pub fn is_partial(&self) -> bool {
        self.width < WIDTH
    }

    /// The full tile at the same place, which may stand where the partial one is gone.
    #[must_use]
    pub fn full(self) -> Self {
        Self { width: WIDTH, ..self }
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Entries => f.write_str("tile/entries/")?,
            Part::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        let mut scale = 1_u64;
        while self.index / scale >= 1000 {
            scale *= 1000;
        }
        while scale > 1 {
            write!(f, "x{:03}/", self.index / scale % 1000)?;
            scale /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_partial() {
            f.write_str(".p")?;
            f.write_char('/')?;
            write!(f, "{}", self.width)?;
        }
        Ok(())
    }
}

/// Exactly three digits.
fn three(text: &str) -> Option<u64> {
    let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn wrong(message: &str) -> Error {
    Error::malformed("tile-path", message)
        .hint("a tile is named like tile/0/x001/x234/067 or tile/entries/000.p/112")
}
