//! Importers: the records of other systems as events of the ledger.
//!
//! Each source is one file here and one row of [`SOURCES`]: a pure function from the bytes of a record
//! to drafts of events, without clock, network or environment. What a source does not say stays
//! missing. A record that no mapping covers becomes `external.recorded`; one that cannot be read is
//! told with its reason and kept aside. Whoever calls gives the record its place in an attachment,
//! its keyed digest and its signature (`commands/import.rs`).

mod attestation;
mod audit;
mod azure_activity;
mod azure_devops;
mod bitbucket;
mod cdevents;
mod cloudevents;
mod cloudtrail;
mod draft;
mod gcp_audit;
mod github;
mod gitlab;
mod given;
mod http;
mod jira;
pub(crate) mod json;
mod junit;
mod kubernetes_audit;
mod launchdarkly;
mod okta;
mod pagerduty;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod pairs;
mod sarif;
mod sbom;
mod scan;
mod servicenow;
pub(crate) mod split;
mod terraform;
mod time;
mod webhook;
mod xml;

use ledger_core::time::Timestamp;

pub(crate) use draft::{Draft, Event, Person};
pub(crate) use given::{Given, NAMES as GIVEN};
use split::Framing;

/// Why something is no record that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    /// Stable name, kebab-case.
    pub(crate) code: &'static str,
    /// One line for people.
    pub(crate) message: String,
}

impl Reason {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// One record of a source, as it lies there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    /// Its bytes, untouched.
    pub(crate) bytes: &'a [u8],
    /// When it was received here: for what tells no time.
    pub(crate) received: Timestamp,
    /// What the caller gives for records that do not say it.
    pub(crate) given: &'a Given,
}

/// A source: where its records come from and what they become.
#[derive(Debug)]
pub(crate) struct Source {
    /// As in the events' `source`, and in the capability `relay:<name>` of the key that signs.
    pub(crate) name: &'static str,
    /// What it reads, in one line.
    pub(crate) reads: &'static str,
    /// Counts up when the same record becomes other events.
    pub(crate) version: u32,
    /// How records lie in a file.
    pub(crate) framing: Framing,
    /// The events that a record becomes, at least one.
    pub(crate) map: fn(&Record<'_>) -> Result<Vec<Draft>, Reason>,
}

/// All sources, by name.
pub(crate) static SOURCES: &[Source] = &[
    attestation::SOURCE,
    cloudtrail::SOURCE,
    azure_activity::SOURCE,
    azure_devops::SOURCE,
    bitbucket::SOURCE,
    cdevents::SOURCE,
    cloudevents::SOURCE,
    gcp_audit::SOURCE,
    github::SOURCE,
    gitlab::SOURCE,
    jira::SOURCE,
    junit::SOURCE,
    kubernetes_audit::SOURCE,
    launchdarkly::SOURCE,
    okta::SOURCE,
    pagerduty::SOURCE,
    sarif::SOURCE,
    sbom::SOURCE,
    scan::SOURCE,
    servicenow::SOURCE,
    terraform::SOURCE,
];

/// The source of that name.
pub(crate) fn find(name: &str) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.name == name)
}

/// The events of one record, each with its ordinal; what the law of meaning would refuse becomes
/// `external.recorded`, so that no record is lost.
pub(crate) fn events(source: &Source, record: &Record<'_>) -> Result<Vec<Event>, Reason> {
    let drafts = (source.map)(record)?;
    if drafts.is_empty() {
        return Err(Reason::new("record-empty", "the record has nothing in it"));
    }
    Ok(draft::number(source, drafts, record.received))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Each `NAME.json` or `NAME.http` in `fixtures/import/SOURCE` becomes what stands in
    /// `NAME.events`; with `LEDGER_BLESS` set, that is written anew.
    #[test]
    fn pairs_of_records_and_events() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/import");
        let received = Timestamp::parse(b"2026-08-01T00:00:00.000000Z").unwrap();
        for source in SOURCES {
            let mut pairs = 0;
            for file in std::fs::read_dir(folder.join(source.name)).unwrap() {
                let path = file.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "events") {
                    continue;
                }
                let lines = after(source, &path, received);
                let expected = path.with_extension("events");
                if std::env::var_os("LEDGER_BLESS").is_some() {
                    std::fs::write(&expected, &lines).unwrap();
                }
                let expected = std::fs::read_to_string(&expected).unwrap_or_default();
                assert_eq!(lines, expected, "{}", path.display());
                pairs += 1;
            }
            assert!(pairs > 0, "no pair for `{}`", source.name);
        }
    }

    fn after(source: &Source, path: &Path, received: Timestamp) -> String {
        let file = std::fs::File::open(path).unwrap();
        let mut lines = String::new();
        for piece in split::Splitter::new(file, source.framing) {
            assert_eq!(piece.broken, None, "{}", path.display());
            let record = Record { bytes: &piece.bytes, received };
            for event in events(source, &record).unwrap() {
                let id = if event.personal { "(keyed digest)" } else { &event.source_id };
                let value = ledger_core::json::Value::Object(event.value).to_canonical();
                lines.push_str(&format!("{id} {} {value}\n", event.ordinal));
            }
        }
        lines
    }

    #[test]
    fn whatever_a_record_holds_it_is_mapped_or_refused() {
        let received = Timestamp::from_micros(1).unwrap();
        let records: [&[u8]; 9] = [
            b"{}",
            b"[]",
            b"7",
            b"\xff",
            b"",
            b"{\"action\":\"a.b\"}",
            b"POST / HTTP/1.1",
            b"POST / HTTP/1.1\r\n\r\n{}",
            b"{\"issue\":{\"key\":7},\"event\":[],\"pullRequest\":{}}",
        ];
        for source in SOURCES {
            for bytes in records {
                if let Ok(found) = events(source, &Record { bytes, received }) {
                    assert!(!found.is_empty(), "{}", source.name);
                }
            }
        }
    }
}
