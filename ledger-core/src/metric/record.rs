//! Record: whether what happened is on record, whole and soon.

use std::collections::{BTreeMap, BTreeSet};

use super::arithmetic::quantile;
use super::definition::Definition;
use super::desk::{Desk, Went};
use super::draw::{Draw, Listed};
use super::member::{Adds, Member};
use super::value::Tally;
use crate::check::change::fits;
use crate::check::change::runtime::{self, Explained};
use crate::check::span;
use crate::fact::Facts;
use crate::key::KeyId;
use crate::schema::approve::ApprovalDecision;
use crate::schema::build::ArtifactAction;
use crate::schema::typed::Id;
use crate::schema::words::Reference;

/// Deployments, and those of which everything is linked.
pub(super) fn traceability(desk: &Desk<'_>) -> Draw {
    let mut listed = Vec::new();
    let members = desk.each(|went| {
        let (missing, entries) = links(desk, went);
        if !missing.is_empty() {
            let sentence =
                format!("{}; not linked: {}", went.deployment.words(), missing.join(", "));
            listed.push(Listed::new(went.deployment.id, sentence, went.deployment.entries()));
        }
        went.member(Adds::one(missing.is_empty())).cites(entries)
    });
    Draw { listed, ..Draw::from(members) }
}

/// What is not linked, and the entries of what is.
fn links(desk: &Desk<'_>, went: &Went<'_>) -> (Vec<&'static str>, Vec<u64>) {
    let (facts, one) = (desk.facts(), &went.deployment);
    let (mut missing, mut entries) = (Vec::new(), Vec::new());
    let mut link = |name: &'static str, found: Vec<u64>| {
        if found.is_empty() {
            missing.push(name);
        }
        entries.extend(found);
    };
    let change = one.change();
    let rows = change.map(|id| facts.change_recorded.of(Reference::Change, id.as_str()));
    link("change", rows.into_iter().flatten().map(|row| row.at.index).collect());
    let authored = desk.authors.authored(one, &desk.lines);
    let whole = authored.gaps.is_empty();
    let commits = authored.commits.iter().map(|(_, entry)| *entry).filter(|_| whole);
    link("commits", commits.collect());
    let artifact = one.artifact();
    let reference = artifact.map(crate::hash::Sha256::to_reference);
    let builds =
        reference.iter().flat_map(|id| facts.artifact_recorded.of(Reference::Artifact, id));
    let builds = builds.filter(|row| row.action == ArtifactAction::Built);
    link("build", builds.map(|row| row.at.index).collect());
    let approvals = change.zip(artifact).into_iter().flat_map(|(change, artifact)| {
        let rows = facts.approval_decided.of(Reference::Change, change.as_str());
        let said =
            |decision| matches!(decision, ApprovalDecision::Granted | ApprovalDecision::Ratified);
        rows.filter(move |row| said(row.decision) && fits(row, one, change, artifact))
    });
    link("approval", approvals.map(|row| row.at.index).collect());
    link("digest", artifact.iter().map(|_| one.first).collect());
    (missing, entries)
}

/// Pairs of workload and digest that were seen in production, and those that a deployment explains.
pub(super) fn explained(desk: &Desk<'_>) -> Draw {
    let member = |seen: runtime::Seen| {
        let adds = match seen.explained {
            Explained::Yes => Adds::one(true),
            Explained::No => Adds::one(false),
            Explained::Unknown => {
                Adds::Unknown("nobody declares its environment, or its list cannot be read")
            }
            Explained::Elsewhere => Adds::LeftOut("environment is not production"),
        };
        Member::new(seen.item, seen.at, adds)
            .of(seen.service)
            .cites(seen.entries)
            .beside("of a list that is not complete", !seen.complete)
    };
    Draw::from(runtime::seen(&desk.context).into_iter().map(member).collect::<Vec<_>>())
}

/// How long it took until what happened was recorded, by source.
///
/// Each entry of the period counts; they are too many for a member each, so those that hold the
/// values are listed.
pub(super) fn lags(desk: &Desk<'_>, definition: &Definition) -> Draw {
    let facts = desk.facts();
    let sources = Sources::of(facts);
    let mut lines: BTreeMap<Option<KeyId>, String> = BTreeMap::new();
    facts.each(&mut |_, at, _| {
        let key = at.key.filter(|_| at.relayed);
        lines.entry(key).or_insert_with(|| sources.name(key));
    });
    let mut tally = Tally::default();
    let mut held: BTreeMap<&str, Vec<(u64, u64)>> = BTreeMap::new();
    facts.each(&mut |_, at, subject| {
        let line = lines.get(&at.key.filter(|_| at.relayed));
        let Some(line) = line.filter(|_| desk.ground.period.has(at.occurred)) else { return };
        let adds = if at.occurred > at.recorded {
            Adds::Unknown("recorded before it says it happened")
        } else {
            held.entry(line).or_default().push((at.lag(), at.index));
            Adds::Measured(at.lag())
        };
        tally.add(subject.get(Reference::Service).map(Id::as_str), line, &adds);
    });
    let mut listed = Vec::new();
    for (line, mut all) in held {
        all.sort_unstable();
        let times: Vec<u64> = all.iter().map(|(lag, _)| *lag).collect();
        let ranks = [
            ("the 95th percentile", quantile(&times, 95)),
            ("the greatest", times.last().copied()),
        ];
        for (what, lag) in ranks {
            let Some(lag) = lag else { continue };
            let place = times.partition_point(|known| *known < lag);
            let Some((_, entry)) = all.get(place) else { continue };
            let sentence = format!("{what} of {} entries of {line} is {}", all.len(), span(lag));
            listed.push(Listed::new(line, sentence, [*entry]));
        }
    }
    let minimum = desk.definitions().minimum_n;
    Draw { listed, values: Some(tally.values(definition, minimum, false)), ..Draw::default() }
}

/// Sources by the keys that relay for them.
struct Sources<'f> {
    by: BTreeMap<&'f str, BTreeSet<&'f str>>,
}

impl<'f> Sources<'f> {
    fn of(facts: &'f Facts) -> Self {
        let mut by: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in facts.source_registered.all() {
            if let Some(key) = &row.what.relay_key {
                by.entry(key.as_str()).or_default().insert(row.what.source.as_str());
            }
        }
        Self { by }
    }

    /// The source for which a key relays; without a key what was signed by its own producer.
    fn name(&self, key: Option<KeyId>) -> String {
        let Some(key) = key.map(|key| key.to_string()) else { return "direct".to_owned() };
        match self.by.get(key.as_str()).map(|sources| sources.iter().collect::<Vec<_>>()).as_deref()
        {
            Some([one]) => (**one).to_owned(),
            // a key of no source, or of several
            _ => format!("relayed by {key}"),
        }
    }
}
