//! Layer: what a region, a company or a system adds to the catalogue. It selects and tightens.

use serde::Deserialize;

use super::catalogue::Strength;
use super::parse;
use crate::error::{Error, Result};
use crate::time::Timestamp;

/// Where a layer stands; layers are applied in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayerKind {
    /// What holds in a region.
    Region,
    /// What a company asks of itself.
    Company,
    /// What holds for a legal entity or a system.
    System,
}

impl LayerKind {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Company => "company",
            Self::System => "system",
        }
    }
}

/// One layer, as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its version.
    pub version: String,
    /// Where it stands.
    pub kind: LayerKind,
    /// The first day on which it counts, UTC.
    #[serde(deserialize_with = "day")]
    pub valid_from: Timestamp,
    /// The first day on which it counts no longer, UTC.
    #[serde(default, deserialize_with = "maybe_day")]
    pub valid_to: Option<Timestamp>,
    /// Layers that come before it.
    #[serde(default)]
    pub extends: Vec<String>,
    /// Regions of deployments for which it counts, or with a final `*` the beginning of some; none: all.
    #[serde(default)]
    pub regions: Option<Vec<String>>,
    /// Controls that are left out.
    #[serde(default)]
    pub exclude: Vec<Exclude>,
    /// Controls that are brought back.
    #[serde(default)]
    pub include: Vec<Include>,
    /// Limits that are set.
    #[serde(default)]
    pub set: Vec<Set>,
    /// Citations that are added.
    #[serde(default)]
    pub cite: Vec<Cite>,
    /// Guidance that is added.
    #[serde(default)]
    pub guide: Vec<Guide>,
    /// How things are shown.
    #[serde(default)]
    pub display: Vec<Display>,
    /// The file it was read from.
    #[serde(skip)]
    pub file: String,
    /// SHA-256 of its text.
    #[serde(skip)]
    pub digest: crate::hash::Sha256,
}

/// A control that a layer leaves out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclude {
    /// The control.
    pub control: String,
    /// Why.
    pub reason: String,
    /// Who decided so.
    pub approver: String,
}

/// A control that a layer brings back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Include {
    /// The control.
    pub control: String,
}

/// A limit that a layer sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Test and name, with a dot between.
    pub parameter: String,
    /// Its value.
    pub value: toml::Value,
    /// The provision, or the company's policy.
    pub basis: String,
}

/// A citation that a layer adds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cite {
    /// The control.
    pub control: String,
    /// The place.
    pub r#ref: String,
    /// How far the evidence reaches.
    pub strength: Strength,
}

/// Guidance that a layer adds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guide {
    /// The control.
    pub control: String,
    /// What to know.
    pub text: String,
}

/// How a layer has something shown.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Display {
    /// What.
    pub key: String,
    /// How.
    pub value: String,
}

/// The layers that are built in.
const SHIPPED: [(&str, &str); 4] = [
    ("controls/overlays/eu.toml", include_str!("../../../controls/overlays/eu.toml")),
    ("controls/overlays/uk.toml", include_str!("../../../controls/overlays/uk.toml")),
    ("controls/overlays/de.toml", include_str!("../../../controls/overlays/de.toml")),
    ("controls/overlays/us.toml", include_str!("../../../controls/overlays/us.toml")),
];

impl Layer {
    /// Reads a layer; codes `control-file` with file and line, `layer-region`.
    pub fn read(file: &str, text: &str) -> Result<Self> {
        let mut layer: Self = parse(file, text)?;
        if layer.valid_to.is_some_and(|to| to <= layer.valid_from) {
            return Err(Error::malformed("control-file", "it ends before it begins").at(file));
        }
        if let Some(regions) = &layer.regions {
            let wrong = |message: &str| Err(Error::refused("layer-region", message).at(file));
            if regions.is_empty() || regions.iter().any(String::is_empty) {
                return wrong("a layer of regions names at least one, and none without a name");
            }
            // of what says no region all layers count: an exclusion would leave out too much
            if !layer.exclude.is_empty() {
                return wrong("a layer of some regions leaves no control out");
            }
        }
        file.clone_into(&mut layer.file);
        layer.digest = crate::hash::Sha256::of(text.as_bytes());
        Ok(layer)
    }

    /// The layers that are built in.
    pub fn shipped() -> Result<Vec<Self>> {
        SHIPPED.iter().map(|(file, text)| Self::read(file, text)).collect()
    }

    /// Whether it counts at a time.
    pub fn counts(&self, at: Timestamp) -> bool {
        self.valid_from <= at && self.valid_to.is_none_or(|to| at < to)
    }
}

fn day<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Timestamp, D::Error> {
    let text = String::deserialize(from)?;
    Timestamp::of_day(&text)
        .map_err(|_| serde::de::Error::custom(format!("`{text}` is no day like 2026-01-31")))
}

fn maybe_day<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> std::result::Result<Option<Timestamp>, D::Error> {
    day(from).map(Some)
}
