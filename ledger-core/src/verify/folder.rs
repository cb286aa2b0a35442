//! A whole folder, from the first line to the head.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Options;
use super::anchor::{self, Archive, Held, Pending};
use super::dated::{Dated, dated};
use super::fault::{Class, Fault, Notice, Report, Setback, Unknown};
use super::seen::Claims;
use super::spill::Places;
use super::window::{Line, Summary, Window};
use crate::anchor::Brackets;
use crate::chain::End;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::hash::{Blake3, Sha256};
use crate::head::{Head, Read};
use crate::json::Document;
use crate::ledger::{is_key_event, read_format};
use crate::segment::{self, Blocks, Place};
use crate::signature::{self, Check};
use crate::store::Store;
use crate::time::Timestamp;
use crate::tree::Frontier;
use crate::trust::Registry;
use crate::vault::persons::Pseudonym;

/// More distinct faults than this are counted, not listed.
pub(super) const MAX_FAULTS: usize = 1000;

pub(super) fn verify(store: &dyn Store, options: &Options<'_>) -> Result<Report> {
    let origin = read_format(store)?.to_string();
    let mut run = Run::new(store, options, origin)?;
    let head = run.head()?;
    let end =
        head.as_ref().map(|read| Place { segment: read.head.segment, offset: read.head.offset });
    run.total = head.as_ref().map_or(0, |read| read.head.size);
    let mut broken = None;
    match Blocks::new(store, Place { segment: 0, offset: 0 }, end) {
        Ok(mut blocks) => {
            let mut window = Window::next(&mut blocks, &mut broken, &run.registry);
            let mut stale = false;
            while !window.blocks.is_empty() {
                let known = Arc::clone(&run.registry);
                // the next window is read and parsed while the signatures of this one are checked
                let (next, done) = rayon::join(
                    || Window::next(&mut blocks, &mut broken, &known),
                    || run.window(&window, stale),
                );
                done?;
                // key events in this window: what the next was judged by is no longer so
                stale = !Arc::ptr_eq(&known, &run.registry);
                window = next;
            }
        }
        Err(error) => broken = Some(error),
    }
    match broken {
        // a disk that cannot be read says nothing about the truth
        Some(error) if error.kind() == crate::error::Kind::Unavailable => {
            run.unread = true;
            run.doubts.insert(0, error.to_string());
        }
        Some(error) => run.fault(None, Class::Store, &error),
        None => {}
    }
    run.finish(head.as_ref())
}

/// Verification under way.
pub(super) struct Run<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) options: &'a Options<'a>,
    pub(super) origin: String,
    pub(super) registry: Arc<Registry>,
    pub(super) tree: Frontier,
    pub(super) end: End,
    /// Whether the line before the next one is at fault, so that its followers are not reported.
    pub(super) after_fault: bool,
    pub(super) places: Places<'a>,
    pub(super) archive: Archive<'a>,
    /// Checkpoints whose size is not reached yet, ascending; the archive gives its next one in turn.
    pub(super) waiting: Vec<Pending>,
    /// Checkpoints whose root is known and whose signer is judged at the end of the window.
    pub(super) reached: Vec<(Pending, Sha256)>,
    pub(super) roots: HashMap<u64, Sha256>,
    pub(super) receipts: Vec<(u64, Blake3)>,
    pub(super) seen: Claims,
    pub(super) last_time: Option<Timestamp>,
    pub(super) clock_back: u64,
    pub(super) setbacks: Vec<Setback>,
    pub(super) total: u64,
    pub(super) signatures: u64,
    /// Checkpoints that hold; whether their signers are in doubt is known at the end.
    pub(super) held: Vec<Held>,
    /// Entries refused for a key that was not known yet, one for each key.
    pub(super) unknown: Vec<Unknown>,
    /// Persons whose identity was erased, each with the first entry that says so.
    pub(super) erased: BTreeMap<Pseudonym, u64>,
    pub(super) anchors: Vec<String>,
    /// Who dated the log, what entries attached, and what that leaves of the times that entries claim.
    pub(super) dated: Dated,
    pub(super) attached: Vec<(u64, Sha256)>,
    pub(super) brackets: Brackets,
    pub(super) faults: Vec<Fault>,
    pub(super) unlisted: u64,
    /// The newest head slot may be the damaged one, and there are bytes past the head.
    pub(super) maybe_past_head: bool,
    /// Reading ended early: what was not read is neither there nor missing.
    pub(super) unread: bool,
    pub(super) notices: Vec<Notice>,
    pub(super) doubts: Vec<String>,
}

impl<'a> Run<'a> {
    fn new(store: &'a dyn Store, options: &'a Options<'a>, origin: String) -> Result<Self> {
        let mut run = Self {
            end: End::empty(&origin),
            registry: Arc::new(Registry::default()),
            tree: Frontier::new(),
            after_fault: false,
            places: Places::new(options.scratch),
            archive: Archive::new(store),
            waiting: Vec::new(),
            reached: Vec::new(),
            roots: HashMap::new(),
            receipts: options.receipts.to_vec(),
            seen: Claims::default(),
            last_time: None,
            clock_back: 0,
            setbacks: Vec::new(),
            total: 0,
            signatures: 0,
            held: Vec::new(),
            unknown: Vec::new(),
            erased: BTreeMap::new(),
            anchors: Vec::new(),
            dated: Dated::default(),
            attached: Vec::new(),
            brackets: Brackets::default(),
            faults: Vec::new(),
            unlisted: 0,
            maybe_past_head: false,
            unread: false,
            notices: Vec::new(),
            doubts: Vec::new(),
            store,
            options,
            origin,
        };
        for note in options.older {
            match anchor::pending(note, Some("a checkpoint kept from earlier".to_owned())) {
                Ok(pending) => run.waiting.push(pending),
                Err(error) => run.fault(None, Class::Anchor, &error),
            }
        }
        run.dated = dated(store, options.roots, options.policy)?;
        run.brackets = Brackets::new(&run.dated.anchors);
        run.notices.append(&mut run.dated.notices);
        for fault in std::mem::take(&mut run.dated.faults) {
            run.push(fault);
        }
        // the largest index first: taken from the end as the lines pass
        run.receipts.sort_unstable_by(|one, other| other.cmp(one));
        run.next_archived()?;
        Ok(run)
    }

    fn head(&mut self) -> Result<Option<Read>> {
        match Head::read(self.store) {
            Ok(Some(read)) => {
                if let Some(slot) = read.damaged {
                    let message = format!("slot {slot} of `head` is damaged or was torn");
                    self.notices.push(Notice { code: "head-slot", message: message.clone() });
                    self.doubts.push(format!(
                        "{message}; it may have covered newer entries; run `ledger recover`"
                    ));
                }
                Ok(Some(read))
            }
            Ok(None) => {
                let error = Error::untrue(
                    "head-lost",
                    "there is no head: nobody knows what was acknowledged",
                );
                self.fault(None, Class::Store, &error);
                Ok(None)
            }
            Err(error) if error.kind() == crate::error::Kind::Untrue => {
                self.fault(None, Class::Store, &error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn fault(&mut self, index: Option<u64>, class: Class, error: &Error) {
        let message = error.to_string();
        self.push(Fault { index, class, code: error.code(), message, followers: 0 });
    }

    /// Takes a fault in, or counts it with an earlier one that has the same cause.
    pub(super) fn push(&mut self, fault: Fault) {
        let same = |known: &&mut Fault| {
            known.code == fault.code
                && match fault.class {
                    // one damaged registration or checkpoint key spoils all that it stands for
                    Class::Key => known.message == fault.message,
                    Class::Checkpoint => fault.index.is_none(),
                    Class::Signature => known.index == fault.index,
                    _ => false,
                }
        };
        if let Some(known) = self.faults.iter_mut().find(same) {
            known.followers += 1;
        } else if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        } else {
            self.unlisted += 1;
        }
    }

    fn window(&mut self, window: &Window, stale: bool) -> Result<()> {
        let first = self.end.size;
        let mut good: Vec<(usize, usize)> = Vec::new();
        let key_event = |line: &Line| matches!(&line.entry, Ok(summary) if summary.key_event);
        let has_keys = stale || window.lines.iter().flatten().any(key_event);
        for (number, lines) in window.lines.iter().enumerate() {
            let block = window.blocks.get(number);
            if block.is_some_and(|block| {
                block.place.offset == 0 && block.place.segment != self.end.size
            }) {
                let name = segment::name(block.map_or(0, |block| block.place.segment));
                let message = format!("`{name}` does not begin with entry {}", self.end.size);
                self.fault(
                    Some(self.end.size),
                    Class::Store,
                    &Error::untrue("segment-name", message),
                );
            }
            self.grow_tree(lines)?;
            for (position, line) in lines.iter().enumerate() {
                let bytes = block
                    .and_then(|block| block.lines.get(position).map(|range| block.line(range)))
                    .unwrap_or_default();
                if self.line(line, bytes, has_keys)? {
                    good.push((number, position));
                }
            }
        }
        self.check_signatures(window, &good);
        self.judge_checkpoints();
        if let Some(progress) = self.options.progress {
            progress(self.end.size, self.total.max(self.end.size));
        }
        debug_assert!(self.end.size >= first, "a window never goes back");
        Ok(())
    }

    /// Adds the lines' leaves, stopping at each checkpoint's size to compare its root.
    fn grow_tree(&mut self, lines: &[Line]) -> Result<()> {
        let end = self.tree.size() + lines.len() as u64;
        let mut lines = lines;
        while let Some(size) =
            self.waiting.first().map(|p| p.checkpoint.size()).filter(|size| *size <= end)
        {
            let count = usize::try_from(size.saturating_sub(self.tree.size())).unwrap_or(0);
            let (now, later) = lines.split_at_checked(count).unwrap_or((lines, &[]));
            let span = Window::span(now, self.tree.size())?;
            self.tree.append(&span)?;
            lines = later;
            self.at_checkpoint()?;
        }
        let span = Window::span(lines, self.tree.size())?;
        self.tree.append(&span)
    }

    /// The first waiting checkpoint is of the size reached (or of one passed: then it is out of order).
    fn at_checkpoint(&mut self) -> Result<()> {
        let pending = self.waiting.remove(0);
        let size = pending.checkpoint.size();
        let root = if size == self.tree.size() {
            Some(self.tree.root())
        } else {
            self.roots.get(&size).copied()
        };
        if let Some(root) = root {
            // the keys registered before this size may be in this very window: judged at its end
            self.roots.insert(size, root);
            self.reached.push((pending, root));
        } else {
            let message = format!("the archive goes back to {size} entries");
            self.fault(None, Class::Checkpoint, &Error::untrue("checkpoint-order", message));
        }
        self.next_archived()
    }

    pub(super) fn next_archived(&mut self) -> Result<()> {
        while !self.waiting.iter().any(|pending| pending.outside.is_none()) {
            if !self.take_archived()? {
                break;
            }
        }
        self.waiting.sort_by_key(|pending| pending.checkpoint.size());
        Ok(())
    }

    /// Takes the archive's next note; false at its end.
    fn take_archived(&mut self) -> Result<bool> {
        match self
            .archive
            .next()
            .and_then(|note| note.map(|note| anchor::pending(&note, None)).transpose())
        {
            Ok(Some(pending)) => self.waiting.push(pending),
            Ok(None) => return Ok(false),
            Err(error) if error.kind() == crate::error::Kind::Unavailable => return Err(error),
            Err(error) if error.code() == "archive-torn" => {
                // a signer stopped while writing: nobody has seen that note. If it was cut off
                // later, the published checkpoint is beyond the archive, and that is a fault.
                self.notices.push(Notice { code: "archive-torn", message: error.to_string() });
            }
            Err(error) => self.fault(None, Class::Checkpoint, &error),
        }
        Ok(true)
    }

    fn judge_checkpoints(&mut self) {
        for (pending, root) in std::mem::take(&mut self.reached) {
            match pending.judge(&self.origin, &root, &self.registry) {
                Ok(held) => self.held.push(held),
                Err(fault) => self.push(fault),
            }
        }
    }

    /// One line in its place. True when its signatures are worth checking.
    fn line(&mut self, line: &Line, bytes: &[u8], has_keys: bool) -> Result<bool> {
        let index = self.end.size;
        while let Some((_, known)) = self.receipts.pop_if(|(receipt, _)| *receipt == index) {
            if known != line.hash {
                let error = Error::untrue(
                    "receipt",
                    "its line is not the one that a remembered receipt names",
                );
                self.fault(Some(index), Class::Anchor, &error);
            }
        }
        let expected = std::mem::replace(&mut self.end, End { size: index + 1, last: line.hash });
        let summary = match &line.entry {
            Ok(summary) => summary,
            Err(error) => {
                self.fault(Some(index), Class::Form, error);
                self.after_fault = true;
                return Ok(false);
            }
        };
        let in_order = self.order(summary, expected);
        let judged = if has_keys { self.judge_again(bytes) } else { None };
        let judged = judged.as_ref().unwrap_or(&summary.judged).as_ref().err();
        if let Some(error) = judged {
            let class = if error.code().starts_with("person") { Class::Link } else { Class::Key };
            self.fault(Some(summary.index), class, error);
            if error.code() == "key-unknown" {
                self.remember_unknown(summary, error);
            }
        } else if let Some(person) = summary.erased {
            self.erased.entry(person).or_insert(summary.index);
        }
        self.attached.extend(summary.attached.map(|digest| (summary.index, digest)));
        if let Some(claim) = &summary.forked {
            self.fork(summary.index, claim);
        }
        if in_order {
            self.places.stream(summary.stream, &summary.link)?;
            if let Some((key, original)) = summary.source {
                self.places.source(key, summary.index, original)?;
            }
        }
        if let Some(seen) = summary.seen {
            if seen.size > summary.index {
                let message = format!(
                    "its producer claims to have seen {} entries: more than there were",
                    seen.size
                );
                self.fault(
                    Some(summary.index),
                    Class::Checkpoint,
                    &Error::untrue("seen-future", message),
                );
            } else {
                self.seen.claim(seen, summary.index);
            }
        }
        self.clock(summary);
        Ok(judged.is_none_or(|error| error.code() != "key-unknown"))
    }

    /// The writer's clock goes forward, and never beyond what others dated, or it is said that it did not.
    fn clock(&mut self, summary: &Summary) {
        self.brackets.entry(summary.index, summary.recorded_at, summary.occurred_at);
        let before = self.last_time.replace(summary.recorded_at);
        let Some(before) = before.filter(|before| summary.recorded_at < *before) else { return };
        self.clock_back += 1;
        if self.setbacks.len() < MAX_FAULTS {
            let micros = before.micros() - summary.recorded_at.micros();
            self.setbacks.push(Setback { index: summary.index, micros });
        }
    }

    /// The chain: index and link. One fault where it breaks; then it goes on from what stands there.
    fn order(&mut self, summary: &Summary, expected: End) -> bool {
        let quiet = std::mem::replace(&mut self.after_fault, false);
        if summary.index != expected.size {
            let (index, size) = (summary.index, expected.size);
            let message = if index > size {
                format!(
                    "entries {size} to {} are missing: entry {index} stands in their place",
                    index - 1
                )
            } else {
                format!("entry {index} stands again, or out of order, where entry {size} should")
            };
            self.fault(Some(size), Class::Link, &Error::untrue("chain-index", message));
            self.end.size = summary.index + 1;
            return false;
        }
        if summary.chain != expected.last && !quiet {
            let message = match expected.size.checked_sub(1) {
                Some(before) => format!("its chain value is not the hash of entry {before}"),
                None => "its chain value is not the hash of the origin".to_owned(),
            };
            self.fault(Some(summary.index), Class::Link, &Error::untrue("chain-link", message));
        }
        true
    }

    /// In a window with key events authority changes from line to line: judge in order.
    fn judge_again(&mut self, bytes: &[u8]) -> Option<Result<()>> {
        let mut document = Document::default();
        let entry = Entry::parse(&mut document, bytes).ok()?;
        let outcome = self.registry.judge(&entry);
        if !is_key_event(entry.event.kind) {
            return Some(outcome);
        }
        let registry = Arc::make_mut(&mut self.registry);
        let applied = match &outcome {
            Ok(()) => registry.apply(&entry),
            // a key whose registration does not hold still explains what it signed: the fault is
            // reported once and not again with every event of that key
            Err(_) => registry.explain(&entry),
        };
        Some(outcome.and(applied))
    }

    /// The strict verdict on every signature of the window, in bulk.
    fn check_signatures(&mut self, window: &Window, good: &[(usize, usize)]) {
        let mut checks = Vec::with_capacity(good.len());
        let mut owners = Vec::with_capacity(good.len());
        for &(number, position) in good {
            let (Some(block), Some(lines)) = (window.blocks.get(number), window.lines.get(number))
            else {
                continue;
            };
            let (Some(range), Some(line)) = (block.lines.get(position), lines.get(position)) else {
                continue;
            };
            let Ok(summary) = &line.entry else { continue };
            let Some(message) = block.line(range).get(summary.event.clone()) else { continue };
            for signature in &summary.signatures {
                if let Some(key) = self.registry.public(&signature.key) {
                    owners.push(summary.index);
                    checks.push(Check { key, message, signature: &signature.bytes });
                }
            }
        }
        self.signatures += checks.len() as u64;
        let failed = signature::verify_all(&checks, self.options.random, self.options.mode);
        let failed: Vec<(Option<u64>, String)> = failed
            .into_iter()
            .map(|at| {
                (
                    owners.get(at).copied(),
                    checks.get(at).map_or_else(String::new, |c| c.key.id().to_string()),
                )
            })
            .collect();
        for (index, key) in failed {
            let message = format!(
                "its signature by key `{key}` does not hold: the event or the signature was changed"
            );
            self.fault(index, Class::Signature, &Error::untrue("signature", message));
        }
    }
}
