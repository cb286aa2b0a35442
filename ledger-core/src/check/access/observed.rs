//! Observed: the snapshots of each system, in the order in which they were taken. The list of each is read
//! when it is first asked for, and once: a ledger keeps the listings of years, and a question is about few.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::check::Context;
use crate::fact::Said;
use crate::fact::snapshot::{ReviewItem, Row, rows};
use crate::schema::access::AccessObserved;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// One snapshot.
pub(crate) struct Seen<'c> {
    /// What was recorded of it.
    pub(crate) said: &'c Said<AccessObserved>,
    context: Context<'c>,
    rows: OnceCell<Result<Vec<Row>, String>>,
    places: OnceCell<Places>,
}

/// Where the rows of persons and accounts stand in a list.
#[derive(Default)]
struct Places {
    by_person: HashMap<Pseudonym, Vec<usize>>,
    by_account: HashMap<Box<str>, Vec<usize>>,
}

impl std::fmt::Debug for Seen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen").field("said", self.said).finish_non_exhaustive()
    }
}

/// All snapshots by system.
pub(crate) struct Observed<'c> {
    by_system: BTreeMap<&'c str, Vec<Seen<'c>>>,
}

impl<'c> Observed<'c> {
    /// All of them, none read yet.
    pub(crate) fn of(context: &Context<'c>) -> Self {
        let mut by_system: BTreeMap<&str, Vec<Seen<'_>>> = BTreeMap::new();
        for said in context.facts.access_observed.all() {
            by_system.entry(said.system.as_str()).or_default().push(Seen::of(context, said));
        }
        for all in by_system.values_mut() {
            all.sort_by_key(|seen| (seen.said.taken_at, seen.said.at.index));
        }
        Self { by_system }
    }

    /// Those of a system, by the time at which they were taken.
    pub(crate) fn all(&self, system: &str) -> &[Seen<'c>] {
        self.by_system.get(system).map_or(&[], Vec::as_slice)
    }

    /// The systems of which there are any.
    pub(crate) fn systems(&self) -> impl Iterator<Item = &'c str> {
        self.by_system.keys().copied()
    }

    /// All of them, by system.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Seen<'c>> {
        self.by_system.values().flatten()
    }

    /// The newest whole one that was taken until a time.
    pub(crate) fn newest(&self, system: &str, until: Timestamp) -> Option<(&Seen<'c>, &[Row])> {
        let mut taken = self.all(system).iter().rev().filter(|seen| seen.said.taken_at <= until);
        taken.find_map(|seen| Some((seen, seen.whole()?)))
    }

    /// The whole ones that were taken after a time, the first first.
    pub(crate) fn after(
        &self,
        system: &str,
        time: Timestamp,
    ) -> impl Iterator<Item = (&Seen<'c>, &[Row])> {
        let later = self.all(system).iter().filter(move |seen| seen.said.taken_at > time);
        later.filter_map(|seen| Some((seen, seen.whole()?)))
    }
}

impl<'c> Seen<'c> {
    fn of(context: &Context<'c>, said: &'c Said<AccessObserved>) -> Self {
        Self { said, context: *context, rows: OnceCell::new(), places: OnceCell::new() }
    }

    /// Its rows, or why nothing can be told from it.
    pub(crate) fn rows(&self) -> Result<&[Row], &str> {
        let rows = self.rows.get_or_init(|| read(&self.context, self.said));
        rows.as_deref().map_err(String::as_str)
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| {
            let mut places = Places::default();
            for (place, row) in self.rows().unwrap_or_default().iter().enumerate() {
                places.by_account.entry(row.account.clone()).or_default().push(place);
                if let Some(who) = row.person {
                    places.by_person.entry(who).or_default().push(place);
                }
            }
            places
        })
    }

    /// Its rows, if they are all that there are.
    pub(crate) fn whole(&self) -> Option<&[Row]> {
        // `complete` is the collector's word; a count of the source's own must not speak against it
        let counted = self.said.total_reported.is_none_or(|total| self.said.rows >= total);
        let all = self.said.complete && counted;
        if all { self.rows().ok() } else { None }
    }

    /// Whose accounts it lists.
    pub(crate) fn persons(&self) -> impl Iterator<Item = &Pseudonym> {
        self.places().by_person.keys()
    }

    /// What these names may use.
    pub(crate) fn of_person<'s>(
        &'s self,
        names: &BTreeSet<Pseudonym>,
    ) -> impl Iterator<Item = &'s Row> + use<'s, 'c> {
        let rows = self.rows().unwrap_or_default();
        let by_person = &self.places().by_person;
        let places = names.iter().filter_map(|name| by_person.get(name)).flatten();
        let places: Vec<usize> = places.copied().collect();
        places.into_iter().filter_map(|place| rows.get(place)).filter(|row| row.is_enabled())
    }

    /// What an account may use.
    pub(crate) fn of_account(&self, account: &str) -> impl Iterator<Item = &Row> {
        let rows = self.rows().unwrap_or_default();
        let places = self.places().by_account.get(account).into_iter().flatten();
        places.filter_map(|place| rows.get(*place)).filter(|row| row.is_enabled())
    }

    /// Whether it lists what an item is about: any row of the account, where the item is the account.
    pub(crate) fn lists(&self, item: &ReviewItem) -> bool {
        let mut rows = self.of_account(&item.account);
        match item.entitlement {
            Some(_) => rows.any(|row| row.key() == item.key()),
            None => rows.next().is_some(),
        }
    }

    /// How a sentence speaks of it.
    pub(crate) fn words(&self) -> String {
        let (system, at) = (&self.said.system, self.said.taken_at);
        format!("the snapshot of {system} taken at {at} (entry {})", self.said.at.index)
    }
}

fn read(context: &Context<'_>, said: &Said<AccessObserved>) -> Result<Vec<Row>, String> {
    let all = context.list(&said.entitlements, rows, "rows")?;
    if all.iter().any(|row| *row.system != *said.system.as_str()) {
        return Err("its list has rows of another system".to_owned());
    }
    Ok(all)
}
