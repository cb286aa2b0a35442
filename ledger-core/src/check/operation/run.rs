//! T22 run-failures-followed-up: every run that was expected took place, and who runs failed was
//! repeated or became an incident.
//!
//! The schedule is what the slots say: a job or backup that ran at a steady pace is expected to go on.
//! The pace is the commonest distance between its slots' first runs, in whole hours; a system under
//! the regime without any backup has none at all.

use std::collections::BTreeMap;

use crate::check::scope::{UNDECLARED, UNREAD, minus, plus, since};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Period, Severity, Test, Value, span,
};
use crate::fact::Facts;
use crate::schema::words::{JobOutcome, Reference};
use crate::time::Timestamp;

const FOLLOW_UP: Parameter = Parameter::new(
    "follow_up_within",
    || Value::days(1),
    Direction::Smaller,
    "time from a failed or missing run to its rerun or incident",
);

const ABSENT: Kind =
    Kind::fails("run-absent", Severity::High, "a run that was expected did not take place");
const IGNORED: Kind = Kind::fails(
    "failure-ignored",
    Severity::High,
    "a run failed, and was neither repeated nor became an incident",
);
const LATE: Kind =
    Kind::fails("follow-up-late", Severity::Medium, "a failed run was followed up too late");
const PACE: Kind = Kind::undecided(
    "schedule-unknown",
    Severity::Low,
    "too few runs are known to tell when the next was expected",
);
const RUNS: Kind =
    Kind::undecided("follow-up-running", Severity::Low, "the time for following up is not over");

/// T22.
pub const TEST: Test = Test {
    id: "T22",
    name: "run-failures-followed-up",
    version: "1",
    population: "scheduled jobs and backups",
    rule: "Each job and backup ran in each of its slots and succeeded, or the failure was repeated with success \
           or became an incident in time; every system under the regime has a backup.",
    parameters: &[FOLLOW_UP],
    kinds: &[ABSENT, IGNORED, LATE, PACE, RUNS, UNDECLARED, UNREAD],
    run,
};

/// Microseconds of an hour.
const HOUR: u64 = 3600 * 1_000_000;

/// Least number of slots that make a pace.
const ENOUGH: usize = 3;

/// One run.
#[derive(Clone, Copy)]
struct Run<'f> {
    slot: &'f str,
    at: Timestamp,
    entry: u64,
    outcome: JobOutcome,
    rerun_of: Option<&'f str>,
    incident: Option<&'f str>,
}

/// The runs of one job, or of one backup of a system.
struct Line<'f> {
    id: String,
    system: Option<&'f str>,
    subject: (Reference, &'f str),
    runs: Vec<Run<'f>>,
}

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    for line in lines(context.facts) {
        let known = line.runs.iter().any(|run| context.period.has(run.at));
        let before = line.runs.iter().any(|run| run.at < context.period.from);
        if !known && !before {
            continue;
        }
        let last = minus(context.period.to, 1);
        let mut item = Item::new(line.id.clone(), last);
        let words = format!("{} ran", line.id);
        item.cite(line.runs.iter().filter(|run| context.period.has(run.at)).map(|run| run.entry));
        item.cite(line.runs.last().map(|run| run.entry));
        if let Some(system) = line.system
            && !context.counts(&mut item, system, &words, &mut census)
        {
            continue;
        }
        let (reference, id) = line.subject;
        context.tell_unread(&mut item, reference, id);
        expected(context, &line, &mut item);
        for run in line.runs.iter().filter(|run| context.period.has(run.at)) {
            followed(context, &line, run, &mut item);
        }
        census.items.push(item);
    }
    without(context, &mut census);
    census
}

/// All jobs and backups.
fn lines(facts: &Facts) -> Vec<Line<'_>> {
    let mut all: BTreeMap<String, Line<'_>> = BTreeMap::new();
    for row in facts.job_run.all() {
        let id = format!("job/{}", row.job);
        let system = row.subject.get(Reference::System).map(crate::schema::typed::Id::as_str);
        let subject = (Reference::Job, row.job.as_str());
        let line = all.entry(id.clone()).or_insert(Line { id, system, subject, runs: Vec::new() });
        line.runs.push(Run {
            slot: row.slot.as_str(),
            at: row.started_at,
            entry: row.at.index,
            outcome: row.outcome,
            rerun_of: row.rerun_of.as_ref().map(crate::schema::typed::Id::as_str),
            incident: row.incident.as_ref().map(crate::schema::typed::Id::as_str),
        });
    }
    for row in facts.backup_run.all() {
        let dataset = row.dataset.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
        let id = format!("backup/{}{dataset}", row.system);
        let system = Some(row.system.as_str());
        let subject = (Reference::System, row.system.as_str());
        let line = all.entry(id.clone()).or_insert(Line { id, system, subject, runs: Vec::new() });
        line.runs.push(Run {
            slot: row.slot.as_str(),
            at: row.started_at,
            entry: row.at.index,
            outcome: row.outcome,
            rerun_of: row.rerun_of.as_ref().map(crate::schema::typed::Id::as_str),
            incident: None,
        });
    }
    let mut lines: Vec<Line<'_>> = all.into_values().collect();
    for line in &mut lines {
        line.runs.sort_by_key(|run| (run.at, run.entry));
    }
    lines
}

/// The first run of each slot; a rerun opens none.
fn firsts<'f>(line: &Line<'f>) -> Vec<Run<'f>> {
    let mut seen = std::collections::BTreeSet::new();
    let scheduled = line.runs.iter().filter(|run| run.rerun_of.is_none());
    scheduled.filter(|run| seen.insert(run.slot)).copied().collect()
}

/// The commonest distance of runs in whole hours; the longer of two that are as common.
fn pace(firsts: &[Run<'_>]) -> Option<u64> {
    let mut found: BTreeMap<u64, usize> = BTreeMap::new();
    for pair in firsts.windows(2) {
        if let [first, next] = pair {
            let hours = (since(first.at, next.at) + HOUR / 2) / HOUR;
            *found.entry(hours.max(1) * HOUR).or_default() += 1;
        }
    }
    if firsts.len() < ENOUGH {
        return None;
    }
    found.into_iter().max_by_key(|(length, count)| (*count, *length)).map(|(length, _)| length)
}

/// Whether it went on at its pace, to the end of the period.
fn expected(context: &Context<'_>, line: &Line<'_>, item: &mut Item) {
    let (id, within) = (&line.id, context.parameters.span(&FOLLOW_UP));
    let firsts = firsts(line);
    let Some(pace) = pace(&firsts) else {
        let sentence =
            format!("{id} ran {} times, too few to tell when it runs next", firsts.len());
        item.raise(&PACE, sentence, line.runs.iter().map(|run| run.entry).take(ENOUGH));
        return;
    };
    item.read("every", span(pace));
    // half a pace late is late; more is another run that is not there
    let most = pace + pace / 2;
    let end = Run {
        at: context.period.to.min(context.now),
        slot: "",
        entry: 0,
        outcome: JobOutcome::Succeeded,
        rerun_of: None,
        incident: None,
    };
    let ends = firsts.iter().chain([&end]);
    for (before, next) in firsts.iter().zip(ends.skip(1)) {
        let gap = since(before.at, next.at);
        let due = plus(before.at, pace);
        if gap <= most || !context.period.has(due) {
            continue;
        }
        let until = plus(due, within);
        let incident = line
            .runs
            .iter()
            .find(|run| run.incident.is_some() && run.at > before.at && run.at <= until);
        if let Some(run) = incident {
            item.cite([run.entry]);
            continue;
        }
        let cited = [before.entry, next.entry].into_iter().filter(|entry| *entry > 0);
        if next.slot.is_empty() && context.now < until {
            item.raise(
                &RUNS,
                format!("{id} was expected at {due}; it can be made up for until {until}"),
                cited,
            );
            continue;
        }
        let then = if next.slot.is_empty() { "did not run until" } else { "ran next at" };
        let sentence = format!(
            "{id} ran at {} (slot {}), was expected again at {due}, and {then} {}",
            before.at, before.slot, next.at
        );
        item.raise(&ABSENT, sentence, cited);
    }
}

/// Whether a run that did not succeed was repeated, or became an incident.
fn followed(context: &Context<'_>, line: &Line<'_>, run: &Run<'_>, item: &mut Item) {
    if run.outcome == JobOutcome::Succeeded {
        return;
    }
    let last = plus(run.at, context.parameters.span(&FOLLOW_UP));
    let repeated = line.runs.iter().find(|later| {
        let same = later.rerun_of == Some(run.slot) || later.slot == run.slot;
        same && later.at > run.at && later.outcome == JobOutcome::Succeeded
    });
    let incident = incident(context, run);
    let repeated = repeated.map(|later| (later.at, later.entry));
    let words = format!(
        "{} {} at {} (slot {}, entry {})",
        line.id,
        run.outcome.as_str(),
        run.at,
        run.slot,
        run.entry
    );
    match [repeated, incident].into_iter().flatten().min() {
        Some((at, entry)) if at <= last => item.cite([entry]),
        Some((at, entry)) => {
            let late = span(since(last, at));
            let sentence =
                format!("{words} and was followed up at {at} (entry {entry}), {late} late");
            item.raise(&LATE, sentence, [run.entry, entry]);
        }
        None if context.now < last => {
            item.raise(&RUNS, format!("{words} and can be followed up until {last}"), [run.entry]);
        }
        None => {
            let sentence =
                format!("{words}, and was neither repeated with success nor became an incident");
            item.raise(&IGNORED, sentence, [run.entry]);
        }
    }
}

/// When the incident that a run names was opened; none if it never was.
fn incident(context: &Context<'_>, run: &Run<'_>) -> Option<(Timestamp, u64)> {
    let mut rows = context.facts.incident_changed.of(Reference::Incident, run.incident?);
    rows.next().map(|row| (row.at.occurred.max(run.at), row.at.index))
}

/// Systems under the regime of which no backup is known, if backups are recorded here at all.
fn without(context: &Context<'_>, census: &mut Census) {
    let last = minus(context.period.to, 1);
    for system in context.facts.systems(last) {
        let id = system.system.as_str();
        let known =
            context.facts.backup_run.of(Reference::System, id).any(|row| row.started_at <= last);
        if known || !system.is_under(context.regime) {
            continue;
        }
        let mut item = Item::new(format!("backup/{id}"), last);
        item.system = Some(id.to_owned());
        let sentence = format!("no backup of system {id} is known until {last}");
        item.raise(&ABSENT, sentence, [system.at.index]);
        context.tell_unread_of(
            &mut item,
            "backup.run",
            Period { from: context.period.from, to: context.period.to },
        );
        census.items.push(item);
    }
}
