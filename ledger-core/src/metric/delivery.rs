//! Delivery: how often, and how soon after a commit, something reaches production.

use std::collections::{BTreeMap, BTreeSet};

use super::arithmetic::median;
use super::commit::{Brought, brought};
use super::desk::Desk;
use super::draw::Draw;
use super::member::{Adds, Member};
use crate::check::Period;
use crate::check::change::counted;
use crate::schema::change::ChangeState;
use crate::schema::incident::IncidentRelation;
use crate::schema::typed::Id;
use crate::schema::words::Reference;
use crate::time::{DAY, Timestamp};
use crate::zone::Zone;

/// Succeeded deployments, and days on which the service was registered: a day on the wall counts when the
/// service stands registered at its end.
pub(super) fn frequency(desk: &Desk<'_>) -> Draw {
    let mut members = desk.each(|went| {
        let one = &went.deployment;
        let adds = match one.finished {
            None => Adds::Unknown("no end is recorded"),
            Some(_) if one.succeeded() => Adds::Share { numerator: 1, denominator: 0 },
            Some(_) => Adds::LeftOut("did not succeed"),
        };
        went.member(adds).beside("finished", one.finished.is_some())
    });
    let mut services = BTreeSet::new();
    let mut words = BTreeMap::new();
    let (period, zone) = (desk.ground.period, &desk.ground.calendar.zone);
    for number in numbers(period, zone) {
        let (begins, ends) = (zone.begins(number), zone.begins(number + 1));
        let (Some(begins), Some(ends)) = (begins, ends) else { continue };
        let (start, end) = (begins.max(period.from), ends.min(period.to));
        let last = Timestamp::from_micros(end.micros() - 1).unwrap_or(start);
        let systems = desk.facts().systems(last);
        let mut active = BTreeSet::new();
        for system in &systems {
            match &system.services {
                Some(listed) => active.extend(listed.iter().map(ToString::to_string)),
                None => drop(active.insert(system.system.to_string())),
            }
        }
        if !active.is_empty() {
            let name = number.checked_mul(DAY).and_then(Timestamp::from_micros);
            let day = Member::new(
                name.unwrap_or(start).to_string().get(..10).unwrap_or_default(),
                start,
                Adds::Share { numerator: 0, denominator: 1 },
            );
            members
                .push(day.of(active.iter().cloned()).cites(systems.iter().map(|row| row.at.index)));
        }
        services.append(&mut active);
    }
    let all = [None].into_iter().chain(services.iter().cloned().map(Some));
    for service in all {
        let word = pace(period, zone, &days(&members, service.as_deref()));
        words.insert(service, word);
    }
    Draw { members, services, words, ..Draw::default() }
}

/// The moments of the deployments that count for a service, or for all.
fn days(members: &[Member], service: Option<&str>) -> Vec<Timestamp> {
    let of =
        |member: &&Member| service.is_none_or(|name| member.services.iter().any(|own| own == name));
    let went =
        |member: &&Member| matches!(member.adds, Adds::Share { numerator, .. } if numerator > 0);
    members.iter().filter(of).filter(went).map(|member| member.at).collect()
}

/// The numbers of the days of a period, on the wall.
fn numbers(period: Period, zone: &Zone) -> std::ops::Range<u64> {
    let last = period.to.micros().checked_sub(1).and_then(Timestamp::from_micros);
    let last = last.filter(|last| period.from <= *last);
    let first = zone.day(period.from);
    first..last.map_or(first, |last| zone.day(last) + 1)
}

/// The pace in a word: `daily` if the median week has deployments on three days or more, `weekly` if
/// on one, `monthly` if the median month has one, else `less`. Weeks have seven days on the wall and months
/// thirty, from the beginning of the period; one that the period cuts short does not count.
fn pace(period: Period, zone: &Zone, went: &[Timestamp]) -> &'static str {
    let numbers = numbers(period, zone);
    let day = |at: &Timestamp| zone.day(*at).saturating_sub(numbers.start);
    let mut by_day: BTreeMap<u64, u64> = BTreeMap::new();
    for at in went {
        *by_day.entry(day(at)).or_default() += 1;
    }
    let whole = numbers.end - numbers.start;
    let spans = |length: u64, count: &dyn Fn(u64, u64) -> u64| -> Vec<u64> {
        let spans = (0..whole / length).map(|number| count(number * length, (number + 1) * length));
        let mut counts: Vec<u64> = spans.collect();
        counts.sort_unstable();
        counts
    };
    let weeks = median(&spans(7, &|from, to| by_day.range(from..to).count() as u64));
    let months = median(&spans(30, &|from, to| by_day.range(from..to).map(|(_, n)| n).sum()));
    match (weeks, months) {
        (Some(3..), _) => "daily",
        (Some(1..), _) => "weekly",
        (_, Some(1..)) => "monthly",
        _ => "less",
    }
}

/// Commits that deployments brought to production at once, by whether the deployment stood: one line for
/// those that did, one for those that were put back or caused an incident.
pub(super) fn batch_size(desk: &Desk<'_>) -> Draw {
    let facts = desk.facts();
    let mut members = Vec::new();
    for (place, brought) in brought(desk) {
        let Some(went) = desk.went.get(place) else { continue };
        let id = went.deployment.reference.as_str();
        let back = facts.rollback_executed.of(Reference::Deployment, id);
        let back = back.filter(|row| row.what.reverts.as_str() == id).map(|row| row.at.index);
        let incident = facts.incident_linked.of(Reference::Deployment, id);
        let incident = incident.filter(|row| row.relation == IncidentRelation::CausedBy);
        let failed: Vec<u64> = back.chain(incident.map(|row| row.at.index)).collect();
        let count = brought.commits.len() as u64;
        let adds = if count == 0 && !brought.gaps.is_empty() {
            Adds::Unknown("commits that no record has")
        } else {
            Adds::Share { numerator: count, denominator: 1 }
        };
        let line = if failed.is_empty() { "stood" } else { "failed" };
        let entries = brought.commits.iter().map(|commit| commit.entry);
        members.push(
            went.member(adds)
                .on(line)
                .cites(entries.chain(failed))
                .beside("not all its commits are known", !brought.gaps.is_empty()),
        );
    }
    Draw::from(members)
}

/// Each commit that reached production in the period, once for a service.
pub(super) fn lead_time(desk: &Desk<'_>) -> Draw {
    let mut members = Vec::new();
    for (place, brought) in brought(desk) {
        let Some(went) = desk.went.get(place) else { continue };
        let finished = went.deployment.ended();
        let base = |item: &str, adds: Adds| {
            let mut member = went.member(adds);
            member.item = format!("{item}/{}", went.deployment.id);
            member
        };
        for commit in &brought.commits {
            let adds = match commit.committed {
                None => Adds::Unknown("the time of the commit is not known"),
                Some(at) if at >= finished => Adds::LeftOut("zero or negative time"),
                Some(at) => Adds::Measured(finished.micros() - at.micros()),
            };
            members.push(base(commit.sha, adds).cites([commit.entry]));
        }
        members.extend(brought.gaps.iter().map(|(item, entries)| {
            base(item, Adds::Unknown("commits that no record has")).cites(entries.iter().copied())
        }));
        members.extend(brought.rewritten.iter().map(|(sha, entry)| {
            base(sha, Adds::LeftOut("rewritten: the commits that replaced it count"))
                .cites([*entry])
        }));
    }
    members.extend(unfinished(desk));
    Draw::from(members)
}

/// The middle of the lead times of what each deployment brought.
pub(super) fn lead_time_per_deployment(desk: &Desk<'_>) -> Draw {
    let mut members = Vec::new();
    for (place, brought) in brought(desk) {
        let Some(went) = desk.went.get(place) else { continue };
        let finished = went.deployment.ended();
        let Brought { commits, gaps, .. } = &brought;
        let known = commits.iter().filter_map(|commit| commit.committed);
        let mut times: Vec<u64> =
            known.filter(|at| *at < finished).map(|at| finished.micros() - at.micros()).collect();
        times.sort_unstable();
        let adds = match median(&times) {
            Some(time) => Adds::Measured(time),
            None if !gaps.is_empty() => Adds::Unknown("commits that no record has"),
            None if commits.iter().any(|commit| commit.committed.is_none()) => {
                Adds::Unknown("the time of the commit is not known")
            }
            None => Adds::LeftOut("brought no commit of its own"),
        };
        let entries = commits.iter().map(|commit| commit.entry);
        let some = commits.iter().any(|commit| commit.committed.is_none()) || !gaps.is_empty();
        members
            .push(went.member(adds).cites(entries).beside("not all its commits are known", some));
    }
    members.extend(unfinished(desk));
    Draw::from(members)
}

/// Deployments of the period that brought nothing, or of which that is not known.
fn unfinished(desk: &Desk<'_>) -> Vec<Member> {
    let all = desk.each(|went| match went.deployment.finished {
        None => went.member(Adds::Unknown("no end is recorded")),
        Some(_) if went.deployment.succeeded() => went.member(Adds::one(true)),
        Some(_) => went.member(Adds::LeftOut("did not succeed")),
    });
    all.into_iter().filter(|member| !member.adds.counts()).collect()
}

/// Changes that were deployed, each once: from ready to the first approval that counts.
pub(super) fn approval_lead_time(desk: &Desk<'_>) -> Draw {
    let mut services: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for went in desk.production() {
        if let Some(change) = went.deployment.change() {
            let own = services.entry(change.as_str()).or_default();
            own.insert(went.deployment.service.as_str());
        }
    }
    let mut seen = BTreeSet::new();
    Draw::from(desk.each(|went| {
        let Some(change) = went.deployment.change().map(Id::as_str) else {
            return went.member(Adds::Unknown("names no change"));
        };
        if !seen.insert(change) {
            return went.member(Adds::LeftOut("its change counts already"));
        }
        let counted = counted(&desk.context, &went.deployment);
        let first = counted.iter().min_by_key(|row| (row.at.occurred, row.at.index));
        let rows = desk.facts().change_recorded.of(Reference::Change, change);
        let ready = rows.filter(|row| row.state == ChangeState::Ready);
        let ready = ready.min_by_key(|row| (row.at.occurred, row.at.index));
        let adds = match (ready, first) {
            (_, None) => Adds::LeftOut("no approval counts"),
            (None, _) => Adds::Unknown("nothing says when the change was ready"),
            (Some(ready), Some(first)) if ready.at.occurred > first.at.occurred => {
                Adds::LeftOut("approved before it was ready")
            }
            (Some(ready), Some(first)) => {
                Adds::Measured(first.at.occurred.micros() - ready.at.occurred.micros())
            }
        };
        let mut member = went.member(adds).of(services.get(change).into_iter().flatten().copied());
        change.clone_into(&mut member.item);
        member.cites(ready.map(|row| row.at.index)).cites(first.map(|row| row.at.index))
    }))
}

/// From the last approval that counts to the start.
pub(super) fn approval_to_start(desk: &Desk<'_>) -> Draw {
    Draw::from(desk.each(|went| {
        let counted = counted(&desk.context, &went.deployment);
        let last = counted.iter().max_by_key(|row| (row.at.occurred, row.at.index));
        match last {
            None => went.member(Adds::LeftOut("no approval counts")),
            Some(row) if went.deployment.started.is_none() => {
                went.member(Adds::Unknown("no start is recorded")).cites([row.at.index])
            }
            Some(row) => {
                let waited = went.deployment.at.micros().saturating_sub(row.at.occurred.micros());
                went.member(Adds::Measured(waited)).cites([row.at.index])
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u64) -> Timestamp {
        Timestamp::from_micros(number * DAY).unwrap()
    }

    #[test]
    fn the_pace_is_that_of_the_median_week_and_month() {
        let pace = |period, went: &[Timestamp]| pace(period, &Zone::default(), went);
        let quarter = Period { from: day(0), to: day(92) };
        let every = |step: usize| (0..92).step_by(step).map(day).collect::<Vec<_>>();
        assert_eq!(pace(quarter, &every(1)), "daily");
        assert_eq!(pace(quarter, &every(2)), "daily");
        assert_eq!(pace(quarter, &every(7)), "weekly");
        // a deployment each 20 days: five of thirteen weeks have one, so the median week has none
        assert_eq!(pace(quarter, &every(20)), "monthly");
        assert_eq!(pace(quarter, &[day(3)]), "less");
        assert_eq!(pace(quarter, &[]), "less");
        // many in one week say nothing about the others
        assert_eq!(pace(quarter, &vec![day(3); 50]), "less");
        assert_eq!(pace(Period { from: day(0), to: day(2) }, &[day(0), day(1)]), "less");
    }

    /// Where clocks are turned a quarter has an hour more or less than its days have.
    #[test]
    fn days_are_those_on_the_wall() {
        let zone = Zone::parse("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let at = |text: &str| Timestamp::parse(text.as_bytes()).unwrap();
        let spring = Period {
            from: at("2026-03-28T23:00:00.000000Z"),
            to: at("2026-04-04T22:00:00.000000Z"),
        };
        assert_eq!(numbers(spring, &zone).count(), 7, "29 March to 4 April");
        // after the clocks are turned a day begins an hour earlier: these are two days, and not three
        let went = [
            "2026-03-29T22:30:00.000000Z",
            "2026-03-30T21:30:00.000000Z",
            "2026-03-31T10:00:00.000000Z",
        ];
        let went = went.map(at);
        assert_eq!(pace(spring, &zone, &went), "weekly");
        assert_eq!(pace(spring, &Zone::default(), &went), "daily");
        assert!(numbers(Period { from: day(1), to: day(1) }, &zone).is_empty());
    }
}
