//! The vault: whether it is there and this ledger's, and what waits for it.

use ledger_core::custody::{self, Health, MARK, SET_ASIDE};
use ledger_core::store;
use ledger_core::vault::{inbox, key, persons};

use super::finding::Finding;
use super::folder::Looked;
use crate::commands::owner::{self, Where};
use crate::context::Folder;
use crate::failure::Result;
use crate::hook::spool;

/// From this many files on the inbox is emptied too rarely.
const MANY: usize = 10_000;

/// The checks of the vault.
pub(super) fn look(looked: &Looked, at: &Where) -> Vec<Finding> {
    let folder = &looked.folder;
    match examine(folder, at) {
        Ok(found) => found,
        Err(failure) => vec![Finding::of("vault", &failure)],
    }
}

fn examine(folder: &Folder, at: &Where) -> Result<Vec<Finding>> {
    if folder.store.len(key::FILE)?.is_none() {
        return Ok(vec![Finding::fail("vault", "the vault's public key is missing").hint(
            format!("restore `{}` from a copy: nothing can be sealed without it", key::FILE),
        )]);
    }
    let mut found = vec![vault(folder, at)?];
    if folder.store.len(persons::INDEX)?.is_none() {
        found.push(
            Finding::warn("persons", "the persons are not here: new entries name nobody")
                .command("ledger vault restore DIR"),
        );
    }
    let waiting = inbox::waiting(&*folder.store)?.len();
    found.push(match waiting {
        0 => Finding::ok("inbox", "nothing waits for the vault's owner"),
        _ if waiting < MANY => {
            Finding::ok("inbox", format!("{waiting} files wait for the vault's owner"))
        }
        _ => Finding::warn("inbox", format!("{waiting} files wait for the vault's owner"))
            .command("ledger vault absorb"),
    });
    Ok(found)
}

fn vault(folder: &Folder, at: &Where) -> Result<Finding> {
    let path = at.path(folder);
    if !path.is_dir() {
        return Ok(missing());
    }
    let home = owner::home_in(&path)?;
    match custody::health(&home)? {
        Health::Missing => return Ok(missing()),
        Health::Unmarked => {
            return Ok(Finding::fail("vault", "parts of a vault are here, without its mark")
                .hint("it was copied in part, or restoring it stopped")
                .command("ledger vault restore DIR"));
        }
        Health::Marked => {}
    }
    let aside = home.files.list(SET_ASIDE)?.len() / 2;
    if aside > 0 {
        return Ok(Finding::warn("vault", format!("{aside} files could not be taken in"))
            .hint(format!("each lies in {}/{SET_ASIDE} with its reason", path.display())));
    }
    let secret_at = at.secret_path(folder);
    if !secret_at.exists() {
        return Ok(Finding::ok("vault", "is here; the secret that opens it is elsewhere"));
    }
    if let Err(failure) = spool::private(&secret_at) {
        return Ok(
            Finding::of("vault", &failure).command(format!("chmod 600 {}", secret_at.display()))
        );
    }
    let secret = at.secret(folder)?;
    let mark = store::read_all(&*home.files, MARK)?.unwrap_or_default();
    let (database, batches) = custody::read_mark(&mark, &folder.origin.genesis().0, &secret)?;
    Ok(Finding::ok("vault", format!("version 1, database {database}, {batches} batches"))
        .hint("`ledger vault check` derives every pseudonym again"))
}

fn missing() -> Finding {
    Finding::ok("vault", "none is here yet; what is sealed waits in the inbox")
        .command("ledger vault absorb")
}
