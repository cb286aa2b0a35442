//! Databases in memory that fail on purpose (feature `store-contract`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Batch, Databases, Pair, Records};
use crate::error::{Error, Result};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Databases that end with the process; clones are the same place.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    databases: BTreeMap<String, Map>,
    calls: u64,
    /// Which change fails, all after it too, and whether it happened all the same.
    fault: Option<(u64, bool)>,
}

impl Memory {
    /// From now on the change number `at` (from 0) and all after it fail; with `done` the first of
    /// them happened, and only the answer was lost. None heals.
    pub fn plan(&self, fault: Option<(u64, bool)>) {
        let mut state = self.state();
        (state.fault, state.calls) = (fault, 0);
    }

    /// How many changes there were since the last plan.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// A copy that goes its own way.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        let databases = self.state().databases.clone();
        Self(Arc::new(Mutex::new(State { databases, ..State::default() })))
    }

    /// All values of all databases, for a search.
    pub fn bytes(&self) -> Vec<u8> {
        let state = self.state();
        let pairs = state.databases.values().flat_map(|map| map.iter());
        pairs.flat_map(|(key, value)| [key.as_slice(), value].concat()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, with: impl FnOnce(&mut State) -> T) -> Result<T> {
        let mut state = self.state();
        let call = state.calls;
        state.calls += 1;
        match state.fault {
            Some((at, done)) if call >= at => {
                if done && call == at {
                    with(&mut state);
                }
                Err(Error::unavailable("database", "the process stopped here"))
            }
            _ => Ok(with(&mut state)),
        }
    }
}

impl Databases for Memory {
    fn open(&self, name: &str) -> Result<Box<dyn Records>> {
        if !self.state().databases.contains_key(name) {
            return Err(Error::unavailable("database-missing", "the database is not there"));
        }
        Ok(Box::new(One { all: self.clone(), name: name.to_owned() }))
    }

    fn create(&self, name: &str) -> Result<Box<dyn Records>> {
        self.change(|state| state.databases.insert(name.to_owned(), Map::new()))?;
        self.open(name)
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.change(|state| drop(state.databases.remove(name)))
    }

    fn names(&self) -> Result<Vec<String>> {
        Ok(self.state().databases.keys().cloned().collect())
    }
}

struct One {
    all: Memory,
    name: String,
}

impl Records for One {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let state = self.all.state();
        Ok(state.databases.get(&self.name).and_then(|map| map.get(key)).cloned())
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>> {
        let state = self.all.state();
        let Some(map) = state.databases.get(&self.name) else { return Ok(Vec::new()) };
        let from = after.unwrap_or(prefix).to_vec();
        let pairs = map.range(from..).take_while(|(key, _)| key.starts_with(prefix));
        let pairs = pairs.filter(|(key, _)| after.is_none_or(|after| key.as_slice() > after));
        Ok(pairs.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn apply(&self, batch: Batch) -> Result<()> {
        self.all.change(|state| {
            let Some(map) = state.databases.get_mut(&self.name) else { return };
            for (key, value) in batch.0 {
                match value {
                    Some(value) => drop(map.insert(key, value)),
                    None => drop(map.remove(&key)),
                }
            }
        })
    }
}
