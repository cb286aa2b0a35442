//! Emergency: what went out in a hurry, at odd times, or through a freeze.

use std::collections::HashMap;

use super::desk::{Desk, Went};
use super::draw::{Draw, Listed};
use super::member::{Adds, Member};
use crate::check::change::emergency::{self, RATIFY_WITHIN, Sessions};
use crate::check::change::freeze;
use crate::check::scope::{plus, since};
use crate::check::{Context, Item, Kind};
use crate::error::Result;
use crate::schema::words::Class;
use crate::time::Timestamp;

/// Deployments, and emergencies among them: by their class, or made in a break-glass session.
pub(super) fn ratio(desk: &Desk<'_>) -> Draw {
    let sessions = Sessions::of(desk.facts());
    Draw::from(desk.each(|went| {
        let session = sessions.around(&desk.context, &went.deployment);
        let class = went.class.map(|(class, _)| class);
        let adds = match class {
            _ if !session.is_empty() => Adds::one(true),
            None => Adds::Unknown("nothing says its class"),
            Some(class) => Adds::one(class == Class::Emergency),
        };
        let entries = went.class.map(|(_, entry)| entry);
        let line = class.map_or("unclassified", Class::as_str);
        went.member(adds).on(line).cites(session).cites(entries)
    }))
}

/// Deployments, and those that began on a day without work.
pub(super) fn after_hours(desk: &Desk<'_>) -> Draw {
    Draw::from(desk.each(|went| {
        if went.deployment.started.is_none() {
            return went.member(Adds::Unknown("no start is recorded"));
        }
        let works = desk.ground.calendar.works(desk.ground.calendar.zone.day(went.deployment.at));
        went.member(Adds::one(!works))
    }))
}

/// Emergencies as T07 has them, each with the item that it made of it.
fn emergencies(
    desk: &Desk<'_>,
    mut tell: impl FnMut(&Went<'_>, &Item, Timestamp) -> Member,
) -> Result<Vec<Member>> {
    let limits = desk.limits(&emergency::TEST)?;
    let context = Context { parameters: &limits, ..desk.context };
    let census = (emergency::TEST.run)(&context);
    let items: HashMap<&str, &Item> =
        census.items.iter().map(|item| (item.id.as_str(), item)).collect();
    let within = limits.span(&RATIFY_WITHIN);
    let member = |went: &Went<'_>| match items.get(went.deployment.id) {
        None => went.member(Adds::LeftOut("no emergency")),
        Some(item) => tell(went, item, plus(went.deployment.ended(), within))
            .cites(item.entries.iter().copied()),
    };
    Ok(desk.each(member))
}

/// When T07 took an emergency to be ratified.
fn ratified(item: &Item) -> Option<Timestamp> {
    let at = item.values.get("ratified")?;
    Timestamp::parse(at.as_bytes()).ok()
}

fn raised(item: &Item, kind: &Kind) -> bool {
    item.exceptions.iter().any(|exception| exception.code == kind.code)
}

/// Emergencies whose limit has passed, and those ratified within it.
pub(super) fn ratified_in_time(desk: &Desk<'_>) -> Result<Draw> {
    let members = emergencies(desk, |went, item, due| {
        went.member(match ratified(item) {
            Some(at) => Adds::one(at <= due),
            None if went.deployment.finished.is_none() => Adds::Unknown("no end is recorded"),
            None if raised(item, &emergency::UNRESOLVED) => {
                Adds::Unknown("it cannot be told whether another person with authority ratified it")
            }
            None if desk.ground.now <= due => Adds::LeftOut("the limit still runs"),
            None => Adds::one(false),
        })
    })?;
    Ok(Draw::from(members))
}

/// Ratified emergencies: from their end to the ratification.
pub(super) fn ratification_time(desk: &Desk<'_>) -> Result<Draw> {
    let mut listed = Vec::new();
    let members = emergencies(desk, |went, item, due| {
        if let Some(at) = ratified(item) {
            return went.member(Adds::Measured(since(went.deployment.ended(), at)));
        }
        let sentence = format!("{} and is not ratified; due was {due}", went.deployment.words());
        listed.push(Listed::new(&*item.id, sentence, went.deployment.entries()));
        went.member(Adds::LeftOut("not ratified"))
    })?;
    Ok(Draw { listed, ..Draw::from(members) })
}

/// Deployments inside a freeze as T09 has them, and those with an exception that counts.
pub(super) fn freeze_exceptions(desk: &Desk<'_>) -> Result<Draw> {
    let limits = desk.limits(&freeze::TEST)?;
    let census = (freeze::TEST.run)(&Context { parameters: &limits, ..desk.context });
    let items: HashMap<&str, &Item> =
        census.items.iter().map(|item| (item.id.as_str(), item)).collect();
    let mut listed = Vec::new();
    let members = desk.each(|went| {
        let Some(item) = items.get(went.deployment.id) else {
            return went.member(Adds::LeftOut("no item of T09"));
        };
        let inside = item.values.get("freeze").is_some();
        let broken = freeze::BROKEN.iter().find(|kind| raised(item, kind));
        let adds = match (inside, broken) {
            (true, Some(_)) => Adds::one(false),
            _ if freeze::UNTOLD.iter().any(|kind| raised(item, kind)) => {
                Adds::Unknown("it cannot be told whether a freeze held, or an exception counts")
            }
            (true, None) => Adds::one(true),
            (false, _) => Adds::LeftOut("in no freeze"),
        };
        if broken.is_some() {
            let told = item.exceptions.iter().filter(|e| !e.undecided);
            listed.extend(told.map(|exception| {
                Listed::new(&*item.id, &*exception.sentence, exception.entries.iter().copied())
            }));
        }
        let edited = raised(item, &freeze::EDITED);
        went.member(adds)
            .cites(item.entries.iter().copied())
            .beside("a freeze was moved or lifted inside of its window", edited)
    });
    Ok(Draw { listed, ..Draw::from(members) })
}
