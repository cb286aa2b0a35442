//! T10 no-shadow-change: what is seen running is what was deployed, and it is looked at often enough.
//!
//! Items are the observations of an environment, the drifts that were found, and, for each environment
//! of a system, how often it was observed.

mod cadence;
mod drift;
mod expected;
mod seen;
mod workload;

pub(crate) use seen::{Explained, Seen, seen};

use std::collections::BTreeSet;

use self::expected::Expected;
use super::{UNDECLARED, UNREAD};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, entries,
};
use crate::fact::Said;
use crate::hash::Sha256;
use crate::schema::deploy::RuntimeObserved;
use crate::schema::scope::{EnvironmentClass, SystemRegistered};
use crate::schema::words::Reference;

const SNAPSHOT_EVERY: Parameter = Parameter::new(
    "snapshot_every",
    || Value::days(1),
    Direction::Smaller,
    "an environment is observed at least this often",
);

const ARTIFACT: Kind = Kind::fails(
    "unexplained-artifact",
    Severity::Critical,
    "something runs that no deployment put there",
);
const CONFIG: Kind = Kind::fails(
    "unexplained-drift",
    Severity::High,
    "a configuration holds that no deployment and no change put there",
);
const GAP: Kind = Kind::undecided(
    "snapshot-gap",
    Severity::Medium,
    "an environment was not observed often enough",
);
const UNLISTED: Kind = Kind::undecided(
    "workloads-unknown",
    Severity::Medium,
    "the list of what runs is not there, cannot be read or is not complete",
);
const UNPROVEN: Kind = Kind::undecided(
    "deployment-unproven",
    Severity::Medium,
    "the deployment that put it there names no artifact, or was never seen to end",
);

/// T10.
pub const TEST: Test = Test {
    id: "T10",
    name: "no-shadow-change",
    version: "1",
    population: "observations of production, drifts, and environments that are to be observed",
    rule: "Every artifact and configuration that was seen running is what the last successful deployment \
           or change put there, or one that was just running; and each environment is observed in time.",
    parameters: &[SNAPSHOT_EVERY],
    kinds: &[ARTIFACT, CONFIG, GAP, UNLISTED, UNPROVEN, UNREAD, UNDECLARED],
    run,
};

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let expected = Expected::of(context);
    let mut seen = BTreeSet::new();
    for row in context.facts.runtime_observed.all() {
        if !context.period.has(row.taken_at) {
            continue;
        }
        let system = row.subject.get(Reference::System).map(|id| format!("{id}/"));
        let region = row.region.as_ref().map(|id| format!("{id}/")).unwrap_or_default();
        let system = system.unwrap_or_default();
        let name = format!("{system}{}/{region}{}", row.environment, row.taken_at);
        let id = if seen.insert(name.clone()) { name } else { format!("{name}@{}", row.at.index) };
        let mut item = Item::new(id, row.taken_at);
        item.cite([row.at.index]);
        let Some(systems) = stands(context, row, &mut item, &mut census) else { continue };
        observed(context, &expected, row, &systems, &mut item);
        census.items.push(item);
    }
    drift::judge(context, &mut census);
    cadence::judge(context, &mut census);
    census
}

/// How a sentence begins that speaks of an observation.
fn words(row: &RuntimeObserved) -> String {
    let region = row.region.as_ref().map(|id| format!(" in {id}")).unwrap_or_default();
    format!("environment {}{region} was observed at {}", row.environment, row.taken_at)
}

/// The systems whose production it is; none if it is left out.
fn stands<'c>(
    context: &Context<'c>,
    row: &Said<RuntimeObserved>,
    item: &mut Item,
    census: &mut Census,
) -> Option<Vec<&'c Said<SystemRegistered>>> {
    let class = |known: &SystemRegistered| {
        known.environments.iter().find(|place| place.name == row.environment).map(|p| p.class)
    };
    let all = match row.subject.get(Reference::System) {
        Some(id) => context.facts.system(id.as_str(), row.taken_at).into_iter().collect(),
        None => context.facts.systems(row.taken_at),
    };
    let with: Vec<_> = all.into_iter().filter(|known| class(known).is_some()).collect();
    if with.is_empty() {
        let sentence = format!("{}, and no registered system has this environment", words(row));
        item.raise(&UNDECLARED, sentence, [row.at.index]);
        return Some(with);
    }
    let production =
        |known: &&Said<SystemRegistered>| class(known) == Some(EnvironmentClass::Production);
    let with: Vec<_> = with.into_iter().filter(production).collect();
    if with.is_empty() {
        census.exclude("environment is not production");
        return None;
    }
    let under: Vec<_> = with.into_iter().filter(|known| known.is_under(context.regime)).collect();
    let Some(first) = under.first() else {
        census.exclude("no system under this regime");
        return None;
    };
    item.system = Some(first.system.to_string());
    item.cite(under.iter().map(|known| known.at.index));
    Some(under)
}

/// Whether all that runs is what was put there.
fn observed(
    context: &Context<'_>,
    expected: &Expected<'_>,
    row: &Said<RuntimeObserved>,
    systems: &[&Said<SystemRegistered>],
    item: &mut Item,
) {
    let words = words(row);
    let entry = row.at.index;
    let bytes = context.attachments.read(&row.workloads.attachment);
    let workloads = match bytes.as_deref().map(|bytes| workload::read(bytes, row.workloads.count)) {
        Some(Some(workloads)) => workloads,
        read => {
            let why = if read.is_none() { "is not there" } else { "cannot be read" };
            let sentence = format!("{words}; the list of what ran (entry {entry}) {why}");
            return item.raise(&UNLISTED, sentence, [entry]);
        }
    };
    item.read("workloads", workloads.len());
    if !row.complete {
        let sentence = format!("{words}; the list of what ran (entry {entry}) is not complete");
        item.raise(&UNLISTED, sentence, [entry]);
    }
    for workload in &workloads {
        let service = workload.service.as_str();
        let found = expected.of_service(context, service, row);
        item.cite(found.artifacts.iter().map(|(_, entry)| *entry));
        let is = |(digest, _): &&(Sha256, u64)| *digest == workload.artifact;
        let what = || format!("{words}; {service} ran {}", workload.artifact.to_reference());
        if found.explains(workload.artifact).is_some() {
            // as it should be
        } else if let Some((_, begun)) = found.begun.iter().find(is) {
            let sentence =
                format!("{}; the end of its deployment (entry {begun}) is not known", what());
            item.raise(&UNPROVEN, sentence, [entry, *begun]);
        } else {
            unexplained(context, service, &what(), &found, entry, item);
        }
        let Some(config) = workload.config else { continue };
        let accepted =
            systems.iter().any(|system| drift::accepted(context, system, config, row.taken_at));
        if let Some((_, by)) = found.configs.iter().find(|(digest, _)| *digest == config) {
            item.cite([*by]);
        } else if !accepted {
            let known: Vec<u64> = found.configs.iter().map(|(_, entry)| *entry).collect();
            let why = if known.is_empty() {
                "nothing says that anybody put one there".to_owned()
            } else {
                format!("another was put there ({})", entries(&known))
            };
            let sentence = format!(
                "{words}; {service} ran with configuration {}, and {why}",
                config.to_reference()
            );
            item.raise(&CONFIG, sentence, [entry].into_iter().chain(known));
        }
    }
}

/// Something ran that nothing explains.
fn unexplained(
    context: &Context<'_>,
    service: &str,
    what: &str,
    found: &expected::Found,
    entry: u64,
    item: &mut Item,
) {
    let unread: Vec<u64> =
        context.unread(Reference::Service, service).map(|row| row.at.index).collect();
    if !unread.is_empty() {
        let sentence = format!("{what}, and {} about it cannot be read", entries(&unread));
        item.raise(&UNREAD, sentence, unread.into_iter().chain([entry]));
    } else if let Some(unnamed) = found.unnamed {
        let sentence = format!("{what}; its last deployment (entry {unnamed}) names no artifact");
        item.raise(&UNPROVEN, sentence, [entry, unnamed]);
    } else {
        let known: Vec<u64> = found.artifacts.iter().map(|(_, entry)| *entry).collect();
        let why = match found.artifacts.first() {
            Some((digest, by)) => {
                format!("what was put there is {} (entry {by})", digest.to_reference())
            }
            None => "nothing had put it there".to_owned(),
        };
        item.raise(&ARTIFACT, format!("{what}; {why}"), known.into_iter().chain([entry]));
    }
}
