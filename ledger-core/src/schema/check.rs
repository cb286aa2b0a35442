//! Whether an event says what its type may say, and where its sealed values stand.

use std::fmt;

use super::at::At;
use super::words::Reference;
use super::{EventType, Field, Rule, SCHEMA_MEMBERS, Shape, find};
use crate::capability::Capability;
use crate::encoding;
use crate::error::{Error, Result};
use crate::event::{Event, SCHEMA, is_digest, is_id};
use crate::json::{Kind, View};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// Longest inline list; longer ones travel as an attachment with count and digest.
pub(super) const MAX_LIST: usize = 100;
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
pub(crate) const ACTOR: &[Field] = &[
    super::optional("auth", Shape::Enum(&["key", "oidc", "token", "session", "relay", "none"])),
    super::optional("id", IDENTITY),
    super::required("kind", Shape::Enum(&["human", "service", "bot", "system", "unknown"])),
    super::optional("on_behalf_of", IDENTITY),
];
pub(super) const ATTACHED: &[Field] =
    &[super::required("attachment", Shape::Digest), super::required("count", Shape::Count)];
pub(super) const ATTACHMENT: &[Field] = &[
    super::required("digest", Shape::Digest),
    super::required("media_type", Shape::Id),
    super::required("name", Shape::Id),
    super::optional("private", Shape::Flag),
    super::required("size", Shape::Count),
];
pub(super) const RAW: &[Field] = &[
    super::required("attachment", Shape::Digest),
    super::required("length", Shape::Count),
    super::required("offset", Shape::Count),
];

/// The law of meaning; codes `schema-*`. Gives the sealed positions of the event.
pub fn check(event: &Event<'_>) -> Result<Vec<Position>> {
    let known = find(event.kind).ok_or_else(|| {
        Error::refused("schema-type", format!("event type `{}` is not known here", event.kind))
            .at("/type")
    });
    let mut found = Vec::new();
    let mut walk = Walk {
        attachments: event.root.get("attachments"),
        visit: &mut |at, person| found.push(Position { pointer: at.to_string(), person }),
    };
    all(event, known, &mut walk)?;
    Ok(found)
}

/// [`check`] for a reader who knows the type already, and asks for nothing else.
pub(super) fn holds(event: &Event<'_>, known: &EventType) -> Result<()> {
    let attachments = event.root.get("attachments");
    all(event, Ok(known), &mut Walk { attachments, visit: &mut |_, _| {} })
}

/// What goes along on the way through an event.
struct Walk<'w> {
    attachments: Option<View<'w>>,
    /// Is told each sealed value, and whether it is an identity.
    visit: &'w mut dyn FnMut(&At<'_>, bool),
}

fn all(event: &Event<'_>, known: Result<&EventType>, walk: &mut Walk<'_>) -> Result<()> {
    if event.schema != SCHEMA {
        return Err(Error::refused(
            "schema-unknown",
            format!("schema `{}` is not known here", event.schema),
        )
        .at("/schema"));
    }
    let known = known?;
    for (name, value) in event.root.members() {
        if !SCHEMA_MEMBERS.contains(&name) {
            return Err(unknown(&"", name));
        }
        if name == "occurred_raw" && !value.plain().is_some_and(is_raw_time) {
            return Err(wrong("/occurred_raw", "not up to 64 characters of a time's alphabet"));
        }
    }
    members(event, known, walk)?;
    known.rules.iter().try_for_each(|rule| rule_holds(event, rule))
}

fn members(event: &Event<'_>, known: &EventType, walk: &mut Walk<'_>) -> Result<()> {
    let root = event.root;
    match root.get("actor") {
        Some(actor) => fields(&At::top("actor"), actor, ACTOR, walk)?,
        None if known.actor => return Err(missing("/actor")),
        None => {}
    }
    subject(root.get("subject"), known)?;
    let data = root.get("data").ok_or_else(|| missing("/data"))?;
    fields(&At::top("data"), data, known.data, walk)?;
    if let Some(list) = root.get("attachments") {
        shape(&At::top("attachments"), list, &Shape::List(&Shape::Object(ATTACHMENT)), walk)?;
        not_empty(&"/attachments", list)?;
    }
    match root.get("raw") {
        Some(raw) => fields(&At::top("raw"), raw, RAW, walk),
        None => Ok(()),
    }
}

fn rule_holds(event: &Event<'_>, rule: &Rule) -> Result<()> {
    let has = |member: &str, name: &str| {
        event.root.get(member).is_some_and(|object| object.get(name).is_some())
    };
    let count = |member: &str, names: &[&str]| names.iter().filter(|n| has(member, n)).count();
    let word = |field: &str| event.root.get("data")?.get(field)?.plain();
    match rule {
        Rule::ExactlyOne(names) if count("data", names) != 1 => {
            let names = names.join("` and `");
            Err(wrong("/data", &format!("exactly one of `{names}` stands here")))
        }
        Rule::AnyField(names) if count("data", names) == 0 => Err(missing_any("/data", names)),
        Rule::AnyReference(names) if count("subject", names) == 0 => {
            Err(missing_any("/subject", names))
        }
        Rule::When(field, when, needs) if word(field) == Some(*when) => {
            match needs.iter().find(|name| !has("data", name)) {
                Some(name) => Err(missing(&format!("/data/{name}"))),
                None => Ok(()),
            }
        }
        Rule::RelayIsImported(field)
            if (word(field) == Some("relay")) != event.source.is_some() =>
        {
            let at = format!("/data/{field}");
            Err(wrong(&at, "`relay` stands exactly where the event was imported"))
        }
        Rule::ClosesItsStream => closes(event),
        _ => Ok(()),
    }
}

fn closes(event: &Event<'_>) -> Result<()> {
    let length = event.root.pointer("/data/length").and_then(|length| length.unsigned());
    if event.is_final
        && event.text_at("/subject/stream") == Some(event.stream.name)
        && length == event.seq.checked_add(1)
    {
        return Ok(());
    }
    let message = "it closes its own stream: `final`, with the stream's name and length";
    Err(wrong("/data/length", message))
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
        if Reference::parse(name).is_none() {
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

fn fields(at: &At<'_>, value: View<'_>, known: &[Field], walk: &mut Walk<'_>) -> Result<()> {
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
        shape(&at.name(name), value, &field.shape, walk)?;
        if !field.required && matches!(value.kind(), Kind::List | Kind::Object) {
            not_empty(&at.name(name), value)?;
        }
    }
    match expected.find(|field| field.required) {
        Some(field) => Err(missing(&format!("{at}/{}", field.name))),
        None => Ok(()),
    }
}

fn shape(at: &At<'_>, value: View<'_>, shape_: &Shape, walk: &mut Walk<'_>) -> Result<()> {
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
        Shape::Decimal => (text.is_some_and(is_decimal), "a decimal stands here, like \"0.75\""),
        Shape::Boolean => (value.boolean().is_some(), "`true` or `false` stands here"),
        Shape::Flag => (value.boolean() == Some(true), "it is `true` or left out"),
        Shape::Bytes32 => (
            text.is_some_and(|text| encoding::from_base64::<32>(text.as_bytes()).is_ok()),
            "the base64 of 32 bytes stands here",
        ),
        Shape::Capability => (
            text.is_some_and(|text| Capability::parse(text).is_ok()),
            "a capability stands here, like `append:deployment.*`",
        ),
        Shape::Pseudonym => (
            text.is_some_and(|text| text.parse::<Pseudonym>().is_ok()),
            "a pseudonym of 26 characters stands here",
        ),
        Shape::Sealed | Shape::Person => {
            if !is_sealed(value) {
                return Err(wrong(at, "a sealed value stands here"));
            }
            (walk.visit)(at, matches!(shape_, Shape::Person));
            return Ok(());
        }
        Shape::Attached => return attached(at, value, walk),
        Shape::List(item) => return list(at, value, item, walk),
        Shape::Filled(item) => {
            list(at, value, item, walk)?;
            (value.items().next().is_some(), "at least one item stands here")
        }
        Shape::Object(known) => return fields(at, value, known, walk),
        Shape::Map(item) => return map(at, value, item, walk),
    };
    if legal { Ok(()) } else { Err(wrong(at, expected)) }
}

/// A digest that is one of the event's attachments, and a count.
fn attached(at: &At<'_>, value: View<'_>, walk: &mut Walk<'_>) -> Result<()> {
    fields(at, value, ATTACHED, walk)?;
    let digest = value.get("attachment").and_then(|digest| digest.plain());
    let mut all = walk.attachments.into_iter().flat_map(|list| list.items());
    if all.any(|one| one.get("digest").and_then(|found| found.plain()) == digest) {
        return Ok(());
    }
    Err(wrong(&at.name("attachment"), "it is not the digest of an attachment of this event"))
}

fn list(at: &At<'_>, value: View<'_>, item: &Shape, walk: &mut Walk<'_>) -> Result<()> {
    if value.kind() != Kind::List {
        return Err(wrong(at, "a list stands here"));
    }
    for (position, value) in value.items().enumerate() {
        if position == MAX_LIST {
            return Err(wrong(at, "more than 100 items; attach the list with count and digest"));
        }
        shape(&at.item(position), value, item, walk)?;
    }
    Ok(())
}

fn map(at: &At<'_>, value: View<'_>, item: &Shape, walk: &mut Walk<'_>) -> Result<()> {
    if value.kind() != Kind::Object {
        return Err(wrong(at, "an object stands here"));
    }
    value.members().try_for_each(|(name, value)| shape(&at.name(name), value, item, walk))
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

/// `-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?`, without minus zero.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| {
        (1..=18).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (negative, number) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) =
        number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && !(negative && number.bytes().all(|byte| matches!(byte, b'0' | b'.')))
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

fn missing_any(pointer: &str, names: &[&str]) -> Error {
    let names = names.join("` or `");
    Error::refused("schema-missing", format!("`{names}` is missing in `{pointer}`"))
}

fn unknown(at: &dyn fmt::Display, name: &str) -> Error {
    Error::refused("schema-unknown-field", format!("`{at}/{name}` is not a field of this type"))
}

fn wrong(pointer: &(impl fmt::Display + ?Sized), message: &str) -> Error {
    Error::refused("schema-value", message).at(pointer.to_string())
}
