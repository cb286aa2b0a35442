//! Drift: settings that were found to differ from what was decided.

use std::collections::BTreeSet;

use super::CONFIG;
use crate::check::{Census, Context, Item};
use crate::fact::Said;
use crate::hash::Sha256;
use crate::schema::deploy::{ConfigDrifted, DriftState};
use crate::schema::scope::SystemRegistered;
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// The drifts that were found in the period.
pub(super) fn judge(context: &Context<'_>, census: &mut Census) {
    let mut seen = BTreeSet::new();
    for row in context.facts.config_drifted.all() {
        if row.state != DriftState::Detected {
            continue;
        }
        let name = format!("{}/{}", row.system, row.item);
        let id = if seen.insert(name.clone()) { name } else { format!("{name}@{}", row.at.index) };
        if !context.period.has(row.at.occurred) {
            continue;
        }
        let system = context.facts.system(row.system.as_str(), row.at.occurred);
        if system.is_some_and(|system| !system.is_under(context.regime)) {
            census.exclude("no system under this regime");
            continue;
        }
        let mut item = Item::new(id, row.at.occurred);
        item.cite([row.at.index]);
        item.cite(system.map(|system| system.at.index));
        item.system = Some(row.system.to_string());
        explained(context, row, &mut item);
        census.items.push(item);
    }
}

/// Whether a change put there what was found, or somebody accepted it.
fn explained(context: &Context<'_>, row: &Said<ConfigDrifted>, item: &mut Item) {
    let id = row.system.as_str();
    let change = context
        .facts
        .config_changed
        .of(Reference::System, id)
        .rfind(|known| known.item == row.item && known.at.occurred <= row.at.occurred);
    let seen = row.observed;
    if let Some(change) = change.filter(|change| seen.is_some() && change.after == seen) {
        return item.cite([change.at.index]);
    }
    let yes = context.facts.config_drifted.of(Reference::System, id).find(|known| {
        known.state == DriftState::Accepted
            && known.item == row.item
            && seen.is_some()
            && known.observed == seen
            && known.approver.is_some_and(|approver| approver.pseudonym.is_some())
    });
    if let Some(yes) = yes {
        return item.cite([yes.at.index]);
    }
    let sentence = format!(
        "{} of {id} was found at {} as {}, decided was {}, and nobody changed or accepted it",
        row.item,
        row.at.occurred,
        words(row.observed),
        words(row.expected)
    );
    item.raise(&CONFIG, sentence, [row.at.index].into_iter().chain(change.map(|row| row.at.index)));
}

/// Whether somebody had accepted that a system runs with this.
pub(super) fn accepted(
    context: &Context<'_>,
    system: &SystemRegistered,
    config: Sha256,
    at: Timestamp,
) -> bool {
    context.facts.config_drifted.of(Reference::System, system.system.as_str()).any(|row| {
        row.state == DriftState::Accepted
            && row.observed == Some(config)
            && row.at.occurred <= at
            && row.due.is_none_or(|due| at < due)
            && row.approver.is_some_and(|approver| approver.pseudonym.is_some())
    })
}

fn words(digest: Option<Sha256>) -> String {
    digest.map_or("something that was not kept".to_owned(), Sha256::to_reference)
}
