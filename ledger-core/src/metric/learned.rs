//! Learned: what follows from releases: links, promises kept, flags taken out, rules that came of causes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::desk::Desk;
use super::draw::Draw;
use super::member::{Adds, Member};
use crate::check::scope::{minus, plus};
use crate::fact::Said;
use crate::hash::Sha256;
use crate::schema::build::TestLevel;
use crate::schema::change::{DebtChanged, DebtState};
use crate::schema::deploy::{FeatureFlagChanged, FlagAction};
use crate::schema::incident::{ActionChanged, ActionKind, ActionState, IncidentChanged};
use crate::schema::typed::Id;
use crate::schema::words::{CheckOutcome, Reference, Severity};
use crate::time::DAY;

/// How soon somebody says whether a deployment bears on a severe incident.
const LINKED: u64 = 5 * DAY;

/// How long before and after a deployment what users say is counted.
const HEARD: u64 = 7 * DAY;

/// What users said of a service in the week after each deployment, against the week before it.
pub(super) fn feedback(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().feedback_received;
    Draw::from(desk.each(|went| {
        let (begin, end) = (went.deployment.at, went.deployment.ended());
        let (first, last) = (minus(begin, HEARD), plus(end, HEARD));
        if desk.ground.now < last {
            return went.member(Adds::LeftOut("the week after it is not over"));
        }
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for row in table.of(Reference::Service, went.deployment.service.as_str()) {
            let at = row.at.occurred;
            if first <= at && at < begin {
                before.push(row.at.index);
            } else if end <= at && at < last {
                after.push(row.at.index);
            }
        }
        let (numerator, denominator) = (after.len() as u64, before.len() as u64);
        went.member(Adds::Share { numerator, denominator })
            .cites(before.into_iter().chain(after))
            .beside("deployments after which more was said", numerator > denominator)
    }))
}

/// Severe incidents of the period that somebody linked to a deployment, or said to be of none.
pub(super) fn linked(desk: &Desk<'_>) -> Draw {
    let facts = desk.facts();
    let mut members = Vec::new();
    for id in facts.incident_changed.ids(Reference::Incident) {
        let rows = facts.incident_changed.of(Reference::Incident, id.as_str());
        let rows: Vec<&Said<IncidentChanged>> = rows.filter(|row| row.incident == *id).collect();
        let Some(first) = rows.iter().min_by_key(|row| (row.at.occurred, row.at.index)) else {
            continue;
        };
        let severe = rows.iter().any(|row| row.severity <= Severity::Sev2);
        if !severe || !desk.ground.period.has(first.at.occurred) {
            continue;
        }
        let due = plus(first.at.occurred, LINKED);
        let link = facts
            .incident_linked
            .of(Reference::Incident, id.as_str())
            .find(|row| row.at.occurred <= due);
        let adds = if link.is_none() && desk.ground.now < due {
            Adds::LeftOut("the time for it is not over")
        } else {
            Adds::one(link.is_some())
        };
        let services = rows.iter().flat_map(|row| row.what.services.iter().flatten());
        members.push(
            Member::new(id.as_str(), first.at.occurred, adds)
                .of(services.map(Id::as_str))
                .cites([first.at.index])
                .cites(link.map(|row| row.at.index)),
        );
    }
    Draw::from(members)
}

/// Debts that were due in the period and paid in time.
pub(super) fn debts(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().debt_changed;
    let mut members = Vec::new();
    for id in table.ids(Reference::Debt) {
        let mut rows: Vec<&Said<DebtChanged>> = table.of(Reference::Debt, id.as_str()).collect();
        rows.sort_by_key(|row| (row.at.occurred, row.at.index));
        // a date that is put off afterwards changes nothing about the one that was promised
        let Some(first) = rows.first() else { continue };
        if !desk.ground.period.has(first.due) {
            continue;
        }
        let closed = rows.iter().find(|row| row.state == DebtState::Closed);
        let paid = closed.is_some_and(|row| row.at.occurred <= first.due);
        let adds = if !paid && desk.ground.now < first.due {
            Adds::LeftOut("the time for it is not over")
        } else {
            Adds::one(paid)
        };
        let services = rows.iter().filter_map(|row| row.what.service.as_ref()).map(Id::as_str);
        members.push(
            Member::new(id.as_str(), first.due, adds)
                .of(services)
                .cites([first.at.index])
                .cites(closed.map(|row| row.at.index)),
        );
    }
    Draw::from(members)
}

/// Flags in production that somebody still looks after: their review is not overdue.
pub(super) fn flags(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().feature_flag_changed;
    let until = desk.until();
    let mut last: BTreeMap<(&str, &str), &Said<FeatureFlagChanged>> = BTreeMap::new();
    for row in table.all().iter().filter(|row| row.at.occurred < until) {
        if desk.is_production(&row.what.environment, &[], row.at.occurred) != Some(true) {
            continue;
        }
        let key = (row.what.flag.as_str(), row.what.environment.as_str());
        let known = last.entry(key).or_insert(row);
        if (known.at.occurred, known.at.index) <= (row.at.occurred, row.at.index) {
            *known = row;
        }
    }
    let alive = last.into_iter().filter(|(_, row)| row.action != FlagAction::Deleted);
    let member = |((flag, environment), row): ((&str, &str), &Said<FeatureFlagChanged>)| {
        let adds = match row.review_by {
            None => Adds::Unknown("nobody said until when it is looked at again"),
            Some(due) => Adds::one(due >= until),
        };
        Member::new(format!("{flag}/{environment}"), row.at.occurred, adds).cites([row.at.index])
    };
    Draw::from(alive.map(member).collect::<Vec<_>>())
}

/// Actions that were to change a gate or a test and did, or were declined with a reason.
pub(super) fn rules_changed(desk: &Desk<'_>) -> Draw {
    let facts = desk.facts();
    let rules: BTreeSet<Sha256> = facts.policy_changed.all().iter().map(|row| row.after).collect();
    let mut members = Vec::new();
    for id in facts.action_changed.ids(Reference::Action) {
        let rows = facts.action_changed.of(Reference::Action, id.as_str());
        let mut rows: Vec<&Said<ActionChanged>> = rows.filter(|row| row.action == *id).collect();
        rows.sort_by_key(|row| (row.at.occurred, row.at.index));
        let Some((first, last)) = rows.first().zip(rows.last()) else { continue };
        let counts = matches!(first.kind, ActionKind::Gate | ActionKind::Test);
        if !counts || !desk.ground.period.has(first.due) {
            continue;
        }
        let adds = match last.state {
            ActionState::Open if desk.ground.now < first.due => {
                Adds::LeftOut("the time for it is not over")
            }
            ActionState::Open => Adds::one(false),
            ActionState::Declined => Adds::one(last.reason.is_some()),
            ActionState::Done if first.kind == ActionKind::Test => Adds::one(true),
            ActionState::Done => {
                Adds::one(last.policy_digest.is_some_and(|digest| rules.contains(&digest)))
            }
        };
        members.push(
            Member::new(id.as_str(), first.due, adds)
                .cites([first.at.index, last.at.index])
                .beside("declined", last.state == ActionState::Declined),
        );
    }
    Draw::from(members)
}

/// Conflicts of metrics that were settled by a rule in force at that entry.
pub(super) fn conflicts(desk: &Desk<'_>) -> Draw {
    let facts = desk.facts();
    let mut members = Vec::new();
    for row in facts.gate_evaluated.all() {
        if !desk.ground.period.has(row.at.occurred) {
            continue;
        }
        for (number, conflict) in row.what.conflicts.iter().flatten().enumerate() {
            let mut rules = facts.policy_changed.of(Reference::Policy, conflict.rule.as_str());
            let rule = rules.find(|rule| {
                rule.effective_from <= row.at.occurred && rule.at.index < row.at.index
            });
            let decider = conflict.decided_by.pseudonym;
            // a rule that somebody recorded, or a named person who is not the one that evaluates
            let person = decider.is_some() && decider != row.at.actor;
            members.push(
                Member::new(
                    format!("{}/{}/{number}", row.gate, row.at.index),
                    row.at.occurred,
                    Adds::one(rule.is_some() || person),
                )
                .cites([row.at.index])
                .cites(rule.map(|rule| rule.at.index))
                .beside("settled by a person", rule.is_none() && person),
            );
        }
    }
    Draw::from(members)
}

/// Deployed artifacts with a passed test of each level: the matrix of levels.
pub(super) fn levels(desk: &Desk<'_>) -> Draw {
    let facts = desk.facts();
    let all = [
        TestLevel::Unit,
        TestLevel::Integration,
        TestLevel::Contract,
        TestLevel::E2e,
        TestLevel::Performance,
        TestLevel::Security,
        TestLevel::Acceptance,
    ];
    let mut went: HashMap<String, Vec<u64>> = HashMap::new();
    for one in desk.production().map(|went| &went.deployment) {
        if let Some(artifact) = one.artifact() {
            went.entry(artifact.to_reference()).or_default().extend(one.entries());
        }
    }
    let mut members = Vec::new();
    for (artifact, (at, services)) in desk.deployed() {
        let own = went.get(&artifact).map_or(&[][..], Vec::as_slice);
        let rows: Vec<_> = facts
            .test_completed
            .of(Reference::Artifact, &artifact)
            .filter(|row| row.at.occurred < at)
            .collect();
        for level in all {
            let passed = rows
                .iter()
                .rfind(|row| row.level == level)
                .filter(|row| row.outcome == CheckOutcome::Passed);
            members.push(
                Member::new(artifact.as_str(), at, Adds::one(passed.is_some()))
                    .of(services.iter().map(|service| service.as_str()))
                    .on(level.as_str())
                    .cites(own.iter().copied())
                    .cites(passed.map(|row| row.at.index)),
            );
        }
    }
    Draw::from(members)
}

/// Comparisons of environments with production that found no more differences than are allowed.
pub(super) fn parity(desk: &Desk<'_>) -> Draw {
    let rows = desk.facts().environment_compared.all().iter();
    let own = rows.filter(|row| desk.ground.period.has(row.at.occurred));
    let member = |row: &Said<crate::schema::build::EnvironmentCompared>| {
        let good = row.outcome == CheckOutcome::Passed && row.differences <= row.allowed;
        Member::new(
            format!("{}/{}", row.what.environment, row.at.index),
            row.at.occurred,
            Adds::one(good),
        )
        .on(row.with.as_str())
        .cites([row.at.index])
    };
    Draw::from(own.map(member).collect::<Vec<_>>())
}

/// Attestations of test data that found none of production, or only masked.
pub(super) fn test_data(desk: &Desk<'_>) -> Draw {
    let rows = desk.facts().test_data_attested.all().iter();
    let own = rows.filter(|row| desk.ground.period.has(row.at.occurred));
    let member = |row: &Said<crate::schema::build::TestDataAttested>| {
        let good = row.production_data != crate::schema::build::ProductionData::Present;
        Member::new(
            format!("{}/{}", row.what.environment, row.at.index),
            row.at.occurred,
            Adds::one(good),
        )
        .cites([row.at.index])
    };
    Draw::from(own.map(member).collect::<Vec<_>>())
}
