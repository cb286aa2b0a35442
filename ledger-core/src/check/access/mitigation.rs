//! Mitigation: whether a conflict of duties was accepted for a time, and what makes up for it ran.

use std::collections::{BTreeSet, HashMap};

use super::observed::Seen;
use crate::check::matrix::Rule;
use crate::check::scope::plus;
use crate::check::{
    Context, Direction, Item, Kind, Parameter, Parameters, Severity, State, Value, span,
};
use crate::vault::persons::Pseudonym;

/// The test that asks, which cannot make up for what it found itself.
const OWN: &str = "T17";

pub(super) const CONFLICT: Kind = Kind::fails(
    "conflicting-duties",
    Severity::High,
    "one person holds duties that are in conflict",
);
pub(super) const EXPIRED: Kind = Kind::fails(
    "mitigation-expired",
    Severity::High,
    "what makes up for a conflict is over, or was granted for too long",
);
pub(super) const IDLE: Kind = Kind::fails(
    "mitigation-not-working",
    Severity::High,
    "what makes up for a conflict ran with findings, or is no longer allowed",
);
pub(super) const UNPROVEN: Kind = Kind::undecided(
    "mitigation-unproven",
    Severity::Medium,
    "it cannot be told whether what makes up for a conflict ran",
);
pub(super) const VALID: Parameter = Parameter::new(
    "mitigation_valid",
    || Value::days(365),
    Direction::Smaller,
    "longest validity of a mitigation",
);

/// Whether somebody accepted the conflict, and what makes up for it ran.
pub(super) fn mitigated(
    context: &Context<'_>,
    rule: &Rule,
    seen: &Seen<'_>,
    names: &BTreeSet<Pseudonym>,
    words: &str,
    tested: &mut HashMap<String, Option<State>>,
    item: &mut Item,
) {
    let (at, entry) = (seen.said.taken_at, seen.said.at.index);
    // who accepts it decides with authority: as it stood in the log
    let accepted = context.facts.risk_accepted.all().iter().filter(|risk| {
        risk.rule.as_ref().is_some_and(|id| id.as_str() == rule.id)
            && risk.person.pseudonym.is_some_and(|who| names.contains(&who))
            && risk.at.occurred <= at
            && risk.at.index < entry
    });
    let Some(risk) = accepted.max_by_key(|risk| (risk.expires_at, risk.at.index)) else {
        item.raise_as(
            &CONFLICT,
            rule.severity,
            format!("{words}, and nobody accepted it"),
            [entry],
        );
        return;
    };
    let cited = [entry, risk.at.index];
    item.cite(cited);
    let words =
        format!("{words}; it was accepted until {} (entry {})", risk.expires_at, risk.at.index);
    if risk.expires_at <= at {
        item.raise(&EXPIRED, format!("{words}, which was over"), cited);
        return;
    }
    if risk.expires_at > plus(risk.at.occurred, context.parameters.span(&VALID)) {
        let most = span(context.parameters.span(&VALID));
        item.raise(&EXPIRED, format!("{words}, which is longer than {most}"), cited);
    }
    if rule.mitigation.is_empty() {
        item.raise_as(
            &IDLE,
            rule.severity,
            format!("{words}, and nothing can make up for it"),
            cited,
        );
    }
    for test in &rule.mitigation {
        let state = tested.entry(test.clone()).or_insert_with(|| retest(context, test));
        match state {
            Some(State::Pass) => {}
            Some(State::Fail) => {
                let sentence =
                    format!("{words}; {test}, which makes up for it, has findings in the period");
                item.raise_as(&IDLE, rule.severity, sentence, cited);
            }
            _ => {
                let sentence = format!(
                    "{words}; it cannot be told whether {test}, which makes up for it, ran"
                );
                item.raise(&UNPROVEN, sentence, cited);
            }
        }
    }
}

/// What a compensating test says about the same period, done again and not believed; none if it is
/// none that can be done here.
fn retest(context: &Context<'_>, id: &str) -> Option<State> {
    let test = crate::check::find(id).filter(|test| test.id != OWN)?;
    let limits = Parameters::default();
    let census = (test.run)(&Context { parameters: &limits, ..*context });
    let worst = census.items.iter().map(Item::state).min();
    Some(worst.unwrap_or(State::NoOccurrence))
}
