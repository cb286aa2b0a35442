//! Past: the reports that were made and issued before, held against the ledger as it is.

use std::path::Path;

use ledger_core::check::State;
use ledger_core::hash::Sha256;
use ledger_core::ledger::Ledger;
use ledger_core::report::{Made, Previous};
use ledger_core::tree;

use crate::evaluated::Evaluated;
use crate::failure::{Failure, Result};
use crate::{files, hashes};

/// The report that was issued last, held against the ledger as it is; and how many of the same period
/// there are.
pub(crate) fn issued(evaluated: &Evaluated, word: &str) -> Result<(Option<Previous>, u64)> {
    let all = evaluated.facts.report_issued.all();
    let same = |period: &str| period == word;
    let count = all.iter().filter(|row| same(row.what.period.as_str())).count() as u64;
    let Some(last) = all.last() else { return Ok((None, 0)) };
    let size = last.checkpoint.size;
    let root = Sha256(last.checkpoint.root);
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

/// The report that is corrected: as it was made, and over the first entries of this ledger.
///
/// Code `report-fork` where its entries are not the first of these.
pub(super) fn superseded(path: &Path, evaluated: &Evaluated) -> Result<Made> {
    let made = Made::read(&files::read(path)?)
        .map_err(|error| Failure::from(error).within(files::shown(path)))?;
    stands(&made, &evaluated.ledger).map_err(|failure| failure.within(files::shown(path)))?;
    Ok(made)
}

/// Whether a report stands on the first entries of this ledger; its size and root come back. Codes
/// `report-other` (another ledger), `report-fork` (other entries).
pub(super) fn stands(made: &Made, ledger: &Ledger) -> Result<(u64, Sha256)> {
    let origin = made.text(&["front", "ledger", "origin"]);
    if origin != ledger.origin().to_string() {
        let message = format!("it is of the ledger `{origin}`, not of this one");
        return Err(Failure::refused("report-other", message));
    }
    let (size, named) = made.stands_on()?;
    let fork = |message: String| {
        Failure::refused("report-fork", message)
            .hint("keep both, and verify the ledger against a checkpoint from outside")
    };
    if size > ledger.size() {
        let message = format!("it stands on {size} entries, and the ledger has {}", ledger.size());
        return Err(fork(message));
    }
    let root = tree::root(size, &hashes::of(ledger, None)?)?;
    if root.to_base64() != named {
        return Err(fork(format!("the first {size} entries of the ledger are not those of it")));
    }
    Ok((size, root))
}
