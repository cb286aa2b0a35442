//! Event: what a producer signs. The envelope's form; the type's own fields are [`crate::schema`].
//!
//! Spec page: `spec/event.md`. An event is canonical JSON of at most 32 KiB. [`Event::parse`] is the
//! law of form for its envelope: every member that the log itself relies on is there, has its one
//! spelling, and is kept as a borrowed view. Members that only the schema knows are left alone, so
//! that an old reader still reads a newer schema.

use std::ops::Range;

use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::{Blake3, Sha256};
use crate::json::{Document, Kind, Names, View};
use crate::key::KeyId;
use crate::time::Timestamp;

/// The schema this library knows the meaning of.
pub const SCHEMA: &str = "ledger/v1";
/// Longest event in bytes.
pub const MAX_EVENT: usize = 32 * 1024;
/// Most signers of one event.
pub const MAX_SIGNERS: usize = 8;
/// Longest restricted id in bytes.
pub const MAX_ID: usize = 200;

/// How exact `occurred_at` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeQuality {
    /// The source gave it to the microsecond, or as precisely as it is written.
    Exact,
    /// The source gave whole seconds.
    Second,
    /// The source gave a date only.
    Day,
    /// The source gave no zone; one was assumed.
    ZoneAssumed,
    /// The source gave none; it is when the event was received.
    Received,
}

/// A producer's own chain: `<key id>/<label>/<128-bit random>`; only that key appends to it.
#[derive(Clone, Copy, Debug)]
pub struct Stream<'a> {
    /// The whole name as it stands in the event.
    pub name: &'a str,
    /// The key that owns the stream: `signers[0]` of each of its events.
    pub owner: KeyId,
    /// The label, `[a-z0-9._-]{1,64}`.
    pub label: &'a str,
}

/// Where an imported event came from; (source, source id, type, ordinal) is its identity.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The registered source.
    pub source: &'a str,
    /// The source's own id of the record.
    pub source_id: &'a str,
    /// Which of the events made from that record, from 0.
    pub ordinal: u64,
    /// Keyed BLAKE3 of the original record.
    pub original: Blake3,
    /// The importer that made the event.
    pub adapter: &'a str,
}

/// The newest checkpoint the producer knew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its tree size.
    pub size: u64,
    /// Its root.
    pub root: Sha256,
}

/// One event, read from canonical bytes.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// The value of the whole event.
    pub root: View<'a>,
    /// `type`, like `deployment.finished`.
    pub kind: &'a str,
    /// `schema`, like `ledger/v1`.
    pub schema: &'a str,
    /// SHA-256 of entry 0's event bytes; none only in `ledger.created`.
    pub ledger: Option<[u8; 32]>,
    /// The keys that must sign, in order.
    pub signers: Vec<KeyId>,
    /// The stream it belongs to.
    pub stream: Stream<'a>,
    /// Its place in the stream, from 0.
    pub seq: u64,
    /// BLAKE3 of the stream's previous event bytes; none at `seq` 0.
    pub prev: Option<Blake3>,
    /// Whether nothing may follow in the stream.
    pub is_final: bool,
    /// When it happened, by its producer.
    pub occurred_at: Timestamp,
    /// How exact that is.
    pub time_quality: TimeQuality,
    /// Where it was imported from, if it was.
    pub source: Option<Source<'a>>,
    /// The checkpoint its producer had seen, if any.
    pub seen: Option<Seen>,
}

impl<'a> Event<'a> {
    /// Reads an event on its own; codes `event-*` and `json-*`.
    pub fn parse(document: &'a mut Document, bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() > MAX_EVENT {
            return Err(too_long(bytes.len()));
        }
        Self::from_view(document.parse_within(bytes, Names::Plain, 1)?)
    }

    /// Reads the event from its value within an entry's line.
    pub fn from_view(root: View<'a>) -> Result<Self> {
        if root.kind() != Kind::Object {
            return Err(Error::malformed("event-object", "an event is a JSON object"));
        }
        if root.raw().len() > MAX_EVENT {
            return Err(too_long(root.raw().len()));
        }
        let members = Members::of(root);
        let kind = text("type", members.kind)?;
        if !is_type(kind) {
            return Err(wrong("type", "event-type", "not a type like `deployment.finished`"));
        }
        let schema = text("schema", members.schema)?;
        if !is_schema(schema) {
            return Err(wrong("schema", "event-schema", "not a schema like `ledger/v1`"));
        }
        let stream = stream(text("stream", members.stream)?)?;
        let signers = signers(members.signers, &stream)?;
        let seq = unsigned("seq", members.seq)?;
        let prev = members.prev.map(|view| hash("prev", view)).transpose()?;
        if prev.is_some() != (seq > 0) {
            return Err(wrong(
                "prev",
                "event-prev",
                "`prev` is there exactly when `seq` is above 0",
            ));
        }
        let is_final = match members.is_final.map(|view| view.boolean()) {
            None => false,
            Some(Some(true)) => true,
            Some(_) => return Err(wrong("final", "event-final", "`final` is `true` or left out")),
        };
        Ok(Self {
            root,
            kind,
            schema,
            ledger: ledger(kind, members.ledger)?,
            signers,
            stream,
            seq,
            prev,
            is_final,
            occurred_at: Timestamp::parse(text("occurred_at", members.occurred_at)?.as_bytes())
                .map_err(|error| error.at("/occurred_at"))?,
            time_quality: quality(text("time_quality", members.time_quality)?)?,
            source: source(&members)?,
            seen: members.seen.map(seen).transpose()?,
        })
    }

    /// The signed bytes: canonical, exactly as they stand in the line.
    pub fn bytes(&self) -> &'a [u8] {
        self.root.raw()
    }

    /// BLAKE3 of the signed bytes: what the stream's next event names as `prev`.
    pub fn hash(&self) -> Blake3 {
        Blake3::of(self.bytes())
    }

    /// A string at a pointer, like `/subject/service`.
    pub fn text_at(&self, pointer: &str) -> Option<&'a str> {
        self.root.pointer(pointer).and_then(|view| view.plain())
    }

    /// What only one entry may say, and what it says there: an import its identity (source, its id,
    /// type, ordinal) and original; a `stream.forked` its stream and place, and the conflicting event.
    pub fn claim(&self) -> Option<(String, Blake3)> {
        if let Some(source) = &self.source {
            let name = import_claim(source.source, source.source_id, self.kind, source.ordinal);
            return Some((name, source.original));
        }
        if self.kind != "stream.forked" {
            return None;
        }
        let seq = self.root.pointer("/data/seq").and_then(|seq| seq.unsigned())?;
        let conflicting = self.text_at("/data/conflicting")?;
        let name = format!("stream.forked {} {seq}", self.text_at("/subject/stream")?);
        Some((name, Blake3::of(conflicting.as_bytes())))
    }
}

/// The name of an imported event's identity, as [`Event::claim`] gives it.
pub fn import_claim(source: &str, source_id: &str, kind: &str, ordinal: u64) -> String {
    format!("{source} {source_id} {kind} {ordinal}")
}

/// The envelope's members, found in one pass over the event.
#[derive(Default)]
struct Members<'a> {
    adapter: Option<View<'a>>,
    is_final: Option<View<'a>>,
    ledger: Option<View<'a>>,
    occurred_at: Option<View<'a>>,
    ordinal: Option<View<'a>>,
    original: Option<View<'a>>,
    prev: Option<View<'a>>,
    schema: Option<View<'a>>,
    seen: Option<View<'a>>,
    seq: Option<View<'a>>,
    signers: Option<View<'a>>,
    source: Option<View<'a>>,
    source_id: Option<View<'a>>,
    stream: Option<View<'a>>,
    time_quality: Option<View<'a>>,
    kind: Option<View<'a>>,
}

impl<'a> Members<'a> {
    fn of(root: View<'a>) -> Self {
        let mut members = Self::default();
        for (name, value) in root.members() {
            let slot = match name {
                "adapter" => &mut members.adapter,
                "final" => &mut members.is_final,
                "ledger" => &mut members.ledger,
                "occurred_at" => &mut members.occurred_at,
                "ordinal" => &mut members.ordinal,
                "original" => &mut members.original,
                "prev" => &mut members.prev,
                "schema" => &mut members.schema,
                "seen" => &mut members.seen,
                "seq" => &mut members.seq,
                "signers" => &mut members.signers,
                "source" => &mut members.source,
                "source_id" => &mut members.source_id,
                "stream" => &mut members.stream,
                "time_quality" => &mut members.time_quality,
                "type" => &mut members.kind,
                _ => continue,
            };
            *slot = Some(value);
        }
        members
    }
}

fn text<'a>(name: &str, member: Option<View<'a>>) -> Result<&'a str> {
    let view = member.ok_or_else(|| missing(name))?;
    view.plain().filter(|text| !text.is_empty()).ok_or_else(|| {
        wrong(name, "event-text", "a plain string that is not empty should stand here")
    })
}

fn unsigned(name: &str, member: Option<View<'_>>) -> Result<u64> {
    let view = member.ok_or_else(|| missing(name))?;
    view.unsigned()
        .ok_or_else(|| wrong(name, "event-integer", "an integer from 0 should stand here"))
}

fn missing(name: &str) -> Error {
    Error::malformed("event-missing", format!("the event has no `{name}`"))
}

fn wrong(name: &str, code: &'static str, message: &str) -> Error {
    Error::malformed(code, message).at(format!("/{name}"))
}

fn too_long(length: usize) -> Error {
    Error::malformed(
        "event-length",
        format!("the event is {length} bytes long; the limit is {MAX_EVENT}"),
    )
    .hint("put large content into an attachment")
}

fn hash(name: &str, view: View<'_>) -> Result<Blake3> {
    view.plain()
        .and_then(|text| Blake3::from_base64(text.as_bytes()).ok())
        .ok_or_else(|| wrong(name, "event-hash", "not the base64 of a 32-byte hash"))
}

fn ledger(kind: &str, member: Option<View<'_>>) -> Result<Option<[u8; 32]>> {
    let hash = member.map(|view| hash("ledger", view)).transpose()?.map(|hash| hash.0);
    if hash.is_none() != (kind == "ledger.created") {
        return Err(wrong(
            "ledger",
            "event-ledger",
            "`ledger` is left out in `ledger.created` and stands in every other event",
        ));
    }
    Ok(hash)
}

fn stream(name: &str) -> Result<Stream<'_>> {
    let refuse =
        || wrong("stream", "event-stream", "not a stream name like `<key id>/<label>/<random>`");
    let mut parts = name.split('/');
    let (Some(owner), Some(label), Some(random), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(refuse());
    };
    let owner = KeyId::parse(owner).map_err(|_| refuse())?;
    if !is_label(label) || encoding::from_base64url::<16>(random.as_bytes()).is_err() {
        return Err(refuse());
    }
    Ok(Stream { name, owner, label })
}

fn signers(member: Option<View<'_>>, stream: &Stream<'_>) -> Result<Vec<KeyId>> {
    let view = member.ok_or_else(|| missing("signers"))?;
    let signers: Option<Vec<KeyId>> =
        view.items().map(|item| item.plain().and_then(|text| KeyId::parse(text).ok())).collect();
    let signers = signers
        .filter(|signers| !signers.is_empty() && signers.len() <= MAX_SIGNERS)
        .ok_or_else(|| wrong("signers", "event-signers", "1 to 8 key ids should stand here"))?;
    let twice =
        signers.iter().enumerate().any(|(at, key)| signers.iter().skip(at + 1).any(|k| k == key));
    if twice {
        return Err(wrong("signers", "event-signers", "a key is named twice"));
    }
    if signers.first() != Some(&stream.owner) {
        return Err(wrong(
            "stream",
            "stream-owner",
            "only the key in the stream's name appends to it, as the first signer",
        ));
    }
    Ok(signers)
}

fn quality(text: &str) -> Result<TimeQuality> {
    Ok(match text {
        "exact" => TimeQuality::Exact,
        "second" => TimeQuality::Second,
        "day" => TimeQuality::Day,
        "zone_assumed" => TimeQuality::ZoneAssumed,
        "received" => TimeQuality::Received,
        _ => {
            return Err(wrong(
                "time_quality",
                "event-time-quality",
                "one of `exact`, `second`, `day`, `zone_assumed`, `received` should stand here",
            ));
        }
    })
}

fn source<'a>(members: &Members<'a>) -> Result<Option<Source<'a>>> {
    let there =
        [members.source, members.source_id, members.ordinal, members.original, members.adapter];
    if there.iter().all(Option::is_none) {
        return Ok(None);
    }
    if there.iter().any(Option::is_none) {
        return Err(wrong(
            "source",
            "event-source",
            "`source`, `source_id`, `ordinal`, `original` and `adapter` stand together or not at all",
        ));
    }
    let id = |name: &'static str, member| {
        let text = text(name, member)?;
        if is_id(text) { Ok(text) } else { Err(wrong(name, "event-id", "not a restricted id")) }
    };
    Ok(Some(Source {
        source: id("source", members.source)?,
        source_id: id("source_id", members.source_id)?,
        ordinal: unsigned("ordinal", members.ordinal)?,
        original: hash("original", members.original.ok_or_else(|| missing("original"))?)?,
        adapter: id("adapter", members.adapter)?,
    }))
}

fn seen(view: View<'_>) -> Result<Seen> {
    let size = view.get("size").and_then(|size| size.unsigned());
    let root = view.get("root").map(|root| hash("seen/root", root)).transpose()?;
    match (size, root, view.members().count()) {
        (Some(size), Some(root), 2) => Ok(Seen { size, root: Sha256(root.0) }),
        _ => Err(wrong("seen", "event-seen", "`seen` has exactly `size` and `root`")),
    }
}

fn is_type(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    text.len() <= 64 && text.split_once('.').is_some_and(|(noun, verb)| word(noun) && word(verb))
}

fn is_schema(text: &str) -> bool {
    text.len() <= 64
        && text.split_once("/v").is_some_and(|(name, version)| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                && !version.starts_with('0')
                && !version.is_empty()
                && version.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// Whether the text is a label: `[a-z0-9._-]{1,64}`.
pub fn is_label(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

/// Whether the text is a restricted id: `[A-Za-z0-9._:/+#-]{1,200}`, no room for prose or names.
pub fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len())
        && text.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'/' | b'+' | b'#' | b'-')
        })
}

/// Whether the text is a digest reference: `sha256:` and 64 lower-case hex digits.
pub fn is_digest(text: &str) -> bool {
    Sha256::from_reference(text).is_some()
}

/// Where `inner` stands within `outer`, both views of one text.
pub fn span(outer: &[u8], inner: &[u8]) -> Option<Range<usize>> {
    let start = (inner.as_ptr() as usize).checked_sub(outer.as_ptr() as usize)?;
    let range = start..start + inner.len();
    (range.end <= outer.len()).then_some(range)
}
