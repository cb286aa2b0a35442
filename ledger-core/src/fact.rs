//! Fact: what the entries say, joined by what they speak of.
//!
//! A fact is an entry's event as its typed view has it, with the place and the times of the entry:
//! it keeps the index it stands on. [`Facts`] holds a table for each event type, found again by the
//! references that join evidence. The fold reads each entry alone and takes them in by their
//! indexes, so the same entries give the same facts; nothing is decided here but which entries can
//! be read. What cannot, because its schema is newer or does not hold, is kept as [`Unread`]: whatever
//! it speaks of cannot be told.
//!
//! Rooms on top of it: [`deployment`], [`mod@line`], [`author`], [`entitled`] and [`scope`] join tables into
//! what the tests ask about. [`sought`] finds entries without reading the whole log, [`dossier`] all that
//! speak of one thing.

pub mod author;
pub mod deployment;
pub mod dossier;
pub mod entitled;
pub mod line;
pub mod people;
pub(crate) mod rows;
pub mod scope;
pub mod snapshot;
pub mod sought;
mod table;

pub use table::{At, Said, Table};

use std::sync::OnceLock;

use rayon::prelude::*;

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::json::Document;
use crate::ledger::Ledger;
use crate::person::Persons;
use crate::schema::typed::Id;
use crate::schema::view::Subject;
use crate::schema::words::Reference;
use crate::schema::{
    access, approve, build, change, deploy, gate, incident, records, review, rules, scope as scopes,
};
use crate::segment::Block;
use crate::time::Timestamp;

/// Lines that one task reads at least.
const TASK: usize = 64;

/// An entry that says something this library cannot read.
#[derive(Clone, Debug)]
pub struct Unread {
    /// Its event type.
    pub kind: Box<str>,
    /// What it speaks of.
    pub subject: Vec<(Reference, Id)>,
    /// Why it cannot be read: a stable code.
    pub code: &'static str,
}

/// `table: room::Type, …`, with the fields of `data` that join evidence as its references do.
macro_rules! facts {
    ($($table:ident: $room:ident::$name:ident $(joins($($reference:ident = $field:ident),*))?,)*) => {
        /// One event, read.
        #[derive(Clone, Debug)]
        enum Fact {
            $($name(Box<$room::$name>),)*
        }

        type Reader = fn(&Entry<'_>) -> Result<Option<Fact>>;

        /// The readers, in the order of [`crate::schema::TYPES`], which a test holds.
        const READERS: &[(&str, Reader)] = &[$((
            $room::$name::TYPE.name,
            |entry| Ok($room::$name::of(entry)?.map(|what| Fact::$name(Box::new(what)))),
        ),)*];

        /// The fields that join evidence, as the tables have them: the index has the same.
        #[cfg(test)]
        const JOINED: &[(&str, &[(Reference, &str)])] = &[$($((
            $room::$name::TYPE.name,
            &[$((Reference::$reference, stringify!($field))),*],
        ),)?)*];

        /// What the entries say: a table for each type.
        #[derive(Clone, Debug, Default)]
        pub struct Facts {
            $(
                #[doc = concat!("[`", stringify!($room::$name), "`].")]
                pub $table: Table<$room::$name>,
            )*
            /// Entries that could not be read.
            pub unread: Table<Unread>,
            /// Who is whom.
            pub persons: Persons,
            /// How many entries were taken in.
            pub entries: u64,
            /// When the newest of them was recorded.
            pub newest: Option<Timestamp>,
            /// The deployments, joined when they are first asked for.
            joined: OnceLock<Vec<deployment::Joint>>,
        }

        impl Facts {
            /// Gives everything that any table speaks of, each with the first place of that table;
            /// in no order.
            pub fn references<'f>(&'f self, take: &mut dyn FnMut(Reference, &'f Id, &'f At)) {
                $(
                    self.$table.references().for_each(|(name, id, at)| take(name, id, at));
                )*
            }

            /// Gives every entry that could be read, with what it speaks of; type by type.
            pub fn each<'f>(&'f self, take: &mut dyn FnMut(&'static str, &'f At, &'f Subject)) {
                $(
                    for row in self.$table.all() {
                        take($room::$name::TYPE.name, &row.at, &row.what.subject);
                    }
                )*
            }

            fn put(&mut self, at: At, fact: Fact) {
                match fact {
                    $(Fact::$name(what) => {
                        let mut keys: Vec<(Reference, Id)> =
                            what.subject.iter().map(|(name, id)| (name, id.clone())).collect();
                        $($(
                            table::join(&mut keys, Reference::$reference, &what.$field);
                        )*)?
                        keys.dedup();
                        self.$table.push(at, *what, keys);
                    })*
                }
            }
        }
    };
}

facts! {
    access_changed: access::AccessChanged joins(Access = access),
    access_observed: access::AccessObserved,
    access_requested: access::AccessRequested,
    access_used: access::AccessUsed,
    action_changed: incident::ActionChanged joins(Incident = incident),
    activity_performed: records::ActivityPerformed joins(Control = control),
    anchor_attached: rules::AnchorAttached,
    anchor_missed: rules::AnchorMissed,
    approval_decided: approve::ApprovalDecided,
    approval_requested: approve::ApprovalRequested,
    artifact_recorded: build::ArtifactRecorded,
    attestation_signed: records::AttestationSigned,
    backup_run: deploy::BackupRun,
    breach_decided: incident::BreachDecided,
    break_glass_used: deploy::BreakGlassUsed joins(Incident = incident),
    cab_decided: change::CabDecided joins(Change = changes),
    campaign_assigned: review::CampaignAssigned,
    campaign_closed: review::CampaignClosed,
    campaign_decided: review::CampaignDecided,
    campaign_opened: review::CampaignOpened,
    campaign_verified: review::CampaignVerified,
    canary_evaluated: deploy::CanaryEvaluated,
    change_classified: change::ChangeClassified joins(Template = template),
    change_closed: change::ChangeClosed,
    change_impact_assessed: change::ChangeImpactAssessed,
    change_recorded: change::ChangeRecorded,
    code_reviewed: change::CodeReviewed,
    communication_sent: change::CommunicationSent,
    config_changed: deploy::ConfigChanged joins(Change = change),
    config_drifted: deploy::ConfigDrifted,
    contract_verified: build::ContractVerified,
    control_tested: records::ControlTested,
    correction_recorded: rules::CorrectionRecorded,
    debt_changed: change::DebtChanged joins(Service = service),
    defect_reported: incident::DefectReported joins(Release = release, Service = service),
    deployment_finished: deploy::DeploymentFinished joins(Artifact = artifact, Change = change),
    deployment_started: deploy::DeploymentStarted joins(
        Artifact = artifact, Change = change, Incident = incident, Run = run
    ),
    document_approved: records::DocumentApproved,
    drill_performed: deploy::DrillPerformed joins(Environment = environment),
    environment_changed: build::EnvironmentChanged,
    environment_compared: build::EnvironmentCompared,
    environment_locked: deploy::EnvironmentLocked joins(Deployment = deployment),
    evidence_exported: records::EvidenceExported,
    exception_changed: records::ExceptionChanged joins(Control = control),
    external_recorded: scopes::ExternalRecorded,
    feature_flag_changed: deploy::FeatureFlagChanged,
    feedback_received: incident::FeedbackReceived joins(Release = release),
    finding_changed: build::FindingChanged joins(Artifact = artifact),
    freeze_changed: change::FreezeChanged,
    gap_declared: rules::GapDeclared,
    gate_evaluated: gate::GateEvaluated,
    gate_waived: gate::GateWaived joins(Environment = environment),
    hold_changed: records::HoldChanged,
    identity_linked: access::IdentityLinked,
    incident_changed: incident::IncidentChanged,
    incident_linked: incident::IncidentLinked joins(Deployment = deployment),
    job_run: deploy::JobRun joins(Incident = incident),
    key_listed: rules::KeyListed,
    key_registered: rules::KeyRegistered,
    key_revoked: rules::KeyRevoked,
    key_rotated: rules::KeyRotated,
    ledger_created: rules::LedgerCreated,
    metric_sampled: gate::MetricSampled joins(Deployment = deployment, Release = release),
    monitoring_verified: gate::MonitoringVerified,
    period_changed: records::PeriodChanged,
    person_changed: access::PersonChanged,
    person_erased: rules::PersonErased,
    person_revealed: rules::PersonRevealed,
    pipeline_run: build::PipelineRun,
    policy_changed: rules::PolicyChanged,
    policy_waived: rules::PolicyWaived,
    postmortem_published: incident::PostmortemPublished,
    readiness_reviewed: gate::ReadinessReviewed,
    readiness_scored: gate::ReadinessScored,
    recovery_recorded: rules::RecoveryRecorded,
    release_recorded: change::ReleaseRecorded joins(Train = train),
    release_train_changed: change::ReleaseTrainChanged joins(Release = releases),
    report_issued: records::ReportIssued,
    request_changed: records::RequestChanged,
    retention_executed: records::RetentionExecuted,
    risk_accepted: records::RiskAccepted joins(Exception = exception),
    rollback_executed: deploy::RollbackExecuted joins(Deployment = reverts, Incident = incident),
    runtime_observed: deploy::RuntimeObserved,
    sample_committed: records::SampleCommitted joins(Control = control),
    sample_drawn: records::SampleDrawn,
    scan_completed: build::ScanCompleted,
    session_elevated: access::SessionElevated,
    smoke_test_completed: deploy::SmokeTestCompleted,
    source_conflicted: scopes::SourceConflicted,
    source_heartbeat: scopes::SourceHeartbeat,
    source_pushed: scopes::SourcePushed,
    source_reconciled: scopes::SourceReconciled,
    source_registered: scopes::SourceRegistered,
    standard_change_template_changed: change::StandardChangeTemplateChanged,
    stream_closed: rules::StreamClosed,
    stream_forked: rules::StreamForked,
    system_registered: scopes::SystemRegistered joins(Service = services),
    test_completed: build::TestCompleted,
    test_data_attested: build::TestDataAttested,
    vendor_release_assessed: change::VendorReleaseAssessed,
    walkthrough_recorded: records::WalkthroughRecorded,
    watch_closed: deploy::WatchClosed,
}

/// An entry as it was read, before it is taken in.
#[derive(Clone, Debug)]
pub struct Read {
    at: At,
    fact: std::result::Result<Fact, Box<Unread>>,
}

impl Read {
    /// Reads an entry, in whatever order.
    pub fn of(entry: &Entry<'_>) -> Self {
        let at = At::of(entry);
        let unread = |code: &'static str| {
            let subject = entry.event.root.get("subject");
            let members = subject.iter().flat_map(crate::json::View::members);
            let one = |(name, view): (&str, crate::json::View<'_>)| {
                Some((Reference::parse(name)?, Id::from(view.plain()?)))
            };
            let kind = entry.event.kind.into();
            Err(Box::new(Unread { kind, subject: members.filter_map(one).collect(), code }))
        };
        let fact = match READERS.binary_search_by(|(name, _)| (*name).cmp(entry.event.kind)) {
            Err(_) => unread("schema-type"),
            Ok(found) => match READERS.get(found).map(|(_, read)| read(entry)) {
                Some(Ok(Some(fact))) => Ok(fact),
                Some(Err(error)) => unread(error.code()),
                Some(Ok(None)) | None => unread("schema-type"),
            },
        };
        Self { at, fact }
    }

    /// Its place, its times, and who acted.
    pub fn at(&self) -> At {
        self.at
    }
}

impl Facts {
    /// The facts of a ledger, read on all cores: of its first `size` entries, without what was
    /// recorded later than `until`.
    ///
    /// Codes of reading the store and of the law of form.
    pub fn of(ledger: &Ledger, size: u64, until: Timestamp) -> Result<Self> {
        let mut facts = Self::default();
        let mut blocks = ledger.blocks()?;
        let mut next = || match blocks.next_block()? {
            Some(block) => read_block(&block),
            None => Ok(Vec::new()),
        };
        let counts = |read: &Read| read.at.index < size && read.at.recorded <= until;
        let mut block = next()?;
        while let Some(last) = block.last() {
            let over = last.at.index + 1 >= size;
            let taken = block.into_iter().filter(counts);
            // one core takes facts in, which has an order, while the others read on
            let (read, ()) = rayon::join(
                || if over { Ok(Vec::new()) } else { next() },
                || taken.for_each(|read| facts.take(read)),
            );
            block = read?;
        }
        Ok(facts)
    }

    /// The facts of these entries, in any order and any selection of a log.
    pub fn from_entries<'a>(entries: impl IntoIterator<Item = &'a Entry<'a>>) -> Self {
        let mut read: Vec<Read> = entries.into_iter().map(Read::of).collect();
        read.sort_by_key(|read| read.at.index);
        Self::from_read(read)
    }

    /// The facts of what was read, which is in the order of its indexes.
    pub fn from_read(read: impl IntoIterator<Item = Read>) -> Self {
        let mut facts = Self::default();
        read.into_iter().for_each(|read| facts.take(read));
        facts
    }

    fn take(&mut self, read: Read) {
        self.entries += 1;
        self.joined = OnceLock::new();
        self.newest = self.newest.max(Some(read.at.recorded));
        let Read { at, fact } = read;
        if at.automaton
            && let Some(bot) = at.actor
        {
            self.persons.ran(bot, at.occurred, at.index, at.behalf);
        }
        match fact {
            Ok(fact) => {
                match &fact {
                    Fact::IdentityLinked(link) => {
                        self.persons.linked_by(at.index, at.occurred, link);
                    }
                    Fact::PersonChanged(change) => self.persons.recorded_by(at.index, change),
                    _ => {}
                }
                self.put(at, fact);
            }
            Err(unread) => {
                let subject = unread.subject.clone();
                self.unread.push(at, *unread, subject);
            }
        }
    }
}

fn read_block(block: &Block) -> Result<Vec<Read>> {
    let work = block.lines.par_iter().with_min_len(TASK);
    work.map_init(Document::default, |document, range| {
        let entry = Entry::parse(document, block.line(range))?;
        Ok(Read::of(&entry))
    })
    .collect::<Result<Vec<Read>>>()
    .map_err(|error: Error| error.hint("run `ledger verify` for all that is wrong"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    #[test]
    fn every_type_has_its_reader() {
        let names: Vec<&str> = READERS.iter().map(|(name, _)| *name).collect();
        let types: Vec<&str> = schema::TYPES.iter().map(|known| known.name).collect();
        assert_eq!(names, types);
        assert_eq!(JOINED, schema::joins::FIELDS, "what joins tables is what the index finds");
    }
}
