//! Anchors: the tokens of a package, held against its checkpoint and against whom the reader trusts to date.

use super::contents::{ANCHORS, Contents};
use super::layer::{Bench, Layer};
use crate::anchor::{self, Anchor, Brackets, File, Kind, Roots, Side};
use crate::checkpoint::Checkpoint;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::verify::{Class, Report};

/// Its name.
pub(super) const LAYER: &str = "anchors";

/// Is each token of this checkpoint, and does it hold? Without tokens nothing is claimed, and nothing is asked.
pub(super) fn layer(
    contents: &Contents<'_>,
    entries: &[Entry<'_>],
    checkpoint: &Checkpoint,
    roots: Option<&Roots>,
) -> Layer {
    let mut bench = Bench::default();
    let mut anchors = Vec::new();
    for (name, bytes) in &contents.anchors {
        let place = format!("{ANCHORS}{name}");
        let held = bench.hold(&place, token(contents, name, bytes, checkpoint, roots));
        anchors.extend(held.flatten());
    }
    let mut brackets = Brackets::new(&anchors);
    for entry in entries {
        brackets.entry(entry.index, entry.recorded_at, entry.event.occurred_at);
    }
    judged(bench, &anchors, &brackets, roots.is_some())
}

/// The same of a whole log that was verified.
pub(super) fn of_log(report: &Report, asked: bool) -> Layer {
    let mut bench = Bench::default();
    for fault in report.faults.iter().filter(|fault| fault.class == Class::Date) {
        bench.demand(false, "log", fault.code, &fault.message);
    }
    judged(bench, &report.dated, &report.brackets, asked)
}

/// What anchors come to: those that nobody here certifies cannot be told, if anybody asked.
fn judged(mut bench: Bench, anchors: &[Anchor], brackets: &Brackets, asked: bool) -> Layer {
    let tokens = || anchors.iter().filter(|anchor| anchor.kind == Kind::Token);
    for anchor in tokens().filter(|anchor| asked && !anchor.trusted) {
        let message = "no root that was given certifies who dated it";
        bench.lack(&format!("{ANCHORS}{}", anchor.name), "stamp-root", message);
    }
    for outside in brackets.listed.iter().filter(|outside| outside.side == Side::After) {
        let message = format!(
            "`{}` says {}, and it existed at {}",
            outside.member, outside.claimed, outside.anchored
        );
        bench.lack(&format!("entry {}", outside.index), "dated-after", &message);
    }
    let newest = anchors.iter().filter(|anchor| anchor.trusted).max_by_key(|anchor| anchor.size);
    let words = match (newest, tokens().count()) {
        (Some(newest), _) => {
            format!("{} entries existed at {}", newest.size, newest.latest)
        }
        (None, 0) => "none that dates: no token, and no witness of the policy".to_owned(),
        (None, count) => {
            format!("{count} token(s), held against no roots: they date nothing (--tsa-roots)")
        }
    };
    bench.layer(LAYER, words)
}

/// One file; none for a request, which is judged with its answer.
fn token(
    contents: &Contents<'_>,
    name: &str,
    bytes: &[u8],
    checkpoint: &Checkpoint,
    roots: Option<&Roots>,
) -> Result<Option<Anchor>> {
    let size = checkpoint.size();
    match File::parse(name) {
        Some(File::Asked { size: own, id }) if own == size => {
            if contents.anchors.contains_key(&format!("{size:020}-{id}.tsr")) {
                return Ok(None);
            }
            Err(Error::untrue("anchor-alone", "a request is here and its answer is not"))
        }
        Some(File::Answer { size: own, id }) if own == size => {
            if File::token(size, bytes).0 != name {
                let message = "the answer is another than the one that its name says";
                return Err(Error::untrue("anchor-digest", message));
            }
            let asked = contents.anchors.get(&format!("{size:020}-{id}.tsq")).copied();
            let imprint = Sha256::of(&anchor::dated(contents.checkpoint)?);
            anchor::token((name, size), bytes, asked, imprint, roots).map(Some)
        }
        _ => Err(Error::untrue("anchor-stray", "it is of no checkpoint that is here")),
    }
}
