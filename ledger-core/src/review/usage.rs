//! Usage: what persons were really seen doing in a system: deployments, approvals, logins.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Desk;
use crate::fact::snapshot::Row;
use crate::schema::approve::ApprovalDecision;
use crate::schema::words::Reference;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// What somebody was seen doing in one system.
#[derive(Clone, Debug, Default)]
struct Deeds {
    deployed: Vec<Timestamp>,
    approved: Vec<Timestamp>,
    used: Option<Timestamp>,
}

/// Real use of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// When the person last deployed in the system.
    pub last_deployed: Option<Timestamp>,
    /// How often in the period.
    pub deployments: u64,
    /// When they last approved there.
    pub last_approved: Option<Timestamp>,
    /// How often in the period.
    pub approvals: u64,
    /// When the account or the entitlement was last used, by the listing or by what was recorded.
    pub last_used: Option<Timestamp>,
    /// Deployments outside the time for which it was granted.
    pub outside: u64,
}

/// All that was seen, by person and system.
pub(super) struct Usages<'c> {
    by: HashMap<(Pseudonym, &'c str), Deeds>,
    /// What it comes to under all names of a person, by system: the same for each of their rows.
    known: HashMap<Box<str>, HashMap<Pseudonym, Sum>>,
}

/// What a person was seen doing in one system, under all their names.
#[derive(Default)]
struct Sum {
    usage: Usage,
    /// When they deployed, ascending.
    deployed: Vec<Timestamp>,
}

impl<'c> Usages<'c> {
    /// What was seen until now.
    pub(super) fn of(desk: &Desk<'c>) -> Self {
        let facts = desk.context.facts;
        let mut by: HashMap<(Pseudonym, &str), Deeds> = HashMap::new();
        let mut changed: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for deployment in facts.deployments() {
            let standing = deployment.standing(facts);
            let systems = standing.systems().iter().map(|system| system.system.as_str());
            if let Some(change) = deployment.change() {
                changed.entry(change.as_str()).or_default().extend(systems.clone());
            }
            let who =
                deployment.started.map(|row| row.at).or(deployment.finished.map(|row| row.at));
            let Some(who) = who.and_then(|at| at.actor) else { continue };
            for system in systems {
                by.entry((who, system)).or_default().deployed.push(deployment.at);
            }
        }
        for row in facts.approval_decided.all() {
            let change = row.subject.get(Reference::Change).and_then(|id| changed.get(id.as_str()));
            let granted = row.decision == ApprovalDecision::Granted;
            let Some(who) = row.approver.pseudonym.filter(|_| granted) else { continue };
            // an approval counts in the systems in which its change was deployed
            for system in change.into_iter().flatten() {
                by.entry((who, *system)).or_default().approved.push(row.at.occurred);
            }
        }
        for row in facts.access_used.all() {
            if let Some(who) = row.principal.pseudonym {
                let deeds = by.entry((who, row.system.as_str())).or_default();
                deeds.used = deeds.used.max(Some(row.last_at));
            }
        }
        Self { by, known: HashMap::new() }
    }

    /// What is known of the use of a row.
    pub(super) fn of_row(&mut self, desk: &Desk<'_>, row: &Row) -> Usage {
        let last_used = row.last_used.max(row.last_login);
        let Some(who) = row.person else { return Usage { last_used, ..Usage::default() } };
        let known = self.known.get(&*row.system).and_then(|known| known.get(&who));
        if let Some(sum) = known {
            return sum.of_row(row);
        }
        let sum = self.sum(desk, who, &row.system);
        let usage = sum.of_row(row);
        self.known.entry(row.system.clone()).or_default().insert(who, sum);
        usage
    }

    fn sum(&self, desk: &Desk<'_>, who: Pseudonym, system: &str) -> Sum {
        let period = desk.context.period;
        let mut sum = Sum::default();
        let usage = &mut sum.usage;
        let names = desk.people.names(who, desk.context.now);
        for deeds in names.iter().filter_map(|name| self.by.get(&(*name, system))) {
            usage.last_deployed = usage.last_deployed.max(deeds.deployed.iter().max().copied());
            usage.last_approved = usage.last_approved.max(deeds.approved.iter().max().copied());
            usage.last_used = usage.last_used.max(deeds.used);
            let within = |times: &[Timestamp]| times.iter().filter(|at| period.has(**at)).count();
            usage.deployments += within(&deeds.deployed) as u64;
            usage.approvals += within(&deeds.approved) as u64;
            sum.deployed.extend(&deeds.deployed);
        }
        sum.deployed.sort_unstable();
        sum
    }
}

impl Sum {
    /// What it says of a row: deployments outside the time for which it was granted are counted.
    fn of_row(&self, row: &Row) -> Usage {
        let until = |end: Timestamp| self.deployed.partition_point(|at| *at < end);
        let before = row.granted_at.map_or(0, until);
        let within = row.expires.map_or(self.deployed.len(), until).saturating_sub(before);
        Usage {
            last_used: self.usage.last_used.max(row.last_used).max(row.last_login),
            outside: (self.deployed.len() - within) as u64,
            ..self.usage.clone()
        }
    }
}

/// Somebody who was seen deploying in a system and has nothing there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// The system.
    pub system: String,
    /// Who; a person, not a pipeline.
    pub who: Pseudonym,
    /// How often.
    pub deployments: u64,
    /// The last time.
    pub last: Timestamp,
    /// The first entries of the deployments, at most 16.
    pub entries: Vec<u64>,
}

/// Persons who deployed in the period until a time, and whom the newest listing of the system until then
/// names with nothing that can be used.
///
/// A pipeline's account is judged by its own items; whoever deployed through one is no stranger.
pub fn strangers(desk: &Desk<'_>, systems: &[&str], until: Timestamp) -> Vec<Stranger> {
    let facts = desk.context.facts;
    let mut found: BTreeMap<(&str, Pseudonym), Stranger> = BTreeMap::new();
    let mut named: HashMap<(&str, Pseudonym), bool> = HashMap::new();
    for deployment in facts.deployments() {
        let Some(at) = deployment.started.map(|row| row.at) else { continue };
        let Some(who) = at.actor.filter(|_| !at.automaton) else { continue };
        if !desk.context.period.has(deployment.at) || deployment.at > until {
            continue;
        }
        for system in deployment.standing(facts).systems() {
            let Some(id) = systems.iter().find(|id| **id == system.system.as_str()) else {
                continue;
            };
            let is_named = named.entry((*id, who)).or_insert_with(|| {
                let names = desk.people.names(who, desk.context.now);
                let newest = desk.observed.newest(id, until);
                newest.is_some_and(|(seen, _)| seen.of_person(&names).next().is_some())
            });
            if *is_named {
                continue;
            }
            let stranger = found.entry((*id, who)).or_insert_with(|| Stranger {
                system: (*id).to_owned(),
                who,
                deployments: 0,
                last: deployment.at,
                entries: Vec::new(),
            });
            stranger.deployments += 1;
            stranger.last = stranger.last.max(deployment.at);
            if stranger.entries.len() < 16 {
                stranger.entries.push(deployment.first);
            }
        }
    }
    found.into_values().collect()
}
