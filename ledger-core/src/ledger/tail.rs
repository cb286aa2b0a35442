//! The tail: entries that the index does not cover yet, and the ends of streams in use.
//!
//! All of it is derived from the entries; a process makes it by replaying them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::chain::Link;
use crate::entry::Entry;
use crate::error::Result;
use crate::hash::Blake3;
use crate::index::{self, Batch, Key, Kind, Posting};
use crate::schema::joins;
use crate::segment::Place;

/// How many stream ends are remembered before they are forgotten and looked up again.
const MAX_ENDS: usize = 100_000;

/// Entries from `first` on: where they are and how they are found.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    first: u64,
    places: Vec<(Place, Blake3)>,
    postings: Vec<Posting>,
    /// Of the kinds the door asks for with every event: key → (order, index).
    asked: HashMap<Key, Vec<(u64, u64)>>,
}

impl Part {
    fn new(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// The entry after the last.
    pub(super) fn end(&self) -> u64 {
        self.first + self.places.len() as u64
    }

    /// The first entry.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// A part that begins where this one ends, with as much room.
    fn following(&self) -> Self {
        Self {
            first: self.end(),
            places: Vec::with_capacity(self.places.len()),
            postings: Vec::with_capacity(self.postings.len()),
            asked: HashMap::with_capacity(self.asked.len()),
        }
    }

    fn append(&mut self, later: Self) {
        self.places.extend(later.places);
        self.postings.extend(later.postings);
        for (key, list) in later.asked {
            self.asked.entry(key).or_default().extend(list);
        }
    }

    fn asked(&self, key: &Key) -> &[(u64, u64)] {
        self.asked.get(key).map_or(&[], Vec::as_slice)
    }

    fn place(&self, index: u64) -> Option<Place> {
        let at = usize::try_from(index.checked_sub(self.first)?).ok()?;
        self.places.get(at).map(|(place, _)| *place)
    }

    /// What the index takes in; `before` is the hash of the line before the first entry.
    pub(super) fn batch(&self, before: Blake3) -> Result<Batch> {
        let mut batch = Batch::new(self.first, before);
        batch.reserve(self.places.len(), self.postings.len());
        let mut postings = self.postings.iter().peekable();
        for (index, (place, hash)) in (self.first..).zip(&self.places) {
            batch.entry(place.segment, place.offset, *hash)?;
            while let Some(posting) = postings.next_if(|posting| posting.index == index) {
                batch.post(posting.key, posting.order)?;
            }
        }
        Ok(batch)
    }
}

/// What the index does not cover: a part that it is being given, if one is, and what came after.
#[derive(Debug, Default)]
pub(super) struct Tail {
    given: Option<Arc<Part>>,
    open: Part,
    /// The last link of streams that this process has seen growing in order.
    ends: HashMap<Key, Link>,
}

/// A point to go back to when a group could not be written; always within the open part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    places: usize,
    postings: usize,
}

impl Tail {
    /// An empty tail after `first` indexed entries.
    pub(super) fn new(first: u64) -> Self {
        Self { open: Part::new(first), ..Self::default() }
    }

    /// The index of the next entry.
    pub(super) fn next(&self) -> u64 {
        self.open.end()
    }

    /// The first entry that nobody has given to the index yet.
    pub(super) fn first(&self) -> u64 {
        self.open.first
    }

    /// How many entries nobody has given to the index yet.
    pub(super) fn len(&self) -> usize {
        self.open.places.len()
    }

    /// Whether a part is on its way into the index.
    pub(super) fn is_giving(&self) -> bool {
        self.given.is_some()
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { places: self.open.places.len(), postings: self.open.postings.len() }
    }

    /// Forgets everything after the mark.
    pub(super) fn back_to(&mut self, mark: Mark) {
        let open = &mut self.open;
        let next = open.first + mark.places as u64;
        open.places.truncate(mark.places);
        open.postings.truncate(mark.postings);
        open.asked.retain(|_, list| {
            list.retain(|&(_, index)| index < next);
            !list.is_empty()
        });
        self.ends.clear();
    }

    /// Takes in the next entry: where it is and how it is found.
    pub(super) fn push(&mut self, place: Place, hash: Blake3, postings: &[Posting]) {
        self.open.places.push((place, hash));
        self.open.postings.extend_from_slice(postings);
    }

    /// Makes an entry known under a key that the door asks for.
    pub(super) fn ask(&mut self, key: Key, order: u64, index: u64) {
        self.open.asked.entry(key).or_default().push((order, index));
    }

    /// Takes in an entry that was read back: its place, its postings, and what the door asks for.
    pub(super) fn replay(&mut self, place: Place, hash: Blake3, found: &Found) {
        let asked = found.postings.get(found.asked.clone()).unwrap_or_default();
        if let Some(stream) = asked.first() {
            self.ends.remove(&stream.key);
        }
        for posting in asked {
            self.ask(posting.key, posting.order, posting.index);
        }
        self.push(place, hash, &found.postings);
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
    pub(super) fn asked(&self, key: &Key) -> impl Iterator<Item = (u64, u64)> + use<'_> {
        let given = self.given.as_ref().map_or(&[][..], |given| given.asked(key));
        given.iter().chain(self.open.asked(key)).copied()
    }

    /// All postings of any key, ascending by order.
    pub(super) fn lookup(&self, key: &Key) -> Vec<Posting> {
        let given = self.given.iter().flat_map(|given| &given.postings);
        let all = given.chain(&self.open.postings);
        let mut found: Vec<Posting> = all.filter(|posting| posting.key == *key).copied().collect();
        found.sort_unstable();
        found
    }

    /// Where an entry is.
    pub(super) fn place(&self, index: u64) -> Option<Place> {
        let given = self.given.as_ref().and_then(|given| given.place(index));
        given.or_else(|| self.open.place(index))
    }

    /// Gives what it holds to the index; it is known here until [`Tail::taken`]. None while an
    /// earlier part is under way, or when there is nothing to give.
    pub(super) fn give(&mut self) -> Option<Arc<Part>> {
        if self.given.is_some() || self.open.places.is_empty() {
            return None;
        }
        let next = self.open.following();
        let given = Arc::new(std::mem::replace(&mut self.open, next));
        self.given = Some(Arc::clone(&given));
        Some(given)
    }

    /// The index covers `covered` entries now: forgets the part that was given if it was taken in,
    /// or takes it back if it was not. False if neither fits: another process wrote the index.
    pub(super) fn taken(&mut self, covered: u64) -> bool {
        let Some(given) = self.given.take() else { return covered == self.open.first };
        if given.first == covered {
            let given = Arc::try_unwrap(given).unwrap_or_else(|shared| (*shared).clone());
            let open = std::mem::replace(&mut self.open, given);
            self.open.append(open);
        }
        covered == self.open.first
    }
}

/// How an entry is found, read from it once.
#[derive(Debug)]
pub(super) struct Found {
    postings: Vec<Posting>,
    /// Those that the door asks for, its stream first.
    asked: Range<usize>,
}

impl Found {
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        let mut found = Vec::with_capacity(12);
        let asked = postings(entry, &mut found);
        Self { postings: found, asked }
    }
}

/// How an entry is found: by stream and source identity, type, time, subjects, persons, key, and what
/// joins it. Which of those added the door asks for with every event: the stream comes first.
fn postings(entry: &Entry<'_>, found: &mut Vec<Posting>) -> Range<usize> {
    let event = &entry.event;
    let time = event.occurred_at.micros();
    let start = found.len();
    let mut add = |kind: Kind, value: &str, order: u64| {
        found.push(Posting { key: index::key(kind, value), order, index: entry.index });
    };
    add(Kind::Stream, event.stream.name, event.seq);
    let mut asked = 1;
    if event.is_final {
        add(Kind::Final, event.stream.name, event.seq);
        asked += 1;
    }
    if let Some((identity, _)) = event.claim() {
        add(Kind::Source, &identity, 0);
        asked += 1;
    }
    add(Kind::Type, event.kind, time);
    add(Kind::Time, "", time);
    let mut reference = String::new();
    for (name, value) in event.root.get("subject").into_iter().flat_map(|subject| subject.members())
    {
        let Some(id) = value.plain() else { continue };
        reference.clear();
        reference.push_str(name);
        reference.push(':');
        reference.push_str(id);
        add(Kind::Subject, &reference, time);
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
    joins::of(entry, &mut |value| add(Kind::Join, value, time));
    start..start + asked
}

/// Postings of some entries in a row: one list, and how many of them are each entry's.
#[derive(Debug, Default)]
pub(super) struct Postings {
    all: Vec<Posting>,
    ends: Vec<usize>,
}

impl Postings {
    pub(super) fn with_capacity(entries: usize) -> Self {
        Self { all: Vec::with_capacity(entries * 12), ends: Vec::with_capacity(entries) }
    }

    pub(super) fn add(&mut self, entry: &Entry<'_>) {
        postings(entry, &mut self.all);
        self.ends.push(self.all.len());
    }

    /// The postings of each entry, in order.
    pub(super) fn each(&self) -> impl Iterator<Item = &[Posting]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let ranges = starts.zip(&self.ends);
        ranges.map(|(start, end)| self.all.get(start..*end).unwrap_or_default())
    }
}
