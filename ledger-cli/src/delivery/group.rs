//! Several deliveries in one commit: what a server does with those that arrive while it writes.

use std::ops::Range;

use ledger_core::error::Error;
use ledger_core::key::Signer;
use ledger_core::ledger::{Admitted, Door, Group, Ledger, Receipt, Submission};
use ledger_core::signature::Mode;
use ledger_core::vault::inbox::Item;

use super::{FEW, Outcome, Refusal, conflict};
use crate::failure::{Failure, Result};
use crate::seen::Sight;
use crate::{clock, random};

/// One delivery.
#[derive(Default)]
pub(crate) struct Part {
    /// Its events.
    pub(crate) events: Vec<Submission>,
    /// What goes to the vault beside them.
    pub(crate) items: Vec<Item>,
    /// Whether one refusal refuses all of it.
    pub(crate) whole: bool,
}

/// What became of each event of a delivery. The outer failure means that nothing of it was written.
pub(crate) type Said = Result<Vec<std::result::Result<Receipt, Failure>>>;

/// A delivery behind the door: which of the events that passed are its own, and what became of each.
struct Plan {
    place: usize,
    whole: bool,
    outcomes: Vec<Option<Outcome>>,
    range: Range<usize>,
    items: Vec<Item>,
}

/// Deliveries behind the door: each event was judged for itself, and nothing is written yet.
pub(crate) struct Admission {
    admitted: Vec<Admitted>,
    /// Those that are whole stand last.
    plans: Vec<Plan>,
}

/// Takes the deliveries into the log, each all or none if it is whole; what became of each, in the
/// order in which they came to the door. Written in one commit, unless a whole one is refused: then
/// that one is left out.
///
/// With a signer, what shows a fork or a conflict is kept as evidence.
pub(crate) fn commit(
    ledger: &mut Ledger,
    admission: Admission,
    sight: &Sight,
    signers: &[&dyn Signer],
) -> Vec<Said> {
    let Admission { admitted, mut plans } = admission;
    let loose = plans.iter().position(|plan| plan.whole).unwrap_or(plans.len());
    let mut failures: Vec<Option<Failure>> = vec![None; plans.len()];
    let together = loose < plans.len();
    let first = write(ledger, &admitted, &mut plans, together);
    if together && plans.len() > 1 && first.as_ref().is_ok_and(|written| !written) {
        // one of those that are whole was refused: nothing was written, each answers for itself
        let (loose_plans, whole_plans) = plans.split_at_mut(loose);
        let (loose_failures, whole_failures) = failures.split_at_mut(loose);
        if let Err(failure) = write(ledger, &admitted, loose_plans, false) {
            loose_failures.fill(Some(failure));
        }
        for (plan, failed) in whole_plans.iter_mut().zip(whole_failures) {
            *failed = write(ledger, &admitted, std::slice::from_mut(plan), true).err();
        }
    } else if let Err(failure) = first {
        failures.fill(Some(failure));
    }
    let mut said: Vec<(usize, Said)> = plans
        .into_iter()
        .zip(failures)
        .map(|(plan, failed)| match failed {
            Some(failure) => (plan.place, Err(failure)),
            None => (plan.place, Ok(told(ledger, plan, &admitted, sight, signers))),
        })
        .collect();
    said.sort_by_key(|(place, _)| *place);
    said.into_iter().map(|(_, said)| said).collect()
}

impl Admission {
    /// Takes all events of deliveries through the door.
    pub(crate) fn of(door: &Door, mut parts: Vec<Part>) -> Result<Self> {
        for part in &mut parts {
            part.whole &= part.events.len() > 1;
        }
        let mut placed: Vec<(usize, Part)> = parts.into_iter().enumerate().collect();
        placed.sort_by_key(|(_, part)| part.whole);
        let mut events = Vec::new();
        let mut frames = Vec::with_capacity(placed.len());
        for (place, part) in placed {
            frames.push((place, part.whole, part.events.len(), part.items));
            events.extend(part.events);
        }
        let mode = if events.len() < FEW { Mode::OneByOne } else { Mode::Bulk };
        let mut checked = door.admit(events, random::bytes()?, mode).into_iter();
        let mut admitted = Vec::new();
        let mut plans = Vec::with_capacity(frames.len());
        for (place, whole, length, items) in frames {
            let begin = admitted.len();
            let mut outcomes = Vec::with_capacity(length);
            for outcome in checked.by_ref().take(length) {
                outcomes.push(match outcome {
                    Ok(event) => {
                        admitted.push(event);
                        None
                    }
                    Err(error) => Some(Err(Refusal { error, door: true })),
                });
            }
            let refused = outcomes.iter().any(Option::is_some);
            if whole && refused {
                admitted.truncate(begin);
                for outcome in &mut outcomes {
                    outcome.get_or_insert_with(|| Err(Refusal { error: another(), door: false }));
                }
            }
            let items = if refused { Vec::new() } else { items };
            plans.push(Plan { place, whole, outcomes, range: begin..admitted.len(), items });
        }
        Ok(Self { admitted, plans })
    }
}

/// Writes what these deliveries, which stand side by side, have behind the door. With `all` one refusal
/// keeps all of it out; whether anything could be written.
fn write(
    ledger: &mut Ledger,
    admitted: &[Admitted],
    plans: &mut [Plan],
    all: bool,
) -> Result<bool> {
    let begin = plans.first().map_or(0, |plan| plan.range.start);
    let end = plans.last().map_or(begin, |plan| plan.range.end);
    let events = admitted.get(begin..end).unwrap_or_default();
    if events.is_empty() {
        return Ok(true);
    }
    let items: Vec<Item> = plans.iter().flat_map(|plan| plan.items.iter().cloned()).collect();
    let group = Group { now: clock::now()?, random: random::bytes()?, all_or_nothing: all };
    let said = ledger.append_with(events, &items, group, || clock::now().unwrap_or(group.now))?;
    let written = !all || said.iter().all(std::result::Result::is_ok);
    if !written && plans.len() > 1 {
        return Ok(false);
    }
    let mut said = said.into_iter();
    for plan in plans {
        for outcome in plan.outcomes.iter_mut().filter(|outcome| outcome.is_none()) {
            let refusal = |error| Refusal { error, door: false };
            *outcome = said.next().map(|said| said.map_err(refusal));
        }
    }
    Ok(written)
}

/// What is told of a delivery; a fork or a conflict is kept first.
fn told(
    ledger: &mut Ledger,
    plan: Plan,
    admitted: &[Admitted],
    sight: &Sight,
    signers: &[&dyn Signer],
) -> Vec<std::result::Result<Receipt, Failure>> {
    let mut own = admitted.get(plan.range).unwrap_or_default().iter();
    let mut told = Vec::with_capacity(plan.outcomes.len());
    for outcome in plan.outcomes {
        let outcome = outcome.unwrap_or_else(|| Err(Refusal { error: another(), door: false }));
        let event = match &outcome {
            Err(refusal) if refusal.door => None,
            _ => own.next(),
        };
        told.push(match (outcome, event) {
            (Ok(receipt), _) => Ok(receipt),
            (Err(refusal), Some(event)) if !signers.is_empty() => {
                let kept = conflict::keep(ledger, &event.submission(), &refusal, sight, signers);
                Err(kept.unwrap_or_else(|_| refusal.failure()))
            }
            (Err(refusal), _) => Err(refusal.failure()),
        });
    }
    told
}

fn another() -> Error {
    Error::refused("group", "another event of the delivery was refused, so none was appended")
}
