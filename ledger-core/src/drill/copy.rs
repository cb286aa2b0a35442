//! A copy of a folder in memory, and how its operator makes what they changed fit together again.

use crate::blob;
use crate::entry::{self, Entry};
use crate::error::{Error, Result};
use crate::hash::Blake3;
use crate::head::{self, Head};
use crate::json::Document;
use crate::ledger::FORMAT;
use crate::segment::{self, Blocks, MAX_SEGMENT, Place};
use crate::signer::{ANCHORS, ARCHIVE, CHECKPOINT};
use crate::store::memory::Memory;
use crate::store::{self, Store};
use crate::tree::{Frontier, leaf_hash};

/// The most bytes of lines of a ledger that is drilled: each attempt holds them twice.
pub(super) const LIMIT: u64 = 256 * 1024 * 1024;

/// A folder before anything was done to it.
pub(super) struct Copy {
    /// Its files: all that is evidence, nothing that is derived.
    pub(super) store: Memory,
    /// Its lines, each with its newline.
    pub(super) lines: Vec<Vec<u8>>,
    /// How many of them an outside checkpoint covers; all where there is none.
    pub(super) covered: usize,
    head: Head,
}

impl Copy {
    /// Copies a folder; code `drill-large`.
    pub(super) fn of(source: &dyn Store, covered: u64) -> Result<Self> {
        let target = Memory::new();
        let mut total = 0;
        for first in segment::list(source)? {
            total += source.len(&segment::name(first))?.unwrap_or_default();
        }
        if total > LIMIT {
            return Err(Error::refused(
                "drill-large",
                format!("the lines have {total} bytes; a drill takes {LIMIT}"),
            )
            .hint("drill a smaller ledger of the same kind, like that of `ledger demo`"));
        }
        for name in [FORMAT, head::NAME, CHECKPOINT, ARCHIVE] {
            copy(source, &target, name)?;
        }
        for folder in [segment::DIR, ANCHORS, blob::FOLDER] {
            for name in source.list(folder)? {
                copy(source, &target, &format!("{folder}/{name}"))?;
            }
        }
        let read = Head::read(source)?
            .ok_or_else(|| Error::refused("drill-empty", "there is no head here"))?;
        let head = read.head;
        let end = Place { segment: head.segment, offset: head.offset };
        let mut blocks = Blocks::new(&target, Place { segment: 0, offset: 0 }, Some(end))?;
        let mut lines = Vec::new();
        while let Some(block) = blocks.next_block()? {
            lines.extend(block.lines.iter().map(|line| [block.line(line), b"\n"].concat()));
        }
        let covered = usize::try_from(covered).ok().filter(|covered| *covered > 0);
        let covered = covered.unwrap_or(lines.len()).min(lines.len());
        Ok(Self { store: target, lines, covered, head })
    }

    /// The same files with other lines where the old ones stood, and nothing else changed.
    pub(super) fn with(&self, lines: &[Vec<u8>]) -> Option<Memory> {
        let store = self.store.snapshot();
        place(&store, lines)?;
        Some(store)
    }

    /// Other lines, each following the one before it, the head over them, and no checkpoint that says otherwise.
    /// None where a line is none.
    pub(super) fn relinked(&self, lines: &[Vec<u8>]) -> Option<Memory> {
        let store = self.store.snapshot();
        let mut last = self.first_chain()?;
        let mut linked = Vec::with_capacity(lines.len());
        for (index, line) in (0..).zip(lines) {
            let line = again(line, &last, index)?;
            last = Blake3::of(line.as_bytes());
            linked.push([line.as_bytes(), b"\n"].concat());
        }
        let end = place(&store, &linked)?;
        self.promise(&store, &linked, end, last)?;
        forget(&store)?;
        Some(store)
    }

    /// The first lines alone, with a head over them; the checkpoints stay.
    pub(super) fn shorter(&self, size: usize) -> Option<Memory> {
        let store = self.store.snapshot();
        let lines = self.lines.get(..size)?;
        let end = place(&store, lines)?;
        let last = Blake3::of(lines.last()?.strip_suffix(b"\n")?);
        self.promise(&store, lines, end, last)?;
        Some(store)
    }

    fn first_chain(&self) -> Option<Blake3> {
        let mut document = Document::default();
        let entry = Entry::parse(&mut document, self.lines.first()?.strip_suffix(b"\n")?).ok()?;
        Some(entry.chain)
    }

    /// Writes a head over the lines, into both slots.
    fn promise(&self, store: &Memory, lines: &[Vec<u8>], end: Place, last: Blake3) -> Option<()> {
        let mut frontier = Frontier::new();
        for line in lines {
            frontier.push(leaf_hash(line.strip_suffix(b"\n")?)).ok()?;
        }
        let mut slots = [Vec::new(), Vec::new()];
        for counter in [self.head.counter + 1, self.head.counter + 2] {
            let head = Head {
                counter,
                size: lines.len() as u64,
                segment: end.segment,
                offset: end.offset,
                last,
                frontier: frontier.hashes().to_vec(),
            };
            *slots.get_mut(usize::from(counter % 2 == 1))? = head.to_slot();
        }
        put(store, head::NAME, &slots.concat())
    }
}

/// Puts bytes in the place of a file.
pub(super) fn put(store: &Memory, name: &str, bytes: &[u8]) -> Option<()> {
    store.remove(name).ok()?;
    store.write(name, 0, bytes).ok()
}

/// Takes all checkpoints away.
pub(super) fn forget(store: &Memory) -> Option<()> {
    for name in [CHECKPOINT, ARCHIVE] {
        store.remove(name).ok()?;
    }
    for name in store.list(ANCHORS).ok()? {
        store.remove(&format!("{ANCHORS}/{name}")).ok()?;
    }
    Some(())
}

fn copy(source: &dyn Store, target: &Memory, name: &str) -> Result<()> {
    match store::read_all(source, name)? {
        Some(bytes) => target.write(name, 0, &bytes),
        None => Ok(()),
    }
}

/// Writes lines as segments, rolled where the writer would; where the last one ends.
fn place(store: &Memory, lines: &[Vec<u8>]) -> Option<Place> {
    for first in segment::list(store).ok()? {
        store.remove(&segment::name(first)).ok()?;
    }
    let mut end = Place { segment: 0, offset: 0 };
    let mut bytes = Vec::new();
    for (index, line) in (0..).zip(lines) {
        if !bytes.is_empty() && (bytes.len() + line.len()) as u64 > MAX_SEGMENT {
            put(store, &segment::name(end.segment), &bytes)?;
            end.segment = index;
            bytes.clear();
        }
        bytes.extend_from_slice(line);
    }
    put(store, &segment::name(end.segment), &bytes)?;
    end.offset = bytes.len() as u64;
    Some(end)
}

/// The line as it would stand after another one.
fn again(line: &[u8], chain: &Blake3, index: u64) -> Option<String> {
    let mut document = Document::default();
    let entry = Entry::parse(&mut document, line.strip_suffix(b"\n")?).ok()?;
    let persons: Vec<_> = entry.persons.iter().map(|(at, who)| ((*at).to_owned(), *who)).collect();
    let bytes = entry.event.bytes();
    Some(entry::line(chain, bytes, index, &persons, entry.recorded_at, &entry.signatures))
}
