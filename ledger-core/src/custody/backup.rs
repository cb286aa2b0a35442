//! Backup and restore: a vault copied whole, record by record and file by file.

use crate::error::{Error, Result};
use crate::ledger::{self, Ledger};
use crate::store;
use crate::store::records::Batch;
use crate::vault::key::VaultSecret;
use crate::vault::persons::{DELTA, INDEX};
use crate::vault::texts;

use super::open::{Health, health, name_of, unmarked};
use super::{COPIES, Home, MARK, RESTORING, SET_ASIDE, Vault};

/// The folder of the persons in a backup; in a ledger it is `vault`.
const PERSONS: &str = "persons";

/// Copies an open vault, and the ledger's persons, into an empty place.
///
/// The mark comes last: if we stop before it, the copy is no vault. Codes `backup-taken`.
pub fn backup(vault: &Vault, ledger: &Ledger, to: &Home) -> Result<()> {
    if health(to)? != Health::Missing || !to.files.list("")?.is_empty() {
        return Err(taken());
    }
    copy(vault, to)?;
    let store = &**ledger.store();
    let _lock = store.lock(ledger::LOCK)?;
    for name in [INDEX, DELTA] {
        if let Some(bytes) = store::read_all(store, name)? {
            store::replace(&*to.files, &persons_name(name), &bytes)?;
        }
    }
    close(vault, to)
}

/// Makes a backup the vault of a ledger again, in an empty place, and opens it: every person whom the
/// log says was erased is erased from it before anything is given out.
///
/// A restoring that stopped is begun again. The ledger's persons are restored only if it has none. Codes
/// `vault-exists`, `vault-unmarked` and those of [`Vault::open`].
pub fn restore(
    from: Home,
    to: Home,
    ledger: &mut Ledger,
    secret: &VaultSecret,
    random: [u8; 32],
) -> Result<Vault> {
    match health(&to)? {
        Health::Missing => {}
        Health::Unmarked if to.files.len(RESTORING)?.is_some() => clear(&to)?,
        Health::Unmarked => return Err(unmarked()),
        Health::Marked => {
            return Err(Error::refused("vault-exists", "there is a vault here already")
                .hint("move it away first; a backup is restored into an empty place"));
        }
    }
    let files = std::sync::Arc::clone(&from.files);
    let backup = Vault::open_as_it_is(from, ledger.origin().genesis().0, secret)?;
    // if we stop after this, what is here was copied from a backup and may be cleared
    store::replace(&*to.files, RESTORING, b"")?;
    copy(&backup, &to)?;
    let store = &**ledger.store();
    {
        let _lock = store.lock(ledger::LOCK)?;
        if store.len(INDEX)?.is_none() {
            // the index last: without it there are no persons yet
            for name in [DELTA, INDEX] {
                if let Some(bytes) = store::read_all(&*files, &persons_name(name))? {
                    store::replace(store, name, &bytes)?;
                }
            }
        }
    }
    close(&backup, &to)?;
    to.files.remove(RESTORING)?;
    drop(backup);
    Vault::open(to, ledger, secret, random)
}

/// Removes what a restoring that stopped had copied; it has no mark, so it is no vault.
fn clear(to: &Home) -> Result<()> {
    for name in to.databases.names()? {
        to.databases.remove(&name)?;
    }
    for folder in [texts::FOLDER, COPIES, SET_ASIDE] {
        for name in to.files.list(folder)? {
            to.files.remove(&format!("{folder}/{name}"))?;
        }
    }
    Ok(())
}

fn copy(vault: &Vault, to: &Home) -> Result<()> {
    let records = to.databases.create(&name_of(vault.generation))?;
    let mut batch = Batch::default();
    vault.each(b"", &mut |key, value| {
        batch.put(key.to_vec(), value.to_vec());
        if batch.0.len() >= 4_096 { records.apply(std::mem::take(&mut batch)) } else { Ok(()) }
    })?;
    records.apply(batch)?;
    for folder in [texts::FOLDER, COPIES, SET_ASIDE] {
        for name in vault.home.files.list(folder)? {
            let name = format!("{folder}/{name}");
            let bytes = store::read_all(&*vault.home.files, &name)?.unwrap_or_default();
            store::replace(&*to.files, &name, &bytes)?;
        }
    }
    Ok(())
}

/// The mark of the copy; from here on it is a vault.
fn close(vault: &Vault, to: &Home) -> Result<()> {
    let text = super::open::mark(&vault.ledger, &vault.secret, vault.generation, vault.commits);
    store::replace(&*to.files, MARK, text.as_bytes())?;
    to.files.sync_dir("")
}

fn persons_name(name: &str) -> String {
    format!("{PERSONS}/{}", name.rsplit('/').next().unwrap_or(name))
}

fn taken() -> Error {
    Error::refused("backup-taken", "the folder is not empty").hint("name a new folder")
}
