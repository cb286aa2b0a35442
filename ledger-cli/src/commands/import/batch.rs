//! Some thousands of records on their way into the ledger: known ones are passed over, the originals
//! of the others are packed, encrypted and put down, and only then their events appended.

use std::collections::HashMap;

use ledger_core::encoding::hex;
use ledger_core::error::Kind;
use ledger_core::event::import_claim;
use ledger_core::hash::Blake3;
use ledger_core::json::Value;
use ledger_core::key::SigningKey;
use ledger_core::ledger::{Group, Ledger, Submission};
use ledger_core::producer::{self, Position};
use ledger_core::signature::Mode;
use ledger_core::vault::attachment::{self, Sealed};
use ledger_core::vault::inbox::Item;
use ledger_core::vault::persons::Key;
use rayon::prelude::*;

use super::{Mapped, Summary, is_unmapped};
use crate::failure::{Failure, Result};
use crate::import::{Event, Source};
use crate::seen::Sight;
use crate::{clock, random};

/// Events of one commit group.
const GROUP: usize = 1_000;
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

/// What is known of an identity: not yet, this very record, or another one.
enum Known {
    New,
    Same,
    Other(u64),
}

/// One event that will be appended, and its record's place in the pack.
struct Ready {
    value: Value,
    record: usize,
}

impl Batches<'_> {
    /// Appends what is new of the records, durably, and counts them all.
    pub(super) fn append(&mut self, records: Vec<Mapped>, summary: &mut Summary) -> Result<()> {
        // what other processes imported meanwhile counts too
        self.ledger.refresh()?;
        let mut ready = Vec::new();
        let mut seen = HashMap::new();
        let mut pack = Vec::new();
        let mut places = Vec::with_capacity(records.len());
        let originals: Vec<Blake3> =
            records.par_iter().map(|record| self.persons.original(&record.bytes)).collect();
        for (position, (record, original)) in records.into_iter().zip(originals).enumerate() {
            let Mapped { bytes, events } = record;
            let unmapped = is_unmapped(&events);
            let (mut fresh, mut conflicts) = (0, 0);
            for event in events {
                let source_id = self.source_id(&event);
                let claim = import_claim(self.source.name, &source_id, event.kind, event.ordinal);
                match self.known(&mut seen, &claim, original)? {
                    Known::Same => {}
                    Known::New => {
                        let value = self.complete(event, &source_id, original);
                        ready.push(Ready { value, record: position });
                        fresh += 1;
                    }
                    Known::Other(first) => {
                        if let Some(value) =
                            self.conflict(&mut seen, &source_id, original, first)?
                        {
                            ready.push(Ready { value, record: position });
                            conflicts += 1;
                        }
                    }
                }
            }
            places.push((pack.len() as u64, bytes.len() as u64));
            if fresh + conflicts > 0 {
                pack.extend_from_slice(&bytes);
            }
            summary.conflicted += u64::from(conflicts > 0);
            match (fresh + conflicts, unmapped && conflicts == 0) {
                (0, _) => summary.duplicate += 1,
                (_, true) => summary.unmapped += 1,
                (_, false) => summary.recorded += 1,
            }
        }
        self.commit(&ready, &places, &pack, summary)
    }

    /// The id as the log may have it: one that names a person is replaced by its keyed digest.
    fn source_id(&self, event: &Event) -> String {
        if event.personal {
            hex(&self.persons.source_digest(self.source.name, &event.source_id).0)
        } else {
            event.source_id.clone()
        }
    }

    /// Whether the ledger, or an earlier record of this batch, has the identity.
    fn known(
        &self,
        seen: &mut HashMap<String, Blake3>,
        claim: &str,
        original: Blake3,
    ) -> Result<Known> {
        if let Some(first) = seen.get(claim) {
            let next = self.ledger.size();
            return Ok(if *first == original { Known::Same } else { Known::Other(next) });
        }
        let found = self.ledger.import(claim)?;
        if let Some((index, first)) = found {
            return Ok(if first == original { Known::Same } else { Known::Other(index) });
        }
        seen.insert(claim.to_owned(), original);
        Ok(Known::New)
    }

    /// The members that make an event an imported one.
    fn complete(&self, event: Event, source_id: &str, original: Blake3) -> Value {
        let mut value = event.value;
        let Source { name, version, .. } = self.source;
        for (member, content) in [
            ("adapter", Value::text(format!("{name}/{version}"))),
            ("ordinal", Value::count(event.ordinal)),
            ("original", Value::text(original.to_base64())),
            ("source", Value::text(*name)),
            ("source_id", Value::text(source_id)),
        ] {
            value.insert(member.to_owned(), content);
        }
        Value::Object(value)
    }

    /// `source.conflicted`, unless this very conflict was recorded before.
    fn conflict(
        &self,
        seen: &mut HashMap<String, Blake3>,
        source_id: &str,
        original: Blake3,
        first: u64,
    ) -> Result<Option<Value>> {
        let kind = "source.conflicted";
        for ordinal in 0..MAX_CONFLICTS {
            let claim = import_claim(self.source.name, source_id, kind, ordinal);
            match self.known(seen, &claim, original)? {
                Known::Same => return Ok(None),
                Known::Other(_) => {}
                Known::New => {
                    let name = self.source.name;
                    let data = Value::object([
                        ("first_index", Value::count(first)),
                        ("source_id", Value::text(source_id)),
                    ]);
                    let value = std::collections::BTreeMap::from([
                        ("data".to_owned(), data),
                        ("occurred_at".to_owned(), Value::text(clock::now()?.to_string())),
                        ("subject".to_owned(), Value::object([("source", Value::text(name))])),
                        ("time_quality".to_owned(), Value::text("received")),
                        ("type".to_owned(), Value::text(kind)),
                    ]);
                    let source_id = source_id.to_owned();
                    let event = Event { kind, source_id, personal: false, ordinal, value };
                    let id = event.source_id.clone();
                    return Ok(Some(self.complete(event, &id, original)));
                }
            }
        }
        Err(Failure::refused("source-conflicts", "too many records conflict under one id")
            .within(source_id.to_owned()))
    }

    /// Puts down the originals, then appends the events in groups.
    fn commit(
        &mut self,
        ready: &[Ready],
        places: &[(u64, u64)],
        pack: &[u8],
        summary: &mut Summary,
    ) -> Result<()> {
        if ready.is_empty() {
            return Ok(());
        }
        let genesis = self.ledger.origin().genesis().0;
        let sealed = attachment::seal(genesis, pack, &random::bytes()?)?;
        // if we stop after this, a file is left that no entry names
        attachment::put(&**self.ledger.store(), &sealed)?;
        let items = [Item::Attachment { digest: sealed.digest, key: sealed.key }];
        for group in ready.chunks(GROUP) {
            summary.entries += self.group(group, places, &sealed, &items)?;
        }
        Ok(())
    }

    fn group(
        &mut self,
        group: &[Ready],
        places: &[(u64, u64)],
        sealed: &Sealed,
        items: &[Item],
    ) -> Result<u64> {
        let genesis = self.ledger.origin().genesis().0;
        let signed: Vec<Result<Submission>> = group
            .par_iter()
            .with_min_len(16)
            .map(|event| {
                let (offset, length) = places.get(event.record).copied().unwrap_or_default();
                let draft = cite(&event.value, sealed, offset, length);
                let draft = self.sight.named(&draft);
                sign(&draft, genesis, self.signer)
            })
            .collect();
        let signed = signed.into_iter().collect::<Result<Vec<_>>>()?;
        let mut admitted = Vec::with_capacity(signed.len());
        for outcome in self.ledger.door().admit(signed, random::bytes()?, Mode::Bulk) {
            admitted.push(outcome.map_err(|error| Failure::by_law(&error))?);
        }
        let how = Group { now: clock::now()?, random: random::bytes()?, all_or_nothing: true };
        let now = || clock::now().unwrap_or(how.now);
        let outcomes = self.ledger.append_with(&admitted, items, how, now)?;
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

/// Names the original: the attachment of the pack, and the record's place in it.
fn cite(value: &Value, sealed: &Sealed, offset: u64, length: u64) -> Value {
    let digest = sealed.digest.to_reference();
    let mut value = value.clone();
    if let Some(members) = value.members_mut() {
        let attached = Value::object([
            ("digest", Value::text(&digest)),
            ("media_type", Value::text("application/octet-stream")),
            ("name", Value::text("originals")),
            ("private", Value::Bool(true)),
            ("size", Value::count(sealed.bytes.len() as u64)),
        ]);
        members.insert("attachments".to_owned(), Value::List(vec![attached]));
        let raw = Value::object([
            ("attachment", Value::text(digest)),
            ("length", Value::count(length)),
            ("offset", Value::count(offset)),
        ]);
        members.insert("raw".to_owned(), raw);
    }
    value
}

/// Signs an event as a stream of its own; what the law of meaning refuses is kept as
/// `external.recorded`, so that a record is never lost for what its source wrote.
fn sign(draft: &Value, genesis: [u8; 32], signer: &SigningKey) -> Result<Submission> {
    let signed = |draft: &Value| -> Result<_> {
        let place = Position::one_shot(LABEL, random::bytes()?);
        Ok(producer::sign(draft, Some(genesis), &place, &[signer], random::bytes()?))
    };
    match signed(draft)? {
        Ok(submission) => Ok(submission),
        Err(error) if error.kind() == Kind::Unavailable => Err(error.into()),
        Err(error) => signed(&unfit(draft, error.code()))?.map_err(Failure::from),
    }
}

/// The event without what its source says of it.
fn unfit(draft: &Value, code: &str) -> Value {
    let mut value = draft.clone();
    let kind = draft.get("type").cloned().unwrap_or(Value::Bool(true));
    let source = draft.get("source").cloned().unwrap_or(Value::Bool(true));
    if let Some(members) = value.members_mut() {
        let data = [("native_kind", kind), ("reason", Value::text(code))];
        let actor = Value::object([("kind", Value::text("unknown"))]);
        members.insert("type".to_owned(), Value::text("external.recorded"));
        members.insert("data".to_owned(), Value::object(data));
        members.insert("subject".to_owned(), Value::object([("source", source)]));
        members.insert("actor".to_owned(), actor);
    }
    value
}
