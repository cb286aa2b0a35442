//! Proof: what a review took away is gone when a later whole listing lacks it, and by nothing else.

use std::collections::{HashMap, HashSet};

use super::Desk;
use super::standing::{Decided, Standing};
use crate::check::access::changes::Changes;
use crate::check::access::observed::Seen;
use crate::check::access::remediation::REGRANT;
use crate::check::scope::plus;
use crate::fact::snapshot::ReviewItem;
use crate::hash::Sha256;
use crate::schema::access::{AccessAction, SessionPhase};
use crate::schema::review::CertifyDecision;
use crate::schema::words::Reference;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// What a later listing shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// No later whole listing was taken.
    Nothing,
    /// The newest later one still lists it.
    Present(Sha256, Timestamp),
    /// This one, the first, lacks it.
    Absent(Sha256, Timestamp),
}

/// What became of an item that was to be taken away or changed.
#[derive(Clone, Debug)]
pub struct Proof<'s> {
    /// The item.
    pub item: &'s ReviewItem,
    /// What was decided.
    pub decided: Decided<'s>,
    /// When it was carried out, as an entry says; that alone proves nothing.
    pub executed: Option<(Timestamp, u64)>,
    /// What a later listing shows.
    pub shown: Shown,
    /// When it came back within the window in which that is pointed out, and the entry.
    pub again: Option<(Timestamp, u64)>,
    /// Use of privileged access between decision and removal: how often, and the first entries.
    pub uses: (u64, Vec<u64>),
    /// The entry of the look at that use.
    pub looked: Option<u64>,
    /// Whether an entry says already what [`Proof::shown`] says.
    pub is_recorded: bool,
}

/// All that a review took away or changed, in the order of its items.
pub fn proofs<'s>(desk: &'s Desk<'_>, standing: &'s Standing<'_>) -> Vec<Proof<'s>> {
    let changes = Changes::of(&desk.context);
    let trail = Trail::of(desk, standing);
    let mut all = Vec::new();
    for item in standing.items() {
        let outcome = standing.outcome(&item.item);
        let Some(decided) = outcome.filter(|known| known.decision != CertifyDecision::Certify)
        else {
            continue;
        };
        all.push(proof(desk, standing, &changes, &trail, item, decided));
    }
    all
}

fn proof<'s>(
    desk: &Desk<'_>,
    standing: &Standing<'_>,
    changes: &Changes<'_>,
    trail: &Trail<'_>,
    item: &'s ReviewItem,
    decided: Decided<'s>,
) -> Proof<'s> {
    let about = changes.about(item);
    let takes = |action| {
        matches!(
            action,
            AccessAction::Revoked
                | AccessAction::Disabled
                | AccessAction::Deleted
                | AccessAction::Expired
                | AccessAction::Modified
        )
    };
    let done = about.iter().find(|row| row.effective_at >= decided.at && takes(row.action));
    let executed = done.map(|row| (row.effective_at, row.at.index));
    let later: Vec<&Seen<'_>> = desk
        .observed
        .after(&item.system, decided.at)
        .map(|(seen, _)| seen)
        .filter(|seen| seen.said.taken_at <= desk.context.now)
        .collect();
    let of = |seen: &Seen<'_>| (seen.said.entitlements.attachment, seen.said.taken_at);
    let absent = later.iter().find(|seen| !seen.lists(item));
    let shown = match (absent, later.last()) {
        (Some(seen), _) => Shown::Absent(of(seen).0, of(seen).1),
        (None, Some(seen)) => Shown::Present(of(seen).0, of(seen).1),
        (None, None) => Shown::Nothing,
    };
    let gone = match shown {
        Shown::Absent(_, at) => executed.map_or(at, |(done, _)| done.min(at)),
        _ => desk.context.now,
    };
    let privileged = item.privileged == Some(true);
    let inputs = [
        item.item.to_string(),
        standing.id().to_owned(),
        format!("{}/{}", standing.id(), item.item),
    ];
    let looks = inputs.iter().filter_map(|input| changes.lookbacks.get(input.as_str())).flatten();
    let looked = looks.filter(|row| row.at.occurred >= decided.at).map(|row| row.at.index).next();
    let again = match shown {
        Shown::Absent(_, at) => came_back(desk, item, &later, &about, at),
        _ => None,
    };
    Proof {
        item,
        decided,
        executed,
        shown,
        again,
        uses: if privileged { trail.uses(desk, item, decided.at, gone) } else { (0, Vec::new()) },
        looked,
        is_recorded: trail.is_recorded(item, shown),
    }
}

/// When it was listed or given again after it was gone, within the window of T19.
fn came_back(
    desk: &Desk<'_>,
    item: &ReviewItem,
    later: &[&Seen<'_>],
    about: &[&crate::fact::Said<crate::schema::access::AccessChanged>],
    gone: Timestamp,
) -> Option<(Timestamp, u64)> {
    let until = plus(gone, desk.context.parameters.span(&REGRANT));
    let within = |at: Timestamp| gone < at && at <= until;
    let given = about.iter().filter(|row| row.action == AccessAction::Granted);
    let given = given.map(|row| (row.effective_at, row.at.index)).filter(|(at, _)| within(*at));
    let listed = later.iter().filter(|seen| seen.lists(item));
    let listed =
        listed.map(|seen| (seen.said.taken_at, seen.said.at.index)).filter(|(at, _)| within(*at));
    given.chain(listed).min()
}

/// What was done by whom in which system, and what was recorded of the review: read once for all items.
struct Trail<'c> {
    deeds: HashMap<(Pseudonym, &'c str), Vec<(Timestamp, u64)>>,
    recorded: HashSet<(&'c str, &'c str, bool)>,
}

impl<'c> Trail<'c> {
    fn of(desk: &Desk<'c>, standing: &Standing<'_>) -> Self {
        let facts = desk.context.facts;
        let mut deeds: HashMap<(Pseudonym, &str), Vec<(Timestamp, u64)>> = HashMap::new();
        let mut put = |who: Option<Pseudonym>, system: &'c str, deed: (Timestamp, u64)| {
            if let Some(who) = who {
                deeds.entry((who, system)).or_default().push(deed);
            }
        };
        for row in facts.access_used.all() {
            put(row.principal.pseudonym, row.system.as_str(), (row.last_at, row.at.index));
        }
        for row in facts.session_elevated.all() {
            if row.phase == SessionPhase::Opened {
                put(row.principal.pseudonym, row.system.as_str(), (row.at.occurred, row.at.index));
            }
        }
        for deployment in facts.deployments() {
            let actor = deployment.started.and_then(|row| row.at.actor);
            for system in deployment.standing(facts).systems() {
                put(actor, system.system.as_str(), (deployment.at, deployment.first));
            }
        }
        let rows = facts.campaign_verified.of(Reference::Campaign, standing.id());
        let items = rows.flat_map(|row| row.items.iter());
        let recorded = items.map(|one| (one.item.as_str(), one.snapshot.as_str(), one.absent));
        Self { deeds, recorded: recorded.collect() }
    }

    /// What the holder was seen doing between two moments, in the system of the item.
    fn uses(
        &self,
        desk: &Desk<'_>,
        item: &ReviewItem,
        from: Timestamp,
        to: Timestamp,
    ) -> (u64, Vec<u64>) {
        let Some(who) = item.person else { return (0, Vec::new()) };
        let names = desk.people.names(who, desk.context.now);
        let own = names.iter().filter_map(|name| self.deeds.get(&(*name, &*item.system)));
        let within = own.flatten().filter(|(at, _)| from < *at && *at <= to);
        let mut entries: Vec<u64> = within.map(|(_, entry)| *entry).collect();
        entries.sort_unstable();
        let count = entries.len() as u64;
        entries.truncate(16);
        (count, entries)
    }

    /// Whether an entry says so already.
    fn is_recorded(&self, item: &ReviewItem, shown: Shown) -> bool {
        let (list, absent) = match shown {
            Shown::Nothing => return false,
            Shown::Present(list, _) => (list, false),
            Shown::Absent(list, _) => (list, true),
        };
        self.recorded.contains(&(&*item.item, &*list.to_reference(), absent))
    }
}
