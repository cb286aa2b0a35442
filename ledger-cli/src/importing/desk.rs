//! The desk: events of a batch are completed, signed, each as a stream of its own, and taken through the
//! door on all cores, while the batch before is committed.

use std::sync::mpsc::{Receiver, SyncSender};

use ledger_core::encoding::hex;
use ledger_core::error::Kind;
use ledger_core::hash::Blake3;
use ledger_core::json::Value;
use ledger_core::key::SigningKey;
use ledger_core::ledger::{Admitted, Door, Submission};
use ledger_core::producer::{self, Position};
use ledger_core::signature::Mode;
use ledger_core::vault::attachment::Sealed;
use ledger_core::vault::inbox::Item;
use ledger_core::vault::persons::Key;
use rayon::prelude::*;

use super::list::{List, private};
use crate::failure::{Failure, Result};
use crate::import::{Event, Source};
use crate::random;
use crate::seen::Sight;

/// The stream label of imported events.
const LABEL: &str = "import";

/// One event that will be appended, under its id, and its record's place in the pack.
pub(super) struct Ready {
    pub(super) event: Event,
    pub(super) source_id: String,
    pub(super) original: Blake3,
    pub(super) place: (u64, u64),
    /// A list beside it.
    pub(super) list: Option<List>,
}

/// A batch with its originals, which lie in the ledger's folder already.
pub(super) struct Batch {
    pub(super) events: Vec<Ready>,
    pub(super) sealed: Sealed,
    /// What opens the attachments.
    pub(super) keys: Vec<Item>,
}

/// A batch whose events are signed and passed the door.
pub(super) struct Signed {
    pub(super) events: Result<Vec<Admitted>>,
    pub(super) keys: Vec<Item>,
}

/// Where events are signed, and checked as everybody's are.
pub(super) struct Desk<'a> {
    pub(super) source: &'a Source,
    pub(super) persons: Key,
    pub(super) door: Door,
    pub(super) genesis: [u8; 32],
    pub(super) sight: &'a Sight,
    pub(super) signer: &'a SigningKey,
}

impl Desk<'_> {
    /// Signs batch after batch, until there is no more or nobody takes them.
    pub(super) fn work(&self, batches: &Receiver<Batch>, signed: &SyncSender<Signed>) {
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
pub(super) fn stopped() -> Failure {
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
