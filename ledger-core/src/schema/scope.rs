//! Scope and sources: what counts, and whether it still reports.
//!
//! Declared by the macros of `schema/declare.rs`; spec page: `spec/event.md`.

use super::typed::{Attached, Duration, Filled, Id, Person};
use super::words::{Active, Regime};
use crate::time::Timestamp;

words! {
    /// What an environment is for.
    EnvironmentClass {
        Production = "production", NonProduction = "non_production", Recovery = "recovery",
    }
}

object! {
    /// An environment of a system.
    Environment { class: EnvironmentClass, name: Id }
}

object! {
    /// Duties that come with an entitlement, for the separation of duties.
    Duties { duties: Filled<Id>, entitlement: Id }
}

event! {
    /// a system, with its environments and owners, enters, changes or leaves the scope
    SystemRegistered = "system.registered"
    subject(system) need(Exact) actor(true)
    {
        duties: Option<Vec<Duties>>, entitlement_owners: Vec<Person>,
        environments: Filled<Environment>, from: Option<Timestamp>, owner: Person,
        regimes: Vec<Regime>, regions: Vec<Id>, services: Option<Vec<Id>>, state: Active,
        tier: Id, to: Option<Timestamp>,
    }
}

event! {
    /// a source of events, with its populations and pace, enters, changes or leaves the scope
    SourceRegistered = "source.registered"
    subject(source) need(Exact) actor(true)
    {
        extract_method: Id, from: Option<Timestamp>, heartbeat_every: Duration,
        owner: Person, populations: Filled<Id>, relay_key: Option<Id>, state: Active,
        to: Option<Timestamp>,
    }
}

event! {
    /// a source is alive and has sent this many events
    SourceHeartbeat = "source.heartbeat"
    subject(source) need(Append) actor(false)
    {
        events: u64, from: Timestamp, to: Timestamp,
    }
}

event! {
    /// a population was counted at its source and held against the ledger
    SourceReconciled = "source.reconciled"
    subject(source) need(Append) actor(true)
    {
        different: u64, extra: u64, extracted_at: Timestamp, extractor: Person, from: Timestamp,
        /// What is missing, extra or different, each item with its disposition.
        lists: Option<Attached>,
        matched: u64, missing: u64, population: Id, query: Id, source_count: u64,
        to: Timestamp,
    }
}

event! {
    /// a source gave another original for a record that is already here
    SourceConflicted = "source.conflicted"
    subject(source) need(Append) actor(false)
    {
        first_index: u64, source_id: Id,
    }
}

event! {
    /// commits were pushed to a branch or tag
    SourcePushed = "source.pushed"
    subject(source) need(Append) actor(true)
    {
        after: Id, before: Id, commits: u64, forced: bool, pusher: Person, r#ref: Id,
    }
}

event! {
    /// a record of a source that no type fits was kept as it came
    ExternalRecorded = "external.recorded"
    subject(source) need(Append) actor(true)
    {
        native_kind: Id, reason: Id,
    }
}
