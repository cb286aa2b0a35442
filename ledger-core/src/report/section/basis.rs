//! Scope and basis; integrity and completeness.

use super::{Plot, Section, many, section};
use crate::check::State;
use crate::report::Material;
use crate::report::dataset::{Dataset, Kind, Sheet, row};
use crate::report::period;
use crate::schema::words::Reference;

pub(super) fn scope(material: &Material<'_>, all: &mut Vec<Dataset>) -> Section {
    let systems = material.facts.systems(period::last(material.period)).len() as u64;
    let controls = material.evaluation.outcomes.len() as u64;
    let mut page = section(
        "scope",
        "Scope and basis",
        format!(
            "{} were tested over {} and their production environments, for every occurrence between {}.",
            many(controls, "control"),
            many(systems, "registered system"),
            material.days("and"),
        ),
    );
    page.note("Every member of a population is tested, so rates are what was seen and nothing is projected. Samples are offered to whoever wants to re-perform some of it: the population is fixed first, then the seed is given, then the items follow from both.");
    page.note("An occurrence belongs to the period in which it happened. What was recorded after the cut-off is left out and belongs to the next report. Rights, rules and keys are judged as they stood when something happened; facts about persons by the day on which they took effect.");
    page.note("Results: no exceptions noted - every item in scope passed. Exceptions noted - at least one did not. Cannot tell - evidence is missing for at least one, and none failed. Risk accepted - what failed was accepted by another person, in force at the cut-off. No occurrence - there was nothing to test. Missing evidence is never a pass.");
    page.note("Severity: critical - the purpose of the control was defeated. High - a key part of it did not work. Medium - a part. Low - a formality.");
    page.note("A ledger shows what was recorded and by whose key. It does not show what nobody recorded; that is what the reconciliations of the next page are for. The ledger does not judge whether an approval was wise or a review thorough.");
    page.draw(
        Plot::Population,
        "G02",
        ["What was tested, and what was left out of each population", "items", "No test was run."],
    );
    page.list("P01");
    page.list("P02");
    page.table(not_evidenced(material), all);
    page.table(tailored(material), all);
    page
}

fn not_evidenced(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "N01",
        "What the frameworks ask for and release evidence cannot show",
        "each requirement of the frameworks in scope that the catalogue names as not evidenced, in its order",
        &[("framework", Kind::Id), ("requirement", Kind::Text), ("why", Kind::Sentence)],
    );
    let Some(slice) = material.evaluation.slices.first() else { return sheet.done() };
    for known in &slice.resolved.catalogue.not_evidenced {
        if material.evaluation.question.frameworks.contains(&known.framework) {
            let place = known.reference.as_str();
            sheet.row(row![known.framework.as_str(), place, known.reason.as_str()]);
        }
    }
    sheet.done()
}

fn tailored(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "N02",
        "Controls that were left out",
        "each control that an overlay leaves out, for each part of the period, in the order of the overlays",
        &[
            ("control", Kind::Id),
            ("overlay", Kind::Id),
            ("why", Kind::Sentence),
            ("decided by", Kind::Text),
            ("from", Kind::Time),
        ],
    );
    for slice in &material.evaluation.slices {
        for known in &slice.resolved.tailored {
            sheet.row(row![
                known.control.as_str(),
                known.layer.as_str(),
                known.reason.as_str(),
                known.approver.as_str(),
                slice.period.from,
            ]);
        }
    }
    sheet.done()
}

pub(super) fn integrity(material: &Material<'_>, all: &mut Vec<Dataset>) -> Section {
    let front = &material.evaluation.front;
    let said = |state| match state {
        State::Pass => "holds",
        State::Fail => "does not hold",
        _ => "cannot be told",
    };
    let mut page = section(
        "integrity",
        "Integrity and completeness",
        format!(
            "Integrity {}; completeness {}.",
            said(front.integrity.state),
            said(front.completeness.state)
        ),
    );
    page.note("Integrity: every entry was read, its link to the one before it, the signatures over it and the tree over all entries were checked, and held against what is known outside the ledger.");
    page.note("Completeness, in this order: nothing was removed since the last checkpoint; sources report without gaps; what an independent extract of a source has is in the ledger, and the other way round; what runs is what was deployed; and the queries are versioned and tested with planted exceptions.");
    page.table(sources(material), all);
    page.table(reconciliations(material), all);
    page.table(lags(material), all);
    page.list("P16");
    page.list("P17");
    page
}

fn sources(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "S01",
        "Sources that report to the ledger",
        "each registered source, by id, with its heartbeats in the period",
        &[
            ("source", Kind::Id),
            ("state", Kind::Id),
            ("populations", Kind::Text),
            ("extract", Kind::Id),
            ("heartbeat every", Kind::Id),
            ("heartbeats", Kind::Count),
            ("events they speak of", Kind::Count),
            ("last sign of life", Kind::Time),
            ("entry", Kind::Entries),
        ],
    );
    let (facts, period) = (material.facts, material.period);
    for id in facts.source_registered.ids(Reference::Source) {
        let rows = facts.source_registered.of(Reference::Source, id.as_str());
        let Some(known) =
            rows.max_by_key(|row| (row.from.unwrap_or(row.at.occurred), row.at.index))
        else {
            continue;
        };
        let beats = facts.source_heartbeat.of(Reference::Source, id.as_str());
        let beats: Vec<_> = beats.filter(|beat| period.has(beat.at.occurred)).collect();
        sheet.row(row![
            &known.what.source,
            known.state.as_str(),
            crate::report::dataset::names(known.populations.iter()),
            &known.extract_method,
            known.heartbeat_every.as_str(),
            beats.len() as u64,
            beats.iter().map(|beat| beat.events).sum::<u64>(),
            beats.iter().map(|beat| beat.to).max(),
            known.at.index.to_string(),
        ]);
    }
    sheet.done()
}

fn reconciliations(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "S02",
        "Reconciliations with independent extracts of the sources",
        "each reconciliation whose span touches the period, by entry; matched and missing tie with the source's own count",
        &[
            ("source", Kind::Id),
            ("population", Kind::Id),
            ("from", Kind::Time),
            ("to", Kind::Time),
            ("extracted at", Kind::Time),
            ("query", Kind::Id),
            ("in the source", Kind::Count),
            ("matched", Kind::Count),
            ("missing in the ledger", Kind::Count),
            ("only in the ledger", Kind::Count),
            ("different", Kind::Count),
            ("extracted by", Kind::Person),
            ("entry", Kind::Entries),
        ],
    );
    for known in material.facts.source_reconciled.all() {
        if known.from >= material.period.to || known.to <= material.period.from {
            sheet.exclude("of another span", 1);
            continue;
        }
        sheet.row(row![
            &known.source,
            &known.population,
            known.from,
            known.to,
            known.extracted_at,
            &known.query,
            known.source_count,
            known.matched,
            known.missing,
            known.extra,
            known.different,
            known.extractor,
            known.at.index.to_string(),
        ]);
    }
    sheet.done()
}

/// A table of facts as a name and the lags of its entries.
macro_rules! lags {
    ($facts:expr, $period:expr, $($table:ident => $name:literal),* $(,)?) => {
        [$((
            $name,
            $facts.$table.all().iter().map(|row| &row.at).filter(|at| $period.has(at.occurred))
                .map(crate::fact::At::lag).collect::<Vec<u64>>(),
        )),*]
    };
}

fn lags(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "S03",
        "From what happened to its record",
        "for each of these types of event the time from when it says it happened to when it was recorded, over those of the period: median, 95th percentile (nearest rank) and longest, in seconds",
        &[
            ("event", Kind::Id),
            ("entries", Kind::Count),
            ("median", Kind::Seconds),
            ("p95", Kind::Seconds),
            ("longest", Kind::Seconds),
        ],
    );
    let (facts, period) = (material.facts, material.period);
    let all = lags!(facts, period,
        access_changed => "access.changed",
        access_observed => "access.observed",
        approval_decided => "approval.decided",
        artifact_recorded => "artifact.recorded",
        change_recorded => "change.recorded",
        code_reviewed => "code.reviewed",
        config_changed => "config.changed",
        deployment_finished => "deployment.finished",
        deployment_started => "deployment.started",
        gate_evaluated => "gate.evaluated",
        incident_changed => "incident.changed",
        person_changed => "person.changed",
        pipeline_run => "pipeline.run",
        runtime_observed => "runtime.observed",
        test_completed => "test.completed",
    );
    for (name, mut lags) in all {
        if lags.is_empty() {
            continue;
        }
        lags.sort_unstable();
        let at = |percent: usize| {
            let place = (lags.len() * percent).div_ceil(100).max(1) - 1;
            lags.get(place).map(|micros| micros / 1_000_000)
        };
        sheet.row(row![name, lags.len() as u64, at(50), at(95), at(100)]);
    }
    sheet.done()
}
