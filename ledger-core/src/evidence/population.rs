//! Population: a package of all entries of a ledger, from which the whole report is made once more.
//!
//! Spec page: `spec/evidence.md`. Its members below `log/` are a ledger's folder up to the checkpoint, so what
//! verifies and evaluates a ledger does it here: they are laid out in a store, one member in memory at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::contents;
use super::layer::{Bench, Layer};
use super::manifest::Manifest;
use super::zip::{self, Source};
use super::{Outcome, anchors, listed, log, review, told, unread};
use crate::checkpoint::{Checkpoint, Origin};
use crate::error::{Error, Kind, Result};
use crate::hash::{Blake3, Sha256};
use crate::head::{self, Head};
use crate::key::{KeyId, PublicKey};
use crate::ledger::{FORMAT, Ledger};
use crate::note::Note;
use crate::policy::Policy;
use crate::segment::{self, Blocks, Place};
use crate::signer::{ANCHORS, ARCHIVE, CHECKPOINT};
use crate::store::{self, Store};
use crate::tree::{Frontier, leaf_hash};
use crate::verify::{self, Class, Options, Verdict};

/// The layers of such a package, in the order in which they are looked at.
pub const LAYERS: [&str; 8] =
    ["package", "manifest", "checkpoint", "log", anchors::LAYER, "signer", "report", "performed"];
/// Where the ledger's folder stands in a package.
pub const FOLDER: &str = "log/";
/// The most bytes of all members once they are inflated: they go to a store, one by one.
pub const MAX_INFLATED: u64 = 16 << 30;

/// A package whose ledger was laid out in a store.
#[derive(Debug, Default)]
pub struct Unpacked {
    /// Every member but the manifest, with its SHA-256.
    members: Vec<(String, Sha256)>,
    manifest: Vec<u8>,
    checkpoint: Vec<u8>,
    report: Vec<u8>,
    /// The documents of reviews, by their members.
    reviews: BTreeMap<String, Vec<u8>>,
    /// Overlays and the calendar that the report was made with, by their files.
    pub controls: BTreeMap<String, Vec<u8>>,
    packed: Option<Sha256>,
}

/// Whether a zip is a package of a population, by the names of its members.
pub fn is_one(zip: &dyn Source) -> bool {
    zip::names(zip).is_ok_and(|names| names.iter().any(|name| name.starts_with(FOLDER)))
}

/// Whether a file of a ledger's folder travels: what is evidence, and nothing that is derived or private.
pub fn travels(name: &str) -> bool {
    let segment = name.strip_prefix("entries/").and_then(|file| file.strip_suffix(".jsonl"));
    let first = segment.filter(|digits| digits.len() == 20).and_then(|digits| digits.parse().ok());
    let blob = name.strip_prefix("blobs/").filter(|digest| digest.len() == 64);
    let hex = |digest: &str| digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let anchor = name.strip_prefix(ANCHORS).and_then(|rest| rest.strip_prefix('/'));
    let anchor = anchor.is_some_and(|file| !file.contains('/'));
    name == FORMAT
        || name == ARCHIVE
        || first.is_some_and(|first| segment::name(first) == name)
        || blob.is_some_and(hex)
        || anchor
}

/// Takes a member with its name.
pub type Taker<'t> = dyn FnMut(&str, Vec<u8>) -> Result<()> + 't;

/// Lays out the ledger of a zip in an empty store; codes as for [`unpack_from`], and those of [`zip::walk`].
pub fn unpack(zip: &dyn Source, target: &dyn Store) -> Result<Unpacked> {
    unpack_from(target, &mut |each| zip::walk(zip, MAX_INFLATED, each))
}

/// Lays out the ledger of a package in an empty store. `feed` gives all members in the order of their names, and how
/// they were packed where that is known. Codes `evidence-member`, `evidence-missing`.
pub fn unpack_from(
    target: &dyn Store,
    feed: &mut dyn FnMut(&mut Taker<'_>) -> Result<Option<Sha256>>,
) -> Result<Unpacked> {
    let mut unpacked = Unpacked::default();
    let packed = feed(&mut |name, bytes| unpacked.take(name, bytes, target))?;
    unpacked.packed = packed;
    let here = |wanted: &str| unpacked.members.iter().any(|(name, _)| name == wanted);
    let demanded =
        ["checkpoint", "README.txt", "index.html", "report/report.json", "log/ledger.toml"];
    let missing = demanded.into_iter().find(|name| !here(name));
    let missing = missing.or_else(|| unpacked.manifest.is_empty().then_some(contents::MANIFEST));
    if let Some(name) = missing {
        return Err(
            Error::refused("evidence-missing", "every package has this member").at(name.to_owned())
        );
    }
    store::replace(target, CHECKPOINT, &unpacked.checkpoint)?;
    lay_head(target)?;
    Ok(unpacked)
}

impl Unpacked {
    fn take(&mut self, name: &str, bytes: Vec<u8>, target: &dyn Store) -> Result<()> {
        let stranger = || {
            Error::refused("evidence-member", "no package has such a member").at(name.to_owned())
        };
        if name == contents::MANIFEST {
            self.manifest = bytes;
            return Ok(());
        }
        self.members.push((name.to_owned(), Sha256::of(&bytes)));
        if let Some(file) = name.strip_prefix(FOLDER) {
            return if travels(file) { target.write(file, 0, &bytes) } else { Err(stranger()) };
        }
        match name {
            contents::CHECKPOINT => self.checkpoint = bytes,
            contents::REPORT => self.report = bytes,
            contents::PAGE | contents::README | contents::DRILL => {}
            _ if review::is_document(name) => drop(self.reviews.insert(name.to_owned(), bytes)),
            _ if let Some(file) = contents::control_of(name) => {
                self.controls.insert(file.to_owned(), bytes);
            }
            _ if name.starts_with("report/") => {}
            _ => return Err(stranger()),
        }
        Ok(())
    }
}

/// Writes the head that a ledger of these lines has; what is wrong with them is for verification to say.
fn lay_head(store: &dyn Store) -> Result<()> {
    let mut frontier = Frontier::new();
    let mut last = Blake3::default();
    let mut end = Place { segment: 0, offset: 0 };
    let mut blocks = Blocks::new(store, end, None)?;
    while let Some(block) = blocks.next_block()? {
        for range in &block.lines {
            let line = block.line(range);
            frontier.push(leaf_hash(line))?;
            last = Blake3::of(line);
            let start = block.place_of(range);
            end = Place { offset: start.offset + line.len() as u64 + 1, ..start };
        }
    }
    let (size, frontier) = (frontier.size(), frontier.hashes().to_vec());
    let head = Head { counter: 1, size, segment: end.segment, offset: end.offset, last, frontier };
    let first = Head { counter: 2, ..head.clone() };
    store::replace(store, head::NAME, &[first.to_slot(), head.to_slot()].concat())
}

/// Verifies a package that was laid out in the store, against the reader's own policy. `options` say how the log is
/// checked; `perform` makes the report once more.
pub fn verify(
    unpacked: &Unpacked,
    store: &Arc<dyn Store>,
    policy: &Policy,
    options: &Options<'_>,
    perform: &mut dyn FnMut(&[u8]) -> Result<Vec<u8>>,
) -> Outcome {
    let mut layers =
        vec![Bench::default().layer("package", format!("{} members", unpacked.members.len() + 1))];
    let mut bench = Bench::default();
    let Some(manifest) = bench.hold(contents::MANIFEST, Manifest::parse(&unpacked.manifest)) else {
        layers.push(bench.layer("manifest", ""));
        return Outcome::of_population(layers, None);
    };
    let claim = &manifest.statement.claim;
    listed(&mut bench, &manifest, &unpacked.members);
    let place = contents::MANIFEST;
    let packed = unpacked.packed.is_none() || unpacked.packed == claim.packed;
    bench.demand(
        packed,
        place,
        "evidence-packed",
        "the members are not packed as they were signed",
    );
    let kind = claim.drawn.is_none();
    bench.demand(kind, place, "evidence-kind", "the manifest is of another kind of package");
    layers.push(
        bench.layer("manifest", format!("{} members by their SHA-256", unpacked.members.len())),
    );
    layers.push(log::checkpoint(&unpacked.checkpoint, Some(claim), policy));
    layers.extend(whole(unpacked, &**store, policy, options));
    layers.push(signer(&manifest, store));
    let mut bench = Bench::default();
    let Some(report) = bench.hold(contents::REPORT, told::document(&unpacked.report)) else {
        layers.push(bench.layer("report", ""));
        return Outcome::of_population(layers, Some(claim.clone()));
    };
    let digest = |wanted: &str| {
        unpacked.members.iter().find(|(name, _)| name == wanted).map(|(_, digest)| *digest)
    };
    layers.push(told::report(&report, &digest, claim));
    // nothing is performed over a log that does not hold
    let performs = layers.iter().all(|layer| layer.verdict != Verdict::DoesNotHold);
    if performs {
        let mut bench = Bench::default();
        let length = again(&mut bench, contents::REPORT, &unpacked.report, perform);
        let words = length
            .map(|length| format!("{length} bytes of the report, made once more from the entries"));
        layers.push(bench.layer("performed", words.unwrap_or_default()));
    }
    let members = unpacked.members.iter().map(|(name, digest)| (name.as_str(), *digest));
    let mut each = |bench: &mut Bench, place: &str, bytes: &[u8]| {
        again(bench, place, bytes, perform);
    };
    let each: Option<&mut review::Performer<'_>> = if performs { Some(&mut each) } else { None };
    layers.extend(review::reviews(members, &unpacked.reviews, &claim.origin, each));
    Outcome::of_population(layers, Some(claim.clone()))
}

/// Of something that is no package at all.
pub fn unreadable(error: Error) -> Outcome {
    Outcome::of_population(vec![unread(error)], None)
}

/// Are the lines exactly those of the checkpoint, lawful in every way that a ledger is held to? And do its anchors
/// hold? The second is a question of its own, which takes roots and is not for every reader.
fn whole(
    unpacked: &Unpacked,
    store: &dyn Store,
    policy: &Policy,
    options: &Options<'_>,
) -> Vec<Layer> {
    let mut bench = Bench::default();
    let note = Note::parse(&unpacked.checkpoint).and_then(|note| Checkpoint::parse(note.text()));
    let Some(checkpoint) = bench.hold(contents::CHECKPOINT, note) else {
        return vec![bench.layer("log", "")];
    };
    let origin = Origin::parse(checkpoint.origin()).ok();
    let older = [unpacked.checkpoint.clone()];
    let options = Options {
        policy: Some(policy),
        pinned: origin.as_ref(),
        older: &older,
        receipts: &[],
        ..*options
    };
    let Some(report) = bench.hold("log", verify::verify(store, &options)) else {
        return vec![bench.layer("log", "")];
    };
    for fault in report.faults.iter().filter(|fault| fault.class != Class::Date) {
        let place = fault.index.map_or_else(|| "log".to_owned(), |index| format!("entry {index}"));
        bench.demand(false, &place, fault.code, &fault.message);
    }
    if report.verdict == Verdict::CannotTell {
        bench.lack("log", "evidence-log", report.reason.as_deref().unwrap_or_default());
    }
    for suspect in &report.suspects {
        let message = format!(
            "key `{}` was reported compromised, and the report covers {} entries",
            suspect.key, suspect.count
        );
        bench.lack("log", "evidence-suspect", &message);
    }
    let same = report.size == checkpoint.size() && report.root == checkpoint.root().to_base64();
    bench.demand(same, "log", "evidence-checkpoint", "the entries are not those of the checkpoint");
    let looked_at =
        format!("{} entries from the first on, {} signatures", report.size, report.signatures);
    vec![bench.layer("log", looked_at), anchors::of_log(&report, options.roots.is_some())]
}

/// Did a key of this ledger sign the manifest, and had it not ended at the checkpoint?
fn signer(manifest: &Manifest, store: &Arc<dyn Store>) -> Layer {
    let ledger = match Ledger::open(Arc::clone(store)) {
        Ok(ledger) => ledger,
        Err(error) => {
            let mut bench = Bench::default();
            bench.hold::<()>("log", Err(error));
            return bench.layer("signer", "");
        }
    };
    let standing = |id: &KeyId, size: u64| -> Result<&PublicKey> {
        let refuse = |code, words: &str| Err(Error::refused(code, format!("key `{id}` {words}")));
        match ledger.registry().get(id) {
            None => refuse("key-unknown", "is registered by no entry that is here"),
            Some(record) if !record.stands_at(size) => refuse("key-ended", "had ended"),
            Some(_) => match ledger.registry().public(id) {
                Some(key) => Ok(key),
                None => refuse("key-unknown", "is no key"),
            },
        }
    };
    log::signer(manifest, &standing)
}

/// Does a report come out of the entries once more, byte for byte? Of how many bytes, if it was made.
fn again(
    bench: &mut Bench,
    place: &str,
    report: &[u8],
    perform: &mut dyn FnMut(&[u8]) -> Result<Vec<u8>>,
) -> Option<usize> {
    let again = match perform(report) {
        Ok(again) => again,
        Err(error) => {
            // whatever keeps us from making it again, it has not been shown to be another one
            let known = error.kind() == Kind::Unavailable;
            let error = if known {
                error
            } else {
                Error::unavailable("evidence-again", error.message().to_owned())
            };
            bench.hold::<()>(place, Err(error));
            return None;
        }
    };
    let at = again.iter().zip(report).position(|(one, other)| one != other);
    let message = at.map_or_else(
        || "the report is longer or shorter than what comes out of the entries".to_owned(),
        |at| format!("from byte {at} on the report is not what comes out of the entries"),
    );
    bench.demand(again == report, place, "evidence-performed", &message);
    Some(again.len())
}

/// What stands in front of the log in a package: the page, what it is, the checkpoint.
pub fn front(claim: &super::manifest::Claim, checkpoint: &[u8]) -> BTreeMap<String, Vec<u8>> {
    [
        (contents::README, super::build::readme(claim).into_bytes()),
        (contents::CHECKPOINT, checkpoint.to_vec()),
        (contents::PAGE, super::page().into_bytes()),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .into()
}
