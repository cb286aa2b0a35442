//! The tail: entries that the index does not cover yet, and the ends of streams in use.
//!
//! All of it is derived from the entries; a process makes it by replaying them.

use std::collections::HashMap;

use crate::chain::Link;
use crate::entry::Entry;
use crate::error::Result;
use crate::hash::Blake3;
use crate::index::{self, Batch, Key, Kind, Posting};
use crate::segment::Place;

/// How many stream ends are remembered before they are forgotten and looked up again.
const MAX_ENDS: usize = 100_000;

/// Entries from `first` on: where they are and how they are found.
#[derive(Debug, Default)]
pub(super) struct Tail {
    first: u64,
    places: Vec<(Place, Blake3)>,
    postings: Vec<Posting>,
    /// Of the kinds the door asks for with every event: key → (order, index).
    asked: HashMap<Key, Vec<(u64, u64)>>,
    /// The last link of streams that this process has seen growing in order.
    ends: HashMap<Key, Link>,
}

/// A point to go back to when a group could not be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    places: usize,
    postings: usize,
}

impl Tail {
    /// An empty tail after `first` indexed entries.
    pub(super) fn new(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// The index of the next entry.
    pub(super) fn next(&self) -> u64 {
        self.first + self.places.len() as u64
    }

    /// How many entries it holds.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { places: self.places.len(), postings: self.postings.len() }
    }

    /// Forgets everything after the mark.
    pub(super) fn back_to(&mut self, mark: Mark) {
        let next = self.first + mark.places as u64;
        self.places.truncate(mark.places);
        self.postings.truncate(mark.postings);
        self.asked.retain(|_, list| {
            list.retain(|&(_, index)| index < next);
            !list.is_empty()
        });
        self.ends.clear();
    }

    /// Takes in the next entry: where it is and how it is found.
    pub(super) fn push(&mut self, place: Place, hash: Blake3, postings: Vec<Posting>) {
        self.places.push((place, hash));
        self.postings.extend(postings);
    }

    /// Makes an entry known under a key that the door asks for.
    pub(super) fn ask(&mut self, key: Key, order: u64, index: u64) {
        self.asked.entry(key).or_default().push((order, index));
    }

    /// Takes in an entry that was read back: its place, its postings, and what the door asks for.
    pub(super) fn replay(&mut self, place: Place, hash: Blake3, entry: &Entry<'_>) {
        let event = &entry.event;
        let stream = index::key(Kind::Stream, event.stream.name);
        self.ends.remove(&stream);
        self.ask(stream, event.seq, entry.index);
        if event.is_final {
            self.ask(index::key(Kind::Final, event.stream.name), event.seq, entry.index);
        }
        if let Some((identity, _)) = event.claim() {
            self.ask(index::key(Kind::Source, &identity), 0, entry.index);
        }
        self.push(place, hash, postings(entry));
    }

    /// Remembers that this is now the stream's last event.
    pub(super) fn set_end(&mut self, stream: Key, link: Link) {
        if self.ends.len() >= MAX_ENDS {
            self.ends.clear();
        }
        self.ends.insert(stream, link);
    }

    /// Forgets the stream's end: something arrived out of order.
    pub(super) fn forget_end(&mut self, stream: &Key) {
        self.ends.remove(stream);
    }

    /// The stream's last event, if this process has seen it growing in order.
    pub(super) fn end(&self, stream: &Key) -> Option<&Link> {
        self.ends.get(stream)
    }

    /// Postings of a key that the door asks for: (order, index).
    pub(super) fn asked(&self, key: &Key) -> &[(u64, u64)] {
        self.asked.get(key).map_or(&[], Vec::as_slice)
    }

    /// All postings of any key, ascending by order.
    pub(super) fn lookup(&self, key: &Key) -> Vec<Posting> {
        let mut found: Vec<Posting> =
            self.postings.iter().filter(|posting| posting.key == *key).copied().collect();
        found.sort_unstable();
        found
    }

    /// Where an entry is.
    pub(super) fn place(&self, index: u64) -> Option<Place> {
        let at = usize::try_from(index.checked_sub(self.first)?).ok()?;
        self.places.get(at).map(|(place, _)| *place)
    }

    /// What the index takes in; `before` is the hash of the line before the tail's first entry.
    pub(super) fn batch(&self, before: Blake3) -> Result<Batch> {
        let mut batch = Batch::new(self.first, before);
        let mut postings = self.postings.iter().peekable();
        for (index, (place, hash)) in (self.first..).zip(&self.places) {
            batch.entry(place.segment, place.offset, *hash)?;
            while let Some(posting) = postings.next_if(|posting| posting.index == index) {
                batch.post(posting.key, posting.order)?;
            }
        }
        Ok(batch)
    }

    /// Begins anew after entries that the index covers now. Stream ends stay.
    pub(super) fn begin_after(&mut self) {
        *self =
            Self { first: self.next(), ends: std::mem::take(&mut self.ends), ..Self::default() };
    }
}

/// How an entry is found: by type, subjects, persons, stream, source identity, key and time.
pub(super) fn postings(entry: &Entry<'_>) -> Vec<Posting> {
    let event = &entry.event;
    let time = event.occurred_at.micros();
    let mut found = Vec::with_capacity(12);
    let mut add = |kind: Kind, value: &str, order: u64| {
        found.push(Posting { key: index::key(kind, value), order, index: entry.index });
    };
    add(Kind::Type, event.kind, time);
    add(Kind::Time, "", time);
    add(Kind::Stream, event.stream.name, event.seq);
    if event.is_final {
        add(Kind::Final, event.stream.name, event.seq);
    }
    if let Some((identity, _)) = event.claim() {
        add(Kind::Source, &identity, 0);
    }
    for (name, value) in event.root.get("subject").into_iter().flat_map(|subject| subject.members())
    {
        let Some(id) = value.plain() else { continue };
        add(Kind::Subject, &format!("{name}:{id}"), time);
        if name == "key" {
            add(Kind::Key, id, time);
        }
    }
    let mut persons: Vec<_> = entry.persons.iter().map(|(_, pseudonym)| *pseudonym).collect();
    persons.sort_unstable();
    persons.dedup();
    for pseudonym in persons {
        add(Kind::Person, &pseudonym.to_string(), time);
    }
    found
}
