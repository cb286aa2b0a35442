//! Ledger: open, append, read. The one way into a log and the one way to its lines.
//!
//! Spec page: `spec/store.md`. A [`Ledger`] stands on a [`Store`] it does not trust. What it knows
//! beyond the lines (keys, index, ends of streams) it derives from them. It reads no clock and no
//! randomness: callers pass both to each append.

mod commit;
mod create;
mod derive;
mod door;
mod keys;
mod known;
mod recover;
mod stage;
mod staged;
mod streams;
mod tail;
mod walk;

use std::sync::Arc;

use crate::chain::End;
use crate::checkpoint::Origin;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::hash::Blake3;
use crate::head::Head;
use crate::index::{Index, Kind, ORDER_END, Posting};
use crate::json::{Document, Names};
use crate::segment::{self, Blocks, Place};
use crate::store::{self, Store};
use crate::trust::Registry;
use crate::vault::key::VaultKey;
use crate::vault::persons::Persons;

pub use create::{Beginning, create, origin, read_format};
pub use derive::Handover;
pub(crate) use door::scope;
pub use door::{Admitted, Door, Identity, Submission};
pub use recover::{Mended, RECOVERED, is_poisoned};
pub use stage::{Group, Receipt};
use staged::Staged;
use tail::Tail;

/// The file that says what kind of folder this is; written once, last, when a ledger is made.
pub const FORMAT: &str = "ledger.toml";
/// The lock of the writer.
pub const LOCK: &str = "lock";
/// The mark of a failed sync.
pub const POISON: &str = "poison";
/// The most entries that an opening replays; above it the index is brought up first.
const MAX_REPLAY: u64 = 4096;

/// One open ledger.
pub struct Ledger {
    store: Arc<dyn Store>,
    origin: Origin,
    registry: Arc<Registry>,
    index: Index,
    tail: Tail,
    /// Lines of the group being committed: they count for each other before they are durable.
    staged: Staged,
    head: Head,
    damaged_slot: Option<usize>,
    persons: Option<Persons>,
    vault_key: Option<VaultKey>,
    /// The length of the persons' delta when this process last knew it synced.
    synced_delta: Option<u64>,
    /// Why nothing more is appended through this value: a sync failed.
    stopped: bool,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("origin", &self.origin)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens a ledger for reading and appending. The log is not changed; an index that is far behind
    /// or of another history is made anew.
    ///
    /// Codes `ledger-none`, `ledger-format`, `head-lost`, `segment-*`, and those of damaged entries.
    pub fn open(store: Arc<dyn Store>) -> Result<Self> {
        let origin = read_format(&*store)?;
        // the index before the head: it follows the head, so it cannot be ahead of one read later
        let index = Index::open(Arc::clone(&store))?;
        let read = Head::read(&*store)?.ok_or_else(|| {
            Error::untrue("head-lost", "the ledger has no head")
                .hint("restore `head` from a copy; without it nobody knows what was acknowledged")
        })?;
        let persons = Persons::open(&*store)?;
        let vault_key = create::read_vault_key(&*store)?;
        let mut ledger = Self {
            tail: Tail::new(0),
            staged: Staged::default(),
            registry: Arc::new(Registry::default()),
            head: read.head,
            damaged_slot: read.damaged,
            stopped: false,
            synced_delta: None,
            store,
            origin,
            index,
            persons,
            vault_key,
        };
        ledger.settle()?;
        Ok(ledger)
    }

    /// The ledger's name in the world.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// How many entries are durable.
    pub fn size(&self) -> u64 {
        self.head.size
    }

    /// The head as it was last read or written.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The head slot that was found damaged or torn, if one was.
    pub fn damaged_slot(&self) -> Option<usize> {
        self.damaged_slot
    }

    /// The end that the next entry continues.
    pub fn end(&self) -> End {
        End { size: self.head.size, last: self.head.last }
    }

    /// The registry of keys at the end of the log.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The store beneath.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What checks events before they are appended, on any thread.
    pub fn door(&self) -> Door {
        Door { registry: Arc::clone(&self.registry), genesis: Some(self.origin.genesis().0) }
    }

    /// The line of an entry, without its newline; code `no-entry` beyond the end.
    pub fn line(&self, index: u64) -> Result<Vec<u8>> {
        if index >= self.head.size {
            return Err(Error::refused("no-entry", format!("there is no entry {index}"))
                .hint(format!("the ledger has {} entries, from 0", self.head.size)));
        }
        self.line_at(index, self.place(index)?)
    }

    /// Where the line of an entry begins.
    pub fn place(&self, index: u64) -> Result<Place> {
        let place = match self.tail.place(index) {
            Some(place) => Some(place),
            None => self.index.locate(index)?.map(|(segment, offset)| Place { segment, offset }),
        };
        place.ok_or_else(|| {
            Error::unavailable("index-behind", format!("the index does not know entry {index}"))
                .hint("delete the folder `index`; it is made again from the entries")
        })
    }

    fn line_at(&self, index: u64, place: Place) -> Result<Vec<u8>> {
        let limit = if place.segment == self.head.segment { self.head.offset } else { u64::MAX };
        let file = segment::name(place.segment);
        let mut length = 2048;
        loop {
            let left = usize::try_from(limit.saturating_sub(place.offset)).unwrap_or(usize::MAX);
            let bytes = store::read_range(&*self.store, &file, place.offset, left.min(length))?;
            if let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
                let (line, _) = bytes.split_at_checked(end).unwrap_or_default();
                return Ok(line.to_vec());
            }
            if length > crate::entry::MAX_LINE + 1 {
                return Err(Error::untrue(
                    "segment-line",
                    format!("entry {index} has no whole line"),
                ));
            }
            length = crate::entry::MAX_LINE + 2;
        }
    }

    /// Reads an entry and gives it to `with`; the law of form holds for it.
    pub fn entry<T>(&self, index: u64, with: impl FnOnce(&Entry<'_>) -> T) -> Result<T> {
        let line = self.line(index)?;
        let mut document = Document::default();
        let entry =
            Entry::parse(&mut document, &line).map_err(|e| e.at(format!("entry {index}")))?;
        if entry.index != index {
            return Err(Error::untrue(
                "chain-index",
                format!("index {} stands where {index} should", entry.index),
            ));
        }
        Ok(with(&entry))
    }

    /// Entries that a key of the index finds, ascending by order, at most `limit`.
    ///
    /// The index is derived and not trusted: each posting is a hint whose entry the caller reads.
    pub fn find(&self, kind: Kind, value: &str, limit: usize) -> Result<Vec<Posting>> {
        let key = crate::index::key(kind, value);
        let mut found = self.index.lookup(key, 0..ORDER_END, limit)?;
        found.extend(self.tail.lookup(&key));
        found.sort_unstable();
        found.truncate(limit);
        Ok(found)
    }

    /// The posting of a key with the largest order that is not above `order`, and among those the
    /// largest index.
    pub fn find_last(&self, kind: Kind, value: &str, order: u64) -> Result<Option<Posting>> {
        let key = crate::index::key(kind, value);
        let indexed = self.index.last_below(key, order.saturating_add(1))?;
        let newer = self.tail.lookup(&key).into_iter().rfind(|posting| posting.order <= order);
        Ok(indexed.max(newer))
    }

    /// Blocks of lines from the beginning to the head.
    pub fn blocks(&self) -> Result<Blocks<'_>> {
        self.blocks_from(Place { segment: 0, offset: 0 })
    }

    /// Blocks of lines from a place to the head.
    pub fn blocks_from(&self, place: Place) -> Result<Blocks<'_>> {
        Blocks::new(&*self.store, place, Some(self.end_place()))
    }

    fn end_place(&self) -> Place {
        Place { segment: self.head.segment, offset: self.head.offset }
    }

    /// Reads the head again and takes in what other processes appended.
    pub fn refresh(&mut self) -> Result<()> {
        let newest = self.newest_head()?;
        let mark = self.tail.mark();
        let (head, registry) = (self.head.clone(), Arc::clone(&self.registry));
        self.head = newest;
        // a tail that was left behind continues an older line than the head's last
        let known = (self.tail.next() == head.size).then_some(head.last);
        let outcome = self.replay(known);
        if outcome.is_err() {
            // what was not taken in whole is not taken in at all: the next look begins here again
            self.head = head;
            self.registry = registry;
            self.tail.back_to(mark);
        }
        outcome
    }

    /// The head as it stands on the disk; it does not go back, nor to another history.
    fn newest_head(&mut self) -> Result<Head> {
        let read = Head::read(&*self.store)?
            .ok_or_else(|| Error::untrue("head-lost", "the ledger has no head"))?;
        if read.head.size < self.head.size {
            return Err(Error::untrue(
                "head-back",
                format!("the head went back from {} to {} entries", self.head.size, read.head.size),
            )
            .hint("the folder was restored to an older state; acknowledged entries are missing"));
        }
        self.damaged_slot = read.damaged;
        if read.head.size == self.head.size && read.head.last != self.head.last {
            return Err(forked(self.head.size));
        }
        Ok(read.head)
    }

    /// Brings index and keys to the head: the index first when it is far behind. Where the index is
    /// ahead, another process has appended since the head was read, and the head is read again.
    fn settle(&mut self) -> Result<()> {
        let seen = End { size: self.head.size, last: self.head.last };
        if self.index.covered().0 > self.head.size {
            self.head = self.newest_head()?;
        }
        self.settle_on_head()?;
        match seen.size.checked_sub(1).filter(|_| seen.size < self.head.size) {
            Some(last) if Blake3::of(&self.line(last)?) != seen.last => Err(forked(seen.size)),
            _ => Ok(()),
        }
    }

    fn settle_on_head(&mut self) -> Result<()> {
        let covered = self.index_covers()?;
        self.tail = Tail::new(covered);
        let foreign = covered == 0 && self.index.covered().0 > 0;
        if foreign || self.head.size - covered > MAX_REPLAY {
            self.rebuild_index()?;
        }
        self.genesis_holds()?;
        self.read_keys()?;
        self.replay(None)
    }

    /// Entry 0 must be the one that the origin names: else everything would be signed for another log.
    fn genesis_holds(&self) -> Result<()> {
        if self.head.size == 0 {
            return Ok(());
        }
        let line = self.line_at(0, Place { segment: 0, offset: 0 })?;
        if genesis_of(&line)? == self.origin.genesis() {
            return Ok(());
        }
        Err(Error::untrue(
            "ledger-origin",
            format!("the origin in `{FORMAT}` does not name entry 0"),
        )
        .hint(VERIFY))
    }

    /// Reads the entries between the tail and the head; they must continue the line whose hash is
    /// known from before.
    fn replay(&mut self, known: Option<Blake3>) -> Result<()> {
        let next = self.tail.next();
        if next >= self.head.size {
            return Ok(());
        }
        let from = self.place_before(next)?;
        let mut end = match next.checked_sub(1) {
            None => End::empty(&self.origin.to_string()),
            Some(before) => End { size: next, last: Blake3::of(&self.line_at(before, from)?) },
        };
        if known.is_some_and(|known| known != end.last) {
            return Err(forked(next));
        }
        let store = Arc::clone(&self.store);
        let mut blocks = Blocks::new(&*store, from, Some(self.end_place()))?;
        while let Some(block) = blocks.next_block()? {
            let mut registry = None;
            let lines = block.lines.iter();
            for (range, read) in lines.zip(walk::block(&block, Some(&self.registry))) {
                let index = self.tail.next();
                let read = read.map_err(|error| walk::at(error, index))?;
                if read.index < index {
                    continue;
                }
                let wrong = |error: Error| walk::at(error, index);
                end = end.follow_hashed(read.index, read.chain, read.hash).map_err(wrong)?;
                // from the first key event on, what was judged by the keys before it says nothing
                if read.key_event || registry.is_some() {
                    let registry = registry.get_or_insert_with(|| (*self.registry).clone());
                    let mut document = Document::default();
                    let entry = Entry::parse(&mut document, block.line(range)).map_err(wrong)?;
                    registry.judge(&entry).map_err(wrong)?;
                    registry.apply(&entry).map_err(wrong)?;
                } else {
                    read.judged.map_err(wrong)?;
                }
                self.tail.replay(read.place, end.last, &read.found);
            }
            if let Some(registry) = registry {
                self.registry = Arc::new(registry);
            }
        }
        if end.last != self.head.last {
            return Err(forked(self.head.size));
        }
        if self.tail.next() != self.head.size {
            return Err(Error::untrue(
                "segment-short",
                format!("{} entries where the head says {}", self.tail.next(), self.head.size),
            )
            .hint(VERIFY));
        }
        Ok(())
    }

    /// Where to begin reading so that entry `next` is the first or soon comes.
    fn place_before(&self, next: u64) -> Result<Place> {
        match next.checked_sub(1) {
            None => Ok(Place { segment: 0, offset: 0 }),
            Some(before) => self.place(before),
        }
    }
}

/// Whether events of the type change who may sign.
pub(crate) fn is_key_event(kind: &str) -> bool {
    kind.starts_with("key.") || kind == "ledger.created"
}

fn forked(size: u64) -> Error {
    Error::untrue(
        "head-fork",
        format!("the {size} entries of the head are not a continuation of those before"),
    )
    .hint(VERIFY)
}

const VERIFY: &str = "run `ledger verify` for all that is wrong; nothing was changed";

/// SHA-256 of entry 0's event bytes, as its line has them.
pub fn genesis_of(line: &[u8]) -> Result<crate::hash::Sha256> {
    let mut document = Document::default();
    let root = document.parse(line, Names::Entry)?;
    let event = root.get("event").ok_or_else(|| Error::malformed("entry-members", "no event"))?;
    Event::from_view(event).map(|event| crate::hash::Sha256::of(event.bytes()))
}
