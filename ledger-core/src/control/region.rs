//! Region: which layers count where.
//!
//! A layer that names regions counts for what is deployed to them. Of what says no region, nobody knows
//! that it is elsewhere: for that all layers count.

use super::layer::Layer;

/// A part of the world in which the same layers count: for each layer, in their order, whether it does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(Vec<bool>);

impl Place {
    /// Where all layers count: for what says no region.
    pub fn anywhere(layers: &[Layer]) -> Self {
        Self(layers.iter().map(|_| true).collect())
    }

    /// Where the layers count that name one of these regions, or none; anywhere if none is said.
    pub fn of(layers: &[Layer], regions: &[&str]) -> Self {
        if regions.is_empty() {
            return Self::anywhere(layers);
        }
        let counts = |layer: &Layer| regions.iter().any(|region| layer.counts_in(region));
        Self(layers.iter().map(counts).collect())
    }

    /// The layers that count there.
    pub fn layers(&self, layers: &[Layer]) -> Vec<Layer> {
        let both = layers.iter().zip(&self.0);
        both.filter(|(_, counts)| **counts).map(|(layer, _)| layer.clone()).collect()
    }
}

impl Layer {
    /// Whether it counts in a region: one that names none counts in all.
    pub fn counts_in(&self, region: &str) -> bool {
        let Some(named) = &self.regions else { return true };
        named.iter().any(|name| match name.strip_suffix('*') {
            Some(start) => region.starts_with(start),
            None => region == name,
        })
    }
}
