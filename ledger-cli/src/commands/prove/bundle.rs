//! `ledger prove --bundle`: one file about one deployment, with all that its proof needs.

use std::collections::BTreeSet;
use std::path::Path;

use ledger_core::checkpoint::Checkpoint;
use ledger_core::evidence::build::{Parts, views};
use ledger_core::evidence::{self, zip};
use ledger_core::hash::Sha256;
use ledger_core::index::Kind;
use ledger_core::json::Value;
use ledger_core::ledger::Ledger;
use ledger_core::tree;
use ledger_core::trust::KEY_EVENTS;
use ledger_core::verify::Verdict;

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::output::talk;
use crate::{files, hashes, published};

/// What goes into a bundle, and where it goes.
pub(super) struct Wanted<'a> {
    /// The entry.
    pub(super) index: u64,
    /// A file of what opens sealed values.
    pub(super) disclosures: Option<&'a Path>,
    /// The new file.
    pub(super) to: &'a Path,
}

/// Gathers, holds it against the ledger's own key, and writes: what would not hold is never written.
pub(super) fn write(
    wanted: &Wanted<'_>,
    ledger: &Ledger,
    (note, checkpoint): (Vec<u8>, Checkpoint),
    context: &mut Context,
) -> Result<Answer> {
    let size = checkpoint.size();
    let policy = published::own_policy(ledger, &note, size)?;
    let hashes = hashes::of(ledger, Some((size, checkpoint.root())))
        .map_err(|error| Failure::by_law(&error))?;
    let mut parts = Parts { checkpoint: note, ..Parts::default() };
    for index in entries(wanted.index, ledger)?.into_iter().filter(|index| *index < size) {
        let path = tree::inclusion_proof(size, index, &hashes)?;
        parts.entries.insert(index, (ledger.line(index)?, path));
    }
    if let Some(file) = wanted.disclosures {
        let bytes = files::read_input(file)?;
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        parts.disclose(lines).map_err(|error| Failure::from(error).within(files::shown(file)))?;
    }
    let members = parts.bundle()?;
    let outcome = evidence::verify(views(&members), &policy);
    for layer in &outcome.layers {
        for fault in &layer.faults {
            if layer.verdict == Verdict::DoesNotHold {
                let message = format!("the bundle would not hold: {}", fault.message);
                return Err(Failure::refused("evidence-untrue", message)
                    .within(format!("{} {}", layer.name, fault.place).trim_end().to_owned())
                    .hint("nothing was written; run `ledger verify`"));
            }
            talk(format!("note: {}: {}", layer.name, fault.message));
        }
    }
    let bytes = zip::encode(&views(&members))?;
    files::create(wanted.to, &bytes, 0o644)?;
    let digest = Sha256::of(&bytes).to_reference();
    context.out.object([
        ("bytes", Value::count(bytes.len() as u64)),
        ("digest", Value::text(&digest)),
        ("entries", Value::count(outcome.shown.len() as u64)),
        ("size", Value::count(size)),
    ])?;
    context.out.line(format!("entries      {}", outcome.shown.len()))?;
    context.out.line(format!("digest       {digest}"))?;
    Ok(Answer::Yes)
}

/// The entry, all of its deployment, and all that is said about keys.
fn entries(index: u64, ledger: &Ledger) -> Result<BTreeSet<u64>> {
    let mut entries = BTreeSet::from([0, index]);
    let deployment = ledger
        .entry(index, |entry| entry.event.text_at("/subject/deployment").map(str::to_owned))?;
    let own = deployment.map(|id| (Kind::Subject, format!("deployment:{id}")));
    let keys = KEY_EVENTS.iter().map(|kind| (Kind::Type, (*kind).to_owned()));
    for (kind, value) in own.into_iter().chain(keys) {
        let found = ledger.find(kind, &value, usize::MAX)?;
        entries.extend(found.iter().map(|found| found.index));
    }
    Ok(entries)
}
