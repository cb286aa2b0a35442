//! Author: who wrote what a deployment brings to its environment.
//!
//! An artifact is known by the commits its builds name. What is new in an environment is what was
//! committed since the artifact that ran there before; who wrote a commit is said by the change that
//! has it. Where one of these is not said, the authors are not known, and [`Authored::gaps`] says why.

use std::collections::{BTreeSet, HashMap};

use super::deployment::Deployment;
use super::line::Lines;
use super::{Facts, Said};
use crate::hash::Sha256;
use crate::schema::build::{ArtifactAction, ArtifactRecorded};
use crate::schema::change::Commit;
use crate::schema::words::Reference;
use crate::vault::persons::Pseudonym;

/// Builds that are followed back to the artifact that ran before.
const STEPS: usize = 256;

/// Somebody who took part, and the entry that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// Who, as the entry resolves it.
    pub who: Option<Pseudonym>,
    /// The entry.
    pub entry: u64,
}

/// Who wrote what is new.
#[derive(Clone, Debug, Default)]
pub struct Authored<'f> {
    /// The authors, each once; with their co-authors.
    pub authors: Vec<Party>,
    /// The commits that are known, each with the entry that says so.
    pub commits: Vec<(&'f Commit, u64)>,
    /// Why not all authors are known, each with the entries that were read.
    pub gaps: Vec<(String, Vec<u64>)>,
    /// The entries that were used.
    pub entries: BTreeSet<u64>,
}

/// Commits and builds, found by their hashes.
#[derive(Clone, Debug)]
pub struct Authors<'f> {
    facts: &'f Facts,
    commits: HashMap<&'f str, (&'f Commit, u64)>,
    builds: HashMap<&'f str, &'f Said<ArtifactRecorded>>,
}

impl<'f> Authors<'f> {
    /// The commits and builds of these facts.
    pub fn of(facts: &'f Facts) -> Self {
        let mut commits: HashMap<&str, (&Commit, u64)> = HashMap::new();
        for row in facts.change_recorded.all() {
            for commit in row.what.commits.iter().flatten() {
                // the newest word about a commit counts: it may name an author more
                commits.insert(commit.sha.as_str(), (commit, row.at.index));
            }
        }
        let mut builds = HashMap::new();
        for row in facts.artifact_recorded.all() {
            let to = row.what.commits.as_ref().and_then(|range| range.to.as_ref());
            if let (ArtifactAction::Built, Some(to)) = (row.action, to) {
                builds.insert(to.as_str(), row);
            }
        }
        Self { facts, commits, builds }
    }

    /// Who wrote what the deployment brings.
    pub fn authored(&self, deployment: &Deployment<'f>, lines: &Lines<'f>) -> Authored<'f> {
        let mut found = Authored::default();
        let mut shas = BTreeSet::new();
        let mut own: HashMap<&str, (&Commit, u64)> = HashMap::new();
        self.range(deployment, lines, &mut shas, &mut found);
        if let Some(change) = deployment.change() {
            for row in self.facts.change_recorded.of(Reference::Change, change.as_str()) {
                let named = row.what.commits.iter().flatten();
                own.extend(named.map(|commit| (commit.sha.as_str(), (commit, row.at.index))));
                for author in row.authors.iter().flatten() {
                    found.party(author.pseudonym, row.at.index);
                }
            }
        }
        shas.extend(own.keys());
        for sha in shas {
            // what its own change says of a commit comes first
            let said = own.get(sha).or_else(|| self.commits.get(sha));
            let Some((commit, entry)) = said.copied() else {
                let why = format!("no change has commit {sha}, so nobody can say who wrote it");
                found.gaps.push((why, Vec::new()));
                continue;
            };
            let authors = commit.authors.iter().map(|author| author.pseudonym);
            let whole: Vec<_> = if commit.authors.is_empty() {
                vec![commit.committer.pseudonym]
            } else {
                authors.collect()
            };
            for who in whole {
                found.party(who, entry);
            }
            found.commits.push((commit, entry));
            found.entries.insert(entry);
        }
        found
    }

    /// The commits since the artifact that ran before.
    fn range(
        &self,
        deployment: &Deployment<'f>,
        lines: &Lines<'f>,
        shas: &mut BTreeSet<&'f str>,
        found: &mut Authored<'f>,
    ) {
        let Some(artifact) = deployment.artifact() else { return };
        let builds = self.builds_of(artifact);
        if builds.is_empty() {
            let why = "no build of its artifact names the commits it was made of".to_owned();
            found.gaps.push((why, Vec::new()));
            return;
        }
        for build in &builds {
            found.take(build, shas);
        }
        let ran = |known: &&Deployment<'f>| known.succeeded() && known.artifact() == Some(artifact);
        if lines.before(deployment).iter().any(|known| ran(&known)) {
            return;
        }
        let before = lines.before(deployment).iter();
        let Some(previous) = before.rev().find(|known| known.succeeded()) else { return };
        found.entries.extend(previous.entries());
        let heads: Vec<&str> = previous
            .artifact()
            .map(|artifact| self.builds_of(artifact))
            .unwrap_or_default()
            .into_iter()
            .filter_map(|row| {
                row.what.commits.as_ref()?.to.as_ref().map(super::super::schema::typed::Id::as_str)
            })
            .collect();
        if !self.reaches(&builds, &heads, shas, found) {
            let why = format!(
                "nothing says which commits lie between it and what ran before, deployed by {}",
                previous.id
            );
            found.gaps.push((why, previous.entries().collect()));
        }
    }

    /// Follows builds back until they reach one of the heads.
    fn reaches(
        &self,
        builds: &[&'f Said<ArtifactRecorded>],
        heads: &[&str],
        shas: &mut BTreeSet<&'f str>,
        found: &mut Authored<'f>,
    ) -> bool {
        let mut current = builds.first().copied();
        for _ in 0..STEPS {
            let Some(range) = current.and_then(|row| row.what.commits.as_ref()) else { break };
            let from = range.from.as_ref().map(super::super::schema::typed::Id::as_str);
            if heads.iter().any(|head| from == Some(*head) || shas.contains(head)) {
                return true;
            }
            let next = from.and_then(|from| self.builds.get(from).copied());
            if let Some(next) = next {
                found.take(next, shas);
            }
            current = next;
        }
        false
    }

    /// Builds of an artifact that name commits.
    fn builds_of(&self, artifact: Sha256) -> Vec<&'f Said<ArtifactRecorded>> {
        let named = |row: &&Said<ArtifactRecorded>| {
            let list = row.what.commits.as_ref().and_then(|range| range.list.as_ref());
            row.action == ArtifactAction::Built && list.is_some_and(|list| !list.is_empty())
        };
        let reference = artifact.to_reference();
        self.facts.artifact_recorded.of(Reference::Artifact, &reference).filter(named).collect()
    }
}

impl<'f> Authored<'f> {
    fn take(&mut self, build: &'f Said<ArtifactRecorded>, shas: &mut BTreeSet<&'f str>) {
        self.entries.insert(build.at.index);
        let Some(range) = &build.what.commits else { return };
        shas.extend(range.list.iter().flatten().map(super::super::schema::typed::Id::as_str));
        shas.extend(range.to.as_ref().map(super::super::schema::typed::Id::as_str));
    }

    fn party(&mut self, who: Option<Pseudonym>, entry: u64) {
        if who.is_none() || self.authors.iter().all(|known| known.who != who) {
            self.authors.push(Party { who, entry });
        }
    }
}
