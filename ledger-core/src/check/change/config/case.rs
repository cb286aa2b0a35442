//! Case: one change of a setting, and whether another person allowed it before.

use super::super::approval::{Decided, ended};
use super::super::people::behind;
use super::{SELF, UNAPPROVED, UNRESOLVED};
use crate::check::{Context, Item, Other, Severity, entries};
use crate::fact::At;
use crate::fact::Said;
use crate::hash::Sha256;
use crate::schema::approve::ApprovalDecision;
use crate::schema::deploy::ConfigChanged;
use crate::schema::typed::{Id, Person};
use crate::schema::words::Reference;
use crate::vault::persons::Pseudonym;

/// One change of a setting.
pub(super) struct Case<'c> {
    /// How a sentence begins that speaks of it.
    pub words: String,
    /// Its entry.
    pub at: At,
    /// Who changed it.
    pub changer: Option<Pseudonym>,
    /// Who, by the changer's word, approved it.
    pub named: Option<Person>,
    /// The change it belongs to.
    pub change: Option<&'c Id>,
    /// What it is afterwards.
    pub after: Option<Sha256>,
    /// Where, if it is for one environment.
    pub environment: Option<&'c Id>,
    /// How bad it is that nobody approved it.
    pub severity: Severity,
}

impl<'c> Case<'c> {
    /// The change of a setting of a system.
    pub(super) fn of(row: &'c Said<ConfigChanged>, severity: Severity) -> Self {
        Self {
            words: format!(
                "{} {} of {} was {} at {}",
                row.class, row.item, row.system, row.action, row.at.occurred
            ),
            at: row.at,
            changer: behind(&row.at, row.changer),
            named: row.approver,
            change: row.what.change.as_ref().or_else(|| row.what.subject.get(Reference::Change)),
            after: row.after,
            environment: row.what.environment.as_ref(),
            severity,
        }
    }

    /// Whether another person had approved it; returns the approvals by others.
    pub(super) fn judge(&self, context: &Context<'c>, item: &mut Item) -> Vec<&'c Decided> {
        let approvals = self.approvals(context);
        item.cite(approvals.iter().map(|row| row.at.index));
        let (mut others, mut own, mut unsure) = (Vec::new(), Vec::new(), Vec::new());
        for row in &approvals {
            let who = row.approver.pseudonym;
            let (other, said) = context.other(who, self.changer, self.at.occurred);
            item.cite(said.iter().copied());
            match other {
                Other::Yes => others.push(*row),
                Other::No => own.extend(said.into_iter().chain([row.at.index])),
                Other::Unknown => unsure.push(row.at.index),
            }
        }
        if !others.is_empty() {
            return others;
        }
        let words = &self.words;
        let cited = [self.at.index].into_iter();
        if !unsure.is_empty() {
            let sentence = format!(
                "{words}; it cannot be told whether who approved it ({}) is another person than who changed it",
                entries(&unsure)
            );
            item.raise(&UNRESOLVED, sentence, cited.chain(unsure));
            return others;
        }
        let named = self
            .named
            .map(|named| context.other(named.pseudonym, self.changer, self.at.occurred).0);
        if !own.is_empty() || named == Some(Other::No) {
            let sentence = format!("{words}; who changed it is the only one who approved it");
            item.raise(&SELF, sentence, cited.chain(own));
            return others;
        }
        let why = match (self.change, named) {
            (None, None) => "it names no change under which it was approved".to_owned(),
            (None, Some(_)) => {
                "it names an approver, whose own approval is not recorded".to_owned()
            }
            (Some(change), _) => format!("nobody had approved it under change {change} before"),
        };
        item.raise_as(&UNAPPROVED, self.severity, format!("{words}; {why}"), cited);
        others
    }

    /// Approvals of the change it belongs to that stood before it.
    fn approvals(&self, context: &Context<'c>) -> Vec<&'c Decided> {
        let Some(change) = self.change else { return Vec::new() };
        let stands = |row: &&Decided| {
            row.decision == ApprovalDecision::Granted
                && row.at.occurred < self.at.occurred
                && row.r#for.config.is_none_or(|config| Some(config) == self.after)
                && row.r#for.environment.as_ref().is_none_or(|place| {
                    self.environment.is_none_or(|environment| environment == place)
                })
                && ended(context, row, self.at.occurred).is_none()
        };
        context
            .facts
            .approval_decided
            .of(Reference::Change, change.as_str())
            .filter(stands)
            .collect()
    }
}
