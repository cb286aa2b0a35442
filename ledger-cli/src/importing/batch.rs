//! Batches of records on their way into the ledger: known ones are passed over, the originals of the
//! others are packed, encrypted and put down, and only then their events appended, in one commit.
//!
//! Three ends work at a time: records are read and mapped (`flow`), the events of one batch are signed
//! and checked at the door, and those of the batch before are committed, in the order of the records.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use ledger_core::encoding::hex;
use ledger_core::event::import_claim;
use ledger_core::hash::Blake3;
use ledger_core::json::{Object, Value};
use ledger_core::key::SigningKey;
use ledger_core::ledger::{Admitted, Group, Ledger};
use ledger_core::vault::attachment;
use ledger_core::vault::inbox::Item;
use ledger_core::vault::persons::Key;
use rayon::prelude::*;

use super::desk::{Batch, Desk, Ready, Signed, stopped};
use super::flow::{Job, Mapped};
use super::list::Shelf;
use super::{Summary, is_unmapped};
use crate::failure::{Failure, Result};
use crate::import::{Event, Source};
use crate::seen::Sight;
use crate::{clock, random};

/// Batches that are being signed at a time, while the one before is committed.
const AHEAD: usize = 2;
/// The index is brought up when it is this many entries behind, so that memory stays flat.
const BEHIND: usize = 16_384;
/// Runs of the index with fewer entries than this are merged.
const MERGE_BELOW: u64 = 262_144;
/// How many originals of one identity are kept as conflicts.
const MAX_CONFLICTS: u64 = 100;

/// What appends.
pub(crate) struct Batches<'a> {
    pub(crate) source: &'a Source,
    pub(crate) signer: &'a SigningKey,
    pub(crate) sight: &'a Sight,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) persons: Key,
}

/// What is known of an identity: not yet, this very record, another one, or another one that is still
/// on its way.
enum Known {
    New,
    Same,
    Other(u64),
    Coming,
}

/// What becomes of an event.
enum Plan {
    /// The log has it.
    Leave,
    /// It is appended under this id.
    Take(String),
    /// This is appended in its place.
    Conflict(Event),
}

/// The identities of a batch that the log does not have yet, each with its original.
type Claims = HashMap<String, Blake3>;

/// The ends of the signing thread, and what is on its way.
struct Lane {
    to: SyncSender<Batch>,
    from: Receiver<Signed>,
    claims: VecDeque<Claims>,
}

impl Batches<'_> {
    /// Reads the job's records and appends what is new of them, durably; counts them all.
    pub(crate) fn run(mut self, job: &Job<'_>, summary: &mut Summary) -> Result<()> {
        let (door, genesis) = (self.ledger.door(), self.ledger.origin().genesis().0);
        let Self { source, persons, sight, signer, .. } = self;
        let desk = Desk { source, persons, door, genesis, sight, signer };
        thread::scope(|scope| {
            let (records, mapped) = sync_channel(AHEAD);
            let reader = scope.spawn(move || {
                // who does not take any more has failed, and says why
                job.read(|batch| records.send(batch).map_err(|_| stopped()))
            });
            let (to, batches) = sync_channel(AHEAD);
            let (signed, from) = sync_channel(AHEAD);
            scope.spawn(move || desk.work(&batches, &signed));
            let mut lane = Lane { to, from, claims: VecDeque::new() };
            let appended = self.all(&mapped, &mut lane, summary);
            drop((mapped, lane));
            let read = reader.join().unwrap_or_else(|_| Err(stopped()));
            appended?;
            summary.take(read?);
            Ok(())
        })
    }

    fn all(
        &mut self,
        mapped: &Receiver<Vec<Mapped>>,
        lane: &mut Lane,
        summary: &mut Summary,
    ) -> Result<()> {
        for records in mapped {
            let mut rest = VecDeque::from(records);
            while !rest.is_empty() {
                self.start(&mut rest, lane, summary)?;
                // the record that stopped it conflicts with one that must get its place first
                let most = if rest.is_empty() { AHEAD } else { 0 };
                self.finish(lane, most, summary)?;
            }
        }
        self.finish(lane, 0, summary)
    }

    /// Sends what is new of the records to be signed; leaves those from the first on that conflicts
    /// with one on its way.
    fn start(
        &mut self,
        records: &mut VecDeque<Mapped>,
        lane: &mut Lane,
        summary: &mut Summary,
    ) -> Result<()> {
        // what other processes imported meanwhile counts too
        self.ledger.refresh()?;
        let originals: Vec<Blake3> =
            records.par_iter().map(|record| self.persons.original(&record.bytes)).collect();
        lane.claims.push_back(Claims::new());
        let (mut pack, mut events, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for original in originals {
            let Some(record) = records.pop_front() else { break };
            let Some(plans) = self.plans(&record.events, original, lane)? else {
                records.push_front(record);
                break;
            };
            let unmapped = is_unmapped(&record.events);
            let new = plans.iter().any(|plan| !matches!(plan, Plan::Leave));
            let conflicts = plans.iter().any(|plan| matches!(plan, Plan::Conflict(_)));
            summary.conflicted += u64::from(conflicts);
            match (new, unmapped && !conflicts) {
                (false, _) => summary.duplicate += 1,
                (true, true) => summary.unmapped += 1,
                (true, false) => summary.recorded += 1,
            }
            let place = (pack.len() as u64, record.bytes.len() as u64);
            if new {
                pack.extend_from_slice(&record.bytes);
            }
            for (mut event, plan) in record.events.into_iter().zip(plans) {
                let attached = event.attached.take();
                let (event, source_id) = match plan {
                    Plan::Leave => continue,
                    Plan::Take(source_id) => (event, source_id),
                    Plan::Conflict(told) => {
                        let source_id = told.source_id.clone();
                        (told, source_id)
                    }
                };
                let list = attached
                    .map(|list| {
                        let mut shelf = Shelf { ledger: &mut *self.ledger, persons: self.persons };
                        shelf.put(&list, &mut keys)
                    })
                    .transpose()?;
                events.push(Ready { event, source_id, original, place, list });
            }
        }
        if events.is_empty() {
            lane.claims.pop_back();
            return Ok(());
        }
        let genesis = self.ledger.origin().genesis().0;
        let sealed = attachment::seal(genesis, &pack, &random::bytes()?)?;
        // if we stop after this, a file is left that no entry names
        attachment::put(&**self.ledger.store(), &sealed)?;
        keys.push(Item::Attachment { digest: sealed.digest, key: sealed.key });
        lane.to.send(Batch { events, sealed, keys }).map_err(|_| stopped())
    }

    /// What becomes of each event of a record; none if one of them conflicts with an event on its way,
    /// which has no index to be named by yet.
    fn plans(
        &self,
        events: &[Event],
        original: Blake3,
        lane: &mut Lane,
    ) -> Result<Option<Vec<Plan>>> {
        let (mut plans, mut claims) = (Vec::with_capacity(events.len()), Claims::new());
        for event in events {
            let source_id = self.source_id(event);
            let claim = import_claim(self.source.name, &source_id, event.kind, event.ordinal);
            plans.push(match self.known(lane, &claims, &claim, original)? {
                Known::Same => Plan::Leave,
                Known::Coming => return Ok(None),
                Known::New => {
                    claims.insert(claim, original);
                    Plan::Take(source_id)
                }
                Known::Other(first) => {
                    match self.conflict(lane, &mut claims, &source_id, original, first)? {
                        Some(plan) => plan,
                        None => return Ok(None),
                    }
                }
            });
        }
        if let Some(last) = lane.claims.back_mut() {
            last.extend(claims);
        }
        Ok(Some(plans))
    }

    /// Commits signed batches until at most so many are on their way.
    fn finish(&mut self, lane: &mut Lane, most: usize, summary: &mut Summary) -> Result<()> {
        while lane.claims.len() > most {
            let signed = lane.from.recv().map_err(|_| stopped())?;
            summary.entries += self.commit(&signed.events?, &signed.keys)?;
            lane.claims.pop_front();
            // the command does it again at its end, and says it then if it cannot be done
            let _ = self.ledger.catch_up(BEHIND, MERGE_BELOW);
        }
        Ok(())
    }

    /// The id as the log may have it: one that names a person is replaced by its keyed digest.
    fn source_id(&self, event: &Event) -> String {
        if event.personal {
            hex(&self.persons.source_digest(self.source.name, &event.source_id).0)
        } else {
            event.source_id.clone()
        }
    }

    /// Whether the ledger, an earlier batch on its way, or an earlier record has the identity.
    fn known(&self, lane: &Lane, claims: &Claims, claim: &str, original: Blake3) -> Result<Known> {
        let coming = lane.claims.iter().chain([claims]).find_map(|claims| claims.get(claim));
        if let Some(first) = coming {
            return Ok(if *first == original { Known::Same } else { Known::Coming });
        }
        Ok(match self.ledger.import(claim)? {
            None => Known::New,
            Some((_, first)) if first == original => Known::Same,
            Some((index, _)) => Known::Other(index),
        })
    }

    /// `source.conflicted`, unless this very conflict was recorded before; none if that cannot be told
    /// before what is on its way has its place.
    fn conflict(
        &self,
        lane: &Lane,
        claims: &mut Claims,
        source_id: &str,
        original: Blake3,
        first: u64,
    ) -> Result<Option<Plan>> {
        let kind = "source.conflicted";
        for ordinal in 0..MAX_CONFLICTS {
            let claim = import_claim(self.source.name, source_id, kind, ordinal);
            match self.known(lane, claims, &claim, original)? {
                Known::Same => return Ok(Some(Plan::Leave)),
                Known::Coming => return Ok(None),
                Known::Other(_) => {}
                Known::New => {
                    let name = self.source.name;
                    let data = Value::object([
                        ("first_index", Value::count(first)),
                        ("source_id", Value::text(source_id)),
                    ]);
                    let value = Object::from([
                        ("data", data),
                        ("occurred_at", Value::text(clock::now()?.to_string())),
                        ("subject", Value::object([("source", Value::text(name))])),
                        ("time_quality", Value::text("received")),
                        ("type", Value::text(kind)),
                    ]);
                    let event = Event {
                        kind,
                        source_id: source_id.to_owned(),
                        personal: false,
                        ordinal,
                        value,
                        attached: None,
                    };
                    claims.insert(claim, original);
                    return Ok(Some(Plan::Conflict(event)));
                }
            }
        }
        Err(Failure::refused("source-conflicts", "too many records conflict under one id")
            .within(source_id.to_owned()))
    }

    /// Appends the events of a batch, all or none, with the keys of their attachments.
    fn commit(&mut self, events: &[Admitted], keys: &[Item]) -> Result<u64> {
        let how = Group { now: clock::now()?, random: random::bytes()?, all_or_nothing: true };
        let now = || clock::now().unwrap_or(how.now);
        let outcomes = self.ledger.append_with(events, keys, how, now)?;
        let mut new = 0;
        let mut refused = None;
        for outcome in outcomes {
            match outcome {
                Ok(receipt) => new += u64::from(!receipt.known),
                Err(error) if error.code() == "group" => {}
                Err(error) => {
                    refused.get_or_insert(error);
                }
            }
        }
        match refused {
            Some(error) => Err(Failure::by_law(&error)),
            None => Ok(new),
        }
    }
}
