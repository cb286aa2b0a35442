//! A window of the log: lines read in order, then parsed, hashed and judged on all cores.

use rayon::prelude::*;

use super::dated;
use crate::chain::Link;
use crate::entry::{Entry, Signature};
use crate::error::{Error, Result};
use crate::event::{Seen, span};
use crate::fork::Claim;
use crate::hash::{Blake3, Sha256};
use crate::index::{self, Key, Kind};
use crate::json::Document;
use crate::retention::Order;
use crate::segment::{Block, Blocks};
use crate::time::Timestamp;
use crate::tree::{self, Span};
use crate::trust::Registry;
use crate::vault::persons::Pseudonym;

/// How many blocks are in memory at a time.
const BLOCKS: usize = 4;
/// Lines that one task parses.
const TASK: usize = 128;

/// What is kept of a line when its bytes have been read.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) hash: Blake3,
    pub(super) leaf: Sha256,
    pub(super) entry: Result<Summary>,
}

/// What the rest of verification needs to know of an entry.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) index: u64,
    pub(super) chain: Blake3,
    pub(super) recorded_at: Timestamp,
    pub(super) occurred_at: Timestamp,
    pub(super) key_event: bool,
    pub(super) signatures: Vec<Signature>,
    pub(super) event: std::ops::Range<usize>,
    pub(super) stream: Key,
    pub(super) link: Link,
    pub(super) source: Option<(Key, Blake3)>,
    pub(super) seen: Option<Seen>,
    /// The person whose identity it orders to forget.
    pub(super) erased: Option<Pseudonym>,
    /// The file that it attaches as an anchor.
    pub(super) attached: Option<Sha256>,
    /// What it says of a forked stream.
    pub(super) forked: Option<Claim>,
    /// The law of link for keys, as of a registry before the window.
    pub(super) judged: Result<()>,
}

/// Some blocks and what their lines say.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) blocks: Vec<Block>,
    /// The lines of each block.
    pub(super) lines: Vec<Vec<Line>>,
}

impl Window {
    /// The next window, judged by the registry as it is known so far; empty at the end. `broken`
    /// takes what ended the reading early.
    pub(super) fn next(
        blocks: &mut Blocks<'_>,
        broken: &mut Option<Error>,
        registry: &Registry,
    ) -> Self {
        Self::parse(Self::read(blocks, broken), registry)
    }

    /// Reads the next blocks; none at the end.
    fn read(blocks: &mut Blocks<'_>, broken: &mut Option<Error>) -> Vec<Block> {
        let mut read = Vec::new();
        while read.len() < BLOCKS && broken.is_none() {
            match blocks.next_block() {
                Ok(Some(block)) => read.push(block),
                Ok(None) => break,
                Err(error) => *broken = Some(error),
            }
        }
        read
    }

    /// Parses, hashes and judges all lines.
    fn parse(blocks: Vec<Block>, registry: &Registry) -> Self {
        // blocks side by side: no core waits for the end of each
        let lines = blocks
            .par_iter()
            .map(|block| {
                let last = block.lines.len().saturating_sub(1);
                block
                    .lines
                    .par_iter()
                    .enumerate()
                    .with_min_len(TASK)
                    .map_init(Document::default, |document, (position, range)| {
                        let line = block.line(range);
                        let torn = block.unterminated && position == last;
                        Line {
                            hash: Blake3::of(line),
                            leaf: tree::leaf_hash(line),
                            entry: if torn {
                                Err(torn_line())
                            } else {
                                summary(document, line, registry)
                            },
                        }
                    })
                    .collect()
            })
            .collect();
        Self { blocks, lines }
    }

    /// The tree over the lines of one block that begins with leaf `start`.
    pub(super) fn span(lines: &[Line], start: u64) -> Result<Span> {
        let chunk = lines.len().div_ceil(rayon::current_num_threads()).max(1);
        let starts = (start..).step_by(chunk);
        let parts: Vec<(u64, &[Line])> = starts.zip(lines.chunks(chunk)).collect();
        let spans: Result<Vec<Span>> = parts
            .into_par_iter()
            .map(|(start, lines)| {
                let mut span = Span::at(start);
                lines.iter().try_for_each(|line| span.push(line.leaf))?;
                Ok(span)
            })
            .collect();
        let mut all = Span::at(start);
        spans?.iter().try_for_each(|span| all.append(span))?;
        Ok(all)
    }
}

fn torn_line() -> Error {
    Error::malformed("segment-line", "the line has no newline: it is torn")
}

fn summary(document: &mut Document, line: &[u8], registry: &Registry) -> Result<Summary> {
    let entry = Entry::parse(document, line)?;
    let event = &entry.event;
    Ok(Summary {
        index: entry.index,
        chain: entry.chain,
        recorded_at: entry.recorded_at,
        occurred_at: event.occurred_at,
        key_event: crate::ledger::is_key_event(event.kind),
        event: span(line, event.bytes()).unwrap_or_default(),
        stream: index::key(Kind::Stream, event.stream.name),
        link: Link::of(event, event.hash(), entry.index),
        source: event.claim().map(|(name, what)| (index::key(Kind::Source, &name), what)),
        seen: event.seen,
        erased: Order::erased(&entry),
        attached: dated::attached(event),
        forked: Claim::of(event),
        judged: registry.judge(&entry),
        signatures: entry.signatures,
    })
}
