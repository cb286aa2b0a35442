//! Pseudonyms for persons who stand in a list beside an event, before the list can be named by it.

use super::recover::is_poisoned;
use super::{LOCK, Ledger};
use crate::error::{Error, Result};
use crate::vault::persons::{DELTA, Pseudonym};

impl Ledger {
    /// The pseudonym of each identity `(issuer, id)`, in their order; who has none yet gets one, durably.
    ///
    /// A list that travels beside an event is named by its digest, which the event signs: so its
    /// pseudonyms must stand before the event does. `random` is 32 fresh random bytes. The vault
    /// learns who they are by the items that the caller appends with the event
    /// ([`Ledger::append_with`]). If we stop before that, there are pseudonyms that no entry refers
    /// to, and the next call gives the same ones. Codes `persons-missing` (no vault here),
    /// `poisoned`, `busy`, and those of the files of persons.
    pub fn pseudonyms(
        &mut self,
        identities: &[(&str, &str)],
        random: [u8; 32],
    ) -> Result<Vec<Pseudonym>> {
        if self.stopped {
            return Err(super::commit::poisoned());
        }
        let _lock = self.store.lock(LOCK)?;
        if is_poisoned(&*self.store)? {
            return Err(super::commit::poisoned());
        }
        let found = self.assign(identities, random);
        found.map_err(|error| {
            let mark = self.tail.mark();
            self.failed(mark, error)
        })
    }

    fn assign(&mut self, identities: &[(&str, &str)], random: [u8; 32]) -> Result<Vec<Pseudonym>> {
        let persons = self.persons.as_mut().ok_or_else(|| {
            Error::unavailable("persons-missing", "there is no index of persons here")
        })?;
        let store = &*self.store;
        persons.refresh(store)?;
        let mut hasher = blake3::Hasher::new_derive_key("release-ledger pseudonyms of a list");
        hasher.update(&random);
        let mut fresh = hasher.finalize_xof();
        let mut found = Vec::with_capacity(identities.len());
        for (issuer, id) in identities {
            let mut bytes = [0; 16];
            fresh.fill(&mut bytes);
            found.push(persons.assign(store, issuer, id, bytes)?);
        }
        if persons.pending() > 0 {
            persons.flush(store)?;
            if persons.wants_compaction() {
                persons.compact(store)?;
            }
            self.synced_delta = store.len(DELTA)?;
        }
        Ok(found)
    }
}
