//! CloudEvents 1.0 (CNCF, HTTP protocol binding and JSON format): structured, batch, and binary as an
//! HTTP dump. What it carries is mapped if it is a CDEvent; the rest is kept under its type.

use super::cdevents;
use super::http::Request;
use super::json::{self, Json};
use super::split::Framing;
use super::time::When;
use super::{Draft, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "cloudevents",
    reads: "CloudEvents 1.0: structured, batch, binary as an HTTP dump",
    version: 1,
    framing: Framing::Json(&[]),
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let request = Request::read(record.bytes)?;
    let binary = request.headers().any(|(name, _)| name.starts_with("ce-"));
    if binary {
        let context = |name: &str| request.header(name).map(decode).transpose();
        let (kind, id, source) = (context("ce-type")?, context("ce-id")?, context("ce-source")?);
        let time = context("ce-time")?.map_or(Json::Null, |time| Json::Text(time.into()));
        let data = json::read(request.body).unwrap_or(Json::Null);
        return one(kind.as_deref(), id.as_deref(), source.as_deref(), &time, &data, record);
    }
    let body = json::read(request.body)?;
    if body.items().is_empty() {
        return structured(&body, record);
    }
    // a batch within a request: one record, an event of each
    let drafts = body.items().iter().map(|event| structured(event, record));
    Ok(drafts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn structured(event: &Json<'_>, record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let member = |name: &str| event.get(name).text();
    one(
        member("type"),
        member("id"),
        member("source"),
        event.get("time"),
        event.get("data"),
        record,
    )
}

fn one(
    kind: Option<&str>,
    id: Option<&str>,
    source: Option<&str>,
    time: &Json<'_>,
    data: &Json<'_>,
    record: &Record<'_>,
) -> Result<Vec<Draft>, Reason> {
    let (Some(kind), Some(id), Some(source)) = (kind, id, source) else {
        return Ok(vec![super::webhook::other(SOURCE.name, record, "not-a-cloudevent")]);
    };
    let context = data.get("context");
    if context.is_some() && kind.starts_with("dev.cdevents.") {
        let agree = context.get("id").id() == Some(id) && context.get("type").text() == Some(kind);
        return if agree {
            cdevents::read(SOURCE.name, data, record)
        } else {
            // nothing is taken from it: envelope and content name two events
            Ok(vec![super::webhook::other(SOURCE.name, record, "envelope-and-content-disagree")])
        };
    }
    let when = When::first(&[time], record.received);
    // (source, id) alone would lose events: several types share them
    let key = format!("{source}/{id}/{kind}");
    Ok(vec![Draft::external(SOURCE.name, &key, kind, "no-mapping", when)])
}

/// A header's value: quotes off, then percent signs decoded once (HTTP binding, 3.1.3.2).
fn decode(value: &str) -> Result<String, Reason> {
    let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(out)
        .map_err(|_| Reason::new("cloudevents-header", "a header's value is not UTF-8"))
}
