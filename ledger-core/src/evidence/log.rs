//! The layers that speak of the log: entries under the checkpoint, their chains, and who signed them.

use std::collections::BTreeMap;

use super::contents::{self, Contents};
use super::layer::{Bench, Layer};
use super::manifest::{Claim, Manifest};
use crate::chain::End;
use crate::checkpoint::{Checkpoint, Origin};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::json::Document;
use crate::key::{KeyId, PublicKey};
use crate::policy::Policy;
use crate::proof::Proof;
use crate::signature;
use crate::tree;
use crate::trust::{Judgement, KEY_EVENTS, Registry, brought};

/// The lines of a package without their newlines, with room to read them.
pub(super) struct Lines<'a>(Vec<(u64, &'a [u8], Document)>);

impl<'a> Lines<'a> {
    pub(super) fn of(contents: &Contents<'a>) -> Self {
        let line = |bytes: &'a [u8]| bytes.strip_suffix(b"\n").unwrap_or_default();
        Self(
            contents
                .entries
                .iter()
                .map(|(index, bytes)| (*index, line(bytes), Document::default()))
                .collect(),
        )
    }

    /// The entries that have their form and their place, and what is wrong with the others.
    pub(super) fn read(&mut self, bench: &mut Bench) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        for (index, line, document) in &mut self.0 {
            entries.extend(bench.hold(&contents::entry(*index), read(document, line, *index)));
        }
        entries
    }
}

fn read<'l>(document: &'l mut Document, line: &'l [u8], index: u64) -> Result<Entry<'l>> {
    let entry = Entry::parse(document, line)?;
    if entry.index == index { Ok(entry) } else { Err(misplaced(entry.index)) }
}

fn misplaced(index: u64) -> Error {
    Error::untrue("evidence-index", format!("the line is that of entry {index}"))
}

/// Does the reader's own policy accept the checkpoint, and is it the one that is claimed, if one is?
pub(super) fn checkpoint(note: &[u8], claim: Option<&Claim>, policy: &Policy) -> Layer {
    let mut bench = Bench::default();
    let mut looked_at = String::new();
    if let Some(satisfied) = bench.hold(contents::CHECKPOINT, policy.check(note)) {
        let checkpoint = &satisfied.checkpoint;
        let same = |claim: &Claim| {
            (checkpoint.origin(), checkpoint.size(), *checkpoint.root())
                == (claim.origin.as_str(), claim.size, claim.root)
        };
        bench.demand(
            claim.is_none_or(same),
            contents::CHECKPOINT,
            "evidence-checkpoint",
            "the manifest names another checkpoint",
        );
        looked_at = format!(
            "{} entries of {}, signed by its log, cosigned by {}",
            checkpoint.size(),
            checkpoint.origin(),
            satisfied.cosigned.len()
        );
    }
    bench.layer("checkpoint", looked_at)
}

/// Is every entry in the tree of the checkpoint, and of this ledger?
pub(super) fn entries(
    mut bench: Bench,
    entries: &[Entry<'_>],
    contents: &Contents<'_>,
    checkpoint: &Checkpoint,
) -> Layer {
    let genesis = Origin::parse(checkpoint.origin()).map(|origin| origin.genesis());
    let genesis = bench.hold(contents::CHECKPOINT, genesis);
    for entry in entries {
        let place = contents::entry(entry.index);
        let own = match entry.event.ledger {
            None => Sha256::of(entry.event.bytes()),
            Some(ledger) => Sha256(ledger),
        };
        let first = (entry.index == 0) == entry.event.ledger.is_none();
        bench.demand(
            first && Some(own) == genesis,
            &place,
            "evidence-ledger",
            "the entry is of another ledger",
        );
        let proof = contents.proofs.get(&entry.index);
        let Some(proof) = proof else {
            bench.demand(false, &place, "evidence-proof", "no proof of this entry is here");
            continue;
        };
        bench.hold(&contents::proof(entry.index), included(entry, proof, contents, checkpoint));
    }
    for index in contents.proofs.keys().filter(|index| !contents.entries.contains_key(index)) {
        bench.demand(
            false,
            &contents::proof(*index),
            "evidence-proof",
            "the entry of this proof is not here",
        );
    }
    for (digest, bytes) in &contents.attachments {
        let place = contents::attachment(digest);
        bench.demand(
            Sha256::of(bytes) == *digest,
            &place,
            "attachment-digest",
            "the attachment is not the one that was named",
        );
        let name = digest.to_reference();
        let names = |entry: &Entry<'_>| {
            memchr::memmem::find(entry.event.bytes(), name.as_bytes()).is_some()
        };
        let message = "no entry that is here names the attachment";
        bench.demand(entries.iter().any(names), &place, "evidence-member", message);
    }
    bench.layer("entries", format!("{} entries, each with its proof", contents.entries.len()))
}

fn included(
    entry: &Entry<'_>,
    proof: &[u8],
    contents: &Contents<'_>,
    checkpoint: &Checkpoint,
) -> Result<()> {
    let proof = Proof::parse(proof)?;
    if proof.index() != entry.index {
        return Err(misplaced(proof.index()));
    }
    if proof.checkpoint() != contents.checkpoint {
        return Err(Error::untrue(
            "evidence-checkpoint",
            "the proof is against another checkpoint",
        ));
    }
    let leaf = tree::leaf_hash(entry.line);
    tree::verify_inclusion(entry.index, checkpoint.size(), &leaf, proof.path(), checkpoint.root())
}

/// Do entries that stand side by side follow each other, in the log and in their streams?
pub(super) fn chain(entries: &[Entry<'_>], origin: &str) -> Layer {
    let mut bench = Bench::default();
    let mut links = 0_u64;
    let mut last: Option<&Entry<'_>> = None;
    let mut streams: BTreeMap<(&str, u64), &Entry<'_>> = BTreeMap::new();
    for entry in entries {
        let place = contents::entry(entry.index);
        let before = match last {
            _ if entry.index == 0 => Some(End::empty(origin).last),
            Some(last) if last.index + 1 == entry.index => Some(last.hash()),
            _ => None,
        };
        if let Some(before) = before {
            links += 1;
            bench.demand(
                before == entry.chain,
                &place,
                "chain-link",
                "the entry does not follow the one before it",
            );
        }
        last = Some(entry);
        let event = &entry.event;
        let taken = streams.insert((event.stream.name, event.seq), entry);
        bench.demand(taken.is_none(), &place, "stream-fork", "its place in its stream is taken");
    }
    for ((stream, seq), entry) in &streams {
        let before = seq.checked_sub(1).and_then(|seq| streams.get(&(*stream, seq)));
        if let Some(before) = before {
            links += 1;
            let follows = entry.event.prev == Some(before.event.hash()) && !before.event.is_final;
            bench.demand(
                follows,
                &contents::entry(entry.index),
                "stream-prev",
                "the event does not follow the one before it in its stream",
            );
        }
    }
    bench.layer("chain", format!("{links} links between entries that stand side by side"))
}

/// A key as the entries of a package say: where it was registered, and where it ended.
#[derive(Clone, Copy, Debug)]
struct Known {
    public: PublicKey,
    registered: u64,
    ended: Option<u64>,
}

/// All keys that the entries of a package bring.
#[derive(Debug, Default)]
pub(super) struct Keys(BTreeMap<[u8; 32], Known>);

impl Keys {
    /// Folds the key events, in the order of their entries.
    pub(super) fn of(entries: &[Entry<'_>]) -> Self {
        let mut keys = Self::default();
        for entry in entries {
            let event = &entry.event;
            let subject = event.text_at("/subject/key").and_then(|text| KeyId::parse(text).ok());
            if let (Some(id), "key.rotated" | "key.revoked") = (subject, event.kind)
                && let Some(known) = keys.0.get_mut(&id.0)
            {
                known.ended.get_or_insert(entry.index);
            }
            for public in brought(event).unwrap_or_default() {
                let known = Known { public, registered: entry.index, ended: None };
                keys.0.entry(public.id().0).or_insert(known);
            }
        }
        keys
    }

    /// The key, if it stands at entry `index`; `brings` where that entry itself brings it. Codes
    /// `key-unknown`, `key-early`, `key-ended`.
    pub(super) fn standing(&self, id: &KeyId, index: u64, brings: bool) -> Result<&PublicKey> {
        let refuse = |code, words: &str| Err(Error::refused(code, format!("key `{id}` {words}")));
        let Some(known) = self.0.get(&id.0) else {
            return refuse("key-unknown", "is registered by no entry that is here");
        };
        if known.registered > index || (known.registered == index && !brings) {
            return refuse("key-early", "was registered later");
        }
        if known.ended.is_some_and(|ended| ended < index) {
            return refuse("key-ended", "had ended");
        }
        Ok(&known.public)
    }
}

/// Is every signature one by a key that was registered and had not ended?
pub(super) fn signatures(entries: &[Entry<'_>], keys: &Keys) -> Layer {
    let mut bench = Bench::default();
    let mut count = 0_u64;
    for entry in entries {
        let place = contents::entry(entry.index);
        for one in &entry.signatures {
            count += 1;
            let judged = keys
                .standing(&one.key, entry.index, true)
                .and_then(|key| signature::verify_one(key, entry.event.bytes(), &one.bytes));
            bench.hold(&place, judged);
        }
    }
    bench.layer("signatures", format!("{count} signatures by {} keys", keys.0.len()))
}

/// Did a key of this ledger sign the manifest, and had it not ended at the checkpoint?
///
/// `standing` gives a key that stands at a size.
pub(super) fn signer<'k>(
    manifest: &Manifest,
    standing: &dyn Fn(&KeyId, u64) -> Result<&'k PublicKey>,
) -> Layer {
    let mut bench = Bench::default();
    let size = manifest.statement.claim.size;
    for one in manifest.signatures() {
        let judged = standing(&one.key, size).and_then(|key| manifest.holds(key, one));
        bench.hold(contents::MANIFEST, judged);
    }
    let names: Vec<String> = manifest.signatures().iter().map(|one| one.key.to_string()).collect();
    bench.layer("signer", format!("the manifest, signed by {}", names.join(", ")))
}

/// Could the keys say what they signed, by the laws of the log?
pub(super) fn rights(entries: &[Entry<'_>]) -> Layer {
    let mut bench = Bench::default();
    let mut registry = Registry::default();
    for entry in entries.iter().filter(|entry| KEY_EVENTS.contains(&entry.event.kind)) {
        let judged = registry.judge(entry).and_then(|()| registry.apply(entry));
        bench.hold(&contents::entry(entry.index), judged);
    }
    for entry in entries {
        let place = contents::entry(entry.index);
        let known = KEY_EVENTS.contains(&entry.event.kind);
        let judged = if known { registry.doubt(entry) } else { registry.judgement(entry) };
        match judged {
            Judgement::Valid => {}
            Judgement::Suspect(id, _) => {
                let message = format!(
                    "key `{id}` was later reported compromised, and the report covers this entry"
                );
                bench.lack(&place, "evidence-suspect", &message);
            }
            Judgement::Refused(error) => drop(bench.hold::<()>(&place, Err(error))),
        }
    }
    let solo = if registry.solo() { "; one person alone administers this ledger" } else { "" };
    bench.layer("rights", format!("{} entries by the keys' capabilities{solo}", entries.len()))
}

/// Is no key event left out? A list of all keys, recorded after the last entry that matters, tells.
pub(super) fn keys(entries: &[Entry<'_>]) -> Layer {
    let mut bench = Bench::default();
    let listed = entries
        .iter()
        .filter(|entry| entry.event.kind == "key.listed")
        .map(|entry| entry.index)
        .max();
    let others = entries.iter().filter(|entry| !KEY_EVENTS.contains(&entry.event.kind));
    let last = others.map(|entry| entry.index).max().unwrap_or_default();
    if listed.is_none_or(|listed| listed < last) {
        bench.lack("", "evidence-keys", &format!("no list of keys was recorded after entry {last}: that no revocation is left out is attested, not proven"));
    }
    bench.layer(
        "keys",
        listed.map_or_else(String::new, |index| format!("the list of keys of entry {index}")),
    )
}

/// Do the trees that the report and the sample name grow into that of the checkpoint?
pub(super) fn consistency(
    heads: &BTreeMap<u64, Vec<Sha256>>,
    contents: &Contents<'_>,
    checkpoint: &Checkpoint,
) -> Layer {
    let mut bench = Bench::default();
    let (size, root) = (checkpoint.size(), checkpoint.root());
    for (old, roots) in heads {
        let place = contents::consistency(*old);
        for known in roots {
            if *old >= size {
                bench.demand(
                    (*old, known) == (size, root),
                    &place,
                    "evidence-head",
                    "a tree is named that the checkpoint does not hold",
                );
            } else if let Some(bytes) = contents.consistency.get(old) {
                bench.hold(&place, continues(bytes, *old, known, contents, checkpoint));
            } else {
                bench.demand(
                    false,
                    &place,
                    "evidence-missing",
                    "the proof of consistency is not here",
                );
            }
        }
    }
    for old in contents.consistency.keys().filter(|old| !heads.contains_key(old) || **old >= size) {
        bench.demand(
            false,
            &contents::consistency(*old),
            "evidence-member",
            "nothing here names a tree of this size",
        );
    }
    bench.layer("consistency", format!("{} trees that the report and the sample name", heads.len()))
}

fn continues(
    bytes: &[u8],
    old: u64,
    root: &Sha256,
    contents: &Contents<'_>,
    checkpoint: &Checkpoint,
) -> Result<()> {
    let form = || Error::malformed("consistency-form", "this is no proof of consistency");
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").ok_or_else(form)?;
    let (head, note) = bytes.split_at_checked(end + 2).ok_or_else(form)?;
    let head = std::str::from_utf8(head).map_err(|_| form())?.trim_end_matches('\n');
    let mut lines = head.split('\n');
    if lines.next() != Some(&format!("old {old}")) {
        return Err(form());
    }
    let path: Result<Vec<Sha256>> =
        lines.map(|line| Sha256::from_base64(line.as_bytes())).collect();
    let path = path.map_err(|_| form())?;
    if path.len() > tree::MAX_PROOF || note != contents.checkpoint {
        return Err(Error::untrue(
            "evidence-checkpoint",
            "the proof is against another checkpoint",
        ));
    }
    tree::verify_consistency(old, checkpoint.size(), root, checkpoint.root(), &path)
}
