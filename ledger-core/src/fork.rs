//! Fork: what must stand behind `stream.forked` before it counts.
//!
//! Spec page: `spec/chain.md`. Any registered key may say that a stream forked, and the log keeps one
//! such word for each place. So the word counts only with the evidence beside it: the other event, as
//! the stream's own key signed it. Else a made-up claim would keep the true one out.

use crate::chain::Link;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::hash::Sha256;
use crate::json::{Document, Names};
use crate::signature;
use crate::trust::Registry;
use crate::{encoding, entry};

/// The type of the event.
pub const KIND: &str = "stream.forked";

/// What a `stream.forked` claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The stream.
    pub stream: String,
    /// The place for which two events were signed.
    pub seq: u64,
    /// The entry that the other event contradicts.
    pub first_index: u64,
    /// The attachment that holds the other event.
    pub conflicting: Sha256,
}

impl Claim {
    /// The claim of an event; none if it is of another type, or does not say what its schema asks for.
    pub fn of(event: &Event<'_>) -> Option<Self> {
        if event.kind != KIND {
            return None;
        }
        let count = |at: &str| event.root.pointer(at).and_then(|count| count.unsigned());
        let digest = event.text_at("/data/conflicting")?.strip_prefix("sha256:")?;
        Some(Self {
            stream: event.text_at("/subject/stream")?.to_owned(),
            seq: count("/data/seq")?,
            first_index: count("/data/first_index")?,
            conflicting: Sha256(encoding::from_hex(digest.as_bytes()).ok()?),
        })
    }

    /// The other event's link, if `bytes` are that event: `{"event":…,"signatures":[{"key","sig"}]}`, of
    /// this ledger, this stream and this place, with a signature of the stream's own key that holds.
    /// Code `fork-evidence`.
    pub fn evidence(
        &self,
        bytes: &[u8],
        ledger: Option<[u8; 32]>,
        registry: &Registry,
    ) -> Result<Link> {
        let mut document = Document::default();
        let root = document
            .parse(bytes, Names::Plain)
            .map_err(|_| unproven("what it names is no signed event"))?;
        let raw = root.get("event").map(|event| event.raw()).unwrap_or_default();
        let mut other = Document::default();
        let event = Event::parse(&mut other, raw)
            .map_err(|_| unproven("what it names is no signed event"))?;
        if event.ledger != ledger || event.stream.name != self.stream || event.seq != self.seq {
            return Err(unproven("the event that it names is of another place"));
        }
        let mut signatures = root.get("signatures").into_iter().flat_map(|list| list.items());
        let first = signatures.next().and_then(|item| entry::signature_named(item, "key"));
        let signed = first.filter(|first| first.key == event.stream.owner).and_then(|first| {
            let key = registry.public(&first.key)?;
            signature::verify_one(key, event.bytes(), &first.bytes).ok()
        });
        signed
            .ok_or_else(|| unproven("the stream's own key did not sign the event that it names"))?;
        Ok(Link::of(&event, event.hash(), self.first_index))
    }
}

/// The refusal of a claim without its evidence.
pub fn unproven(why: &str) -> Error {
    Error::refused("fork-evidence", format!("it does not show that the stream forked: {why}"))
        .hint("`ledger append` records a fork by itself when it refuses the second event")
}
