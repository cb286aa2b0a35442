//! Keys: the registry at the head, from the derived directory of keys and the key events after it.

use std::sync::Arc;

use super::Ledger;
use crate::error::Result;
use crate::hash::Blake3;
use crate::index::{self, Kind};
use crate::store;
use crate::trust::directory::{Directory, NAME};
use crate::trust::{KEY_EVENTS, Registry};

/// From this many key events on that were folded at an opening, the directory is written anew.
const MANY: usize = 8;

impl Ledger {
    /// Folds the key events that the index covers; those after it come with the replay.
    pub(super) fn read_keys(&mut self) -> Result<()> {
        let (covered, last) = self.index.covered();
        let (registry, folded) = self.fold_until(covered)?;
        if let (Some(last), true) = (last, folded >= MANY) {
            // derived: a folder that cannot be written goes without, and a torn file is made anew
            let _kept = self.keep_keys(&registry, covered, last);
        }
        self.registry = Arc::new(registry);
        Ok(())
    }

    /// The registry of keys as it stood before entry `index`.
    pub fn registry_at(&self, index: u64) -> Result<Registry> {
        self.fold_until(index).map(|(registry, _)| registry)
    }

    /// The keys that the directory holds, and the key events between those and entry `end`, folded in
    /// order; how many these were.
    fn fold_until(&self, end: u64) -> Result<(Registry, usize)> {
        let derived = self.derived_keys(end.min(self.index.covered().0));
        let first = derived.as_ref().map_or(0, |directory| directory.facts().covered);
        let mut registry = derived.map(Registry::from_directory).unwrap_or_default();
        let mut events = Vec::new();
        for kind in KEY_EVENTS {
            let key = index::key(Kind::Type, kind);
            events.extend(self.index.since(key, first)?);
            events.extend(self.tail.lookup(&key).iter().map(|posting| posting.index));
        }
        events.retain(|index| (first..end).contains(index));
        self.fold(&mut registry, &mut events)?;
        Ok((registry, events.len()))
    }

    /// Judges and applies entries, in order; what only states keys is left to `verify`.
    fn fold(&self, registry: &mut Registry, events: &mut [u64]) -> Result<()> {
        events.sort_unstable();
        for &index in events.iter() {
            let held = self.entry(index, |entry| {
                if entry.event.kind == "key.listed" {
                    return Ok(());
                }
                registry.judge(entry).and_then(|()| registry.apply(entry))
            })?;
            held.map_err(|error| error.at(format!("entry {index}")))?;
        }
        Ok(())
    }

    /// The directory of keys, if it is whole and of this history, and covers no more than `most`
    /// entries; whatever is wrong with it, the log has what it says.
    fn derived_keys(&self, most: u64) -> Option<Directory> {
        let directory = Directory::parse(store::read_all(&*self.store, NAME).ok()??)?;
        let facts = directory.facts();
        let before = facts.covered.checked_sub(1).filter(|_| facts.covered <= most)?;
        let line = self.line_at(before, self.place(before).ok()?).ok()?;
        let same = Blake3::of(&line) == facts.last && facts.ledger == self.origin.genesis();
        same.then_some(directory)
    }

    /// Writes the directory. If we stop in here, the next opening finds the old one or a torn one.
    fn keep_keys(&self, registry: &Registry, covered: u64, last: Blake3) -> Result<()> {
        let _lock = self.store.lock(index::LOCK)?;
        store::replace(&*self.store, NAME, &registry.to_directory(covered, last).encode())
    }
}
