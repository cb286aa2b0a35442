//! Matrix: which duties one person must not hold at once, and what may make up for it.

use crate::check::Severity;
use crate::error::Result;
use crate::fact::rows::{Members, lines};

/// How far two duties reach to be in conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In one system.
    SameSystem,
    /// Wherever they are held.
    Any,
}

/// The first duty is in conflict with each of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id, `S01` and on.
    pub id: String,
    /// The duty that is in conflict with the others.
    pub duty: String,
    /// The others.
    pub against: Vec<String>,
    /// How far they reach.
    pub reach: Reach,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it is judged by what is held, not only by what is done in one matter.
    pub standing: bool,
    /// Whether one of the duties must come from a secret that the person can read.
    pub through_secret: bool,
    /// Tests that must have run without findings to make up for it; none allows nothing to.
    pub mitigation: Vec<String>,
}

/// All rules in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// The rules, by their ids.
    pub rules: Vec<Rule>,
}

impl Rule {
    /// The conflicts of the rule in what is held: each pair of duties.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.against.iter().map(|other| (self.duty.as_str(), other.as_str()))
    }
}

/// The rules of a matrix that stands in the log, one row for each.
///
/// Codes `json-*`, `list-row`, `list-member`, `list-value`.
pub(super) fn rules(bytes: &[u8]) -> Result<Vec<Rule>> {
    lines(bytes, rule)
}

fn rule(members: &mut Members<'_>) -> Option<Rule> {
    let duties = members.texts("duties")?;
    let (duty, against) = duties.split_first().filter(|(_, against)| !against.is_empty())?;
    let reach = members.word("reach", |word| match word {
        "same-system" => Some(Reach::SameSystem),
        "any" => Some(Reach::Any),
        _ => None,
    });
    let mitigation = members.texts("mitigation").into_iter().flatten();
    Some(Rule {
        id: members.text("id")?.into(),
        duty: duty.to_string(),
        against: against.iter().map(ToString::to_string).collect(),
        reach: reach.unwrap_or(Reach::SameSystem),
        severity: members.word("severity", Severity::parse)?,
        standing: members.flag("standing").unwrap_or(true),
        through_secret: members.flag("through_secret").unwrap_or(false),
        mitigation: mitigation.map(Into::into).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_duties_that_are_in_conflict() {
        let good = br#"{"duties":["AU","PC"],"id":"S04","mitigation":["T16"],"severity":"high"}"#;
        let read = rules(good).unwrap();
        assert_eq!(read[0].pairs().collect::<Vec<_>>(), [("AU", "PC")]);
        let strange: [(&[u8], &str); 5] = [
            (b"", "json-empty"),
            (br#"{"duties":["AU"],"id":"S04","severity":"high"}"#, "list-row"),
            (br#"{"duties":["AU","PC"],"severity":"high"}"#, "list-row"),
            (br#"{"duties":["AU","PC"],"id":"S04","severity":"bad"}"#, "list-value"),
            (br#"{"duties":["AU","PC"],"id":"S04","severity":"high","x":1}"#, "list-member"),
        ];
        for (bytes, code) in strange {
            assert_eq!(rules(bytes).map_err(|error| error.code()).err(), Some(code));
        }
    }
}
