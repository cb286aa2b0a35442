//! Expiry: when access that was given was taken away again.

use std::collections::HashMap;

use crate::fact::{Facts, Said};
use crate::schema::access::{AccessAction, AccessChanged, AccessObject};
use crate::schema::words::Entitlement;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

pub(super) type Changed = Said<AccessChanged>;

/// All that took access away, by what it took.
pub(super) struct Removals<'f> {
    by_access: HashMap<&'f str, Vec<&'f Changed>>,
    by_person: HashMap<(Pseudonym, &'f str), Vec<&'f Changed>>,
}

/// Whether it takes access away.
pub(super) fn takes(row: &AccessChanged) -> bool {
    use AccessAction::{Deleted, Disabled, Expired, Revoked};
    matches!(row.action, Revoked | Disabled | Deleted | Expired)
}

impl<'f> Removals<'f> {
    pub(super) fn of(facts: &'f Facts) -> Self {
        let mut all = Self { by_access: HashMap::new(), by_person: HashMap::new() };
        for row in facts.access_changed.all().iter().filter(|row| takes(row)) {
            if let Some(access) = &row.access {
                all.by_access.entry(access.as_str()).or_default().push(row);
            }
            if let Some(who) = row.principal.pseudonym {
                all.by_person.entry((who, row.system.as_str())).or_default().push(row);
            }
        }
        all
    }

    /// The first that took away what was given, after a time.
    pub(super) fn first(&self, given: &AccessChanged, after: Timestamp) -> Option<&'f Changed> {
        let named = given.access.as_ref().and_then(|access| self.by_access.get(access.as_str()));
        let named = named.into_iter().flatten().filter(|row| row.system == given.system);
        let person = given
            .principal
            .pseudonym
            .and_then(|who| self.by_person.get(&(who, given.system.as_str())));
        let fitting = person.into_iter().flatten().filter(|row| ends(row, given));
        let all = named.chain(fitting).copied().filter(|row| row.effective_at > after);
        all.min_by_key(|row| (row.effective_at, row.at.index))
    }
}

/// Whether a removal ends what was given: the same, or the account that it belongs to.
pub(super) fn ends(row: &AccessChanged, given: &AccessChanged) -> bool {
    let same = row.object == given.object
        && match (&row.entitlement, &given.entitlement) {
            (Some(a), Some(b)) => a.role == b.role && a.scope == b.scope,
            (None, None) => true,
            _ => false,
        };
    // with its account an entitlement ends too, but neither a token nor a key
    same || (row.object == AccessObject::Account && given.object == AccessObject::Entitlement)
}

/// How a sentence begins that speaks of a grant.
pub(super) fn words(row: &Changed) -> String {
    let what = row.entitlement.as_ref().map(spelled);
    let what = what.unwrap_or_else(|| format!("{} {}", row.object.as_str(), row.system));
    let access = row.access.as_ref().map(|id| format!(" (access {id})")).unwrap_or_default();
    format!("{what}{access} was {} at {}", row.action.as_str(), row.effective_at)
}

/// An entitlement as its system, role and scope.
pub(super) fn spelled(entitlement: &Entitlement) -> String {
    format!("{}:{}:{}", entitlement.system, entitlement.role, entitlement.scope)
}
