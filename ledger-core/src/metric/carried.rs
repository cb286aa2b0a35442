//! Carried: how releases went while they went: one at a time, whole, in order, watched.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::desk::Desk;
use super::draw::Draw;
use super::member::{Adds, Member};
use crate::check::scope::plus;
use crate::fact::deployment::Deployment;
use crate::fact::scope::Standing;
use crate::schema::change::{MilestoneState, ReleaseState, TrainAction};
use crate::schema::deploy::{CanaryVerdict, DeploymentOutcome};
use crate::schema::typed::Id;
use crate::schema::words::{CheckOutcome, Reference};
use crate::time::{DAY, Timestamp};

const MINUTE: u64 = 60 * 1_000_000;
/// How soon smoke tests must have passed after the end of a deployment.
const SMOKE: u64 = 30 * MINUTE;
/// How soon a canary that breached is put back.
const BACK: u64 = 60 * MINUTE;

/// Succeeded deployments after which smoke tests passed in time.
pub(super) fn smoke_tested(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().smoke_test_completed;
    Draw::from(desk.each(|went| {
        let one = &went.deployment;
        if !one.succeeded() {
            return went.member(Adds::LeftOut("it did not succeed"));
        }
        let due = plus(one.ended(), SMOKE);
        let passed = table.of(Reference::Deployment, one.reference.as_str()).find(|row| {
            row.outcome == CheckOutcome::Passed && (one.at..=due).contains(&row.at.occurred)
        });
        if passed.is_none() && desk.ground.now < due {
            return went.member(Adds::LeftOut("the time for it is not over"));
        }
        went.member(Adds::one(passed.is_some())).cites(passed.map(|row| row.at.index))
    }))
}

/// Succeeded deployments whose first day was watched, and the watch closed in time.
pub(super) fn watched(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().watch_closed;
    Draw::from(desk.each(|went| {
        let one = &went.deployment;
        if !one.succeeded() {
            return went.member(Adds::LeftOut("it did not succeed"));
        }
        // a watch of a day cannot be closed before the day is over: it is given as long again
        let due = plus(one.ended(), 2 * DAY);
        let closed = table
            .of(Reference::Deployment, one.reference.as_str())
            .find(|row| row.at.occurred <= due && row.window.end >= plus(one.ended(), DAY));
        if closed.is_none() && desk.ground.now < due {
            return went.member(Adds::LeftOut("the time for it is not over"));
        }
        let breached = closed.is_some_and(|row| row.breaches > 0);
        went.member(Adds::one(closed.is_some()))
            .cites(closed.map(|row| row.at.index))
            .beside("closed with breaches", breached)
    }))
}

/// Deployments during which no other went to the same environment of the same system.
pub(super) fn one_at_a_time(desk: &Desk<'_>) -> Draw {
    let all: Vec<&Deployment<'_>> = desk.production().map(|went| &went.deployment).collect();
    let met = met(desk, &all);
    let places: HashMap<u64, usize> =
        all.iter().enumerate().map(|(number, one)| (one.first, number)).collect();
    Draw::from(desk.each(|went| {
        let other = places.get(&went.deployment.first).and_then(|number| met.get(number));
        let other = other.and_then(|number| all.get(*number));
        went.member(Adds::one(other.is_none())).cites(other.iter().flat_map(|one| one.entries()))
    }))
}

/// From when until when, and which deployment it was.
type Spent = (Timestamp, Timestamp, usize);

/// Of each deployment another one that it met, if it met any.
fn met(desk: &Desk<'_>, all: &[&Deployment<'_>]) -> HashMap<usize, usize> {
    let mut spans: HashMap<(Option<&str>, &str), Vec<Spent>> = HashMap::new();
    let standings: Vec<Standing<'_>> = all.iter().map(|one| one.standing(desk.facts())).collect();
    for (number, (one, standing)) in all.iter().zip(&standings).enumerate() {
        let system = standing.systems().first().map(|system| system.system.as_str());
        let place = (system, one.environment.as_str());
        spans.entry(place).or_default().push((one.at, one.ended(), number));
    }
    let mut met: HashMap<usize, usize> = HashMap::new();
    for spans in spans.values_mut() {
        spans.sort_unstable();
        // the one that ends last of those that began before
        let mut longest: Option<(Timestamp, usize)> = None;
        for (start, end, number) in spans.iter().copied() {
            longest = match longest.filter(|(until, _)| *until > start) {
                Some((until, other)) => {
                    met.insert(number, other);
                    met.entry(other).or_insert(number);
                    Some((until, other).max((end, number)))
                }
                None => Some((end, number)),
            };
        }
    }
    met
}

/// Test runs in several parts of which all parts are there.
pub(super) fn shards(desk: &Desk<'_>) -> Draw {
    /// Which parts there are, of how many, since when, and the entries.
    type Parts = (BTreeSet<u64>, u64, Timestamp, BTreeSet<u64>);
    let mut groups: BTreeMap<(&str, &str, u64), Parts> = BTreeMap::new();
    for row in desk.facts().test_completed.all() {
        let Some(shard) = &row.what.shard else { continue };
        if !desk.ground.period.has(row.at.occurred) {
            continue;
        }
        let key = (shard.group.as_str(), row.what.suite.as_str(), row.attempt);
        let parts = groups
            .entry(key)
            .or_insert_with(|| (BTreeSet::new(), 0, row.at.occurred, BTreeSet::new()));
        parts.0.insert(shard.index);
        parts.1 = parts.1.max(shard.of);
        parts.3.insert(row.at.index);
    }
    let member =
        |((group, suite, attempt), (seen, of, at, entries)): ((&str, &str, u64), Parts)| {
            let item = format!("{group}/{suite}/{attempt}");
            Member::new(item, at, Adds::one(seen.len() as u64 >= of && of > 0)).cites(entries)
        };
    Draw::from(groups.into_iter().map(member).collect::<Vec<_>>())
}

/// Canaries that went over a threshold and were put back or stopped in time.
pub(super) fn canaries(desk: &Desk<'_>) -> Draw {
    let facts = desk.facts();
    let mut members = Vec::new();
    for went in desk.production() {
        let one = &went.deployment;
        let rows = facts.canary_evaluated.of(Reference::Deployment, one.reference.as_str());
        let breach = rows.filter(|row| row.at.index >= one.first).find(|row| {
            row.verdict == CanaryVerdict::Abort || row.metrics.iter().any(|metric| metric.breached)
        });
        let Some(breach) = breach else { continue };
        let due = plus(breach.at.occurred, BACK);
        let back = facts.rollback_executed.all().iter().find(|row| {
            row.reverts == *one.reference
                && row.outcome == DeploymentOutcome::Succeeded
                && (breach.at.occurred..=due).contains(&row.at.occurred)
        });
        let stopped = one.finished.filter(|row| {
            row.outcome != DeploymentOutcome::Succeeded
                && (breach.at.occurred..=due).contains(&row.at.occurred)
        });
        let adds = if back.is_none() && stopped.is_none() && desk.ground.now < due {
            Adds::LeftOut("the time for it is not over")
        } else {
            Adds::one(back.is_some() || stopped.is_some())
        };
        members
            .push(went.member(adds).cites([breach.at.index]).cites(back.map(|row| row.at.index)));
    }
    Draw::from(members)
}

/// Members of releases that were deployed as they were composed, and after what they need.
pub(super) fn composed(desk: &Desk<'_>) -> Draw {
    let facts = desk.facts();
    let mut members = Vec::new();
    let mut ran: HashMap<(&str, String), Vec<(Timestamp, u64)>> = HashMap::new();
    for one in facts.deployments().filter(Deployment::succeeded) {
        let production = matches!(one.standing(facts), Standing::Production(_));
        if let (true, Some(artifact)) = (production, one.artifact()) {
            let key = (one.service.as_str(), artifact.to_reference());
            ran.entry(key).or_default().push((one.ended(), one.first));
        }
    }
    for row in facts.release_recorded.all() {
        if row.state != ReleaseState::Released || !desk.ground.period.has(row.at.occurred) {
            continue;
        }
        let went = |service: &Id| {
            let member = row.what.members.iter().find(|member| member.service == *service)?;
            let key = (service.as_str(), member.artifact.to_reference());
            ran.get(&key)?.iter().filter(|(at, _)| *at <= desk.ground.now).min().copied()
        };
        for member in row.what.members.iter() {
            let own = went(&member.service);
            let needs = row.what.constraints.iter().flatten();
            let needs = needs.filter(|needed| needed.service == member.service);
            let in_order = needs.map(|needed| went(&needed.requires)).all(|needed| {
                // what is not part of the release ran before it, or not: that is for the gate
                needed.is_none_or(|needed| own.is_some_and(|own| needed.0 <= own.0))
            });
            let item = format!("{}/{}", row.release, member.service);
            members.push(
                Member::new(item, row.at.occurred, Adds::one(own.is_some() && in_order))
                    .of([member.service.as_str()])
                    .cites([row.at.index])
                    .cites(own.map(|(_, entry)| entry))
                    .beside("out of order", own.is_some() && !in_order),
            );
        }
    }
    Draw::from(members)
}

/// Milestones of release trains that were reached.
pub(super) fn milestones(desk: &Desk<'_>) -> Draw {
    let mut last: BTreeMap<(&str, &str), _> = BTreeMap::new();
    let mut late: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for row in desk.facts().release_train_changed.all() {
        if !desk.ground.period.has(row.at.occurred) {
            continue;
        }
        if row.action == TrainAction::LateAdd {
            late.entry(row.what.train.as_str()).or_default().push(row.at.index);
        }
        let milestone = row.what.milestone.as_ref();
        let stated = milestone.zip(row.milestone_state);
        if let Some((milestone, state)) = stated.filter(|_| row.action == TrainAction::Milestone) {
            last.insert((row.what.train.as_str(), milestone.as_str()), (state, row));
        }
    }
    let mut members = Vec::new();
    for ((train, milestone), (state, row)) in last {
        let adds = match state {
            MilestoneState::Planned => Adds::LeftOut("it is still planned"),
            MilestoneState::Reached => Adds::one(true),
            MilestoneState::Missed => Adds::one(false),
        };
        let added = late.get(train).map_or(&[][..], Vec::as_slice);
        members.push(
            Member::new(format!("{train}/{milestone}"), row.at.occurred, adds)
                .cites([row.at.index])
                .cites(added.iter().copied())
                .beside("releases came on late", !added.is_empty()),
        );
    }
    Draw::from(members)
}
