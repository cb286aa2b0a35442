//! Sought: entries that are found by what they speak of, without reading the log.
//!
//! What finds them is the index: it is derived, so a caller looks at each entry. Each is held against
//! the law of link as it is read: an entry whose signature or key does not hold is no evidence, and
//! whoever meets one says so.

use rayon::prelude::*;

use crate::entry::Entry;
use crate::error::Result;
use crate::index::{Kind, Posting};
use crate::ledger::Ledger;
use crate::time::Timestamp;
use crate::trust::{Judgement, KEY_EVENTS};

/// Entries that one task reads at least.
const TASK: usize = 32;

/// Why an entry is no evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// A stable code.
    pub code: &'static str,
    /// Why, in words.
    pub why: String,
}

/// Where entries are found and read.
pub trait Sought: Sync {
    /// How many entries there are.
    fn size(&self) -> u64;

    /// Where entries are that a key of the index finds, ascending by order.
    fn find(&self, kind: Kind, value: &str) -> Result<Vec<Posting>>;

    /// The last that a key of the index finds up to a time.
    fn last(&self, kind: Kind, value: &str, until: Timestamp) -> Result<Option<Posting>>;

    /// Reads entries, each with what makes it no evidence; in the order of `indexes`.
    fn entries<T: Send>(
        &self,
        indexes: &[u64],
        with: impl Fn(&Entry<'_>, Option<Doubt>) -> T + Sync,
    ) -> Result<Vec<T>>;
}

impl Sought for Ledger {
    fn size(&self) -> u64 {
        Self::size(self)
    }

    fn find(&self, kind: Kind, value: &str) -> Result<Vec<Posting>> {
        Self::find(self, kind, value, usize::MAX)
    }

    fn last(&self, kind: Kind, value: &str, until: Timestamp) -> Result<Option<Posting>> {
        self.find_last(kind, value, until.micros())
    }

    fn entries<T: Send>(
        &self,
        indexes: &[u64],
        with: impl Fn(&Entry<'_>, Option<Doubt>) -> T + Sync,
    ) -> Result<Vec<T>> {
        let work = indexes.par_iter().with_min_len(TASK);
        work.map(|index| self.entry(*index, |entry| with(entry, doubt(self, entry)))).collect()
    }
}

/// The first entries of a source, as they stood before an index.
#[derive(Clone, Copy, Debug)]
pub struct Until<'s, S> {
    /// The source.
    pub source: &'s S,
    /// How many of its entries there are.
    pub size: u64,
}

impl<S: Sought> Sought for Until<'_, S> {
    fn size(&self) -> u64 {
        self.source.size().min(self.size)
    }

    fn find(&self, kind: Kind, value: &str) -> Result<Vec<Posting>> {
        let mut found = self.source.find(kind, value)?;
        found.retain(|posting| posting.index < self.size);
        Ok(found)
    }

    fn last(&self, kind: Kind, value: &str, until: Timestamp) -> Result<Option<Posting>> {
        let last = self.source.last(kind, value, until)?;
        if last.as_ref().is_none_or(|posting| posting.index < self.size) {
            return Ok(last);
        }
        let found = self.find(kind, value)?;
        Ok(found.into_iter().rfind(|posting| posting.order <= until.micros()))
    }

    fn entries<T: Send>(
        &self,
        indexes: &[u64],
        with: impl Fn(&Entry<'_>, Option<Doubt>) -> T + Sync,
    ) -> Result<Vec<T>> {
        self.source.entries(indexes, with)
    }
}

/// Whether an entry's signatures and keys hold, by the keys as they stood at it. Key events were
/// judged in their order when the ledger was opened.
fn doubt(ledger: &Ledger, entry: &Entry<'_>) -> Option<Doubt> {
    if KEY_EVENTS.contains(&entry.event.kind) {
        return None;
    }
    let registry = ledger.registry();
    if let Err(error) = registry.judge_signed(entry) {
        return Some(Doubt { code: error.code(), why: error.message().to_owned() });
    }
    match registry.doubt(entry) {
        Judgement::Suspect(key, suspicion) => Some(Doubt {
            code: "key-suspect",
            why: format!("key {key} was reported compromised by entry {}", suspicion.by),
        }),
        Judgement::Valid | Judgement::Refused(_) => None,
    }
}
