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

pub(crate) use self::approval::{counted, fits};

use super::{Census, Context, Item, Kind, Severity, Test, entries};
use crate::fact::deployment::Deployment;
use crate::fact::scope::Standing;
use crate::hash::Sha256;
use crate::schema::typed::Id;
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

/// Deployments to production of systems under the regime, in the period, of these classes (all,
/// if none is named), each as an item that has read what it is. What is left out is counted.
///
/// An environment that no system declares cannot be told apart from production: it stays in,
/// undecided. So does a deployment of which entries speak that cannot be read.
pub(super) fn deployments<'c>(
    context: &Context<'c>,
    classes: &[Class],
    census: &mut Census,
) -> Vec<(Deployment<'c>, Item)> {
    let mut items = Vec::new();
    for deployment in context.facts.deployments() {
        if !context.period.has(deployment.at) {
            continue;
        }
        let standing = deployment.standing(context.facts);
        let under = standing.systems().iter().any(|system| system.is_under(context.regime));
        match &standing {
            Standing::Other(_) => {
                census.exclude("environment is not production");
                continue;
            }
            Standing::Production(_) if !under => {
                census.exclude("no system under this regime");
                continue;
            }
            _ => {}
        }
        let class = deployment.class();
        // what nobody classified needs what a normal change needs
        let judged = class.map_or(Class::Normal, |(class, _)| class);
        if !classes.is_empty() && !classes.contains(&judged) {
            census.exclude("change of another class");
            continue;
        }
        let mut item = Item::new(deployment.id, deployment.at);
        item.cite(deployment.entries());
        item.cite(class.map(|(_, entry)| entry));
        item.cite(standing.systems().iter().map(|system| system.at.index));
        item.system = standing.systems().first().map(|system| system.system.to_string());
        item.read("class", class.map_or("none", |(class, _)| class.as_str()));
        let artifact = deployment.artifact().map(Sha256::to_reference);
        if let Some(artifact) = &artifact {
            item.read("artifact", artifact);
        }
        if let Some(change) = deployment.change() {
            item.read("change", change);
        }
        if matches!(standing, Standing::Undeclared) {
            let sentence = format!(
                "{}, and no registered system has this environment of this service",
                deployment.words()
            );
            item.raise(&UNDECLARED, sentence, deployment.entries());
        }
        unread(context, &deployment, artifact.as_deref(), &mut item);
        items.push((deployment, item));
    }
    items
}

/// Where entries speak of a deployment that cannot be read, nobody knows what they say.
fn unread(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    artifact: Option<&str>,
    item: &mut Item,
) {
    let about = [
        (Reference::Deployment, Some(deployment.reference.as_str())),
        (Reference::Change, deployment.change().map(Id::as_str)),
        (Reference::Artifact, artifact),
    ];
    let named = about.into_iter().filter_map(|(name, id)| Some(context.unread(name, id?)));
    let indexes: Vec<u64> = named.flatten().map(|row| row.at.index).collect();
    if !indexes.is_empty() {
        let sentence =
            format!("{}, and {} about it cannot be read", deployment.words(), entries(&indexes));
        item.raise(&UNREAD, sentence, indexes);
    }
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
    let before = |at: &crate::fact::At| at.occurred < deployment.at && at.index < deployment.first;
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
