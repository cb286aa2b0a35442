//! Producer: from plain fields to a signed event with its disclosures.
//!
//! Spec page: `spec/event.md`. A draft is an event with plain values in sealed positions and without
//! the members that only the producer can fill. [`sign`] fills them, seals with fresh salts, holds
//! the result against form and meaning, and signs. It is the mirror of the door.

use crate::encoding;
use crate::error::{Error, Result};
use crate::event::{Event, SCHEMA, is_label};
use crate::hash::Blake3;
use crate::json::{Document, Object, Value};
use crate::key::{KeyId, Signer};
use crate::ledger::Submission;
use crate::schema::{self, Field, Shape};
use crate::seal::{Disclosure, Scope};
use crate::signature;

/// The members that a draft leaves to its producer.
const FILLED: &[&str] = &["ledger", "signers", "stream", "seq", "prev", "final"];

/// Where in its own chain a producer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The label of the stream, `[a-z0-9._-]{1,64}`; never a login.
    pub label: String,
    /// The stream's 128 random bits; with the owner's key id they make a name that never repeats.
    pub random: [u8; 16],
    /// The place of the next event.
    pub seq: u64,
    /// BLAKE3 of the stream's last event; none at 0.
    pub prev: Option<Blake3>,
    /// Whether the next event ends the stream.
    pub is_final: bool,
}

impl Position {
    /// A stream of a single event.
    pub fn one_shot(label: &str, random: [u8; 16]) -> Self {
        Self { label: label.to_owned(), random, seq: 0, prev: None, is_final: true }
    }

    /// The first place of a stream of several events.
    pub fn first(label: &str, random: [u8; 16]) -> Self {
        Self { is_final: false, ..Self::one_shot(label, random) }
    }

    /// The place after an event that was signed.
    #[must_use]
    pub fn after(&self, event: &[u8]) -> Self {
        Self { seq: self.seq + 1, prev: Some(Blake3::of(event)), ..self.clone() }
    }
}

/// Completes, seals and signs a draft. `ledger` is none only for `ledger.created`; `salts` are 32
/// fresh random bytes.
///
/// Codes: `draft-object`, `draft-filled` (a member that is not the drafter's), `seal-content`, and
/// those of form and meaning.
pub fn sign(
    draft: &Value,
    ledger: Option<[u8; 32]>,
    position: &Position,
    signers: &[&dyn Signer],
    salts: [u8; 32],
) -> Result<Submission> {
    let ids: Vec<KeyId> = signers.iter().map(|signer| signer.public().id()).collect();
    let (event, disclosures) = prepare(draft, ledger, position, &ids, salts)?;
    let signatures = signers
        .iter()
        .map(|signer| signature::sign(*signer, &event))
        .collect::<Result<Vec<_>>>()?;
    Ok(Submission { event, signatures, disclosures })
}

/// As [`sign`], but leaves the signing to those who are named, in whatever place they are: the bytes
/// to be signed, and what opens their sealed values.
pub fn prepare(
    draft: &Value,
    ledger: Option<[u8; 32]>,
    position: &Position,
    signers: &[KeyId],
    salts: [u8; 32],
) -> Result<(Vec<u8>, Vec<Disclosure>)> {
    let (event, disclosures) = fill(&mut draft.clone(), ledger, position, signers, salts)?;
    let mut document = Document::default();
    schema::check(&Event::parse(&mut document, &event)?)?;
    Ok((event, disclosures))
}

/// As [`sign`] with one signer, in place and without holding the result against form and meaning: for
/// many events that go through the door at once, which does just that. After an error the draft is
/// what it had become by then. Codes `draft-object`, `draft-filled`, `seal-content`.
pub fn sign_for_door(
    draft: &mut Value,
    ledger: [u8; 32],
    position: &Position,
    signer: &dyn Signer,
    salts: [u8; 32],
) -> Result<Submission> {
    let ids = [signer.public().id()];
    let (event, disclosures) = fill(draft, Some(ledger), position, &ids, salts)?;
    let signatures = vec![signature::sign(signer, &event)?];
    Ok(Submission { event, signatures, disclosures })
}

/// Completes and seals a draft: the event's bytes, and what opens its sealed values.
fn fill(
    draft: &mut Value,
    ledger: Option<[u8; 32]>,
    position: &Position,
    signers: &[KeyId],
    salts: [u8; 32],
) -> Result<(Vec<u8>, Vec<Disclosure>)> {
    let nonce = nonce(draft);
    let Value::Object(event) = draft else {
        return Err(Error::malformed("draft-object", "an event is a JSON object"));
    };
    if let Some(name) = FILLED.iter().find(|name| event.contains_key(name)) {
        return Err(Error::refused(
            "draft-filled",
            format!("`{name}` is filled in when the event is signed"),
        )
        .hint(format!("leave `{name}` out")));
    }
    let stream = envelope(event, ledger, position, signers)?;
    let scope = match ledger {
        Some(ledger) => Scope::Ledger(ledger),
        None => Scope::Genesis { nonce: nonce? },
    };
    let mut sealer = Sealer {
        scope,
        stream: &stream,
        seq: position.seq,
        salts: blake3::Hasher::new_derive_key("release-ledger salts of an event")
            .update(&salts)
            .finalize_xof(),
        disclosures: Vec::new(),
    };
    let known = event.get("type").and_then(Value::as_text).and_then(schema::find);
    if let Some(actor) = event.get_mut("actor") {
        sealer.fields("/actor", actor, schema::ACTOR)?;
    }
    if let (Some(known), Some(data)) = (known, event.get_mut("data")) {
        sealer.fields("/data", data, known.data)?;
    }
    let disclosures = sealer.disclosures;
    Ok((draft.to_canonical().into_bytes(), disclosures))
}

/// Fills in what belongs to the producer; gives the stream's name.
fn envelope(
    event: &mut Object,
    ledger: Option<[u8; 32]>,
    position: &Position,
    signers: &[KeyId],
) -> Result<String> {
    let Some(owner) = signers.first() else {
        return Err(Error::refused("draft-signers", "an event has at least one signer"));
    };
    if !is_label(&position.label) {
        return Err(Error::malformed(
            "event-stream",
            format!("`{}` is not a label", position.label),
        )
        .hint("a label has only a-z, 0-9, `.`, `_` and `-`, at most 64 of them"));
    }
    let random = encoding::base64url(&position.random);
    let stream = format!("{owner}/{}/{random}", position.label);
    let ids = signers.iter().map(|signer| Value::text(signer.to_string()));
    event.or_insert_with("schema", || Value::text(SCHEMA));
    event.or_insert_with("time_quality", || Value::text("exact"));
    event.insert("signers", Value::List(ids.collect()));
    event.insert("stream", Value::text(&stream));
    event.insert("seq", Value::count(position.seq));
    if let Some(ledger) = ledger {
        event.insert("ledger", Value::text(encoding::base64(&ledger)));
    }
    if let Some(prev) = position.prev {
        event.insert("prev", Value::text(prev.to_base64()));
    }
    if position.is_final {
        event.insert("final", Value::Bool(true));
    }
    Ok(stream)
}

fn nonce(draft: &Value) -> Result<[u8; 32]> {
    let nonce = draft.get("data").and_then(|data| data.get("nonce")).and_then(Value::as_text);
    encoding::from_base64(nonce.unwrap_or_default().as_bytes()).map_err(|e| e.at("/data/nonce"))
}

struct Sealer<'a> {
    scope: Scope,
    stream: &'a str,
    seq: u64,
    salts: blake3::OutputReader,
    disclosures: Vec<Disclosure>,
}

impl Sealer<'_> {
    fn fields(&mut self, at: &str, value: &mut Value, known: &[Field]) -> Result<()> {
        let Some(members) = value.members_mut() else { return Ok(()) };
        for field in known {
            if let Some(value) = members.get_mut(field.name) {
                self.value(&format!("{at}/{}", field.name), value, &field.shape)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, at: &str, value: &mut Value, shape: &Shape) -> Result<()> {
        match (shape, value) {
            (Shape::Sealed | Shape::Person, value) => {
                self.seal(at, value, matches!(shape, Shape::Person))
            }
            (Shape::List(item) | Shape::Filled(item), Value::List(items)) => {
                items.iter_mut().enumerate().try_for_each(|(position, value)| {
                    self.value(&format!("{at}/{position}"), value, item)
                })
            }
            (Shape::Object(known), value) => self.fields(at, value, known),
            (Shape::Map(item), Value::Object(members)) => members
                .iter_mut()
                .try_for_each(|(name, value)| self.value(&format!("{at}/{name}"), value, item)),
            _ => Ok(()),
        }
    }

    fn seal(&mut self, at: &str, value: &mut Value, person: bool) -> Result<()> {
        let sealed = matches!(value, Value::Object(members)
            if members.len() == 1 && members.contains_key("sealed"));
        if sealed {
            return Ok(());
        }
        let text = |value: Option<&Value>| {
            value.and_then(Value::as_text).is_some_and(|text| !text.is_empty())
        };
        let fits = if person {
            text(value.get("issuer")) && text(value.get("id"))
        } else {
            text(Some(value))
        };
        if !fits {
            let wanted = if person {
                "an identity stands here, like {\"issuer\":\"github\",\"id\":\"583231\"}"
            } else {
                "a text that is not empty stands here"
            };
            return Err(Error::refused("seal-content", wanted).at(at));
        }
        let mut salt = [0; 32];
        self.salts.fill(&mut salt);
        let plain = value.to_canonical();
        let disclosure =
            Disclosure::seal(self.scope, self.stream, self.seq, at, salt, plain.as_bytes())?;
        *value = Value::object([("sealed", Value::text(disclosure.commitment.to_base64()))]);
        self.disclosures.push(disclosure);
        Ok(())
    }
}
