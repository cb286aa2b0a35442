//! The door: what is checked about an event before the log is locked.
//!
//! Form, meaning, disclosures and signatures depend on the event and its keys alone, so a group is
//! checked on all cores while another group is being written. Order and authority are judged
//! again under the lock.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::entry::Signature;
use crate::error::{Error, Result};
use crate::event::{Event, span};
use crate::fork::Claim;
use crate::hash::Blake3;
use crate::index::{self, Key, Kind};
use crate::json::{Document, Known};
use crate::key::PublicKey;
use crate::schema;
use crate::seal::{self, Disclosure, Scope};
use crate::signature::{self, Check, Mode};
use crate::trust::Registry;

/// One event as it is delivered: signed bytes, signatures in the order of its signers, disclosures.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Canonical event bytes.
    pub event: Vec<u8>,
    /// One signature for each of the event's signers, in their order.
    pub signatures: Vec<[u8; 64]>,
    /// What opens the event's sealed values; they never enter the log.
    pub disclosures: Vec<Disclosure>,
}

/// Who somebody is, as a source names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The issuer of the id.
    pub issuer: String,
    /// The id, stable at that issuer.
    pub id: String,
}

/// An event that passed the door.
#[derive(Debug)]
pub struct Admitted {
    pub(super) event: Vec<u8>,
    /// The values in its bytes, for the line it goes into.
    pub(super) known: Known,
    pub(super) hash: Blake3,
    pub(super) signatures: Vec<Signature>,
    pub(super) disclosures: Vec<Disclosure>,
    /// Pointer and identity of each person whose disclosure was seen, in pointer order.
    pub(super) identities: Vec<(String, Identity)>,
    pub(super) stream: Key,
    pub(super) stream_at: Range<usize>,
    pub(super) seq: u64,
    pub(super) prev: Option<Blake3>,
    pub(super) is_final: bool,
    /// The pointer that the law of link fills with the key's holder.
    pub(super) own: Option<&'static str>,
    pub(super) source: Option<(Key, Blake3)>,
    pub(super) key_event: bool,
    /// What it says of a forked stream.
    pub(super) forked: Option<Claim>,
    /// Whether the signatures were checked here; otherwise a signer was not registered yet.
    pub(super) verified: bool,
}

impl Admitted {
    /// The event's bytes.
    pub fn event(&self) -> &[u8] {
        &self.event
    }

    /// The event as it was delivered: what is kept of one that the log then refused.
    pub fn submission(&self) -> Submission {
        Submission {
            event: self.event.clone(),
            signatures: self.signatures.iter().map(|signature| signature.bytes).collect(),
            disclosures: self.disclosures.clone(),
        }
    }

    /// The name of the event's stream.
    pub(super) fn stream_name(&self) -> &str {
        let name = self.event.get(self.stream_at.clone()).unwrap_or_default();
        std::str::from_utf8(name).unwrap_or_default()
    }
}

/// Checks events against the keys registered so far. Cheap to clone; used from any thread.
#[derive(Clone, Debug)]
pub struct Door {
    pub(super) registry: Arc<Registry>,
    /// SHA-256 of entry 0's event bytes; none while entry 0 is being made.
    pub(super) genesis: Option<[u8; 32]>,
}

impl Door {
    /// Checks a group on all cores. `random` are 32 unpredictable bytes for the bulk signature check.
    ///
    /// Each event is judged on its own: codes `json-*`, `event-*`, `schema-*`, `seal-*`,
    /// `signature-*`, `ledger-other`.
    pub fn admit(
        &self,
        group: Vec<Submission>,
        random: [u8; 32],
        mode: Mode,
    ) -> Vec<Result<Admitted>> {
        let checked: Vec<Result<(Admitted, Vec<PublicKey>)>> = group
            .into_par_iter()
            .with_min_len(32)
            .map_init(Document::default, |document, submission| self.one(document, submission))
            .collect();
        let mut owners = Vec::with_capacity(checked.len());
        let mut checks = Vec::with_capacity(checked.len());
        for (position, outcome) in checked.iter().enumerate() {
            let Ok((admitted, keys)) = outcome else { continue };
            for (key, signature) in keys.iter().zip(&admitted.signatures) {
                owners.push(position);
                checks.push(Check { key, message: &admitted.event, signature: &signature.bytes });
            }
        }
        let failed: Vec<usize> = signature::verify_all(&checks, random, mode)
            .into_iter()
            .filter_map(|check| owners.get(check).copied())
            .collect();
        checked
            .into_iter()
            .enumerate()
            .map(|(position, outcome)| {
                let (admitted, _) = outcome?;
                if failed.binary_search(&position).is_ok() {
                    Err(bad_signature())
                } else {
                    Ok(admitted)
                }
            })
            .collect()
    }

    fn one(
        &self,
        document: &mut Document,
        submission: Submission,
    ) -> Result<(Admitted, Vec<PublicKey>)> {
        let Submission { event: bytes, signatures, disclosures } = submission;
        let event = Event::parse(document, &bytes)?;
        if event.ledger != self.genesis {
            return Err(Error::refused("ledger-other", "the event was signed for another ledger")
                .at("/ledger"));
        }
        let positions = schema::check(&event)?;
        if signatures.len() != event.signers.len() {
            return Err(Error::refused(
                "signature-count",
                format!("{} signers, {} signatures", event.signers.len(), signatures.len()),
            ));
        }
        let identities = open(&event, &positions, &disclosures)?;
        let keys = self.registry.signer_keys(&event);
        let verified = keys.is_ok();
        let signatures = event
            .signers
            .iter()
            .zip(signatures)
            .map(|(key, bytes)| Signature { key: *key, bytes })
            .collect();
        let admitted = Admitted {
            known: event.root.known(),
            hash: event.hash(),
            signatures,
            identities,
            stream: index::key(Kind::Stream, event.stream.name),
            stream_at: span(&bytes, event.stream.name.as_bytes()).unwrap_or_default(),
            seq: event.seq,
            prev: event.prev,
            is_final: event.is_final,
            own: if event.source.is_none() {
                schema::find(event.kind).and_then(|t| t.own)
            } else {
                None
            },
            source: event.claim().map(|(name, what)| (index::key(Kind::Source, &name), what)),
            key_event: super::is_key_event(event.kind),
            forked: Claim::of(&event),
            verified,
            disclosures,
            event: Vec::new(),
        };
        Ok((Admitted { event: bytes, ..admitted }, keys.unwrap_or_default()))
    }
}

pub(super) fn bad_signature() -> Error {
    Error::refused(
        "signature",
        "a signature is not by the key that the event names over these bytes",
    )
}

/// The scope in which the event's values are sealed.
pub(crate) fn scope(event: &Event<'_>) -> Result<Scope> {
    if let Some(ledger) = event.ledger {
        return Ok(Scope::Ledger(ledger));
    }
    let nonce = event.text_at("/data/nonce").unwrap_or_default();
    Ok(Scope::Genesis { nonce: crate::encoding::from_base64(nonce.as_bytes())? })
}

/// Opens what was disclosed: each disclosure must belong to a sealed value of this very event.
fn open(
    event: &Event<'_>,
    positions: &[schema::Position],
    disclosures: &[Disclosure],
) -> Result<Vec<(String, Identity)>> {
    if disclosures.is_empty() {
        return Ok(Vec::new());
    }
    let scope = scope(event)?;
    let mut identities = Vec::new();
    let mut used = vec![false; disclosures.len()];
    for position in positions {
        let view = event.root.pointer(&position.pointer);
        let sealed = view.map(|view| seal::from_json(view.raw())).transpose()?;
        let found = disclosures.iter().position(|given| Some(given.commitment) == sealed);
        let (Some(found), Some(sealed)) = (found, sealed) else { continue };
        let Some(disclosure) = disclosures.get(found) else { continue };
        let value =
            disclosure.open(sealed, scope, event.stream.name, event.seq, &position.pointer)?;
        if let Some(used) = used.get_mut(found) {
            *used = true;
        }
        let value = identity(value, position)?;
        identities.extend(value.map(|identity| (position.pointer.clone(), identity)));
    }
    if used.contains(&false) {
        return Err(Error::refused(
            "seal-stray",
            "a disclosure opens no sealed value of this event",
        ));
    }
    identities.sort();
    Ok(identities)
}

/// A sealed identity is `{issuer, id, name?, email?}`; sealed text is a string that is not empty.
fn identity(value: &[u8], position: &schema::Position) -> Result<Option<Identity>> {
    let wrong = |message: &str| Error::refused("seal-content", message).at(&*position.pointer);
    let mut document = Document::default();
    let view =
        document.parse(value, crate::json::Names::Plain).map_err(|e| e.at(&*position.pointer))?;
    if !position.person {
        return match view.text() {
            Some(text) if !text.is_empty() => Ok(None),
            _ => Err(wrong("a sealed text is a string that is not empty")),
        };
    }
    let member = |name: &str| view.get(name).and_then(|v| v.text()).filter(|text| !text.is_empty());
    let known = ["email", "id", "issuer", "name"];
    let closed = view.members().all(|(name, _)| known.contains(&name) && member(name).is_some());
    match (member("issuer"), member("id")) {
        (Some(issuer), Some(id)) if closed => {
            Ok(Some(Identity { issuer: issuer.into_owned(), id: id.into_owned() }))
        }
        _ => Err(wrong("an identity has `issuer` and `id`, and may have `name` and `email`")),
    }
}
