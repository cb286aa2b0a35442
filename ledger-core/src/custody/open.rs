//! How a vault comes into being, is opened, and is told from something else in its folder.

use crate::encoding;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::store::records::{Batch, Records};
use crate::store::{self, Lock, Store};
use crate::vault::key::VaultSecret;
use crate::vault::record::{self, At, Mark};
use crate::vault::texts;

use super::{COPIES, Home, LOCK, MARK, RESTORING, Vault};

const FORMAT: &str = "release-ledger/vault@v1";

/// Whether there is a vault, as far as can be told without its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// There is one, by its mark.
    Marked,
    /// The folder holds nothing of a vault.
    Missing,
    /// There are parts of a vault without its mark: half a copy.
    Unmarked,
}

/// Looks whether there is a vault.
pub fn health(home: &Home) -> Result<Health> {
    if home.files.len(MARK)?.is_some() {
        return Ok(Health::Marked);
    }
    let parts = home.files.len(RESTORING)?.is_some()
        || !home.databases.names()?.is_empty()
        || !home.files.list(texts::FOLDER)?.is_empty()
        || !home.files.list(COPIES)?.is_empty();
    Ok(if parts { Health::Unmarked } else { Health::Missing })
}

impl Vault {
    /// Makes an empty vault for a ledger; codes `vault-exists`, `vault-unmarked`, `busy`.
    ///
    /// The mark comes first and counts no batch: if we stop after it, nothing was ever taken in, and
    /// the next opening makes the database again.
    pub fn create(home: Home, ledger: [u8; 32], secret: &VaultSecret) -> Result<Self> {
        let lock = home.files.lock(LOCK)?;
        match health(&home)? {
            Health::Missing => {}
            Health::Marked => {
                return Err(Error::refused("vault-exists", "there is a vault here already"));
            }
            Health::Unmarked => return Err(unmarked()),
        }
        let text = mark(&ledger, secret, 1, 0);
        store::replace(&*home.files, MARK, text.as_bytes())?;
        home.files.sync_dir("")?;
        Self::begin(home, ledger, secret, lock)
    }

    fn begin(
        home: Home,
        ledger: [u8; 32],
        secret: &VaultSecret,
        lock: Box<dyn Lock>,
    ) -> Result<Self> {
        let records = home.databases.create(&name_of(1))?;
        let (root, secret) = (secret.root(), secret.clone());
        let mut vault =
            Self { home, records, secret, root, ledger, generation: 1, commits: 0, _lock: lock };
        vault.commit(Batch::default())?;
        Ok(vault)
    }

    /// Opens the vault of a ledger, and finishes what was begun: files that no record names go, and
    /// every person whom the log says was erased is destroyed, whatever backup this vault is from.
    ///
    /// Codes `vault-missing`, `vault-unmarked`, `vault-mark`, `vault-other` (of another ledger),
    /// `vault-key-other`, `vault-behind`, `vault-record`, `database-*`, `busy`.
    /// `random` is 32 fresh random bytes.
    pub fn open(
        home: Home,
        ledger: &mut Ledger,
        secret: &VaultSecret,
        random: [u8; 32],
    ) -> Result<Self> {
        let mut vault = Self::open_as_it_is(home, ledger.origin().genesis().0, secret)?;
        vault.tidy(&**ledger.store())?;
        vault.carry_out(ledger, random)?;
        Ok(vault)
    }

    /// As [`Vault::open`], without looking at the log.
    pub(super) fn open_as_it_is(
        home: Home,
        ledger: [u8; 32],
        secret: &VaultSecret,
    ) -> Result<Self> {
        match health(&home)? {
            Health::Marked => {}
            Health::Missing => {
                return Err(Error::unavailable("vault-missing", "there is no vault here").hint(
                    "restore it with `ledger vault restore`; without it names stay pseudonyms",
                ));
            }
            Health::Unmarked => return Err(unmarked()),
        }
        let lock = home.files.lock(LOCK)?;
        let text = store::read_all(&*home.files, MARK)?.unwrap_or_default();
        let (generation, commits) = read_mark(&text, &ledger, secret)?;
        if commits == 0 {
            return Self::begin(home, ledger, secret, lock);
        }
        let records = home.databases.open(&name_of(generation))?;
        let root = secret.root();
        let key = At::Mark.key();
        let sealed = records.get(&key)?.ok_or_else(behind)?;
        let mark: Mark = record::open(&root, &key, &sealed)?;
        if mark.ledger != ledger {
            return Err(other());
        }
        if mark.commits < commits {
            return Err(behind());
        }
        let commits = mark.commits;
        let secret = secret.clone();
        Ok(Self { home, records, secret, root, ledger, generation, commits, _lock: lock })
    }

    /// Removes what no record names: databases and files of a rewrite that stopped, or that was
    /// done and could not clean up. They may hold what was erased.
    pub(super) fn tidy(&self, ledger: &dyn Store) -> Result<()> {
        // a restoring that stopped after its mark was done
        self.home.files.remove(RESTORING)?;
        for name in self.home.databases.names()? {
            if name != name_of(self.generation) {
                self.home.databases.remove(&name)?;
            }
        }
        let files = &self.home.files;
        let mut gone = false;
        let numbers = self.numbers()?;
        for name in files.list(texts::FOLDER)? {
            let there = texts::from_name(&name).is_some_and(|(number, generation)| {
                numbers.iter().any(|(n, texts)| *n == number && texts.generation == generation)
            });
            if !there {
                files.remove(&format!("{}/{name}", texts::FOLDER))?;
                gone = true;
            }
        }
        if gone {
            files.sync_dir(texts::FOLDER)?;
        }
        self.tidy_attachments(ledger)
    }

    /// Takes another database into force, durably; the old one is removed with all its bytes.
    pub(super) fn switch(&mut self, generation: u64, records: Box<dyn Records>) -> Result<()> {
        let old = name_of(self.generation);
        self.generation = generation;
        self.records = records;
        // if we stop before this, the old database is in force and the new one is tidied away
        self.mark()?;
        // if we stop before this, the next opening removes it
        self.home.databases.remove(&old)
    }
}

/// The name of the database of a generation.
pub(super) fn name_of(generation: u64) -> String {
    format!("{generation:020}")
}

/// The text of the mark.
pub(super) fn mark(
    ledger: &[u8; 32],
    secret: &VaultSecret,
    generation: u64,
    commits: u64,
) -> String {
    let (ledger, owner) = (encoding::base64(ledger), secret.public().id());
    format!("{FORMAT}\nledger {ledger}\nowner {owner}\ndatabase {generation}\nbatches {commits}\n")
}

/// Generation and batches of the mark; it must be of this ledger and this owner. Codes
/// `vault-version`, `vault-mark`, `vault-other`, `vault-key-other`.
pub fn read_mark(text: &[u8], ledger: &[u8; 32], secret: &VaultSecret) -> Result<(u64, u64)> {
    let damaged = || Error::malformed("vault-mark", "the mark of the vault is damaged").at(MARK);
    let lines = std::str::from_utf8(text).map_err(|_| damaged())?;
    let mut lines = lines.lines();
    if lines.next() != Some(FORMAT) {
        return Err(Error::unavailable("vault-version", "not a vault, version 1").at(MARK));
    }
    let mut field = |name: &str| lines.next().and_then(|line| line.strip_prefix(name));
    let (of, owner) = (field("ledger "), field("owner "));
    let generation = field("database ").and_then(|text| text.parse().ok());
    let commits = field("batches ").and_then(|text| text.parse().ok());
    let (Some(of), Some(owner), Some(generation), Some(commits)) = (of, owner, generation, commits)
    else {
        return Err(damaged());
    };
    if of != encoding::base64(ledger) {
        return Err(other());
    }
    if owner != secret.public().id() {
        return Err(Error::refused("vault-key-other", "the vault belongs to another secret key")
            .hint("give the secret with which it was made"));
    }
    if mark(ledger, secret, generation, commits).as_bytes() != text {
        return Err(damaged());
    }
    Ok((generation, commits))
}

pub(super) fn unmarked() -> Error {
    Error::unavailable("vault-unmarked", "there are parts of a vault here, without its mark").hint(
        "it was copied in part, or restoring it stopped: run `ledger vault restore` again, or move the parts away first; nothing was changed",
    )
}

fn behind() -> Error {
    Error::unavailable("vault-behind", "the database lost batches that were written")
        .hint("it was copied in part or damaged: restore it with `ledger vault restore`")
}

fn other() -> Error {
    Error::refused("vault-other", "this vault belongs to another ledger")
}
