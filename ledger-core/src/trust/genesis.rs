//! Entry 0: the roots, their persons, and how many of them it takes.

use std::collections::BTreeSet;

use super::Registry;
use super::change::brought;
use super::record::{Holder, Record, Scope};
use crate::capability::Capability;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::event::{Event, MAX_SIGNERS};
use crate::hash::Sha256;
use crate::key::{KeyId, PublicKey};
use crate::vault::persons::Pseudonym;

impl Registry {
    /// Takes in entry 0.
    pub(super) fn begin(&mut self, entry: &Entry<'_>) -> Result<()> {
        let event = &entry.event;
        self.ledger = Some(Sha256::of(event.bytes()).0);
        self.threshold = threshold(event);
        self.solo = event.root.pointer("/data/solo").is_some();
        for (position, public) in brought(event)?.into_iter().enumerate() {
            let person = entry.person(&format!("/data/roots/{position}/person"));
            let Some(person) = person.filter(|_| self.get(&public.id()).is_none()) else {
                continue;
            };
            let can = vec![Capability::Admin, Capability::Policy];
            let holder = Holder::Person(person);
            let record = Record::new(&public, holder, can, Scope::default(), entry.index);
            self.put(public.id(), record);
        }
        Ok(())
    }
}

/// Entry 0: signed by exactly its roots, each with a named person; t of them, at least two unless solo.
pub(super) fn genesis(entry: &Entry<'_>) -> Result<()> {
    let event = &entry.event;
    let refuse = |message: &str| Err(Error::refused("genesis", message));
    if event.kind != "ledger.created" || entry.index != 0 {
        return refuse("`ledger.created` is entry 0 of a ledger, and entry 0 is nothing else");
    }
    let roots: Vec<KeyId> = brought(event)?.iter().map(PublicKey::id).collect();
    if roots.is_empty() || roots != event.signers {
        return refuse("a new ledger is signed by exactly its root keys, in their order");
    }
    let persons: BTreeSet<Pseudonym> = (0..roots.len())
        .filter_map(|position| entry.person(&format!("/data/roots/{position}/person")))
        .collect();
    let solo = event.root.pointer("/data/solo").is_some();
    let threshold = threshold(event);
    if threshold < if solo { 1 } else { 2 } || (solo && threshold != 1) {
        return refuse("the threshold is at least 2, or exactly 1 with `solo`");
    }
    let named = (0..roots.len())
        .all(|position| entry.person(&format!("/data/roots/{position}/person")).is_some());
    if !named {
        return refuse("each root belongs to a person who was disclosed");
    }
    if threshold > MAX_SIGNERS - 1 {
        return refuse(
            "the threshold is at most 7: an event has 8 signers, and a new key signs too",
        );
    }
    if persons.len() < threshold {
        return refuse("the roots belong to fewer distinct persons than the threshold");
    }
    Ok(())
}

fn threshold(event: &Event<'_>) -> usize {
    let count = event.root.pointer("/data/threshold").and_then(|view| view.unsigned());
    count.and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX)
}
