//! Signed events on their way: one JSON object per event, as `append --signed` reads them; or an
//! envelope (`ledger-core/spec/dsse.md`).
//!
//! ```text
//! {"disclosures":[{"commitment":"…","salt":"…","value":…}],"event":{…},"signatures":[{"key":"…","sig":"…"}]}
//! ```

use ledger_core::dsse::Envelope;
use ledger_core::encoding;
use ledger_core::json::Value;
use ledger_core::ledger::Submission;
use ledger_core::seal::Disclosure;

use crate::failure::{Failure, Result};

/// Reads one signed event; whether its signatures hold is for the door to say.
pub(crate) fn decode(value: &Value) -> Result<Submission> {
    let Value::Object(members) = value else { return Err(wrong("", "an object stands here")) };
    let known = ["disclosures", "event", "signatures"];
    if let Some(name) = members.keys().find(|name| !known.contains(name)) {
        return Err(wrong("", &format!("`{name}` is not a member of a signed event")));
    }
    let event = value.get("event").ok_or_else(|| wrong("/event", "the event is missing"))?;
    let mut signatures = Vec::new();
    for (position, item) in list(value.get("signatures"))?.iter().enumerate() {
        let place = format!("/signatures/{position}");
        let text = |name| item.get(name).and_then(Value::as_text);
        let named = list(event.get("signers"))?.get(position).and_then(Value::as_text);
        if text("key").is_none() || text("key") != named {
            return Err(wrong(&place, "`key` is not the signer at this place in the event"));
        }
        let sig = text("sig").and_then(|sig| encoding::from_base64(sig.as_bytes()).ok());
        signatures.push(sig.ok_or_else(|| wrong(&place, "`sig` is not the base64 of 64 bytes"))?);
    }
    let mut disclosures = Vec::new();
    for (position, item) in list(value.get("disclosures"))?.iter().enumerate() {
        let read = Disclosure::from_json(item.to_canonical().as_bytes());
        let place = format!("/disclosures/{position}");
        disclosures.push(read.map_err(|error| Failure::from(error).within(place))?);
    }
    Ok(Submission { event: event.to_canonical().into_bytes(), signatures, disclosures })
}

/// An envelope as the signed event that it holds; none when the bytes are no envelope.
pub(crate) fn from_envelope(bytes: &[u8]) -> Option<Result<Value>> {
    const NAME: &[u8] = b"\"payloadType\"";
    bytes.windows(NAME.len()).any(|window| window == NAME).then(|| {
        let submission = Envelope::parse(bytes)?.submission()?;
        Ok(ledger_core::json::read(encode(&submission, true)?.as_bytes())?)
    })
}

/// One line without its newline. The event's bytes are those that were signed. `open` leaves the
/// disclosures in: the line then holds what the event seals.
pub(crate) fn encode(submission: &Submission, open: bool) -> Result<String> {
    let event = ledger_core::json::read(&submission.event)?;
    let signers = list(event.get("signers"))?;
    let signatures = signers.iter().zip(&submission.signatures).map(|(key, sig)| {
        Value::object([("key", key.clone()), ("sig", Value::text(encoding::base64(sig)))])
    });
    let signatures = Value::List(signatures.collect());
    let mut members = vec![("event", event.clone()), ("signatures", signatures)];
    if open && !submission.disclosures.is_empty() {
        let lines = submission.disclosures.iter().map(Disclosure::to_json);
        let items = lines.map(|line| ledger_core::json::read(&line));
        let items: std::result::Result<_, _> = items.collect();
        members.push(("disclosures", Value::List(items?)));
    }
    Ok(Value::object(members).to_canonical())
}

fn list(value: Option<&Value>) -> Result<&[Value]> {
    match value {
        None => Ok(&[]),
        Some(Value::List(items)) => Ok(items),
        Some(_) => Err(wrong("", "`signatures`, `signers` and `disclosures` are lists")),
    }
}

fn wrong(place: &str, message: &str) -> Failure {
    let failure = Failure::new("submission", message)
        .hint("a signed event has `event`, `signatures` and, if it seals anything, `disclosures`");
    if place.is_empty() { failure } else { failure.within(place) }
}
