//! A disk in memory that can lose its power (feature `store-contract`).
//!
//! It keeps apart what a running program sees and what the plates hold. [`SimulatedDisk::crash`]
//! gives one of the disks that a power cut may leave: of what was not synced, sectors of 512 bytes
//! are kept, dropped, torn or reordered, and names are there or not, as a seed decides. The rules
//! are POSIX at its worst: creating a file and syncing it does not sync its name; a rename happens
//! whole or not at all within one folder, and half of it counts when only one of two folders was
//! synced. Folders themselves are durable when made, as [`super::Store`] demands.

mod inode;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::inode::Inode;
use super::{Lock, Store, check_folder, check_name, parent};
use crate::error::{Error, Result};

/// A disk; clones are the same disk. Locks are not waited for.
#[derive(Clone, Debug, Default)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    /// Names as the running program sees them, and as the plates hold them.
    names: Names,
    durable: Names,
    pending: Vec<Change>,
    locks: BTreeSet<String>,
    syncs: u64,
    failing_sync: Option<u64>,
}

type Names = BTreeMap<String, usize>;

/// A change of names that is not yet durable.
#[derive(Clone, Debug)]
struct Change {
    /// Names that go, and names that come, each with its file.
    gone: Vec<String>,
    come: Vec<(String, usize)>,
    /// A failed sync marked it clean: no later sync makes it durable.
    clean: bool,
}

impl Change {
    fn apply(&self, names: &mut Names) {
        names.retain(|name, _| !self.gone.contains(name));
        names.extend(self.come.iter().cloned());
    }

    /// Takes out the part that concerns one folder.
    fn split(&mut self, dir: &str) -> Self {
        let inside = |name: &String| parent(name) == dir;
        Self {
            gone: self.gone.extract_if(.., |name| inside(name)).collect(),
            come: self.come.extract_if(.., |(name, _)| inside(name)).collect(),
            clean: self.clean,
        }
    }

    fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.come.is_empty()
    }
}

impl SimulatedDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// A disk that a power cut now may leave; the same seed gives the same disk. This one stays.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let state = self.state();
        let mut dice = Dice(seed);
        let mut names = state.durable.clone();
        let keep = dice.below(4);
        let cut = dice.below(state.pending.len() as u64 + 1);
        for (position, change) in (0..).zip(&state.pending) {
            let happened = match keep {
                0 => false,
                1 => true,
                2 => position < cut,
                _ => dice.below(2) == 0,
            };
            if happened {
                change.apply(&mut names);
            }
        }
        let inodes = state.inodes.iter().map(|inode| inode.crash(&mut dice)).collect();
        let after = State { inodes, durable: names.clone(), names, ..State::default() };
        Self { state: Arc::new(Mutex::new(after)) }
    }

    /// Makes a coming sync (of a file or a folder) fail: the next for 0, the one after it for 1.
    ///
    /// As on Linux, what it should have written is marked clean all the same: later syncs succeed
    /// without it, reads still see it, and a crash may take it away.
    pub fn fail_sync(&self, after: u64) {
        let mut state = self.state();
        state.failing_sync = Some(state.syncs + after);
    }

    /// How many syncs of files and folders there were.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// Whether a power cut now could change anything.
    pub fn is_durable(&self) -> bool {
        let state = self.state();
        state.pending.is_empty()
            && state.names.values().all(|at| state.inodes.get(*at).is_none_or(Inode::is_durable))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_folder(&self, name: &str) -> bool {
        let prefix = format!("{name}/");
        self.names
            .range(prefix.clone()..)
            .next()
            .is_some_and(|(found, _)| found.starts_with(&prefix))
    }

    fn no_folder(&self, name: &str) -> Result<()> {
        check_name(name)?;
        if self.is_folder(name) {
            return Err(Error::unavailable(
                "not-a-file",
                format!("`{name}` is a folder, not a file"),
            ));
        }
        Ok(())
    }

    fn no_file(&self, dir: &str) -> Result<()> {
        if self.names.contains_key(dir) {
            return Err(Error::unavailable(
                "not-a-folder",
                format!("`{dir}` is a file, not a folder"),
            ));
        }
        Ok(())
    }

    fn file(&mut self, name: &str) -> Result<&mut Inode> {
        self.no_folder(name)?;
        let inode = self.names.get(name).and_then(|at| self.inodes.get_mut(*at));
        inode.ok_or_else(|| missing(name))
    }

    fn change(&mut self, gone: Vec<String>, come: Vec<(String, usize)>) {
        let change = Change { gone, come, clean: false };
        change.apply(&mut self.names);
        self.pending.push(change);
    }

    fn create(&mut self, name: &str) -> Result<()> {
        self.no_folder(name)?;
        for (end, _) in name.match_indices('/') {
            self.no_file(name.get(..end).unwrap_or_default())?;
        }
        if !self.names.contains_key(name) {
            let at = self.inodes.len();
            self.inodes.push(Inode::default());
            self.change(Vec::new(), vec![(name.to_owned(), at)]);
        }
        Ok(())
    }

    /// Counts a sync; true when this one is to fail.
    fn sync_fails(&mut self) -> bool {
        self.syncs += 1;
        self.failing_sync.is_some_and(|at| at + 1 == self.syncs)
    }
}

impl Store for SimulatedDisk {
    fn len(&self, name: &str) -> Result<Option<u64>> {
        match self.state().file(name) {
            Ok(inode) => Ok(Some(inode.bytes().len() as u64)),
            Err(error) if error.code() == "missing" => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let mut state = self.state();
        let bytes = state.file(name)?.bytes();
        let rest = usize::try_from(offset).ok().and_then(|start| bytes.get(start..));
        let rest = rest.unwrap_or_default();
        buf.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(rest.len().min(buf.len()))
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut state = self.state();
        state.create(name)?;
        let inode = state.file(name)?;
        if inode.sealed {
            return Err(Error::unavailable(
                "read-only",
                format!("cannot write `{name}`: it is sealed"),
            ));
        }
        inode.write(offset, bytes);
        Ok(())
    }

    fn sync(&self, name: &str) -> Result<()> {
        let mut state = self.state();
        state.file(name)?;
        let fails = state.sync_fails();
        state.file(name)?.sync(!fails);
        if fails { Err(sync_error(name)) } else { Ok(()) }
    }

    fn sync_dir(&self, dir: &str) -> Result<()> {
        check_folder(dir)?;
        let mut state = self.state();
        let fails = state.sync_fails();
        let mut kept = Vec::new();
        for mut change in std::mem::take(&mut state.pending) {
            let mut part = change.split(dir);
            if !part.is_empty() && (fails || part.clean) {
                // half of a rename cannot be marked alone: it stays one change that may yet happen
                part.clean = true;
                kept.push(part);
            } else {
                part.apply(&mut state.durable);
            }
            if !change.is_empty() {
                kept.push(change);
            }
        }
        state.pending = kept;
        if fails { Err(sync_error(dir)) } else { Ok(()) }
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        check_name(from)?;
        check_name(to)?;
        let mut state = self.state();
        state.file(from)?;
        let at = state.names.get(from).copied().ok_or_else(|| missing(from))?;
        state.no_folder(to)?;
        for (end, _) in to.match_indices('/') {
            state.no_file(to.get(..end).unwrap_or_default())?;
        }
        state.change(vec![from.to_owned()], vec![(to.to_owned(), at)]);
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        let mut state = self.state();
        state.no_folder(name)?;
        if state.names.contains_key(name) {
            state.change(vec![name.to_owned()], Vec::new());
        }
        Ok(())
    }

    fn list(&self, dir: &str) -> Result<Vec<String>> {
        check_folder(dir)?;
        let state = self.state();
        state.no_file(dir)?;
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let names = state.names.range(prefix.clone()..);
        let inside = names.map_while(|(name, _)| name.strip_prefix(&prefix));
        Ok(inside.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }

    fn seal(&self, name: &str) -> Result<()> {
        self.state().file(name)?.sealed = true;
        Ok(())
    }

    fn lock(&self, name: &str) -> Result<Box<dyn Lock>> {
        let mut state = self.state();
        state.create(name)?;
        if !state.locks.insert(name.to_owned()) {
            return Err(Error::unavailable("busy", format!("`{name}` is held by another writer")));
        }
        Ok(Box::new(Held { disk: self.clone(), name: name.to_owned() }))
    }
}

struct Held {
    disk: SimulatedDisk,
    name: String,
}

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.disk.state().locks.remove(&self.name);
    }
}

/// A small generator of seeded numbers (splitmix64, Steele et al. 2014).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    /// A number below `limit`, which is not 0.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }
}

fn missing(name: &str) -> Error {
    Error::unavailable("missing", format!("`{name}` does not exist"))
}

fn sync_error(name: &str) -> Error {
    Error::io("sync", name, io::Error::from_raw_os_error(5)).failed_sync()
}
