//! DSSE: an event and its signatures as an envelope that other tools check, and that travels from one
//! signer to the next until all have signed.
//!
//! Spec page: `spec/dsse.md`. The envelope is canonical JSON, of whose names only `payloadType` is
//! another's. What opens the event's sealed values travels beside the payload, in a member that
//! other tools pass over; an envelope of an entry in the log has none.
//!
//! Out of scope: which keys must sign, and whether they may (`event`, `trust`).

use crate::encoding;
use crate::entry::{self, Signature};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::json::{Document, Kind, Names, Value};
use crate::key::{KeyId, PublicKey, Signer};
use crate::ledger::Submission;
use crate::seal::Disclosure;
use crate::signature::{self, PAYLOAD_TYPE};

/// Longest envelope in bytes.
pub const MAX_ENVELOPE: usize = 4 << 20;

/// An event, signed by some or all of its signers.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The event's bytes, as they are signed.
    pub event: Vec<u8>,
    /// The signatures that were collected, in the order of the event's signers.
    pub signatures: Vec<Signature>,
    /// What opens the event's sealed values; empty in an exported entry.
    pub disclosures: Vec<Disclosure>,
}

impl Envelope {
    /// Reads an envelope. Whether its signatures hold is for [`Envelope::verify`] and the door.
    ///
    /// Codes `dsse-length`, `dsse-type`, `dsse-form`, `dsse-payload`, `dsse-signer` (a signature that
    /// the event does not ask for, one too many, or out of order), `dsse-unsigned`, and those of JSON,
    /// events and disclosures.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_ENVELOPE {
            return Err(Error::malformed("dsse-length", "an envelope has at most 4 MiB"));
        }
        let wrong = |what: &str| Error::malformed("dsse-form", what.to_owned()).hint(SPELLING);
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Error::malformed("json-utf8", "the bytes are not UTF-8"))?;
        let Some((before, after)) = text.split_once(&type_member()) else {
            return Err(Error::malformed(
                "dsse-type",
                format!("the `payloadType` is not `{PAYLOAD_TYPE}`"),
            ));
        };
        let rest = [before, after.strip_suffix('\n').unwrap_or(after)].concat();
        let mut document = Document::default();
        let root = document.parse(rest.as_bytes(), Names::Plain)?;
        let known = ["disclosures", "payload", "signatures"];
        if root.kind() != Kind::Object || root.members().any(|(name, _)| !known.contains(&name)) {
            return Err(wrong(
                "an envelope has `payload`, `payloadType`, `signatures`, `disclosures`",
            ));
        }
        let payload = root.get("payload").and_then(|view| view.plain()).unwrap_or_default();
        let event = encoding::from_base64_any(payload.as_bytes())
            .map_err(|_| Error::malformed("dsse-payload", "the payload is not padded base64"))?;
        let list = |name: &str| root.get(name).into_iter().flat_map(|list| list.items());
        let signatures: Option<Vec<Signature>> =
            list("signatures").map(|item| entry::signature_named(item, "keyid")).collect();
        let signatures = signatures.ok_or_else(|| wrong("a signature has `keyid` and `sig`"))?;
        let disclosures: Result<Vec<Disclosure>> =
            list("disclosures").map(|item| Disclosure::from_json(item.raw())).collect();
        let envelope = Self { event, signatures, disclosures: disclosures? };
        envelope.check()?;
        if envelope.encode() != text {
            return Err(wrong("the envelope is spelled otherwise, or has something after it"));
        }
        Ok(envelope)
    }

    /// The one spelling: canonical JSON (RFC 8785) and a newline.
    pub fn encode(&self) -> String {
        let mut text = String::from("{");
        if !self.disclosures.is_empty() {
            let items: Vec<String> = self
                .disclosures
                .iter()
                .map(|item| String::from_utf8_lossy(&item.to_json()).into_owned())
                .collect();
            text = format!("{{\"disclosures\":[{}],", items.join(","));
        }
        text.push_str("\"payload\":\"");
        encoding::push_base64(&self.event, &mut text);
        text.push_str("\",");
        text.push_str(&type_member());
        let signatures = self.signatures.iter().map(|signature| {
            Value::object([
                ("keyid", Value::text(signature.key.to_string())),
                ("sig", Value::text(encoding::base64(&signature.bytes))),
            ])
        });
        text.push_str("\"signatures\":");
        text.push_str(&Value::List(signatures.collect()).to_canonical());
        text.push_str("}\n");
        text
    }

    /// Adds a signature in its place. Codes `dsse-signer` (the event does not ask for this key),
    /// `dsse-signed` (it has signed already).
    pub fn sign(&mut self, signer: &dyn Signer) -> Result<()> {
        let id = signer.public().id();
        let signers = self.signers()?;
        if !signers.contains(&id) {
            return Err(Error::refused(
                "dsse-signer",
                format!("the event does not ask for a signature by key `{id}`"),
            )
            .hint("who must sign stands in the event; a new event is needed for others"));
        }
        if self.signatures.iter().any(|known| known.key == id) {
            return Err(Error::refused("dsse-signed", format!("key `{id}` has signed already")));
        }
        let bytes = signature::sign(signer, &self.event)?;
        self.signatures.push(Signature { key: id, bytes });
        let place = |key: &KeyId| signers.iter().position(|signer| signer == key);
        self.signatures.sort_by_key(|signature| place(&signature.key));
        Ok(())
    }

    /// The keys that must sign, in order.
    pub fn signers(&self) -> Result<Vec<KeyId>> {
        let mut document = Document::default();
        Event::parse(&mut document, &self.event).map(|event| event.signers)
    }

    /// The keys that have not signed yet, in order.
    pub fn missing(&self) -> Result<Vec<KeyId>> {
        let has = |id: &KeyId| self.signatures.iter().any(|signature| signature.key == *id);
        Ok(self.signers()?.into_iter().filter(|id| !has(id)).collect())
    }

    /// Holds each signature against the key that `public` knows for it; gives the keys that it does
    /// not know. Code `signature-false`.
    pub fn verify(&self, public: impl Fn(&KeyId) -> Option<PublicKey>) -> Result<Vec<KeyId>> {
        let mut unknown = Vec::new();
        for given in &self.signatures {
            match public(&given.key) {
                Some(key) => signature::verify_one(&key, &self.event, &given.bytes)?,
                None => unknown.push(given.key),
            }
        }
        Ok(unknown)
    }

    /// What the door takes, if all have signed; code `dsse-missing`.
    pub fn submission(self) -> Result<Submission> {
        let missing: Vec<String> = self.missing()?.iter().map(ToString::to_string).collect();
        if !missing.is_empty() {
            return Err(Error::refused(
                "dsse-missing",
                format!("not signed yet by `{}`", missing.join("`, `")),
            )
            .hint("each of them signs with `ledger cosign`"));
        }
        let signatures = self.signatures.iter().map(|signature| signature.bytes).collect();
        Ok(Submission { event: self.event, signatures, disclosures: self.disclosures })
    }

    /// The signatures are of signers of the event, each once and in order; there is at least one.
    fn check(&self) -> Result<()> {
        let signers = self.signers()?;
        let mut places = signers.iter();
        if !self.signatures.iter().all(|given| places.any(|signer| *signer == given.key)) {
            return Err(Error::malformed(
                "dsse-signer",
                "the signatures are not by signers of the event, each once and in their order",
            ));
        }
        if self.signatures.is_empty() {
            return Err(Error::malformed("dsse-unsigned", "nobody has signed the envelope"));
        }
        Ok(())
    }
}

const SPELLING: &str = "take the file as it was written: no white space, one newline at its end";

fn type_member() -> String {
    format!("\"payloadType\":\"{PAYLOAD_TYPE}\",")
}
