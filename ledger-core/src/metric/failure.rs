//! Failure: what went wrong after a deployment, and how soon it was right again.

use super::desk::{Desk, Went};
use super::draw::{Draw, Listed};
use super::member::{Adds, Member};
use super::repair::{Incident, Repair, fixes, repair, rollbacks};
use crate::check::scope::{plus, since};
use crate::check::span;
use crate::schema::deploy::DeploymentOutcome;
use crate::schema::words::{Class, Reference};

/// Finished deployments, and those that needed intervention.
pub(super) fn change_fail_rate(desk: &Desk<'_>) -> Draw {
    Draw::from(desk.each(|went| judged(desk, went, true)))
}

/// Finished deployments by class, and those that needed none.
pub(super) fn success_by_class(desk: &Desk<'_>) -> Draw {
    let one = |went: &Went<'_>| {
        let class = went.class.map_or("unclassified", |(class, _)| class.as_str());
        judged(desk, went, false).on(class).cites(went.class.map(|(_, entry)| entry))
    };
    Draw { interval: true, ..Draw::from(desk.each(one)) }
}

/// One to the numerator if its need of intervention is as wanted.
fn judged(desk: &Desk<'_>, went: &Went<'_>, wanted: bool) -> Member {
    let one = &went.deployment;
    if one.finished.is_none() {
        return went.member(Adds::Unknown("no end is recorded"));
    }
    let repair = repair(desk, one);
    let needed = !repair.needed.is_empty();
    let closes = plus(one.ended(), desk.definitions().caused_by_window);
    went.member(Adds::one(needed == wanted))
        .cites(repair.needed)
        .beside("did not succeed", !one.succeeded())
        .beside("incidents may still be laid to it", closes > desk.ground.now)
}

/// Deployments that needed intervention: from their end to the first repair.
pub(super) fn recovery_time(desk: &Desk<'_>) -> Draw {
    let mut listed = Vec::new();
    let members = desk.each(|went| {
        let one = &went.deployment;
        if one.finished.is_none() {
            return went.member(Adds::Unknown("no end is recorded"));
        }
        let repair = repair(desk, one);
        if repair.needed.is_empty() {
            return went.member(Adds::LeftOut("needed no intervention"));
        }
        let Repair { done, .. } = repair;
        let until = desk.until().max(one.ended());
        let (took, is_done) = repair.took(one.ended(), until);
        if !is_done {
            let sentence = format!("{} and is not put right; counted up to {until}", one.words());
            listed.push(Listed::new(
                one.id,
                sentence,
                one.entries().chain(repair.needed.iter().copied()),
            ));
        }
        went.member(Adds::Measured(took))
            .cites(repair.needed)
            .cites(done.map(|(_, entry)| entry))
            .beside("not put right yet", !is_done)
    });
    Draw { listed, ..Draw::from(members) }
}

/// Incidents of the period, whatever their cause: from detection to resolution.
pub(super) fn all_incidents(desk: &Desk<'_>) -> Draw {
    let mut draw = Draw::default();
    let table = &desk.facts().incident_changed;
    for id in table.ids(Reference::Incident) {
        let Some(incident) = Incident::of(desk, id.as_str()) else { continue };
        if !desk.ground.period.has(incident.detected) {
            continue;
        }
        let unread = desk.facts().unread.of(Reference::Incident, incident.id);
        let unread: Vec<u64> = unread.map(|row| row.at.index).collect();
        let until = desk.until().max(incident.detected);
        let adds = if unread.is_empty() {
            let end = incident.resolved.map_or(until, |(at, _)| at);
            Adds::Measured(since(incident.detected, end))
        } else {
            Adds::Unknown("entries about it cannot be read")
        };
        if incident.resolved.is_none() {
            let open = span(since(incident.detected, until));
            let sentence = format!(
                "incident {} was detected at {} and is not resolved; counted for {open}, up to {until}",
                incident.id, incident.detected
            );
            draw.listed.push(Listed::new(incident.id, sentence, incident.entries.clone()));
        }
        let member = Member::new(incident.id, incident.detected, adds)
            .of(incident.services.iter().copied())
            .cites(incident.entries)
            .cites(unread)
            .beside("not resolved yet", incident.resolved.is_none())
            .beside("names no service", incident.services.is_empty());
        draw.members.push(member);
    }
    draw
}

/// Deployments, and those that were not planned and answer an incident.
pub(super) fn rework_rate(desk: &Desk<'_>) -> Draw {
    Draw::from(desk.each(|went| {
        let links: Vec<u64> = fixes(desk, &went.deployment).map(|row| row.at.index).collect();
        let class = went.class.map(|(class, _)| class);
        let adds = if class.is_none() && links.is_empty() {
            Adds::Unknown("nothing says its class")
        } else {
            Adds::one(class == Some(Class::Emergency) || !links.is_empty())
        };
        went.member(adds).cites(links).cites(went.class.map(|(_, entry)| entry))
    }))
}

/// Succeeded deployments, and those that a rollback reverted.
pub(super) fn rollback_rate(desk: &Desk<'_>) -> Draw {
    Draw::from(desk.each(|went| {
        let one = &went.deployment;
        let rows: Vec<_> = rollbacks(desk, one)
            .filter(|row| row.outcome == DeploymentOutcome::Succeeded)
            .collect();
        let reverted = !rows.is_empty();
        let adds = match one.outcome() {
            None => Adds::Unknown("no end is recorded"),
            Some(DeploymentOutcome::Succeeded) => Adds::one(reverted),
            Some(_) if reverted => Adds::LeftOut("rolled back without having succeeded"),
            Some(_) => Adds::LeftOut("did not succeed"),
        };
        let counts = reverted && adds.counts();
        let automatic = rows.iter().any(|row| row.automatic);
        went.member(adds)
            .cites(rows.iter().map(|row| row.at.index))
            .beside("automatic", counts && automatic)
            .beside("manual", counts && !automatic)
    }))
}
