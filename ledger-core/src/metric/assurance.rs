//! Assurance: what the controls came to, and what is still open.

use super::desk::Desk;
use super::draw::Draw;
use super::member::{Adds, Member};
use crate::check::State;
use crate::check::scope::since;
use crate::evaluate::Outcome;
use crate::schema::records::ExceptionState;
use crate::schema::words::{Reference, Severity};
use crate::time::DAY;

/// Controls that were tested, and those that passed; by framework.
pub(super) fn control_health(desk: &Desk<'_>) -> Draw {
    let from = desk.ground.period.from;
    let Some(evaluation) = desk.ground.evaluation else {
        let none = Adds::Unknown("the controls were not evaluated");
        return Draw::from(vec![Member::new("controls", from, none)]);
    };
    let member = |outcome: &Outcome| {
        let adds = match outcome.state {
            State::Pass => Adds::one(true),
            State::Fail | State::Indeterminate => Adds::one(false),
            State::Waived => Adds::LeftOut("risk accepted"),
            State::NotApplicable => Adds::LeftOut("not applicable"),
            State::NoOccurrence => Adds::LeftOut("no occurrence"),
        };
        let runs = outcome.runs.iter().filter_map(|(number, _)| evaluation.runs.get(*number));
        let failed = runs.flat_map(|run| &run.census.items).flat_map(|item| &item.exceptions);
        Member::new(&*outcome.control.id, from, adds)
            .on(&*outcome.control.framework)
            .cites(failed.flat_map(|exception| exception.entries.iter().copied()))
            .beside("indeterminate", outcome.state == State::Indeterminate)
    };
    Draw::from(evaluation.outcomes.iter().map(member).collect::<Vec<_>>())
}

/// Exceptions that are open at the end, by severity and age in days from the first detection.
pub(super) fn exception_ageing(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().exception_changed;
    let until = desk.until();
    let mut members = Vec::new();
    for id in table.ids(Reference::Exception) {
        let rows = table.of(Reference::Exception, id.as_str());
        let mut rows: Vec<_> = rows.filter(|row| row.at.occurred < until).collect();
        rows.sort_by_key(|row| (row.at.occurred, row.at.index));
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { continue };
        let closed = last.state == ExceptionState::Closed;
        if closed && last.at.occurred < desk.ground.period.from {
            continue;
        }
        let days = since(first.at.occurred, until) / DAY;
        // the worst that it was ever called
        let severity = rows.iter().map(|row| row.severity).min().unwrap_or(Severity::Sev1);
        let adds = if closed { Adds::LeftOut("closed in the period") } else { Adds::one(true) };
        let mut member = Member::new(id.as_str(), first.at.occurred, adds)
            .cites(rows.iter().map(|row| row.at.index));
        if !closed {
            member = member.on(format!("{} {}", severity.as_str(), bucket(days)));
        }
        members.push(member);
    }
    Draw::from(members)
}

fn bucket(days: u64) -> &'static str {
    match days {
        0..=30 => "0-30 d",
        31..=60 => "31-60 d",
        61..=90 => "61-90 d",
        _ => "over 90 d",
    }
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn a_day_belongs_to_one_bucket() {
        let told: Vec<&str> = [0, 30, 31, 60, 61, 90, 91, 4000].into_iter().map(bucket).collect();
        let wanted = [
            "0-30 d",
            "0-30 d",
            "31-60 d",
            "31-60 d",
            "61-90 d",
            "61-90 d",
            "over 90 d",
            "over 90 d",
        ];
        assert_eq!(told, wanted);
    }
}
