//! The index: from a type, a subject, a person, a stream … to the entries that speak of it.
//!
//! It is derived: delete the folder `index/` and the same bytes are built again from the entries.
//! `verify` does not believe it, and a caller re-reads every entry that it finds here. It is made
//! of immutable *runs*, each covering a range of entries; new entries make new small runs, and
//! merging makes few large ones of many small ones. The format is in `spec/index.md`.
//!
//! [`Batch`] collects what entries say, [`Writer`] makes runs of it and merges them, [`Index`]
//! answers. All reading is by position; nothing is held in memory but a bounded cache.

mod block;
mod build;
mod cache;
mod check;
mod cover;
mod filter;
mod layout;
mod merge;
mod reader;
mod run;
mod writer;

pub use build::Batch;
pub use reader::{CACHE_BYTES, Index};
pub use writer::Writer;

use crate::error::{Error, Result};
use crate::hash::Blake3;
use crate::store::Store;

/// The folder of the runs.
pub const FOLDER: &str = "index";
/// The lock that writers of the index hold; appenders of entries have another.
pub const LOCK: &str = "index/lock";
/// Orders are below this; a range `0..ORDER_END` is everything.
pub const ORDER_END: u64 = u64::MAX;

/// What a posting is about. The number is part of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An event type; order is `occurred_at` in microseconds.
    Type = 1,
    /// A subject reference, `<reference>:<id>`, such as `service:payments`; order is `occurred_at`.
    Subject = 2,
    /// A pseudonym; order is `occurred_at`.
    Person = 3,
    /// A stream name; order is `seq`.
    Stream = 4,
    /// The name of a stream that has its final event; order is `seq`.
    Final = 5,
    /// The identity of an imported event; order is whatever the importer's caller chose.
    Source = 6,
    /// All entries, under the one value `""`; order is `occurred_at`.
    Time = 7,
    /// A key id, in events about that key (registered, rotated, revoked …).
    Key = 8,
    /// What joins evidence beside the subject, as `schema::joins` spells it; order is `occurred_at`.
    Join = 9,
}

/// The hashed name that postings are sorted by.
///
/// The first 16 bytes of BLAKE3(kind ‖ 0x00 ‖ value), but for the very last bit: it says whether
/// the key is in the filters of the runs. Two values with one key are possible in principle, and
/// harmless: the caller looks at the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 16]);

impl Key {
    /// The 16 bytes.
    pub fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// Whether filters know it: streams and sources, where most questions are about new ones.
    fn is_filtered(self) -> bool {
        self.low() & 1 == 1
    }

    fn high(self) -> u64 {
        self.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    fn low(self) -> u64 {
        self.0.last_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }
}

/// The key of a value.
pub fn key(kind: Kind, value: &str) -> Key {
    let hash = *keyed(kind as u8, value.as_bytes()).as_bytes();
    let mut bytes = hash.first_chunk().copied().unwrap_or_default();
    let filtered = u8::from(matches!(kind, Kind::Stream | Kind::Source));
    if let Some(last) = bytes.last_mut() {
        *last = *last & 0xfe | filtered;
    }
    Key(bytes)
}

/// BLAKE3(kind ‖ 0x00 ‖ value); values are short, so they are joined on the stack.
fn keyed(kind: u8, value: &[u8]) -> blake3::Hash {
    let mut joined = [0; 254];
    let [first, _, room @ ..] = &mut joined;
    *first = kind;
    if let Some(room) = room.get_mut(..value.len()) {
        room.copy_from_slice(value);
        return blake3::hash(joined.get(..value.len() + 2).unwrap_or_default());
    }
    blake3::Hasher::new().update(&[kind, 0]).update(value).finalize()
}

/// One line of the index: this entry speaks of this key, at this place in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Posting {
    /// What it speaks of.
    pub key: Key,
    /// Microseconds since the epoch, or a sequence number, as the kind says.
    pub order: u64,
    /// The entry.
    pub index: u64,
}

impl Posting {
    /// The 32 bytes; they sort as the postings do.
    fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let fields =
            self.key.0.into_iter().chain(self.order.to_be_bytes()).chain(self.index.to_be_bytes());
        bytes.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
        bytes
    }

    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let (key, rest) = bytes.split_first_chunk().map_or(([0; 16], &[][..]), |(k, r)| (*k, r));
        let number = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Self { key: Key(key), order: number(rest.first_chunk()), index: number(rest.last_chunk()) }
    }
}

/// A range of entries, tied to one history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first entry.
    pub first: u64,
    /// The one after the last.
    pub end: u64,
    /// The `chain` of the first entry: the hash of the line before it.
    pub before: Blake3,
    /// The hash of the last entry's line.
    pub last: Blake3,
}

impl Span {
    /// How many entries; at least one in every run.
    pub fn entries(&self) -> u64 {
        self.end.saturating_sub(self.first)
    }

    /// The name of the run that covers it.
    fn name(&self) -> String {
        format!("{FOLDER}/{:020}-{:020}.run", self.first, self.end)
    }
}

/// Reads all of one run (`index/….run`) and holds it against the format; what it covers.
///
/// It cannot tell whether a posting is missing that the writer forgot: for that, build the run
/// again and compare the bytes.
pub fn examine(store: &dyn Store, name: &str) -> Result<Span> {
    let run = run::Run::open(store, name.to_owned())?;
    check::check(store, &run)?;
    Ok(*run.span())
}

/// Whether the error says that a run is not what was written. The place is the run's name; delete
/// the index ([`Writer::delete`]) and build it again.
pub fn is_damage(error: &Error) -> bool {
    error.kind() == crate::error::Kind::Untrue && error.code().starts_with("index-")
}

/// What can be wrong with a run.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Length,
    Magic,
    Header,
    Checksum,
    Name,
    Padding,
    Place,
    Posting,
    FanOut,
    Filter,
    History,
}

fn damaged(name: &str, damage: Damage) -> Error {
    let (code, what) = match damage {
        Damage::Length => ("index-length", "it is longer or shorter than its header says"),
        Damage::Magic => ("index-magic", "it is not a run of this version"),
        Damage::Header => ("index-header", "its header contradicts itself"),
        Damage::Checksum => ("index-checksum", "a block does not have its checksum"),
        Damage::Name => ("index-name", "it covers another range than its name says"),
        Damage::Padding => ("index-padding", "there is something between its sections"),
        Damage::Place => ("index-place", "its places of entries contradict each other"),
        Damage::Posting => ("index-posting", "a posting is out of order or of an entry elsewhere"),
        Damage::FanOut => ("index-fan-out", "its fan-out table does not agree with its postings"),
        Damage::Filter => ("index-filter", "its filter does not agree with its postings"),
        Damage::History => ("index-history", "it is of another history than the run before it"),
    };
    Error::untrue(code, format!("the index is damaged: {what}"))
        .at(name)
        .hint("delete the folder `index`; it is built again from the entries")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_set_in_stone() {
        let hex = |kind, value| crate::encoding::hex(&key(kind, value).bytes());
        // BLAKE3 of the bytes 02 00 "service:payments", 16 bytes, last bit cleared
        assert_eq!(hex(Kind::Subject, "service:payments"), "9a5ad8ecf7b96077a8152f9333fa9f00");
        assert_eq!(hex(Kind::Stream, "s"), "76e01aee4996e40a845f1664c3e5190d");
        assert_ne!(key(Kind::Stream, "s"), key(Kind::Final, "s"));
    }

    #[test]
    fn postings_sort_as_their_bytes() {
        let some = [(1, 2, 3), (1, 2, 4), (1, 3, 0), (2, 0, 0), (2, 0, u64::MAX), (2, 256, 1)];
        let postings = some.map(|(k, order, index)| Posting { key: Key([k; 16]), order, index });
        assert!(postings.is_sorted());
        assert!(postings.map(Posting::to_bytes).is_sorted());
        assert!(
            postings.iter().all(|posting| Posting::from_bytes(&posting.to_bytes()) == *posting)
        );
    }
}
