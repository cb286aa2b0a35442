//! Change: tests about what goes to production and how it got there.

mod approval;
pub mod approved;
pub mod authority;
pub mod config;
pub mod duties;
pub mod emergency;
pub mod followed;
pub mod freeze;
pub mod gates;
pub mod identity;
mod people;
pub mod record;
pub mod runtime;
pub mod standard;

use std::collections::HashMap;

use super::{Census, Context, Item, Kind, Severity, Test};
use crate::fact::deployment::Deployment;
use crate::schema::words::{Class, Reference, Risk};

/// T01 to T12.
pub const TESTS: &[Test] = &[
    approved::TEST,
    duties::TEST,
    authority::TEST,
    identity::TEST,
    record::TEST,
    gates::TEST,
    emergency::TEST,
    standard::TEST,
    freeze::TEST,
    runtime::TEST,
    config::TEST,
    followed::TEST,
];

/// A deployment whose environment no system declares.
pub const UNDECLARED: Kind = Kind::undecided(
    "environment-undeclared",
    Severity::High,
    "no registered system has this environment, so nobody can say whether it is production",
);

/// A deployment of which entries speak that cannot be read.
pub const UNREAD: Kind = Kind::undecided(
    "entries-unread",
    Severity::High,
    "entries about it are of a schema that this version cannot read",
);

/// The deployments that a test judges, as [`Context::deployments`] has them; where entries speak of
/// one that cannot be read, nobody knows what they say.
pub(super) fn deployments<'c>(
    context: &Context<'c>,
    classes: &[Class],
    census: &mut Census,
) -> Vec<(Deployment<'c>, Item)> {
    let mut items = context.deployments(classes, census, &UNDECLARED);
    let mut unread: HashMap<(Reference, &str), Vec<u64>> = HashMap::new();
    for row in &context.facts.unread {
        for (reference, id) in &row.subject {
            unread.entry((*reference, id.as_str())).or_default().push(row.at.index);
        }
    }
    if unread.is_empty() {
        return items;
    }
    for (deployment, item) in &mut items {
        let artifact = deployment.artifact().map(super::super::hash::Sha256::to_reference);
        let about = [
            (Reference::Deployment, Some(deployment.reference.as_str())),
            (Reference::Change, deployment.change().map(super::super::schema::typed::Id::as_str)),
            (Reference::Artifact, artifact.as_deref()),
        ];
        let named = about.into_iter().filter_map(|(name, id)| unread.get(&(name, id?)));
        let indexes: Vec<u64> = named.flatten().copied().collect();
        if !indexes.is_empty() {
            let sentence = format!(
                "{}, and {} about it cannot be read",
                deployment.words(),
                super::entries(&indexes)
            );
            item.raise(&UNREAD, sentence, indexes);
        }
    }
    items
}

/// The classes that a parameter names.
fn classes(context: &Context<'_>, parameter: &super::Parameter) -> Vec<Class> {
    context.parameters.ids(parameter).iter().filter_map(|word| Class::parse(word)).collect()
}

/// The risk of the deployment's change when it began, and the entry that says so: as it was classified,
/// else as the change says, else as its impact was assessed.
fn risk_of(context: &Context<'_>, deployment: &Deployment<'_>) -> Option<(Risk, u64)> {
    let facts = context.facts;
    let change = deployment.change()?.as_str();
    let before = |at: &crate::fact::At| at.occurred < deployment.at;
    let classified = facts
        .change_classified
        .of(Reference::Change, change)
        .rev()
        .filter(|row| before(&row.at))
        .find_map(|row| Some((row.risk?, row.at.index)));
    let recorded = || {
        let rows = facts.change_recorded.of(Reference::Change, change).rev();
        rows.filter(|row| before(&row.at)).find_map(|row| Some((row.risk?, row.at.index)))
    };
    let assessed = || {
        let mut rows = facts.change_impact_assessed.of(Reference::Change, change).rev();
        rows.find(|row| before(&row.at)).map(|row| (row.level, row.at.index))
    };
    classified.or_else(recorded).or_else(assessed)
}

/// Whether the deployment's change is of one of these kinds; one whose kind nobody said may be of any.
fn is_of_kind(context: &Context<'_>, deployment: &Deployment<'_>, kinds: &[String]) -> bool {
    let classified = deployment.change().and_then(|change| {
        context
            .facts
            .change_classified
            .of(Reference::Change, change.as_str())
            .rev()
            .filter(|row| row.at.occurred <= deployment.at && row.at.index < deployment.first)
            .find_map(|row| row.kind)
    });
    classified.is_none_or(|kind| kinds.iter().any(|word| word == kind.as_str()))
}
