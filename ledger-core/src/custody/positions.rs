//! Where the sealed values of entries stand: a window that moves forward over the log.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use crate::entry::Entry;
use crate::error::Result;
use crate::event::Event;
use crate::hash::{Blake3, Sha256};
use crate::json::{Document, View};
use crate::ledger::{Ledger, scope};
use crate::seal::{Disclosure, Scope, from_json};
use crate::segment::Blocks;
use crate::vault::persons::Pseudonym;

/// One sealed value of an entry.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) at: Arc<Origin>,
    pub(super) pointer: String,
}

/// The entry in which sealed values stand.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) entry: u64,
    pub(super) time: u64,
    scope: Scope,
    stream: String,
    seq: u64,
    pub(super) persons: Vec<(String, Pseudonym)>,
}

impl Spot {
    /// Whether the disclosure is what the producer sealed here.
    pub(super) fn is_opened_by(&self, commitment: Blake3, disclosure: &Disclosure) -> bool {
        let at = &self.at;
        disclosure.opens(commitment, at.scope, &at.stream, at.seq, &self.pointer)
    }

    /// The person named here, if the writer of the entry resolved one.
    pub(super) fn person(&self) -> Option<Pseudonym> {
        let found = self.at.persons.iter().find(|(pointer, _)| *pointer == self.pointer);
        found.map(|(_, name)| *name)
    }

    /// Who must agree that the value here is still known: the person named, or all of the entry.
    pub(super) fn bound(&self) -> Vec<Pseudonym> {
        if let Some(person) = self.person() {
            return vec![person];
        }
        let mut all: Vec<Pseudonym> = self.at.persons.iter().map(|(_, name)| *name).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// How far back a window remembers, in entries: items of a group come in the order of its entries.
const BACK: u64 = 4_096;

/// The sealed values and private attachments of some entries, by commitment and digest.
///
/// It knows where a commit group ends: the writer's clock stands in all its entries, so the group
/// that begins at an entry ends at the latest where another time begins.
pub(super) struct Window<'a> {
    ledger: &'a Ledger,
    blocks: Option<Blocks<'a>>,
    next: u64,
    spots: HashMap<Blake3, Spot>,
    order: VecDeque<(u64, Blake3)>,
    attachments: BTreeMap<[u8; 32], (u64, u64)>,
    /// Where each run of entries of one time begins, and that time. The first may have begun before
    /// the group: a block may end between two groups.
    runs: VecDeque<(u64, u64)>,
    /// Where the group begins.
    first: u64,
}

impl<'a> Window<'a> {
    pub(super) fn new(ledger: &'a Ledger) -> Self {
        Self {
            ledger,
            blocks: None,
            next: 0,
            spots: HashMap::new(),
            order: VecDeque::new(),
            attachments: BTreeMap::new(),
            runs: VecDeque::new(),
            first: 0,
        }
    }

    /// Moves on to the group that begins at entry `first`: nothing before it will be asked for.
    pub(super) fn begin_at(&mut self, first: u64) -> Result<()> {
        self.first = first;
        self.forget_before(first);
        self.attachments.retain(|_, (entry, _)| *entry >= first);
        if self.blocks.is_none() || first > self.next {
            self.runs.clear();
            self.next = first;
            let place = self.ledger.place(first)?;
            self.blocks = Some(self.ledger.blocks_from(place)?);
        }
        while self.runs.get(1).is_some_and(|(start, _)| *start <= first) {
            self.runs.pop_front();
        }
        Ok(())
    }

    /// The place of a commitment in the group; none when it is not there.
    pub(super) fn find(&mut self, commitment: Blake3) -> Result<Option<Spot>> {
        while !self.spots.contains_key(&commitment) && self.read_on()? {}
        let end = self.end();
        let found = self.spots.get(&commitment).filter(|spot| spot.at.entry < end).cloned();
        if let Some(found) = &found {
            self.forget_before(found.at.entry.saturating_sub(BACK));
        }
        Ok(found)
    }

    /// The first entry of the group that names a private attachment, and when it was recorded.
    pub(super) fn attachment(&mut self, digest: Sha256) -> Result<Option<(u64, u64)>> {
        while !self.attachments.contains_key(&digest.0) && self.read_on()? {}
        let end = self.end();
        Ok(self.attachments.get(&digest.0).copied().filter(|(entry, _)| *entry < end))
    }

    fn forget_before(&mut self, first: u64) {
        while let Some((entry, commitment)) = self.order.front().copied()
            && entry < first
        {
            self.order.pop_front();
            self.spots.remove(&commitment);
        }
    }

    /// Where the group ends, if that is known: where another time begins after it has begun.
    fn seen_end(&self) -> Option<u64> {
        self.runs.iter().map(|(start, _)| *start).find(|start| *start > self.first)
    }

    /// Where the group ends, as far as is known.
    fn end(&self) -> u64 {
        self.seen_end().unwrap_or(u64::MAX)
    }

    /// Reads on, unless the group's end was seen.
    fn read_on(&mut self) -> Result<bool> {
        if self.seen_end().is_some() { Ok(false) } else { self.read() }
    }

    /// Takes in one more block of lines; false at the end.
    fn read(&mut self) -> Result<bool> {
        let Some(block) = self.blocks.as_mut().map(Blocks::next_block).transpose()?.flatten()
        else {
            return Ok(false);
        };
        let mut document = Document::default();
        for line in &block.lines {
            let entry = Entry::parse(&mut document, block.line(line))?;
            if entry.index < self.next {
                continue;
            }
            self.next = entry.index + 1;
            let time = entry.recorded_at.micros();
            if self.runs.back().is_none_or(|(_, before)| *before != time) {
                self.runs.push_back((entry.index, time));
            }
            for digest in private(&entry.event) {
                self.attachments.entry(digest.0).or_insert((entry.index, time));
            }
            for (commitment, spot) in spots(&entry)? {
                self.order.push_back((entry.index, commitment));
                self.spots.insert(commitment, spot);
            }
        }
        Ok(true)
    }
}

/// The sealed values of an entry, whatever its schema.
pub(super) fn spots(entry: &Entry<'_>) -> Result<Vec<(Blake3, Spot)>> {
    let mut found = Vec::new();
    for (name, value) in entry.event.root.members() {
        walk(&format!("/{name}"), value, &mut found);
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let persons = entry.persons.iter().map(|(at, name)| ((*at).to_owned(), *name)).collect();
    let at = Arc::new(Origin {
        entry: entry.index,
        time: entry.recorded_at.micros(),
        scope: scope(&entry.event)?,
        stream: entry.event.stream.name.to_owned(),
        seq: entry.event.seq,
        persons,
    });
    let spots = found
        .into_iter()
        .map(|(pointer, commitment)| (commitment, Spot { at: Arc::clone(&at), pointer }));
    Ok(spots.collect())
}

fn walk(at: &str, value: View<'_>, found: &mut Vec<(String, Blake3)>) {
    if let Ok(commitment) = from_json(value.raw()) {
        found.push((at.to_owned(), commitment));
        return;
    }
    for (name, value) in value.members() {
        walk(&format!("{at}/{name}"), value, found);
    }
    for (position, value) in value.items().enumerate() {
        walk(&format!("{at}/{position}"), value, found);
    }
}

/// The digests of the private attachments that an event names.
fn private<'a>(event: &Event<'a>) -> impl Iterator<Item = Sha256> + use<'a> {
    let list = event.root.get("attachments").into_iter().flat_map(|list| list.items());
    list.filter(|item| item.get("private").and_then(|view| view.boolean()) == Some(true))
        .filter_map(|item| Sha256::from_reference(item.get("digest")?.plain()?))
}
