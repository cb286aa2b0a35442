//! Spools on disk: one file for each stream, in the workspace; where that cannot be written, in the
//! state (`ledger-core/spec/spool.md`).

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger_core::checkpoint::Origin;
use ledger_core::encoding::hex;
use ledger_core::hash::Sha256;
use ledger_core::ledger::Submission;
use ledger_core::spool::{MAX_BYTES, Spool, Waiting};
use ledger_core::store::dir::Dir;
use ledger_core::store::{Lock, Store};
use ledger_core::vault::key::VaultSecret;

use crate::failure::{Failure, Result};
use crate::output::talk;
use crate::state::State;
use crate::{clock, files, random};

/// The folder in a workspace.
pub(crate) const FOLDER: &str = ".ledger";
const SUFFIX: &str = "spool";
/// Most bytes of all spools of a workspace.
const MAX_FOLDER: u64 = 64 << 20;
/// How long a stream's own hooks wait for each other.
const PATIENCE: Duration = Duration::from_secs(10);

/// The folder of spools.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    path: PathBuf,
}

/// A spool, held by this process alone.
pub(crate) struct Held {
    path: PathBuf,
    /// What stands there; none for a stream that has not begun.
    pub(crate) spool: Option<Spool>,
    /// Whether the file is as long as what was read of it.
    whole: bool,
    _lock: Box<dyn Lock>,
}

impl Place {
    /// The folder of this workspace, made if it is missing; one in the state where the workspace
    /// cannot be written.
    pub(crate) fn of(workspace: &Path, state: &State) -> Result<Self> {
        let first = Self { path: workspace.join(FOLDER) };
        first.make().map(|()| first).or_else(|failure| {
            let name = hex(&Sha256::of(workspace.as_os_str().as_encoded_bytes()).0);
            let second = Self { path: state.path("spool").join(name) };
            second.make().map_err(|_| failure)?;
            talk(format!(
                "note: the workspace cannot be written; what waits is in {}",
                second.shown()
            ));
            Ok(second)
        })
    }

    /// Every folder in which something of the workspace may wait; none is made.
    pub(crate) fn all(workspace: &Path, state: &State) -> Vec<Self> {
        let name = hex(&Sha256::of(workspace.as_os_str().as_encoded_bytes()).0);
        [workspace.join(FOLDER), state.path("spool").join(name)]
            .into_iter()
            .filter(|path| path.is_dir())
            .map(|path| Self { path })
            .collect()
    }

    /// Every folder of spools that can be found from here: that of the workspace, and those that the
    /// state keeps for workspaces which cannot be written.
    pub(crate) fn reach(workspace: &Path, state: &State) -> Vec<Self> {
        let kept = fs::read_dir(state.path("spool")).into_iter().flatten().flatten();
        std::iter::once(workspace.join(FOLDER))
            .chain(kept.map(|folder| folder.path()))
            .filter(|path| path.is_dir())
            .map(|path| Self { path })
            .collect()
    }

    /// Files that keep what the ledger refused, or what was damaged: nothing delivers them.
    pub(crate) fn left_over(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let is_left = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            name.is_some_and(|name| name.starts_with("refused-") || name.ends_with(".damaged"))
        };
        let mut found: Vec<PathBuf> = files.map(|file| file.path()).filter(is_left).collect();
        found.sort();
        found
    }

    /// How the folder is called in messages.
    pub(crate) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    fn make(&self) -> Result<()> {
        let fail = |error: std::io::Error| {
            Failure::new("spool-folder", format!("cannot write `{}`: {error}", self.shown()))
        };
        if !self.path.is_dir() {
            fs::create_dir_all(&self.path).map_err(fail)?;
            // what waits is no part of the sources
            fs::write(self.path.join(".gitignore"), "*\n").map_err(fail)?;
        }
        // even who may write where nobody may is told by a file that is opened
        fs::OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(self.path.join("lock"))
            .map(drop)
            .map_err(fail)
    }

    /// The spool of a stream, locked; its name is 16 hex digits.
    pub(crate) fn hold(&self, name: &str, patience: Option<Duration>) -> Result<Held> {
        let dir = Dir::open(&self.path, patience.unwrap_or(PATIENCE))?;
        let lock = dir.lock(&format!("{name}.lock")).map_err(Failure::from)?;
        let path = self.path.join(format!("{name}.{SUFFIX}"));
        let bytes = files::read_if_there(&path)?.unwrap_or_default();
        // an empty file is what a power cut may leave of one in which nothing waited
        let (spool, whole) = if bytes.is_empty() {
            (None, true)
        } else {
            let spool = Spool::parse(&bytes);
            let spool = spool.map_err(|error| Failure::from(error).within(files::shown(&path)))?;
            (Some(spool), bytes.ends_with(b"\n"))
        };
        Ok(Held { path, spool, whole, _lock: lock })
    }

    /// What stands in the spool of a stream, read without a lock.
    pub(crate) fn peek(&self, name: &str) -> Result<Option<Spool>> {
        let path = self.path.join(format!("{name}.{SUFFIX}"));
        match files::read_if_there(&path)?.filter(|bytes| !bytes.is_empty()) {
            Some(bytes) => Spool::parse(&bytes)
                .map(Some)
                .map_err(|error| Failure::from(error).within(files::shown(&path))),
            None => Ok(None),
        }
    }

    /// The names of all spools here, in order.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let fail = |error: std::io::Error| {
            Failure::new("spool-folder", format!("cannot read `{}`: {error}", self.shown()))
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            if path.extension().is_some_and(|extension| extension == SUFFIX)
                && let Some(stem) = path.file_stem()
            {
                names.push(stem.to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Sets a damaged spool aside once `save` has taken from its bytes what is whole; nothing of it
    /// is deleted. If we stop in between, the next hook saves the same events again, and the ledger
    /// keeps one event once.
    pub(crate) fn set_aside(
        &self,
        name: &str,
        patience: Option<Duration>,
        save: impl FnOnce(&[u8]) -> Result<()>,
    ) -> Result<PathBuf> {
        let dir = Dir::open(&self.path, patience.unwrap_or(PATIENCE))?;
        let _lock = dir.lock(&format!("{name}.lock")).map_err(Failure::from)?;
        let path = self.path.join(format!("{name}.{SUFFIX}"));
        save(&files::read(&path)?)?;
        let aside = self.path.join(format!("{name}-{}.damaged", hex(&random::bytes::<4>()?)));
        fs::rename(&path, &aside).map_err(|error| {
            Failure::new("spool-folder", format!("cannot set `{}` aside: {error}", path.display()))
        })?;
        Ok(aside)
    }

    /// Writes a further spool, durably; its name.
    pub(crate) fn put(&self, name: &str, spool: &Spool) -> Result<String> {
        let name = format!("{name}-{}", hex(&random::bytes::<4>()?));
        let path = self.path.join(format!("{name}.{SUFFIX}"));
        files::create(&path, spool.encode()?.as_bytes(), 0o600)?;
        Ok(name)
    }

    /// Keeps an event that the ledger refused, before the spool forgets it.
    pub(crate) fn keep_refused(&self, waiting: &Waiting) -> Result<PathBuf> {
        let name = format!("refused-{}.jsonl", hex(&random::bytes::<8>()?));
        let path = self.path.join(name);
        files::create(&path, waiting.encode()?.as_bytes(), 0o600)?;
        Ok(path)
    }

    /// The ledger that stood at a path when it was last reached from here.
    pub(crate) fn origin_at(&self, ledger: &Path) -> Option<Origin> {
        let text = fs::read_to_string(self.origin_file(ledger)).ok()?;
        Origin::parse(text.trim_end()).ok()
    }

    /// Remembers which ledger stands at a path.
    pub(crate) fn remember_origin(&self, ledger: &Path, origin: &Origin) -> Result<()> {
        if self.origin_at(ledger).as_ref() == Some(origin) {
            return Ok(());
        }
        let file = self.origin_file(ledger);
        files::replace(&file, format!("{origin}\n").as_bytes(), 0o600, false)
    }

    fn origin_file(&self, ledger: &Path) -> PathBuf {
        let name = hex(&Sha256::of(ledger.as_os_str().as_encoded_bytes()).0);
        self.path.join(format!("origin-{name}"))
    }

    /// Whether so many bytes more may wait here; code `spool-full`.
    fn room_for(&self, more: usize) -> Result<()> {
        let mut used = more as u64;
        for name in self.names()? {
            let path = self.path.join(format!("{name}.{SUFFIX}"));
            used += fs::metadata(path).map_or(0, |found| found.len());
        }
        if used <= MAX_FOLDER {
            return Ok(());
        }
        Err(full(&self.shown(), "64 MiB"))
    }
}

fn full(place: &str, limit: &str) -> Failure {
    Failure::new("spool-full", format!("the spool is full: more than {limit} wait"))
        .within(place.to_owned())
        .hint("reach the ledger with `ledger flush`; `ledger status` says what waits")
}

impl Held {
    /// Writes further events down, durably. If we stop in here, the next hook finds the lines that
    /// are whole; of one that is not, nothing was promised.
    pub(crate) fn add(
        &mut self,
        place: &Place,
        empty: Spool,
        events: &[Submission],
        host: &VaultSecret,
    ) -> Result<()> {
        let fresh = self.spool.is_none();
        let mut spool = self.spool.clone().unwrap_or(empty);
        let ledger = spool.ledger.genesis().0;
        let at = clock::now()?;
        let mut lines = String::new();
        for event in events {
            let waiting = Waiting::new(event, host.public(), ledger, at, &random::bytes()?)?;
            lines.push_str(&waiting.encode()?);
            spool.waiting.push(waiting);
        }
        place.room_for(lines.len())?;
        let there = fs::metadata(&self.path).map_or(0, |found| found.len());
        if there.saturating_add(lines.len() as u64) > MAX_BYTES as u64 {
            return Err(full(&self.path.display().to_string(), "16 MiB"));
        }
        if fresh || !self.whole {
            files::replace(&self.path, spool.encode()?.as_bytes(), 0o600, true)?;
        } else {
            self.append(lines.as_bytes()).map_err(|error| {
                Failure::new("spool-write", format!("cannot write: {error}"))
                    .within(self.path.display().to_string())
            })?;
        }
        (self.spool, self.whole) = (Some(spool), true);
        Ok(())
    }

    fn append(&mut self, lines: &[u8]) -> std::io::Result<()> {
        // until it is known to be whole, the next writer writes the file anew
        self.whole = false;
        let mut file = fs::OpenOptions::new().append(true).open(&self.path)?;
        file.write_all(lines)?;
        file.sync_data()
    }

    /// Writes the file as it stands in memory; a stream that has ended leaves none.
    ///
    /// If we stop before, events that were delivered are delivered again, and the ledger knows them.
    /// So only what still waits needs to be durable.
    pub(crate) fn save(&mut self, ended: bool) -> Result<()> {
        let Some(spool) = &self.spool else { return Ok(()) };
        if ended && spool.waiting.is_empty() {
            self.spool = None;
            return files::remove(&self.path);
        }
        let durable = !spool.waiting.is_empty();
        files::replace(&self.path, spool.encode()?.as_bytes(), 0o600, durable)
    }

    /// Takes back what was written down last: the ledger refused it, and it was told so.
    pub(crate) fn back_to(&mut self, before: Option<Spool>) -> Result<()> {
        self.spool = before;
        match &self.spool {
            Some(spool) => files::replace(&self.path, spool.encode()?.as_bytes(), 0o600, true),
            None if self.path.exists() => files::remove(&self.path),
            None => Ok(()),
        }
    }

    /// Makes way for a new stream: what is left of the old one keeps waiting under another name.
    pub(crate) fn rotate(&mut self) -> Result<()> {
        let stem = self.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = format!("{}-{}.{SUFFIX}", stem.unwrap_or_default(), hex(&random::bytes::<4>()?));
        fs::rename(&self.path, self.path.with_file_name(name)).map_err(|error| {
            Failure::new("spool-folder", format!("cannot make way for a new stream: {error}"))
        })?;
        self.spool = None;
        Ok(())
    }
}

/// The host's own key, under which spools keep what events seal; made when it is first needed.
pub(crate) fn host_key(state: &State, make: bool) -> Result<VaultSecret> {
    let path = state.path("host.secret");
    let Some(bytes) = files::read_if_there(&path)? else {
        if !make {
            return Err(Failure::new("host-key", "the host's key is gone")
                .within(path.display().to_string())
                .hint("what waits can be opened only with the key that sealed it"));
        }
        state.make_folder_of("host.secret")?;
        let secret = VaultSecret::generate(&random::bytes()?);
        let temporary = state.path(&format!("host.secret.{}", hex(&random::bytes::<8>()?)));
        files::create(&temporary, secret.to_line().as_bytes(), 0o600)?;
        // whoever comes second takes the key of the first; if we stop here, a spare file is left
        let linked = fs::hard_link(&temporary, &path);
        files::remove(&temporary)?;
        return match linked {
            Ok(()) => Ok(secret),
            Err(_) => host_key(state, false),
        };
    };
    private(&path)?;
    VaultSecret::parse(&bytes)
        .map_err(|error| Failure::from(error).within(path.display().to_string()))
}

/// Only its owner may read a file with a secret; code `key-permissions`, status 3.
pub(crate) fn private(path: &Path) -> Result<()> {
    let Ok(found) = fs::metadata(path) else { return Ok(()) };
    let mode = found.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(Failure::new("key-permissions", format!("others may read the key: its mode is {mode:04o}"))
        .within(path.display().to_string())
        .hint(format!("`chmod 600 {}`", path.display()))
        .exit(3))
}
