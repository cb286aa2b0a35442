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

/// A record that can be read and is none of the source's: kept, under its keyed digest.
pub(super) fn other(source: &'static str, record: &Record<'_>, reason: &str) -> Draft {
    let digest = hex(&Sha256::of(record.bytes).0);
    let when = When::received(record.received);
    Draft::external(source, &digest, "unnamed", reason, when).personal()
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
