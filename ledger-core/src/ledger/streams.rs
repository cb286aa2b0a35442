//! What the log already holds around a new event: its stream and its source identity.

use super::{Admitted, Ledger};
use crate::blob;
use crate::chain::{self, Link, Neighbours};
use crate::error::Result;
use crate::fork::{Claim, unproven};
use crate::hash::Blake3;
use crate::index::{self, Key, Kind, ORDER_END};
use crate::trust::Registry;

impl Ledger {
    /// The neighbours of a new event in its stream; in-order events need no look-up.
    pub(super) fn neighbours(&self, event: &Admitted, name: &str) -> Result<Neighbours> {
        if let Some(end) = self.tail.end(&event.stream)
            && end.seq + 1 == event.seq
        {
            let ended = end.is_final.then_some(end.seq);
            return Ok(Neighbours {
                before: Some(*end),
                last: Some(end.seq),
                ended,
                ..Neighbours::default()
            });
        }
        self.around(event.stream, name, event.seq)
    }

    /// Holds a claim that a stream forked against its evidence and the log; code `fork-evidence`.
    pub(super) fn proven(&self, claim: &Claim, registry: &Registry) -> Result<()> {
        let bytes = blob::get(&*self.store, claim.conflicting)?
            .ok_or_else(|| unproven("the event that it names is not in `blobs/`"))?;
        let other = claim.evidence(&bytes, Some(self.origin.genesis().0), registry)?;
        let name = &claim.stream;
        let around = self.around(index::key(Kind::Stream, name), name, claim.seq)?;
        let known = [around.same, around.before, around.after];
        if !known.iter().flatten().any(|link| link.index == claim.first_index) {
            return Err(unproven("`first_index` is no neighbour of that place"));
        }
        match chain::place(&other, &around) {
            Err(error) if error.code() == "stream-fork" => Ok(()),
            _ => Err(unproven("the event that it names contradicts none that is recorded")),
        }
    }

    /// The neighbours of one place in a stream, looked up.
    pub(super) fn around(&self, stream: Key, name: &str, seq: u64) -> Result<Neighbours> {
        let indexed = self.index.might_contain(stream)?;
        let mut last = self.tail.asked(&stream).map(|(seq, _)| seq).max();
        if last.is_none() && !indexed {
            return Ok(Neighbours::default());
        }
        if indexed {
            last = last.max(self.index.last(stream)?.map(|posting| posting.order));
        }
        let at = |place: Option<u64>| match place {
            Some(place) => self.link(stream, name, place),
            None => Ok(None),
        };
        let ended_key = index::key(Kind::Final, name);
        let ended = self.tail.asked(&ended_key).next().map(|(seq, _)| seq);
        let ended = match ended {
            None if indexed => self.index.last(ended_key)?.map(|posting| posting.order),
            known => known,
        };
        Ok(Neighbours {
            same: at(Some(seq))?,
            before: at(seq.checked_sub(1))?,
            after: at(seq.checked_add(1))?,
            last,
            ended,
        })
    }

    /// The stream's event at one place, read from its entry.
    fn link(&self, stream: Key, name: &str, seq: u64) -> Result<Option<Link>> {
        let staged = self.tail.asked(&stream).filter(|&(at, _)| at == seq).map(|(_, i)| i);
        let mut indexes: Vec<u64> = staged.collect();
        let range = seq..seq.saturating_add(1);
        let indexed = self.index.lookup(stream, range, usize::MAX)?;
        indexes.extend(indexed.into_iter().map(|posting| posting.index));
        for index in indexes {
            let read = |entry: &crate::entry::Entry<'_>| {
                let event = &entry.event;
                (event.stream.name == name && event.seq == seq)
                    .then(|| Link::of(event, event.hash(), index))
            };
            let link = match self.staged_line(index) {
                Some(line) => super::stage::parsed(line, read)?,
                None => self.entry(index, read)?,
            };
            if link.is_some() {
                return Ok(link);
            }
        }
        Ok(None)
    }

    /// The entry that was imported under this identity ([`crate::event::import_claim`]), and the keyed
    /// digest of its original.
    pub fn import(&self, claim: &str) -> Result<Option<(u64, Blake3)>> {
        self.imported(index::key(Kind::Source, claim))
    }

    /// The entry that already holds this claim, and what it says there.
    pub(super) fn imported(&self, claim: Key) -> Result<Option<(u64, Blake3)>> {
        let mut indexes: Vec<u64> = self.tail.asked(&claim).map(|(_, index)| index).collect();
        if self.index.might_contain(claim)? {
            let indexed = self.index.lookup(claim, 0..ORDER_END, usize::MAX)?;
            indexes.extend(indexed.into_iter().map(|posting| posting.index));
        }
        for index in indexes {
            let read = |entry: &crate::entry::Entry<'_>| entry.event.claim();
            let found = match self.staged_line(index) {
                Some(line) => super::stage::parsed(line, read)?,
                None => self.entry(index, read)?,
            };
            // the index is a hint: the entry itself must make the claim
            if let Some((name, what)) = found
                && index::key(Kind::Source, &name) == claim
            {
                return Ok(Some((index, what)));
            }
        }
        Ok(None)
    }
}
