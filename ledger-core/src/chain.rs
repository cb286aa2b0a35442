//! Chain: which entry may follow which, in the log and in a producer's own stream.
//!
//! Spec page: `spec/chain.md`. These functions are the only statement of the law of link for order:
//! the writer calls them before storing, readers and `verify` after loading.

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::hash::Blake3;

/// The end of a log: what the next entry must continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// How many entries there are; the next index.
    pub size: u64,
    /// BLAKE3 of the last line; of the origin when there is none yet.
    pub last: Blake3,
}

impl End {
    /// The end of a log without entries: the chain begins at its origin.
    pub fn empty(origin: &str) -> Self {
        Self { size: 0, last: Blake3::of(origin.as_bytes()) }
    }

    /// The law of the chain; codes `chain-index`, `chain-link`. Gives the new end.
    pub fn follow(&self, entry: &Entry<'_>) -> Result<Self> {
        self.follow_hashed(entry.index, entry.chain, entry.hash())
    }

    /// [`End::follow`] for an entry that was read already: its index, its chain value, and the hash
    /// of its line.
    pub fn follow_hashed(&self, index: u64, chain: Blake3, hash: Blake3) -> Result<Self> {
        if index != self.size {
            return Err(Error::untrue(
                "chain-index",
                format!("index {index} stands where {} should", self.size),
            ));
        }
        if chain != self.last {
            let before = self.size.checked_sub(1);
            let before = before.map_or_else(|| "the origin".to_owned(), |b| format!("entry {b}"));
            return Err(Error::untrue(
                "chain-link",
                format!("its chain value is not the hash of {before}"),
            ));
        }
        Ok(Self { size: self.size + 1, last: hash })
    }
}

/// One event of a stream, as far as its neighbours need to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its place in the stream.
    pub seq: u64,
    /// BLAKE3 of its bytes.
    pub hash: Blake3,
    /// The hash it names as its predecessor.
    pub prev: Option<Blake3>,
    /// Whether it ends the stream.
    pub is_final: bool,
    /// Its entry.
    pub index: u64,
}

impl Link {
    /// The link of an event that is or will be entry `index`.
    pub fn of(event: &Event<'_>, hash: Blake3, index: u64) -> Self {
        Self { seq: event.seq, hash, prev: event.prev, is_final: event.is_final, index }
    }
}

/// What a stream already holds around one place.
#[derive(Clone, Copy, Debug, Default)]
pub struct Neighbours {
    /// The event at the same place.
    pub same: Option<Link>,
    /// The event just before.
    pub before: Option<Link>,
    /// The event just after.
    pub after: Option<Link>,
    /// The highest place taken.
    pub last: Option<u64>,
    /// The place of the event that ended the stream.
    pub ended: Option<u64>,
}

/// How an event takes its place in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The next in order.
    Next,
    /// Beyond the next: what lies between has not arrived, a finding of completeness.
    Gap,
    /// Into a gap that was open.
    Late,
    /// The same bytes are already there, as this entry: the first receipt stands.
    Same(u64),
}

/// The law of streams; codes `stream-fork`, `stream-ended`.
pub fn place(new: &Link, around: &Neighbours) -> Result<Place> {
    if let Some(same) = around.same {
        if same.hash == new.hash {
            return Ok(Place::Same(same.index));
        }
        return Err(fork(new.seq, same.index, "another event has this place in the stream"));
    }
    if let Some(before) = around.before
        && new.prev != Some(before.hash)
    {
        let message = "`prev` is not the hash of the stream's event before it";
        return Err(fork(new.seq, before.index, message));
    }
    if let Some(after) = around.after
        && after.prev != Some(new.hash)
    {
        return Err(fork(new.seq, after.index, "the stream's event after it names another `prev`"));
    }
    let past_end = around.ended.is_some_and(|ended| new.seq > ended);
    let ends_early = new.is_final && around.last.is_some_and(|last| last > new.seq);
    if past_end || ends_early {
        return Err(Error::refused("stream-ended", "nothing may follow a stream's final event"));
    }
    Ok(match (around.last, around.before) {
        (None, _) if new.seq == 0 => Place::Next,
        (Some(last), Some(_)) if last.checked_add(1) == Some(new.seq) => Place::Next,
        (Some(last), _) if new.seq < last => Place::Late,
        _ => Place::Gap,
    })
}

fn fork(seq: u64, index: u64, message: &str) -> Error {
    Error::refused("stream-fork", format!("{message} (place {seq}, entry {index})")).hint(
        "the conflicting event is kept as `stream.forked`; its producer's key or state is in doubt",
    )
}
