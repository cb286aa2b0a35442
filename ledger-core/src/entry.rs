//! Entry: an event given its place. One canonical JSON line, and the law of form for it.
//!
//! Spec page: `spec/entry.md`. [`Entry::parse`] is used on every line the writer is about to store
//! and on every line a reader has loaded. The event bytes inside the line are the signed bytes:
//! everything is a slice of the line, nothing is encoded again.

use crate::encoding;
use crate::error::{Error, Result};
use crate::event::{Event, MAX_SIGNERS};
use crate::hash::Blake3;
use crate::json::{Document, Kind, Known, Names, View, quote};
use crate::key::KeyId;
use crate::seal;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// Longest line in bytes, without its newline (the limit of an entry in a C2SP bundle).
pub const MAX_LINE: usize = 65_535;
/// Most pseudonyms in one entry.
pub const MAX_PERSONS: usize = 256;

/// One signature of an event, and the key it is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The signing key.
    pub key: KeyId,
    /// The Ed25519 signature (RFC 8032) over the event's DSSE pre-authentication encoding.
    pub bytes: [u8; 64],
}

/// One entry, read from its line.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The line, without its newline: what the chain and the tree hash.
    pub line: &'a [u8],
    /// BLAKE3 of the previous line (of the origin for index 0).
    pub chain: Blake3,
    /// The event.
    pub event: Event<'a>,
    /// Its place in the log, from 0.
    pub index: u64,
    /// Pointer → pseudonym, in order.
    pub persons: Vec<(&'a str, Pseudonym)>,
    /// The writer's clock as it was read.
    pub recorded_at: Timestamp,
    /// The signatures, exactly those the event demands, in its order.
    pub signatures: Vec<Signature>,
}

impl<'a> Entry<'a> {
    /// Reads a line without its newline; codes `entry-*`, `event-*` and `json-*`.
    pub fn parse(document: &'a mut Document, line: &'a [u8]) -> Result<Self> {
        within_limit(line)?;
        Self::from_view(document.parse(line, Names::Entry)?, line)
    }

    /// [`Entry::parse`] for a line made of an event that the door has read: where the event's bytes
    /// stand unchanged they are not scanned again; the law is the same.
    pub(crate) fn parse_known(
        document: &'a mut Document,
        line: &'a [u8],
        event: &[u8],
        known: &Known,
    ) -> Result<Self> {
        within_limit(line)?;
        Self::from_view(document.parse_line(line, event, known)?, line)
    }

    fn from_view(root: View<'a>, line: &'a [u8]) -> Result<Self> {
        let mut members = root.members();
        let mut member = |name: &'static str| match members.next() {
            Some((found, value)) if found == name => Ok(value),
            _ => Err(Error::malformed(
                "entry-members",
                "an entry has exactly chain, event, index, persons, recorded_at and signatures",
            )
            .at(format!("/{name}"))),
        };
        let chain = member("chain")?;
        let event = Event::from_view(member("event")?).map_err(|error| error.at("/event"))?;
        let index = member("index")?;
        let persons = persons(member("persons")?, &event)?;
        let recorded_at = member("recorded_at")?;
        let signatures = signatures(member("signatures")?, &event.signers)?;
        if members.next().is_some() {
            return Err(Error::malformed("entry-members", "an entry has no further members"));
        }
        Ok(Self {
            line,
            chain: chain
                .plain()
                .and_then(|text| Blake3::from_base64(text.as_bytes()).ok())
                .ok_or_else(|| wrong("chain", "not the base64 of a 32-byte hash"))?,
            index: index
                .unsigned()
                .ok_or_else(|| wrong("index", "an integer from 0 stands here"))?,
            recorded_at: Timestamp::parse(recorded_at.plain().unwrap_or_default().as_bytes())
                .map_err(|error| error.at("/recorded_at"))?,
            event,
            persons,
            signatures,
        })
    }

    /// BLAKE3 of the line: what the next entry's `chain` must be.
    pub fn hash(&self) -> Blake3 {
        Blake3::of(self.line)
    }

    /// The pseudonym that the writer resolved at the pointer.
    pub fn person(&self, pointer: &str) -> Option<Pseudonym> {
        self.persons.iter().find(|(found, _)| *found == pointer).map(|(_, pseudonym)| *pseudonym)
    }
}

/// The one line of an entry, without its newline. `persons` must be in ascending order;
/// `recorded_at` is a [`Timestamp`] or its spelling.
pub fn line(
    chain: &Blake3,
    event: &[u8],
    index: u64,
    persons: &[(String, Pseudonym)],
    recorded_at: impl std::fmt::Display,
    signatures: &[Signature],
) -> String {
    let mut line = String::new();
    write_line(&mut line, chain, event, index, persons, &recorded_at.to_string(), signatures);
    line
}

/// Appends what [`line`] gives to `line`.
pub(crate) fn write_line(
    line: &mut String,
    chain: &Blake3,
    event: &[u8],
    index: u64,
    persons: &[(String, Pseudonym)],
    recorded_at: &str,
    signatures: &[Signature],
) {
    let event = std::str::from_utf8(event).unwrap_or_default();
    line.reserve(event.len() + 256 + signatures.len() * 164);
    line.push_str("{\"chain\":\"");
    encoding::push_base64(&chain.0, line);
    line.push_str("\",\"event\":");
    line.push_str(event);
    line.push_str(",\"index\":");
    line.push_str(&index.to_string());
    line.push_str(",\"persons\":{");
    for (position, (pointer, pseudonym)) in persons.iter().enumerate() {
        if position > 0 {
            line.push(',');
        }
        quote(pointer, line);
        line.push_str(":\"");
        line.push_str(&pseudonym.to_string());
        line.push('"');
    }
    line.push_str("},\"recorded_at\":\"");
    line.push_str(recorded_at);
    line.push_str("\",\"signatures\":");
    write_signatures(signatures, line);
    line.push('}');
}

/// The canonical array of signatures.
fn write_signatures(signatures: &[Signature], text: &mut String) {
    text.push('[');
    for (position, signature) in signatures.iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        text.push_str("{\"key\":\"");
        encoding::push_base64url(&signature.key.0, text);
        text.push_str("\",\"sig\":\"");
        encoding::push_base64(&signature.bytes, text);
        text.push_str("\"}");
    }
    text.push(']');
}

fn within_limit(line: &[u8]) -> Result<()> {
    if line.len() > MAX_LINE {
        return Err(Error::malformed(
            "entry-length",
            format!("the line is {} bytes long; the limit is {MAX_LINE}", line.len()),
        ));
    }
    Ok(())
}

fn wrong(name: &str, message: &str) -> Error {
    Error::malformed("entry-member", message).at(format!("/{name}"))
}

fn persons<'a>(view: View<'a>, event: &Event<'a>) -> Result<Vec<(&'a str, Pseudonym)>> {
    if view.kind() != Kind::Object {
        return Err(wrong("persons", "an object stands here, empty if nobody was resolved"));
    }
    let mut persons = Vec::new();
    for (pointer, value) in view.members() {
        let pseudonym = value
            .plain()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| wrong("persons", "not a pseudonym"))?;
        let sealed = event.root.pointer(pointer).map(|value| seal::from_json(value.raw()));
        if !matches!(sealed, Some(Ok(_))) {
            return Err(Error::malformed(
                "entry-pointer",
                format!("`{pointer}` names no sealed value of the event"),
            )
            .at("/persons"));
        }
        persons.push((pointer, pseudonym));
    }
    if persons.len() > MAX_PERSONS {
        return Err(wrong("persons", "more than 256 pseudonyms"));
    }
    Ok(persons)
}

/// Exactly the signatures the event demands: none stripped, none added, none reordered.
fn signatures(view: View<'_>, signers: &[KeyId]) -> Result<Vec<Signature>> {
    let read: Option<Vec<Signature>> = view.items().map(signature).collect();
    let read = read
        .filter(|read| view.kind() == Kind::List && read.len() <= MAX_SIGNERS)
        .ok_or_else(|| wrong("signatures", "a list of `key` and `sig` stands here"))?;
    if !read.iter().map(|signature| &signature.key).eq(signers) {
        return Err(Error::malformed(
            "entry-signers",
            "the signatures are not exactly those of the event's signers, in their order",
        )
        .at("/signatures"));
    }
    Ok(read)
}

/// Reads `{"key":…,"sig":…}`.
pub fn signature(view: View<'_>) -> Option<Signature> {
    signature_named(view, "key")
}

/// [`signature`] where the member of the key has another name (DSSE says `keyid`).
pub(crate) fn signature_named(view: View<'_>, name: &str) -> Option<Signature> {
    let mut members = view.members();
    let (Some((found, key)), Some(("sig", sig)), None) =
        (members.next(), members.next(), members.next())
    else {
        return None;
    };
    if found != name {
        return None;
    }
    Some(Signature {
        key: KeyId::parse(key.plain()?).ok()?,
        bytes: encoding::from_base64(sig.plain()?.as_bytes()).ok()?,
    })
}
