//! Exception: what an evaluation found wrong, and what persons did about it.
//!
//! Spec page: `spec/control.md`. An exception is one item that a test found wrong for a control, or could
//! not tell about; its id is the same in every run ([`exception_id`]). [`found`] lists those of an
//! evaluation, [`Life`] is what events say of one. The laws of its next step are in `law`, so that a
//! mistake is refused before somebody signs it; whether the steps were enough is judged by T29, from
//! the entries alone. Nothing that is done about an exception erases it.

mod law;
mod life;

pub use law::{Acceptance, may_accept, may_change, may_close, may_retest, passed};
pub use life::Life;

use std::collections::BTreeSet;

use crate::check::{Exception, Item, Severity, State};
use crate::encoding::hex;
use crate::evaluate::{Evaluation, Outcome, Run, exception_id};
use crate::event::is_id;
use crate::hash::Sha256;
use crate::time::Timestamp;

/// One exception of an evaluation.
#[derive(Clone, Debug)]
pub struct Found<'e> {
    /// Its id, the same in every run.
    pub id: String,
    /// The control.
    pub control: &'e str,
    /// The test.
    pub test: &'static str,
    /// The item, as [`item_id`] has it.
    pub item: String,
    /// The worst that is wrong with it.
    pub severity: Severity,
    /// Fail, indeterminate, or waived.
    pub state: State,
    /// When the item happened.
    pub at: Timestamp,
    /// What happened, in the sentence of the worst.
    pub sentence: &'e str,
}

/// All exceptions of an evaluation, in the order of the controls, the worst first.
pub fn found(evaluation: &Evaluation) -> Vec<Found<'_>> {
    let mut all = Vec::new();
    let mut known = BTreeSet::new();
    for outcome in &evaluation.outcomes {
        let mut own = Vec::new();
        for (run, item) in items(evaluation, outcome) {
            let Some(worst) = worst(item) else { continue };
            let id = exception_id(&outcome.control.id, run.test.id, &item.id);
            // a control whose period has slices may find the same item twice
            if !known.insert(id.clone()) {
                continue;
            }
            let waived = outcome.waived.contains_key(&id);
            own.push(Found {
                control: &outcome.control.id,
                test: run.test.id,
                item: item_id(&item.id),
                severity: worst.severity,
                state: if waived { State::Waived } else { item.state() },
                at: item.at,
                sentence: &worst.sentence,
                id,
            });
        }
        own.sort_by(|a, b| (a.severity, a.at, &a.id).cmp(&(b.severity, b.at, &b.id)));
        all.extend(own);
    }
    all
}

/// The items that a control counts, with their runs.
pub fn items<'e>(
    evaluation: &'e Evaluation,
    outcome: &'e Outcome,
) -> impl Iterator<Item = (&'e Run, &'e Item)> {
    let counted = outcome.runs.iter().filter(|(_, counted)| *counted);
    let runs = counted.filter_map(|(number, _)| evaluation.runs.get(*number));
    runs.flat_map(|run| run.census.items.iter().map(move |item| (run, item)))
}

/// An item's id as events may name it: itself, or `sha256:` and the digest of its text where it is no
/// restricted id (an account may be an address of mail, which stands in no event).
pub fn item_id(item: &str) -> String {
    if is_id(item) {
        return item.to_owned();
    }
    format!("sha256:{}", hex(&Sha256::of(item.as_bytes()).0))
}

/// What decides an item that does not pass.
pub fn worst(item: &Item) -> Option<&Exception> {
    let state = item.state();
    if !matches!(state, State::Fail | State::Indeterminate) {
        return None;
    }
    let decides = |known: &&Exception| {
        known.severity != Severity::Info && known.undecided == (state == State::Indeterminate)
    };
    item.exceptions.iter().filter(decides).min_by_key(|known| known.severity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_no_event_may_name_stands_as_its_digest() {
        assert_eq!(item_id("payments/d-118"), "payments/d-118");
        let named = item_id("shop/ada@example.com");
        assert!(is_id(&named) && !named.contains("ada"), "{named}");
        assert_ne!(named, item_id("shop/bea@example.com"));
    }
}
