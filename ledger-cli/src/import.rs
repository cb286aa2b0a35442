//! Importers: the records of other systems as events of the ledger.
//!
//! Each source is one file here and one row of [`SOURCES`]: a pure function from the bytes of a record
//! to drafts of events, without clock, network or environment. What a source does not say stays
//! missing. A record that no mapping covers becomes `external.recorded`; one that cannot be read is
//! told with its reason and kept aside. Whoever calls gives the record its place in an attachment,
//! its keyed digest and its signature (`commands/import.rs`).

mod access;
mod attestation;
mod audit;
mod azure_activity;
mod azure_devops;
mod bitbucket;
mod cdevents;
mod cloudevents;
mod cloudtrail;
mod coverage;
mod csv;
mod draft;
pub(crate) mod extract;
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
mod people;
mod pubkeys;
mod runtime;
mod sarif;
mod sbom;
mod scan;
mod servicenow;
mod sigstore;
pub(crate) mod split;
mod terraform;
mod time;
mod webhook;
mod xml;

use ledger_core::time::Timestamp;

pub(crate) use cloudtrail::Trail;
pub(crate) use csv::Table;
pub(crate) use draft::{Attached, Draft, Event, Person, id};
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
    /// The header of its table, if it is a row of one.
    pub(crate) header: &'a [u8],
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
    access::table::SOURCE,
    attestation::SOURCE,
    cloudtrail::SOURCE,
    access::aws_credentials::SOURCE,
    azure_activity::SOURCE,
    azure_devops::SOURCE,
    bitbucket::SOURCE,
    cdevents::SOURCE,
    cloudevents::SOURCE,
    coverage::SOURCE,
    gcp_audit::SOURCE,
    github::SOURCE,
    access::github::SOURCE,
    gitlab::SOURCE,
    people::SOURCE,
    jira::SOURCE,
    junit::SOURCE,
    kubernetes_audit::SOURCE,
    access::kubernetes::SOURCE,
    launchdarkly::SOURCE,
    okta::SOURCE,
    access::okta::SOURCE,
    pagerduty::SOURCE,
    runtime::SOURCE,
    sarif::SOURCE,
    sbom::SOURCE,
    scan::SOURCE,
    access::scim::SOURCE,
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
