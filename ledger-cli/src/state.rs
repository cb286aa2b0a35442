//! What is remembered outside the ledger's folder, so that a folder cannot speak for itself alone.
//!
//! ```text
//! <state>/paths/<hash of an absolute path>   which ledger stands at that path
//! <state>/<genesis hash>/pin                 the origin, and where the ledger was made
//! <state>/<genesis hash>/receipt             the newest receipt: index and hash of the entry
//! <state>/<genesis hash>/checkpoint          the newest checkpoint that a producer here has seen
//! <state>/<genesis hash>/signer              what the signer of checkpoints signed last
//! <state>/<genesis hash>/vault.secret        the secret that opens the vault's inbox
//! <state>/witness/<key id>/<hash of origin>  what a witness cosigned last
//! ```

use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger_core::checkpoint::Origin;
use ledger_core::encoding::hex;
use ledger_core::hash::{Blake3, Sha256};
use ledger_core::signer::Memory;
use ledger_core::store::dir::Dir;
use ledger_core::store::{self, Lock, Store};

use crate::failure::{Failure, Result};

const PIN: &str = "release-ledger/pin@v1";
const CHECKPOINT: &str = "checkpoint";
const RECEIPT: &str = "release-ledger/receipt@v1";
const PATIENCE: Duration = Duration::from_secs(10);

/// The folder of the state; made when something is first remembered.
#[derive(Clone, Debug)]
pub(crate) struct State {
    root: PathBuf,
}

impl State {
    /// The state in a folder that need not exist.
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where something is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The name of something of one ledger.
    pub(crate) fn of(origin: &Origin, name: &str) -> String {
        format!("{}/{name}", hex(&origin.genesis().0))
    }

    /// Reads a file, or none.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        if !self.root.exists() {
            return Ok(None);
        }
        store::read_all(&self.open()?, name).map_err(|error| self.of_state(error))
    }

    /// Replaces a file, durably.
    pub(crate) fn keep(&self, name: &str, bytes: &[u8]) -> Result<()> {
        store::replace(&self.made()?, name, bytes).map_err(|error| self.of_state(error))
    }

    /// Holds a lock until the guard is dropped.
    pub(crate) fn lock(&self, name: &str) -> Result<Box<dyn Lock>> {
        self.made()?.lock(name).map_err(|error| self.of_state(error))
    }

    /// Makes the folder that will hold the file.
    pub(crate) fn make_folder_of(&self, name: &str) -> Result<()> {
        let folder = self.root.join(store::parent(name));
        Dir::create(folder, PATIENCE).map(drop).map_err(|error| self.of_state(error))
    }

    /// The file in which the signer of checkpoints remembers what it signed last.
    pub(crate) fn signer(origin: &Origin) -> String {
        Self::of(origin, "signer")
    }

    /// What the signer of checkpoints remembers, if it signed before.
    pub(crate) fn signed(&self, origin: &Origin) -> Result<Option<Memory>> {
        let name = Self::signer(origin);
        let read = self.read(&name)?;
        let read = read.map(|bytes| Memory::parse(&String::from_utf8_lossy(&bytes))).transpose();
        read.map_err(|error| Failure::from(error).within(self.path(&name).display().to_string()))
    }

    /// Remembers what was signed: before it is published.
    pub(crate) fn keep_signed(&self, origin: &Origin, memory: &Memory) -> Result<()> {
        self.keep(&Self::signer(origin), memory.encode().as_bytes())
    }

    /// Remembers that this ledger stands at this path. Gives the origin that stood there before.
    pub(crate) fn pin(&self, origin: &Origin, path: &Path) -> Result<Option<Origin>> {
        let before = self.pinned_at(path)?.filter(|before| before != origin);
        let text = format!("{PIN}\n{origin}\n{}\n", path.display());
        self.keep(&Self::of(origin, "pin"), text.as_bytes())?;
        self.keep(&by_path(path), text.as_bytes())?;
        Ok(before)
    }

    /// The origin pinned for the path; else the given one, if it was pinned anywhere.
    pub(crate) fn pinned(&self, path: &Path, claimed: &Origin) -> Result<Option<Origin>> {
        if let Some(origin) = self.pinned_at(path)? {
            return Ok(Some(origin));
        }
        let pin = self.read(&Self::of(claimed, "pin"))?;
        pin.map(|bytes| parse_pin(&bytes)).transpose()
    }

    /// The origin pinned for the path, whatever stands there now.
    pub(crate) fn pinned_at(&self, path: &Path) -> Result<Option<Origin>> {
        self.read(&by_path(path))?.map(|bytes| parse_pin(&bytes)).transpose()
    }

    /// The newest receipt of the ledger that this machine remembers.
    pub(crate) fn receipt(&self, origin: &Origin) -> Result<Option<(u64, Blake3)>> {
        let name = Self::of(origin, "receipt");
        let Some(bytes) = self.read(&name)?.filter(|bytes| !bytes.is_empty()) else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.lines();
        let found = match (lines.next(), lines.next(), lines.next(), lines.next()) {
            (Some(RECEIPT), Some(index), Some(hash), None) => {
                index.parse().ok().zip(Blake3::from_base64(hash.as_bytes()).ok())
            }
            _ => None,
        };
        found.map(Some).ok_or_else(|| damaged("the remembered receipt", &self.path(&name)))
    }

    /// Remembers a receipt if it is newer. Not synced: losing it to a crash loses a witness, not
    /// evidence, and an append waits for no second disk.
    pub(crate) fn remember(&self, origin: &Origin, index: u64, hash: Blake3) -> Result<()> {
        let name = Self::of(origin, "receipt");
        let dir = self.made()?;
        let _lock = dir.lock(&format!("{name}.lock")).map_err(|error| self.of_state(error))?;
        if self.receipt(origin)?.is_some_and(|(known, _)| known >= index) {
            return Ok(());
        }
        let text = format!("{RECEIPT}\n{index}\n{}\n", hash.to_base64());
        crate::files::replace(&self.path(&name), text.as_bytes(), 0o644, false)
    }

    /// The newest checkpoint that a producer here has seen, as its signed note.
    pub(crate) fn checkpoint(&self, origin: &Origin) -> Result<Option<Vec<u8>>> {
        crate::files::read_if_there(&self.checkpoint_path(origin))
    }

    /// Where [`State::checkpoint`] is kept.
    pub(crate) fn checkpoint_path(&self, origin: &Origin) -> PathBuf {
        self.path(&Self::of(origin, CHECKPOINT))
    }

    /// Remembers a newer checkpoint. Not synced, as [`State::remember`]; of two that do so at once
    /// the last one stays, which costs a note, not a promise.
    pub(crate) fn remember_checkpoint(&self, origin: &Origin, note: &[u8]) -> Result<()> {
        let name = Self::of(origin, CHECKPOINT);
        let _lock = self.lock(&format!("{name}.lock"))?;
        crate::files::replace(&self.path(&name), note, 0o644, false)
    }

    fn open(&self) -> Result<Dir> {
        Dir::open(&self.root, PATIENCE).map_err(|error| self.of_state(error))
    }

    fn made(&self) -> Result<Dir> {
        Dir::create(&self.root, PATIENCE).map_err(|error| self.of_state(error))
    }

    fn of_state(&self, error: ledger_core::error::Error) -> Failure {
        Failure::from(error)
            .within(format!("state `{}`", self.root.display()))
            .hint("the state is what is kept outside the ledger; --state names another folder")
    }
}

/// A lock beside a file of the user's, held until it is dropped.
pub(crate) struct Guard(#[expect(dead_code, reason = "held, not read")] Box<dyn Lock>);

impl Guard {
    /// Locks `<file>.lock`.
    pub(crate) fn beside(file: &Path) -> Result<Self> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let name = file.file_name().map(|name| format!("{}.lock", name.to_string_lossy()));
        let name = name.ok_or_else(|| {
            Failure::new("not-a-file", format!("`{}` names no file", file.display()))
                .hint("name a file, or a new one in a folder that exists")
        })?;
        let dir = Dir::open(folder.unwrap_or(Path::new(".")), PATIENCE)?;
        Ok(Self(dir.lock(&name)?))
    }
}

fn by_path(path: &Path) -> String {
    format!("paths/{}", hex(&Sha256::of(path.as_os_str().as_encoded_bytes()).0))
}

fn parse_pin(bytes: &[u8]) -> Result<Origin> {
    let text = String::from_utf8_lossy(bytes);
    let origin = text.strip_prefix(PIN).and_then(|rest| rest.strip_prefix('\n')?.lines().next());
    origin
        .and_then(|origin| Origin::parse(origin).ok())
        .ok_or_else(|| damaged("the pin", Path::new("pin")))
}

fn damaged(what: &str, path: &Path) -> Failure {
    Failure::new("state-damaged", format!("{what} is not what was written: `{}`", path.display()))
        .hint("restore the file from a copy; only if there is none, remove it")
}
