//! T13 grant-authorised: access was given as its owner had approved it, and taken away when its time
//! was over.
//!
//! An approval counts when it names the access and its entitlement (`system:role` or
//! `system:role:scope`), and nobody who gets or gives the access gave it.

use std::collections::{BTreeMap, HashSet};

use super::expiry::{self, Changed, spelled, words};
use super::timebox::{EXPIRED, GRACE, RUNS, expire, until};
use crate::check::scope::{UNDECLARED, UNREAD, plus};
use crate::check::{
    Census, Context, Direction, Item, Kind, Other, Parameter, Severity, Test, Value, entries, span,
};
use crate::fact::Said;
use crate::fact::people::People;
use crate::schema::access::{AccessAction, AccessObject};
use crate::schema::approve::{ApprovalDecided, ApprovalDecision};
use crate::schema::typed::Id;
use crate::schema::words::Reference;

const MANAGER: Parameter = Parameter::new(
    "manager_approval",
    || Value::Flag(false),
    Direction::Larger,
    "the person's manager must approve too",
);
const MAX_LAG: Parameter = Parameter::new(
    "max_lag",
    || Value::hours(1),
    Direction::Smaller,
    "how much later than it happened an approval may be recorded, if that is after the grant",
);

const SELF: Kind = Kind::fails(
    "grant-self-approved",
    Severity::Critical,
    "whoever gets or gives the access approved it",
);
const NONE: Kind = Kind::fails("no-approval", Severity::High, "nobody approved the access");
const EXCEEDS: Kind = Kind::fails(
    "grant-exceeds-approval",
    Severity::High,
    "more or something else was granted than was approved",
);
const AFTER: Kind =
    Kind::fails("approved-after-grant", Severity::Medium, "approved after it was granted");
const WRONG: Kind = Kind::fails(
    "wrong-approver",
    Severity::Medium,
    "none of the approvers owns the entitlement, or the manager did not approve",
);
const NOBODY: Kind = Kind::undecided(
    "approver-unresolved",
    Severity::Medium,
    "it cannot be told whether the approver is another person, or the owner",
);
const UNNAMED: Kind = Kind::undecided(
    "entitlement-missing",
    Severity::High,
    "the grant names no entitlement, so no approval can be held against it",
);

/// T13.
pub const TEST: Test = Test {
    id: "T13",
    name: "grant-authorised",
    version: "1",
    population: "grants and increases of access, and new accounts, tokens and keys",
    rule: "Before it was granted, an owner of the entitlement, who neither gets nor gives the access, had \
           approved at least this much, and time-boxed access ended when its time was over.",
    parameters: &[MANAGER, GRACE, MAX_LAG],
    kinds: &[SELF, NONE, EXCEEDS, EXPIRED, AFTER, WRONG, NOBODY, UNNAMED, RUNS, UNDECLARED, UNREAD],
    run,
};

type Decided = Said<ApprovalDecided>;

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let mut used = HashSet::new();
    let named = by_name(context);
    let people = People::of(context.facts);
    let ends = expiry::Removals::of(context.facts);
    let grace = context.parameters.span(&GRACE);
    for row in context.facts.access_changed.all() {
        let given = [AccessAction::Granted, AccessAction::Modified, AccessAction::Created];
        if !given.contains(&row.action) {
            continue;
        }
        let own = row.access.as_ref().or(row.approval.as_ref());
        let own = own.map_or_else(|| format!("{}@{}", row.system, row.at.index), Id::to_string);
        let id = if used.insert(own.clone()) { own } else { format!("{own}@{}", row.at.index) };
        let made = context.period.has(row.at.occurred);
        let end = until(context, row);
        if !made && !end.is_some_and(|(end, _)| context.period.has(plus(end, grace))) {
            continue;
        }
        if row.object == AccessObject::Session {
            census.exclude("sessions have a test of their own");
            continue;
        }
        let mut item = Item::new(id, row.at.occurred);
        item.cite([row.at.index]);
        if !context.counts(&mut item, row.system.as_str(), &words(row), &mut census) {
            continue;
        }
        if let Some(access) = &row.access {
            context.tell_unread(&mut item, Reference::Access, access.as_str());
        }
        if made {
            judge(context, &people, row, &named, &mut item);
        }
        if let Some((end, said)) = end {
            expire(context, row, end, said, &ends, &mut item);
        }
        census.items.push(item);
    }
    census
}

/// Approvals of accesses by their own ids: for grants that name no access.
fn by_name<'c>(context: &Context<'c>) -> BTreeMap<&'c str, Vec<&'c Decided>> {
    let mut named: BTreeMap<&str, Vec<&Decided>> = BTreeMap::new();
    for row in context.facts.approval_decided.all() {
        if row.subject.get(Reference::Access).is_some() {
            named.entry(row.approval.as_str()).or_default().push(row);
        }
    }
    named
}

fn judge<'c>(
    context: &Context<'c>,
    people: &People<'c>,
    row: &Changed,
    named: &BTreeMap<&'c str, Vec<&'c Decided>>,
    item: &mut Item,
) {
    let words = words(row);
    let privileged = row.entitlement.as_ref().is_some_and(|what| what.privileged);
    item.read("privileged", privileged);
    let approvals = approvals(context, row, named);
    item.cite(approvals.iter().map(|row| row.at.index));
    if approvals.is_empty() {
        let severity = if privileged { Severity::Critical } else { Severity::High };
        item.raise_as(&NONE, severity, format!("{words}; no approval names it"), [row.at.index]);
        return;
    }
    let indexes: Vec<u64> = approvals.iter().map(|row| row.at.index).collect();
    let cited = || indexes.iter().copied().chain([row.at.index]);
    if row.object == AccessObject::Entitlement && row.entitlement.is_none() {
        item.raise(&UNNAMED, format!("{words} and names no entitlement"), cited());
        return;
    }
    let covering: Vec<&Decided> =
        approvals.iter().copied().filter(|approval| covers(context, approval, row)).collect();
    if covering.is_empty() {
        let what = approvals.iter().find_map(|approval| approval.r#for.entitlement.as_ref());
        let what = what.map_or("nothing", Id::as_str);
        let sentence = format!("{words}; approved was {what} ({})", entries(&indexes));
        item.raise(&EXCEEDS, sentence, cited());
        return;
    }
    let most = context.parameters.span(&MAX_LAG);
    let before: Vec<&Decided> = covering
        .iter()
        .copied()
        .filter(|approval| {
            let told = approval.at.index < row.at.index || approval.at.lag() <= most;
            approval.at.occurred < row.effective_at && told && stands(context, approval, row)
        })
        .collect();
    if before.is_empty() {
        let late = covering.iter().map(|approval| approval.at.occurred).min().unwrap_or(item.at);
        let lag = covering.iter().map(|approval| approval.at.lag()).min().unwrap_or_default();
        let sentence = format!(
            "{words}; no approval stood before that: the first was given at {late} and recorded {} later ({})",
            span(lag),
            entries(&indexes)
        );
        item.raise(&AFTER, sentence, cited());
        return;
    }
    independent(context, people, row, &before, item);
}

/// Approvals that were granted for the access.
fn approvals<'c>(
    context: &Context<'c>,
    row: &Changed,
    named: &BTreeMap<&'c str, Vec<&'c Decided>>,
) -> Vec<&'c Decided> {
    let granted = |row: &&Decided| row.decision == ApprovalDecision::Granted;
    match (&row.access, &row.approval) {
        (Some(access), _) => {
            let all = context.facts.approval_decided.of(Reference::Access, access.as_str());
            all.filter(granted).collect()
        }
        (None, Some(approval)) => {
            let all = named.get(approval.as_str()).into_iter().flatten();
            all.copied().filter(granted).collect()
        }
        (None, None) => Vec::new(),
    }
}

/// Whether an approval reaches as far as the grant: what it names, else what was asked for.
fn covers(context: &Context<'_>, approval: &Decided, row: &Changed) -> bool {
    let Some(given) = &row.entitlement else { return true };
    let access = approval.subject.get(Reference::Access);
    let asked = access.and_then(|access| {
        context.facts.access_requested.of(Reference::Access, access.as_str()).next()
    });
    let fits_request = asked.is_none_or(|asked| {
        let wanted = &asked.entitlement;
        wanted.system == given.system
            && wanted.role == given.role
            && wanted.scope == given.scope
            && (wanted.privileged || !given.privileged)
    });
    let named = approval.r#for.entitlement.as_ref().map(Id::as_str);
    let role = format!("{}:{}", given.system, given.role);
    let fits_name = named.is_some_and(|named| named == role || named == spelled(given));
    fits_name && fits_request
}

/// Whether an approval was neither over nor taken back when the access was granted.
fn stands(context: &Context<'_>, approval: &Decided, row: &Changed) -> bool {
    let at = row.effective_at;
    let begun = approval.valid_from.is_none_or(|from| from <= at);
    let over = approval.valid_until.is_some_and(|until| until <= at);
    let access = approval.subject.get(Reference::Access).map_or("", Id::as_str);
    let mut later = context.facts.approval_decided.of(Reference::Access, access);
    let taken = later.any(|later| {
        matches!(later.decision, ApprovalDecision::Revoked | ApprovalDecision::Expired)
            && later.of.as_ref() == Some(&approval.approval)
            && later.at.occurred <= at
    });
    begun && !over && !taken
}

/// Whether one of the approvers is independent, and an owner; and the manager, if that is asked for.
fn independent(
    context: &Context<'_>,
    people: &People<'_>,
    row: &Changed,
    before: &[&Decided],
    item: &mut Item,
) {
    let words = words(row);
    let parties = [row.principal.pseudonym, row.executor.and_then(|who| who.pseudonym)];
    let indexes: Vec<u64> = before.iter().map(|approval| approval.at.index).collect();
    let cited = || indexes.iter().copied().chain([row.at.index]);
    let (mut others, mut unsure) = (Vec::new(), false);
    for approval in before {
        let (other, said) =
            context.other_than(approval.approver.pseudonym, parties, approval.at.occurred);
        item.cite(said);
        match other {
            Other::Yes => others.push(*approval),
            Other::Unknown => unsure = true,
            Other::No => {}
        }
    }
    if others.is_empty() {
        if unsure {
            let sentence = format!(
                "{words}; it cannot be told whether who approved it ({}) neither gets nor gives it",
                entries(&indexes)
            );
            item.raise(&NOBODY, sentence, cited());
        } else {
            let sentence = format!(
                "{words}; only who gets or gives it had approved it ({})",
                entries(&indexes)
            );
            item.raise(&SELF, sentence, cited());
        }
        return;
    }
    let at = row.effective_at;
    let owners = context.facts.system(row.system.as_str(), at).map_or(Vec::new(), |system| {
        let more = system.entitlement_owners.iter().map(|owner| owner.pseudonym);
        more.chain([system.owner.pseudonym]).collect()
    });
    if owners.is_empty() {
        // that nobody registered the system was told already
        return;
    }
    let mut needed = vec![("an owner of the entitlement", owners)];
    if context.parameters.flag(&MANAGER) {
        let manager = row.principal.pseudonym.and_then(|who| people.manager(who, at));
        item.cite(manager.map(|(_, entry)| entry));
        needed.push(("the person's manager", vec![manager.and_then(|(who, _)| who)]));
    }
    for (whom, these) in needed {
        let answers: Vec<Other> = others
            .iter()
            .map(|approval| {
                let (other, said) =
                    context.other_than(approval.approver.pseudonym, these.iter().copied(), at);
                item.cite(said);
                other
            })
            .collect();
        if answers.contains(&Other::No) {
            continue;
        }
        let kind = if answers.contains(&Other::Unknown) { &NOBODY } else { &WRONG };
        let verb = if kind.undecided { "it cannot be told whether" } else { "it was not" };
        let sentence = format!("{words}; {verb} {whom} who approved it ({})", entries(&indexes));
        item.raise(kind, sentence, cited());
    }
}
