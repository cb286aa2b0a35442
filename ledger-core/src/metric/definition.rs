//! Definition: what each metric is, as `controls/metrics.toml` has it. Nothing unknown may stand in it.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::check::micros;
use crate::control::parse;
use crate::error::{Error, Result};
use crate::hash::Sha256;

/// What a metric is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// A part of a whole.
    Share,
    /// A span of time; values are in microseconds.
    Seconds,
    /// How many.
    Count,
    /// How many on a day.
    PerDay,
    /// Out of a hundred.
    Points,
}

impl Unit {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Seconds => "seconds",
            Self::Count => "count",
            Self::PerDay => "per-day",
            Self::Points => "points",
        }
    }
}

/// How the members of a metric come to one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregation {
    /// Numerator over denominator.
    Ratio,
    /// The middle of what was measured.
    Median,
    /// What nine in ten do not exceed.
    P90,
    /// What nineteen in twenty do not exceed.
    P95,
    /// The numerator beside the denominator of all lines.
    Count,
}

impl Aggregation {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Median => "median",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::Count => "count",
        }
    }

    /// Whether each member is measured, not counted.
    pub fn measures(self) -> bool {
        matches!(self, Self::Median | Self::P90 | Self::P95)
    }
}

/// One metric.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What counts, or what is measured of each item.
    pub numerator: String,
    /// Of how many, or which items.
    pub denominator: String,
    /// What it is measured in.
    pub unit: Unit,
    /// How its members come to one value.
    pub aggregation: Aggregation,
    /// The version of these words; other words have another.
    pub version: String,
    /// What has to be known beside it.
    pub notes: String,
}

/// The weight of a part of the readiness score.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// The part.
    pub part: String,
    /// Its weight.
    pub weight: u64,
    /// How the part is scored, from 0 to 1.
    pub score: String,
}

/// All metrics, with what holds for several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definitions {
    /// The version of the whole.
    pub version: String,
    /// Below so many items a value means nothing.
    pub minimum_n: u64,
    /// How long after a deployment an incident may still be laid to it, in microseconds.
    pub caused_by_window: u64,
    /// How long after a release a defect still counts as escaped from it, in microseconds.
    pub escape_window: u64,
    /// The metrics, in the order in which they are written.
    pub metrics: Vec<Definition>,
    /// Default weights of the readiness score.
    pub weights: Vec<Weight>,
    /// SHA-256 of the text.
    pub digest: Sha256,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: String,
    minimum_n: u64,
    caused_by_window: String,
    escape_window: String,
    metric: Vec<Definition>,
    weight: Vec<Weight>,
}

impl Definitions {
    /// The metrics that are built in.
    pub fn shipped() -> Result<Self> {
        Self::read("controls/metrics.toml", include_str!("../../../controls/metrics.toml"))
    }

    /// Reads metrics.
    ///
    /// Codes `control-file` (form, with file and line), `metric-minimum` (`minimum_n` is 0),
    /// `metric-window` (a window is no duration, or has no length), `metric-twice` (a metric or part
    /// stands twice), `metric-words` (a definition says nothing), `metric-unit` (what is measured is
    /// measured in seconds, and nothing else is), `metric-weight` (no part of the score has weight).
    pub fn read(file: &str, text: &str) -> Result<Self> {
        let written: Written = parse(file, text)?;
        let refuse = |code, message: String| Err(Error::refused(code, message).at(file));
        if written.minimum_n == 0 {
            return refuse("metric-minimum", "`minimum_n` is 0".to_owned());
        }
        let window = |name: &str, text: &str| {
            micros(text).filter(|length| *length > 0).ok_or_else(|| {
                let message = format!("`{name}` is `{text}`, which is no duration");
                Error::refused("metric-window", message).at(file).hint("written like P7D or PT12H")
            })
        };
        let mut ids = BTreeSet::new();
        for known in &written.metric {
            let Definition { id, unit, aggregation, .. } = known;
            if !ids.insert(id.as_str()) {
                return refuse("metric-twice", format!("metric `{id}` stands twice"));
            }
            let said = [id, &known.title, &known.numerator, &known.denominator, &known.version];
            if said.iter().any(|text| text.trim().is_empty()) {
                return refuse("metric-words", format!("metric `{id}` leaves its words empty"));
            }
            if aggregation.measures() != (*unit == Unit::Seconds) {
                let words = format!("{} of {}", aggregation.as_str(), unit.as_str());
                return refuse("metric-unit", format!("metric `{id}` is a {words}"));
            }
        }
        let mut parts = BTreeSet::new();
        if let Some(twice) = written.weight.iter().find(|known| !parts.insert(&known.part)) {
            return refuse("metric-twice", format!("part `{}` stands twice", twice.part));
        }
        if written.weight.iter().all(|known| known.weight == 0) {
            return refuse("metric-weight", "no part of the score has weight".to_owned());
        }
        Ok(Self {
            caused_by_window: window("caused_by_window", &written.caused_by_window)?,
            escape_window: window("escape_window", &written.escape_window)?,
            digest: Sha256::of(text.as_bytes()),
            version: written.version,
            minimum_n: written.minimum_n,
            metrics: written.metric,
            weights: written.weight,
        })
    }

    /// The metric of that id.
    pub fn metric(&self, id: &str) -> Option<&Definition> {
        self.metrics.iter().find(|metric| metric.id == id)
    }
}
