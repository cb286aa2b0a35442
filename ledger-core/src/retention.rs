//! Retention: how long each class of records is kept, what may end it, and what forbids ending it.
//!
//! Spec page: `spec/retention.md`. The rules are data (`controls/retention.json`): this module reads
//! them, judges a class against them, and knows the closed list of grounds. A minimum goes before a
//! person's right, a hold before both.

mod hold;
mod order;
mod reach;
mod rules;

pub use hold::{Hold, Holds};
pub use order::{Order, erased_by, forgets};
pub use reach::Reach;
pub use rules::{Class, Rule, Rules};

use crate::error::{Error, Result};
use crate::time::Timestamp;

/// Microseconds of a day.
pub const DAY: u64 = 24 * 3600 * 1_000_000;

/// Grounds for erasing: GDPR Art 17(1)(a) to (f).
pub const ERASE: [&str; 6] =
    ["gdpr-17-1-a", "gdpr-17-1-b", "gdpr-17-1-c", "gdpr-17-1-d", "gdpr-17-1-e", "gdpr-17-1-f"];

/// Grounds for refusing: GDPR Art 17(3)(a) to (e).
pub const REFUSE: [&str; 5] =
    ["gdpr-17-3-a", "gdpr-17-3-b", "gdpr-17-3-c", "gdpr-17-3-d", "gdpr-17-3-e"];

/// Grounds for revealing who stands behind a pseudonym.
pub const REVEAL: [&str; 5] =
    ["audit", "incident", "legal-claim", "data-subject-request", "operations"];

/// Grounds for which a restricted record may still be used (GDPR Art 18(2)).
pub const REVEAL_RESTRICTED: [&str; 2] = ["legal-claim", "data-subject-request"];

/// What is decided about a class of a person's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes.
    Erase,
    /// It is kept until its minimum is over, and not used.
    Restrict {
        /// The statute that the rule names, else the rule: a restricted id.
        ground: String,
        /// Which rule, how many days, where it is written.
        reason: String,
    },
    /// It is kept: on which ground of Art 17(3), or by which statute.
    Refuse(String),
}

impl Decision {
    /// The word in `person.erased`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Erase => "erase",
            Self::Restrict { .. } => "restrict",
            Self::Refuse(_) => "refuse",
        }
    }

    /// The reason, where there is one.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Erase => None,
            Self::Restrict { reason, .. } | Self::Refuse(reason) => Some(reason),
        }
    }

    /// What `person.erased` cites for it; nothing where the class goes.
    pub fn ground(&self) -> Option<&str> {
        match self {
            Self::Erase => None,
            Self::Restrict { ground, .. } | Self::Refuse(ground) => Some(ground),
        }
    }
}

/// Decides about one class: a ground for refusing, else its minimum, else the person's right.
///
/// `newest` is when the newest record of the class was recorded; none when there is none. A refusal
/// that cites neither Art 17(3) nor a statute of the rules has code `basis-unknown`.
pub fn decide(
    rules: &Rules,
    class: Class,
    refusal: Option<&str>,
    newest: Option<Timestamp>,
    now: Timestamp,
) -> Result<Decision> {
    if let Some(ground) = refusal {
        return rules.refusal(ground).map(|()| Decision::Refuse(ground.to_owned()));
    }
    let rule = rules.rule(class);
    let (Some(minimum), Some(newest)) = (rule.minimum_days, newest) else {
        return Ok(Decision::Erase);
    };
    if age(newest, now) >= minimum.saturating_mul(DAY) {
        return Ok(Decision::Erase);
    }
    let ground = rule.statute.as_ref().unwrap_or(&rule.id).clone();
    let reason = format!("{}: {minimum} days at least ({})", rule.id, rule.citation);
    Ok(Decision::Restrict { ground, reason })
}

/// Microseconds from one time to another; 0 when it is not yet.
pub fn age(then: Timestamp, now: Timestamp) -> u64 {
    now.micros().saturating_sub(then.micros())
}

/// Refuses a ground that is not in a closed list; code `basis-unknown`, `basis-empty`.
pub fn one_of(ground: &str, known: &[&str], more: &[String]) -> Result<()> {
    if ground.is_empty() {
        return Err(Error::refused("basis-empty", "a basis is needed").hint(list(known, more)));
    }
    if known.contains(&ground) || more.iter().any(|id| id == ground) {
        return Ok(());
    }
    Err(Error::refused("basis-unknown", format!("`{ground}` is no basis that is known here"))
        .hint(list(known, more)))
}

fn list(known: &[&str], more: &[String]) -> String {
    let all: Vec<&str> = known.iter().copied().chain(more.iter().map(String::as_str)).collect();
    format!("one of `{}`; free text is not taken", all.join("`, `"))
}
