//! Proofs that an entry is in a log, in one text that needs nothing else but a policy (C2SP
//! `tlog-proof`).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! index 6
//! ThcgoV2DYcK+VCxBUDWAlNxmLy2r7dq7dK7+OlgQKWs=
//! …
//!
//! example.com/log/testdata
//! 15
//! …
//! ```
//!
//! Specification: `spec/proof.md`.

use crate::checkpoint::{Checkpoint, parse_decimal};
use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::note::{self, Note};
use crate::policy::{Policy, Satisfied};
use crate::tree;

/// The first line.
pub const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The most bytes of the extra data.
pub const MAX_EXTRA: usize = 65_536;

/// The most bytes of a proof: a note and what stands before it.
pub const MAX_BYTES: usize = note::MAX_BYTES + 100_000;

/// A place in the log, the path from there to the root, and the signed checkpoint with that root.
///
/// One legal spelling: what is parsed encodes to the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    extra: Option<Vec<u8>>,
    index: u64,
    path: Vec<Sha256>,
    checkpoint: Vec<u8>,
}

impl Proof {
    /// From the inclusion path of entry `index` and the signed checkpoint, verbatim; codes as for
    /// [`Proof::parse`].
    pub fn new(index: u64, path: Vec<Sha256>, checkpoint: &[u8]) -> Result<Self> {
        check_path(&path)?;
        check_note(checkpoint)?;
        Ok(Self { extra: None, index, path, checkpoint: checkpoint.to_vec() })
    }

    /// The same proof with data for the application, which nothing authenticates; `proof-extra` when
    /// there is none or too much.
    pub fn with_extra(mut self, extra: &[u8]) -> Result<Self> {
        check_extra(extra)?;
        self.extra = Some(extra.to_vec());
        Ok(self)
    }

    /// Reads a proof.
    ///
    /// Codes: `proof-large`, `proof-header`, `proof-extra`, `proof-index`, `proof-hash` (a line of the
    /// path), `proof-length` (a longer path than any tree has), `proof-split` (no empty line before
    /// the checkpoint), those of [`Note::parse`] and [`Checkpoint::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut lines = Lines::read(bytes, HEADER, MAX_BYTES, &CODES)?;
        let mut line = lines.next()?;
        let mut extra = None;
        if let Some(text) = line.strip_prefix(b"extra ") {
            let data = encoding::from_base64_any(text).map_err(|_| wrong_extra())?;
            check_extra(&data)?;
            extra = Some(data);
            line = lines.next()?;
        }
        let index = line.strip_prefix(b"index ").and_then(parse_decimal).ok_or_else(|| {
            Error::malformed("proof-index", "after the header stands `index` and a plain decimal")
        })?;
        let (path, checkpoint) = lines.hashes(tree::MAX_PROOF)?;
        check_note(checkpoint)?;
        Ok(Self { extra, index, path, checkpoint: checkpoint.to_vec() })
    }

    /// The bytes of the proof.
    pub fn encode(&self) -> Vec<u8> {
        let extra = self
            .extra
            .as_ref()
            .map_or_else(String::new, |extra| format!("extra {}\n", encoding::base64(extra)));
        let text = format!("{HEADER}\n{extra}index {}\n", self.index);
        encode_hashes(text, &self.path, &self.checkpoint)
    }

    /// Index of the entry, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The inclusion path, the leaf's sibling first.
    pub fn path(&self) -> &[Sha256] {
        &self.path
    }

    /// The signed checkpoint, verbatim.
    pub fn checkpoint(&self) -> &[u8] {
        &self.checkpoint
    }

    /// Data for the application. Nothing authenticates it.
    pub fn unauthenticated_extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Holds when the entry with this leaf hash is in the log that the policy accepts.
    ///
    /// First the checkpoint by [`Policy::check`], then the path by [`tree::verify_inclusion`]; the
    /// codes are theirs.
    pub fn verify(&self, leaf: &Sha256, policy: &Policy) -> Result<Satisfied> {
        let satisfied = policy.check(&self.checkpoint)?;
        let (size, root) = (satisfied.checkpoint.size(), satisfied.checkpoint.root());
        tree::verify_inclusion(self.index, size, leaf, &self.path, root)?;
        Ok(satisfied)
    }
}

fn check_path(path: &[Sha256]) -> Result<()> {
    if path.len() > tree::MAX_PROOF {
        return Err(too_long(&CODES, tree::MAX_PROOF));
    }
    Ok(())
}

fn check_extra(extra: &[u8]) -> Result<()> {
    if extra.is_empty() || extra.len() > MAX_EXTRA { Err(wrong_extra()) } else { Ok(()) }
}

fn wrong_extra() -> Error {
    Error::malformed("proof-extra", format!("extra data is 1 to {MAX_EXTRA} bytes in base64"))
}

/// Refuses what is not a note around a checkpoint; whether it holds is the policy's to say.
pub(crate) fn check_note(bytes: &[u8]) -> Result<()> {
    Checkpoint::parse(Note::parse(bytes)?.text()).map(drop)
}

/// The codes of a text made of a header, hashes and a checkpoint.
pub(crate) struct Codes {
    pub(crate) large: &'static str,
    pub(crate) header: &'static str,
    pub(crate) hash: &'static str,
    pub(crate) length: &'static str,
    pub(crate) split: &'static str,
}

const CODES: Codes = Codes {
    large: "proof-large",
    header: "proof-header",
    hash: "proof-hash",
    length: "proof-length",
    split: "proof-split",
};

/// The lines of such a text, one after the other.
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
    codes: &'static Codes,
}

impl<'a> Lines<'a> {
    /// The lines after the header.
    pub(crate) fn read(
        bytes: &'a [u8],
        header: &str,
        limit: usize,
        codes: &'static Codes,
    ) -> Result<Self> {
        if bytes.len() > limit {
            return Err(Error::malformed(
                codes.large,
                format!("a proof has at most {limit} bytes"),
            ));
        }
        let mut lines = Self { rest: bytes, codes };
        if lines.next().ok() != Some(header.as_bytes()) {
            return Err(Error::malformed(
                codes.header,
                format!("the first line is not `{header}`"),
            ));
        }
        Ok(lines)
    }

    /// The next line without its newline.
    pub(crate) fn next(&mut self) -> Result<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let (line, rest) =
            end.and_then(|end| self.rest.split_at_checked(end)).ok_or_else(|| {
                Error::malformed(self.codes.split, "no empty line stands before the checkpoint")
            })?;
        self.rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        Ok(line)
    }

    /// The hashes up to the empty line, and all that follows it.
    pub(crate) fn hashes(mut self, limit: usize) -> Result<(Vec<Sha256>, &'a [u8])> {
        let mut hashes = Vec::new();
        loop {
            let line = self.next()?;
            if line.is_empty() {
                return Ok((hashes, self.rest));
            }
            if hashes.len() == limit {
                return Err(too_long(self.codes, limit));
            }
            hashes.push(Sha256::from_base64(line).map_err(|_| {
                Error::malformed(self.codes.hash, "a line of the proof is not 32 bytes in base64")
            })?);
        }
    }
}

pub(crate) fn too_long(codes: &Codes, limit: usize) -> Error {
    Error::malformed(codes.length, format!("a proof has at most {limit} hashes"))
}

/// The text so far, the hashes, an empty line, the checkpoint.
pub(crate) fn encode_hashes(mut text: String, hashes: &[Sha256], checkpoint: &[u8]) -> Vec<u8> {
    for hash in hashes {
        text.push_str(&hash.to_base64());
        text.push('\n');
    }
    text.push('\n');
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(checkpoint);
    bytes
}
