//! Catalogue: the controls of all frameworks, before any layer.

use serde::Deserialize;

use super::limit::Known;
use crate::schema::words::Regime;

/// How far release evidence reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// It shows what is asked for.
    Evidences,
    /// It is part of what shows it.
    Supports,
    /// It is useful to know beside it.
    Context,
}

impl Strength {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evidences => "evidences",
            Self::Supports => "supports",
            Self::Context => "context",
        }
    }
}

/// HIPAA's own word for a specification (45 CFR 164.306(d)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Implementation {
    /// It must be implemented.
    Required,
    /// It is implemented, replaced by an equivalent, or documented as not reasonable.
    Addressable,
    /// A standard without a specification of its own.
    Standard,
}

impl Implementation {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Addressable => "addressable",
            Self::Standard => "standard",
        }
    }
}

/// How often a control works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Frequency {
    PerEvent,
    Continuous,
    Daily,
    Weekly,
    Monthly,
    Quarterly,
    Yearly,
    PerReport,
    PointInTime,
}

impl Frequency {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PerEvent => "per-event",
            Self::Continuous => "continuous",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
            Self::Yearly => "yearly",
            Self::PerReport => "per-report",
            Self::PointInTime => "point-in-time",
        }
    }
}

/// A place in a law or standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// The place.
    pub reference: String,
    /// Through which framework it is derived, where no text names the control.
    pub via: Option<String>,
    /// HIPAA's own word for it.
    pub implementation: Option<Implementation>,
    /// How far the evidence reaches, where a layer cites it; else the control's own strength.
    pub strength: Option<Strength>,
}

/// One control.
#[derive(Clone, Debug)]
pub struct Control {
    /// Its id, like `SOX-CM-01`.
    pub id: String,
    /// Its framework, like `sox`.
    pub framework: String,
    /// Its title.
    pub title: String,
    /// What is asked for, in own words.
    pub requirement: String,
    /// What the control does.
    pub control: String,
    /// `preventive`, `detective` or `both`.
    pub kind: String,
    /// How often it works.
    pub frequency: Frequency,
    /// Whether others depend on it.
    pub key: bool,
    /// Its population in words.
    pub population: String,
    /// The set of evidence attributes, like `EA-D`.
    pub evidence: String,
    /// What an auditor sees of each item.
    pub attributes: Vec<String>,
    /// How it is sampled.
    pub sampling: String,
    /// How far the evidence reaches.
    pub strength: Strength,
    /// The tests that are run for it, by their ids.
    pub tests: Vec<String>,
    /// The tests whose exceptions count against it.
    pub counted: Vec<String>,
    /// Limits that hold for this control alone: test, name, value as written.
    pub limits: Vec<(String, String, toml::Value)>,
    /// Places in law.
    pub citations: Vec<Citation>,
    /// Places in other catalogues, by catalogue.
    pub crosswalk: Vec<(String, Vec<String>)>,
    /// What layers add to read.
    pub guidance: Vec<String>,
}

/// What a law asks for and this product has no evidence of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEvidenced {
    /// The framework.
    pub framework: String,
    /// The place.
    pub reference: String,
    /// Why.
    pub reason: String,
}

/// What a framework stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The framework, like `sox`.
    pub framework: String,
    /// Its title.
    pub title: String,
    /// The version of its controls.
    pub version: String,
    /// The regime that puts a system in its scope.
    pub regime: Regime,
    /// The chain of authority, in one paragraph.
    pub text: String,
}

/// All controls.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// The frameworks.
    pub authorities: Vec<Authority>,
    /// The controls, in the order in which they are written.
    pub controls: Vec<Control>,
    /// What cannot be shown.
    pub not_evidenced: Vec<NotEvidenced>,
    /// The limits that tests have: what a layer may do to each.
    pub known: Vec<Known>,
}

impl Catalogue {
    /// The control of that id.
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|control| control.id == id)
    }
}
