//! Finding: what a test says is wrong with an item for a control, and what became of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Exception, Item, Period, Severity, State};
use crate::evaluate::{Evaluation, Outcome, Run, exception_id};
use crate::exception::{items, worst};
use crate::fact::Facts;
use crate::schema::records::{Disposition, ExceptionState, RootCause};
use crate::schema::typed::Person;
use crate::schema::words::Reference;
use crate::time::{DAY, Timestamp};

/// What was said of an exception by events.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    /// Where it stands; none if no event speaks of it.
    pub(super) state: Option<ExceptionState>,
    /// When it was first spoken of.
    pub(super) since: Option<Timestamp>,
    /// When it stood as it does now.
    pub(super) until: Option<Timestamp>,
    /// What it turned out to be.
    pub(super) disposition: Option<Disposition>,
    /// Where it came from.
    pub(super) root_cause: Option<RootCause>,
    /// Who sees to it.
    pub(super) owner: Option<Person>,
    /// By when.
    pub(super) due: Option<Timestamp>,
    /// All times by which it was to be done, in the order in which they were said.
    pub(super) promised: Vec<Timestamp>,
    /// Whether management answered.
    pub(super) answered: bool,
    /// The control that stood in, and how it tested.
    pub(super) compensating: Option<String>,
    /// The entries that speak of it.
    pub(super) entries: Vec<u64>,
}

/// One finding.
#[derive(Clone, Debug)]
pub(super) struct Finding<'r> {
    /// Its id, stable across runs.
    pub(super) id: String,
    /// The control.
    pub(super) control: &'r str,
    /// The test.
    pub(super) test: &'r str,
    /// The item.
    pub(super) item: &'r str,
    /// The item's system, where that is known.
    pub(super) system: Option<&'r str>,
    /// When the item happened.
    pub(super) at: Timestamp,
    /// The worst that is wrong with it.
    pub(super) severity: Severity,
    /// `fail`, `indeterminate` or `waived`.
    pub(super) state: State,
    /// What happened, in the sentence of the worst.
    pub(super) sentence: &'r str,
    /// The entries that the sentence speaks of.
    pub(super) entries: Vec<u64>,
    /// The entry by which its risk is accepted.
    pub(super) accepted: Option<u64>,
    /// What became of it.
    pub(super) life: Life,
    /// Whether it is of an earlier period.
    pub(super) carried: bool,
}

/// All findings: of this evaluation in the order of the controls, then those of earlier periods that
/// are open or were closed in this one.
pub(super) fn all<'r>(
    evaluation: &'r Evaluation,
    facts: &'r Facts,
    period: Period,
) -> Vec<Finding<'r>> {
    let mut found = Vec::new();
    let mut known = BTreeSet::new();
    for outcome in &evaluation.outcomes {
        let mut own = Vec::new();
        for (run, item) in items(evaluation, outcome) {
            let id = exception_id(&outcome.control.id, run.test.id, &item.id);
            // a control whose period has slices may find the same item twice
            if let Some(worst) = worst(item).filter(|_| known.insert(id.clone())) {
                own.push(Finding::of(id, outcome, run, item, worst, facts));
            }
        }
        own.sort_by(|a, b| (a.severity, a.at, a.item).cmp(&(b.severity, b.at, b.item)));
        found.extend(own);
    }
    found.extend(carried(facts, period, &known));
    found
}

/// Exceptions of earlier periods, as events tell of them.
fn carried<'r>(facts: &'r Facts, period: Period, known: &BTreeSet<String>) -> Vec<Finding<'r>> {
    let mut found = Vec::new();
    for id in facts.exception_changed.ids(Reference::Exception) {
        if known.contains(id.as_str()) {
            continue;
        }
        let mut rows = facts.exception_changed.of(Reference::Exception, id.as_str());
        let Some(first) = rows.next() else { continue };
        let life = Life::of(id.as_str(), facts);
        let closed = life.is_closed();
        if closed && !life.until.is_some_and(|at| period.has(at)) {
            continue;
        }
        found.push(Finding {
            id: id.to_string(),
            control: first.what.control.as_str(),
            test: first.what.test.as_str(),
            item: first.what.item.as_str(),
            system: None,
            at: first.at.occurred,
            severity: Severity::of_event(first.severity),
            state: State::Fail,
            sentence: "of an earlier period",
            entries: life.entries.clone(),
            accepted: None,
            life,
            carried: true,
        });
    }
    found
}

impl<'r> Finding<'r> {
    fn of(
        id: String,
        outcome: &'r Outcome,
        run: &Run,
        item: &'r Item,
        worst: &'r Exception,
        facts: &Facts,
    ) -> Self {
        let accepted = outcome.waived.get(&id).copied();
        Self {
            control: &outcome.control.id,
            test: run.test.id,
            item: &item.id,
            system: item.system.as_deref(),
            at: item.at,
            severity: worst.severity,
            state: if accepted.is_some() { State::Waived } else { item.state() },
            sentence: &worst.sentence,
            entries: worst.entries.clone(),
            accepted,
            life: Life::of(&id, facts),
            id,
            carried: false,
        }
    }

    /// Whether something remains to be done.
    pub(super) fn is_open(&self) -> bool {
        !self.life.is_closed() && self.accepted.is_none()
    }

    /// Days since it was first spoken of, or since it happened.
    pub(super) fn age(&self, now: Timestamp) -> u64 {
        let since = self.life.since.unwrap_or(self.at).min(now);
        now.micros().saturating_sub(since.micros()) / DAY
    }

    /// Where it stands, in a word.
    pub(super) fn stands(&self) -> &'static str {
        match (self.life.state, self.accepted) {
            (Some(ExceptionState::Closed), _) => "closed",
            (_, Some(_)) => "risk accepted",
            (Some(state), None) => state.as_str(),
            (None, None) => "open",
        }
    }
}

impl Life {
    fn of(id: &str, facts: &Facts) -> Self {
        let mut life = Self::default();
        for row in facts.exception_changed.of(Reference::Exception, id) {
            life.state = Some(row.state);
            life.since = life.since.or(Some(row.at.occurred));
            life.until = Some(row.at.occurred);
            life.disposition = row.disposition.or(life.disposition);
            life.root_cause = row.root_cause.or(life.root_cause);
            life.owner = row.owner.or(life.owner);
            if let Some(due) = row.due {
                life.due = Some(due);
                if life.promised.last() != Some(&due) {
                    life.promised.push(due);
                }
            }
            life.answered |= row.response.is_some();
            if let Some(known) = &row.what.compensating {
                life.compensating = Some(format!("{} {}", known.control, known.result));
            }
            life.entries.push(row.at.index);
        }
        life
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state == Some(ExceptionState::Closed)
    }
}

/// How many findings are open, by severity.
pub(super) fn open(findings: &[Finding<'_>]) -> BTreeMap<Severity, u64> {
    let mut open = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.is_open()) {
        *open.entry(finding.severity).or_default() += 1;
    }
    open
}

/// How many findings are open: of how many something is wrong, and of how many that cannot be told.
pub(super) fn open_words(findings: &[Finding<'_>]) -> String {
    let open: Vec<_> = findings.iter().filter(|finding| finding.is_open()).collect();
    let untold = open.iter().filter(|finding| finding.state == State::Indeterminate).count();
    let (is, has) = match open.len() {
        1 => ("exception is", "it"),
        _ => ("exceptions are", "them"),
    };
    let wrong = open.len() - untold;
    format!("{} {is} open: {wrong} of {has} found wrong, {untold} that cannot be told", open.len())
}

/// The owner in a cell.
pub(super) fn owner(life: &Life) -> Option<String> {
    life.owner.and_then(|owner| owner.pseudonym).map(|who| who.to_string())
}
