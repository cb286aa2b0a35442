//! Deployments, their classes, settings, jobs and backups: P03, P04, P11, P12.

use std::collections::BTreeMap;

use crate::report::Material;
use crate::report::dataset::{Dataset, Kind, Sheet, entries, row};

pub(in crate::report) fn deployments(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P03",
        "Complete listing of deployments to production",
        "each deployment that began in the period in an environment of production, or in one that nobody registered, by first entry",
        &[
            ("deployment", Kind::Id),
            ("began", Kind::Time),
            ("ended", Kind::Time),
            ("service", Kind::Id),
            ("environment", Kind::Id),
            ("systems", Kind::Text),
            ("class", Kind::Id),
            ("outcome", Kind::Text),
            ("change", Kind::Id),
            ("artifact", Kind::Digest),
            ("entries", Kind::Entries),
        ],
    );
    for deployed in &material.deployments.all {
        let what = &deployed.what;
        sheet.row(row![
            what.id,
            what.at,
            what.finished.map(|row| row.at.occurred),
            what.service,
            what.environment,
            deployed.systems.as_str(),
            deployed.class_word(),
            deployed.outcome_word(),
            what.change(),
            what.artifact(),
            entries(what.entries().chain(deployed.rolled_back)),
        ]);
    }
    for (why, count) in &material.deployments.excluded {
        sheet.exclude(why, *count);
    }
    sheet.done()
}

pub(super) fn classes(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P04",
        "Deployments by class and outcome: the parts of P03",
        "how many deployments of P03 there are of each class and outcome; the sum is the number of rows of P03",
        &[("class", Kind::Id), ("outcome", Kind::Text), ("deployments", Kind::Count)],
    );
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for deployed in &material.deployments.all {
        *counts.entry((deployed.class_word(), deployed.outcome_word())).or_default() += 1;
    }
    for ((class, outcome), count) in counts {
        sheet.row(row![class, outcome, count]);
    }
    sheet.done()
}

pub(super) fn settings(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P11",
        "Changes of settings: pipelines, branch protection, access, encryption",
        "each setting that was created, changed, deleted or bypassed in the period, by entry",
        &[
            ("at", Kind::Time),
            ("system", Kind::Id),
            ("class", Kind::Id),
            ("item", Kind::Id),
            ("action", Kind::Id),
            ("weakened", Kind::Id),
            ("change", Kind::Id),
            ("changer", Kind::Person),
            ("approver", Kind::Person),
            ("entry", Kind::Entries),
        ],
    );
    for config in sheet.within(&material.facts.config_changed, material.period) {
        sheet.row(row![
            config.at.occurred,
            &config.system,
            config.class.as_str(),
            &config.item,
            config.action.as_str(),
            config.weakened.as_str(),
            config.change.as_ref(),
            config.changer,
            config.approver,
            config.at.index.to_string(),
        ]);
    }
    sheet.done()
}

pub(super) fn runs(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P12",
        "Scheduled jobs, backups and drills",
        "each run of a job, backup or drill of the period, by entry",
        &[
            ("at", Kind::Time),
            ("kind", Kind::Id),
            ("subject", Kind::Id),
            ("slot", Kind::Id),
            ("outcome", Kind::Id),
            ("entry", Kind::Entries),
        ],
    );
    let (facts, period) = (material.facts, material.period);
    let mut rows = Vec::new();
    for job in sheet.within(&facts.job_run, period) {
        rows.push((job.at, "job", job.job.to_string(), job.slot.to_string(), job.outcome.as_str()));
    }
    for run in sheet.within(&facts.backup_run, period) {
        let (of, slot) = (run.system.to_string(), run.slot.to_string());
        rows.push((run.at, "backup", of, slot, run.outcome.as_str()));
    }
    for drill in sheet.within(&facts.drill_performed, period) {
        let (kind, of) = (drill.kind.as_str(), drill.system.to_string());
        rows.push((drill.at, kind, of, String::new(), drill.outcome.as_str()));
    }
    rows.sort_by_key(|(at, ..)| at.index);
    for (at, kind, of, slot, outcome) in rows {
        sheet.row(row![at.occurred, kind, of, slot, outcome, at.index.to_string()]);
    }
    sheet.done()
}
