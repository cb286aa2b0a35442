//! Commit: a group of admitted events becomes durable entries, or nothing happened.
//!
//! lock → read head → the laws → persons and inbox, synced → entries, synced → head, synced →
//! unlock → acknowledge. Nothing refers to what is not yet durable.

use std::sync::Arc;

use rayon::prelude::*;

use super::door::{Admitted, bad_signature};
use super::tail::{self, Mark};
use super::{LOCK, Ledger, POISON};
use crate::chain::{self, End, Link, Place as InStream};
use crate::entry::{self, Entry};
use crate::error::{Error, Result};
use crate::hash::{Blake3, Sha256};
use crate::head::Head;
use crate::index::{self, Kind, Posting};
use crate::json::Document;
use crate::segment::{self, MAX_SEGMENT, Place};
use crate::signature;
use crate::time::Timestamp;
use crate::tree::{self, Frontier};
use crate::trust::{Holder, Registry};
use crate::vault::inbox::{self, Item};
use crate::vault::persons::{DELTA, Pseudonym};

/// How a group is taken in.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// The writer's clock as it was read.
    pub now: Timestamp,
    /// 32 fresh random bytes: new pseudonyms and the inbox's ephemeral key come from them.
    pub random: [u8; 32],
    /// Whether one refusal refuses all: nothing is written then.
    pub all_or_nothing: bool,
}

/// The log's promise about one event: it is durable, at this place, in this line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The entry's index.
    pub index: u64,
    /// BLAKE3 of the entry's line.
    pub hash: Blake3,
    /// Whether it was there before: the same event delivered again gets its first receipt.
    pub known: bool,
}

/// A group on its way.
#[derive(Default)]
struct Stage {
    hashes: Vec<Blake3>,
    /// Which admitted event each line is.
    owners: Vec<usize>,
    items: Vec<Item>,
    registry: Option<Registry>,
}

/// What a checked line adds to derived state.
struct Checked {
    leaf: Sha256,
    postings: Vec<Posting>,
}

impl Ledger {
    /// Appends admitted events in order, and returns when they are durable.
    ///
    /// The outer error means nothing of the group was promised; an inner one that this event was
    /// refused and why. After a failed sync the ledger is poisoned (code `poisoned`) until
    /// `ledger recover`. Codes besides those of the laws: `busy`, `poisoned`, `no-space`, `io`.
    pub fn append(&mut self, admitted: &[Admitted], group: Group) -> Result<Vec<Result<Receipt>>> {
        if self.stopped {
            return Err(poisoned());
        }
        let _lock = self.store.lock(LOCK)?;
        if self.store.len(POISON)?.is_some() {
            return Err(poisoned());
        }
        self.refresh()?;
        let mark = self.tail.mark();
        if let Err(error) = self.mend_tail() {
            return Err(self.failed(mark, error));
        }
        let mark = self.tail.mark();
        let mut outcomes: Vec<Option<Result<Receipt>>> = admitted.iter().map(|_| None).collect();
        let (stage, checked) = loop {
            self.forget(mark)?;
            let stage = match self.stage(admitted, &mut outcomes, group) {
                Ok(stage) => stage,
                Err(error) => {
                    self.tail.back_to(mark);
                    self.staged.clear();
                    return Err(error);
                }
            };
            let (checked, refused) = self.check(&stage);
            if refused.is_empty() {
                break (stage, checked);
            }
            for (owner, error) in refused {
                if let Some(outcome) = outcomes.get_mut(owner) {
                    *outcome = Some(Err(error));
                }
            }
        };
        if group.all_or_nothing && outcomes.iter().flatten().any(Result::is_err) {
            self.forget(mark)?;
            self.staged.clear();
            for outcome in &mut outcomes {
                // the same event twice in a group that is not written has no receipt
                if matches!(outcome, Some(Ok(receipt)) if receipt.index >= self.head.size) {
                    *outcome = None;
                }
            }
            return Ok(settled(outcomes, &[]));
        }
        let written = self.write(&stage, checked, group);
        self.staged.clear();
        if let Err(error) = written {
            return Err(self.failed(mark, error));
        }
        Ok(settled(outcomes, &receipts(&stage, self.head.size)))
    }

    /// Takes back what a group that will not be written had staged.
    fn forget(&mut self, mark: Mark) -> Result<()> {
        if !self.staged.is_empty() {
            self.tail.back_to(mark);
            self.staged.clear();
        }
        match &mut self.persons {
            Some(persons) => persons.refresh(&*self.store),
            None => Ok(()),
        }
    }

    /// After a failed write nothing was promised; after a failed sync nobody knows, so all stop.
    pub(super) fn failed(&mut self, mark: Mark, error: Error) -> Error {
        self.tail.back_to(mark);
        self.staged.clear();
        if error.is_sync() {
            self.stopped = true;
            // if even the mark cannot be written, the lines past the head still show the next
            // process that something was not finished
            let marked = self
                .store
                .write(POISON, 0, format!("{error}\n").as_bytes())
                .and_then(|()| self.store.sync(POISON))
                .and_then(|()| self.store.sync_dir(""));
            return match marked {
                Ok(()) => {
                    error.hint("run `ledger recover`; nothing that was acknowledged is in doubt")
                }
                Err(_) => {
                    error.hint("the mark `poison` could not be written either; check the disk")
                }
            };
        }
        error
    }

    /// Gives each event its place and its line.
    fn stage(
        &mut self,
        admitted: &[Admitted],
        outcomes: &mut [Option<Result<Receipt>>],
        group: Group,
    ) -> Result<Stage> {
        let mut stage = Stage::default();
        let mut pseudonyms = Fresh::new(group);
        if admitted.iter().any(|event| event.key_event || !event.verified) {
            stage.registry = Some((*self.registry).clone());
        }
        let mut end = self.end();
        for (owner, (event, outcome)) in admitted.iter().zip(outcomes).enumerate() {
            if outcome.as_ref().is_some_and(Result::is_err) {
                continue;
            }
            match self.settle_event(event, &mut stage, end, &mut pseudonyms) {
                Ok(Placed::New(line)) => {
                    end = End { size: end.size + 1, last: Blake3::of(line.as_bytes()) };
                    stage.hashes.push(end.last);
                    stage.owners.push(owner);
                    self.staged.push(line);
                    *outcome = None;
                }
                Ok(Placed::Known(receipt)) => *outcome = Some(Ok(receipt)),
                Err(error) if error.kind() == crate::error::Kind::Unavailable => return Err(error),
                Err(error) => *outcome = Some(Err(error)),
            }
        }
        Ok(stage)
    }

    /// One event: its stream, its source, its persons, its line.
    fn settle_event(
        &mut self,
        event: &Admitted,
        stage: &mut Stage,
        end: End,
        pseudonyms: &mut Fresh,
    ) -> Result<Placed> {
        if let Some((identity, original)) = event.source
            && let Some((index, first)) = self.imported(identity)?
        {
            if first == original {
                return self.known(index).map(Placed::Known);
            }
            return Err(Error::refused(
                "source-conflict",
                format!("entry {index} was made from another original of the same record"),
            )
            .hint("the conflict is kept as `source.conflicted`"));
        }
        let link = Link {
            seq: event.seq,
            hash: event.hash,
            prev: event.prev,
            is_final: event.is_final,
            index: end.size,
        };
        let name = event.stream_name();
        let place = chain::place(&link, &self.neighbours(event, name)?)?;
        if let InStream::Same(index) = place {
            return self.known(index).map(Placed::Known);
        }
        let persons = self.persons_of(event, stage.registry.as_ref(), pseudonyms)?;
        let line = entry::line(
            &end.last,
            &event.event,
            end.size,
            &persons,
            &pseudonyms.now,
            &event.signatures,
        );
        if let Some(registry) = &mut stage.registry {
            parsed(&line, |entry| judge_and_apply(registry, entry, event))??;
        }
        if place == InStream::Next {
            self.tail.set_end(event.stream, link);
        } else {
            self.tail.forget_end(&event.stream);
        }
        self.tail.ask(event.stream, event.seq, end.size);
        if event.is_final {
            self.tail.ask(index::key(Kind::Final, name), event.seq, end.size);
        }
        if let Some((identity, _)) = event.source {
            self.tail.ask(identity, 0, end.size);
        }
        stage.items.extend(event.disclosures.iter().cloned().map(Item::Disclosure));
        for (pointer, identity) in &event.identities {
            let known = persons.iter().find(|(found, _)| found == pointer);
            stage.items.extend(known.map(|(_, pseudonym)| Item::Person {
                issuer: identity.issuer.clone(),
                id: identity.id.clone(),
                pseudonym: *pseudonym,
            }));
        }
        Ok(Placed::New(line))
    }

    /// Pointer → pseudonym: of what was disclosed, and of the signer's own person by law.
    fn persons_of(
        &mut self,
        event: &Admitted,
        registry: Option<&Registry>,
        pseudonyms: &mut Fresh,
    ) -> Result<Vec<(String, Pseudonym)>> {
        let mut persons = Vec::with_capacity(event.identities.len() + 1);
        if let Some(vault) = &mut self.persons {
            for (pointer, identity) in &event.identities {
                let fresh = pseudonyms.next();
                let known = vault.assign(&*self.store, &identity.issuer, &identity.id, fresh)?;
                persons.push((pointer.clone(), known));
            }
        }
        let registry = registry.unwrap_or(&self.registry);
        let holder = event.signatures.first().and_then(|first| registry.get(&first.key));
        if let (Some(own), Some(Holder::Person(holder))) = (event.own, holder.map(|h| &h.holder))
            && !persons.iter().any(|(pointer, _)| pointer == own)
        {
            persons.push((own.to_owned(), *holder));
            persons.sort();
        }
        Ok(persons)
    }

    fn known(&self, index: u64) -> Result<Receipt> {
        let hash = match self.staged_line(index) {
            Some(line) => Blake3::of(line.as_bytes()),
            None => Blake3::of(&self.line(index)?),
        };
        Ok(Receipt { index, hash, known: true })
    }

    /// A line of the group being committed.
    pub(super) fn staged_line(&self, index: u64) -> Option<&str> {
        let at = usize::try_from(index.checked_sub(self.head.size)?).ok()?;
        self.staged.get(at).map(String::as_str)
    }

    /// The laws, on the very lines that would be stored; on all cores.
    fn check(&self, stage: &Stage) -> (Vec<Checked>, Vec<(usize, Error)>) {
        let first = self.end();
        let outcomes: Vec<Result<Checked>> = self
            .staged
            .par_iter()
            .enumerate()
            .with_min_len(32)
            .map_init(Document::default, |document, (position, line)| {
                let last = match position.checked_sub(1) {
                    None => first.last,
                    Some(before) => stage.hashes.get(before).copied().unwrap_or_default(),
                };
                let entry = Entry::parse(document, line.as_bytes())?;
                let hash = stage.hashes.get(position).copied().unwrap_or_default();
                End { size: first.size + position as u64, last }.follow_hashed(&entry, hash)?;
                if stage.registry.is_none() {
                    self.registry.judge(&entry)?;
                }
                Ok(Checked {
                    leaf: tree::leaf_hash(line.as_bytes()),
                    postings: tail::postings(&entry),
                })
            })
            .collect();
        let mut checked = Vec::with_capacity(outcomes.len());
        let mut refused = Vec::new();
        for (outcome, owner) in outcomes.into_iter().zip(&stage.owners) {
            match outcome {
                Ok(value) => checked.push(value),
                Err(error) => refused.push((*owner, error)),
            }
        }
        (checked, refused)
    }

    /// Makes the group durable, in the order in which one thing refers to another.
    fn write(&mut self, stage: &Stage, checked: Vec<Checked>, group: Group) -> Result<()> {
        if stage.hashes.is_empty() {
            return Ok(());
        }
        let store = Arc::clone(&self.store);
        // if we stop in here, recovery finds pseudonyms and disclosures that no entry refers to
        if let Some(persons) = &mut self.persons {
            if persons.pending() > 0 {
                persons.flush(&*store)?;
            } else if !stage.items.is_empty() {
                // what another process wrote before it died may be in the page cache only
                let length = store.len(DELTA)?;
                if length.is_some() && length != self.synced_delta {
                    store.sync(DELTA)?;
                }
            }
            self.synced_delta = store.len(DELTA)?;
        }
        self.deliver(&stage.items, group)?;
        // if we stop in here, recovery finds lines past the head: lawful ones are rewritten and
        // kept, a torn one is set aside; nothing was acknowledged
        let mut place = self.end_place();
        let mut places = Vec::with_capacity(self.staged.len());
        let mut buffer = Vec::with_capacity(self.staged.iter().map(|line| line.len() + 1).sum());
        let mut begun = place;
        for (position, line) in self.staged.iter().enumerate() {
            if place.offset > 0 && place.offset + line.len() as u64 + 1 > MAX_SEGMENT {
                self.put(begun, &buffer)?;
                buffer.clear();
                place = Place { segment: self.head.size + position as u64, offset: 0 };
                begun = place;
            }
            places.push(place);
            buffer.extend_from_slice(line.as_bytes());
            buffer.push(b'\n');
            place.offset += line.len() as u64 + 1;
        }
        self.put(begun, &buffer)?;
        let head = self.next_head(stage, &checked, place)?;
        // if we stop in here, the older slot stands and recovery keeps the lawful lines after it
        head.write(&*store)?;
        if head.segment != self.head.segment {
            // the mode protects from accidents only; failing to set it breaks no promise
            let _sealed = store.seal(&segment::name(self.head.segment));
        }
        self.head = head;
        for ((place, hash), checked) in places.into_iter().zip(&stage.hashes).zip(checked) {
            self.tail.push(place, *hash, checked.postings);
        }
        if let Some(registry) = &stage.registry {
            self.registry = Arc::new(registry.clone());
        }
        Ok(())
    }

    fn put(&self, place: Place, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let file = segment::name(place.segment);
        self.store.write(&file, place.offset, bytes)?;
        self.store.sync(&file)?;
        if place.offset == 0 { self.store.sync_dir(segment::DIR) } else { Ok(()) }
    }

    /// Disclosures go to the vault's inbox, readable by the vault's owner only.
    fn deliver(&self, items: &[Item], group: Group) -> Result<()> {
        let Some(key) = &self.vault_key else { return Ok(()) };
        if items.is_empty() {
            return Ok(());
        }
        let random = blake3::derive_key("release-ledger inbox of a group", &group.random);
        let (name, bytes) =
            inbox::seal_group(*key, self.origin.genesis().0, self.head.size, items, &random)?;
        inbox::deliver(&*self.store, &name, &bytes)
    }

    fn next_head(&self, stage: &Stage, checked: &[Checked], end: Place) -> Result<Head> {
        let mut frontier = Frontier::from_parts(self.head.size, self.head.frontier.clone())?;
        for entry in checked {
            frontier.push(entry.leaf)?;
        }
        Ok(Head {
            counter: self.head.counter + 1,
            size: self.head.size + stage.hashes.len() as u64,
            segment: end.segment,
            offset: end.offset,
            last: stage.hashes.last().copied().unwrap_or(self.head.last),
            frontier: frontier.hashes().to_vec(),
        })
    }
}

enum Placed {
    New(String),
    Known(Receipt),
}

/// Reads a line of our own making and gives its entry to `with`.
pub(super) fn parsed<T>(line: &str, with: impl FnOnce(&Entry<'_>) -> T) -> Result<T> {
    let mut document = Document::default();
    Entry::parse(&mut document, line.as_bytes()).map(|entry| with(&entry))
}

/// In a group with key events, authority changes from line to line.
fn judge_and_apply(registry: &mut Registry, entry: &Entry<'_>, event: &Admitted) -> Result<()> {
    registry.judge(entry)?;
    if !event.verified {
        let keys = registry.signer_keys(&entry.event)?;
        let holds = keys.iter().zip(&entry.signatures).all(|(key, signature)| {
            signature::verify_one(key, entry.event.bytes(), &signature.bytes).is_ok()
        });
        if !holds {
            return Err(bad_signature());
        }
    }
    registry.apply(entry)
}

fn receipts(stage: &Stage, size: u64) -> Vec<(usize, Receipt)> {
    let first = size - stage.hashes.len() as u64;
    let indexes = first..size;
    let receipts = indexes.zip(&stage.hashes).map(|(index, hash)| Receipt {
        index,
        hash: *hash,
        known: false,
    });
    stage.owners.iter().copied().zip(receipts).collect()
}

fn settled(
    outcomes: Vec<Option<Result<Receipt>>>,
    receipts: &[(usize, Receipt)],
) -> Vec<Result<Receipt>> {
    let mut receipts = receipts.iter().peekable();
    outcomes
        .into_iter()
        .enumerate()
        .map(|(position, outcome)| match outcome {
            Some(outcome) => outcome,
            None => receipts
                .next_if(|(owner, _)| *owner == position)
                .map(|(_, receipt)| *receipt)
                .ok_or_else(|| {
                    Error::refused(
                        "group",
                        "another event of the group was refused, so none was appended",
                    )
                }),
        })
        .collect()
}

fn poisoned() -> Error {
    Error::unavailable("poisoned", "the ledger is marked: a sync failed, so what is on the disk is in doubt")
        .hint("run `ledger recover`; it re-reads the disk, checks it against the head, and lifts the mark")
}

/// What the caller gave to a group: its time, spelled once, and pseudonyms from its randomness.
struct Fresh {
    now: String,
    random: blake3::OutputReader,
}

impl Fresh {
    fn new(group: Group) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("release-ledger pseudonyms of a group");
        hasher.update(&group.random);
        Self { now: group.now.to_string(), random: hasher.finalize_xof() }
    }

    fn next(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        bytes
    }
}
