//! Commit: which commits a deployment first brought to production.
//!
//! A deployment brings what its artifact was built of since the artifact that ran before, and the
//! commits of its change. Of commits that were rewritten (squashed or rebased), those that replaced them
//! count, from the first commit of the change.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::desk::Desk;
use crate::fact::deployment::Deployment;
use crate::fact::scope::Standing;
use crate::schema::change::Commit;
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// A commit, when its work began, and the entry that says so.
pub(super) struct First<'g> {
    pub sha: &'g str,
    pub committed: Option<Timestamp>,
    pub entry: u64,
}

/// What a deployment first brought to production.
#[derive(Default)]
pub(super) struct Brought<'g> {
    pub commits: Vec<First<'g>>,
    /// Commits that were rewritten, each with the entry that has them.
    pub rewritten: Vec<(&'g str, u64)>,
    /// Why not all commits are known, each as an item with the entries that were read.
    pub gaps: Vec<(String, Vec<u64>)>,
}

/// What each succeeded deployment of the period brought, by its place among them.
pub(super) fn brought<'g>(desk: &Desk<'g>) -> BTreeMap<usize, Brought<'g>> {
    let facts = desk.facts();
    let places: HashMap<u64, usize> =
        desk.went.iter().enumerate().map(|(place, went)| (went.deployment.first, place)).collect();
    let counts: HashSet<u64> = desk.production().map(|went| went.deployment.first).collect();
    let told = |one: &Deployment<'_>| one.succeeded() && one.at < desk.ground.period.to;
    let mut all: Vec<Deployment<'_>> = facts.deployments().filter(told).collect();
    all.sort_by_key(|one| (one.ended(), one.first));
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    let mut found = BTreeMap::new();
    for one in all {
        if !matches!(one.standing(facts), Standing::Production(_)) {
            continue;
        }
        let mut brought = of(desk, &one);
        let service = one.service.as_str();
        brought.commits.retain(|commit| seen.insert((service, commit.sha)));
        brought.rewritten.retain(|(sha, _)| seen.insert((service, sha)));
        if let Some(place) = places.get(&one.first).filter(|_| counts.contains(&one.first)) {
            found.insert(*place, brought);
        }
    }
    found
}

fn of<'g>(desk: &Desk<'g>, deployment: &Deployment<'g>) -> Brought<'g> {
    let authored = desk.authors.authored(deployment, &desk.lines);
    let history = deployment.change().map(|id| History::of(desk, id.as_str())).unwrap_or_default();
    let mut brought = Brought::default();
    for (number, (_, entries)) in authored.gaps.into_iter().enumerate() {
        brought.gaps.push((format!("gap-{}", number + 1), entries));
    }
    for (commit, entry) in authored.commits {
        let sha = commit.sha.as_str();
        if history.gone.contains(sha) {
            brought.rewritten.push((sha, entry));
            continue;
        }
        let own = commit.committed_at;
        let begun = history.first.filter(|_| history.replaced.contains(sha));
        let committed = match (own, begun) {
            (Some(own), Some(begun)) => Some(own.min(begun)),
            (own, begun) => own.or(begun),
        };
        brought.commits.push(First { sha, committed, entry });
    }
    brought
}

/// What a change said of its commits over time.
#[derive(Default)]
struct History<'g> {
    /// The first commit of all.
    first: Option<Timestamp>,
    /// Those that were rewritten.
    gone: BTreeSet<&'g str>,
    /// Those that replaced them.
    replaced: BTreeSet<&'g str>,
}

impl<'g> History<'g> {
    fn of(desk: &Desk<'g>, change: &str) -> Self {
        let rows = desk.facts().change_recorded.of(Reference::Change, change);
        let named = |commits: &'g [Commit]| -> BTreeSet<&'g str> {
            commits.iter().map(|commit| commit.sha.as_str()).collect()
        };
        let lists: Vec<&'g [Commit]> = rows
            .filter_map(|row| row.what.commits.as_deref())
            .filter(|list| !list.is_empty())
            .collect();
        let Some(newest) = lists.last().map(|list| named(list)) else { return Self::default() };
        let first = lists.iter().flat_map(|list| list.iter()).filter_map(|c| c.committed_at).min();
        // an older list of which nothing is left was rewritten as a whole
        let old = lists.iter().map(|list| named(list)).filter(|list| list.is_disjoint(&newest));
        let gone: BTreeSet<&str> = old.flatten().collect();
        let replaced = if gone.is_empty() { BTreeSet::new() } else { newest };
        Self { first, gone, replaced }
    }
}
