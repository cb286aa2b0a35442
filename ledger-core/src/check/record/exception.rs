//! T29 remediation-on-time: what was found wrong was judged, repaired and tested again in time, or
//! somebody with the authority accepted the risk for a while.

use super::acceptance::{EXPIRED, LEVEL, NOBODY, ROLES, VALID};
use super::case::{Case, Changed, grade_of};
use crate::check::scope::{UNREAD, plus, since};
use crate::check::{
    Census, Context, Direction, Item, Kind, Other, Parameter, Severity, Test, Value, span,
};
use crate::fact::people::People;
use crate::schema::records::{Disposition, ExceptionState};
use crate::schema::words::{Reference, Regime, Severity as Grade};
use crate::time::Timestamp;

const TRIAGE: Parameter = Parameter::new(
    "triage_within",
    || Value::BusinessDays(5),
    Direction::Smaller,
    "time from an exception to its disposition",
);
const CRITICAL: Parameter = Parameter::new(
    "remediate_critical",
    || Value::days(7),
    Direction::Smaller,
    "time from an exception of severity critical to its remediation",
);
const HIGH: Parameter = Parameter::new(
    "remediate_high",
    || Value::days(30),
    Direction::Smaller,
    "time from an exception of severity high to its remediation",
);
const MEDIUM: Parameter = Parameter::new(
    "remediate_medium",
    || Value::days(90),
    Direction::Smaller,
    "time from an exception of severity medium to its remediation",
);
const LOW: Parameter = Parameter::new(
    "remediate_low",
    || Value::days(180),
    Direction::Smaller,
    "time from an exception of severity low to its remediation",
);
const RETEST: Parameter = Parameter::new(
    "retest_window",
    || Value::days(30),
    Direction::Larger,
    "time over which the retest must pass before an exception is closed",
);

const OVERDUE: Kind =
    Kind::fails("remediation-overdue", Severity::High, "it was not judged or repaired in time");
const UNTESTED: Kind = Kind::fails(
    "closed-without-retest",
    Severity::High,
    "it was closed without a retest over the whole time, or by who had repaired it",
);
const RUNS: Kind =
    Kind::fails("remediation-running", Severity::Info, "the time for it is not over");

/// T29.
pub const TEST: Test = Test {
    id: "T29",
    name: "remediation-on-time",
    version: "1",
    population: "exceptions that were open in the period",
    rule: "Each exception was judged and repaired in the time of its severity, closed by another person after a \
           retest over the whole time, or its risk is accepted at the right level and not expired.",
    parameters: &[TRIAGE, CRITICAL, HIGH, MEDIUM, LOW, RETEST, VALID, ROLES],
    kinds: &[OVERDUE, UNTESTED, EXPIRED, LEVEL, NOBODY, RUNS, UNREAD],
    run,
};

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let people = People::of(context.facts);
    let table = &context.facts.exception_changed;
    for id in table.ids(Reference::Exception) {
        let mut rows: Vec<&Changed> = table.of(Reference::Exception, id.as_str()).collect();
        rows.sort_by_key(|row| (row.at.occurred, row.at.index));
        let Some(first) = rows.first() else { continue };
        let raised = first.at.occurred;
        let closed = rows.last().filter(|row| row.state == ExceptionState::Closed);
        let over = closed.is_some_and(|row| row.at.occurred < context.period.from);
        if raised >= context.period.to || over {
            continue;
        }
        if context.regime.is_some_and(|regime| is_of_another(regime, first.control.as_str())) {
            census.exclude("control of another framework");
            continue;
        }
        let mut item = Item::new(id.as_str(), raised);
        item.cite(rows.iter().map(|row| row.at.index));
        context.tell_unread(&mut item, Reference::Exception, id.as_str());
        let judged = rows.iter().rev().find_map(|row| Some((*row, row.disposition?)));
        // the worst that it was ever called
        let grade = rows.iter().map(|row| row.severity).min().unwrap_or(Grade::Sev1);
        let case = Case { id: id.as_str(), raised, grade, disposition: judged, rows };
        item.read("severity", grade_of(grade).as_str());
        case.judge(context, &people, &mut item);
        census.items.push(item);
    }
    census
}

fn is_of_another(regime: Regime, control: &str) -> bool {
    let own = match regime {
        Regime::Sox => "SOX-",
        Regime::Ephi => "HIPAA-",
        Regime::PersonalData => "GDPR-",
    };
    let all = ["SOX-", "HIPAA-", "GDPR-"];
    all.iter().any(|prefix| *prefix != own && control.starts_with(prefix))
}

impl Case<'_> {
    fn judge(&self, context: &Context<'_>, people: &People<'_>, item: &mut Item) {
        let triage = context.calendar.after(self.raised, context.parameters.count(&TRIAGE));
        let judged = self.rows.iter().find(|row| row.disposition.is_some());
        self.clock(context, "judged", triage, judged.map(|row| row.at.occurred), item);
        let last = self.rows.last().filter(|row| row.state == ExceptionState::Closed).copied();
        if let Some(closed) = last {
            self.closed(context, closed, item);
        }
        match self.disposition {
            Some((row, Disposition::AcceptedRisk)) => {
                self.accepted(context, people, row, last, item);
            }
            Some((_, Disposition::FalsePositive | Disposition::EvidenceLate)) => {}
            Some((_, Disposition::TrueDeviation)) | None => {
                let limit = match self.grade {
                    Grade::Sev1 => &CRITICAL,
                    Grade::Sev2 => &HIGH,
                    Grade::Sev3 => &MEDIUM,
                    Grade::Sev4 => &LOW,
                    // what is only worth knowing needs no repair
                    Grade::Sev5 => return,
                };
                let due = plus(self.raised, context.parameters.span(limit));
                let done = self.reached(ExceptionState::Remediated);
                let done = done.or(last).map(|row| row.at.occurred);
                self.clock(context, "repaired", due, done, item);
            }
        }
    }

    /// Whether something was done until it was due.
    fn clock(
        &self,
        context: &Context<'_>,
        what: &str,
        due: Timestamp,
        done: Option<Timestamp>,
        item: &mut Item,
    ) {
        let severity = grade_of(self.grade);
        match done {
            Some(at) if at <= due => {}
            Some(at) => {
                let late = span(since(due, at));
                let sentence = format!("{} and {what} at {at}, {late} after {due}", self.words());
                item.raise_as(&OVERDUE, severity, sentence, self.entries());
            }
            None if context.now <= due => {
                let sentence = format!("{} and has to be {what} until {due}", self.words());
                item.raise(&RUNS, sentence, self.entries());
                item.open_until(due);
            }
            None => {
                let sentence = format!("{} and was not {what} until {due}", self.words());
                item.raise_as(&OVERDUE, severity, sentence, self.entries());
                item.open_until(due);
            }
        }
    }

    /// Whether it was closed after a retest, by another person than who repaired it.
    fn closed(&self, context: &Context<'_>, closed: &Changed, item: &mut Item) {
        let disposition = self.disposition.map(|(_, what)| what);
        let words = format!("{} and closed at {}", self.words(), closed.at.occurred);
        let entry = [closed.at.index];
        let owner = self.rows.iter().rev().find_map(|row| row.owner);
        let closer = closed.closer.and_then(|closer| closer.pseudonym);
        if let Some(owner) = owner {
            let (other, said) = context.other(closer, owner.pseudonym, closed.at.occurred);
            item.cite(said);
            match other {
                Other::Yes => {}
                Other::No => {
                    let sentence = format!("{words} by who had to repair it");
                    item.raise_as(&UNTESTED, Severity::Medium, sentence, entry);
                }
                Other::Unknown => {
                    let sentence =
                        format!("{words}; it cannot be told whether by another than its owner");
                    item.raise(&NOBODY, sentence, entry);
                }
            }
        } else if closer.is_none() {
            item.raise(&NOBODY, format!("{words} by nobody who is known"), entry);
        }
        if matches!(disposition, Some(Disposition::FalsePositive | Disposition::AcceptedRisk)) {
            return;
        }
        let before = |row: &&&Changed| row.at.occurred <= closed.at.occurred;
        let retest = self.rows.iter().filter(before).rev();
        let mut retest =
            retest.filter(|row| row.state == ExceptionState::Retested && row.retest.is_some());
        let Some(retest) = retest.next() else {
            item.raise(&UNTESTED, format!("{words} and was not tested again"), entry);
            return;
        };
        let repaired = self.reached(ExceptionState::Remediated);
        let from = repaired.map_or(self.raised, |row| row.at.occurred);
        let window = context.parameters.span(&RETEST);
        if since(from, retest.at.occurred) < window {
            let sentence = format!(
                "{words}; it was tested again over {}, not over {}",
                span(since(from, retest.at.occurred)),
                span(window)
            );
            item.raise(&UNTESTED, sentence, [closed.at.index, retest.at.index]);
        }
    }
}
