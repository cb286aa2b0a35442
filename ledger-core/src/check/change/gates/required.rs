//! Required: the gates that a policy of gates asks for, as the list of its version names them.
//!
//! One row for each gate. Conditions narrow it down: a row asks of a deployment only if each of them
//! fits. So strictness follows class, risk, tier and region, and stands in the log with who set it.

use crate::check::micros;
use crate::error::Result;
use crate::fact::rows::{Members, lines};
use crate::schema::gate::GateKind;

/// A gate that a policy asks for.
#[derive(Clone, Debug)]
pub(super) struct Required {
    /// The gate.
    pub(super) gate: Box<str>,
    /// What it guards, whatever a verdict calls itself.
    pub(super) kind: Option<GateKind>,
    /// How old a verdict may be, in microseconds.
    pub(super) max_age: Option<u64>,
    /// Only of changes of these classes.
    pub(super) classes: Option<Vec<Box<str>>>,
    /// Only of changes of these kinds.
    pub(super) change_kinds: Option<Vec<Box<str>>>,
    /// Only to these environments.
    pub(super) environments: Option<Vec<Box<str>>>,
    /// Only to these regions.
    pub(super) regions: Option<Vec<Box<str>>>,
    /// Only of changes of these risks.
    pub(super) risks: Option<Vec<Box<str>>>,
    /// Only of these services.
    pub(super) services: Option<Vec<Box<str>>>,
    /// Only of these systems.
    pub(super) systems: Option<Vec<Box<str>>>,
    /// Only of systems of these tiers.
    pub(super) tiers: Option<Vec<Box<str>>>,
}

/// The gates that a policy asks for; codes `json-*`, `list-row`, `list-member`,
/// `list-value`.
pub(super) fn gates(bytes: &[u8]) -> Result<Vec<Required>> {
    lines(bytes, gate)
}

fn gate(members: &mut Members<'_>) -> Option<Required> {
    Some(Required {
        gate: members.text("gate")?,
        kind: members.word("kind", GateKind::parse),
        max_age: members.word("max_age", micros),
        classes: members.texts("classes"),
        change_kinds: members.texts("change_kinds"),
        environments: members.texts("environments"),
        regions: members.texts("regions"),
        risks: members.texts("risks"),
        services: members.texts("services"),
        systems: members.texts("systems"),
        tiers: members.texts("tiers"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_a_gate_and_when_it_is_asked_for() {
        let good = br#"{"classes":["normal"],"gate":"load-test","kind":"quality","max_age":"P2D","tiers":["1"]}"#;
        assert_eq!(gates(good).map(|rows| rows.len()).ok(), Some(1));
        let strange: [(&[u8], &str); 6] = [
            (b"", "json-empty"),
            (br#"{"kind":"quality"}"#, "list-row"),
            (br#"{"gate":"g","when":"always"}"#, "list-member"),
            (br#"{"gate":"g","tiers":[]}"#, "list-value"),
            (br#"{"gate":"g","tiers":"1"}"#, "list-value"),
            (br#"{"gate":"g","max_age":"two days"}"#, "list-value"),
        ];
        for (bytes, code) in strange {
            assert_eq!(gates(bytes).map_err(|error| error.code()).err(), Some(code));
        }
    }
}
