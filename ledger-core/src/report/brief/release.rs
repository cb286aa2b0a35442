//! Release: what a release is made of, whether it was ready, what the gates said, and where it went.

use std::collections::BTreeSet;

use super::{Written, none};
use crate::error::Result;
use crate::fact::Said;
use crate::hash::Sha256;
use crate::report::Material;
use crate::report::dataset::{Dataset, Kind, Sheet, entries, row};
use crate::report::section::{Section, many, section};
use crate::schema::change::{MilestoneState, ReleaseRecorded};
use crate::schema::typed::Id;
use crate::schema::words::Reference;

/// A release as its newest entry has it.
type Newest<'f> = &'f Said<ReleaseRecorded>;

pub(super) fn one(material: &Material<'_>, id: &str) -> Result<Written> {
    let rows = material.facts.release_recorded.of(Reference::Release, id);
    let newest = rows.clone().last().ok_or_else(|| none("release", id, "release-none"))?;
    let mut written = bills(material, &[newest]);
    let members = newest.members.len() as u64;
    written.sentences.insert(
        0,
        format!(
            "Release {id} is {}: version {}, {}.",
            newest.state,
            newest.version,
            many(members, "service")
        ),
    );
    Ok(written)
}

pub(super) fn train(material: &Material<'_>, id: &str) -> Result<Written> {
    let table = &material.facts.release_train_changed;
    let last = table.of(Reference::Train, id).last();
    let last = last.ok_or_else(|| none("train", id, "train-none"))?;
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    for known in table.of(Reference::Train, id) {
        ids.extend(known.releases.iter().map(Id::as_str));
    }
    let all = &material.facts.release_recorded;
    for known in all.all() {
        if known.train.as_ref().is_some_and(|train| train.as_str() == id) {
            ids.extend(known.subject.get(Reference::Release).map(Id::as_str));
        }
    }
    let newest: Vec<Newest<'_>> =
        ids.iter().filter_map(|id| all.of(Reference::Release, id).last()).collect();
    let mut written = bills(material, &newest);
    let stops = stops(material, id);
    written.sentences.insert(
        0,
        format!("Train {id}: {} last, {}.", last.action, many(ids.len() as u64, "release")),
    );
    let mut page =
        section("train", "The train", written.sentences.first().cloned().unwrap_or_default());
    page.datasets.push(stops.about.id.clone());
    written.sections.insert(0, page);
    written.datasets.insert(0, stops);
    Ok(written)
}

fn stops(material: &Material<'_>, id: &str) -> Dataset {
    let mut sheet = Sheet::new(
        "B00",
        "What happened to the train",
        "each entry that speaks of the train, by entry",
        &[
            ("at", Kind::Time),
            ("action", Kind::Id),
            ("milestone", Kind::Id),
            ("stands", Kind::Id),
            ("releases", Kind::Text),
            ("entry", Kind::Entries),
        ],
    )
    .with("train", id);
    for known in material.facts.release_train_changed.of(Reference::Train, id) {
        sheet.row(row![
            known.at.occurred,
            known.action.as_str(),
            known.milestone.as_ref(),
            known.milestone_state.map(MilestoneState::as_str),
            crate::report::dataset::names(known.releases.iter()),
            known.at.index.to_string(),
        ]);
    }
    sheet.done()
}

/// The bills of releases, their readiness, their gates.
fn bills(material: &Material<'_>, releases: &[Newest<'_>]) -> Written {
    let (bill, ready) = (bill(material, releases), ready(material, releases));
    let (gates, went) = (gates(material, releases), went(material, releases));
    let count = |dataset: &Dataset, what: &str| many(dataset.about.rows, what);
    let failed = gates.rows.iter().filter(|row| row.get(4).is_some_and(|c| c.text() == "fail"));
    let sentences = vec![format!(
        "{} of readiness; {} of gates, {} of them a refusal; {} to environments.",
        count(&ready, "record"),
        count(&gates, "verdict"),
        failed.count(),
        count(&went, "deployment"),
    )];
    let page = |id, title, says: String, dataset: &Dataset| {
        let mut page: Section = section(id, title, says);
        page.datasets.push(dataset.about.id.clone());
        page
    };
    let sections = vec![
        page(
            "bill",
            "Release bill",
            format!("{} with its artifact.", count(&bill, "member")),
            &bill,
        ),
        page("ready", "Readiness", format!("{}.", count(&ready, "record")), &ready),
        page("gates", "Gates", format!("{}.", count(&gates, "verdict")), &gates),
        page("went", "Where it went", format!("{}.", count(&went, "deployment")), &went),
    ];
    Written { sentences, sections, datasets: vec![bill, ready, gates, went] }
}

fn id(release: Newest<'_>) -> &str {
    release.what.release.as_str()
}

fn bill(material: &Material<'_>, releases: &[Newest<'_>]) -> Dataset {
    let mut sheet = Sheet::new(
        "B01",
        "Members of the release",
        "each member of each release as its newest entry has it, in its order; the changes that deployments of the artifact name, and what the member needs of others",
        &[
            ("release", Kind::Id),
            ("state", Kind::Id),
            ("service", Kind::Id),
            ("artifact", Kind::Digest),
            ("built", Kind::Text),
            ("changes", Kind::Text),
            ("needs", Kind::Text),
            ("entry", Kind::Entries),
        ],
    );
    let facts = material.facts;
    for release in releases {
        for member in &*release.members {
            let artifact = member.artifact.to_reference();
            let built = facts.artifact_recorded.of(Reference::Artifact, &artifact);
            let built: BTreeSet<&str> = built.map(|row| row.action.as_str()).collect();
            let started = facts.deployment_started.of(Reference::Artifact, &artifact);
            let changes: BTreeSet<&str> =
                started.filter_map(|row| row.change.as_ref()).map(Id::as_str).collect();
            let needs: Vec<String> = release
                .constraints
                .iter()
                .flatten()
                .filter(|known| known.service == member.service)
                .map(|known| format!("{} {}", known.requires, known.version))
                .collect();
            sheet.row(row![
                id(release),
                release.state.as_str(),
                &member.service,
                member.artifact,
                built.into_iter().collect::<Vec<_>>().join(" "),
                changes.into_iter().collect::<Vec<_>>().join(" "),
                needs.join("; "),
                release.at.index.to_string(),
            ]);
        }
    }
    sheet.done()
}

fn ready(material: &Material<'_>, releases: &[Newest<'_>]) -> Dataset {
    let sheet = Sheet::new(
        "B02",
        "Readiness",
        "each score and each review of the readiness of the releases, by entry",
        &[
            ("release", Kind::Id),
            ("at", Kind::Time),
            ("record", Kind::Text),
            ("result", Kind::Text),
            ("details", Kind::Sentence),
            ("entry", Kind::Entries),
        ],
    );
    let facts = material.facts;
    let mut rows = Vec::new();
    for release in releases {
        for known in facts.readiness_scored.of(Reference::Release, id(release)) {
            let parts: Vec<String> = known
                .parts
                .iter()
                .map(|part| {
                    format!(
                        "{} {} of weight {}",
                        part.name,
                        part.score.as_str(),
                        part.weight.as_str()
                    )
                })
                .collect();
            let vetoes = crate::report::dataset::names(known.vetoes.iter());
            let missing = crate::report::dataset::names(known.missing.iter());
            let result = format!("{} of {} needed", known.score.as_str(), known.minimum.as_str());
            let details = format!(
                "{}; vetoes: {}; missing: {}",
                parts.join(", "),
                word(&vetoes),
                word(&missing)
            );
            let index = known.at.index;
            rows.push((
                index,
                row![id(release), known.at.occurred, "score", result, details, index.to_string()],
            ));
        }
        for known in facts.readiness_reviewed.of(Reference::Release, id(release)) {
            let items: Vec<String> =
                known.items.iter().map(|item| format!("{} {}", item.id, item.status)).collect();
            let conditions = known.conditions.iter().flatten();
            let conditions = crate::report::dataset::names(conditions);
            let details = format!("{}; conditions: {}", items.join(", "), word(&conditions));
            let index = known.at.index;
            rows.push((
                index,
                row![
                    id(release),
                    known.at.occurred,
                    "review",
                    known.decision.as_str(),
                    details,
                    index.to_string()
                ],
            ));
        }
    }
    sheet.by_entry(rows)
}

fn word(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

/// The artifacts of the releases, each once.
fn artifacts(releases: &[Newest<'_>]) -> BTreeSet<Sha256> {
    releases
        .iter()
        .flat_map(|release| release.members.iter())
        .map(|member| member.artifact)
        .collect()
}

fn gates(material: &Material<'_>, releases: &[Newest<'_>]) -> Dataset {
    let sheet = Sheet::new(
        "B03",
        "Verdicts of gates",
        "each verdict of a gate on an artifact of the releases, by entry",
        &[
            ("at", Kind::Time),
            ("artifact", Kind::Digest),
            ("environment", Kind::Id),
            ("gate", Kind::Id),
            ("verdict", Kind::Id),
            ("attempt", Kind::Count),
            ("rules", Kind::Digest),
            ("entry", Kind::Entries),
        ],
    );
    let mut rows = Vec::new();
    for artifact in artifacts(releases) {
        let reference = artifact.to_reference();
        for known in material.facts.gate_evaluated.of(Reference::Artifact, &reference) {
            let cells = row![
                known.at.occurred,
                artifact,
                &known.what.environment,
                &known.gate,
                known.verdict.as_str(),
                known.attempt,
                known.policy_digest,
                known.at.index.to_string(),
            ];
            rows.push((known.at.index, cells));
        }
    }
    sheet.by_entry(rows)
}

fn went(material: &Material<'_>, releases: &[Newest<'_>]) -> Dataset {
    let mut sheet = Sheet::new(
        "B04",
        "Deployments of the release",
        "each deployment of an artifact of the releases, to any environment, by first entry",
        &[
            ("deployment", Kind::Id),
            ("began", Kind::Time),
            ("ended", Kind::Time),
            ("service", Kind::Id),
            ("environment", Kind::Id),
            ("outcome", Kind::Text),
            ("change", Kind::Id),
            ("artifact", Kind::Digest),
            ("entries", Kind::Entries),
        ],
    );
    let artifacts = artifacts(releases);
    for known in material.facts.deployments() {
        let Some(artifact) = known.artifact().filter(|own| artifacts.contains(own)) else {
            continue;
        };
        sheet.row(row![
            known.id,
            known.at,
            known.finished.map(|row| row.at.occurred),
            known.service,
            known.environment,
            known.outcome().map_or("not finished", |outcome| outcome.as_str()),
            known.change(),
            artifact,
            entries(known.entries()),
        ]);
    }
    sheet.done()
}
