//! T07 emergency-ratified: an emergency had its incident, and another person said yes afterwards.
//!
//! A deployment counts as one when its class says so, when the glass was broken for it, or when who
//! deployed it was in a break-glass session of its system. Deadlines that still run are told of.

mod after;
mod incident;
mod session;

pub(crate) use session::Sessions;

use super::{UNDECLARED, UNREAD};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, entries,
};
use crate::fact::author::{Authors, Party};
use crate::fact::deployment::Deployment;
use crate::fact::entitled::Entitled;
use crate::fact::line::Lines;
use crate::schema::words::{Class, Reference};

use super::gates::{Demands, REQUIRED};

const CLASSES: Parameter = Parameter::new(
    "classes",
    || Value::Ids(vec!["emergency".to_owned()]),
    Direction::Either,
    "classes of change that are tested; deployments in break-glass sessions are always tested",
);
const MIN_SEVERITY: Parameter = Parameter::new(
    "min_severity",
    || Value::Ids(vec!["sev3".to_owned()]),
    Direction::Smaller,
    "least severity of the incident that an emergency stands on; sev1 is the most severe",
);
const GRACE: Parameter = Parameter::new(
    "grace",
    || Value::hours(1),
    Direction::Smaller,
    "how long after the start the incident may still be opened",
);
const RECORD_WITHIN: Parameter = Parameter::new(
    "record_within",
    || Value::hours(4),
    Direction::Smaller,
    "an authorisation given by voice is recorded within this time",
);
/// Time from the end of an emergency to its ratification.
pub(crate) const RATIFY_WITHIN: Parameter = Parameter::new(
    "ratify_within",
    || Value::hours(24),
    Direction::Smaller,
    "time from the end of the deployment to its ratification, in calendar hours",
);
const UNDO_WITHIN: Parameter = Parameter::new(
    "undo_within",
    || Value::BusinessDays(5),
    Direction::Smaller,
    "time from a refused ratification to the rollback or to a normal change",
);
const BACKFILL_WITHIN: Parameter = Parameter::new(
    "backfill_within",
    || Value::BusinessDays(5),
    Direction::Smaller,
    "time in which skipped gates are run",
);
const PIR_WITHIN: Parameter = Parameter::new(
    "pir_within",
    || Value::BusinessDays(10),
    Direction::Smaller,
    "time in which the review of the incident is published",
);
const MAX_RATIO: Parameter = Parameter::new(
    "max_ratio",
    || Value::Percent(10),
    Direction::Smaller,
    "share of emergency deployments above which it is pointed out",
);

const NEVER: Kind =
    Kind::fails("never-ratified", Severity::Critical, "nobody said yes to it afterwards");
const BY_PARTY: Kind = Kind::fails(
    "ratified-by-party",
    Severity::Critical,
    "who wrote, deployed or declared it also ratified it",
);
const STANDS: Kind = Kind::fails(
    "rejected-not-undone",
    Severity::High,
    "it was refused afterwards, and still stands",
);
const NO_INCIDENT: Kind = Kind::fails(
    "no-incident",
    Severity::High,
    "no incident that is severe enough was open when it began, or soon after",
);
const UNAUTHORISED: Kind =
    Kind::fails("ratifier-unauthorised", Severity::High, "who ratified it held no role that may");
const LATE: Kind =
    Kind::fails("ratified-late", Severity::Medium, "it was ratified after the deadline");
const UNRECORDED: Kind = Kind::fails(
    "authorisation-recorded-late",
    Severity::Medium,
    "what was allowed at the time was written down long after",
);
const SKIPPED: Kind = Kind::fails(
    "gate-not-backfilled",
    Severity::Medium,
    "a gate that it skipped was not passed afterwards in time",
);
const NO_REVIEW: Kind =
    Kind::fails("no-review", Severity::Medium, "the incident was not reviewed in time");
const RATIO: Kind = Kind::fails(
    "many-emergencies",
    Severity::Info,
    "a large share of the deployments were emergencies",
);
const RUNNING: Kind =
    Kind::undecided("clock-running", Severity::Medium, "a deadline has not passed yet")
        .afterwards();
/// Who ratified it cannot be told apart from who took part.
pub(crate) const UNRESOLVED: Kind = Kind::undecided(
    "ratifier-unresolved",
    Severity::Medium,
    "it cannot be told whether who ratified it was another person with authority",
);
const GATES: Kind = Kind::undecided(
    "gates-unknown",
    Severity::Medium,
    "nobody said which gates it had to pass, so it cannot be told which it skipped",
);

/// T07.
pub const TEST: Test = Test {
    id: "T07",
    name: "emergency-ratified",
    version: "1",
    population: "emergency deployments to production",
    rule: "A severe enough incident was open; another person with authority ratified exactly what was \
           deployed in time; the gates that were skipped were passed afterwards, and the incident was \
           reviewed.",
    parameters: &[
        CLASSES,
        MIN_SEVERITY,
        GRACE,
        RECORD_WITHIN,
        RATIFY_WITHIN,
        UNDO_WITHIN,
        BACKFILL_WITHIN,
        PIR_WITHIN,
        MAX_RATIO,
        REQUIRED,
    ],
    kinds: &[
        NEVER,
        BY_PARTY,
        STANDS,
        NO_INCIDENT,
        UNAUTHORISED,
        LATE,
        UNRECORDED,
        SKIPPED,
        NO_REVIEW,
        RATIO,
        RUNNING,
        UNRESOLVED,
        GATES,
        UNREAD,
        UNDECLARED,
    ],
    run,
};

/// What all emergencies are held against.
struct Emergencies<'c> {
    context: &'c Context<'c>,
    authors: Authors<'c>,
    lines: Lines<'c>,
    entitled: Entitled<'c>,
    demands: Demands<'c>,
}

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let classes = super::classes(context, &CLASSES);
    let facts = context.facts;
    let room = Emergencies {
        context,
        authors: Authors::of(facts),
        lines: Lines::of(facts),
        entitled: Entitled::of(facts),
        demands: Demands::of(context, context.parameters.ids(&REQUIRED)),
    };
    let sessions = Sessions::of(facts);
    let (mut all, mut found): (u64, Vec<u64>) = (0, Vec::new());
    for (deployment, mut item) in super::deployments(context, &[], &mut census) {
        all += 1;
        let class = deployment.class().map_or(Class::Normal, |(class, _)| class);
        let session = sessions.around(context, &deployment);
        item.cite(session.iter().copied());
        if class == Class::Emergency || !session.is_empty() {
            found.push(deployment.first);
        }
        if !classes.contains(&class) && session.is_empty() {
            census.exclude("change of another class");
            continue;
        }
        room.judge(&deployment, &mut item);
        census.items.push(item);
    }
    census.items.extend(ratio(context, all, &found));
    census
}

/// Whether emergencies are rare; an item of its own.
fn ratio(context: &Context<'_>, all: u64, found: &[u64]) -> Option<Item> {
    let most = context.parameters.count(&MAX_RATIO);
    let many = found.len() as u64;
    // one emergency says nothing about a habit
    if many < 2 || many * 100 <= most * all {
        return None;
    }
    let mut item = Item::new("emergency-ratio", context.period.from);
    item.read("emergencies", many);
    item.read("deployments", all);
    let severity = if many * 100 > 2 * most * all { Severity::Medium } else { Severity::Info };
    let shown: Vec<u64> = found.iter().take(16).copied().collect();
    let sentence = format!(
        "{many} of {all} deployments to production were emergencies, more than {most} in a hundred ({})",
        entries(&shown)
    );
    item.raise_as(&RATIO, severity, sentence, shown);
    Some(item)
}

impl<'c> Emergencies<'c> {
    fn judge(&self, deployment: &Deployment<'c>, item: &mut Item) {
        self.incident(deployment, item);
        self.authorised(deployment, item);
        self.ratified(deployment, item);
        self.backfilled(deployment, item);
        self.reviewed(deployment, item);
    }

    /// Who took part: authors, deployer, and who declared the emergency.
    fn parties(&self, deployment: &Deployment<'c>) -> Vec<Party> {
        let mut parties = self.authors.authored(deployment, &self.lines).authors;
        parties.push(super::people::deployer(deployment));
        let broken = &self.context.facts.break_glass_used;
        parties.extend(
            broken
                .of(Reference::Deployment, deployment.reference.as_str())
                .map(|row| Party { who: row.by.pseudonym, entry: row.at.index }),
        );
        parties
    }
}
