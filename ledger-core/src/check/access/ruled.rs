//! Ruled: the duties that are held apart, and what entitlements carry them, as persons had put that into
//! force by the place in the log.
//!
//! The `content` of a `policy.changed` of kind `sod` is the matrix, one row for each rule; of kind `roles`
//! what entitlements carry, one row for each. Without a matrix in the log the one that is given counts;
//! roles come to those that systems register.

use crate::check::Context;
use crate::check::matrix::{Matrix, Rule, rules};
use crate::error::Result;
use crate::fact::Said;
use crate::fact::rows::{Members, lines};
use crate::schema::rules::{PolicyChanged, PolicyKind};
use crate::time::Timestamp;

/// What an entitlement of a system carries.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) system: Box<str>,
    pub(crate) entitlement: Box<str>,
    pub(crate) duties: Vec<Box<str>>,
}

/// One version of a policy and its list, or why that cannot be told.
type Version<'c, T> = (&'c Said<PolicyChanged>, std::result::Result<T, String>);

/// The versions that were ever put into force, each list read once.
pub(crate) struct Ruled<'c> {
    given: Option<&'c Matrix>,
    matrices: Vec<Version<'c, Matrix>>,
    roles: Vec<Version<'c, Vec<Role>>>,
}

impl<'c> Ruled<'c> {
    pub(crate) fn of(context: &Context<'c>) -> Self {
        let matrix = |rules: Vec<Rule>| Matrix { rules };
        let matrices = versions(context, PolicyKind::Sod, rules, "rules")
            .map(|(row, list)| (row, list.map(matrix)));
        Self {
            given: context.matrix,
            matrices: matrices.collect(),
            roles: versions(context, PolicyKind::Roles, roles, "roles").collect(),
        }
    }

    /// The matrix in force for an entry: none if nobody gave one, or why it cannot be told; with the
    /// entry that put it into force.
    pub(crate) fn matrix(
        &self,
        at: Timestamp,
        entry: u64,
    ) -> (std::result::Result<Option<&Matrix>, &str>, Option<u64>) {
        match newest(self.matrices.iter().filter(|(row, _)| counts(row, at, entry))) {
            None => (Ok(self.given), None),
            Some((row, Ok(matrix))) => (Ok(Some(matrix)), Some(row.at.index)),
            Some((row, Err(why))) => (Err(why), Some(row.at.index)),
        }
    }

    /// The roles in force for an entry, of all such policies; why some cannot be told, each with its
    /// entry.
    pub(crate) fn roles(&self, at: Timestamp, entry: u64) -> (Vec<&Role>, Vec<(&str, u64)>) {
        let (mut all, mut untold) = (Vec::new(), Vec::new());
        let mut ids: Vec<&str> = self.roles.iter().map(|(row, _)| row.policy.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let own = self.roles.iter().filter(|(row, _)| row.policy.as_str() == id);
            match newest(own.filter(|(row, _)| counts(row, at, entry))) {
                Some((_, Ok(roles))) => all.extend(roles),
                Some((row, Err(why))) => untold.push((why.as_str(), row.at.index)),
                None => {}
            }
        }
        (all, untold)
    }
}

/// The versions of the policies of a kind, in the order of the log.
fn versions<'c, T>(
    context: &Context<'c>,
    kind: PolicyKind,
    parse: fn(&[u8]) -> Result<Vec<T>>,
    words: &'static str,
) -> impl Iterator<Item = Version<'c, Vec<T>>> {
    let all = context.facts.policy_changed.all().iter().filter(move |row| row.kind == kind);
    all.map(move |row| (row, context.list(&row.content, parse, words)))
}

/// Whether a version was in force for an entry: put into the log before it, and effective by then.
fn counts(row: &Said<PolicyChanged>, at: Timestamp, entry: u64) -> bool {
    row.at.index < entry && row.effective_from <= at
}

fn newest<'v, T: 'v>(
    versions: impl Iterator<Item = &'v Version<'v, T>>,
) -> Option<&'v Version<'v, T>> {
    versions.max_by_key(|(row, _)| (row.effective_from, row.at.index))
}

/// What entitlements carry; codes `json-*`, `list-row`, `list-member`, `list-value`.
fn roles(bytes: &[u8]) -> Result<Vec<Role>> {
    lines(bytes, |members: &mut Members<'_>| {
        Some(Role {
            system: members.text("system")?,
            entitlement: members.text("entitlement")?,
            duties: members.texts("duties")?,
        })
    })
}
