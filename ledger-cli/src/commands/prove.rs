//! `ledger prove`

mod bundle;

use std::ops::Range;
use std::path::PathBuf;

use clap::Args;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::json::Value;
use ledger_core::ledger::Ledger;
use ledger_core::proof::Proof;
use ledger_core::range::RangeProof;
use ledger_core::tree;

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{files, hashes, published};

/// Prove that an entry, or a stretch of entries, is in the ledger
///
/// The proof is against the newest checkpoint, as a C2SP `tlog-proof` text; that of a stretch shows
/// that none is left out. `ledger verify PROOF --policy FILE --entry FILE` checks it anywhere. A bundle
/// has the entries with their proofs, what is disclosed of them, and the keys: `ledger verify BUNDLE
/// --policy FILE` needs nothing else, and so does the page of `ledger evidence page`.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger prove 412 --bundle --to d-77.zip")]
pub(crate) struct Prove {
    /// Index of the entry, from 0
    #[arg(required_unless_present = "range", conflicts_with = "range")]
    index: Option<u64>,
    /// Entries from A to before B
    #[arg(long, value_name = "A..B")]
    range: Option<String>,
    /// One self-contained file: the entry, all entries of its deployment, and the keys
    #[arg(long, requires = "to", conflicts_with = "range")]
    bundle: bool,
    /// What opens sealed values in a bundle, a line each; you hold it, the ledger does not
    #[arg(long, value_name = "FILE", requires = "bundle")]
    disclosures: Option<PathBuf>,
    /// Write the proof to a new file
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Makes the proof.
pub(crate) fn run(args: &Prove, context: &mut Context) -> Result<Answer> {
    let (folder, ledger) = context.open()?;
    let (note, checkpoint) = published::newest(&folder)?;
    let entries = match (&args.range, args.index) {
        (Some(range), _) => read_range(range)?,
        (None, index) => {
            let index = index.unwrap_or_default();
            index..index.saturating_add(1)
        }
    };
    within(&entries, &ledger, &checkpoint)?;
    let size = checkpoint.size();
    if let (true, Some(to)) = (args.bundle, &args.to) {
        let wanted =
            bundle::Wanted { index: entries.start, disclosures: args.disclosures.as_deref(), to };
        return bundle::write(&wanted, &ledger, (note, checkpoint), context);
    }
    let proof = if args.range.is_some() {
        let hashes = hashes::of(&ledger, Some((size, checkpoint.root())))
            .map_err(|error| Failure::by_law(&error))?;
        let beside = tree::range_proof(&entries, size, &hashes)?;
        RangeProof::new(entries, beside, &note)?.encode()
    } else {
        let path = published::inclusion(&ledger, entries.start, &checkpoint)?;
        Proof::new(entries.start, path, &note)?.encode()
    };
    deliver(&proof, args.to.as_ref(), size, context)
}

/// Prints a proof, or writes it to a new file.
pub(crate) fn deliver(
    proof: &[u8],
    to: Option<&PathBuf>,
    size: u64,
    context: &mut Context,
) -> Result<Answer> {
    if let Some(file) = to {
        files::create(file, proof, 0o644)?;
    }
    let text = Value::text(String::from_utf8_lossy(proof));
    context.out.object([("proof", text), ("size", Value::count(size))])?;
    if !context.out.json() && to.is_none() {
        context.out.bytes(proof)?;
    }
    Ok(Answer::Yes)
}

fn within(entries: &Range<u64>, ledger: &Ledger, checkpoint: &Checkpoint) -> Result<()> {
    if entries.end <= checkpoint.size() {
        return Ok(());
    }
    let last = entries.end.saturating_sub(1);
    Err(if last >= ledger.size() {
        Failure::new("no-entry", format!("there is no entry {last}"))
            .hint(format!("the ledger has {} entries, from 0", ledger.size()))
    } else {
        let message = format!("entry {last} is under no checkpoint yet");
        Failure::new("checkpoint-behind", message)
            .hint("sign one with `ledger checkpoint --key FILE`")
    })
}

fn read_range(text: &str) -> Result<Range<u64>> {
    let read = text.split_once("..").and_then(|(a, b)| Some(a.parse().ok()?..b.parse().ok()?));
    read.filter(|range: &Range<u64>| !range.is_empty()).ok_or_else(|| {
        Failure::new("range", format!("`{text}` is not a range"))
            .within("--range")
            .hint("write A..B: the first index, and the one after the last")
    })
}
