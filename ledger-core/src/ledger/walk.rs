//! Walk: the lines of a block read on all cores, for those who derive from them in order.

use rayon::prelude::*;

use super::tail::Found;
use super::{VERIFY, is_key_event};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::hash::Blake3;
use crate::json::Document;
use crate::segment::{Block, Place};
use crate::trust::Registry;

/// Lines that one task reads at least.
const TASK: usize = 64;

/// What is needed of a line once it was read: where it is, what it continues, how it is found.
pub(super) struct Read {
    pub(super) place: Place,
    pub(super) index: u64,
    pub(super) chain: Blake3,
    pub(super) hash: Blake3,
    pub(super) key_event: bool,
    /// The law of link for keys, as of the registry that was given.
    pub(super) judged: Result<()>,
    pub(super) found: Found,
}

/// Reads the lines of a block. `registry` judges each; without one they are not judged.
pub(super) fn block(block: &Block, registry: Option<&Registry>) -> Vec<Result<Read>> {
    let last = block.lines.len().saturating_sub(1);
    let work = block.lines.par_iter().enumerate().with_min_len(TASK);
    work.map_init(Document::default, |document, (position, range)| {
        if block.unterminated && position == last {
            return Err(Error::untrue("segment-line", "the line is torn"));
        }
        let entry = Entry::parse(document, block.line(range))?;
        Ok(Read {
            place: block.place_of(range),
            index: entry.index,
            chain: entry.chain,
            hash: entry.hash(),
            key_event: is_key_event(entry.event.kind),
            judged: registry.map_or(Ok(()), |registry| registry.judge(&entry)),
            found: Found::of(&entry),
        })
    })
    .collect()
}

/// The error with the entry it speaks of, and what to do.
pub(super) fn at(error: Error, index: u64) -> Error {
    error.at(format!("entry {index}")).hint(VERIFY)
}
