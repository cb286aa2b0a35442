//! CloudEvents 1.0 (the envelope): structured, batch, and binary as an HTTP dump.

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
    let event = json::read(record.bytes)?;
    envelope(&event, record)
}

fn envelope(event: &Json<'_>, record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let (Some(kind), Some(id), Some(source)) =
        (event.get("type").text(), event.get("id").text(), event.get("source").text())
    else {
        return Err(Reason::new("cloudevents-context", "an event has `id`, `source` and `type`"));
    };
    let when = When::first(&[event.get("time")], record.received);
    let id = format!("{source}/{id}");
    Ok(vec![Draft::external(SOURCE.name, &id, kind, "no-mapping", when)])
}
