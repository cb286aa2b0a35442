//! Place: in which part of the world an item is, so that the rules of its region judge it.

use std::collections::{BTreeSet, HashMap};

use crate::check::Item;
use crate::control::{Layer, Place};
use crate::fact::Facts;
use crate::fact::deployment::Deployment;
use crate::schema::typed::Id;

/// The parts of the world in which different layers count, and the deployments of each.
#[derive(Debug, Default)]
pub(super) struct Places<'f> {
    /// First what says no region: there all layers count.
    parts: Vec<(Place, BTreeSet<&'f str>)>,
    /// By the id of a deployment: its part, and its first entry.
    of: HashMap<&'f str, (usize, u64)>,
}

impl<'f> Places<'f> {
    /// The parts; one where no layer names a region.
    pub(super) fn of(layers: &[Layer], facts: &'f Facts) -> Self {
        let mut found =
            Self { parts: vec![(Place::anywhere(layers), BTreeSet::new())], of: HashMap::new() };
        if layers.iter().all(|layer| layer.regions.is_none()) {
            return found;
        }
        for deployment in facts.deployments() {
            let regions = regions(facts, &deployment);
            let place = Place::of(layers, &regions);
            let known = found.parts.iter().position(|(known, _)| *known == place);
            let number = known.unwrap_or_else(|| {
                found.parts.push((place, BTreeSet::new()));
                found.parts.len() - 1
            });
            if let Some((_, names)) = found.parts.get_mut(number) {
                names.extend(regions);
            }
            found.of.insert(deployment.id, (number, deployment.first));
        }
        found
    }

    /// Each part, with the regions that are in it.
    pub(super) fn parts(&self) -> impl Iterator<Item = (usize, &Place, Vec<String>)> {
        let names = |names: &BTreeSet<&str>| names.iter().map(ToString::to_string).collect();
        self.parts.iter().enumerate().map(move |(part, (place, of))| (part, place, names(of)))
    }

    /// In which part an item is: a deployment in that of its region, everything else in the first.
    pub(super) fn part(&self, item: &Item) -> usize {
        match self.of.get(item.id.as_str()) {
            // an item of another kind may have the same name, and does not stand on that entry
            Some((part, first)) if item.entries.binary_search(first).is_ok() => *part,
            _ => 0,
        }
    }
}

/// The regions of a deployment: its own, else all of its systems.
fn regions<'f>(facts: &'f Facts, deployment: &Deployment<'f>) -> Vec<&'f str> {
    if let Some(region) = deployment.started.and_then(|row| row.what.region.as_ref()) {
        return vec![region.as_str()];
    }
    let standing = deployment.standing(facts);
    standing.systems().iter().flat_map(|row| &row.what.regions).map(Id::as_str).collect()
}
