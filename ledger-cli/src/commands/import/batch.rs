//! Batches of records on their way into the ledger: known ones are passed over, the originals of the
//! others are packed, encrypted and put down, and only then their events appended, in one commit.
//!
//! Three ends work at a time: records are read and mapped (`flow`), the events of one batch are signed
//! and checked at the door, and those of the batch before are committed, in the order of the records.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use ledger_core::encoding::hex;
use ledger_core::error::Kind;
use ledger_core::event::import_claim;
use ledger_core::hash::Blake3;
use ledger_core::json::{Object, Value};
use ledger_core::key::SigningKey;
use ledger_core::ledger::{Admitted, Door, Group, Ledger, Submission};
use ledger_core::producer::{self, Position};
use ledger_core::signature::Mode;
use ledger_core::vault::attachment::{self, Sealed};
use ledger_core::vault::inbox::Item;
use ledger_core::vault::persons::Key;
use rayon::prelude::*;

use super::flow::{Job, Mapped};
use super::list::{List, Shelf, private};
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
/// The stream label of imported events.
const LABEL: &str = "import";

/// What appends.
pub(super) struct Batches<'a> {
    pub(super) source: &'a Source,
    pub(super) signer: &'a SigningKey,
    pub(super) sight: &'a Sight,
    pub(super) ledger: &'a mut Ledger,
    pub(super) persons: Key,
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

/// One event that will be appended, under its id, and its record's place in the pack.
struct Ready {
    event: Event,
    source_id: String,
    original: Blake3,
    place: (u64, u64),
    /// A list beside it.
    list: Option<List>,
}

/// A batch with its originals, which lie in the ledger's folder already.
struct Batch {
    events: Vec<Ready>,
    sealed: Sealed,
    /// What opens the attachments.
    keys: Vec<Item>,
}

/// A batch whose events are signed and passed the door.
struct Signed {
    events: Result<Vec<Admitted>>,
    keys: Vec<Item>,
}

/// The ends of the signing thread, and what is on its way.
struct Lane {
    to: SyncSender<Batch>,
    from: Receiver<Signed>,
    claims: VecDeque<Claims>,
}

impl Batches<'_> {
    /// Reads the job's records and appends what is new of them, durably; counts them all.
    pub(super) fn run(mut self, job: &Job<'_>, summary: &mut Summary) -> Result<()> {
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

/// Where events are signed, and checked as everybody's are.
struct Desk<'a> {
    source: &'a Source,
    persons: Key,
    door: Door,
    genesis: [u8; 32],
    sight: &'a Sight,
    signer: &'a SigningKey,
}

impl Desk<'_> {
    fn work(&self, batches: &Receiver<Batch>, signed: &SyncSender<Signed>) {
        for Batch { events, sealed, keys } in batches {
            let events = self.sign(events, &sealed);
            if signed.send(Signed { events, keys }).is_err() {
                return;
            }
        }
    }

    /// Signs the events, each as a stream of its own, and takes them through the door. What the law of
    /// meaning refuses is kept as `external.recorded`, so that a record is never lost for what its
    /// source wrote.
    fn sign(&self, events: Vec<Ready>, sealed: &Sealed) -> Result<Vec<Admitted>> {
        let seed: [u8; 32] = random::bytes()?;
        let signed: Vec<Result<(Value, Submission)>> = events
            .into_par_iter()
            .with_min_len(16)
            .enumerate()
            .map(|(number, event)| self.sign_one(event, sealed, place(&seed, number)))
            .collect();
        let (drafts, events): (Vec<_>, Vec<_>) =
            signed.into_iter().collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let admitted = self.door.admit(events, random::bytes()?, Mode::Bulk);
        let kept = |(draft, event): (&Value, ledger_core::error::Result<Admitted>)| match event {
            Ok(event) => Ok(event),
            Err(error) if error.kind() == Kind::Unavailable => Err(error.into()),
            Err(error) => {
                let (_, event) = self.unfit(draft, error.code())?;
                let admitted = self.door.admit(vec![event], random::bytes()?, Mode::OneByOne);
                let mut admitted = admitted.into_iter();
                admitted.next().ok_or_else(stopped)?.map_err(|error| Failure::by_law(&error))
            }
        };
        let admitted = drafts.iter().zip(admitted).map(kept).collect();
        // trees of thousands of parts: taking them down is work as well
        drafts.into_par_iter().with_min_len(64).for_each(drop);
        admitted
    }

    /// Completes and signs an event, and keeps what it was made of for the case that it is refused.
    fn sign_one(
        &self,
        event: Ready,
        sealed: &Sealed,
        (place, salts): (Position, [u8; 32]),
    ) -> Result<(Value, Submission)> {
        let Ready { event, source_id, original, place: at, list } = event;
        let mut draft = self.complete(event, source_id, original);
        cite(&mut draft, at, list, sealed);
        self.sight.name(&mut draft);
        match producer::sign_for_door(&mut draft, self.genesis, &place, self.signer, salts) {
            Ok(event) => Ok((draft, event)),
            Err(error) if error.kind() == Kind::Unavailable => Err(error.into()),
            Err(error) => self.unfit(&draft, error.code()),
        }
    }

    /// The members that make an event an imported one.
    fn complete(&self, event: Event, source_id: String, original: Blake3) -> Value {
        let mut value = event.value;
        let named = value.get_mut("subject").and_then(Value::members_mut);
        // a person's number must not stand in the log, nor anything it could be guessed from
        if let Some(person) =
            named.and_then(|named| named.get_mut("person")).filter(|_| event.personal)
        {
            let plain = person.as_text().unwrap_or_default().to_owned();
            *person = Value::text(hex(&self.persons.source_digest(self.source.name, &plain).0));
        }
        let Source { name, version, .. } = self.source;
        for (member, content) in [
            ("adapter", Value::text(format!("{name}/{version}"))),
            ("ordinal", Value::count(event.ordinal)),
            ("original", Value::text(original.to_base64())),
            ("source", Value::text(*name)),
            ("source_id", Value::text(source_id)),
        ] {
            value.insert(member, content);
        }
        Value::Object(value)
    }

    /// The event without what its source says of it, signed.
    fn unfit(&self, draft: &Value, code: &str) -> Result<(Value, Submission)> {
        let draft = unfit(draft, code);
        let place = Position::one_shot(LABEL, random::bytes()?);
        let (genesis, salts) = (Some(self.genesis), random::bytes()?);
        let event = producer::sign(&draft, genesis, &place, &[self.signer], salts)?;
        Ok((draft, event))
    }
}

/// A stream and salts of its own for each event of a batch, from the batch's random seed.
fn place(seed: &[u8; 32], number: usize) -> (Position, [u8; 32]) {
    let mut hasher = blake3::Hasher::new_keyed(seed);
    hasher.update(&(number as u64).to_be_bytes());
    let mut bytes = hasher.finalize_xof();
    let (mut stream, mut salts) = ([0; 16], [0; 32]);
    bytes.fill(&mut stream);
    bytes.fill(&mut salts);
    (Position::one_shot(LABEL, stream), salts)
}

/// What an end says that another one left alone: the other says why.
fn stopped() -> Failure {
    Failure::new("import-stopped", "the import stopped")
}

/// Names the original: the attachment of the pack, and the record's place in it; and its list.
fn cite(value: &mut Value, (offset, length): (u64, u64), list: Option<List>, sealed: &Sealed) {
    let digest = sealed.digest.to_reference();
    let mut attachments = vec![private("originals", "application/octet-stream", sealed)];
    if let Some(list) = list {
        attachments.extend(list.references);
        let data = value.members_mut().and_then(|members| members.get_mut("data"));
        let named = data.and_then(Value::members_mut).and_then(|data| data.get_mut(list.field));
        if let Some(named) = named.and_then(Value::members_mut) {
            named.insert("attachment", Value::text(list.digest.to_reference()));
            named.insert("count", Value::count(list.count));
        }
    }
    if let Some(members) = value.members_mut() {
        members.insert("attachments", Value::List(attachments));
        let raw = Value::object([
            ("attachment", Value::text(digest)),
            ("length", Value::count(length)),
            ("offset", Value::count(offset)),
        ]);
        members.insert("raw", raw);
    }
}

/// The event without what its source says of it.
fn unfit(draft: &Value, code: &str) -> Value {
    let mut value = draft.clone();
    let kind = draft.get("type").cloned().unwrap_or(Value::Bool(true));
    let source = draft.get("source").cloned().unwrap_or(Value::Bool(true));
    if let Some(members) = value.members_mut() {
        // it may have been completed before it was refused
        members.retain(|name, _| !["final", "ledger", "seq", "signers", "stream"].contains(&name));
        let data = [("native_kind", kind), ("reason", Value::text(code))];
        let actor = Value::object([("kind", Value::text("unknown"))]);
        members.insert("type", Value::text("external.recorded"));
        members.insert("data", Value::object(data));
        members.insert("subject", Value::object([("source", source)]));
        members.insert("actor", actor);
    }
    value
}
