//! Verified: a folder held against what is known outside it. `verify`, `demo` and what evaluates go this
//! way alike.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger_core::anchor::Roots;
use ledger_core::checkpoint::Origin;
use ledger_core::hash::Blake3;
use ledger_core::policy::Policy;
use ledger_core::signature::Mode;
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;
use ledger_core::verify::{self, Options, Report};

use crate::context::Folder;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{environment, files, random};

/// From this many entries on, what must be unique is sorted on disk instead of in memory.
const SPILL_FROM: u64 = 200_000;

/// What is known from outside the folder.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) policy: Option<Policy>,
    pub(crate) older: Vec<Vec<u8>>,
    pub(crate) receipts: Vec<(u64, Blake3)>,
    pub(crate) origin: Option<Origin>,
    pub(crate) one_by_one: bool,
    /// Who certifies authorities for times.
    pub(crate) roots: Option<Roots>,
}

/// Verifies a folder against what is known, the pin and the remembered receipt among it.
pub(crate) fn check(folder: &Folder, known: &Known) -> Result<Report> {
    let mut receipts = known.receipts.clone();
    let remembered = folder.state.receipt(&folder.origin)?;
    receipts.extend(remembered.filter(|receipt| !known.receipts.contains(receipt)));
    // the head only says how much work to expect; verification reads it again
    let head = ledger_core::head::Head::read(&*folder.store).ok().flatten();
    let large = head.is_some_and(|read| read.head.size >= SPILL_FROM);
    let scratch = if large { Some(Scratch::new()?) } else { None };
    let progress = Progress::of("entries");
    let tell = |done, all| progress.at(done, all);
    let options = Options {
        policy: known.policy.as_ref(),
        pinned: known.origin.as_ref().or(folder.pinned.as_ref()),
        older: &known.older,
        receipts: &receipts,
        mode: if known.one_by_one { Mode::OneByOne } else { Mode::Bulk },
        random: random::bytes()?,
        scratch: scratch.as_ref().map(|scratch| &scratch.store as &dyn Store),
        progress: Some(&tell),
        roots: known.roots.as_ref(),
    };
    verify::verify(&*folder.store, &options)
        .map_err(|error| Failure::from(error).within(folder.shown()))
}

/// Reads the policy of a reader: whose word on a checkpoint counts.
pub(crate) fn read_policy(file: &Path) -> Result<Policy> {
    let bytes = files::read(file)?;
    Policy::parse(&bytes).map_err(|error| {
        Failure::from(error).within(files::shown(file)).hint(
            "a policy has lines `log VKEY`, `witness NAME VKEY`, `quorum none` or `quorum NAME`",
        )
    })
}

/// A folder of its own below the system's temporary one, removed when it is dropped.
pub(crate) struct Scratch {
    /// Where it is.
    pub(crate) path: PathBuf,
    store: Dir,
}

impl Scratch {
    /// Makes the folder.
    pub(crate) fn new() -> Result<Self> {
        let name = ledger_core::encoding::hex(&random::bytes::<8>()?);
        let path = environment::temporary().join(format!("ledger-verify-{name}"));
        let store = Dir::create(&path, Duration::ZERO)?;
        Ok(Self { path, store })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
