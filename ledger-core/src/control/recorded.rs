//! Recorded: what persons put into force in the log: layers, and the catalogue itself.
//!
//! The `content` of a `policy.changed` of kind `overlay` is the file of a layer (`count` 1). Its version
//! counts from when it is effective, and never before it was recorded: so a later one changes nothing
//! on what came before it. A version that cannot be read is told of: then limits may be too wide.

use super::catalogue::Catalogue;
use super::layer::Layer;
use super::resolved::Resolved;
use crate::check::{Attachments, Period};
use crate::error::Result;
use crate::fact::{Facts, Said};
use crate::schema::rules::{PolicyChanged, PolicyKind};
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// Layers that stand in the log, and what cannot be told of the rules there.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The layers, each with the time in which its version counts.
    pub layers: Vec<Layer>,
    /// Why something cannot be told, in sentences.
    pub untold: Vec<String>,
}

impl Recorded {
    /// What counts somewhere in a period; codes of the catalogue that is built in.
    pub fn of(facts: &Facts, attachments: &dyn Attachments, period: Period) -> Result<Self> {
        let mut found = Self::default();
        let shipped = Resolved::at(Catalogue::shipped()?, &[], period.from)?.digest();
        for (row, from, to) in versions(facts) {
            if period.to <= from || to.is_some_and(|to| to <= period.from) {
                continue;
            }
            match row.kind {
                PolicyKind::Overlay => match layer(row, attachments) {
                    Ok(mut layer) => {
                        layer.valid_from = layer.valid_from.max(from);
                        layer.valid_to = layer.valid_to.into_iter().chain(to).min();
                        found.layers.push(layer);
                    }
                    Err(why) => found.untold.push(format!(
                        "overlay {} was put into force by entry {}, and {why}",
                        row.policy, row.at.index
                    )),
                },
                PolicyKind::Catalogue if row.after != shipped => found.untold.push(format!(
                    "catalogue {} was put into force by entry {}, and this version has {}",
                    row.after.to_reference(),
                    row.at.index,
                    shipped.to_reference()
                )),
                _ => {}
            }
        }
        Ok(found)
    }

    /// The layers that are not among those that are named: the same text counts once.
    pub fn beside(self, named: &[Layer]) -> impl Iterator<Item = Layer> {
        let known: Vec<_> = named.iter().map(|layer| layer.digest).collect();
        self.layers.into_iter().filter(move |layer| !known.contains(&layer.digest))
    }
}

/// Each version of a layer or of the catalogue, with the time in which it counts.
fn versions(
    facts: &Facts,
) -> impl Iterator<Item = (&Said<PolicyChanged>, Timestamp, Option<Timestamp>)> {
    let table = &facts.policy_changed;
    let of = |id: &str| {
        let rows = table.of(Reference::Policy, id);
        let rules =
            rows.filter(|row| matches!(row.kind, PolicyKind::Overlay | PolicyKind::Catalogue));
        let mut rows: Vec<_> =
            rules.map(|row| (row.effective_from.max(row.at.recorded), row)).collect();
        // what was recorded last and is effective first takes the place of all after it
        rows.sort_by_key(|(from, row)| (*from, row.at.index));
        let ends: Vec<_> = rows.iter().skip(1).map(|(from, _)| Some(*from)).chain([None]).collect();
        rows.into_iter().zip(ends).map(|((from, row), to)| (row, from, to)).collect::<Vec<_>>()
    };
    table.ids(Reference::Policy).into_iter().flat_map(move |id| of(id.as_str()))
}

/// The layer of a version, or why there is none.
fn layer(
    row: &Said<PolicyChanged>,
    attachments: &dyn Attachments,
) -> std::result::Result<Layer, String> {
    let digest = row.content.attachment;
    let bytes = attachments
        .read(&digest)
        .ok_or_else(|| format!("its file {} is not there", digest.to_reference()))?;
    let text = String::from_utf8(bytes).map_err(|_| "its file is not UTF-8".to_owned())?;
    let file = format!("entry {} ({})", row.at.index, row.policy);
    Layer::read(&file, &text)
        .map_err(|error| format!("its file cannot be read ({}: {error})", error.code()))
}
