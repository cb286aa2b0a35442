//! Seen: pairs of workload and digest that were observed running, and whether something explains them.

use std::collections::{BTreeMap, BTreeSet};

use super::expected::Expected;
use super::{stands, workload};
use crate::check::{Census, Context, Item};
use crate::time::Timestamp;

/// Whether a pair is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Explained {
    /// A deployment put it there, whenever it was observed.
    Yes,
    /// At least once nothing had.
    No,
    /// It cannot be told: where it ran is declared by nobody, or the list cannot be read.
    Unknown,
    /// It does not count: it ran elsewhere than in production.
    Elsewhere,
}

/// One pair, or one observation that has none.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Environment, service and digest; for an observation of which nothing is known environment and
    /// time.
    pub item: String,
    /// When it was first observed.
    pub at: Timestamp,
    pub service: Option<String>,
    pub explained: Explained,
    /// Whether all lists that it stands on were complete.
    pub complete: bool,
    pub entries: BTreeSet<u64>,
}

/// What was observed in the period, each pair once.
pub(crate) fn seen(context: &Context<'_>) -> Vec<Seen> {
    let expected = Expected::of(context);
    let mut pairs: BTreeMap<String, Seen> = BTreeMap::new();
    let rows = context.facts.runtime_observed.all().iter();
    for row in rows.filter(|row| context.period.has(row.taken_at)) {
        let whole = |explained| Seen {
            item: format!("{}/{}@{}", row.environment, row.taken_at, row.at.index),
            at: row.taken_at,
            service: None,
            explained,
            complete: row.complete,
            entries: BTreeSet::from([row.at.index]),
        };
        let (mut item, mut census) = (Item::new("", row.taken_at), Census::default());
        let place = stands(context, row, &mut item, &mut census);
        let bytes = context.attachments.read(&row.workloads.attachment);
        let list = bytes.and_then(|bytes| workload::read(&bytes, row.workloads.count));
        let (systems, list) = match (place, list) {
            (None, _) => {
                let apart = whole(Explained::Elsewhere);
                pairs.insert(apart.item.clone(), apart);
                continue;
            }
            (Some(systems), Some(list)) => (systems, list),
            (Some(_), None) => {
                let untold = whole(Explained::Unknown);
                pairs.insert(untold.item.clone(), untold);
                continue;
            }
        };
        for one in list {
            let found = expected.of_service(context, &one.service, row);
            let by = found.explains(one.artifact);
            let explained = match by {
                _ if systems.is_empty() => Explained::Unknown,
                Some(_) => Explained::Yes,
                None => Explained::No,
            };
            let digest = one.artifact.to_reference();
            let id = format!("{}/{}/{digest}", row.environment, one.service);
            let known = pairs.entry(id.clone()).or_insert(Seen {
                item: id,
                service: Some(one.service.clone()),
                ..whole(explained)
            });
            known.at = known.at.min(row.taken_at);
            known.explained = worse(known.explained, explained);
            known.complete &= row.complete;
            known.entries.extend([row.at.index].into_iter().chain(by));
        }
    }
    pairs.into_values().collect()
}

/// Once unexplained is unexplained, whatever else is known.
fn worse(a: Explained, b: Explained) -> Explained {
    if a == Explained::No || b == Explained::No { Explained::No } else { a.max(b) }
}
