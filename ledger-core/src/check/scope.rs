//! Scope: whether what an item is about counts, and whether all about it could be read.

use super::{Census, Context, Item, Kind, Other, Period, Severity};
use crate::schema::words::Reference;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// A system that nobody registered.
pub const UNDECLARED: Kind = Kind::undecided(
    "system-undeclared",
    Severity::High,
    "no system of that name is registered, so nobody can say whether it counts",
);

/// An entry about the item whose words are not known here.
pub const UNREAD: Kind = Kind::undecided(
    "entry-unread",
    Severity::Medium,
    "an entry about it cannot be read, so something may be missing",
);

impl Context<'_> {
    /// Whether an item of this system counts: under the regime, at the item's time. One of a system
    /// that nobody registered stays in, undecided; what is left out is counted.
    pub fn counts(&self, item: &mut Item, system: &str, words: &str, census: &mut Census) -> bool {
        item.system = Some(system.to_owned());
        match self.facts.system(system, item.at) {
            Some(known) if known.is_under(self.regime) => item.cite([known.at.index]),
            Some(_) => {
                census.exclude("no system under this regime");
                return false;
            }
            None => {
                let sentence = format!("{words}, and no system {system} is registered");
                let cited: Vec<u64> = item.entries.clone();
                item.raise(&UNDECLARED, sentence, cited);
            }
        }
        true
    }

    /// Tells of the entries about the item that could not be read.
    pub fn tell_unread(&self, item: &mut Item, reference: Reference, id: &str) {
        for unread in self.unread(reference, id) {
            let sentence = format!(
                "entry {} of type {} speaks of {} {id} and cannot be read ({})",
                unread.at.index,
                unread.kind,
                reference.as_str(),
                unread.code
            );
            item.raise(&UNREAD, sentence, [unread.at.index]);
        }
    }

    /// Tells of the entries of a type that could not be read and say that they happened in a time:
    /// what is missing may be in them.
    pub fn tell_unread_of(&self, item: &mut Item, kind: &str, time: Period) {
        let unread = self.facts.unread.all().iter();
        for unread in unread.filter(|row| *row.kind == *kind && time.has(row.at.occurred)) {
            let (index, code) = (unread.at.index, unread.code);
            let sentence = format!("entry {index} of type {kind} cannot be read ({code})");
            item.raise(&UNREAD, sentence, [index]);
        }
    }

    /// Whether somebody is none of these (law 8), and the entries that say so.
    pub fn other_than(
        &self,
        who: Option<Pseudonym>,
        these: impl IntoIterator<Item = Option<Pseudonym>>,
        at: Timestamp,
    ) -> (Other, Vec<u64>) {
        let (mut all, mut entries) = (Other::Yes, Vec::new());
        for one in these {
            let (other, said) = self.other(who, one, at);
            entries.extend(said);
            match other {
                Other::No => return (Other::No, entries),
                Other::Unknown => all = Other::Unknown,
                Other::Yes => {}
            }
        }
        (all, entries)
    }
}

/// The moment that many microseconds later.
pub fn plus(at: Timestamp, micros: u64) -> Timestamp {
    let last = Timestamp::from_micros(253_402_300_799_999_999).unwrap_or(at);
    Timestamp::from_micros(at.micros().saturating_add(micros)).unwrap_or(last)
}

/// The moment that many microseconds earlier.
pub fn minus(at: Timestamp, micros: u64) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_sub(micros)).unwrap_or(at)
}

/// Microseconds from one moment to a later one; 0 if it is not later.
pub fn since(from: Timestamp, to: Timestamp) -> u64 {
    to.micros().saturating_sub(from.micros())
}
