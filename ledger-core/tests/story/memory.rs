//! Memory: the lines of a story, found as the index finds them.

use std::collections::HashMap;

use ledger_core::entry::Entry;
use ledger_core::error::Result;
use ledger_core::fact::sought::{Doubt, Sought};
use ledger_core::index::{Key, Kind, Posting, key};
use ledger_core::json::Document;
use ledger_core::schema::joins;
use ledger_core::time::Timestamp;

use crate::history::filler;

/// Lines from entry 1 on, and their postings.
pub struct Memory {
    lines: HashMap<u64, String>,
    size: u64,
    postings: HashMap<Key, Vec<Posting>>,
}

impl Memory {
    pub fn of(lines: Vec<String>) -> Self {
        let size = lines.len() as u64 + 1;
        let mut postings: HashMap<Key, Vec<Posting>> = HashMap::new();
        let mut document = Document::default();
        let mut known = HashMap::new();
        for line in lines {
            let entry = Entry::parse(&mut document, line.as_bytes()).unwrap();
            let order = entry.event.occurred_at.micros();
            let mut post = |kind: Kind, value: &str| {
                let key = key(kind, value);
                postings.entry(key).or_default().push(Posting { key, order, index: entry.index });
            };
            post(Kind::Type, entry.event.kind);
            for (name, id) in
                entry.event.root.get("subject").iter().flat_map(ledger_core::json::View::members)
            {
                post(Kind::Subject, &format!("{name}:{}", id.plain().unwrap()));
            }
            for (_, who) in &entry.persons {
                post(Kind::Person, &who.to_string());
            }
            joins::of(&entry, &mut |value| post(Kind::Join, value));
            let index = entry.index;
            known.insert(index, line);
        }
        for found in postings.values_mut() {
            found.sort_unstable();
            found.dedup();
        }
        Self { lines: known, size, postings }
    }
}

impl Sought for Memory {
    fn size(&self) -> u64 {
        self.size
    }

    fn find(&self, kind: Kind, value: &str) -> Result<Vec<Posting>> {
        Ok(self.postings.get(&key(kind, value)).cloned().unwrap_or_default())
    }

    fn last(&self, kind: Kind, value: &str, until: Timestamp) -> Result<Option<Posting>> {
        let found = self.find(kind, value)?;
        Ok(found.into_iter().rfind(|posting| posting.order <= until.micros()))
    }

    fn entries<T: Send>(
        &self,
        indexes: &[u64],
        with: impl Fn(&Entry<'_>, Option<Doubt>) -> T + Sync,
    ) -> Result<Vec<T>> {
        let mut document = Document::default();
        let one = |index: &u64| {
            // before the first line stands what no story tells of
            let line = self.lines.get(index).cloned().unwrap_or_else(|| filler(*index));
            Ok(with(&Entry::parse(&mut document, line.as_bytes())?, None))
        };
        indexes.iter().map(one).collect()
    }
}
