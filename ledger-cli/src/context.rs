//! What every command has at hand: where the ledger is, what is remembered, where output goes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ledger_core::checkpoint::Origin;
use ledger_core::hash::Blake3;
use ledger_core::ledger::{self, Ledger};
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;
use ledger_core::vault::{key, persons};

use crate::environment;
use crate::failure::{Failure, Result};
use crate::files;
use crate::output::{Out, talk};
use crate::state::State;

/// How long a command waits for another process that writes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Told once by every command that stands on a ledger whose vault is gone.
const NO_PERSONS: &str = "note: the persons of the vault are not here: verdicts are the same, new \
    entries name nobody; restore them with `ledger vault restore`";

/// The options that all commands share.
pub(crate) struct Context {
    /// Where data goes.
    pub(crate) out: Out,
    ledger: Option<PathBuf>,
    state: Option<PathBuf>,
    patience: Duration,
}

/// A folder that says it is a ledger; nothing in it was read yet but its origin.
pub(crate) struct Folder {
    /// The store in it.
    pub(crate) store: Arc<dyn Store>,
    /// Where it is, from the root.
    pub(crate) path: PathBuf,
    /// What it says it is.
    pub(crate) origin: Origin,
    /// What this machine remembers about it.
    pub(crate) state: State,
    /// The origin that was pinned for it, if one was.
    pub(crate) pinned: Option<Origin>,
}

impl Context {
    /// From the options as they were given.
    pub(crate) fn new(json: bool, ledger: Option<PathBuf>, state: Option<PathBuf>) -> Self {
        Self { out: Out::new(json), ledger, state, patience: PATIENCE }
    }

    /// The same options for a command that another one runs; what it prints is kept.
    pub(crate) fn within(json: bool, ledger: Option<PathBuf>, state: Option<PathBuf>) -> Self {
        Self { out: Out::kept(json), ledger, state, patience: PATIENCE }
    }

    /// Waits no longer than this for another process that writes.
    pub(crate) fn hurry(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// The folder of the ledger: `--ledger`, or `LEDGER_DIR`.
    pub(crate) fn ledger_path(&self) -> Result<PathBuf> {
        match &self.ledger {
            Some(path) => Ok(path.clone()),
            None => environment::path(environment::DIR)?.ok_or_else(|| {
                Failure::new("ledger-unnamed", "no ledger is named")
                    .hint(format!("give --ledger DIR, or set `{}`", environment::DIR))
            }),
        }
    }

    /// Names another folder or server than the common options do.
    pub(crate) fn deliver_to(&mut self, address: &str) {
        self.ledger = Some(PathBuf::from(address));
    }

    /// The address of a server, if that is what stands for the ledger.
    pub(crate) fn server(&self) -> Result<Option<String>> {
        let path = self.ledger_path()?;
        let text = path.to_string_lossy();
        let is_address = text.starts_with("https://") || text.starts_with("http://");
        Ok(is_address.then(|| text.trim_end_matches('/').to_owned()))
    }

    /// Where the ledger is, as it is remembered in states and workspaces.
    pub(crate) fn place(&self) -> Result<PathBuf> {
        match self.server()? {
            Some(address) => Ok(PathBuf::from(address)),
            None => files::absolute(&self.ledger_path()?),
        }
    }

    /// How long another process, or a server, is waited for.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// What is remembered outside the folder: `--state`, `LEDGER_STATE`, or the user's state folder.
    pub(crate) fn state(&self) -> Result<State> {
        let root = match &self.state {
            Some(path) => path.clone(),
            None => match environment::path(environment::STATE)? {
                Some(path) => path,
                None => environment::default_state()?,
            },
        };
        files::absolute(&root).map(State::at)
    }

    /// The folder of the ledger, and what is remembered of it.
    pub(crate) fn folder(&self) -> Result<Folder> {
        let path = self.ledger_path()?;
        let folder = folder_within(&path, self.state()?, self.patience)?;
        if folder.store.len(persons::INDEX)?.is_none() && folder.store.len(key::FILE)?.is_some() {
            talk(NO_PERSONS);
        }
        Ok(folder)
    }

    /// Opens the ledger, if it is the one that was pinned here.
    pub(crate) fn open(&self) -> Result<(Folder, Ledger)> {
        let folder = self.folder()?;
        let ledger = folder.open()?;
        Ok((folder, ledger))
    }

    /// Opens the ledger to append: it must hold the newest receipt that this machine remembers.
    pub(crate) fn open_to_append(&self) -> Result<(Folder, Ledger)> {
        self.open_beside(|_| Ok(())).map(|(folder, ledger, ())| (folder, ledger))
    }

    /// As [`Context::open_to_append`], with what is to be read before the ledger.
    pub(crate) fn open_beside<T>(
        &self,
        before: impl FnOnce(&Folder) -> Result<T>,
    ) -> Result<(Folder, Ledger, T)> {
        let folder = self.folder()?;
        // read before the ledger: a receipt from a process that appends meanwhile is no rollback
        let receipt = folder.state.receipt(&folder.origin)?;
        let read = before(&folder)?;
        let ledger = folder.open()?;
        if let Some((index, hash)) = receipt {
            holds(&ledger, index, hash).map_err(|failure| failure.within(folder.shown()))?;
        }
        Ok((folder, ledger, read))
    }
}

impl Folder {
    /// How the folder is called in messages.
    pub(crate) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// Says where something could not be reached, unless that is known already.
    pub(crate) fn place(&self, failure: Failure) -> Failure {
        let lost = failure.unavailable() && failure.place().is_none();
        if lost { failure.within(self.shown()) } else { failure }
    }

    /// The same folder with none of its files open: what was replaced in it is seen.
    pub(crate) fn afresh(&self) -> Result<Self> {
        folder_within(&self.path, self.state.clone(), PATIENCE)
    }

    /// Opens the ledger, if it is the one that was pinned for this path.
    pub(crate) fn open(&self) -> Result<Ledger> {
        if let Some(pinned) = self.pinned.as_ref().filter(|pinned| **pinned != self.origin) {
            return Err(Failure::refused(
                "pin",
                format!("another ledger stands here: `{}`, not `{pinned}`", self.origin),
            )
            .within(self.shown())
            .hint("the folder was replaced since it was pinned; keep it as evidence"));
        }
        Ledger::open(Arc::clone(&self.store))
            .map_err(|error| Failure::from(error).within(self.shown()))
    }
}

/// The folder at a path, and what is remembered of it.
pub(crate) fn folder_at(path: &Path, state: State) -> Result<Folder> {
    folder_within(path, state, PATIENCE)
}

fn folder_within(path: &Path, state: State, patience: Duration) -> Result<Folder> {
    let shown = path.display().to_string();
    let place = |error| Failure::from(error).within(shown.clone());
    let dir = Dir::open(path, patience).map_err(|error| {
        if error.code() == "missing" {
            Failure::new("ledger-none", format!("there is no folder `{shown}`"))
                .hint("make a ledger with `ledger init`, or name its folder with --ledger")
        } else {
            place(error).hint("name the ledger's folder with --ledger")
        }
    })?;
    let store: Arc<dyn Store> = Arc::new(dir);
    let origin = ledger::read_format(&*store).map_err(place)?;
    let path = files::absolute(path)?;
    let pinned = state.pinned(&path, &origin)?;
    Ok(Folder { store, path, origin, state, pinned })
}

/// Whether the ledger still holds a receipt; code `rollback`.
pub(crate) fn holds(ledger: &Ledger, index: u64, hash: Blake3) -> Result<()> {
    let found = if index < ledger.size() { Some(ledger.line(index)?) } else { None };
    if found.is_some_and(|line| Blake3::of(&line) == hash) {
        return Ok(());
    }
    Err(Failure::refused(
        "rollback",
        format!("the ledger no longer holds entry {index}, which it acknowledged"),
    )
    .hint("it was restored to an older state or rewritten; run `ledger verify`, keep the folder as evidence"))
}
