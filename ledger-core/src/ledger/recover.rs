//! Recovery: what lies past the head, and what a failed sync left in doubt.
//!
//! Past the head, the longest lawful prefix of whole lines is rewritten into a new synced file and
//! kept; the rest is set aside in `recovered/`. Nothing below the head is ever changed: a segment is
//! only ever replaced by a file with the same bytes up to the head, checked line by line.

use super::tail::Found;
use super::{LOCK, Ledger, POISON};
use crate::chain::{self, End, Link};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::hash::{Blake3, Sha256};
use crate::head::Head;
use crate::index::{self, Kind};
use crate::json::Document;
use crate::segment;
use crate::store::{self, Store};
use crate::tree::{self, Frontier};

/// The folder of what recovery set aside.
pub const RECOVERED: &str = "recovered";

/// What recovery did: the facts of a `recovery.recorded` event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// Entries after recovery.
    pub size: u64,
    /// Lawful entries past the head that were kept.
    pub kept: u64,
    /// Bytes set aside.
    pub set_aside_bytes: u64,
    /// `sha256:` digest of the bytes set aside (of nothing, when a mark was lifted only).
    pub digest: String,
    /// Whether a mark of a failed sync was lifted.
    pub lifted: bool,
    /// Whether a damaged head slot was written anew.
    pub slot: bool,
}

/// The lines past the head of one segment: the lawful ones and the rest.
struct Rest {
    segment: u64,
    lawful: Vec<u8>,
    aside: Vec<u8>,
}

impl Ledger {
    /// Mends what a crash or a failed sync left, under the lock; none when there was nothing to do.
    ///
    /// Anything short or wrong below the head is refused and left untouched (codes `segment-short`,
    /// `segment-damaged`). The caller records the outcome as `recovery.recorded`.
    pub fn recover(&mut self) -> Result<Option<Mended>> {
        let _lock = self.store.lock(LOCK)?;
        let poisoned = is_poisoned(&*self.store)?;
        self.refresh()?;
        let slot = self.damaged_slot.is_some();
        let mark = self.tail.mark();
        let mended = match self.has_rest() {
            Ok(rest) if poisoned || slot || rest => self.mend(poisoned).map(Some),
            Ok(_) => Ok(None),
            Err(error) => Err(error),
        };
        match mended {
            Ok(mended) => {
                self.stopped = false;
                Ok(mended)
            }
            Err(error) => Err(self.failed(mark, error)),
        }
    }

    /// What was set aside and is not yet recorded by any `recovery.recorded` entry.
    pub fn unrecorded(&self) -> Result<Vec<Mended>> {
        let mut open = Vec::new();
        for name in self.store.list(RECOVERED)? {
            let Some(bytes) = store::read_all(&*self.store, &format!("{RECOVERED}/{name}"))? else {
                continue;
            };
            let digest = Sha256::of(&bytes).to_reference();
            let mut recorded = false;
            for posting in self.find(Kind::Type, "recovery.recorded", usize::MAX)? {
                recorded |= self.entry(posting.index, |entry| {
                    entry.event.text_at("/data/digest") == Some(digest.as_str())
                })?;
            }
            if !recorded {
                open.push(Mended {
                    size: name.get(..20).and_then(|n| n.parse().ok()).unwrap_or(self.head.size),
                    kept: 0,
                    set_aside_bytes: bytes.len() as u64,
                    digest,
                    lifted: false,
                    slot: false,
                });
            }
        }
        Ok(open)
    }

    /// Before an append: whatever lies past the head is mended first.
    pub(super) fn mend_tail(&mut self) -> Result<()> {
        if self.damaged_slot.is_some() || self.has_rest()? {
            self.mend(false)?;
        }
        Ok(())
    }

    fn has_rest(&self) -> Result<bool> {
        let open = self.store.len(&segment::name(self.head.segment))?.unwrap_or(0);
        if open > self.head.offset {
            return Ok(true);
        }
        if open < self.head.offset {
            return Err(short(self.head.segment, open, self.head.offset));
        }
        Ok(segment::list(&*self.store)?.last().is_some_and(|&last| last > self.head.segment))
    }

    fn mend(&mut self, poisoned: bool) -> Result<Mended> {
        let store = std::sync::Arc::clone(&self.store);
        let (rests, head) = self.divide()?;
        let aside: Vec<u8> = rests.iter().flat_map(|rest| rest.aside.iter().copied()).collect();
        let digest = Sha256::of(&aside).to_reference();
        if !aside.is_empty() {
            // named by its content: if we stop here, the next recovery writes the same file again
            let name = format!(
                "{RECOVERED}/{:020}-{}.bytes",
                head.size,
                &digest.get(7..23).unwrap_or_default()
            );
            store::replace(&*store, &name, &aside)?;
        }
        // if we stop between these steps, the head still stands where it stood, and the next
        // recovery finds the same lawful lines past it
        for rest in rests.iter().rev() {
            let file = segment::name(rest.segment);
            if rest.segment == self.head.segment {
                let kept = self.below_head(&file)?;
                store::replace(&*store, &file, &[kept, rest.lawful.clone()].concat())?;
            } else if rest.lawful.is_empty() {
                store.remove(&file)?;
                store.sync_dir(segment::DIR)?;
            } else {
                store::replace(&*store, &file, &rest.lawful)?;
            }
        }
        let kept = head.size - self.head.size;
        head.write_both(&*store)?;
        if poisoned {
            // the delta of the persons may be what failed to sync: write it anew, merged
            if let Some(persons) = &mut self.persons {
                persons.refresh(&*store)?;
                persons.compact(&*store)?;
            }
            // last: until the mark is gone, every process refuses to append
            store.remove(POISON)?;
            store.sync_dir("")?;
        }
        let slot = self.damaged_slot.is_some();
        self.refresh()?;
        Ok(Mended {
            size: self.head.size,
            kept,
            set_aside_bytes: aside.len() as u64,
            digest,
            lifted: poisoned,
            slot,
        })
    }

    /// Divides what lies past the head, and says which head covers the lawful part.
    fn divide(&mut self) -> Result<(Vec<Rest>, Head)> {
        let mut head = self.head.clone();
        let mut frontier = Frontier::from_parts(head.size, head.frontier.clone())?;
        let mut registry = (*self.registry).clone();
        let mark = self.tail.mark();
        let mut lawful = true;
        let mut rests = Vec::new();
        let later = segment::list(&*self.store)?;
        let open = self.head.segment;
        for segment in std::iter::once(open).chain(later.into_iter().filter(|&first| first > open))
        {
            let from = if segment == self.head.segment { self.head.offset } else { 0 };
            let bytes = store::read_all(&*self.store, &segment::name(segment))?.unwrap_or_default();
            let skip = usize::try_from(from).unwrap_or(usize::MAX);
            let Some((_, mut left)) = bytes.split_at_checked(skip) else {
                return Err(short(segment, bytes.len() as u64, from));
            };
            let mut rest = Rest { segment, lawful: Vec::new(), aside: Vec::new() };
            lawful &= from > 0 || segment == head.size;
            while lawful && !left.is_empty() {
                let Some(end) = left.iter().position(|&byte| byte == b'\n') else { break };
                let (line, after) = left.split_at_checked(end).unwrap_or_default();
                let offset = from + rest.lawful.len() as u64;
                let place = segment::Place { segment, offset };
                // a look-up that fails says nothing about the line: then nothing is set aside
                let Some(last) = self.accept(&mut registry, line, &head, place)? else { break };
                // lines past the head count for each other, like those of a group
                self.staged.push_line(line);
                rest.lawful.extend_from_slice(line);
                rest.lawful.push(b'\n');
                frontier.push(tree::leaf_hash(line))?;
                head.size += 1;
                head.last = last;
                head.segment = segment;
                head.offset = offset + line.len() as u64 + 1;
                left = after.get(1..).unwrap_or_default();
            }
            lawful &= left.is_empty();
            rest.aside.extend_from_slice(left);
            rests.push(rest);
        }
        self.tail.back_to(mark);
        self.staged.clear();
        head.frontier = frontier.hashes().to_vec();
        head.counter = self.head.counter + 1;
        Ok((rests, head))
    }

    /// The laws for one line past the head: form, chain, keys, signatures, stream, source. None when
    /// it is not lawful; an error only when it could not be judged.
    fn accept(
        &mut self,
        registry: &mut crate::trust::Registry,
        line: &[u8],
        head: &Head,
        place: segment::Place,
    ) -> Result<Option<Blake3>> {
        let mut document = Document::default();
        let Ok(entry) = Entry::parse(&mut document, line) else { return Ok(None) };
        let end = End { size: head.size, last: head.last };
        let Ok(last) = lawful(registry, &end, &entry) else { return Ok(None) };
        let stream = index::key(Kind::Stream, entry.event.stream.name);
        let link = Link::of(&entry.event, entry.event.hash(), entry.index);
        let around = self.around(stream, entry.event.stream.name, entry.event.seq)?;
        if matches!(chain::place(&link, &around), Ok(chain::Place::Same(_)) | Err(_)) {
            return Ok(None);
        }
        if let Some((identity, _)) = entry.event.claim()
            && self.imported(index::key(Kind::Source, &identity))?.is_some()
        {
            return Ok(None);
        }
        registry.apply(&entry)?;
        self.tail.replay(place, last, &Found::of(&entry));
        Ok(Some(last))
    }

    /// The bytes of the open segment that the head covers, read back and checked against it.
    fn below_head(&self, file: &str) -> Result<Vec<u8>> {
        let wanted = usize::try_from(self.head.offset).unwrap_or(usize::MAX);
        let bytes = store::read_range(&*self.store, file, 0, wanted)?;
        if bytes.len() < wanted {
            return Err(short(self.head.segment, bytes.len() as u64, self.head.offset));
        }
        let damaged = |what: String| {
            Error::untrue("segment-damaged", format!("`{file}` below the head: {what}"))
                .hint("nothing was changed; restore the segment from a copy whose bytes verify")
        };
        let mut document = Document::default();
        let mut end: Option<End> = None;
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let line =
                line.strip_suffix(b"\n").ok_or_else(|| damaged("a line is torn".to_owned()))?;
            let entry =
                Entry::parse(&mut document, line).map_err(|error| damaged(error.to_string()))?;
            let before = end.unwrap_or(End { size: self.head.segment, last: entry.chain });
            end = Some(before.follow(&entry).map_err(|error| damaged(error.to_string()))?);
        }
        let reached = end.unwrap_or(End { size: self.head.segment, last: self.head.last });
        if reached != (End { size: self.head.size, last: self.head.last }) {
            return Err(damaged("its last line is not the head's".to_owned()));
        }
        Ok(bytes)
    }
}

/// Chain, keys and signatures of one line.
fn lawful(registry: &crate::trust::Registry, end: &End, entry: &Entry<'_>) -> Result<Blake3> {
    let end = end.follow(entry)?;
    registry.judge_signed(entry)?;
    Ok(end.last)
}

fn short(segment: u64, have: u64, wanted: u64) -> Error {
    Error::untrue(
        "segment-short",
        format!("`{}` has {have} bytes, the head says {wanted}", segment::name(segment)),
    )
    .hint("acknowledged entries are missing; nothing was changed; restore the segment from a copy")
}

/// Whether the store holds a mark of a failed sync.
pub fn is_poisoned(store: &dyn Store) -> Result<bool> {
    Ok(store.len(POISON)?.is_some())
}
