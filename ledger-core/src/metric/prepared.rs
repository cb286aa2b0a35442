//! Prepared: what was done before something went out: contracts, drills, monitoring, reviews, words.

use std::collections::BTreeSet;

use super::desk::{Desk, Went};
use super::draw::Draw;
use super::member::{Adds, Member};
use crate::check::scope::{minus, plus, since};
use crate::fact::Said;
use crate::fact::deployment::Deployment;
use crate::schema::build::ContractVerified;
use crate::schema::change::{Audience, CommunicationPhase, ReleaseState, VendorDecision};
use crate::schema::deploy::{DrillKind, DrillOutcome};
use crate::schema::gate::{ReadinessDecision, ReadinessReviewed, ReadinessStatus};
use crate::schema::typed::Id;
use crate::schema::words::{Answer, CheckOutcome, Class, Reference};
use crate::time::{DAY, Timestamp};

/// How old the evidence of an item may be when readiness is reviewed.
const FRESH: u64 = 30 * DAY;

/// Deployments whose contracts with other services had been verified for exactly this artifact.
pub(super) fn contracts(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().contract_verified;
    Draw::from(desk.each(|went| {
        let one = &went.deployment;
        let Some(artifact) = one.artifact() else {
            return went.member(Adds::Unknown("names no artifact"));
        };
        // every party of the service that was ever verified with it before is one to be verified
        let rows: Vec<&Said<ContractVerified>> = table
            .of(Reference::Service, one.service.as_str())
            .filter(|row| row.at.occurred < one.at && row.at.index < one.first)
            .collect();
        let consumes = |row: &&&Said<ContractVerified>| row.consumer.service == *one.service;
        let provides = |row: &&&Said<ContractVerified>| row.provider.service == *one.service;
        let others: BTreeSet<(&str, bool)> = rows
            .iter()
            .filter(consumes)
            .map(|row| (row.provider.service.as_str(), true))
            .chain(rows.iter().filter(provides).map(|row| (row.consumer.service.as_str(), false)))
            .collect();
        if others.is_empty() {
            return went.member(Adds::LeftOut("no contract of the service is known"));
        }
        let mut good = 0;
        let mut cited = BTreeSet::new();
        for (other, consumer) in &others {
            let last = rows.iter().rfind(|row| {
                if *consumer {
                    row.consumer.service == *one.service
                        && row.consumer.artifact == artifact
                        && row.provider.service.as_str() == *other
                } else {
                    row.provider.service == *one.service
                        && row.provider.artifact == Some(artifact)
                        && row.consumer.service.as_str() == *other
                }
            });
            cited.extend(last.map(|row| row.at.index));
            good += u64::from(last.is_some_and(|row| row.outcome == CheckOutcome::Passed));
        }
        let denominator = others.len() as u64;
        went.member(Adds::Share { numerator: good, denominator }).cites(cited)
    }))
}

/// Deployments whose way back to what ran before had been practised.
pub(super) fn rollback_drilled(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().drill_performed;
    Draw::from(desk.each(|went| {
        let one = &went.deployment;
        let Some(artifact) = one.artifact() else {
            return went.member(Adds::Unknown("names no artifact"));
        };
        let Some(before) = desk.lines.previous(one).and_then(Deployment::running) else {
            return went.member(Adds::LeftOut("nothing ran before"));
        };
        if before == artifact {
            return went.member(Adds::LeftOut("the same ran before"));
        }
        let (from, to) = (artifact.to_reference(), before.to_reference());
        let standing = one.standing(desk.facts());
        let systems = standing.systems().iter().map(|system| system.system.as_str());
        let drilled = systems.flat_map(|id| table.of(Reference::System, id)).find(|row| {
            row.kind == DrillKind::Rollback
                && row.outcome == DrillOutcome::Passed
                && row.from.as_ref().is_some_and(|id| id.as_str() == from)
                && row.to.as_ref().is_some_and(|id| id.as_str() == to)
                && row.at.occurred < one.at
        });
        went.member(Adds::one(drilled.is_some())).cites(drilled.map(|row| row.at.index))
    }))
}

/// First deployments of services, with monitoring that had been verified.
pub(super) fn monitored(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().monitoring_verified;
    Draw::from(desk.each(|went| {
        let one = &went.deployment;
        if !desk.lines.before(one).is_empty() {
            return went.member(Adds::LeftOut("the service ran there before"));
        }
        let rows = table.of(Reference::Service, one.service.as_str());
        let last = rows.filter(|row| row.at.occurred < one.at).max_by_key(|row| row.at.occurred);
        let good =
            last.is_some_and(|row| row.checks.iter().all(|c| c.outcome == CheckOutcome::Passed));
        went.member(Adds::one(good)).cites(last.map(|row| row.at.index))
    }))
}

/// Services that a change reaches whose owner had acknowledged it.
pub(super) fn acknowledged(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().change_impact_assessed;
    Draw::from(desk.each(|went| {
        let one = &went.deployment;
        if went.class.is_some_and(|(class, _)| class != Class::Normal) {
            return went.member(Adds::LeftOut("change of another class"));
        }
        let rows = one.change().map(|change| table.of(Reference::Change, change.as_str()));
        let last = rows.and_then(|mut rows| rows.rfind(|row| row.at.occurred < one.at));
        let Some(row) = last else {
            return went.member(Adds::Unknown("nobody assessed what the change reaches"));
        };
        let known: BTreeSet<&Id> = row.acks.iter().flatten().map(|ack| &ack.service).collect();
        let services: BTreeSet<&Id> = row.services.iter().collect();
        if services.is_empty() {
            return went.member(Adds::LeftOut("it reaches no service"));
        }
        let numerator = services.iter().filter(|service| known.contains(**service)).count() as u64;
        let adds = Adds::Share { numerator, denominator: services.len() as u64 };
        went.member(adds).cites([row.at.index])
    }))
}

/// Normal deployments of which somebody was told before.
pub(super) fn told_before(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().communication_sent;
    Draw::from(desk.each(|went| {
        let one = &went.deployment;
        if went.class.is_some_and(|(class, _)| class == Class::Standard) {
            return went.member(Adds::LeftOut("standard changes are announced by their template"));
        }
        let rows = one.change().map(|change| table.of(Reference::Change, change.as_str()));
        let told = rows.and_then(|mut rows| {
            rows.find(|row| row.phase == CommunicationPhase::Before && row.sent_at <= one.at)
        });
        went.member(Adds::one(told.is_some())).cites(told.map(|row| row.at.index))
    }))
}

/// Who has to be told of a change of which class: before it begins, or else until a day after it ended.
const AUDIENCES: [(Class, Audience, bool); 4] = [
    (Class::Normal, Audience::Operations, true),
    (Class::Normal, Audience::Support, true),
    (Class::Emergency, Audience::Operations, false),
    (Class::Emergency, Audience::Support, false),
];

/// Audiences that the class of a change asks for, each told in time: a line for each.
pub(super) fn told_by_class(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().communication_sent;
    let mut members = Vec::new();
    for went in desk.production() {
        let one = &went.deployment;
        // what nobody classified needs what a normal change needs
        let class = went.class.map_or(Class::Normal, |(class, _)| class);
        for (_, audience, before) in AUDIENCES.iter().filter(|(of, ..)| *of == class) {
            let last = if *before { one.at } else { plus(one.ended(), DAY) };
            let rows = one.change().map(|change| table.of(Reference::Change, change.as_str()));
            let told = rows.and_then(|mut rows| {
                rows.find(|row| row.audience == *audience && row.sent_at <= last)
            });
            let running = told.is_none() && desk.ground.now < last;
            let adds = if running {
                Adds::LeftOut("there is still time to tell them")
            } else {
                Adds::one(told.is_some())
            };
            let mut member = went.member(adds).on(audience.as_str());
            member.item = format!("{}/{audience}", member.item);
            members.push(member.cites(told.map(|row| row.at.index)));
        }
    }
    Draw::from(members)
}

/// Releases that went out after a review of their readiness that said go, of fresh evidence.
pub(super) fn reviewed(desk: &Desk<'_>) -> Draw {
    let facts = desk.facts();
    let mut members = Vec::new();
    for row in facts.release_recorded.all() {
        if row.state != ReleaseState::Released || !desk.ground.period.has(row.at.occurred) {
            continue;
        }
        let rows = facts.readiness_reviewed.of(Reference::Release, row.release.as_str());
        let last = rows
            .filter(|review| review.at.occurred <= row.at.occurred)
            .max_by_key(|review| (review.at.occurred, review.at.index));
        let good = last.is_some_and(is_ready);
        let services = row.what.members.iter().map(|member| member.service.as_str());
        members.push(
            Member::new(row.release.as_str(), row.at.occurred, Adds::one(good))
                .of(services)
                .cites([row.at.index])
                .cites(last.map(|review| review.at.index)),
        );
    }
    Draw::from(members)
}

/// Whether a review says go, and each item has evidence that was fresh, or does not apply.
fn is_ready(review: &Said<ReadinessReviewed>) -> bool {
    let item = |item: &crate::schema::gate::ReadinessItem| match item.status {
        ReadinessStatus::NotApplicable | ReadinessStatus::Waived => true,
        ReadinessStatus::NotMet => false,
        ReadinessStatus::Met => {
            let fresh = |at: Timestamp| since(at, review.at.occurred) <= FRESH;
            item.evidence.is_some() && item.evidence_at.is_some_and(fresh)
        }
    };
    review.decision != ReadinessDecision::NoGo && review.items.iter().all(item)
}

/// Releases of vendors that were adopted, attested and under a report that was valid.
pub(super) fn vendors(desk: &Desk<'_>) -> Draw {
    let rows = desk.facts().vendor_release_assessed.all().iter();
    let adopted = rows.filter(|row| {
        row.decision == VendorDecision::Adopt && desk.ground.period.has(row.at.occurred)
    });
    let member = |row: &Said<crate::schema::change::VendorReleaseAssessed>| {
        let adds = match (row.attestation_verified, row.report_valid_until) {
            (None, _) => Adds::Unknown("nobody said whether its attestation was verified"),
            (Some(answer), until) => Adds::one(
                answer == Answer::Yes && until.is_some_and(|until| until > row.at.occurred),
            ),
        };
        let item = format!("{}/{}/{}", row.vendor, row.product, row.version);
        Member::new(item, row.at.occurred, adds).cites([row.at.index])
    };
    Draw::from(adopted.map(member).collect::<Vec<_>>())
}

/// Measurements that a release was held against, taken before it and beside a baseline.
pub(super) fn telemetry(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().metric_sampled;
    let mut members = Vec::new();
    for went in desk.production() {
        members.extend(samples(table, went));
    }
    Draw::from(members)
}

fn samples(
    table: &crate::fact::Table<crate::schema::gate::MetricSampled>,
    went: &Went<'_>,
) -> Vec<Member> {
    let one = &went.deployment;
    let of = table.of(Reference::Deployment, one.reference.as_str());
    let early = of.filter(|row| row.at.index < one.first || row.at.occurred <= one.at);
    let member = |row: &Said<crate::schema::gate::MetricSampled>| {
        let begun = row.window.start <= minus(one.at, DAY);
        let good = row.baseline.is_some() && row.window.end <= one.at && begun;
        Member::new(format!("{}/{}", one.id, row.name), row.at.occurred, Adds::one(good))
            .of([one.service.as_str()])
            .cites(one.entries().chain([row.at.index]))
    };
    early.map(member).collect()
}
