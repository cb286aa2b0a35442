//! Ruling: which decisions count: on an item that waits for this reviewer in an open review, by nobody
//! about themself, with a comment where one is owed.

use super::Desk;
use super::assign::{may_review, open, unknown};
use super::standing::Standing;
use crate::check::access::independence::Independence;
use crate::error::{Error, Result};
use crate::fact::snapshot::Row;
use crate::schema::review::{CertifyDecision, Recommendation};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// A decision before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The item.
    pub item: String,
    /// What.
    pub decision: CertifyDecision,
    /// Why, in the reviewer's words.
    pub comment: Option<String>,
    /// When it was decided.
    pub at: Timestamp,
}

/// A decision that may be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
    /// What was decided.
    pub draft: Draft,
    /// In which stage.
    pub stage: u64,
    /// What was suggested.
    pub recommendation: Recommendation,
    /// Whether it is against that.
    pub is_override: bool,
}

/// What came of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It may be signed.
    Counts(Ruled),
    /// The same was decided before by the same reviewer: there is nothing to sign.
    Known,
}

/// Whether a comment is owed: for what is taken away, for privileged access that stays, and against what
/// was suggested.
pub fn owes_comment(decision: CertifyDecision, is_privileged: bool, is_override: bool) -> bool {
    match decision {
        CertifyDecision::Revoke => true,
        CertifyDecision::Certify => is_privileged || is_override,
        CertifyDecision::Modify => is_override,
    }
}

/// Whether a decision is against what was suggested.
pub fn is_override(decision: CertifyDecision, suggested: Recommendation) -> bool {
    suggested != Recommendation::None && suggested.as_str() != decision.as_str()
}

/// One reviewer's bench: asks the law of each decision.
pub struct Bench<'b, 'c> {
    desk: &'b Desk<'c>,
    standing: &'b Standing<'c>,
    reviewer: Pseudonym,
    law: Independence<'b, 'c>,
}

impl std::fmt::Debug for Bench<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bench").field("reviewer", &self.reviewer).finish_non_exhaustive()
    }
}

impl<'b, 'c> Bench<'b, 'c> {
    /// Of a reviewer in an open review; codes `review-closed`, and of the listings that it was made of
    /// `review-snapshot-none`, `review-snapshot-unread`.
    pub fn of(desk: &'b Desk<'c>, standing: &'b Standing<'c>, reviewer: Pseudonym) -> Result<Self> {
        open(standing)?;
        let rows: Vec<&Row> = standing.listed(desk)?;
        let (systems, at) = (&standing.opened().systems, desk.context.now);
        let law = Independence::of(&desk.context, &desk.people, systems, at, &rows);
        Ok(Self { desk, standing, reviewer, law })
    }

    /// What waits for the reviewer, with its stage.
    pub fn waiting(&self) -> Vec<(&'b str, u64)> {
        let all = self.standing.items().iter().filter_map(|item| {
            let stage = self.standing.stage(&item.item)?;
            let row = self.standing.assignment(&item.item, stage, self.desk.context.now)?;
            row.reviewer.pseudonym.filter(|who| *who == self.reviewer).map(|_| (&*item.item, stage))
        });
        all.collect()
    }

    /// Rules on a decision, now.
    ///
    /// Codes: `review-item-unknown`, `review-decided` (another decision stands, of a stage that is over),
    /// `review-not-yours`, `review-time`, `review-comment`, and those of [`super::assign::may_hand`] on
    /// who may decide.
    pub fn rule(&mut self, draft: Draft, now: Timestamp) -> Result<Ruling> {
        let standing = self.standing;
        let Some(item) = standing.item(&draft.item) else { return Err(unknown(&draft.item)) };
        let decided = standing.decided(&draft.item);
        let own = decided.iter().find(|known| known.reviewer == Some(self.reviewer));
        if own.is_some_and(|known| known.decision == draft.decision) {
            return Ok(Ruling::Known);
        }
        // a decision may be changed until a later stage has looked at it, or the review is closed
        let stage = match own {
            Some(known) if decided.iter().all(|other| other.stage <= known.stage) => known.stage,
            Some(_) => return Err(late(&draft.item)),
            None => standing.stage(&draft.item).ok_or_else(|| late(&draft.item))?,
        };
        let with = standing.assignment(&draft.item, stage, self.desk.context.now);
        if with.and_then(|row| row.reviewer.pseudonym) != Some(self.reviewer) {
            let message =
                format!("item `{}` waits for another reviewer in stage {stage}", draft.item);
            return Err(Error::refused("review-not-yours", message)
                .hint("`ledger review due` tells whom items wait for"));
        }
        may_review(self.desk, &mut self.law, item, self.reviewer)?;
        if draft.at < standing.opened().at.occurred || draft.at > now {
            let message = format!("item `{}` cannot be decided at {}", draft.item, draft.at);
            return Err(Error::refused("review-time", message)
                .hint("between the opening of the review and now"));
        }
        let recommendation = standing.recommendation(&draft.item);
        let is_override = is_override(draft.decision, recommendation);
        let owes = owes_comment(draft.decision, item.privileged == Some(true), is_override);
        if owes && draft.comment.as_ref().is_none_or(|text| text.trim().is_empty()) {
            let message = format!("item `{}` is decided without a comment", draft.item);
            return Err(Error::refused("review-comment", message).hint(
                "say why: for what is taken away, for privileged access that stays, and against what was suggested",
            ));
        }
        Ok(Ruling::Counts(Ruled { draft, stage, recommendation, is_override }))
    }
}

fn late(item: &str) -> Error {
    Error::refused("review-decided", format!("item `{item}` is decided, in a stage that is over"))
        .hint("what stands is in `ledger review export`")
}
