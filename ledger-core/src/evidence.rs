//! Evidence: one file that an auditor opens, with all that is needed to check it and nothing that must be
//! believed.
//!
//! Spec page: `spec/evidence.md`. A package of a *sample* holds the entries of the items that were drawn,
//! each with its proof, the key events, the report, and the rows that it has of the items. [`verify`] asks
//! one question after the other and needs only the reader's own policy; `index.html` in the package asks
//! the same questions in a browser. What is about the totals of the report is attested and said to be.

pub mod build;
pub mod contents;
pub mod csv;
mod layer;
mod log;
pub mod manifest;
mod page;
mod perform;
mod told;
pub mod zip;

pub use layer::{Fault, Layer};
pub use page::page;

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::note::Note;
use crate::policy::Policy;
use crate::verify::Verdict;
use contents::Contents;
use layer::{Bench, unseen};
use log::{Keys, Lines};
use manifest::{Claim, Manifest, Statement};
use zip::Members;

/// The layers in the order in which they are looked at.
pub const LAYERS: [&str; 13] = [
    "package",
    "manifest",
    "checkpoint",
    "entries",
    "chain",
    "signatures",
    "keys",
    "rights",
    "signer",
    "consistency",
    "disclosures",
    "report",
    "sample",
];
/// The layer that performs the tests again; it comes last.
pub const ITEMS: &str = "items";

/// What came of a package.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The worst of the layers.
    pub verdict: Verdict,
    /// What was asked, in this order.
    pub layers: Vec<Layer>,
    /// What is claimed, where it could be read.
    pub claim: Option<Claim>,
}

impl Outcome {
    /// Of something that is no package at all.
    pub fn unreadable(error: Error) -> Self {
        let mut bench = Bench::default();
        bench.hold::<()>("", Err(error));
        Self::of(vec![bench.layer("package", "")], None)
    }

    /// The layers that were looked at, and those that could not be.
    fn of(mut layers: Vec<Layer>, claim: Option<Claim>) -> Self {
        for name in LAYERS.into_iter().chain([ITEMS]) {
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
        Self { verdict, layers, claim }
    }
}

/// The manifest's statement about these members: all but the manifest, by their digests.
pub fn statement(members: &Members<'_>, claim: Claim) -> Statement {
    let others = members.iter().filter(|(name, _)| *name != contents::MANIFEST);
    let subjects = others.map(|(name, bytes)| (name.clone(), Sha256::of(bytes))).collect();
    Statement { claim, subjects }
}

/// Verifies the members of a package against the reader's own policy.
///
/// Whatever is in them, an answer comes back; only the reading of the container is the caller's
/// ([`zip::decode`], or the files of a folder, with [`zip::check_names`]).
pub fn verify(members: Members<'_>, policy: &Policy) -> Outcome {
    let words = format!("{} members", members.len());
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
    listed(&mut bench, &manifest, &contents);
    let count = manifest.statement.subjects.len();
    layers.push(bench.layer("manifest", format!("{count} members by their SHA-256")));
    layers.push(log::checkpoint(&contents, &manifest, policy));
    let note = Note::parse(contents.checkpoint).and_then(|note| Checkpoint::parse(note.text()));
    if let Ok(checkpoint) = note {
        below(&contents, &manifest, &checkpoint, &mut layers);
    }
    Outcome::of(layers, Some(manifest.statement.claim))
}

/// Does the manifest list exactly the other members, as they are?
fn listed(bench: &mut Bench, manifest: &Manifest, contents: &Contents<'_>) {
    let own = statement(&contents.all, manifest.statement.claim.clone());
    let stated = &manifest.statement.subjects;
    for (name, digest) in &own.subjects {
        let known = stated.iter().find(|(known, _)| known == name);
        let place = name.as_str();
        match known {
            None => drop(bench.demand(
                false,
                place,
                "evidence-extra",
                "the manifest does not list the member",
            )),
            Some((_, stated)) => {
                bench.demand(
                    stated == digest,
                    place,
                    "evidence-digest",
                    "the member is not the one that was listed",
                );
            }
        }
    }
    for (name, _) in stated.iter().filter(|(name, _)| !contents.all.contains_key(name)) {
        bench.demand(
            false,
            name,
            "evidence-missing",
            "the manifest lists a member that is not here",
        );
    }
    let order = stated.iter().map(|(name, _)| name).eq(own.subjects.iter().map(|(name, _)| name));
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
    checkpoint: &Checkpoint,
    layers: &mut Vec<Layer>,
) {
    let claim = &manifest.statement.claim;
    let mut bench = Bench::default();
    let mut lines = Lines::of(contents);
    let entries = lines.read(&mut bench);
    let keys = Keys::of(&entries);
    layers.push(log::entries(bench, &entries, contents, checkpoint));
    layers.push(log::chain(&entries, checkpoint.origin()));
    layers.push(log::signatures(&entries, &keys));
    layers.push(log::keys(&entries));
    layers.push(log::rights(&entries));
    layers.push(log::signer(manifest, &keys));
    let document: Result<_> = told::document(contents.report);
    let Ok(report) = document else {
        layers.push(told::disclosures(&entries, contents, manifest));
        let mut bench = Bench::default();
        bench.hold(contents::REPORT, document);
        layers.push(bench.layer("report", ""));
        return;
    };
    let heads = told::heads(&report, &entries);
    layers.push(log::consistency(&heads, contents, checkpoint));
    layers.push(told::disclosures(&entries, contents, manifest));
    layers.push(told::report(&report, contents, claim));
    let mut rows = told::Rows::new();
    layers.push(told::sample(&entries, contents, claim, &report, &mut rows));
    layers.push(perform::items(&entries, &report, &rows, contents));
}
