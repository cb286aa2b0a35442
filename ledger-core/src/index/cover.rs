//! Which runs to use: a chain of them from entry 0, as far as it goes, with as few as it takes.
//!
//! A merged run stands beside the runs it was made of until they are removed, and a crash may leave
//! both. A run that is damaged, or that belongs to another history than the run before it, is set
//! aside, and the next best chain is taken.

use std::collections::{BTreeMap, BTreeSet};

use super::build::parse_name;
use super::run::Run;
use super::{Damage, FOLDER, damaged, is_damage};
use crate::error::Result;
use crate::store::Store;

type Range = (u64, u64);
/// How often the folder is read again while another process merges in it.
const ATTEMPTS: usize = 8;

/// The chosen runs, and what is there beside them.
#[derive(Debug, Default)]
pub(super) struct Cover {
    pub(super) runs: Vec<Run>,
    /// Names of runs that cannot be used.
    pub(super) bad: Vec<String>,
    /// Names of files that nobody needs: merged runs, unfinished ones.
    pub(super) idle: Vec<String>,
}

impl Cover {
    /// Looks at the folder, for runs that end at `limit` or before.
    pub(super) fn read(store: &dyn Store, limit: u64) -> Result<Self> {
        for _ in 1..ATTEMPTS {
            match Self::read_once(store, limit) {
                // removed since it was listed: another writer merged it, so look again
                Err(error) if error.code() == "missing" => {}
                cover => return cover,
            }
        }
        Self::read_once(store, limit)
    }

    fn read_once(store: &dyn Store, limit: u64) -> Result<Self> {
        let files = store.list(FOLDER)?;
        let all: BTreeSet<Range> = files.iter().filter_map(|file| parse_name(file)).collect();
        let mut ranges: BTreeSet<Range> =
            all.iter().copied().filter(|(_, end)| *end <= limit).collect();
        let mut cover = Self::default();
        while let Err(unusable) = cover.open(store, &best_chain(&ranges))? {
            ranges.remove(&unusable);
            cover.bad.push(name_of(unusable));
        }
        let used: Vec<_> =
            cover.runs.iter().map(|run| (run.span().first, run.span().end)).collect();
        let within = |(first, end): &Range| {
            used.iter().any(|run| run != &(*first, *end) && run.0 <= *first && *end <= run.1)
        };
        cover.idle = all.iter().filter(|range| within(range)).copied().map(name_of).collect();
        let unfinished = files.iter().filter(|file| file.strip_suffix(".tmp").is_some());
        cover.idle.extend(unfinished.map(|file| format!("{FOLDER}/{file}")));
        Ok(cover)
    }

    /// Opens the chain; gives the first range that cannot be used.
    fn open(
        &mut self,
        store: &dyn Store,
        chain: &[Range],
    ) -> Result<std::result::Result<(), Range>> {
        // headers that were read in an earlier attempt are not read again
        let mut known: BTreeMap<Range, Run> =
            self.runs.drain(..).map(|run| ((run.span().first, run.span().end), run)).collect();
        for range in chain {
            let run = known.remove(range).map_or_else(|| Run::open(store, name_of(*range)), Ok);
            let run = match run.and_then(|run| self.links(run)) {
                Ok(run) => run,
                Err(error) if is_damage(&error) => return Ok(Err(*range)),
                Err(error) => return Err(error),
            };
            self.runs.push(run);
        }
        Ok(Ok(()))
    }

    fn links(&self, run: Run) -> Result<Run> {
        match self.runs.last() {
            Some(before) if before.span().last != run.span().before => {
                Err(damaged(&run.name, Damage::History))
            }
            _ => Ok(run),
        }
    }
}

fn name_of((first, end): Range) -> String {
    format!("{FOLDER}/{first:020}-{end:020}.run")
}

/// The chain from 0 that reaches farthest, and among those the shortest.
fn best_chain(ranges: &BTreeSet<Range>) -> Vec<Range> {
    // for each start: where the best chain from there ends, how many runs it has, its first run's end
    let mut best: BTreeMap<u64, (u64, usize, u64)> = BTreeMap::new();
    for (first, end) in ranges.iter().rev() {
        let (reach, count, _) = best.get(end).copied().unwrap_or((*end, 0, 0));
        let offer = (reach, count + 1, *end);
        let better = best.get(first).is_none_or(|known| (offer.0, known.1) > (known.0, offer.1));
        if better {
            best.insert(*first, offer);
        }
    }
    let mut at = 0;
    let step = || {
        let (_, _, end) = best.get(&at)?;
        let range = (at, *end);
        at = *end;
        Some(range)
    };
    std::iter::from_fn(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_reach_far_with_few_runs() {
        let chain = |ranges: &[Range]| best_chain(&ranges.iter().copied().collect());
        assert_eq!(chain(&[]), []);
        assert_eq!(chain(&[(1, 2)]), []);
        assert_eq!(chain(&[(0, 1), (1, 2), (3, 4)]), [(0, 1), (1, 2)]);
        assert_eq!(chain(&[(0, 1), (0, 2), (1, 2), (2, 3)]), [(0, 2), (2, 3)]);
        assert_eq!(chain(&[(0, 1), (0, 5), (1, 7), (7, 8)]), [(0, 1), (1, 7), (7, 8)]);
        assert_eq!(chain(&[(0, 4), (0, 2), (2, 4), (4, 9), (4, 5), (5, 9)]), [(0, 4), (4, 9)]);
    }
}
