//! T23 incident-clocks-met: whoever had to be told or had to act did so in time, or gave reasons.
//!
//! A clock has a start, a stop and a limit. Clocks of a law allow more time only with recorded reasons;
//! a decision to tell nobody needs an assessment before it.

use crate::check::scope::{UNREAD, plus, since};
use crate::check::{Census, Context, Item, Kind, Severity, Test, span};
use crate::fact::Said;
use crate::schema::incident::{
    BreachDecided, BreachStep, DataRole, IncidentChanged, IncidentState,
};
use crate::schema::records::{RequestChanged, RequestState};
use crate::schema::words::{Answer, Reference};
use crate::time::Timestamp;

use super::limits::{self, CLOCKS};

const MISSED: Kind = Kind::fails(
    "statutory-clock-missed",
    Severity::Critical,
    "a limit of a law was missed, and no reasons were recorded",
);
const UNASSESSED: Kind = Kind::fails(
    "assessment-missing",
    Severity::High,
    "nobody was told, and no assessment says why",
);
const INTERNAL: Kind =
    Kind::fails("internal-limit-missed", Severity::Medium, "a limit of the company was missed");
const RUNS: Kind = Kind::fails("clock-running", Severity::Info, "the time is not over");
const UNKNOWN: Kind = Kind::undecided(
    "clock-unclear",
    Severity::Medium,
    "it cannot be told whether the clock runs, or from when",
);
const STRANGE: Kind =
    Kind::undecided("clock-unknown", Severity::High, "no clock of that name is known here");

/// T23.
pub const TEST: Test = Test {
    id: "T23",
    name: "incident-clocks-met",
    version: "1",
    population: "incidents, breaches and requests of persons, by clock",
    rule: "What stops a clock happened within its limit, or later with recorded reasons; who was told of nothing \
           has an assessment that says why.",
    parameters: limits::ALL,
    kinds: &[MISSED, UNASSESSED, INTERNAL, RUNS, UNKNOWN, STRANGE, UNREAD],
    run,
};

/// One clock of one matter.
struct Clock {
    name: String,
    /// What begins, in words.
    words: String,
    from: Timestamp,
    limit: u64,
    stop: Option<(Timestamp, u64)>,
    /// Whether a law sets the limit.
    law: bool,
    /// The entry that gives reasons for being late.
    reasons: Option<u64>,
    entries: Vec<u64>,
}

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    for name in context.parameters.ids(&CLOCKS) {
        match name.as_str() {
            "ack" | "contain" | "resolve" => incidents(context, &name, &mut census),
            // an extended request is judged by the same item, with the longer limit
            "dsr" => requests(context, &mut census),
            "dsr-extended" => {}
            "gdpr-33-1" | "gdpr-33-2" | "gdpr-34" | "hipaa-164-404" | "hipaa-164-408"
            | "hipaa-164-410" | "customer" => breaches(context, &name, &mut census),
            other => {
                let mut item = Item::new(other, context.period.from);
                item.raise(&STRANGE, format!("no clock {other} is known here"), [0]);
                census.items.push(item);
            }
        }
    }
    census
}

type Told = Said<IncidentChanged>;

/// When an incident was noticed.
fn detected(rows: &[&Told]) -> Option<Timestamp> {
    let said = rows.iter().filter_map(|row| row.detected_at).min();
    said.or(rows.iter().map(|row| row.at.occurred).min())
}

/// Incidents that were noticed in the period, with all that was said of them.
fn noticed<'c>(context: &Context<'c>) -> Vec<(&'c str, Vec<&'c Told>, Timestamp)> {
    let table = &context.facts.incident_changed;
    let mut found = Vec::new();
    for id in table.ids(Reference::Incident) {
        let rows: Vec<&Told> = table.of(Reference::Incident, id.as_str()).collect();
        if let Some(from) = detected(&rows).filter(|from| context.period.has(*from)) {
            found.push((id.as_str(), rows, from));
        }
    }
    found
}

/// The clocks of the company: acknowledge, contain, resolve.
fn incidents(context: &Context<'_>, name: &str, census: &mut Census) {
    for (id, rows, from) in noticed(context) {
        let reached = |state: IncidentState| match name {
            "ack" => state != IncidentState::Triggered,
            "contain" => matches!(state, IncidentState::Mitigated | IncidentState::Resolved),
            _ => state == IncidentState::Resolved,
        };
        let stop =
            rows.iter().filter(|row| reached(row.state) && row.state != IncidentState::Reopened);
        // a reopened incident is resolved by the last word
        let open = rows.last().is_some_and(|row| row.state == IncidentState::Reopened)
            && name == "resolve";
        let stops = stop.map(|row| (row.at.occurred, row.at.index));
        let stop = match name {
            _ if open => None,
            "resolve" => stops.max(),
            _ => stops.min(),
        };
        // the worst severity that it ever had
        let Some(severity) = rows.iter().map(|row| row.severity).min() else { continue };
        let limit = limits::of(context.parameters, name, severity);
        let entries = rows.iter().map(|row| row.at.index).collect();
        let words = format!("incident {id} of {} was noticed at {from}", severity.as_str());
        let clock = Clock {
            name: name.to_owned(),
            words,
            from,
            limit,
            stop,
            law: false,
            reasons: None,
            entries,
        };
        let mut item = clock.judge(context, id);
        item.read("severity", severity.as_str());
        context.tell_unread(&mut item, Reference::Incident, id);
        census.items.push(item);
    }
}

/// The clocks that begin with a breach.
fn breaches(context: &Context<'_>, name: &str, census: &mut Census) {
    for (id, rows, detected) in noticed(context) {
        let steps: Vec<&Said<BreachDecided>> =
            context.facts.breach_decided.of(Reference::Incident, id).collect();
        let Some(applies) = applies(name, &rows, &steps) else {
            census.exclude("no breach for which this clock runs");
            continue;
        };
        let aware = rows.iter().filter_map(|row| row.aware_at).min();
        let from = aware.unwrap_or(detected);
        let stop_step = stops(name);
        let stopped = steps.iter().filter(|row| row.step == stop_step);
        let stop = stopped.map(|row| (row.what.at, row.at.index)).min();
        let mut entries: Vec<u64> = rows.iter().map(|row| row.at.index).collect();
        entries.extend(steps.iter().map(|row| row.at.index));
        let reasons = steps.iter().find(|row| row.step == stop_step && row.reasons.is_some());
        let reasons = reasons.map(|row| row.at.index);
        let words = format!("the breach in incident {id} was known at {from}");
        let declined = steps.iter().find(|row| row.step == BreachStep::NotNotified);
        let limit = limits::named(context.parameters, name);
        let law = limits::is_law(name);
        let clock =
            Clock { name: name.to_owned(), words, from, limit, stop, law, reasons, entries };
        let mut item = match declined.filter(|_| stop.is_none()) {
            Some(declined) => not_told(&clock, id, declined, &steps),
            None if applies == Answer::Unknown => {
                let mut item = clock.item(id);
                let sentence =
                    format!("{}, and nobody said whether clock {name} runs", clock.words);
                item.raise(&UNKNOWN, sentence, clock.entries.iter().copied());
                item
            }
            None => clock.judge(context, id),
        };
        context.tell_unread(&mut item, Reference::Incident, id);
        census.items.push(item);
    }
}

/// Whether a clock runs for a breach; none if surely not.
fn applies(name: &str, rows: &[&Told], steps: &[&Said<BreachDecided>]) -> Option<Answer> {
    let said = |of: fn(&IncidentChanged) -> Option<Answer>| {
        let answers: Vec<Answer> = rows.iter().filter_map(|row| of(row)).collect();
        let known = |answer: Answer| answers.contains(&answer).then_some(answer);
        known(Answer::Yes).or(known(Answer::Unknown)).or(known(Answer::No))
    };
    let data = match name {
        "hipaa-164-404" | "hipaa-164-408" | "hipaa-164-410" => said(|row| row.ephi),
        _ => said(|row| row.personal_data),
    };
    let assessed = !steps.is_empty();
    let data = match data {
        Some(Answer::No) | None if !assessed => return None,
        Some(Answer::Unknown) | None => Answer::Unknown,
        Some(answer) => answer,
    };
    let processor =
        rows.iter().rev().find_map(|row| row.role).map(|role| role == DataRole::Processor);
    let for_processor = matches!(name, "gdpr-33-2" | "hipaa-164-410");
    let both = name == "customer";
    match processor {
        Some(processor) if processor != for_processor && !both => return None,
        None if for_processor => return None,
        _ => {}
    }
    if name == "gdpr-34" {
        let risk = steps.iter().filter_map(|row| row.high_risk).next_back();
        return match risk {
            Some(Answer::No) => None,
            Some(Answer::Yes) => Some(data),
            Some(Answer::Unknown) | None => Some(Answer::Unknown),
        };
    }
    if name == "hipaa-164-408" {
        let affected = rows.iter().filter_map(|row| row.affected_count).max();
        return match affected {
            Some(count) if count < 500 => None,
            Some(_) => Some(data),
            None => Some(Answer::Unknown),
        };
    }
    Some(data)
}

fn stops(name: &str) -> BreachStep {
    match name {
        "gdpr-33-1" | "hipaa-164-408" => BreachStep::AuthorityNotified,
        "gdpr-33-2" | "hipaa-164-410" => BreachStep::ControllerNotified,
        "customer" => BreachStep::CustomerNotified,
        _ => BreachStep::SubjectsNotified,
    }
}

/// A decision to tell nobody stands on an assessment before it, with reasons.
fn not_told(
    clock: &Clock,
    id: &str,
    declined: &Said<BreachDecided>,
    steps: &[&Said<BreachDecided>],
) -> Item {
    let mut item = clock.item(id);
    let assessed = steps.iter().find(|row| {
        row.step == BreachStep::Assessed
            && row.what.at <= declined.what.at
            && (row.reasons.is_some() || row.document.is_some())
    });
    if let Some(row) = assessed {
        item.cite([row.at.index]);
    } else {
        let sentence = format!(
            "{}; at {} it was decided to tell nobody (entry {}), and no assessment before that gives reasons",
            clock.words, declined.what.at, declined.at.index
        );
        item.raise(&UNASSESSED, sentence, [declined.at.index]);
    }
    item
}

/// Requests of persons: to be decided within a month, or three if that was said within the first.
fn requests(context: &Context<'_>, census: &mut Census) {
    let table = &context.facts.request_changed;
    for id in table.ids(Reference::Request) {
        let rows: Vec<&Said<RequestChanged>> = table.of(Reference::Request, id.as_str()).collect();
        let received = rows.iter().find(|row| row.state == RequestState::Received);
        let Some(first) = received.or(rows.first()) else { continue };
        let from = first.at.occurred;
        if !context.period.has(from) {
            continue;
        }
        let month = limits::named(context.parameters, "dsr");
        let extended = rows.iter().find(|row| {
            row.state == RequestState::Extended && row.at.occurred <= plus(from, month)
        });
        let name = if extended.is_some() { "dsr-extended" } else { "dsr" };
        let decided = rows.iter().filter(|row| row.state == RequestState::Decided);
        let stop =
            decided.map(|row| (row.replied_at.unwrap_or(row.at.occurred), row.at.index)).min();
        let clock = Clock {
            name: name.to_owned(),
            words: format!("request {id} was received at {from}"),
            from,
            limit: limits::named(context.parameters, name),
            stop,
            law: true,
            reasons: None,
            entries: rows.iter().map(|row| row.at.index).collect(),
        };
        let mut item = clock.judge(context, id.as_str());
        item.id = format!("dsr/{id}");
        if received.is_none() {
            let sentence = format!("nothing says when request {id} was received");
            item.raise(&UNKNOWN, sentence, clock.entries.iter().copied());
        }
        context.tell_unread(&mut item, Reference::Request, id.as_str());
        census.items.push(item);
    }
}

impl Clock {
    fn item(&self, id: &str) -> Item {
        let mut item = Item::new(format!("{}/{id}", self.name), self.from);
        item.cite(self.entries.iter().copied());
        item.read("limit", span(self.limit));
        item
    }

    fn judge(&self, context: &Context<'_>, id: &str) -> Item {
        let mut item = self.item(id);
        let last = plus(self.from, self.limit);
        let words = format!("{}; clock {} ended at {last}", self.words, self.name);
        let kind = if self.law { &MISSED } else { &INTERNAL };
        match self.stop {
            Some((at, _)) if at <= last => {}
            Some((at, entry)) => {
                if let Some(reasons) = self.reasons.filter(|_| self.law) {
                    item.cite([reasons]);
                    item.read("late, with reasons", span(since(last, at)));
                } else {
                    let late = span(since(last, at));
                    let sentence =
                        format!("{words} and was stopped {late} later, at {at} (entry {entry})");
                    item.raise(kind, sentence, self.entries.iter().copied().chain([entry]));
                }
            }
            None if context.now <= last => {
                let sentence = format!("{}; clock {} runs until {last}", self.words, self.name);
                item.raise(&RUNS, sentence, self.entries.iter().copied());
                item.open_until(last);
            }
            None => {
                let sentence = format!("{words}, and nothing stopped it");
                item.raise(kind, sentence, self.entries.iter().copied());
                item.open_until(last);
            }
        }
        item
    }
}
