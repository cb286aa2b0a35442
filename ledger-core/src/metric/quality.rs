//! Quality: what tests and gates saw of what was deployed.

use std::collections::{BTreeMap, BTreeSet};

use super::desk::Desk;
use super::draw::{Draw, Listed};
use super::member::{Adds, Member};
use crate::check::change::gates::{self, Support, support};
use crate::check::scope::since;
use crate::check::{Context, Item, span};
use crate::error::Result;
use crate::fact::Said;
use crate::schema::build::TestCompleted;
use crate::schema::gate::GateEvaluated;
use crate::schema::typed::Id;
use crate::schema::words::{CheckOutcome, Reference};

/// Tests of the first run of each suite, for each artifact that was deployed.
pub(super) fn test_pass_ratio(desk: &Desk<'_>) -> Draw {
    let mut members = Vec::new();
    for (artifact, (first, services)) in desk.deployed() {
        let of = services.iter().map(|service| service.as_str());
        let rows = desk.facts().test_completed.of(Reference::Artifact, &artifact);
        let mut suites: BTreeMap<&str, Vec<&Said<TestCompleted>>> = BTreeMap::new();
        for row in rows {
            suites.entry(row.suite.as_str()).or_default().push(row);
        }
        if suites.is_empty() {
            let none = Adds::Unknown("no test of the artifact is recorded");
            members.push(Member::new(&*artifact, first, none).of(of.clone()));
        }
        for (suite, mut rows) in suites {
            rows.sort_by_key(|row| (row.attempt, row.at.occurred, row.at.index));
            members.push(suite_of(&format!("{artifact}/{suite}"), first, &rows).of(of.clone()));
        }
    }
    members.extend(unnamed(desk));
    Draw::from(members)
}

/// The first run of a suite, with all its shards.
fn suite_of(item: &str, at: crate::time::Timestamp, rows: &[&Said<TestCompleted>]) -> Member {
    let key = |row: &TestCompleted| (row.attempt, row.run.clone());
    let begun = rows.first().map(|row| key(row));
    let (first, later): (Vec<_>, Vec<_>) =
        rows.iter().copied().partition(|row| Some(key(row)) == begun);
    let sum = |count: &dyn Fn(&TestCompleted) -> u64| -> u64 {
        first.iter().map(|row| count(row)).fold(0, u64::saturating_add)
    };
    let passed = sum(&|row| row.counts.passed);
    let run = passed + sum(&|row| row.counts.failed) + sum(&|row| row.counts.errors);
    let red = first.iter().any(|row| row.outcome != CheckOutcome::Passed);
    let green = later.iter().any(|row| row.outcome == CheckOutcome::Passed);
    let adds = if run == 0 {
        Adds::Unknown("no test of the suite ran")
    } else {
        Adds::Share { numerator: passed, denominator: run }
    };
    Member::new(item, at, adds)
        .cites(rows.iter().map(|row| row.at.index))
        .beside("suites with skipped tests", sum(&|row| row.counts.skipped) > 0)
        .beside("suites with flaky tests", sum(&|row| row.counts.flaky) > 0)
        .beside("suites retried to green", red && green)
}

/// Deployments that name no artifact: nothing can be told of their tests.
fn unnamed(desk: &Desk<'_>) -> impl Iterator<Item = Member> {
    let all = desk.each(|went| match went.deployment.artifact() {
        None => went.member(Adds::Unknown("names no artifact")),
        Some(_) => went.member(Adds::one(true)),
    });
    all.into_iter().filter(|member| !member.adds.counts())
}

/// Gates of the period, each once for an artifact and environment, by their first evaluation.
pub(super) fn first_pass_yield(desk: &Desk<'_>) -> Draw {
    let mut firsts: BTreeMap<(String, &str, &str), &Said<GateEvaluated>> = BTreeMap::new();
    let rows = desk.facts().gate_evaluated.all().iter().filter(|row| !row.retrospective.0);
    for row in rows {
        let key = (row.artifact.to_reference(), row.environment.as_str(), row.gate.as_str());
        let first = firsts.entry(key).or_insert(row);
        if (row.at.occurred, row.at.index) < (first.at.occurred, first.at.index) {
            *first = row;
        }
    }
    let deployed = desk.deployed();
    let mut members = Vec::new();
    for ((artifact, environment, gate), row) in firsts {
        if !desk.ground.period.has(row.at.occurred) {
            continue;
        }
        let named = row.subject.get(Reference::Service);
        let services: Vec<&Id> = match named {
            Some(service) => vec![service],
            None => deployed.get(&artifact).into_iter().flat_map(|(_, by)| by).copied().collect(),
        };
        let stands = desk.is_production(&row.environment, &services, row.at.occurred);
        let mut read = Vec::new();
        let adds = match stands {
            Some(false) => Adds::LeftOut("environment is not production"),
            None => Adds::Unknown("no system declares the environment"),
            Some(true) => match support(&desk.context, row, row.artifact) {
                Support::Passed(said) => {
                    read = said;
                    Adds::one(true)
                }
                Support::Failed(_, said) => {
                    read = said;
                    Adds::one(false)
                }
                Support::Unknown(_, said) => {
                    read = said;
                    Adds::Unknown("nothing shows what its verdict stands on")
                }
            },
        };
        let item = format!("{artifact}/{environment}/{gate}");
        members.push(
            Member::new(item, row.at.occurred, adds)
                .of(services.iter().map(|service| service.as_str()))
                .cites([row.at.index])
                .cites(read)
                .beside("first attempts that say they are later ones", row.attempt > 1),
        );
    }
    Draw::from(members)
}

/// Required gates of deployments as T06 has them, and those that a waiver covered.
pub(super) fn waiver_rate(desk: &Desk<'_>) -> Result<Draw> {
    let limits = desk.limits(&gates::TEST)?;
    let census = (gates::TEST.run)(&Context { parameters: &limits, ..desk.context });
    let items: BTreeMap<&str, &Item> =
        census.items.iter().map(|item| (item.id.as_str(), item)).collect();
    let members = desk.each(|went| {
        let Some(item) = items.get(went.deployment.id) else {
            return went
                .member(Adds::LeftOut("T06 is not about it: an emergency, or of another kind"));
        };
        let named =
            |wanted: &'static str| item.values.iter().filter(move |(name, _)| *name == wanted);
        let required = named("required").find_map(|(_, count)| count.parse().ok()).unwrap_or(0);
        let untold = item.exceptions.iter().any(|e| e.code == gates::UNRESOLVED.code);
        let adds = match required {
            0 if went.deployment.artifact().is_none() => Adds::Unknown("names no artifact"),
            0 => Adds::Unknown("nobody said which gates it must pass"),
            _ if untold => {
                Adds::Unknown("it cannot be told whether who waived a gate was allowed to")
            }
            denominator => {
                let waived: BTreeSet<&str> = named("waived").map(|(_, gate)| gate).collect();
                Adds::Share { numerator: waived.len() as u64, denominator }
            }
        };
        went.member(adds).cites(item.entries.iter().copied())
    });
    Ok(Draw { listed: open_waivers(desk), ..Draw::from(members) })
}

/// Waivers that stand at the end, with their age.
fn open_waivers(desk: &Desk<'_>) -> Vec<Listed> {
    let at = desk.until();
    let open = desk
        .facts()
        .gate_waived
        .all()
        .iter()
        .filter(|row| row.valid_from <= at && row.expires_at > at && row.at.occurred <= at);
    let listed = open.map(|row| {
        let age = span(since(row.valid_from, at));
        let sentence = format!(
            "gate {} of {} in {} is waived since {age}, until {}",
            row.gate,
            row.artifact.to_reference(),
            row.environment,
            row.expires_at
        );
        let item = format!("{}/{}/{}", row.artifact.to_reference(), row.environment, row.gate);
        Listed::new(item, sentence, [row.at.index])
    });
    listed.collect()
}
