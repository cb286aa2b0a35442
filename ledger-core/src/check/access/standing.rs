//! T17 standing-sod-clean: no person holds duties that are in conflict, unless somebody accepted that
//! for a time and what makes up for it ran.
//!
//! Duties are those that a system's registration gives to its entitlements. A person's are those of
//! all accounts linked to them, and of each service account whose secret they can read. Other systems
//! count as their newest snapshot until then lists them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::mitigation::{CONFLICT, EXPIRED, IDLE, UNPROVEN, VALID, mitigated};
use super::observed::{Observed, Seen};
use super::ruled::Ruled;
use crate::check::matrix::{Matrix, Reach, Rule};
use crate::check::scope::{UNDECLARED, since};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, State, Test, Value, span,
};
use crate::fact::Said;
use crate::fact::people::People;
use crate::fact::snapshot::Row;
use crate::schema::records::DocumentApproved;
use crate::schema::rules::PolicyKind;
use crate::schema::words::Reference;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

const REVIEW: Parameter = Parameter::new(
    "matrix_review_every",
    || Value::days(365),
    Direction::Smaller,
    "the matrix of separated duties is reviewed and signed at least this often",
);

const UNMAPPED: Kind =
    Kind::fails("privileged-unmapped", Severity::Medium, "a privileged entitlement has no duties");
const STALE: Kind = Kind::fails(
    "matrix-not-reviewed",
    Severity::Medium,
    "the matrix was not reviewed for too long",
);
const UNSEEN: Kind = Kind::undecided(
    "snapshot-unreadable",
    Severity::High,
    "the snapshot is not whole, or cannot be read",
);
const UNSET: Kind =
    Kind::undecided("no-matrix", Severity::High, "no matrix of separated duties is given");

/// T17.
pub const TEST: Test = Test {
    id: "T17",
    name: "standing-sod-clean",
    version: "1",
    population: "access snapshots",
    rule: "No person's entitlements, over all their accounts, carry duties that are in conflict, but for those \
           that somebody accepted for a time and whose compensating tests ran without findings.",
    parameters: &[VALID, REVIEW],
    kinds: &[CONFLICT, EXPIRED, IDLE, UNMAPPED, STALE, UNSEEN, UNSET, UNPROVEN, UNDECLARED],
    run,
};

/// A duty and how it is held: in which system, by which account, read from a secret or not.
type Held<'s> = BTreeMap<&'s str, BTreeSet<(&'s str, &'s str, bool)>>;

/// What the test looks things up in.
struct Desk<'c> {
    people: People<'c>,
    observed: Observed<'c>,
    ruled: Ruled<'c>,
}

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let desk = Desk {
        people: People::of(context.facts),
        observed: Observed::of(context),
        ruled: Ruled::of(context),
    };
    let mut tested: HashMap<String, Option<State>> = HashMap::new();
    for seen in desk.observed.each() {
        let taken = seen.said.taken_at;
        if !context.period.has(taken) {
            continue;
        }
        let mut item = Item::new(format!("{}@{taken}", seen.said.system), taken);
        item.cite([seen.said.at.index]);
        if !context.counts(&mut item, seen.said.system.as_str(), &seen.words(), &mut census) {
            continue;
        }
        judge(context, &desk, seen, &mut tested, &mut item);
        census.items.push(item);
    }
    census
}

fn judge(
    context: &Context<'_>,
    desk: &Desk<'_>,
    seen: &Seen<'_>,
    tested: &mut HashMap<String, Option<State>>,
    item: &mut Item,
) {
    let entry = [seen.said.at.index];
    let (matrix, by) = desk.ruled.matrix(seen.said.taken_at, seen.said.at.index);
    item.cite(by);
    let matrix = match matrix {
        Ok(Some(matrix)) => matrix,
        Ok(None) => {
            let sentence = format!("{}: no matrix of separated duties is given", seen.words());
            return item.raise(&UNSET, sentence, entry);
        }
        Err(why) => {
            let sentence =
                format!("{}: of the matrix of separated duties in force, {why}", seen.words());
            return item.raise(&UNSET, sentence, entry.into_iter().chain(by));
        }
    };
    let Some(rows) = seen.whole() else {
        let why = seen.rows().err().unwrap_or("it is not complete");
        item.raise(&UNSEEN, format!("{}: {why}", seen.words()), entry);
        return;
    };
    item.read("rows", rows.len());
    reviewed(context, seen, item);
    let (duties, untold) = duties(context, &desk.ruled, seen);
    for (why, by) in untold {
        let sentence = format!("{}: of roles that were put into force, {why}", seen.words());
        item.raise(&UNSET, sentence, entry.into_iter().chain([by]));
    }
    unmapped(seen, rows, &duties, item);
    let all = listed(context, &desk.observed, seen, seen.said.taken_at);
    let secrets = secrets(&all);
    for names in persons(context, &desk.people, seen) {
        let held = held(&names, &all, &duties, &secrets);
        conflicts(context, matrix, seen, &names, &held, tested, item);
    }
}

/// Whom a snapshot lists, each once with all their names.
fn persons(
    context: &Context<'_>,
    people: &People<'_>,
    seen: &Seen<'_>,
) -> Vec<BTreeSet<Pseudonym>> {
    let mut done: BTreeSet<Pseudonym> = BTreeSet::new();
    let mut all = Vec::new();
    for who in seen.persons() {
        if !done.contains(who) {
            let names = people.names(*who, context.now);
            done.extend(&names);
            all.push(names);
        }
    }
    all
}

/// The duties that somebody holds.
fn held<'s>(
    names: &BTreeSet<Pseudonym>,
    all: &[&'s Seen<'_>],
    duties: &HashMap<(&'s str, &'s str), Vec<&'s str>>,
    secrets: &HashMap<(&'s str, &'s str), Vec<&'s Row>>,
) -> Held<'s> {
    let mut held: Held<'_> = BTreeMap::new();
    for other in all {
        for row in other.of_person(names) {
            hold(duties, row, &row.account, false, &mut held);
            let opened =
                row.secret_of.as_deref().and_then(|account| secrets.get(&(&*row.system, account)));
            for secret in opened.into_iter().flatten() {
                hold(duties, secret, &secret.account, true, &mut held);
            }
        }
    }
    held
}

/// Two duties that meet in one person.
#[derive(Clone, Debug)]
pub(crate) struct Meeting {
    /// The rule of the matrix.
    pub(crate) rule: String,
    /// How they are held, in words.
    pub(crate) how: String,
    /// Whether they are held in two systems.
    pub(crate) across: bool,
}

/// The duties that meet in each person whom a snapshot lists, whether or not somebody accepted that; of each
/// other system what its newest snapshot until a time says.
pub(crate) fn meetings(
    context: &Context<'_>,
    people: &People<'_>,
    observed: &Observed<'_>,
    seen: &Seen<'_>,
    until: Timestamp,
) -> HashMap<Pseudonym, Vec<Meeting>> {
    let mut found = HashMap::new();
    let ruled = Ruled::of(context);
    let (Ok(Some(matrix)), _) = ruled.matrix(seen.said.taken_at, seen.said.at.index) else {
        return found;
    };
    let (duties, _) = duties(context, &ruled, seen);
    let all = listed(context, observed, seen, until);
    let secrets = secrets(&all);
    for names in persons(context, people, seen) {
        let held = held(&names, &all, &duties, &secrets);
        let mut own: Vec<Meeting> = Vec::new();
        for rule in matrix.rules.iter().filter(|rule| rule.standing) {
            let met = rule.pairs().find_map(|(a, b)| meet(rule, a, b, seen, &held));
            own.extend(met.map(|(how, across)| Meeting { rule: rule.id.clone(), how, across }));
        }
        if !own.is_empty() {
            found.extend(names.into_iter().map(|name| (name, own.clone())));
        }
    }
    found
}

/// Whether the matrix was reviewed in time: put into force anew, or signed as document `sod-matrix`.
fn reviewed(context: &Context<'_>, seen: &Seen<'_>, item: &mut Item) {
    let at = seen.said.taken_at;
    let rules = context.facts.policy_changed.all().iter();
    let entry = seen.said.at.index;
    let rules = rules.filter(|row| row.kind == PolicyKind::Sod && row.at.index < entry);
    let rules = rules.map(|row| (row.effective_from, row.at.index));
    let signed = context.facts.document_approved.of(Reference::Document, "sod-matrix");
    // signed by somebody, in force, and not due to be reviewed again
    let counts = |row: &&Said<DocumentApproved>| {
        row.approver.pseudonym.is_some() && row.valid_from <= at && row.review_due >= at
    };
    let signed = signed.filter(counts).map(|row| (row.at.occurred, row.at.index));
    let newest = rules.chain(signed).filter(|(when, _)| *when <= at).max();
    let most = context.parameters.span(&REVIEW);
    match newest {
        Some((when, entry)) if since(when, at) <= most => item.cite([entry]),
        Some((when, entry)) => {
            let sentence = format!(
                "{}: the matrix of separated duties was last reviewed at {when}, {} before",
                seen.words(),
                span(since(when, at))
            );
            item.raise(&STALE, sentence, [seen.said.at.index, entry]);
        }
        None => {
            let sentence =
                format!("{}: nobody had reviewed the matrix of separated duties", seen.words());
            item.raise(&STALE, sentence, [seen.said.at.index]);
        }
    }
}

/// Duties by system and entitlement.
type Duties<'s> = HashMap<(&'s str, &'s str), Vec<&'s str>>;

/// The duties of entitlements, as they were registered at the time of a snapshot and put into force
/// before it; why some cannot be told.
fn duties<'s>(
    context: &Context<'s>,
    ruled: &'s Ruled<'_>,
    seen: &Seen<'_>,
) -> (Duties<'s>, Vec<(&'s str, u64)>) {
    let mut all: Duties<'s> = HashMap::new();
    let at = seen.said.taken_at;
    for system in context.facts.systems(at) {
        for one in system.what.duties.iter().flatten() {
            let duties = one.duties.iter().map(crate::schema::typed::Id::as_str);
            all.entry((system.what.system.as_str(), one.entitlement.as_str()))
                .or_default()
                .extend(duties);
        }
    }
    let (roles, untold) = ruled.roles(at, seen.said.at.index);
    for role in roles {
        let own = all.entry((&*role.system, &*role.entitlement)).or_default();
        own.extend(role.duties.iter().map(|duty| &**duty));
    }
    (all, untold)
}

fn unmapped(
    seen: &Seen<'_>,
    rows: &[Row],
    duties: &HashMap<(&str, &str), Vec<&str>>,
    item: &mut Item,
) {
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    for row in rows.iter().filter(|row| row.is_privileged() && row.is_enabled()) {
        let Some(what) = row.entitlement.as_deref() else { continue };
        if !duties.contains_key(&(&*row.system, what)) {
            missing.insert(what);
        }
    }
    if !missing.is_empty() {
        let names: Vec<&str> = missing.into_iter().collect();
        let sentence = format!(
            "{}: privileged entitlements have no duties: {}",
            seen.words(),
            names.join(", ")
        );
        item.raise(&UNMAPPED, sentence, [seen.said.at.index]);
    }
}

/// The snapshot, and the newest of each other system until a time.
fn listed<'d, 'c>(
    context: &Context<'_>,
    observed: &'d Observed<'c>,
    seen: &'d Seen<'c>,
    until: Timestamp,
) -> Vec<&'d Seen<'c>> {
    let mut all = vec![seen];
    for system in
        context.facts.systems(until).iter().filter(|known| known.system != seen.said.system)
    {
        all.extend(observed.newest(system.system.as_str(), until).map(|(other, _)| other));
    }
    all
}

/// The rows of accounts, by system and account: whoever can read their secret may do the same.
fn secrets<'s>(all: &[&'s Seen<'_>]) -> HashMap<(&'s str, &'s str), Vec<&'s Row>> {
    let rows = || all.iter().flat_map(|seen| seen.rows().unwrap_or_default());
    let opened: BTreeSet<(&str, &str)> =
        rows().filter_map(|row| Some((&*row.system, row.secret_of.as_deref()?))).collect();
    let mut found: HashMap<(&str, &str), Vec<&Row>> = HashMap::new();
    for row in rows().filter(|row| row.is_enabled()) {
        let key = (&*row.system, &*row.account);
        if opened.contains(&key) {
            found.entry(key).or_default().push(row);
        }
    }
    found
}

fn hold<'s>(
    duties: &HashMap<(&'s str, &'s str), Vec<&'s str>>,
    row: &'s Row,
    account: &'s str,
    secret: bool,
    held: &mut Held<'s>,
) {
    let Some(what) = row.entitlement.as_deref() else { return };
    for duty in duties.get(&(&*row.system, what)).into_iter().flatten() {
        held.entry(duty).or_default().insert((&row.system, account, secret));
    }
}

fn conflicts(
    context: &Context<'_>,
    matrix: &Matrix,
    seen: &Seen<'_>,
    names: &BTreeSet<Pseudonym>,
    held: &Held<'_>,
    tested: &mut HashMap<String, Option<State>>,
    item: &mut Item,
) {
    for rule in matrix.rules.iter().filter(|rule| rule.standing) {
        let Some((how, _)) = rule.pairs().find_map(|(a, b)| meet(rule, a, b, seen, held)) else {
            continue;
        };
        let who = names.first().map(ToString::to_string).unwrap_or_default();
        let words =
            format!("{}: person {who} holds {how}, which {} forbids", seen.words(), rule.id);
        mitigated(context, rule, seen, names, &words, tested, item);
    }
}

/// Where two duties meet, in words, and whether in two systems; at least one of them in the system of the
/// snapshot.
fn meet(rule: &Rule, a: &str, b: &str, seen: &Seen<'_>, held: &Held<'_>) -> Option<(String, bool)> {
    let (first, second) = (held.get(a)?, held.get(b)?);
    let here = seen.said.system.as_str();
    for (system_a, account_a, secret_a) in first {
        for (system_b, account_b, secret_b) in second {
            let reaches = match rule.reach {
                Reach::SameSystem => system_a == system_b && *system_a == here,
                Reach::Any => *system_a == here || *system_b == here,
            };
            if reaches && (!rule.through_secret || *secret_a || *secret_b) {
                let how = format!(
                    "{a} in {system_a} (account {account_a}) and {b} in {system_b} (account {account_b})"
                );
                return Some((how, system_a != system_b));
            }
        }
    }
    None
}
