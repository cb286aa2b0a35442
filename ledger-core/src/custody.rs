//! Custody: the owner's side of the vault, the only store from which anything can be destroyed.
//!
//! Spec page: `spec/vault.md`. Appenders leave sealed disclosures in the inbox; the holder of the
//! vault's secret key takes them in here, opens what the log seals, and destroys it when a person
//! must be forgotten. Nothing in here is believed by `verify`, and a lost vault changes no verdict.
//!
//! A [`Vault`] is three things in one folder: a database of keys and positions, files of encrypted
//! texts, and a mark that names the database in force. The mark is replaced whole, so there is one
//! moment at which an erasure has happened. Owners hold the vault's lock: there is one at a time.

mod absorb;
mod backup;
mod check;
mod destroy;
mod erase;
mod needle;
mod open;
mod order;
mod originals;
mod positions;
mod read;
mod retain;
mod shelf;

use std::sync::Arc;

use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::store::records::{Batch, Databases, Records};
use crate::store::{self, Lock, Store};
use crate::vault::cipher::DataKey;
use crate::vault::key::VaultSecret;
use crate::vault::persons::Pseudonym;
use crate::vault::record::{self, At, Attached, Erased, Mark, Person, Texts};

pub use absorb::{Absorbed, Refused};
pub use backup::{backup, restore};
pub use check::{Checked, Fault, Untold};
pub use erase::{Erasure, Outcome, Plan, Request, draft};
pub use open::{Health, health, read_mark};
pub use read::Opened;
pub use retain::{Due, Executed};

pub use crate::retention::erased_by;

/// The file that says which database is in force.
pub const MARK: &str = "mark";
/// The lock of the owner.
pub const LOCK: &str = "lock";
/// What could not be taken in, with its reason.
pub const SET_ASIDE: &str = "set-aside";
/// The end of the name of such a reason.
const REASON: &str = ".reason";
/// Stands here while a backup is being restored.
const RESTORING: &str = "restoring";
/// Copies of attachments without the names of the erased.
pub const COPIES: &str = "copies";

/// Told of every record: its key, and its value still encrypted.
type Each<'e> = &'e mut dyn FnMut(&[u8], &[u8]) -> Result<()>;

/// Where a vault lies: its files, and its databases beside them.
#[derive(Debug)]
pub struct Home {
    /// The vault's folder.
    pub files: Arc<dyn Store>,
    /// The databases in it.
    pub databases: Box<dyn Databases>,
}

/// An open vault, held by its owner.
pub struct Vault {
    home: Home,
    records: Box<dyn Records>,
    secret: VaultSecret,
    root: DataKey,
    ledger: [u8; 32],
    generation: u64,
    commits: u64,
    _lock: Box<dyn Lock>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("generation", &self.generation)
            .field("commits", &self.commits)
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// What the vault has of a person; none when it has nothing.
    pub fn person(&self, name: Pseudonym) -> Result<Option<Person>> {
        self.get(At::Person(name))
    }

    /// Whether the person was erased, and by which entry.
    pub fn erased(&self, name: Pseudonym) -> Result<Option<Erased>> {
        self.get(At::Erased(name))
    }

    /// All persons of whom the vault has a record, ascending.
    pub fn persons(&self) -> Result<Vec<Pseudonym>> {
        let mut names = Vec::new();
        self.each(At::PERSONS, &mut |key, _| {
            let name = key.get(1..).and_then(|rest| rest.first_chunk::<16>());
            names.extend(name.copied().map(Pseudonym));
            Ok(())
        })?;
        Ok(names)
    }

    fn texts(&self, number: u64) -> Result<Option<Texts>> {
        self.get(At::Texts(number))
    }

    fn attached(&self, digest: Sha256) -> Result<Option<Attached>> {
        self.get(At::Attached(digest))
    }

    fn get<T: bincode::Decode<()>>(&self, at: At) -> Result<Option<T>> {
        let key = at.key();
        let Some(sealed) = self.records.get(&key)? else { return Ok(None) };
        record::open(&self.root, &key, &sealed).map(Some)
    }

    fn put(&self, batch: &mut Batch, at: At, value: &impl bincode::Encode) -> Result<()> {
        let key = at.key();
        let sealed = record::seal(&self.root, &key, value)?;
        batch.put(key, sealed);
        Ok(())
    }

    /// Gives every record whose key begins with `prefix` to `with`, ascending, still encrypted.
    fn each(&self, prefix: &[u8], with: Each<'_>) -> Result<()> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let pairs = self.records.scan(prefix, after.as_deref(), 1024)?;
            let Some((last, _)) = pairs.last() else { return Ok(()) };
            after = Some(last.clone());
            for (key, value) in &pairs {
                with(key, value)?;
            }
        }
    }

    /// The numbers of all files of texts.
    fn numbers(&self) -> Result<Vec<(u64, Texts)>> {
        let mut found = Vec::new();
        self.each(At::TEXTS, &mut |key, sealed| {
            if let Some(number) = key.get(1..).and_then(|rest| rest.first_chunk::<8>()) {
                let texts: Texts = record::open(&self.root, key, sealed)?;
                found.push((u64::from_be_bytes(*number), texts));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// All private attachments.
    fn attachments(&self) -> Result<Vec<(Sha256, Attached)>> {
        let mut found = Vec::new();
        self.each(At::ATTACHED, &mut |key, sealed| {
            if let Some(digest) = key.get(1..).and_then(|rest| rest.first_chunk::<32>()) {
                found.push((Sha256(*digest), record::open(&self.root, key, sealed)?));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Writes a batch, durably. The mark follows the database: if we stop between them, the database
    /// is one batch ahead of its mark, which is lawful; behind it, something was lost.
    fn commit(&mut self, mut batch: Batch) -> Result<()> {
        let commits = self.commits + 1;
        self.put(&mut batch, At::Mark, &Mark { ledger: self.ledger, commits })?;
        self.records.apply(batch)?;
        self.commits = commits;
        self.mark()
    }

    fn mark(&self) -> Result<()> {
        let text = open::mark(&self.ledger, &self.secret, self.generation, self.commits);
        store::replace(&*self.home.files, MARK, text.as_bytes())
    }
}

/// Bytes that a record counts are not there.
fn lost(what: &str) -> Error {
    Error::unavailable("vault-short", format!("`{what}` has lost bytes that were written"))
        .hint("the vault was copied in part or damaged: restore it from a backup")
}

/// The file of a copy: which attachment, and which key.
fn copy_name(digest: Sha256, key: &DataKey) -> String {
    let id = blake3::derive_key("ledger/v1 copy name", &key.to_bytes());
    let id = encoding::hex(id.first_chunk::<8>().unwrap_or(&[0; 8]));
    format!("{COPIES}/{}-{id}", encoding::hex(&digest.0))
}

/// What stands beside the reason of a file that is gone.
fn removed(entry: u64) -> String {
    format!("removed: entry {entry} erases a person, and nobody can tell whom this file names\n")
}
