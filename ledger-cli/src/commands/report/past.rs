//! Past: the reports that were issued before, and the checkpoint that a report can lean on.

use ledger_core::check::State;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::note::Note;
use ledger_core::report::{Previous, Signed};
use ledger_core::{signer, store, tree};

use crate::evaluated::Evaluated;
use crate::failure::Result;
use crate::hashes;

/// The report that was issued last, held against the ledger as it is; and how many of the same period
/// there are.
pub(crate) fn issued(evaluated: &Evaluated, word: &str) -> Result<(Option<Previous>, u64)> {
    let all = evaluated.facts.report_issued.all();
    let same = |period: &str| period == word;
    let count = all.iter().filter(|row| same(row.what.period.as_str())).count() as u64;
    let Some(last) = all.last() else { return Ok((None, 0)) };
    let size = last.checkpoint.size;
    let root = ledger_core::hash::Sha256(last.checkpoint.root);
    let consistent = if size > evaluated.evaluation.front.size {
        State::Fail
    } else {
        let hashes = hashes::of(&evaluated.ledger, None)?;
        if tree::root(size, &hashes)? == root { State::Pass } else { State::Fail }
    };
    let previous = Previous {
        report: last.what.report.to_string(),
        digest: last.digest.to_reference(),
        period: last.what.period.to_string(),
        size,
        root: root.to_base64(),
        entry: last.at.index,
        consistent,
        superseded: same(last.what.period.as_str()),
    };
    Ok((Some(previous), count))
}

/// The largest archived checkpoint over entries of the evaluation.
pub(crate) fn signed(evaluated: &Evaluated) -> Result<Option<Signed>> {
    let archive = store::read_all(&*evaluated.folder.store, signer::ARCHIVE)?.unwrap_or_default();
    let mut largest: Option<Signed> = None;
    for bytes in signer::archived(&archive).0 {
        // what does not read is a matter of verification, which has spoken already
        let Ok(note) = Note::parse(bytes) else { continue };
        let Ok(checkpoint) = Checkpoint::parse(note.text()) else { continue };
        let fits = checkpoint.size() <= evaluated.evaluation.front.size;
        let larger = largest.as_ref().is_none_or(|known| known.size <= checkpoint.size());
        if fits && larger {
            let names = note.signatures().iter().map(|line| line.name().to_owned());
            largest = Some(Signed {
                size: checkpoint.size(),
                root: checkpoint.root().to_base64(),
                by: names.collect(),
            });
        }
    }
    Ok(largest)
}
