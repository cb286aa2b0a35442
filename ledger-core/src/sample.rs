//! Sample: items of a population that was fixed first, drawn by a seed that came afterwards.
//!
//! Spec page: `spec/sample.md`. The population is committed to a checkpoint (`sample.committed`); then
//! somebody else gives a seed, and the smallest SHA-256(seed ‖ 0x00 ‖ id) are selected
//! (`sample.drawn`). No order of the population, and nobody who knows it, can steer what is drawn:
//! anybody draws it again in five lines.

use crate::encoding::hex;
use crate::error::{Error, Result};
use crate::event::is_id;
use crate::hash::Sha256;

/// Most items that one draw selects, and most that it keeps in reserve: what one event can name.
pub const MAX: usize = 100;
/// Fewest and most bytes of a seed.
const SEED: std::ops::RangeInclusive<usize> = 8..=64;

/// All items that can be drawn: restricted ids, ascending, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population(Vec<String>);

impl Population {
    /// The population of these items, in whatever order they come and however often.
    ///
    /// Codes `sample-empty`, `sample-id`.
    pub fn new(ids: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut ids: Vec<String> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        if let Some(wrong) = ids.iter().find(|id| !is_id(id)) {
            return Err(Error::malformed("sample-id", format!("`{wrong}` is no restricted id")));
        }
        if ids.is_empty() {
            return Err(Error::refused("sample-empty", "there is nothing to draw from")
                .hint("a period without occurrences has no sample"));
        }
        Ok(Self(ids))
    }

    /// Reads the list: codes of [`Population::new`], `sample-form` (no line ends in a newline),
    /// `sample-order` (a line is not above the one before it).
    pub fn parse(text: &[u8]) -> Result<Self> {
        let form = |message: &str| Error::malformed("sample-form", message);
        let text = std::str::from_utf8(text).map_err(|_| form("the list is not UTF-8"))?;
        let lines = match text.strip_suffix('\n') {
            Some(lines) => lines,
            None if text.is_empty() => return Self::new([]),
            None => return Err(form("the last line does not end in a newline")),
        };
        let ids: Vec<&str> = lines.split('\n').collect();
        let mut before: Option<&str> = None;
        for (number, id) in (1..).zip(&ids) {
            if before.is_some_and(|before| before >= *id) {
                let message = format!("line {number} does not come after the one before it");
                return Err(Error::malformed("sample-order", message));
            }
            before = Some(id);
        }
        Self::new(ids.into_iter().map(str::to_owned))
    }

    /// The list: each id and a newline.
    pub fn encode(&self) -> String {
        self.0.iter().flat_map(|id| [id.as_str(), "\n"]).collect()
    }

    /// SHA-256 of the list.
    pub fn digest(&self) -> Sha256 {
        Sha256::of(self.encode().as_bytes())
    }

    /// How many items it has.
    pub fn rows(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether it has this item.
    pub fn has(&self, id: &str) -> bool {
        self.0.binary_search_by(|known| known.as_str().cmp(id)).is_ok()
    }

    /// The items in the order of their ranks under a seed.
    pub fn ranked(&self, seed: &Seed) -> Vec<&str> {
        let mut ranked: Vec<([u8; 32], &str)> =
            self.0.iter().map(|id| (seed.rank(id).0, id.as_str())).collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, id)| id).collect()
    }

    /// Draws: the first `size` by rank, and the next `reserve` to replace some of them. A population
    /// that is not larger is taken whole.
    ///
    /// Code `sample-size` (none, or more than [`MAX`]).
    pub fn draw(&self, seed: &Seed, size: usize, reserve: usize) -> Result<Drawn> {
        if size == 0 || size.min(self.0.len()) > MAX || reserve > MAX {
            return Err(Error::refused(
                "sample-size",
                format!("1 to {MAX} items are drawn at once"),
            )
            .hint("draw once more with another seed for a larger sample"));
        }
        let mut ranked = self.ranked(seed).into_iter().map(str::to_owned);
        let selected = ranked.by_ref().take(size).collect();
        Ok(Drawn { selected, replacements: ranked.take(reserve).collect() })
    }
}

/// What makes a draw random: given by somebody who could not know the population, or after it was fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed(Vec<u8>);

impl Seed {
    /// Reads lower-case hex digits of 8 to 64 bytes; code `sample-seed`.
    pub fn parse(text: &str) -> Result<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let pair = |pair: &[u8]| match pair {
            [high, low] => Some((digit(*high)? << 4) | digit(*low)?),
            _ => None,
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
        bytes.filter(|bytes| SEED.contains(&bytes.len())).map(Self).ok_or_else(|| {
            Error::malformed("sample-seed", format!("`{text}` is no seed"))
                .hint("a seed is 16 to 128 lower-case hex digits, like those of a digest")
        })
    }

    /// The rank of an item: SHA-256(seed ‖ 0x00 ‖ id).
    pub fn rank(&self, id: &str) -> Sha256 {
        Sha256::of_parts(&[&self.0, b"\0", id.as_bytes()])
    }
}

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// What was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The sample, in the order of the ranks.
    pub selected: Vec<String>,
    /// What takes the place of an item that cannot be tested, in this order.
    pub replacements: Vec<String>,
}

/// What was fixed before a seed was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// How many items the population had.
    pub rows: u64,
    /// The digest of its list.
    pub digest: Sha256,
    /// The entries of the checkpoint that the population was taken from.
    pub size: u64,
    /// The root of the checkpoint.
    pub root: Sha256,
}

impl Committed {
    /// Whether a ledger of `size` entries, with this root over the committed ones, continues what was
    /// fixed; codes `sample-below`, `sample-root`.
    pub fn continued(&self, size: u64, root: Option<Sha256>) -> Result<()> {
        if size < self.size {
            let message = format!(
                "the population is of {} entries, and the ledger has {size}: it is older",
                self.size
            );
            return Err(Error::refused("sample-below", message)
                .hint("draw from a ledger that holds the committed checkpoint"));
        }
        if root != Some(self.root) {
            return Err(Error::untrue(
                "sample-root",
                format!(
                    "the first {} entries are not those of the committed checkpoint",
                    self.size
                ),
            )
            .hint("keep the folder and the checkpoint: one of them was rewritten"));
        }
        Ok(())
    }

    /// Whether this is the population that was fixed; code `sample-population`.
    pub fn holds(&self, population: &Population) -> Result<()> {
        if (population.rows(), population.digest()) == (self.rows, self.digest) {
            return Ok(());
        }
        Err(Error::untrue(
            "sample-population",
            format!(
                "{} items were committed; these {} are another population",
                self.rows,
                population.rows()
            ),
        )
        .hint(
            "name the same control, test, period, cut-off and overlays, and use the same version",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(number: u64) -> Seed {
        Seed::parse(&format!("{number:016x}")).unwrap()
    }

    /// Numbers that look random enough (xorshift).
    fn next(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    #[test]
    fn no_order_and_no_repetition_changes_a_draw() {
        let mut state = 0x9e37_79b9_7f4a_7c15;
        for round in 0..200 {
            let count = 1 + next(&mut state) % 40;
            let mut ids: Vec<String> = (0..count).map(|n| format!("d-{n}")).collect();
            let wanted = Population::new(ids.clone()).unwrap();
            for place in (1..ids.len()).rev() {
                let other = usize::try_from(next(&mut state) % (place as u64 + 1)).unwrap();
                ids.swap(place, other);
            }
            let twice = ids.first().cloned();
            ids.extend(twice);
            let seen = Population::new(ids).unwrap();
            assert_eq!(seen, wanted);
            let size = usize::try_from(1 + next(&mut state) % 50).unwrap();
            let drawn = seen.draw(&seed(round), size, 3).unwrap();
            assert_eq!(drawn, wanted.draw(&seed(round), size, 3).unwrap());
            // a larger sample begins with the smaller one, and what is in reserve is drawn next
            let larger = wanted.draw(&seed(round), size + 3, 0).unwrap();
            assert_eq!([drawn.selected, drawn.replacements].concat(), larger.selected);
        }
    }

    #[test]
    fn no_item_is_favoured() {
        let population = Population::new((0..10).map(|n| format!("d-{n}"))).unwrap();
        let mut counts = std::collections::BTreeMap::new();
        for number in 0..2_000 {
            let drawn = population.draw(&seed(number), 3, 0).unwrap();
            for id in drawn.selected {
                *counts.entry(id).or_insert(0_u32) += 1;
            }
        }
        // 600 each; four standard deviations are 82
        assert_eq!(counts.len(), 10);
        assert!(counts.values().all(|count| (518..=682).contains(count)), "{counts:?}");
    }

    #[test]
    fn who_draws_again_by_hand_gets_the_same() {
        let population = Population::new(["d-1", "d-2", "d-3"].map(str::to_owned)).unwrap();
        let seed = Seed::parse("00112233445566778899aabbccddeeff").unwrap();
        let bytes = [
            0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
            0xee, 0xff,
        ];
        let mut ranks: Vec<(String, &str)> = ["d-1", "d-2", "d-3"]
            .map(|id| (hex(&Sha256::of(&[&bytes[..], b"\0", id.as_bytes()].concat()).0), id))
            .to_vec();
        ranks.sort();
        assert_eq!(
            population.ranked(&seed),
            ranks.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
        );
    }
}
