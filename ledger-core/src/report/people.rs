//! People: for whom a report is made, and what the overlays say about persons.
//!
//! Spec page: `spec/report.md`. No level shows a name. Internal and auditor show pseudonyms, which are the
//! same in all reports and in the ledger; a regulator sees names of one report.

use crate::evaluate::Evaluation;
use crate::json::Value;

/// For whom a report is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// Those who may ask for the annex of names.
    Internal,
    /// An auditor: pseudonyms.
    #[default]
    Auditor,
    /// A regulator: names of this report alone.
    Regulator,
}

impl Level {
    /// The level of the word, if it is one.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Internal, Self::Auditor, Self::Regulator]
            .into_iter()
            .find(|known| known.as_str() == word)
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Auditor => "auditor",
            Self::Regulator => "regulator",
        }
    }

    /// How persons are shown, in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Internal => {
                "pseudonyms; names in an annex of its own, for those who may see them"
            }
            Self::Auditor => "pseudonyms",
            Self::Regulator => "names of this report alone",
        }
    }
}

/// What overlays say about persons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// For whom the report is made.
    pub level: Level,
    /// Whether an overlay asks for pseudonyms.
    pub pseudonyms: bool,
    /// The smallest group of persons of which a statistic may be shown.
    pub least: u64,
    /// Whether exports about persons need the reference of a works agreement.
    pub agreement: bool,
}

impl People {
    /// What the overlays of an evaluation say. Without a level the one that they ask for: an auditor's
    /// where one asks for pseudonyms, else the internal one.
    pub fn of(evaluation: &Evaluation, level: Option<Level>) -> Self {
        let all = || evaluation.slices.iter().map(|slice| &slice.resolved);
        let pseudonyms = all()
            .any(|resolved| resolved.display.get("actor").is_some_and(|how| how == "pseudonym"));
        let limits = |name: &str| {
            let key = ("report".to_owned(), name.to_owned());
            all().filter_map(|resolved| resolved.limits.get(&key)).collect::<Vec<_>>()
        };
        let least =
            limits("statistics_k").iter().filter_map(|limit| limit.value.as_integer()).max();
        let agreement = limits("works_agreement_required")
            .iter()
            .any(|limit| limit.value.as_bool() == Some(true));
        let asked = if pseudonyms { Level::Auditor } else { Level::Internal };
        Self {
            level: level.unwrap_or(asked),
            pseudonyms,
            least: least.and_then(|least| u64::try_from(least).ok()).unwrap_or(1),
            agreement,
        }
    }

    /// The whole as JSON.
    pub fn to_json(&self) -> Value {
        Value::object([
            ("level", Value::text(self.level.as_str())),
            ("pseudonyms_asked", Value::Bool(self.pseudonyms)),
            ("statistics_least", Value::count(self.least)),
            ("works_agreement_needed", Value::Bool(self.agreement)),
        ])
    }
}
