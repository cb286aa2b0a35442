//! Changes: what was given and taken, found by the item of a review or by the person in a system.

use std::collections::HashMap;

use super::expiry::takes;
use crate::check::Context;
use crate::fact::Said;
use crate::fact::snapshot::ReviewItem;
use crate::schema::access::AccessChanged;
use crate::schema::records::ActivityPerformed;
use crate::vault::persons::Pseudonym;

type Changed = Said<AccessChanged>;

/// What changes of access are found by: the review's item, or the person in the system.
pub(crate) struct Changes<'c> {
    by_item: HashMap<&'c str, Vec<&'c Changed>>,
    pub(crate) by_person: HashMap<(Pseudonym, &'c str), Vec<&'c Changed>>,
    pub(crate) lookbacks: HashMap<&'c str, Vec<&'c Said<ActivityPerformed>>>,
}

impl<'c> Changes<'c> {
    pub(crate) fn of(context: &Context<'c>) -> Self {
        let mut all =
            Self { by_item: HashMap::new(), by_person: HashMap::new(), lookbacks: HashMap::new() };
        for row in context.facts.access_changed.all() {
            if let Some(item) = &row.item {
                all.by_item.entry(item.as_str()).or_default().push(row);
            }
            if let Some(who) = row.principal.pseudonym {
                all.by_person.entry((who, row.system.as_str())).or_default().push(row);
            }
        }
        let looked = context.facts.activity_performed.all().iter();
        for row in looked.filter(|row| row.kind.as_str() == "lookback") {
            for input in &row.inputs {
                all.lookbacks.entry(input.as_str()).or_default().push(row);
            }
        }
        all
    }

    /// Changes that are about what the item is about, by effective time.
    pub(crate) fn about(&self, target: &ReviewItem) -> Vec<&'c Changed> {
        let named = self.by_item.get(&*target.item).into_iter().flatten();
        let named = named.filter(|row| row.system.as_str() == &*target.system);
        let person = target.person.and_then(|who| self.by_person.get(&(who, &*target.system)));
        let fitting = person.into_iter().flatten().filter(|row| {
            let role =
                row.entitlement.as_ref().map(|what| (what.role.as_str(), what.scope.as_str()));
            match (role, target.entitlement.as_deref()) {
                (Some((role, scope)), Some(wanted)) => {
                    role == wanted && target.scope.as_deref().is_none_or(|known| known == scope)
                }
                // without its account there is no entitlement
                (None, _) => takes(row),
                (Some(_), None) => false,
            }
        });
        let mut all: Vec<&Changed> = named.chain(fitting).copied().collect();
        all.sort_by_key(|row| (row.effective_at, row.at.index));
        all.dedup_by_key(|row| row.at.index);
        all
    }
}
