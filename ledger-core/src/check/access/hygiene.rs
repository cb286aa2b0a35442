//! T20 account-hygiene: every account is somebody's, used, and protected as it should be.
//!
//! Judged is the newest whole snapshot of each system until the end of the period. Where a snapshot
//! tells of no use at all, its source does not know: then it cannot be told what is dormant.

use std::collections::{BTreeMap, HashMap};

use super::observed::{Observed, Seen};
use crate::check::scope::{UNDECLARED, since};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, span,
};
use crate::fact::people::People;
use crate::fact::snapshot::{AccountType, Row};
use crate::schema::access::PersonEvent;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

pub(crate) const DORMANT: Parameter = Parameter::new(
    "dormant_after",
    || Value::days(90),
    Direction::Smaller,
    "an account not used for this time is dormant",
);
pub(crate) const DORMANT_PRIVILEGED: Parameter = Parameter::new(
    "dormant_after_privileged",
    || Value::days(45),
    Direction::Smaller,
    "the same for a privileged account",
);
pub(crate) const NEVER: Parameter = Parameter::new(
    "never_used_after",
    || Value::days(30),
    Direction::Smaller,
    "an account or grant not used this long after it was given",
);
pub(crate) const ROTATE: Parameter = Parameter::new(
    "rotate_every",
    || Value::days(90),
    Direction::Smaller,
    "oldest key of a service account",
);
pub(crate) const MFA: Parameter = Parameter::new(
    "mfa_privileged",
    || Value::Flag(true),
    Direction::Larger,
    "privileged accounts need a second factor",
);

const ORPHAN: Kind = Kind::fails(
    "orphan-account",
    Severity::High,
    "the account belongs to nobody who works here, or to no service with an owner and purpose",
);
const SHARED: Kind =
    Kind::fails("shared-unowned", Severity::High, "a shared account has no owner or no purpose");
const FACTOR: Kind = Kind::fails(
    "privileged-without-mfa",
    Severity::High,
    "a privileged account needs no second factor",
);
const ASLEEP: Kind = Kind::fails(
    "dormant-account",
    Severity::Medium,
    "an account that can be used was not used for long",
);
const UNUSED: Kind =
    Kind::fails("never-used", Severity::Low, "the account was never used since it was given");
const OLD: Kind =
    Kind::fails("key-too-old", Severity::Medium, "the key of a service account is too old");
const NOBODY: Kind = Kind::undecided(
    "holder-unresolved",
    Severity::Medium,
    "nobody knows a record of the person whose account it is",
);
const UNKNOWN: Kind = Kind::undecided(
    "account-data-missing",
    Severity::Low,
    "the snapshot does not say what the rule asks for",
);
const UNSEEN: Kind = Kind::undecided(
    "access-not-observed",
    Severity::High,
    "no whole snapshot of the system was taken in the period",
);

/// T20.
pub const TEST: Test = Test {
    id: "T20",
    name: "account-hygiene",
    version: "1",
    population: "accounts in the newest snapshot of each system",
    rule: "Every account that can be used is somebody's who works here, or a service's or group's with an owner \
           and a purpose; it is used; privileged ones need a second factor, and keys of services are changed.",
    parameters: &[DORMANT, DORMANT_PRIVILEGED, NEVER, ROTATE, MFA],
    kinds: &[ORPHAN, SHARED, FACTOR, ASLEEP, UNUSED, OLD, NOBODY, UNKNOWN, UNSEEN, UNDECLARED],
    run,
};

/// All rows of one account.
struct Account<'c> {
    rows: Vec<&'c Row>,
    at: Timestamp,
    /// Whether the snapshot tells of use at all.
    tells_use: bool,
    used: Option<Timestamp>,
}

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let (observed, people) = (Observed::of(context), People::of(context.facts));
    let used = used(context);
    let last = Timestamp::from_micros(context.period.to.micros().saturating_sub(1));
    let last = last.unwrap_or(context.period.to);
    let mut systems: Vec<&str> =
        context.facts.systems(last).iter().map(|s| s.system.as_str()).collect();
    systems.extend(observed.each().map(|seen| seen.said.system.as_str()));
    systems.sort_unstable();
    systems.dedup();
    for system in systems {
        let found = observed.newest(system, last);
        let found = found.filter(|(seen, _)| context.period.has(seen.said.taken_at));
        let Some((seen, rows)) = found else {
            unseen(context, &observed, system, last, &mut census);
            continue;
        };
        let tells_use = rows.iter().any(|row| row.last_used.is_some() || row.last_login.is_some());
        let mut accounts: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in rows {
            accounts.entry(&row.account).or_default().push(row);
        }
        for (account, rows) in accounts {
            if rows.iter().all(|row| row.enabled == Some(false)) {
                census.exclude("account is disabled");
                continue;
            }
            let at = seen.said.taken_at;
            let mut item = Item::new(format!("{system}/{account}"), at);
            item.cite([seen.said.at.index]);
            let words = format!("account {account} in {}", seen.words());
            if !context.counts(&mut item, system, &words, &mut census) {
                continue;
            }
            let known =
                rows.iter().filter_map(|row| row.person.and_then(|who| used.get(&(who, system))));
            let known = known.map(|(at, entry)| {
                item.cite([*entry]);
                *at
            });
            let used = known.max();
            let account = Account { rows, at, tells_use, used };
            judge(context, &people, seen, &account, &words, &mut item);
            census.items.push(item);
        }
    }
    census
}

/// When a person last used a system, as its log says.
fn used<'c>(context: &Context<'c>) -> HashMap<(Pseudonym, &'c str), (Timestamp, u64)> {
    let mut all: HashMap<(Pseudonym, &str), (Timestamp, u64)> = HashMap::new();
    for row in context.facts.access_used.all() {
        if let Some(who) = row.principal.pseudonym {
            let newest =
                all.entry((who, row.system.as_str())).or_insert((row.last_at, row.at.index));
            *newest = (*newest).max((row.last_at, row.at.index));
        }
    }
    all
}

fn unseen(
    context: &Context<'_>,
    observed: &Observed<'_>,
    system: &str,
    last: Timestamp,
    census: &mut Census,
) {
    let mut item = Item::new(system, last);
    let all = observed.all(system).iter();
    let in_period = all.filter(|seen| context.period.has(seen.said.taken_at));
    let seen: Vec<_> = in_period.collect();
    item.cite(seen.iter().map(|seen| seen.said.at.index));
    let words = format!("system {system} has no whole snapshot in the period");
    if seen.is_empty() && context.facts.system(system, last).is_none() {
        return;
    }
    if !context.counts(&mut item, system, &words, census) {
        return;
    }
    let why = seen.last().map(|seen| {
        let why = seen.rows().err().unwrap_or("it is not complete");
        format!(": {}, and {why}", seen.words())
    });
    let cited: Vec<u64> = item.entries.clone();
    item.raise(&UNSEEN, format!("{words}{}", why.unwrap_or_default()), cited);
    census.items.push(item);
}

fn judge(
    context: &Context<'_>,
    people: &People<'_>,
    seen: &Seen<'_>,
    account: &Account<'_>,
    words: &str,
    item: &mut Item,
) {
    let entry = [seen.said.at.index];
    let kind = account.rows.iter().find_map(|row| row.account_type);
    let privileged = account.rows.iter().any(|row| row.is_privileged());
    item.read("privileged", privileged);
    let owned = account.rows.iter().any(|row| row.owner.is_some());
    let purpose = account.rows.iter().any(|row| row.purpose.is_some());
    match kind {
        Some(AccountType::Shared | AccountType::BreakGlass) if !(owned && purpose) => {
            let missing = if owned { "purpose" } else { "owner" };
            item.raise(&SHARED, format!("{words} is shared and has no {missing}"), entry);
        }
        Some(AccountType::Service) if !(owned && purpose) => {
            let missing = if owned { "purpose" } else { "owner" };
            item.raise(&ORPHAN, format!("{words} is a service's and has no {missing}"), entry);
        }
        Some(AccountType::Shared | AccountType::BreakGlass | AccountType::Service) => {}
        Some(AccountType::Personal) | None => held(people, account, words, entry, item),
    }
    owner(people, account, words, entry, item);
    if kind == Some(AccountType::Service) {
        key(context, account, words, entry, item);
    } else if privileged && context.parameters.flag(&MFA) {
        let factors: Vec<bool> = account.rows.iter().filter_map(|row| row.mfa).collect();
        if factors.contains(&false) {
            item.raise(&FACTOR, format!("{words} is privileged and needs no second factor"), entry);
        } else if factors.is_empty() {
            let sentence = format!("{words} is privileged, and its second factor is not told of");
            item.raise(&UNKNOWN, sentence, entry);
        }
    }
    dormant(context, account, privileged, words, entry, item);
}

/// Whether somebody who works here holds it.
fn held(people: &People<'_>, account: &Account<'_>, words: &str, entry: [u64; 1], item: &mut Item) {
    let Some(who) = account.rows.iter().find_map(|row| row.person) else {
        item.raise(&ORPHAN, format!("{words} is linked to no person"), entry);
        return;
    };
    match people.newest(who, account.at) {
        None => {
            let sentence = format!("{words} is said to be {who}'s, of whom there is no record");
            item.raise(&NOBODY, sentence, entry);
        }
        Some(word) if word.event == PersonEvent::Left => {
            let sentence = format!("{words} is {who}'s, who left at {}", word.effective_at);
            item.raise(&ORPHAN, sentence, [word.at.index].into_iter().chain(entry));
        }
        Some(word) => item.cite([word.at.index]),
    }
}

/// Whether the owner, where it is a person, still works here.
fn owner(
    people: &People<'_>,
    account: &Account<'_>,
    words: &str,
    entry: [u64; 1],
    item: &mut Item,
) {
    let owner = account.rows.iter().find_map(|row| row.owner.as_deref());
    let Some(owner) = owner.and_then(|owner| owner.parse::<Pseudonym>().ok()) else { return };
    if let Some(word) = people.left(owner, account.at) {
        let sentence = format!("{words} is owned by {owner}, who left at {}", word.effective_at);
        item.raise(&ORPHAN, sentence, [word.at.index].into_iter().chain(entry));
    }
}

fn key(
    context: &Context<'_>,
    account: &Account<'_>,
    words: &str,
    entry: [u64; 1],
    item: &mut Item,
) {
    let most = context.parameters.span(&ROTATE);
    match account.rows.iter().filter_map(|row| row.key_rotated_at).min() {
        None => {
            let sentence = format!("{words} is a service's, and the age of its key is not told of");
            item.raise(&UNKNOWN, sentence, entry);
        }
        Some(rotated) if since(rotated, account.at) > most => {
            let age = span(since(rotated, account.at));
            let sentence = format!("{words} has a key that was changed at {rotated}, {age} before");
            item.raise(&OLD, sentence, entry);
        }
        Some(_) => {}
    }
}

fn dormant(
    context: &Context<'_>,
    account: &Account<'_>,
    privileged: bool,
    words: &str,
    entry: [u64; 1],
    item: &mut Item,
) {
    let listed = account.rows.iter().flat_map(|row| [row.last_used, row.last_login]).flatten();
    let limit = if privileged { &DORMANT_PRIVILEGED } else { &DORMANT };
    let limit = context.parameters.span(limit);
    if let Some(used) = listed.chain(account.used).max() {
        let idle = since(used, account.at);
        if idle > limit {
            let severity = if privileged { Severity::High } else { Severity::Medium };
            let sentence = format!("{words} was last used at {used}, {} before", span(idle));
            item.raise_as(&ASLEEP, severity, sentence, entry);
        }
        return;
    }
    let given =
        account.rows.iter().flat_map(|row| [row.created_at, row.granted_at]).flatten().min();
    if !account.tells_use {
        item.raise(&UNKNOWN, format!("{words}: its source tells of no use"), entry);
        return;
    }
    let Some(given) = given else {
        let sentence = format!("{words} was never used, and nothing says since when it is there");
        item.raise(&UNKNOWN, sentence, entry);
        return;
    };
    let age = since(given, account.at);
    if age > context.parameters.span(&NEVER) {
        let sentence = format!("{words} is there since {given}, {}, and was never used", span(age));
        item.raise(&UNUSED, sentence, entry);
    }
}
