//! Evidence: one file that an auditor opens, with all that is needed to check it and nothing that must be
//! believed.
//!
//! Spec page: `spec/evidence.md`. A package of a *sample* holds the entries of the items that were drawn,
//! each with its proof, the key events, the report, and the rows that it has of the items. [`verify`] asks
//! one question after the other and needs only the reader's own policy; `index.html` in the package asks
//! the same questions in a browser. What is about the totals of the report is attested and said to be.

mod anchors;
pub mod build;
pub mod contents;
mod crc;
pub mod csv;
mod deflate;
mod layer;
mod log;
pub mod manifest;
mod names;
pub mod pack;
mod page;
mod perform;
pub mod population;
pub mod review;
mod told;
pub mod zip;

pub use layer::{Fault, Layer};
pub use page::page;

use std::collections::BTreeMap;

use crate::anchor::Roots;
use crate::checkpoint::Checkpoint;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::note::Note;
use crate::policy::Policy;
use crate::trust::KEY_EVENTS;
use crate::verify::Verdict;
use contents::Contents;
use layer::{Bench, unseen};
use log::{Keys, Lines};
use manifest::{Claim, Manifest, Statement};
use zip::Members;

/// The layers in the order in which they are looked at.
pub const LAYERS: [&str; 14] = [
    "package",
    "manifest",
    "checkpoint",
    "entries",
    "chain",
    "signatures",
    "keys",
    "rights",
    anchors::LAYER,
    "signer",
    "consistency",
    "disclosures",
    "report",
    "sample",
];
/// The layer that performs the tests again; it comes last.
pub const ITEMS: &str = "items";

/// The layers of a bundle: what is proven by itself, and claims nothing beside.
pub const BUNDLE: [&str; 8] =
    ["package", "checkpoint", "entries", "chain", "signatures", "keys", "rights", "disclosures"];

/// Whom a reader trusts, from elsewhere than the package.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// Who signs checkpoints, and who witnesses them.
    pub policy: &'a Policy,
    /// Who certifies authorities for times; without them no token dates anything.
    pub roots: Option<&'a Roots>,
}

impl<'a> From<&'a Policy> for Trust<'a> {
    fn from(policy: &'a Policy) -> Self {
        Self { policy, roots: None }
    }
}

/// What came of a package.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The worst of the layers.
    pub verdict: Verdict,
    /// What was asked, in this order.
    pub layers: Vec<Layer>,
    /// What is claimed, where it could be read.
    pub claim: Option<Claim>,
    /// Of a bundle the entries that it is about: all but those about keys.
    pub shown: Vec<Shown>,
}

/// An entry that a bundle is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its index.
    pub index: u64,
    /// The type of its event.
    pub kind: String,
    /// When it happened, as the event says.
    pub occurred_at: String,
    /// What it speaks of: canonical JSON.
    pub subject: String,
}

impl Outcome {
    /// Of something that is no package at all.
    pub fn unreadable(error: Error) -> Self {
        Self::of(vec![unread(error)], None)
    }

    /// The layers that were looked at, and those that could not be.
    fn of(layers: Vec<Layer>, claim: Option<Claim>) -> Self {
        let names = LAYERS.into_iter().chain([ITEMS]);
        Self { claim, ..Self::with(layers, names) }
    }

    /// As [`Outcome::of`], of a bundle.
    fn of_bundle(layers: Vec<Layer>, shown: Vec<Shown>) -> Self {
        Self { shown, ..Self::with(layers, BUNDLE.into_iter()) }
    }

    /// As [`Outcome::of`], of a package of a population.
    fn of_population(layers: Vec<Layer>, claim: Option<Claim>) -> Self {
        Self { claim, ..Self::with(layers, population::LAYERS.into_iter()) }
    }

    fn with(mut layers: Vec<Layer>, names: impl Iterator<Item = &'static str>) -> Self {
        for name in names {
            if !layers.iter().any(|layer| layer.name == name) {
                layers.push(unseen(name));
            }
        }
        let any = |verdict| layers.iter().any(|layer| layer.verdict == verdict);
        let verdict = if any(Verdict::DoesNotHold) {
            Verdict::DoesNotHold
        } else if any(Verdict::CannotTell) {
            Verdict::CannotTell
        } else {
            Verdict::Holds
        };
        Self { verdict, layers, claim: None, shown: Vec::new() }
    }
}

/// The first layer of what could not be read.
fn unread(error: Error) -> Layer {
    let mut bench = Bench::default();
    bench.hold::<()>("", Err(error));
    bench.layer("package", "")
}

/// The manifest's statement about these members: all but the manifest, by their digests.
pub fn statement(members: &Members<'_>, claim: Claim) -> Statement {
    let others = members.iter().filter(|(name, _)| *name != contents::MANIFEST);
    let subjects = others.map(|(name, bytes)| (name.clone(), Sha256::of(bytes))).collect();
    Statement { claim, subjects }
}

/// Verifies a zip against whom the reader trusts; whatever is in it, an answer comes back.
pub fn verify_zip<'t>(zip: &[u8], trust: impl Into<Trust<'t>>) -> Outcome {
    match zip::decode(zip) {
        Ok(opened) => judge(opened.views(), opened.packed, trust.into()),
        Err(error) => Outcome::unreadable(error),
    }
}

/// Verifies the members of a package that was unpacked, as [`verify_zip`] does.
///
/// Only the reading of the folder is the caller's, with [`zip::check_names`].
pub fn verify<'t>(members: Members<'_>, trust: impl Into<Trust<'t>>) -> Outcome {
    judge(members, None, trust.into())
}

/// `packed` is how the members were packed, where that could have been done otherwise.
fn judge(members: Members<'_>, packed: Option<Sha256>, trust: Trust<'_>) -> Outcome {
    let words = format!("{} members", members.len());
    if let Some(contents) = Contents::of_bundle(&members) {
        return bundle(contents, packed, trust.policy, words);
    }
    let contents = match Contents::of(members) {
        Ok(contents) => contents,
        Err(error) => return Outcome::unreadable(error),
    };
    let mut layers = vec![Bench::default().layer("package", words)];
    let mut bench = Bench::default();
    let Some(manifest) = bench.hold(contents::MANIFEST, Manifest::parse(contents.manifest)) else {
        layers.push(bench.layer("manifest", ""));
        return Outcome::of(layers, None);
    };
    let members = contents.all.iter().filter(|(name, _)| *name != contents::MANIFEST);
    let members: Vec<_> = members.map(|(name, bytes)| (name.clone(), Sha256::of(bytes))).collect();
    listed(&mut bench, &manifest, &members);
    bench.demand(
        manifest.statement.claim.drawn.is_some(),
        contents::MANIFEST,
        "evidence-kind",
        "the manifest is of another kind of package",
    );
    bench.demand(
        packed.is_none() || packed == manifest.statement.claim.packed,
        contents::MANIFEST,
        "evidence-packed",
        "the members are not packed as they were signed",
    );
    let count = manifest.statement.subjects.len();
    layers.push(bench.layer("manifest", format!("{count} members by their SHA-256")));
    let claim = &manifest.statement.claim;
    layers.push(log::checkpoint(contents.checkpoint, Some(claim), trust.policy));
    let note = Note::parse(contents.checkpoint).and_then(|note| Checkpoint::parse(note.text()));
    if let Ok(checkpoint) = note {
        below(&contents, &manifest, (&checkpoint, trust.roots), &mut layers);
    }
    Outcome::of(layers, Some(manifest.statement.claim))
}

/// A bundle: entries under a checkpoint, without a claim beside.
fn bundle(
    contents: Result<Contents<'_>>,
    packed: Option<Sha256>,
    policy: &Policy,
    words: String,
) -> Outcome {
    let contents = match contents {
        Ok(contents) => contents,
        Err(error) => return Outcome::of_bundle(vec![unread(error)], Vec::new()),
    };
    let mut bench = Bench::default();
    bench.demand(packed.is_none(), "", "evidence-packed", "nothing signs how a bundle is packed");
    let mut layers =
        vec![bench.layer("package", words), log::checkpoint(contents.checkpoint, None, policy)];
    let mut shown = Vec::new();
    let note = Note::parse(contents.checkpoint).and_then(|note| Checkpoint::parse(note.text()));
    if let Ok(checkpoint) = note {
        let mut bench = Bench::default();
        let mut lines = Lines::of(&contents);
        let entries = lines.read(&mut bench);
        of_log(bench, &entries, &contents, &checkpoint, &mut layers);
        layers.push(told::disclosures(&entries, &contents, None));
        let about = entries.iter().filter(|entry| !KEY_EVENTS.contains(&entry.event.kind));
        shown.extend(about.map(|entry| Shown {
            index: entry.index,
            kind: entry.event.kind.to_owned(),
            occurred_at: entry.event.occurred_at.to_string(),
            subject: entry.event.root.get("subject").map_or_else(String::new, |subject| {
                String::from_utf8_lossy(subject.raw()).into_owned()
            }),
        }));
    }
    Outcome::of_bundle(layers, shown)
}

/// What entries show by themselves, by the keys that they bring.
fn of_log(
    bench: Bench,
    entries: &[Entry<'_>],
    contents: &Contents<'_>,
    checkpoint: &Checkpoint,
    layers: &mut Vec<Layer>,
) -> Keys {
    let keys = Keys::of(entries);
    layers.push(log::entries(bench, entries, contents, checkpoint));
    layers.push(log::chain(entries, checkpoint.origin()));
    layers.push(log::signatures(entries, &keys));
    layers.push(log::keys(entries));
    layers.push(log::rights(entries));
    keys
}

/// Does the manifest list exactly the other members, as they are?
fn listed(bench: &mut Bench, manifest: &Manifest, members: &[(String, Sha256)]) {
    let known =
        |list: &[(String, Sha256)]| -> BTreeMap<String, Sha256> { list.iter().cloned().collect() };
    let stated = &manifest.statement.subjects;
    let (listed, here) = (known(stated), known(members));
    for (name, digest) in members {
        match listed.get(name) {
            None => {
                let message = "the manifest does not list the member";
                bench.demand(false, name, "evidence-extra", message);
            }
            Some(stated) => {
                let message = "the member is not the one that was listed";
                bench.demand(stated == digest, name, "evidence-digest", message);
            }
        }
    }
    for (name, _) in stated.iter().filter(|(name, _)| !here.contains_key(name)) {
        let message = "the manifest lists a member that is not here";
        bench.demand(false, name, "evidence-missing", message);
    }
    let order = stated.iter().map(|(name, _)| name).eq(members.iter().map(|(name, _)| name));
    bench.demand(
        order,
        contents::MANIFEST,
        "evidence-order",
        "the members are not listed once each, in order",
    );
}

/// All that stands on the checkpoint.
fn below(
    contents: &Contents<'_>,
    manifest: &Manifest,
    (checkpoint, roots): (&Checkpoint, Option<&Roots>),
    layers: &mut Vec<Layer>,
) {
    let claim = &manifest.statement.claim;
    let Some(drawn) = &claim.drawn else { return };
    let mut bench = Bench::default();
    let mut lines = Lines::of(contents);
    let entries = lines.read(&mut bench);
    let keys = of_log(bench, &entries, contents, checkpoint, layers);
    layers.push(anchors::layer(contents, &entries, checkpoint, roots));
    layers.push(log::signer(manifest, &|id, size| keys.standing(id, size, false)));
    let document: Result<_> = told::document(contents.report);
    let Ok(report) = document else {
        layers.push(told::disclosures(&entries, contents, Some(&claim.level)));
        let mut bench = Bench::default();
        bench.hold(contents::REPORT, document);
        layers.push(bench.layer("report", ""));
        return;
    };
    let heads = told::heads(&report, &entries);
    layers.push(log::consistency(&heads, contents, checkpoint));
    layers.push(told::disclosures(&entries, contents, Some(&claim.level)));
    let digest = |name: &str| contents.all.get(name).map(|bytes| Sha256::of(bytes));
    layers.push(told::report(&report, &digest, claim));
    let mut rows = told::Rows::new();
    layers.push(told::sample(&entries, contents, drawn, &report, &mut rows));
    layers.push(perform::items(&entries, &report, &rows, contents));
    let members = contents.all.iter().map(|(name, bytes)| (name.as_str(), Sha256::of(bytes)));
    let documents = review::documents(&contents.all);
    layers.extend(review::reviews(members, &documents, &claim.origin, None));
}
