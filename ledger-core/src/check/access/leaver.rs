//! T14 leaver-removed: whoever left lost all access in time, and did nothing after.
//!
//! What a leaver had is what the newest snapshot until then listed and what was given since. It is
//! gone when the system says that it was taken away, or a later whole snapshot does not list it.
//! An account that is linked to nobody is for T20 to tell of.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::activity::Activity;
use super::changes::Changes;
use super::expiry::{ends, takes};
use super::observed::Observed;
use crate::check::scope::{UNDECLARED, UNREAD, plus, since};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, span,
};
use crate::fact::Said;
use crate::fact::people::People;
use crate::schema::access::{AccessChanged, AccessObject, PersonChanged, PersonEvent};
use crate::schema::scope::SystemRegistered;
use crate::schema::words::Reference;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

const SLA: Parameter = Parameter::new(
    "leaver_sla",
    || Value::days(1),
    Direction::Smaller,
    "time from leaving to the end of all access",
);
const INVOLUNTARY: Parameter = Parameter::new(
    "leaver_sla_involuntary",
    || Value::hours(1),
    Direction::Smaller,
    "the same where the person did not leave by choice",
);
const PRIVILEGED: Parameter = Parameter::new(
    "leaver_sla_privileged",
    || Value::hours(1),
    Direction::Smaller,
    "the same for privileged access",
);

const ACTED: Kind = Kind::fails(
    "activity-after-leaving",
    Severity::Critical,
    "something was done in the name of somebody who had left",
);
const ACTIVE: Kind = Kind::fails(
    "access-still-active",
    Severity::Critical,
    "access was not taken away from somebody who had left",
);
const TOKEN: Kind = Kind::fails(
    "token-or-key-left",
    Severity::High,
    "a token, key or session was not taken away from somebody who had left",
);
const LATE: Kind =
    Kind::fails("access-removed-late", Severity::Medium, "access was taken away too late");
const UNSEEN: Kind = Kind::undecided(
    "access-not-observed",
    Severity::Medium,
    "no whole snapshot tells what access there was, or that it is gone",
);
const NOBODY: Kind =
    Kind::undecided("person-unresolved", Severity::High, "it cannot be told who left");
/// The time for it is not over.
pub(crate) const RUNS: Kind = Kind::undecided(
    "removal-running",
    Severity::Low,
    "the time for taking access away is not over",
);

/// What says that access was not taken away in time.
pub(crate) const BROKEN: &[Kind] = &[ACTIVE, TOKEN, LATE];
/// What says that this cannot be told.
pub(crate) const UNTOLD: &[Kind] = &[UNSEEN, NOBODY, UNDECLARED, UNREAD];

/// T14.
pub const TEST: Test = Test {
    id: "T14",
    name: "leaver-removed",
    version: "1",
    population: "persons who left",
    rule: "In each system in scope all accounts, entitlements, tokens, keys and sessions of the person were \
           taken away in time, and nothing was done in their name after they had left.",
    parameters: &[SLA, INVOLUNTARY, PRIVILEGED],
    kinds: &[ACTED, ACTIVE, TOKEN, LATE, UNSEEN, NOBODY, RUNS, UNDECLARED, UNREAD],
    run,
};

type Left = Said<PersonChanged>;
type Changed = Said<AccessChanged>;

/// What the test looks things up in.
struct Desk<'c> {
    people: People<'c>,
    observed: Observed<'c>,
    changes: Changes<'c>,
    activity: Activity<'c>,
    /// In which systems anybody had anything.
    used: HashMap<Pseudonym, BTreeSet<&'c str>>,
}

impl<'c> Desk<'c> {
    fn of(context: &Context<'c>) -> Self {
        let (observed, changes) = (Observed::of(context), Changes::of(context));
        let mut used: HashMap<Pseudonym, BTreeSet<&str>> = HashMap::new();
        for (who, system) in changes.by_person.keys() {
            used.entry(*who).or_default().insert(system);
        }
        for seen in observed.each() {
            for who in seen.persons() {
                used.entry(*who).or_default().insert(seen.said.system.as_str());
            }
        }
        let (people, activity) = (People::of(context.facts), Activity::of(context.facts));
        Self { people, observed, changes, activity, used }
    }
}

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let desk = Desk::of(context);
    let mut used = HashSet::new();
    for row in context.facts.person_changed.all() {
        if row.event != PersonEvent::Left || !context.period.has(row.effective_at) {
            continue;
        }
        let who = row.person.pseudonym;
        if who.is_some_and(|who| is_replaced(&desk, context, row, who)) {
            census.exclude("a later word gives another time of leaving");
            continue;
        }
        let record = row.subject.get(Reference::Person);
        let id = record.map_or_else(|| format!("left@{}", row.at.index), ToString::to_string);
        let id = if used.insert(id.clone()) { id } else { format!("{id}@{}", row.at.index) };
        let mut item = Item::new(id, row.effective_at);
        item.cite([row.at.index]);
        item.read("left", row.effective_at);
        if let Some(record) = record {
            context.tell_unread(&mut item, Reference::Person, record.as_str());
        }
        judge(context, &desk, row, &mut item);
        census.items.push(item);
    }
    census
}

/// Whether the next word on the person is that they left, at another time.
fn is_replaced(desk: &Desk<'_>, context: &Context<'_>, row: &Left, who: Pseudonym) -> bool {
    let words = desk.people.words(who, context.now);
    let mut after = words.iter().skip_while(|word| word.at.index != row.at.index).skip(1);
    after.next().is_some_and(|next| next.event == PersonEvent::Left)
}

fn words(row: &Left) -> String {
    let who = row.person.pseudonym.map_or("somebody".to_owned(), |who| format!("person {who}"));
    format!("{who} left at {} (entry {})", row.effective_at, row.at.index)
}

fn judge(context: &Context<'_>, desk: &Desk<'_>, row: &Left, item: &mut Item) {
    let Some(who) = row.person.pseudonym else {
        item.raise(&NOBODY, format!("{}; nobody was disclosed", words(row)), [row.at.index]);
        return;
    };
    let names = desk.people.names(who, context.now);
    let systems = context.facts.systems(row.effective_at);
    let systems: Vec<_> = systems.into_iter().filter(|s| s.is_under(context.regime)).collect();
    item.read("systems", systems.len());
    let used = names.iter().filter_map(|name| desk.used.get(name)).flatten();
    let strange: BTreeSet<&str> =
        used.copied().filter(|id| context.facts.system(id, row.effective_at).is_none()).collect();
    for id in strange {
        let sentence =
            format!("{}, had access to {id}, and no such system is registered", words(row));
        item.raise(&UNDECLARED, sentence, [row.at.index]);
    }
    if systems.is_empty() {
        let sentence =
            format!("{}, and no system is registered where access had to end", words(row));
        item.raise(&UNDECLARED, sentence, [row.at.index]);
    }
    let mut held = Vec::new();
    for system in systems {
        item.cite([system.at.index]);
        held.extend(in_system(context, desk, row, &names, system, item));
    }
    item.read("held", held.len());
    if let Some(last) =
        held.into_iter().collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max())
    {
        item.read("removed", last);
    }
    let back = desk.people.words(who, context.now);
    let back = back
        .iter()
        .find(|word| word.event == PersonEvent::Joined && word.effective_at > row.effective_at);
    let until = back.map_or(context.now, |word| word.effective_at);
    for (at, entry, what) in desk.activity.between(&names, row.effective_at, until) {
        let late = span(since(row.effective_at, at));
        let sentence =
            format!("{}; {late} later, at {at}, they {what} (entry {entry})", words(row));
        item.raise(&ACTED, sentence, [row.at.index, entry]);
    }
}

/// Something that a leaver had.
struct Held {
    what: String,
    object: AccessObject,
    privileged: bool,
    entry: u64,
    gone: Option<(Timestamp, u64)>,
}

/// Tells of all that the person had in a system; when each was gone, if it is.
fn in_system(
    context: &Context<'_>,
    desk: &Desk<'_>,
    row: &Left,
    names: &BTreeSet<Pseudonym>,
    system: &Said<SystemRegistered>,
    item: &mut Item,
) -> Vec<Option<Timestamp>> {
    let (id, left) = (system.system.as_str(), row.effective_at);
    let before = desk.observed.newest(id, left);
    let later: Vec<_> = desk
        .observed
        .after(id, left)
        .filter(|(seen, _)| seen.said.taken_at <= context.now)
        .collect();
    if before.is_none() && later.is_empty() {
        let sentence =
            format!("{}; no whole snapshot of {id} tells what access they had", words(row));
        let unread = desk.observed.all(id).iter().map(|seen| seen.said.at.index);
        item.raise(&UNSEEN, sentence, unread.chain([row.at.index, system.at.index]));
        return Vec::new();
    }
    item.cite(before.iter().chain(&later).map(|(seen, _)| seen.said.at.index));
    let listed = |seen: &super::observed::Seen<'_>| seen.of_person(names).next().is_some();
    // from when on no snapshot lists them
    let still = later.iter().rposition(|(seen, _)| listed(seen));
    let gone = later.get(still.map_or(0, |place| place + 1));
    let gone = gone.map(|(seen, _)| (seen.said.taken_at, seen.said.at.index));
    let mut held = given(desk, names, id, left, gone);
    let removed = removed(
        desk,
        names,
        id,
        left,
        still.and_then(|place| later.get(place)).map(|(seen, _)| seen.said.taken_at),
    );
    let first = before
        .filter(|(seen, _)| listed(seen))
        .or_else(|| later.iter().find(|(seen, _)| listed(seen)).copied());
    if let Some((seen, _)) = first {
        let last = still
            .and_then(|place| later.get(place))
            .map_or(seen.said.at.index, |(seen, _)| seen.said.at.index);
        held.push(Held {
            what: format!("access to {id} as {} lists it", seen.words()),
            object: AccessObject::Account,
            privileged: seen.of_person(names).any(crate::fact::snapshot::Row::is_privileged),
            entry: last,
            gone: removed.or(gone),
        });
    }
    for one in &held {
        tell(context, row, one, item);
    }
    held.into_iter().map(|one| one.gone.map(|(at, _)| at)).collect()
}

/// What was given until the person left and was not taken away before, and when it was taken away.
fn given(
    desk: &Desk<'_>,
    names: &BTreeSet<Pseudonym>,
    system: &str,
    left: Timestamp,
    listed_until: Option<(Timestamp, u64)>,
) -> Vec<Held> {
    let mut rows: Vec<&Changed> = names
        .iter()
        .filter_map(|name| desk.changes.by_person.get(&(*name, system)))
        .flatten()
        .copied()
        .collect();
    rows.sort_by_key(|row| (row.effective_at, row.at.index));
    let mut held = Vec::new();
    for (place, row) in rows.iter().enumerate().filter(|(_, row)| !takes(row)) {
        let taken = rows.iter().skip(place + 1).find(|later| {
            let named = later.access.is_some() && later.access == row.access;
            takes(later) && (named || ends(later, row))
        });
        let taken = taken.map(|row| (row.effective_at, row.at.index));
        if taken.is_some_and(|(at, _)| at <= left) {
            continue;
        }
        // a snapshot lists accounts and entitlements only
        let seen = matches!(row.object, AccessObject::Account | AccessObject::Entitlement);
        held.push(Held {
            what: format!("the {} given at {}", row.object.as_str(), row.effective_at),
            object: row.object,
            privileged: row.entitlement.as_ref().is_some_and(|what| what.privileged),
            entry: row.at.index,
            gone: taken.or(listed_until.filter(|_| seen)),
        });
    }
    held
}

/// When the account itself was taken away, if no later snapshot lists it again.
fn removed(
    desk: &Desk<'_>,
    names: &BTreeSet<Pseudonym>,
    system: &str,
    left: Timestamp,
    listed: Option<Timestamp>,
) -> Option<(Timestamp, u64)> {
    let rows =
        names.iter().filter_map(|name| desk.changes.by_person.get(&(*name, system))).flatten();
    let account = |row: &&&Changed| row.object == AccessObject::Account && takes(row);
    let first =
        rows.copied().filter(|row| account(&row)).map(|row| (row.effective_at, row.at.index));
    first.filter(|(at, _)| *at >= left && listed.is_none_or(|listed| *at > listed)).min()
}

fn tell(context: &Context<'_>, row: &Left, held: &Held, item: &mut Item) {
    let mut limit = context.parameters.span(&SLA);
    if row.involuntary.0 {
        limit = limit.min(context.parameters.span(&INVOLUNTARY));
    }
    if held.privileged {
        limit = limit.min(context.parameters.span(&PRIVILEGED));
    }
    let (left, what) = (row.effective_at, &held.what);
    let last = plus(left, limit);
    let cited = [row.at.index, held.entry];
    match held.gone {
        Some((at, entry)) if at <= last => item.cite([entry]),
        Some((at, entry)) => {
            let severity = if held.privileged { Severity::High } else { Severity::Medium };
            let late = span(since(left, at));
            let sentence = format!(
                "{}; {what} was gone {late} later (entry {entry}), not within {}",
                words(row),
                span(limit)
            );
            item.raise_as(&LATE, severity, sentence, cited.into_iter().chain([entry]));
        }
        None if context.now < last => {
            let sentence = format!("{}; {what} has to be gone at {last}", words(row));
            item.raise(&RUNS, sentence, cited);
        }
        None => {
            use AccessObject::{Key, Session, Token};
            let token = matches!(held.object, Key | Session | Token);
            let kind = if token { &TOKEN } else { &ACTIVE };
            let sentence =
                format!("{}; nothing until {} says that {what} is gone", words(row), context.now);
            item.raise(kind, sentence, cited);
        }
    }
}
