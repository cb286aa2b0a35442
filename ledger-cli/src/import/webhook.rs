//! What the smaller sources share: a delivery as a request or a body, and drafts from it.

use ledger_core::encoding::hex;
use ledger_core::hash::Sha256;

use super::http::Request;
use super::json::{self, Json};
use super::time::When;
use super::{Draft, Reason, Record};

/// A delivery whose body was read.
pub(super) struct Hook<'a> {
    /// What is told.
    pub(super) body: &'a Json<'a>,
    record: &'a Record<'a>,
}

/// Reads a delivery and maps it: what `with` has no event for is kept as it came, under the kind that
/// `kind` finds in it.
pub(super) fn map(
    source: &'static str,
    record: &Record<'_>,
    kind: &str,
    with: impl Fn(&Hook<'_>) -> Option<Draft>,
) -> Result<Vec<Draft>, Reason> {
    let request = Request::read(record.bytes)?;
    let body = json::read(request.body)?;
    if body.members().is_empty() {
        return Err(Reason::new("record-object", "a record is a JSON object that is not empty"));
    }
    let hook = Hook { body: &body, record };
    let header = request.header("x-event-key");
    Ok(vec![with(&hook).unwrap_or_else(|| {
        let native = kind.split(' ').find_map(|path| body.at(path).text()).or(header);
        hook.draft("external.recorded", None, &[])
            .subject("source", Some(source))
            .id("native_kind", native.or(Some("unnamed")))
            .word("reason", "no-mapping")
    })])
}

impl Hook<'_> {
    /// A draft of a type; without an id of its own the record is known by all its bytes.
    pub(super) fn draft(
        &self,
        kind: &'static str,
        key: Option<&str>,
        times: &[&Json<'_>],
    ) -> Draft {
        let when = self.when(times);
        match key {
            Some(key) => Draft::new(kind, key, when),
            None => Draft::new(kind, &hex(&Sha256::of(self.record.bytes).0), when).personal(),
        }
    }

    /// The first time that is told, else when it was received.
    pub(super) fn when(&self, times: &[&Json<'_>]) -> When {
        When::first(times, self.record.received)
    }
}
