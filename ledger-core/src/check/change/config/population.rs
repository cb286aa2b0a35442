//! Population: what T11 goes through.

use crate::hash::Sha256;
use std::collections::{HashMap, HashSet};

use super::super::UNREAD;
use super::super::people::behind;
use super::case::Case;
use super::{SYSTEM, Settings, THRESHOLD, UNAPPROVED, UNCHANGED, exposed, loosened, severity};
use crate::check::{Census, Context, Item, Severity};
use crate::fact::scope::Standing;
use crate::fact::{At, Said};
use crate::schema::change::{FreezeAction, FreezeChanged};
use crate::schema::deploy::{ConfigAction, ConfigChanged, FeatureFlagChanged};
use crate::schema::scope::EnvironmentClass;
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// Event types whose entries are judged.
const TYPES: [&str; 6] = [
    "config.changed",
    "feature_flag.changed",
    "freeze.changed",
    "key.registered",
    "key.revoked",
    "policy.changed",
];

/// Ids that stay the same: the first change of a thing has its name, later ones their entry too.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    fn of(&mut self, name: String, at: At) -> String {
        if self.0.insert(name.clone()) { name } else { format!("{name}@{}", at.index) }
    }
}

/// Changes of settings of systems.
pub(super) fn settings(context: &Context<'_>, classes: &[String], census: &mut Census) {
    let (settings, ran) = (Settings::of(context), deployments(context));
    let mut names = Names::default();
    for row in context.facts.config_changed.all() {
        let id = names.of(format!("{}/{}", row.system, row.item), row.at);
        if !context.period.has(row.at.occurred) {
            continue;
        }
        if !classes.iter().any(|class| class == row.class.as_str()) {
            census.exclude("setting of another class");
            continue;
        }
        let mut item = Item::new(id, row.at.occurred);
        if !stands(context, row, &mut item, census) {
            continue;
        }
        item.read("class", row.class);
        item.read("action", row.action);
        item.read("weakened", row.weakened);
        let case = Case::of(row, severity(row.class));
        let approvals = case.judge(context, &mut item);
        if let Some(why) = unkept(row) {
            item.raise(&UNCHANGED, format!("{}; {why}", case.words), [row.at.index]);
        }
        if loosened(context, row, &approvals, &mut item) {
            let ran = ran.get(row.system.as_str()).map(Vec::as_slice).unwrap_or_default();
            exposed(row, settings.restored(row), ran, &mut item);
        }
        census.items.push(item);
    }
}

/// What was not kept of what a setting was before and after.
fn unkept(row: &ConfigChanged) -> Option<String> {
    let (before, after) = match row.action {
        ConfigAction::Created => (true, row.after.is_some()),
        ConfigAction::Deleted => (row.before.is_some(), true),
        ConfigAction::Changed => (row.before.is_some(), row.after.is_some()),
        ConfigAction::Bypassed => (true, true),
    };
    match (before, after) {
        (false, _) => Some("what it was before was not kept".to_owned()),
        (_, false) => Some("what it is afterwards was not kept".to_owned()),
        _ if row.action == ConfigAction::Changed && row.before == row.after => {
            let same = row.after.map(Sha256::to_reference).unwrap_or_default();
            Some(format!("before and after it is {same}"))
        }
        _ => None,
    }
}

/// Whether a setting's system and environment are in scope.
fn stands(
    context: &Context<'_>,
    row: &Said<ConfigChanged>,
    item: &mut Item,
    census: &mut Census,
) -> bool {
    item.cite([row.at.index]);
    item.system = Some(row.system.to_string());
    let Some(system) = context.facts.system(row.system.as_str(), row.at.occurred) else {
        let sentence = format!(
            "{} of {} was changed at {}, and nobody registered that system",
            row.item, row.system, row.at.occurred
        );
        item.raise(&SYSTEM, sentence, [row.at.index]);
        return true;
    };
    item.cite([system.at.index]);
    if !system.is_under(context.regime) {
        census.exclude("no system under this regime");
        return false;
    }
    let place = row.environment.as_ref();
    let known = place.and_then(|place| system.environments.iter().find(|e| e.name == *place));
    if known.is_some_and(|known| known.class != EnvironmentClass::Production) {
        census.exclude("environment is not production");
        return false;
    }
    true
}

/// Deployments to production, by system, in the order in which they began.
fn deployments<'c>(context: &Context<'c>) -> HashMap<&'c str, Vec<(Timestamp, String, u64)>> {
    let mut by: HashMap<&str, Vec<(Timestamp, String, u64)>> = HashMap::new();
    for deployment in context.facts.deployments() {
        if let Standing::Production(systems) = deployment.standing(context.facts) {
            for system in systems {
                let one = (deployment.at, deployment.id.to_owned(), deployment.first);
                by.entry(system.system.as_str()).or_default().push(one);
            }
        }
    }
    for ran in by.values_mut() {
        ran.sort_unstable();
    }
    by
}

/// Feature flags in production.
pub(super) fn flags(context: &Context<'_>, classes: &[String], census: &mut Census) {
    let mut names = Names::default();
    for row in context.facts.feature_flag_changed.all() {
        let id = names.of(format!("{}/{}", row.flag, row.environment), row.at);
        if !context.period.has(row.at.occurred) {
            continue;
        }
        if !classes.iter().any(|class| class == "feature_flag") {
            census.exclude("setting of another class");
            continue;
        }
        let mut item = Item::new(id, row.at.occurred);
        item.cite([row.at.index]);
        match flag_stands(context, row) {
            Some(FlagStands::In(system, entry)) => {
                item.system = Some(system);
                item.cite([entry]);
            }
            Some(FlagStands::Out(reason)) => {
                census.exclude(reason);
                continue;
            }
            None => {
                let sentence = format!(
                    "flag {} was {} in {} at {}, and no registered system has that environment",
                    row.flag, row.action, row.environment, row.at.occurred
                );
                item.raise(&SYSTEM, sentence, [row.at.index]);
            }
        }
        let case = Case {
            words: format!(
                "flag {} was {} in {} at {}",
                row.flag, row.action, row.environment, row.at.occurred
            ),
            at: row.at,
            changer: behind(&row.at, row.changer),
            named: row.approver,
            change: row.what.subject.get(Reference::Change),
            after: None,
            environment: Some(&row.what.environment),
            severity: Severity::High,
        };
        case.judge(context, &mut item);
        if row.before.is_none() && row.after.is_none() {
            let sentence = format!("{}; what it was before and after was not kept", case.words);
            item.raise(&UNCHANGED, sentence, [row.at.index]);
        }
        census.items.push(item);
    }
}

enum FlagStands {
    In(String, u64),
    Out(&'static str),
}

fn flag_stands(context: &Context<'_>, row: &Said<FeatureFlagChanged>) -> Option<FlagStands> {
    let system = row.subject.get(Reference::System);
    let service = row.subject.get(Reference::Service);
    let fits = |known: &&Said<crate::schema::scope::SystemRegistered>| {
        system.is_none_or(|system| known.system == *system)
            && service.is_none_or(|service| {
                known.services.as_ref().is_none_or(|services| services.contains(service))
            })
            && known.environments.iter().any(|place| place.name == row.environment)
    };
    let found: Vec<_> = context.facts.systems(row.at.occurred).into_iter().filter(fits).collect();
    if found.is_empty() {
        return None;
    }
    let production = |known: &&&Said<crate::schema::scope::SystemRegistered>| {
        known.environments.iter().any(|place| {
            place.name == row.environment && place.class == EnvironmentClass::Production
        })
    };
    let found: Vec<_> = found.iter().filter(production).collect();
    if found.is_empty() {
        return Some(FlagStands::Out("environment is not production"));
    }
    match found.iter().find(|known| known.is_under(context.regime)) {
        Some(known) => Some(FlagStands::In(known.system.to_string(), known.at.index)),
        None => Some(FlagStands::Out("no system under this regime")),
    }
}

/// Freezes that were amended or lifted.
pub(super) fn freezes(context: &Context<'_>, classes: &[String], census: &mut Census) {
    let mut names = Names::default();
    for row in context.facts.freeze_changed.all() {
        if !matches!(row.action, FreezeAction::Amended | FreezeAction::Lifted) {
            continue;
        }
        let id = names.of(format!("freeze/{}", row.freeze), row.at);
        if !context.period.has(row.at.occurred) {
            continue;
        }
        if !classes.iter().any(|class| class == "freeze") {
            census.exclude("setting of another class");
            continue;
        }
        let mut item = Item::new(id, row.at.occurred);
        item.cite([row.at.index]);
        freeze_case(row).judge(context, &mut item);
        census.items.push(item);
    }
}

fn freeze_case(row: &Said<FreezeChanged>) -> Case<'_> {
    let own = if row.at.automaton { row.at.behalf } else { row.at.actor };
    Case {
        words: format!("freeze {} was {} at {}", row.freeze, row.action, row.at.occurred),
        at: row.at,
        changer: row.requester.map_or(own, |requester| requester.pseudonym),
        named: Some(row.authority),
        change: row.what.subject.get(Reference::Change),
        after: None,
        environment: None,
        severity: Severity::High,
    }
}

/// Changes of rules and keys.
pub(super) fn rules(context: &Context<'_>, classes: &[String], census: &mut Census) {
    let mut names = Names::default();
    let facts = context.facts;
    let policies = facts.policy_changed.all().iter().map(|row| {
        (row.at, "policy", row.policy.as_str(), "put into force", row.before == row.after)
    });
    let registered = facts
        .key_registered
        .all()
        .iter()
        .map(|row| (row.at, "key", row.key.as_str(), "registered", false));
    let revoked = facts
        .key_revoked
        .all()
        .iter()
        .map(|row| (row.at, "key", row.key.as_str(), "revoked", false));
    let genesis = facts.ledger_created.all().first();
    let mut rows: Vec<_> = policies.chain(registered).chain(revoked).collect();
    rows.sort_by_key(|(at, ..)| at.index);
    for (at, class, id, verb, same) in rows {
        let name = names.of(format!("{class}/{id}"), at);
        if !context.period.has(at.occurred) {
            continue;
        }
        if !classes.iter().any(|known| known == class) {
            census.exclude("setting of another class");
            continue;
        }
        let mut item = Item::new(name, at.occurred);
        item.cite([at.index]);
        let words = format!("{class} {id} was {verb} at {}", at.occurred);
        match genesis {
            None => {
                let sentence =
                    format!("{words}; the first entry, with the threshold, was not read");
                item.raise(&THRESHOLD, sentence, [at.index]);
            }
            Some(genesis) if genesis.threshold < 2 || genesis.solo.0 => {
                let sentence = format!("{words}; in this ledger one person alone may do that");
                item.raise_as(
                    &UNAPPROVED,
                    Severity::Critical,
                    sentence,
                    [at.index, genesis.at.index],
                );
            }
            Some(genesis) => {
                item.cite([genesis.at.index]);
                item.read("threshold", genesis.threshold);
            }
        }
        if same {
            let sentence = format!("{words}; before and after it is the same");
            item.raise(&UNCHANGED, sentence, [at.index]);
        }
        census.items.push(item);
    }
}

/// Changes that cannot be read.
pub(super) fn unread(context: &Context<'_>, census: &mut Census) {
    let mut names = Names::default();
    for row in context.facts.unread.all() {
        if !TYPES.contains(&&*row.kind) || !context.period.has(row.at.occurred) {
            continue;
        }
        let about = row.subject.first().map_or("", |(_, id)| id.as_str());
        let id = names.of(format!("{}/{about}", row.kind), row.at);
        let mut item = Item::new(id, row.at.occurred);
        let sentence = format!(
            "a change of {about} at {} is of a schema that this version cannot read",
            row.at.occurred
        );
        item.raise(&UNREAD, sentence, [row.at.index]);
        census.items.push(item);
    }
}
