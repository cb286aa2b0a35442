//! T21 scheduled-activity-performed: what is due in each slot of the calendar was done, by somebody,
//! and looked at by somebody else.
//!
//! The period is cut into as many equal slots as fit, rounded: a quarter is one slot of `P3M` and
//! thirteen of `P7D`. A slot longer than the period ends with it. An activity belongs to the slot in
//! which it was due, a drill to the one in which it was held.

use std::collections::BTreeMap;

use super::slot::slots;
use crate::check::scope::{UNREAD, minus, plus};
use crate::check::{
    Census, Context, Direction, Item, Kind, Other, Parameter, Period, Severity, Test, Value,
};
use crate::fact::Said;
use crate::schema::deploy::{DrillKind, DrillOutcome, DrillPerformed};
use crate::schema::records::ActivityPerformed;
use crate::schema::typed::Id;
use crate::schema::words::Reference;
use crate::time::Timestamp;

const KIND: Parameter = Parameter::new(
    "kind",
    || Value::Ids(Vec::new()),
    Direction::Either,
    "kinds of activity that are due: kinds of `drill.performed`, else kinds of `activity.performed`; a control names its own",
);
const EVERY: Parameter = Parameter::new(
    "every",
    || Value::days(90),
    Direction::Smaller,
    "one is due in each slot of this length; a control names its own",
);
const GRACE: Parameter = Parameter::new(
    "grace",
    || Value::BusinessDays(5),
    Direction::Smaller,
    "how long after its slot an activity still counts as late instead of missed",
);
const REVIEWER: Parameter = Parameter::new(
    "reviewer_required",
    || Value::Flag(true),
    Direction::Larger,
    "another person than the performer reviews the activity",
);

const MISSED: Kind =
    Kind::fails("slot-missed", Severity::High, "nothing was done in the slot, nor soon after");
const LATE: Kind = Kind::fails("activity-late", Severity::Low, "it was done after it was due");
const REVIEWED: Kind = Kind::fails(
    "not-reviewed",
    Severity::Medium,
    "nobody but the performer looked at what was done",
);
const ANOMALY: Kind = Kind::fails(
    "anomaly-without-follow-up",
    Severity::High,
    "something was found, or the drill failed, and nothing followed",
);
const INPUTS: Kind =
    Kind::fails("inputs-missing", Severity::Medium, "nothing says what was looked at");
const NOBODY: Kind = Kind::undecided(
    "person-unresolved",
    Severity::Medium,
    "it cannot be told who did it, or whether the reviewer is another person",
);
const KINDLESS: Kind = Kind::undecided(
    "kind-not-set",
    Severity::High,
    "the control does not say which kind of activity is due",
);
const RUNS: Kind =
    Kind::undecided("slot-running", Severity::Low, "the slot or its grace is not over");

/// T21.
pub const TEST: Test = Test {
    id: "T21",
    name: "scheduled-activity-performed",
    version: "1",
    population: "slots of the calendar in which an activity is due",
    rule: "In each slot, or soon after, the activity was performed by a known person over named inputs, another \
           person reviewed it, and what was found has follow-ups.",
    parameters: &[KIND, EVERY, GRACE, REVIEWER],
    kinds: &[MISSED, LATE, REVIEWED, ANOMALY, INPUTS, NOBODY, KINDLESS, RUNS, UNREAD],
    run,
};

/// One thing that was done.
#[derive(Clone, Copy)]
enum Done<'c> {
    Activity(&'c Said<ActivityPerformed>),
    Drill(&'c Said<DrillPerformed>),
}

impl Done<'_> {
    fn at(&self) -> Timestamp {
        match self {
            Self::Activity(row) => row.at.occurred,
            Self::Drill(row) => row.at.occurred,
        }
    }

    fn due(&self) -> Timestamp {
        match self {
            Self::Activity(row) => row.due,
            Self::Drill(row) => row.at.occurred,
        }
    }

    fn entry(&self) -> u64 {
        match self {
            Self::Activity(row) => row.at.index,
            Self::Drill(row) => row.at.index,
        }
    }
}

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let kinds = context.parameters.ids(&KIND);
    if kinds.is_empty() {
        let mut item = Item::new("no-kind", context.period.from);
        let all = context.facts.activity_performed.all().iter().map(|row| row.at.index);
        let sentence = "no kind of activity is set, so nobody knows what is due";
        item.raise(&KINDLESS, sentence, all.take(1).chain([0]));
        census.items.push(item);
        return census;
    }
    let slots = slots(context.period, context.parameters.span(&EVERY));
    for kind in kinds {
        let targets = targets(context, &kind, &mut census);
        for (target, done) in targets {
            for (number, slot) in slots.iter().enumerate() {
                let place =
                    if target.is_empty() { kind.clone() } else { format!("{kind}/{target}") };
                let mut item = Item::new(format!("{place}/{}", number + 1), minus(slot.to, 1));
                if !target.is_empty() {
                    item.system = Some(target.clone());
                    let known = context.facts.system(&target, item.at);
                    item.cite(known.map(|known| known.at.index));
                }
                item.read("from", slot.from);
                item.read("to", slot.to);
                judge(
                    context,
                    &format!("{place} was due from {} to {}", slot.from, slot.to),
                    *slot,
                    &done,
                    &mut item,
                );
                census.items.push(item);
            }
        }
    }
    census
}

/// What was done of a kind, by what it is due for: each system under the regime if it is a kind of
/// drill, or if such activities name systems; else everything together. What names no system counts
/// for each.
fn targets<'c>(
    context: &Context<'c>,
    kind: &str,
    census: &mut Census,
) -> BTreeMap<String, Vec<Done<'c>>> {
    let done: Vec<(Option<&str>, Done<'_>)> = if let Some(drill) = DrillKind::parse(kind) {
        let rows = context.facts.drill_performed.all().iter().filter(|row| row.kind == drill);
        rows.map(|row| (Some(row.system.as_str()), Done::Drill(row))).collect()
    } else {
        let rows = context.facts.activity_performed.all().iter();
        let rows = rows.filter(|row| row.kind.as_str() == kind);
        let system = |row: &'c Said<ActivityPerformed>| row.subject.get(Reference::System);
        rows.map(|row| (system(row).map(Id::as_str), Done::Activity(row))).collect()
    };
    let mut all: BTreeMap<String, Vec<Done<'_>>> = BTreeMap::new();
    if DrillKind::parse(kind).is_some() || done.iter().any(|(system, _)| system.is_some()) {
        for system in context.facts.systems(minus(context.period.to, 1)) {
            if system.is_under(context.regime) {
                all.insert(system.system.to_string(), Vec::new());
            } else {
                census.exclude("no system under this regime");
            }
        }
    }
    if all.is_empty() {
        // without systems it is due all the same
        all.insert(String::new(), done.into_iter().map(|(_, one)| one).collect());
        return all;
    }
    for (system, one) in done {
        match system {
            Some(system) => all.get_mut(system).into_iter().for_each(|known| known.push(one)),
            None => all.values_mut().for_each(|known| known.push(one)),
        }
    }
    all
}

fn judge(context: &Context<'_>, words: &str, slot: Period, done: &[Done<'_>], item: &mut Item) {
    let last = context.calendar.after(minus(slot.to, 1), context.parameters.count(&GRACE));
    let inside: Vec<&Done<'_>> = done.iter().filter(|one| belongs(one, slot, last)).collect();
    let cited: Vec<u64> = inside.iter().map(|one| one.entry()).collect();
    item.cite(cited.iter().copied());
    let first =
        inside.iter().filter(|one| one.at() <= last).min_by_key(|one| (one.at(), one.entry()));
    let Some(first) = first else {
        // where nothing was ever said, the beginning of the log stands for all of it
        let near = done.iter().map(Done::entry).next_back();
        let near = near.or(item.entries.first().copied()).unwrap_or_default();
        if context.now <= last {
            item.raise(
                &RUNS,
                format!("{words}; it can be done until {last}"),
                cited.into_iter().chain([near]),
            );
            item.open_until(last);
            return;
        }
        let how = inside.first().map_or("nothing says that it was done".to_owned(), |one| {
            format!("it was done at {} (entry {})", one.at(), one.entry())
        });
        item.raise(
            &MISSED,
            format!("{words}, at last until {last}; {how}"),
            cited.into_iter().chain([near]),
        );
        item.open_until(last);
        for kind in ["activity.performed", "drill.performed"] {
            context.tell_unread_of(item, kind, Period { from: slot.from, to: plus(last, 1) });
        }
        return;
    };
    let (at, due) = (first.at(), first.due());
    if at >= slot.to {
        let sentence =
            format!("{words}; it was done after that, at {at} (entry {})", first.entry());
        item.raise_as(&LATE, Severity::Medium, sentence, [first.entry()]);
    } else if at > due {
        let sentence =
            format!("{words}, the latest at {due}; it was done at {at} (entry {})", first.entry());
        item.raise(&LATE, sentence, [first.entry()]);
    }
    let told = inside.iter().filter(|one| one.at() <= last).map(|one| {
        let mut alone = Item::new(item.id.clone(), item.at);
        content(context, words, one, &mut alone);
        alone
    });
    let told: Vec<Item> = told.collect();
    // one that is as it should be is enough; what was found must be followed up in all of them
    let good = told.iter().any(|one| one.exceptions.is_empty());
    for one in told {
        item.cite(one.entries);
        let counts = |code: &str| !good || code == ANOMALY.code;
        item.exceptions.extend(one.exceptions.into_iter().filter(|e| counts(e.code)));
    }
}

fn belongs(done: &Done<'_>, slot: Period, last: Timestamp) -> bool {
    match done {
        Done::Activity(row) => slot.from < row.due && row.due <= slot.to,
        // a drill names no slot: one held soon after it makes up for none in it
        Done::Drill(row) => slot.from <= row.at.occurred && row.at.occurred <= last,
    }
}

fn content(context: &Context<'_>, words: &str, done: &Done<'_>, item: &mut Item) {
    match done {
        Done::Activity(row) => activity(context, words, row, item),
        Done::Drill(row) => {
            if row.performer.pseudonym.is_none() {
                let sentence = format!("{words}; nobody knows who did it (entry {})", row.at.index);
                item.raise(&NOBODY, sentence, [row.at.index]);
            }
            if row.outcome != DrillOutcome::Passed && !is_repeated(context, row) {
                let sentence = format!(
                    "{words}; the drill at {} {} (entry {}), and none passed after it",
                    row.at.occurred,
                    row.outcome.as_str(),
                    row.at.index
                );
                item.raise(&ANOMALY, sentence, [row.at.index]);
            }
        }
    }
}

/// Whether a drill of its kind passed after it.
fn is_repeated(context: &Context<'_>, row: &Said<DrillPerformed>) -> bool {
    let drills = context.facts.drill_performed.of(Reference::System, row.system.as_str());
    drills.into_iter().any(|later| {
        later.kind == row.kind
            && later.outcome == DrillOutcome::Passed
            && later.at.occurred > row.at.occurred
    })
}

fn activity(context: &Context<'_>, words: &str, row: &Said<ActivityPerformed>, item: &mut Item) {
    let entry = [row.at.index];
    let did = format!(
        "{words}; {} was done at {} (entry {})",
        row.activity, row.at.occurred, row.at.index
    );
    if row.inputs.is_empty() {
        item.raise(&INPUTS, format!("{did} and names no inputs"), entry);
    }
    let followed = row.follow_ups.as_ref().is_some_and(|all| !all.is_empty());
    if row.anomalies > 0 && !followed {
        let sentence = format!("{did}; it found {} anomalies, and nothing followed", row.anomalies);
        item.raise(&ANOMALY, sentence, entry);
    }
    if row.performer.pseudonym.is_none() {
        item.raise(&NOBODY, format!("{did}; nobody knows by whom"), entry);
        return;
    }
    if !context.parameters.flag(&REVIEWER) {
        return;
    }
    let Some(reviewer) = row.reviewer else {
        item.raise(&REVIEWED, format!("{did}, and nobody reviewed it"), entry);
        return;
    };
    let (other, said) = context.other(reviewer.pseudonym, row.performer.pseudonym, row.at.occurred);
    item.cite(said);
    match other {
        Other::Yes if row.reviewed_at.is_some() => {}
        Other::Yes => {
            item.raise(&REVIEWED, format!("{did}; nothing says when it was reviewed"), entry);
        }
        Other::No => item.raise(&REVIEWED, format!("{did}; who did it also reviewed it"), entry),
        Other::Unknown => {
            let sentence =
                format!("{did}; it cannot be told whether its reviewer is another person");
            item.raise(&NOBODY, sentence, entry);
        }
    }
}
