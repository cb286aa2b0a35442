//! Leave: exceptions from a freeze.

use std::collections::HashMap;

use super::calendar::Version;
use super::{AFTERWARDS, FROZEN, SINGLE_USE, SPENT, UNRESOLVED, WRONGLY};
use crate::check::{Context, Item, Other};
use crate::fact::Said;
use crate::fact::deployment::Deployment;
use crate::fact::entitled::{Entitled, Held};
use crate::fact::scope::Standing;
use crate::hash::Sha256;
use crate::schema::change::{FreezeAction, FreezeChanged};
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// The duty to decide on freezes.
const FREEZES: &str = "FZ";

/// Deployments to production, by what an exception may name.
pub(super) struct Uses<'c> {
    change: HashMap<&'c str, Vec<Use>>,
    artifact: HashMap<Sha256, Vec<Use>>,
}

/// A deployment: when it began, its first entry, and its artifact.
type Use = (Timestamp, u64, Option<Sha256>);

impl<'c> Uses<'c> {
    pub(super) fn of(context: &Context<'c>) -> Self {
        let mut uses = Self { change: HashMap::new(), artifact: HashMap::new() };
        if context.facts.freeze_changed.all().is_empty() {
            return uses;
        }
        for deployment in context.facts.deployments() {
            if matches!(deployment.standing(context.facts), Standing::Other(_)) {
                continue;
            }
            let artifact = deployment.artifact();
            let one = (deployment.at, deployment.first, artifact);
            if let Some(change) = deployment.change() {
                uses.change.entry(change.as_str()).or_default().push(one);
            }
            if let Some(artifact) = artifact {
                uses.artifact.entry(artifact).or_default().push(one);
            }
        }
        for used in uses.change.values_mut() {
            used.sort_by_key(|(at, first, _)| (*at, *first));
        }
        uses.artifact
            .values_mut()
            .for_each(|used| used.sort_by_key(|(at, first, _)| (*at, *first)));
        uses
    }

    /// The first deployment that used an exception.
    fn first(&self, row: &Said<FreezeChanged>) -> Option<(Timestamp, u64)> {
        let exception = row.exception.as_ref()?;
        let used = match (&exception.change, exception.artifact) {
            (Some(change), _) => self.change.get(change.as_str())?,
            (None, Some(artifact)) => self.artifact.get(&artifact)?,
            (None, None) => return None,
        };
        let begin = used.partition_point(|(at, ..)| *at <= row.at.occurred);
        let named = |one: &&Use| exception.artifact.is_none() || one.2 == exception.artifact;
        used.iter().skip(begin).find(named).map(|(at, first, _)| (*at, *first))
    }
}

/// Whether somebody who could had let it through before.
pub(super) fn judge(
    context: &Context<'_>,
    entitled: &Entitled<'_>,
    uses: &Uses<'_>,
    deployment: &Deployment<'_>,
    version: Version<'_>,
    item: &mut Item,
) {
    let words =
        format!("{}, in freeze {} from {}", deployment.words(), version.id, version.window_words());
    let rows = context.facts.freeze_changed.of(Reference::Freeze, version.id.as_str());
    let granted: Vec<&Said<FreezeChanged>> = rows
        .filter(|row| row.action == FreezeAction::ExceptionGranted)
        .filter(|row| fits(row, deployment))
        .collect();
    let before = |row: &&&Said<FreezeChanged>| {
        row.at.occurred < deployment.at && row.at.index < deployment.first
    };
    let standing =
        granted.iter().filter(before).rfind(|row| !revoked(context, version, row, deployment));
    let cited = |entry: u64| deployment.entries().chain([version.entry, entry]);
    let Some(row) = standing else {
        let later = granted.iter().find(|row| !before(row));
        if let Some(row) = later {
            let sentence = format!(
                "{words}; it was let through at {}, after it had begun (entry {})",
                row.at.occurred, row.at.index
            );
            item.raise(&AFTERWARDS, sentence, cited(row.at.index));
        } else {
            let sentence = format!("{words}; nobody had let it through");
            item.raise(&FROZEN, sentence, cited(version.entry));
        }
        return;
    };
    item.cite([row.at.index]);
    allowed(context, entitled, deployment, version, row, &words, item);
    if context.parameters.flag(&SINGLE_USE)
        && let Some((at, first)) = uses.first(row)
        && first != deployment.first
    {
        let sentence = format!(
            "{words}; the exception (entry {}) had been used at {at} (entry {first})",
            row.at.index
        );
        item.raise(&SPENT, sentence, cited(row.at.index).chain([first]));
    }
}

/// Whether an exception is for exactly this deployment: what it names must be there.
fn fits(row: &FreezeChanged, deployment: &Deployment<'_>) -> bool {
    let Some(exception) = &row.exception else { return false };
    let change = exception.change.as_ref();
    let artifact = exception.artifact;
    (change.is_some() || artifact.is_some())
        && change.is_none_or(|change| Some(change) == deployment.change())
        && artifact.is_none_or(|artifact| Some(artifact) == deployment.artifact())
}

/// Whether an exception had been taken back.
fn revoked(
    context: &Context<'_>,
    version: Version<'_>,
    granted: &Said<FreezeChanged>,
    deployment: &Deployment<'_>,
) -> bool {
    context.facts.freeze_changed.of(Reference::Freeze, version.id.as_str()).any(|row| {
        row.action == FreezeAction::ExceptionRevoked
            && row.at.index > granted.at.index
            && row.at.index < deployment.first
            && row.at.occurred <= deployment.at
            && (row.exception.is_none() || fits(row, deployment))
    })
}

/// Whether who let it through had authority over the freeze, and had not asked for it.
fn allowed(
    context: &Context<'_>,
    entitled: &Entitled<'_>,
    deployment: &Deployment<'_>,
    version: Version<'_>,
    row: &Said<FreezeChanged>,
    words: &str,
    item: &mut Item,
) {
    let (who, at, entry) = (row.authority.pseudonym, row.at.occurred, row.at.index);
    let cited = || deployment.entries().chain([version.entry, entry]);
    let asked = row.requester.and_then(|requester| requester.pseudonym);
    let (other, said) = context.other(who, asked, at);
    match other {
        Other::Yes => item.cite(said),
        Other::No => {
            let sentence = format!("{words}; who let it through (entry {entry}) had asked for it");
            item.raise(&WRONGLY, sentence, cited().chain(said));
            return;
        }
        Other::Unknown => {
            let sentence = format!(
                "{words}; it cannot be told whether who let it through (entry {entry}) had asked for it"
            );
            item.raise(&UNRESOLVED, sentence, cited().chain(said));
            return;
        }
    }
    let (own, said) = context.other(who, version.row.authority.pseudonym, at);
    item.cite(said);
    if own == Other::No {
        return;
    }
    match entitled.holds(who, FREEZES, deployment, at) {
        Held::Yes(said) => item.cite(said),
        Held::No(why, said) => {
            let sentence = format!("{words}; who let it through (entry {entry}) {why}");
            item.raise(&WRONGLY, sentence, cited().chain(said));
        }
        Held::Unknown(why) => {
            let sentence = format!("{words}; of who let it through (entry {entry}), {why}");
            item.raise(&UNRESOLVED, sentence, cited());
        }
    }
}
