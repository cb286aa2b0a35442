//! Stage: each event of a group gets its place, its persons and its line, and the laws are applied
//! to the very lines that would be stored. Nothing is written here.

use rayon::prelude::*;

use super::Ledger;
use super::door::{Admitted, bad_signature};
use super::tail::Postings;
use crate::chain::{self, End, Link, Place as InStream};
use crate::entry::{self, Entry};
use crate::error::{Error, Result};
use crate::hash::{Blake3, Sha256};
use crate::index::{self, Kind};
use crate::json::Document;
use crate::time::Timestamp;
use crate::tree;
use crate::trust::{Holder, Registry};
use crate::vault::inbox::Item;
use crate::vault::persons::Pseudonym;

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
pub(super) struct Stage {
    pub(super) hashes: Vec<Blake3>,
    /// Which admitted event each line is.
    pub(super) owners: Vec<usize>,
    pub(super) items: Vec<Item>,
    pub(super) registry: Option<Registry>,
}

/// What checked lines add to derived state: a part of the group, in order.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) leaves: Vec<Sha256>,
    pub(super) postings: Postings,
    /// Events whose line does not hold, and why.
    refused: Vec<(usize, Error)>,
}

/// Lines that one task checks.
const TASK: usize = 64;

impl Ledger {
    /// Gives each event its place and its line.
    pub(super) fn stage(
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
                Ok(Placed::New(hash)) => {
                    end = End { size: end.size + 1, last: hash };
                    stage.hashes.push(hash);
                    stage.owners.push(owner);
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
        if let Some(claim) = &event.forked {
            self.proven(claim, stage.registry.as_ref().unwrap_or(&self.registry))?;
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
        self.staged.push(|text| {
            let Admitted { event, signatures, .. } = event;
            let now = &pseudonyms.now;
            entry::write_line(text, &end.last, event, end.size, &persons, now, signatures);
        });
        let line = self.staged_line(end.size).unwrap_or_default();
        let hash = Blake3::of(line);
        if let Some(registry) = &mut stage.registry
            && let Err(error) = parsed(line, |entry| judge_and_apply(registry, entry, event))
                .and_then(std::convert::identity)
        {
            self.staged.pop();
            return Err(error);
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
        Ok(Placed::New(hash))
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
            Some(line) => Blake3::of(line),
            None => Blake3::of(&self.line(index)?),
        };
        Ok(Receipt { index, hash, known: true })
    }

    /// A line of the group being committed.
    pub(super) fn staged_line(&self, index: u64) -> Option<&[u8]> {
        self.staged.line(usize::try_from(index.checked_sub(self.head.size)?).ok()?)
    }

    /// The laws, on the very lines that would be stored; on all cores. What they add, or the events
    /// that are refused.
    pub(super) fn check(
        &self,
        admitted: &[Admitted],
        stage: &Stage,
    ) -> std::result::Result<Vec<Checked>, Vec<(usize, Error)>> {
        let count = self.staged.len();
        let mut checked: Vec<Checked> = (0..count.div_ceil(TASK))
            .into_par_iter()
            .map_init(Document::default, |document, task| {
                let lines = task * TASK..((task + 1) * TASK).min(count);
                let mut checked = Checked {
                    leaves: Vec::with_capacity(lines.len()),
                    postings: Postings::with_capacity(lines.len()),
                    refused: Vec::new(),
                };
                for position in lines {
                    let owner = stage.owners.get(position).copied().unwrap_or_default();
                    let outcome = self.check_one(document, position, admitted.get(owner), stage);
                    match outcome.map(|entry| checked.postings.add(&entry)) {
                        Ok(()) => {
                            let line = self.staged.line(position).unwrap_or_default();
                            checked.leaves.push(tree::leaf_hash(line));
                        }
                        Err(error) => checked.refused.push((owner, error)),
                    }
                }
                checked
            })
            .collect();
        let refused: Vec<_> =
            checked.iter_mut().flat_map(|checked| std::mem::take(&mut checked.refused)).collect();
        if refused.is_empty() { Ok(checked) } else { Err(refused) }
    }

    /// Form, chain and keys of one staged line.
    fn check_one<'a>(
        &'a self,
        document: &'a mut Document,
        position: usize,
        event: Option<&Admitted>,
        stage: &Stage,
    ) -> Result<Entry<'a>> {
        let first = self.end();
        let last = match position.checked_sub(1) {
            None => first.last,
            Some(before) => stage.hashes.get(before).copied().unwrap_or_default(),
        };
        let line = self.staged.line(position).unwrap_or_default();
        let entry = match event {
            Some(event) => Entry::parse_known(document, line, &event.event, &event.known)?,
            None => Entry::parse(document, line)?,
        };
        let hash = stage.hashes.get(position).copied().unwrap_or_default();
        let before = End { size: first.size + position as u64, last };
        before.follow_hashed(entry.index, entry.chain, hash)?;
        if stage.registry.is_none() {
            self.registry.judge(&entry)?;
        }
        Ok(entry)
    }
}

enum Placed {
    New(Blake3),
    Known(Receipt),
}

/// Reads a line of our own making and gives its entry to `with`.
pub(super) fn parsed<T>(line: &[u8], with: impl FnOnce(&Entry<'_>) -> T) -> Result<T> {
    let mut document = Document::default();
    Entry::parse(&mut document, line).map(|entry| with(&entry))
}

/// In a group with key events, authority changes from line to line.
fn judge_and_apply(registry: &mut Registry, entry: &Entry<'_>, event: &Admitted) -> Result<()> {
    if event.verified {
        registry.judge(entry)?;
    } else {
        registry.judge_signed(entry).map_err(|error| match error.code() {
            "signature-false" => bad_signature(),
            _ => error,
        })?;
    }
    registry.apply(entry)
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
