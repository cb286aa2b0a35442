//! Selection: the entries that can matter for a deployment, found without reading the log.
//!
//! The tests are run over facts; here it is decided which. What is left out must not be able to change
//! an answer, so everything that a test joins is followed to its end: all of the change and the artifact,
//! what ran before in the line, the builds and commits between, the rules, the settings of the systems,
//! and of each person who is compared who they are and what they may do. A property test holds the
//! verdict over this against the verdict over the whole log.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Question;
use crate::entry::Entry;
use crate::error::Result;
use crate::fact::sought::{Doubt, Sought};
use crate::fact::{At, Facts, Read};
use crate::index::{Kind, Posting};
use crate::schema::joins;
use crate::schema::typed::Id;
use crate::schema::words::Reference;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// Types whose entries all count: they are rules, and few.
pub(super) const RULES: [&str; 4] =
    ["freeze.changed", "ledger.created", "policy.changed", "system.registered"];
/// Steps back in a line until something that succeeded, and builds that are followed back.
const STEPS: usize = 4096;

/// The entries, and which of them are no evidence.
pub(super) struct Selected {
    pub(super) read: Vec<Read>,
    pub(super) doubts: Vec<(u64, Doubt)>,
    /// Why something may be missing, if it may.
    pub(super) beyond: Option<String>,
}

/// Of a build: the commit it began after, the one it ended with, and all.
type Build = (Option<Box<str>>, Option<Box<str>>, Vec<Box<str>>);

/// What is needed of an entry to go on from it.
struct Kept {
    at: At,
    kind: Box<str>,
    references: Vec<(Reference, Id)>,
    /// Whom a test may compare.
    persons: Vec<Pseudonym>,
    /// The commits of a build.
    build: Option<Build>,
    /// Entries that a gate's verdict names.
    cited: Vec<u64>,
    /// Whether it weakened a setting; whether a deployment succeeded.
    flag: bool,
    doubt: Option<Doubt>,
    read: Read,
}

/// The entries for a question, and for acceptances of these exceptions.
pub(super) fn select<S: Sought>(
    source: &S,
    question: &Question,
    exceptions: &[String],
) -> Result<Selected> {
    let mut gather =
        Gather { source, question, kept: BTreeMap::new(), asked: HashSet::new(), beyond: None };
    for kind in RULES {
        gather.pull(Kind::Type, kind)?;
    }
    gather.pull(Kind::Join, &joins::lock(question.environment.as_str()))?;
    gather.matter()?;
    let since = gather.line()?;
    gather.builds()?;
    gather.templates()?;
    gather.settings(since)?;
    gather.incidents()?;
    for id in exceptions {
        gather.thing(Reference::Exception, id)?;
    }
    gather.persons()?;
    let Gather { kept, beyond, .. } = gather;
    let mut selected =
        Selected { read: Vec::with_capacity(kept.len()), doubts: Vec::new(), beyond };
    for (index, kept) in kept {
        selected.doubts.extend(kept.doubt.map(|doubt| (index, doubt)));
        selected.read.push(kept.read);
    }
    Ok(selected)
}

struct Gather<'s, S> {
    source: &'s S,
    question: &'s Question,
    kept: BTreeMap<u64, Kept>,
    asked: HashSet<String>,
    beyond: Option<String>,
}

impl<S: Sought> Gather<'_, S> {
    /// Reads what a key of the index finds.
    fn pull(&mut self, kind: Kind, value: &str) -> Result<Vec<u64>> {
        let found = self.source.find(kind, value)?;
        let indexes: Vec<u64> = found.iter().map(|posting| posting.index).collect();
        self.read(&indexes)?;
        Ok(indexes)
    }

    /// All that speaks of a thing; once.
    fn thing(&mut self, reference: Reference, id: &str) -> Result<()> {
        let name = joins::thing(reference, id);
        if self.asked.insert(name.clone()) {
            self.pull(Kind::Subject, &name)?;
            self.pull(Kind::Join, &name)?;
        }
        Ok(())
    }

    fn read(&mut self, indexes: &[u64]) -> Result<()> {
        let (kept, size) = (&self.kept, self.source.size());
        let new =
            indexes.iter().copied().filter(|index| *index < size && !kept.contains_key(index));
        let new: Vec<u64> = new.collect::<BTreeSet<u64>>().into_iter().collect();
        let found = self.source.entries(&new, Kept::of)?;
        self.kept.extend(new.into_iter().zip(found));
        Ok(())
    }

    /// The ids under a reference in what was read so far, of some types.
    fn named(&self, reference: Reference, types: &[&str]) -> Vec<Id> {
        let of = |kept: &&Kept| types.iter().any(|kind| kept.kind.starts_with(kind));
        let named = self.kept.values().filter(of).flat_map(|kept| &kept.references);
        let ids: BTreeSet<&Id> =
            named.filter(|(name, _)| *name == reference).map(|(_, id)| id).collect();
        ids.into_iter().cloned().collect()
    }

    /// The change and the artifact, the deployments that name them, and what their gates stand on.
    fn matter(&mut self) -> Result<()> {
        if let Some(change) = &self.question.change {
            self.thing(Reference::Change, change.as_str())?;
        }
        self.thing(Reference::Artifact, &self.question.artifact.to_reference())?;
        for deployment in self.named(Reference::Deployment, &["deployment."]) {
            self.thing(Reference::Deployment, deployment.as_str())?;
        }
        let cited: Vec<u64> = self.kept.values().flat_map(|kept| &kept.cited).copied().collect();
        self.read(&cited)?;
        // the key by which a signature was checked may have been revoked
        for key in self.named(Reference::Key, &["artifact.recorded"]) {
            self.thing(Reference::Key, key.as_str())?;
        }
        Ok(())
    }

    /// What ran in the line, from the newest back to the one that succeeded last, with all about it;
    /// when that began.
    fn line(&mut self) -> Result<Option<Timestamp>> {
        let (service, environment) = (&self.question.service, &self.question.environment);
        let name = joins::line(service.as_str(), environment.as_str());
        let mut postings = self.source.find(Kind::Join, &name)?;
        postings.retain(|posting| posting.order <= self.question.now.micros());
        let mut last: Option<Timestamp> = None;
        for (step, posting) in postings.iter().rev().enumerate() {
            if last.is_some_and(|last| posting.order < last.micros()) {
                break;
            }
            if step == STEPS {
                let why = format!("none of the last {STEPS} entries of the line says what runs");
                self.beyond = Some(why);
                break;
            }
            self.read(&[posting.index])?;
            let Some(id) = self.deployment(posting) else { continue };
            self.thing(Reference::Deployment, id.as_str())?;
            last = last.max(self.succeeded(&id));
        }
        // what runs now, and what was tried since
        let line = |kept: &&Kept| {
            kept.kind.starts_with("deployment.")
                && kept.names(Reference::Service, service)
                && kept.names(Reference::Environment, environment)
        };
        let of = |reference: Reference| -> BTreeSet<Id> {
            let named = self.kept.values().filter(line).flat_map(|kept| &kept.references);
            named.filter(|(name, _)| *name == reference).map(|(_, id)| id.clone()).collect()
        };
        let (changes, artifacts) = (of(Reference::Change), of(Reference::Artifact));
        for change in changes {
            self.thing(Reference::Change, change.as_str())?;
        }
        for artifact in artifacts {
            self.thing(Reference::Artifact, artifact.as_str())?;
        }
        Ok(last)
    }

    fn deployment(&self, posting: &Posting) -> Option<Id> {
        let kept = self.kept.get(&posting.index)?;
        kept.references
            .iter()
            .find(|(name, _)| *name == Reference::Deployment)
            .map(|(_, id)| id.clone())
    }

    /// When a deployment began, if it is known to have succeeded: its last start before its end.
    fn succeeded(&self, id: &Id) -> Option<Timestamp> {
        let own = self.kept.values().filter(|kept| kept.names(Reference::Deployment, id));
        let read: Vec<Read> = own.map(|kept| kept.read.clone()).collect();
        let facts = Facts::from_read(read);
        let own = facts.deployments().filter(|deployment| {
            deployment.reference == id
                && *deployment.service == self.question.service
                && *deployment.environment == self.question.environment
        });
        own.filter(|known| known.succeeded() && known.at <= self.question.now).map(|d| d.at).max()
    }

    /// The commits of the builds, and the builds between the artifact and what ran before.
    fn builds(&mut self) -> Result<()> {
        let mut done: BTreeSet<Box<str>> = BTreeSet::new();
        for _ in 0..STEPS {
            // builds lead to commits, these to changes with them and to builds that end with them
            let builds = self.kept.values().filter_map(|kept| kept.build.as_ref());
            let named = builds.flat_map(|(from, to, list)| from.iter().chain(to).chain(list));
            let next: Vec<Box<str>> = named.filter(|sha| !done.contains(*sha)).cloned().collect();
            if next.is_empty() {
                return Ok(());
            }
            for sha in next {
                if done.insert(sha.clone()) {
                    self.pull(Kind::Join, &joins::commit(&sha))?;
                }
            }
            if self.ran_is_reached() {
                return Ok(());
            }
        }
        self.beyond = Some("too many builds lie between it and what ran before".to_owned());
        Ok(())
    }

    /// Whether the builds that were read reach back to one of what ran in the line.
    fn ran_is_reached(&self) -> bool {
        let (service, environment) = (&self.question.service, &self.question.environment);
        let own = self.question.artifact.to_reference();
        let ran: BTreeSet<&Id> = self
            .kept
            .values()
            .filter(|kept| {
                &*kept.kind == "deployment.started"
                    && kept.names(Reference::Service, service)
                    && kept.names(Reference::Environment, environment)
            })
            .flat_map(|kept| &kept.references)
            .filter(|(name, id)| *name == Reference::Artifact && id.as_str() != own)
            .map(|(_, id)| id)
            .collect();
        let builds = self.kept.values().filter_map(|kept| Some((kept, kept.build.as_ref()?)));
        let heads: BTreeSet<&str> = builds
            .clone()
            .filter(|(kept, _)| ran.iter().any(|id| kept.names(Reference::Artifact, id)))
            .filter_map(|(_, (_, to, _))| to.as_deref())
            .collect();
        // with nothing before there is nothing to be reached
        ran.is_empty()
            || builds
                .clone()
                .any(|(_, (from, ..))| from.as_deref().is_some_and(|from| heads.contains(from)))
    }

    /// Templates of the change's class, and how deployments by them went.
    fn templates(&mut self) -> Result<()> {
        for template in self.named(Reference::Template, &["change.classified"]) {
            let own = self.question.change.as_ref();
            let ours = self.kept.values().any(|kept| {
                &*kept.kind == "change.classified"
                    && kept.names(Reference::Template, &template)
                    && own.is_some_and(|change| kept.names(Reference::Change, change))
            });
            if !ours {
                continue;
            }
            self.thing(Reference::Template, template.as_str())?;
            let by: Vec<Id> = self
                .kept
                .values()
                .filter(|kept| kept.names(Reference::Template, &template))
                .flat_map(|kept| &kept.references)
                .filter(|(name, _)| *name == Reference::Change)
                .map(|(_, id)| id.clone())
                .collect();
            for change in by {
                self.thing(Reference::Change, change.as_str())?;
            }
        }
        for deployment in self.named(Reference::Deployment, &["deployment."]) {
            self.thing(Reference::Deployment, deployment.as_str())?;
        }
        Ok(())
    }

    /// Changes of settings of the systems; approvals of those that may matter: since what ran before,
    /// and of what weakened something, whenever.
    fn settings(&mut self, since: Option<Timestamp>) -> Result<()> {
        let systems: Vec<Read> = self
            .kept
            .values()
            .filter(|kept| &*kept.kind == "system.registered")
            .map(|kept| kept.read.clone())
            .collect();
        let facts = Facts::from_read(systems);
        let Question { system, service, environment, now, .. } = self.question;
        let standing = facts.standing(system.as_ref(), service, environment, *now);
        for system in standing.systems() {
            self.pull(Kind::Join, &joins::settings(system.system.as_str()))?;
        }
        let matters = |kept: &&Kept| {
            &*kept.kind == "config.changed"
                && (kept.flag || since.is_none_or(|since| kept.at.occurred > since))
        };
        let changes: BTreeSet<Id> = self
            .kept
            .values()
            .filter(matters)
            .flat_map(|kept| &kept.references)
            .filter(|(name, _)| *name == Reference::Change)
            .map(|(_, id)| id.clone())
            .collect();
        for change in changes {
            self.thing(Reference::Change, change.as_str())?;
        }
        Ok(())
    }

    /// Incidents that an emergency stands on.
    fn incidents(&mut self) -> Result<()> {
        let mut ids = self.named(Reference::Incident, &["break_glass.", "deployment."]);
        ids.extend(self.question.incident.clone());
        for id in ids {
            self.thing(Reference::Incident, id.as_str())?;
        }
        Ok(())
    }

    /// Who everybody is that a test may compare, what they may do, and for whom bots ran.
    fn persons(&mut self) -> Result<()> {
        let times: BTreeSet<Timestamp> = self
            .kept
            .values()
            .filter(|kept| !kept.persons.is_empty())
            .map(|kept| kept.at.occurred)
            .chain([self.question.now])
            .collect();
        let named = self.kept.values().flat_map(|kept| &kept.persons).copied();
        let mut next: BTreeSet<Pseudonym> = named.chain(self.question.initiator).collect();
        let mut seen: BTreeSet<Pseudonym> = BTreeSet::new();
        while let Some(who) = next.pop_first() {
            if !seen.insert(who) {
                continue;
            }
            let mut found: BTreeSet<u64> =
                self.pull(Kind::Join, &joins::person(who))?.into_iter().collect();
            found.extend(self.runs(who, &times)?);
            let kept = found.iter().filter_map(|index| self.kept.get(index));
            let on = kept.flat_map(|kept| kept.persons.iter().copied().chain(kept.at.behalf));
            next.extend(on.filter(|who| !seen.contains(who)));
        }
        Ok(())
    }

    /// The entries in which a bot acts last before each of these times.
    fn runs(&mut self, who: Pseudonym, times: &BTreeSet<Timestamp>) -> Result<Vec<u64>> {
        let name = joins::runs(who);
        let mut found = Vec::new();
        let mut until = times.last().copied();
        while let Some(at) = until {
            let Some(posting) = self.source.last(Kind::Join, &name, at)? else { break };
            found.push(posting.index);
            // all times after it have the same answer
            until = times.iter().rfind(|at| at.micros() < posting.order).copied();
        }
        self.read(&found)?;
        Ok(found)
    }
}

impl Kept {
    fn of(entry: &Entry<'_>, doubt: Option<Doubt>) -> Self {
        let event = &entry.event;
        let mut references: BTreeSet<(Reference, Id)> = BTreeSet::new();
        let mut name = |name: &str, id: &str| {
            references.extend(Reference::parse(name).map(|name| (name, Id::from(id))));
        };
        let subject = event.root.get("subject");
        for (reference, id) in subject.iter().flat_map(crate::json::View::members) {
            name(reference, id.plain().unwrap_or_default());
        }
        joins::of(entry, &mut |joined| {
            if let Some((reference, id)) = joined.split_once(':') {
                name(reference, id);
            }
        });
        if let Some(key) = event.text_at("/data/verification/key") {
            name("key", key);
        }
        let commit = |at: &str| event.text_at(at).map(Box::from);
        let texts = |at: &str| -> Vec<Box<str>> {
            let list = event.root.pointer(at);
            list.iter()
                .flat_map(crate::json::View::items)
                .filter_map(|i| Some(i.plain()?.into()))
                .collect()
        };
        let build = (event.text_at("/data/action") == Some("built")).then(|| {
            (commit("/data/commits/from"), commit("/data/commits/to"), texts("/data/commits/list"))
        });
        let read = Read::of(entry);
        Self {
            at: read.at(),
            kind: event.kind.into(),
            references: references.into_iter().collect(),
            persons: persons(entry),
            build: build.filter(|_| event.kind == "artifact.recorded"),
            cited: cited(entry),
            flag: event.text_at("/data/weakened") == Some("yes")
                || event.text_at("/data/action") == Some("bypassed"),
            doubt,
            read,
        }
    }

    fn names(&self, reference: Reference, id: &Id) -> bool {
        self.references.iter().any(|(name, known)| *name == reference && known == id)
    }
}

/// Entries that a gate's verdict says it stands on.
fn cited(entry: &Entry<'_>) -> Vec<u64> {
    if entry.event.kind != "gate.evaluated" {
        return Vec::new();
    }
    let inputs = entry.event.root.pointer("/data/inputs");
    let inputs = inputs.iter().flat_map(crate::json::View::items);
    let named = inputs.filter_map(|input| input.get("entries"));
    named
        .flat_map(|list| list.items().filter_map(|index| index.unsigned()).collect::<Vec<_>>())
        .collect()
}

/// Whom a test may compare that reads this entry.
fn persons(entry: &Entry<'_>) -> Vec<Pseudonym> {
    let acts = |kind: &str| {
        ["break_glass.", "config.", "deployment.", "freeze."]
            .iter()
            .any(|start| kind.starts_with(start))
    };
    let counts = |at: &str| match entry.event.kind {
        "access.changed" | "person.changed" | "policy.changed" | "system.registered" => false,
        "identity.linked" => at.starts_with("/data/identities/"),
        kind if acts(kind) => true,
        _ => !at.starts_with("/actor/"),
    };
    entry.persons.iter().filter(|(at, _)| counts(at)).map(|(_, who)| *who).collect()
}
