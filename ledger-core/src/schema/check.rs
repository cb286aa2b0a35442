//! Whether an event says what its type may say, and where its sealed values stand.

use std::fmt;

use super::{EventType, Field, SCHEMA_MEMBERS, Shape, find};
use crate::capability::Capability;
use crate::encoding;
use crate::error::{Error, Result};
use crate::event::{Event, SCHEMA, is_digest, is_id};
use crate::json::{Kind, View};
use crate::time::Timestamp;

/// Longest inline list; longer ones travel as an attachment with count and digest.
const MAX_LIST: usize = 100;
/// Longest `occurred_raw` in bytes.
const MAX_RAW_TIME: usize = 64;

/// A sealed value: where it stands and whether it is an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// JSON pointer of the sealed object within the event.
    pub pointer: String,
    /// Whether a person or account is sealed there, rather than text.
    pub person: bool,
}

const IDENTITY: Shape = Shape::Person;
const REFERENCES: &[&str] = &[
    "access",
    "activity",
    "anchor",
    "artifact",
    "cab",
    "campaign",
    "change",
    "class",
    "config",
    "control",
    "debt",
    "defect",
    "deployment",
    "document",
    "environment",
    "exception",
    "finding",
    "flag",
    "freeze",
    "hold",
    "incident",
    "job",
    "key",
    "package",
    "period",
    "policy",
    "region",
    "release",
    "report",
    "request",
    "risk",
    "run",
    "sample",
    "service",
    "session",
    "source",
    "statement",
    "stream",
    "system",
    "template",
    "train",
    "vendor",
];
pub(crate) const ACTOR: &[Field] = &[
    super::optional("auth", Shape::Enum(&["key", "oidc", "token", "session", "relay", "none"])),
    super::optional("id", IDENTITY),
    super::required("kind", Shape::Enum(&["human", "service", "bot", "system", "unknown"])),
    super::optional("on_behalf_of", IDENTITY),
];
const ATTACHMENT: &[Field] = &[
    super::required("digest", Shape::Digest),
    super::required("media_type", Shape::Id),
    super::required("name", Shape::Id),
    super::optional("private", Shape::Boolean),
    super::required("size", Shape::Count),
];
const RAW: &[Field] = &[
    super::required("attachment", Shape::Digest),
    super::required("length", Shape::Count),
    super::required("offset", Shape::Count),
];

/// The law of meaning; codes `schema-*`. Gives the sealed positions of the event.
pub fn check(event: &Event<'_>) -> Result<Vec<Position>> {
    if event.schema != SCHEMA {
        return Err(Error::refused(
            "schema-unknown",
            format!("schema `{}` is not known here", event.schema),
        )
        .at("/schema"));
    }
    let known = find(event.kind).ok_or_else(|| {
        Error::refused("schema-type", format!("event type `{}` is not known here", event.kind))
            .at("/type")
    })?;
    for (name, value) in event.root.members() {
        if !SCHEMA_MEMBERS.contains(&name) {
            return Err(unknown(&"", name));
        }
        if name == "occurred_raw" && !value.plain().is_some_and(is_raw_time) {
            return Err(wrong("/occurred_raw", "not up to 64 characters of a time's alphabet"));
        }
    }
    let mut found = Vec::new();
    members(event, known, &mut |pointer, person| {
        found.push(Position { pointer: pointer.to_string(), person });
    })?;
    Ok(found)
}

type Visit<'v> = &'v mut dyn FnMut(&At<'_>, bool);

/// A place in the event; it becomes a pointer only when somebody has to be told.
#[derive(Clone, Copy)]
struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Item(usize),
}

impl<'a> At<'a> {
    fn top(name: &'a str) -> Self {
        Self { parent: None, step: Step::Name(name) }
    }

    fn name(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Name(name) }
    }

    fn item(&'a self, position: usize) -> Self {
        Self { parent: Some(self), step: Step::Item(position) }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Name(name) => write!(f, "/{name}"),
            Step::Item(position) => write!(f, "/{position}"),
        }
    }
}

fn members(event: &Event<'_>, known: &EventType, visit: Visit<'_>) -> Result<()> {
    let root = event.root;
    match root.get("actor") {
        Some(actor) => fields(&At::top("actor"), actor, ACTOR, visit)?,
        None if known.actor => return Err(missing("/actor")),
        None => {}
    }
    subject(root.get("subject"), known)?;
    let data = root.get("data").ok_or_else(|| missing("/data"))?;
    fields(&At::top("data"), data, known.data, visit)?;
    if let Some(list) = root.get("attachments") {
        shape(&At::top("attachments"), list, &Shape::List(&Shape::Object(ATTACHMENT)), visit)?;
        not_empty(&"/attachments", list)?;
        if list.items().any(|item| item.get("private").is_some_and(|p| p.boolean() == Some(false)))
        {
            return Err(wrong("/attachments", "`private` is `true` or left out"));
        }
    }
    if let Some(raw) = root.get("raw") {
        fields(&At::top("raw"), raw, RAW, visit)?;
    }
    exactly_one_holder(event, data)
}

fn exactly_one_holder(event: &Event<'_>, data: View<'_>) -> Result<()> {
    if event.kind == "key.registered"
        && data.get("holder").is_some() == data.get("service").is_some()
    {
        return Err(wrong("/data", "exactly one of `holder` and `service` stands here"));
    }
    if event.kind == "ledger.created" && data.get("solo").is_some_and(|v| v.boolean() != Some(true))
    {
        return Err(wrong("/data/solo", "`solo` is `true` or left out"));
    }
    if event.kind == "stream.closed" {
        let stream = event.text_at("/subject/stream");
        let length = data.get("length").and_then(|length| length.unsigned());
        if !event.is_final
            || stream != Some(event.stream.name)
            || length != event.seq.checked_add(1)
        {
            return Err(wrong(
                "/data/length",
                "it closes its own stream: `final`, with the stream's name and length",
            ));
        }
    }
    if event.kind == "approval.decided" {
        if (data.get("method").and_then(|m| m.plain()) == Some("relay")) != event.source.is_some() {
            return Err(wrong(
                "/data/method",
                "`relay` stands exactly where the event was imported",
            ));
        }
        let subject = event.root.get("subject");
        let has = |name: &str| subject.is_some_and(|subject| subject.get(name).is_some());
        if !has("change") && !has("access") {
            return Err(missing("/subject/change"));
        }
    }
    Ok(())
}

fn subject(subject: Option<View<'_>>, known: &EventType) -> Result<()> {
    let Some(subject) = subject else {
        return match known.subject.first() {
            Some(name) => Err(missing(&format!("/subject/{name}"))),
            None => Ok(()),
        };
    };
    not_empty(&"/subject", subject)?;
    for (name, value) in subject.members() {
        if !REFERENCES.contains(&name) {
            return Err(unknown(&"/subject", name));
        }
        let legal = if name == "artifact" { is_digest } else { is_id };
        if !value.plain().is_some_and(legal) {
            return Err(wrong(&format!("/subject/{name}"), "not a restricted id of this kind"));
        }
    }
    match known.subject.iter().find(|name| subject.get(name).is_none()) {
        Some(name) => Err(missing(&format!("/subject/{name}"))),
        None => Ok(()),
    }
}

fn not_empty(pointer: &dyn fmt::Display, value: View<'_>) -> Result<()> {
    let empty = match value.kind() {
        Kind::List => value.items().next().is_none(),
        Kind::Object => value.members().next().is_none(),
        _ => true,
    };
    if empty { Err(wrong(pointer, "it is left out rather than empty")) } else { Ok(()) }
}

fn fields(at: &At<'_>, value: View<'_>, known: &[Field], visit: Visit<'_>) -> Result<()> {
    if value.kind() != Kind::Object {
        return Err(wrong(at, "an object stands here"));
    }
    // both lists are in ascending order: one walk over each
    let mut expected = known.iter().peekable();
    for (name, value) in value.members() {
        while let Some(field) = expected.next_if(|field| field.name < name) {
            if field.required {
                return Err(missing(&format!("{at}/{}", field.name)));
            }
        }
        let Some(field) = expected.next_if(|field| field.name == name) else {
            return Err(unknown(at, name));
        };
        shape(&at.name(name), value, &field.shape, visit)?;
        if !field.required && matches!(value.kind(), Kind::List | Kind::Object) {
            not_empty(&at.name(name), value)?;
        }
    }
    match expected.find(|field| field.required) {
        Some(field) => Err(missing(&format!("{at}/{}", field.name))),
        None => Ok(()),
    }
}

fn shape(at: &At<'_>, value: View<'_>, shape_: &Shape, visit: Visit<'_>) -> Result<()> {
    let text = value.plain();
    let (legal, expected) = match shape_ {
        Shape::Enum(words) => {
            if text.is_some_and(|text| words.contains(&text)) {
                return Ok(());
            }
            return Err(wrong(at, &format!("one of `{}` stands here", words.join("`, `"))));
        }
        Shape::Id => (text.is_some_and(is_id), "a restricted id stands here, like `pay-api_2.1`"),
        Shape::Pattern => (
            text.is_some_and(|text| is_id(text.strip_suffix('*').unwrap_or(text))),
            "a restricted id stands here, or the beginning of some like `pay-*`",
        ),
        Shape::Digest => (text.is_some_and(is_digest), "`sha256:` and 64 hex digits stand here"),
        Shape::Time => (
            text.is_some_and(|text| Timestamp::parse(text.as_bytes()).is_ok()),
            "a time stands here, like 2026-09-30T23:59:59.000000Z",
        ),
        Shape::Duration => (text.is_some_and(is_duration), "a duration stands here, like PT5M"),
        Shape::Count => (value.unsigned().is_some(), "an integer from 0 stands here"),
        Shape::Boolean => (value.boolean().is_some(), "`true` or `false` stands here"),
        Shape::Bytes32 => (
            text.is_some_and(|text| encoding::from_base64::<32>(text.as_bytes()).is_ok()),
            "the base64 of 32 bytes stands here",
        ),
        Shape::Capability => (
            text.is_some_and(|text| Capability::parse(text).is_ok()),
            "a capability stands here, like `append:deployment.*`",
        ),
        Shape::Sealed | Shape::Person => {
            if !is_sealed(value) {
                return Err(wrong(at, "a sealed value stands here"));
            }
            visit(at, matches!(shape_, Shape::Person));
            return Ok(());
        }
        Shape::List(item) => return list(at, value, item, visit),
        Shape::Object(known) => return fields(at, value, known, visit),
        Shape::Map(item) => return map(at, value, item, visit),
    };
    if legal { Ok(()) } else { Err(wrong(at, expected)) }
}

fn list(at: &At<'_>, value: View<'_>, item: &Shape, visit: Visit<'_>) -> Result<()> {
    if value.kind() != Kind::List {
        return Err(wrong(at, "a list stands here"));
    }
    for (position, value) in value.items().enumerate() {
        if position == MAX_LIST {
            return Err(wrong(at, "more than 100 items; attach the list with count and digest"));
        }
        shape(&at.item(position), value, item, visit)?;
    }
    Ok(())
}

fn map(at: &At<'_>, value: View<'_>, item: &Shape, visit: Visit<'_>) -> Result<()> {
    if value.kind() != Kind::Object {
        return Err(wrong(at, "an object stands here"));
    }
    value.members().try_for_each(|(name, value)| shape(&at.name(name), value, item, visit))
}

/// Whether the value is `{"sealed":"<44 characters>"}`.
fn is_sealed(value: View<'_>) -> bool {
    let mut members = value.members();
    matches!((members.next(), members.next()), (Some(("sealed", commitment)), None)
        if commitment.plain().is_some_and(|t| encoding::from_base64::<32>(t.as_bytes()).is_ok()))
}

fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else { return false };
    let (date, time) = rest.split_once('T').map_or((rest, None), |(date, time)| (date, Some(time)));
    let units = |text: &str, order: &str| {
        let mut order = order.chars();
        let mut digits = 0;
        for char in text.chars() {
            if char.is_ascii_digit() {
                digits += 1;
            } else if digits == 0 || !order.any(|unit| unit == char) {
                return false;
            } else {
                digits = 0;
            }
        }
        digits == 0
    };
    text.len() <= 32
        && units(date, "YMWD")
        && time.is_none_or(|time| !time.is_empty() && units(time, "HMS"))
        && rest.len() > usize::from(time.is_some())
}

fn is_raw_time(text: &str) -> bool {
    (1..=MAX_RAW_TIME).contains(&text.len())
        && text.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b' ' | b':' | b'.' | b',' | b'+' | b'-' | b'/')
        })
}

fn missing(pointer: &str) -> Error {
    Error::refused("schema-missing", format!("`{pointer}` is missing"))
}

fn unknown(at: &dyn fmt::Display, name: &str) -> Error {
    Error::refused("schema-unknown-field", format!("`{at}/{name}` is not a field of this type"))
}

fn wrong(pointer: &(impl fmt::Display + ?Sized), message: &str) -> Error {
    Error::refused("schema-value", message).at(pointer.to_string())
}
