//! What this machine remembers outside the folder, and whether the folder agrees.

use ledger_core::ledger::Ledger;
use ledger_core::signer::Memory;

use super::around::DAY;
use super::finding::Finding;
use super::folder::Looked;
use crate::clock;
use crate::context::{Folder, holds};
use crate::failure::Result;
use crate::seen;

/// The checks of pin, receipt, checkpoint and signer.
pub(super) fn look(looked: &Looked) -> Vec<Finding> {
    let folder = &looked.folder;
    let mut found = vec![pin(folder)];
    let Some(ledger) = &looked.ledger else {
        found.push(
            Finding::unknown("memory", "receipt, checkpoint and signer: the ledger does not open")
                .command("ledger verify"),
        );
        return found;
    };
    let told = |check, said: Result<Finding>| {
        said.unwrap_or_else(|failure| Finding::of(check, &failure).command("ledger verify"))
    };
    found.push(told("receipt", receipt(folder, ledger)));
    found.push(told("checkpoint", checkpoint(folder, ledger)));
    found.push(told("signer", signer(folder, ledger)));
    found
}

fn pin(folder: &Folder) -> Finding {
    match &folder.pinned {
        Some(pinned) if *pinned == folder.origin => {
            Finding::ok("pin", "the origin is the one that was pinned outside the folder")
        }
        Some(pinned) => Finding::fail("pin", format!("`{pinned}` was pinned for this folder"))
            .hint("the folder was replaced since it was pinned; keep it as evidence"),
        None => Finding::warn("pin", "no origin was pinned here: INTEGRITY cannot be told")
            .hint(
                "hold it against what you know from elsewhere: an origin, a policy or a checkpoint",
            )
            .command("ledger verify --origin ORIGIN"),
    }
}

fn receipt(folder: &Folder, ledger: &Ledger) -> Result<Finding> {
    let Some((index, hash)) = folder.state.receipt(&folder.origin)? else {
        return Ok(Finding::ok("receipt", "none is remembered: nothing was appended from here"));
    };
    holds(ledger, index, hash)?;
    Ok(Finding::ok("receipt", format!("entry {index}, the newest acknowledged here, is there")))
}

/// The newest published checkpoint against the one remembered, and what it does not cover.
fn checkpoint(folder: &Folder, ledger: &Ledger) -> Result<Finding> {
    let Some(size) = seen::agreed(folder, ledger)? else {
        let said = format!("none: all {} entries are under no checkpoint", ledger.size());
        return Ok(Finding::warn("checkpoint", said)
            .hint("until one is signed, the folder's operator can change what was recorded unseen")
            .command("ledger checkpoint --key FILE"));
    };
    let uncovered = ledger.size().saturating_sub(size);
    if uncovered == 0 {
        return Ok(Finding::ok("checkpoint", format!("covers all {size} entries")));
    }
    let since = ledger.entry(size, |entry| entry.recorded_at)?;
    let said =
        format!("covers {size} entries; {uncovered} newer ones wait, the first since {since}");
    if clock::now()?.seconds().saturating_sub(since.seconds()) < DAY {
        return Ok(Finding::ok("checkpoint", said));
    }
    Ok(Finding::warn("checkpoint", said)
        .hint("sign one at least once a day, from another host's authority")
        .command("ledger checkpoint --key FILE"))
}

fn signer(folder: &Folder, ledger: &Ledger) -> Result<Finding> {
    let Some(Memory { size, root, .. }) = folder.state.signed(&folder.origin)? else {
        return Ok(Finding::ok("signer", "not this machine: no memory of a signer is here"));
    };
    if size > ledger.size() {
        let said = format!("{size} entries were signed here, the ledger has {}", ledger.size());
        return Ok(Finding::fail("signer", said)
            .hint("it was restored to an older state or rewritten; keep the folder as evidence")
            .command("ledger verify"));
    }
    let published = seen::shown(folder)?;
    if let Some(shown) = published.filter(|shown| shown.size() == size && *shown.root() != root) {
        let said = format!("two checkpoints of {} entries differ", shown.size());
        return Ok(Finding::fail("signer", said)
            .hint("somebody else signs with this key, or a fork was signed; keep both")
            .command("ledger verify"));
    }
    Ok(Finding::ok(
        "signer",
        format!("remembers {size} entries, and the folder does not contradict"),
    ))
}
