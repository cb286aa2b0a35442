//! Access: how soon, and how surely, access ends, as T14 and T19 have it.

use super::desk::Desk;
use super::draw::{Draw, Listed};
use super::member::{Adds, Member};
use crate::check::access::{leaver, remediation};
use crate::check::scope::since;
use crate::check::{Census, Context, Item, Kind, Test};
use crate::error::Result;
use crate::schema::review::CertifyDecision;
use crate::time::Timestamp;

fn census(desk: &Desk<'_>, test: &Test) -> Result<Census> {
    let limits = desk.limits(test)?;
    Ok((test.run)(&Context { parameters: &limits, ..desk.context }))
}

fn raised(item: &Item, kinds: &[Kind]) -> bool {
    item.exceptions.iter().any(|exception| kinds.iter().any(|kind| kind.code == exception.code))
}

fn value<'i>(item: &'i Item, wanted: &str) -> Option<&'i str> {
    item.values.get(wanted)
}

/// A member for what was left out of a census.
fn left_out(desk: &Desk<'_>, census: &Census) -> Vec<Member> {
    let each = census.excluded.iter().flat_map(|(why, count)| (0..*count).map(move |n| (*why, n)));
    let member = |(why, n)| {
        Member::new(format!("left-out-{n}"), desk.ground.period.from, Adds::LeftOut(why))
    };
    each.map(member).collect()
}

/// What an item of T14 adds, where it can be told.
fn leaver_of(item: &Item, tell: impl FnOnce() -> Adds) -> Member {
    let adds = if raised(item, leaver::UNTOLD) {
        Adds::Unknown("nothing tells what access there was, or that it is gone")
    } else if value(item, "held").is_none_or(|held| held == "0") {
        Adds::LeftOut("had no access in scope")
    } else {
        tell()
    };
    Member::new(&*item.id, item.at, adds).cites(item.entries.iter().copied())
}

/// Leavers with access, and those all of whose access ended in time.
pub(super) fn removed_in_time(desk: &Desk<'_>) -> Result<Draw> {
    let census = census(desk, &leaver::TEST)?;
    let mut members = left_out(desk, &census);
    members.extend(census.items.iter().map(|item| {
        leaver_of(item, || {
            if raised(item, leaver::BROKEN) {
                Adds::one(false)
            } else if raised(item, &[leaver::RUNS]) {
                Adds::LeftOut("the time for it is not over")
            } else {
                Adds::one(true)
            }
        })
    }));
    Ok(Draw::from(members))
}

/// Leavers with access: from leaving to the end of the last of it.
pub(super) fn removal_time(desk: &Desk<'_>) -> Result<Draw> {
    let census = census(desk, &leaver::TEST)?;
    let mut draw = Draw::from(left_out(desk, &census));
    for item in &census.items {
        let ended = value(item, "removed").and_then(|at| Timestamp::parse(at.as_bytes()).ok());
        let until = desk.until().max(item.at);
        let member = leaver_of(item, || Adds::Measured(since(item.at, ended.unwrap_or(until))));
        let stands = ended.is_none() && member.adds.counts();
        if stands {
            let sentence = format!(
                "{} left at {} and still has access; counted up to {until}",
                item.id, item.at
            );
            draw.listed.push(Listed::new(&*item.id, sentence, item.entries.iter().copied()));
        }
        draw.members.push(member.beside("access still stands", stands));
    }
    Ok(draw)
}

/// Items that a review decided to revoke, and those that a later snapshot shows as gone.
pub(super) fn verified_revocation(desk: &Desk<'_>) -> Result<Draw> {
    let census = census(desk, &remediation::TEST)?;
    let mut members = left_out(desk, &census);
    let revoke = CertifyDecision::Revoke.as_str();
    members.extend(census.items.iter().map(|item| {
        let adds = if value(item, "decision") != Some(revoke) {
            Adds::LeftOut("decided to modify, not to revoke")
        } else if raised(item, remediation::UNTOLD) {
            Adds::Unknown("the list of the review does not tell what it is about")
        } else if raised(item, &[remediation::RUNS]) {
            Adds::LeftOut("the time for it is not over")
        } else {
            Adds::one(!raised(item, remediation::PRESENT))
        };
        Member::new(&*item.id, item.at, adds).cites(item.entries.iter().copied())
    }));
    Ok(Draw::from(members))
}
