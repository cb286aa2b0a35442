//! Limit: what is known of each limit of a test, and what a layer may do to it.

use serde::Deserialize;

/// What a layer may do to a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Only lower it.
    SmallerIsStricter,
    /// Only raise it.
    LargerIsStricter,
    /// Only switch it on.
    TrueIsStricter,
    /// Only switch it off.
    FalseIsStricter,
    /// Only add to it.
    SupersetIsStricter,
    /// Set it as it likes.
    None,
}

/// A limit that is known: of a test, or of the report as a whole.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The test, or `report`.
    pub test: String,
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// What it is unless a layer says otherwise.
    pub default: toml::Value,
    /// What a layer may do to it.
    pub direction: Direction,
    /// The provision that sets it, or `company-policy`.
    pub basis: String,
    /// No layer may go below.
    pub minimum: Option<toml::Value>,
    /// No layer may go above.
    pub maximum: Option<toml::Value>,
    /// What it limits.
    pub meaning: String,
}
