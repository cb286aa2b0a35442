//! Proofs that entries are a whole stretch of a log, none left out and none put in.
//!
//! ```text
//! release-ledger/range-proof@v1
//! range 3 9
//! …
//!
//! example.com/log/testdata
//! 15
//! …
//! ```
//!
//! The text follows `tlog-proof`, for the entries from `begin` to before `end` instead of one entry.
//! Whoever has those entries and a policy needs nothing else. Specification: `spec/range.md`.

use std::ops::Range;

use crate::checkpoint::parse_decimal;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::policy::{Policy, Satisfied};
use crate::proof::{Codes, Lines, MAX_BYTES, check_note, encode_hashes, too_long};
use crate::tree::{self, MAX_RANGE_PROOF, Span};

/// The first line.
pub const HEADER: &str = "release-ledger/range-proof@v1";

const CODES: Codes = Codes {
    large: "range-large",
    header: "range-header",
    hash: "range-hash",
    length: "range-length",
    split: "range-split",
};

/// A stretch of entries, what the tree holds beside them, and the signed checkpoint.
///
/// One legal spelling: what is parsed encodes to the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeProof {
    entries: Range<u64>,
    beside: Vec<Sha256>,
    checkpoint: Vec<u8>,
}

impl RangeProof {
    /// From [`tree::range_proof`] of the entries and the signed checkpoint, verbatim; codes as for
    /// [`RangeProof::parse`].
    pub fn new(entries: Range<u64>, beside: Vec<Sha256>, checkpoint: &[u8]) -> Result<Self> {
        if entries.is_empty() {
            return Err(no_entries());
        }
        if beside.len() > MAX_RANGE_PROOF {
            return Err(too_long(&CODES, MAX_RANGE_PROOF));
        }
        check_note(checkpoint)?;
        Ok(Self { entries, beside, checkpoint: checkpoint.to_vec() })
    }

    /// Reads a range proof.
    ///
    /// Codes: `range-large`, `range-header`, `range-entries` (not two plain decimals, the second the
    /// larger), `range-hash`, `range-length`, `range-split` (no empty line before the checkpoint),
    /// those of [`crate::note::Note::parse`] and [`crate::checkpoint::Checkpoint::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut lines = Lines::read(bytes, HEADER, MAX_BYTES, &CODES)?;
        let entries = read_entries(lines.next()?).ok_or_else(no_entries)?;
        let (beside, checkpoint) = lines.hashes(MAX_RANGE_PROOF)?;
        Self::new(entries, beside, checkpoint)
    }

    /// The bytes of the proof.
    pub fn encode(&self) -> Vec<u8> {
        let text = format!("{HEADER}\nrange {} {}\n", self.entries.start, self.entries.end);
        encode_hashes(text, &self.beside, &self.checkpoint)
    }

    /// Index of the first entry, and the one after the last.
    pub fn entries(&self) -> Range<u64> {
        self.entries.clone()
    }

    /// What the tree holds beside the entries, left to right.
    pub fn beside(&self) -> &[Sha256] {
        &self.beside
    }

    /// The signed checkpoint, verbatim.
    pub fn checkpoint(&self) -> &[u8] {
        &self.checkpoint
    }

    /// Holds when these leaves are exactly the entries of the stretch in the log that the policy
    /// accepts.
    ///
    /// First the checkpoint by [`Policy::check`], then the leaves by [`tree::verify_range`]; the
    /// codes are theirs, and `range-leaves` when the leaves are of another stretch.
    pub fn verify(&self, leaves: &Span, policy: &Policy) -> Result<Satisfied> {
        let satisfied = policy.check(&self.checkpoint)?;
        if (leaves.start(), leaves.end()) != (self.entries.start, self.entries.end) {
            return Err(Error::refused(
                "range-leaves",
                format!(
                    "the proof is for entries {} to {}, and there are {} to {}",
                    self.entries.start,
                    self.entries.end,
                    leaves.start(),
                    leaves.end()
                ),
            ));
        }
        let (size, root) = (satisfied.checkpoint.size(), satisfied.checkpoint.root());
        tree::verify_range(leaves, size, &self.beside, root)?;
        Ok(satisfied)
    }
}

fn read_entries(line: &[u8]) -> Option<Range<u64>> {
    let text = line.strip_prefix(b"range ")?;
    let (begin, end) = text.split_at_checked(text.iter().position(|byte| *byte == b' ')?)?;
    Some(parse_decimal(begin)?..parse_decimal(end.strip_prefix(b" ")?)?)
}

fn no_entries() -> Error {
    Error::malformed(
        "range-entries",
        "after the header stands `range`, the first index and the one after the last",
    )
}
