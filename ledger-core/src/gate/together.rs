//! Together: whether versions of several services go together into an environment.
//!
//! Each pair of services that have a contract must have passed it in exactly these versions, with what
//! runs there already for those that are not named. A release must be whole, its constraints kept, and
//! nobody else may hold the environment. What nobody verified cannot be told.

use std::collections::{BTreeMap, BTreeSet};

use super::condition;
use crate::check::State;
use crate::error::Result;
use crate::fact::line::Lines;
use crate::fact::sought::Sought;
use crate::fact::{Facts, Read, Said};
use crate::hash::Sha256;
use crate::index::Kind;
use crate::json::Value;
use crate::schema::build::ContractVerified;
use crate::schema::change::{ReleaseRecorded, ReleaseState};
use crate::schema::joins;
use crate::schema::typed::Id;
use crate::schema::words::{CheckOutcome, Reference};
use crate::time::Timestamp;

/// A service in exactly one version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The service.
    pub service: Id,
    /// Its artifact.
    pub artifact: Sha256,
}

/// One thing that must hold.
#[derive(Clone, Debug)]
pub struct Finding {
    /// `contract`, `release`, `constraint`, `order` or `lock`.
    pub kind: &'static str,
    /// Whether it holds.
    pub state: State,
    /// Why, in one sentence.
    pub sentence: String,
    /// The entries it stands on.
    pub entries: Vec<u64>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Together {
    /// Where to.
    pub environment: Id,
    /// What was asked about, by service.
    pub members: Vec<Member>,
    /// Pass, fail or indeterminate.
    pub verdict: State,
    /// All that was looked at.
    pub findings: Vec<Finding>,
    /// The services in an order in which each comes after what it needs.
    pub order: Vec<Id>,
}

/// Whether they go together.
///
/// Codes of reading the ledger.
pub fn together<S: Sought>(
    source: &S,
    environment: &Id,
    members: Vec<Member>,
    now: Timestamp,
) -> Result<Together> {
    let mut indexes = BTreeSet::new();
    for (kind, value) in [
        (Kind::Type, "contract.verified".to_owned()),
        (Kind::Type, "release.recorded".to_owned()),
        (Kind::Join, joins::lock(environment.as_str())),
    ] {
        indexes.extend(source.find(kind, &value)?.iter().map(|posting| posting.index));
    }
    let indexes: Vec<u64> = indexes.into_iter().collect();
    let read = source.entries(&indexes, |entry, doubt| (doubt.is_some(), Read::of(entry)))?;
    // an entry that does not hold shows nothing
    let read: Vec<Read> =
        read.into_iter().filter(|(doubt, _)| !doubt).map(|(_, read)| read).collect();
    let facts = Facts::from_read(read);
    let mut room =
        Room { source, environment, now, members, facts: &facts, running: BTreeMap::new() };
    let mut findings = room.contracts()?;
    let (releases, needs) = room.releases()?;
    findings.extend(releases);
    let order = room.order(&needs, &mut findings);
    let lock = condition::lock(&facts, environment, None, now);
    let condition::Condition { state, sentence, entries, .. } = lock;
    findings.push(Finding { kind: "lock", state, sentence, entries });
    let verdict = findings.iter().map(|finding| finding.state).min().unwrap_or(State::Pass);
    let environment = environment.clone();
    Ok(Together { environment, members: room.members, verdict, findings, order })
}

/// What comes first, and what needs it.
type Need = (Id, Id);

struct Room<'r, S> {
    source: &'r S,
    environment: &'r Id,
    now: Timestamp,
    members: Vec<Member>,
    facts: &'r Facts,
    /// What runs there, of services that were asked for.
    running: BTreeMap<Id, Option<(Sha256, Vec<u64>)>>,
}

impl<S: Sought> Room<'_, S> {
    /// The version of a service that would be there, and the entries that say so.
    fn version(&mut self, service: &Id) -> Result<Option<(Sha256, Vec<u64>)>> {
        if let Some(member) = self.members.iter().find(|member| member.service == *service) {
            return Ok(Some((member.artifact, Vec::new())));
        }
        if let Some(known) = self.running.get(service) {
            return Ok(known.clone());
        }
        let name = joins::line(service.as_str(), self.environment.as_str());
        let found = self.source.find(Kind::Join, &name)?;
        let indexes: Vec<u64> = found.iter().map(|posting| posting.index).collect();
        let facts = Facts::from_read(self.source.entries(&indexes, |entry, _| Read::of(entry))?);
        let lines = Lines::of(&facts);
        let line = lines.until(service.as_str(), self.environment.as_str(), self.now);
        let last = line.iter().rfind(|known| known.succeeded());
        let runs = last.and_then(|known| Some((known.running()?, known.entries().collect())));
        self.running.insert(service.clone(), runs.clone());
        Ok(runs)
    }

    /// Contracts of the members, with each other and with what runs there.
    fn contracts(&mut self) -> Result<Vec<Finding>> {
        let facts = self.facts;
        let rows = facts.contract_verified.all();
        let ours = |id: &Id| self.members.iter().any(|member| member.service == *id);
        let pairs: BTreeSet<(&Id, &Id)> = rows
            .iter()
            .map(|row| (&row.what.consumer.service, &row.what.provider.service))
            .filter(|(consumer, provider)| ours(consumer) || ours(provider))
            .collect();
        let mut findings = Vec::new();
        for (consumer, provider) in pairs {
            let (uses, gives) = (self.version(consumer)?, self.version(provider)?);
            let ours = self.members.iter().any(|member| member.service == *consumer);
            let there = uses.is_some();
            let Some(((uses, mut cited), (gives, more))) = uses.zip(gives) else {
                // a consumer that is not there needs nothing
                if there && ours {
                    findings.push(Finding {
                        kind: "contract",
                        state: State::Indeterminate,
                        sentence: format!(
                            "{consumer} needs {provider}, and nothing says which version of it runs in {}",
                            self.environment
                        ),
                        entries: Vec::new(),
                    });
                }
                continue;
            };
            cited.extend(more);
            let last = rows.iter().rfind(|row| verifies(row, (consumer, uses), (provider, gives)));
            cited.extend(last.map(|row| row.at.index));
            let words = format!("{consumer} {} with {provider} {}", short(uses), short(gives));
            let (state, sentence) = match last {
                Some(row) if row.outcome == CheckOutcome::Passed => {
                    (State::Pass, format!("{words}: the contract passed (entry {})", row.at.index))
                }
                Some(row) => (
                    State::Fail,
                    format!("{words}: the contract {} (entry {})", row.outcome, row.at.index),
                ),
                None => (State::Indeterminate, format!("{words}: nobody verified the contract")),
            };
            findings.push(Finding { kind: "contract", state, sentence, entries: cited });
        }
        Ok(findings)
    }

    /// Releases that have a member in exactly the version that is asked about, and what their
    /// constraints say of what comes first.
    fn releases(&mut self) -> Result<(Vec<Finding>, Vec<Need>)> {
        let facts = self.facts;
        let (mut findings, mut needs) = (Vec::new(), Vec::new());
        for id in facts.release_recorded.ids(Reference::Release) {
            let Some(row) = facts.release_recorded.of(Reference::Release, id.as_str()).next_back()
            else {
                continue;
            };
            let named = |member: &Member| {
                row.members
                    .iter()
                    .any(|m| m.service == member.service && m.artifact == member.artifact)
            };
            if !self.members.iter().any(named) {
                continue;
            }
            findings.push(self.whole(row)?);
            for constraint in row.what.constraints.iter().flatten() {
                needs.push((constraint.requires.clone(), constraint.service.clone()));
                let version = self.version(&constraint.requires)?;
                findings.push(self.kept(row, constraint, version.map(|(artifact, _)| artifact)));
            }
        }
        Ok((findings, needs))
    }

    /// Whether all members of a release would be there, as it names them.
    fn whole(&mut self, row: &Said<ReleaseRecorded>) -> Result<Finding> {
        let entry = row.at.index;
        let mut why = Vec::new();
        if row.state == ReleaseState::Withdrawn {
            why.push("was withdrawn".to_owned());
        }
        for member in row.what.members.iter() {
            match self.version(&member.service)? {
                Some((artifact, _)) if artifact == member.artifact => {}
                Some((artifact, _)) => why.push(format!(
                    "has {} {}, not {}",
                    member.service,
                    short(member.artifact),
                    short(artifact)
                )),
                None => why.push(format!("has {}, which would not be there", member.service)),
            }
        }
        let (state, how) = if why.is_empty() {
            (State::Pass, "is whole".to_owned())
        } else {
            (State::Fail, why.join(", and "))
        };
        let sentence = format!("release {} (entry {entry}) {how}", row.release);
        Ok(Finding { kind: "release", state, sentence, entries: vec![entry] })
    }

    /// Whether what a service needs would be there in the version that it needs.
    fn kept(
        &self,
        row: &Said<ReleaseRecorded>,
        constraint: &crate::schema::change::Constraint,
        artifact: Option<Sha256>,
    ) -> Finding {
        let (service, requires, version) =
            (&constraint.service, &constraint.requires, &constraint.version);
        let words = format!("{service} needs {requires} {version} (entry {})", row.at.index);
        let known = artifact.map(|artifact| self.called(requires, artifact)).unwrap_or_default();
        let (state, how) = if artifact.is_none() {
            (State::Fail, "which would not be there".to_owned())
        } else if known.iter().any(|(name, _)| *name == version) {
            (State::Pass, "which would be there".to_owned())
        } else if let Some((name, _)) = known.first() {
            (State::Fail, format!("and it would be {name}"))
        } else {
            (State::Indeterminate, "and nothing says which version it would be".to_owned())
        };
        let cited = known.iter().map(|(_, entry)| *entry).chain([row.at.index]);
        let entries = cited.collect::<BTreeSet<u64>>().into_iter().collect();
        Finding { kind: "constraint", state, sentence: format!("{words}, {how}"), entries }
    }

    /// What an artifact of a service is called, as its contracts and releases say.
    fn called(&self, service: &Id, artifact: Sha256) -> Vec<(&Id, u64)> {
        let contracts = self.facts.contract_verified.all().iter().filter_map(|row| {
            let provider = &row.what.provider;
            let same = provider.service == *service && provider.artifact == Some(artifact);
            Some((provider.version.as_ref().filter(|_| same)?, row.at.index))
        });
        let releases = self.facts.release_recorded.all().iter().filter_map(|row| {
            let same = |m: &crate::schema::change::ReleaseMember| {
                m.service == *service && m.artifact == artifact
            };
            row.what.members.iter().any(same).then_some((&row.what.version, row.at.index))
        });
        contracts.chain(releases).collect()
    }

    /// The members, each after what it needs; what needs each other goes at once, and that is said.
    fn order(&self, needs: &[Need], findings: &mut Vec<Finding>) -> Vec<Id> {
        let mut left: BTreeSet<Id> =
            self.members.iter().map(|member| member.service.clone()).collect();
        let mut order = Vec::new();
        while !left.is_empty() {
            let free = |id: &&Id| {
                !needs
                    .iter()
                    .any(|(first, then)| then == *id && first != *id && left.contains(first))
            };
            let Some(next) = left.iter().find(free).cloned() else {
                let names: Vec<&str> = left.iter().map(Id::as_str).collect();
                findings.push(Finding {
                    kind: "order",
                    state: State::Indeterminate,
                    sentence: format!("{} need each other: there is no order", names.join(", ")),
                    entries: Vec::new(),
                });
                order.extend(left);
                return order;
            };
            left.remove(&next);
            order.push(next);
        }
        order
    }
}

/// Whether a contract was verified in exactly these versions.
fn verifies(row: &ContractVerified, consumer: (&Id, Sha256), provider: (&Id, Sha256)) -> bool {
    row.consumer.service == *consumer.0
        && row.consumer.artifact == consumer.1
        && row.provider.service == *provider.0
        && row.provider.artifact == Some(provider.1)
}

fn short(artifact: Sha256) -> String {
    let text = artifact.to_reference();
    text.get(..19).map_or_else(String::new, |start| format!("{start}…"))
}

impl Together {
    /// The answer in its stable shape.
    pub fn to_json(&self) -> Value {
        let findings = self.findings.iter().map(|finding| {
            let entries = finding.entries.iter().map(|index| Value::count(*index));
            Value::object([
                ("entries", Value::List(entries.collect())),
                ("kind", Value::text(finding.kind)),
                ("sentence", Value::text(&finding.sentence)),
                ("state", Value::text(finding.state.as_str())),
            ])
        });
        let members = self.members.iter().map(|member| {
            Value::object([
                ("artifact", Value::text(member.artifact.to_reference())),
                ("service", Value::text(member.service.as_str())),
            ])
        });
        Value::object([
            ("environment", Value::text(self.environment.as_str())),
            ("findings", Value::List(findings.collect())),
            ("format", Value::text("ledger/together/v1")),
            ("members", Value::List(members.collect())),
            ("order", Value::List(self.order.iter().map(|id| Value::text(id.as_str())).collect())),
            ("verdict", Value::text(self.verdict.as_str())),
        ])
    }
}
