//! Review: an access review: what was asked about, by whom it was decided, and what is proven.

use std::collections::{BTreeMap, BTreeSet};

use super::Written;
use crate::check::{Exception, Item, State};
use crate::report::Material;
use crate::report::dataset::{Cell, Dataset, Kind, Sheet, entries, row};
use crate::report::section::{Plot, many, section};
use crate::review::proof::Shown;
use crate::review::sheet::{COLUMNS, Shape, Told};
use crate::schema::words::Reference;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// Microseconds of a minute.
const MINUTE: u64 = 60_000_000;

pub(super) fn written(material: &Material<'_>, told: &Told<'_>) -> Written {
    let counts = told.standing.counts();
    let opened = told.standing.opened();
    let gone = told.removals.iter().filter(|one| matches!(one.shown, Shown::Absent(..))).count();
    let (said, bench) = (said(material, told), reviewers(told));
    let removals = removals(told);
    let sentences = vec![
        format!(
            "{} of {}: {} certified, {} revoked, {} modified, {} undecided.",
            many(opened.items.count, "item"),
            many(opened.population.rows, "row"),
            counts.certified,
            counts.revoked,
            counts.modified,
            counts.undecided
        ),
        format!("Of {} to be taken away or changed, {gone} are proven gone.", told.removals.len()),
        format!(
            "{} deployed and stand in no listing; {} are no longer listed since the review before.",
            many(told.strangers.len() as u64, "person"),
            many(told.gone.len() as u64, "item")
        ),
    ];
    let mut datasets = Vec::new();
    let mut whole = section(
        "whole",
        "Whether it asked about all",
        sentences.first().cloned().unwrap_or_default(),
    );
    whole.notes.push("The rows of the listings are the items and what was left out, with its reason. Each listing names its query, what the system itself reported, and the entry that reconciled it. What was given since stands in a table of its own.".to_owned());
    for dataset in
        [listings(material, told), left_out(told), strangers(told), removed(told), added(told)]
    {
        whole.table(dataset, &mut datasets);
    }
    let mut who =
        section("who", "Who decided, and how", sentences.first().cloned().unwrap_or_default());
    who.notes.push("Independence and authority of each reviewer, undecided items and bulk decisions are judged by T18; what stands here is what it found.".to_owned());
    who.chart(
        Plot::Flow,
        [
            "What was decided on each item, and what was carried out",
            "items",
            "No item was under review.",
        ],
        flow(told),
        &mut datasets,
    );
    for dataset in [bench, said] {
        who.table(dataset, &mut datasets);
    }
    let mut after =
        section("after", "What is proven", sentences.get(1).cloned().unwrap_or_default());
    after.notes.push(
        "Proof is a later whole listing that lacks the entitlement, and nothing else.".to_owned(),
    );
    after.table(removals, &mut datasets);
    let mut all = section(
        "items",
        "All items",
        "Every item with its evidence, decision and proof.".to_owned(),
    );
    all.table(items(told), &mut datasets);
    Written { sentences, sections: vec![whole, who, after, all], datasets }
}

/// The sheet of a review: a row for each item, with the columns that auditors expect.
pub fn items(told: &Told<'_>) -> Dataset {
    let columns = COLUMNS.map(|(name, shape)| (name, kind(shape)));
    let mut sheet = Sheet::new(
        "U01",
        "Items of the review, with evidence, decision and proof",
        "each item of the frozen population, by system, account, entitlement and scope",
        &columns,
    )
    .with("campaign", told.standing.id());
    for cells in &told.rows {
        let cell = |(text, (_, shape)): (&String, &(&str, Shape))| match shape {
            Shape::Count => text.parse::<u64>().map_or_else(|_| Cell::from(""), Cell::from),
            _ => Cell::from(text.as_str()),
        };
        sheet.row(cells.iter().zip(&COLUMNS).map(cell).collect());
    }
    for one in &told.standing.opened().population.exclusions {
        sheet.exclude(one.reason.as_str(), one.count);
    }
    sheet.done()
}

fn kind(shape: Shape) -> Kind {
    match shape {
        Shape::Text => Kind::Text,
        Shape::Id => Kind::Id,
        Shape::Person => Kind::Person,
        Shape::Time => Kind::Time,
        Shape::Count => Kind::Count,
        Shape::Digest => Kind::Digest,
    }
}

fn listings(material: &Material<'_>, told: &Told<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "U02",
        "Listings that the review was made of",
        "each listing that the review names, by system",
        &[
            ("system", Kind::Id),
            ("taken at", Kind::Time),
            ("collector", Kind::Id),
            ("query", Kind::Digest),
            ("pages", Kind::Count),
            ("rows", Kind::Count),
            ("reported by the system", Kind::Count),
            ("complete", Kind::Text),
            ("list", Kind::Digest),
            ("reconciled by", Kind::Entries),
            ("entry", Kind::Entries),
        ],
    );
    for one in &told.listings {
        let of = material.facts.access_observed.of(Reference::System, &one.system);
        let Some(seen) = of.into_iter().find(|row| row.at.index == one.entry) else { continue };
        let state = if one.reconciled.is_some() { State::Pass } else { State::Fail };
        sheet.tested(
            row![
                &seen.system,
                seen.taken_at,
                &seen.collector,
                seen.query_digest,
                seen.pages,
                seen.rows,
                seen.total_reported,
                seen.complete,
                seen.entitlements.attachment,
                entries(one.reconciled),
                one.entry.to_string(),
            ],
            state,
        );
    }
    sheet.done()
}

fn left_out(told: &Told<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "U03",
        "From rows to items",
        "the rows of the listings, what was left out by reason, and what is left: the items",
        &[("what", Kind::Text), ("rows", Kind::Count)],
    );
    let population = &told.standing.opened().population;
    let out: u64 = population.exclusions.iter().map(|one| one.count).sum();
    // what is only counted is tested by nothing, and the counts still tie
    sheet.tested(row!["rows of the listings", population.rows], State::NotApplicable);
    for one in &population.exclusions {
        let cells = row![format!("left out: {}", one.reason), one.count];
        sheet.tested(cells, State::NotApplicable);
    }
    let (items, left) = (told.standing.items().len() as u64, population.rows.saturating_sub(out));
    let ties = if items == left { State::Pass } else { State::Fail };
    sheet.tested(row!["items", items], ties);
    sheet.done()
}

fn strangers(told: &Told<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "U04",
        "Persons who deployed and stand in no listing",
        "each person who deployed in a system of the review and whom its newest listing does not name, by system",
        &[
            ("system", Kind::Id),
            ("person", Kind::Person),
            ("deployments", Kind::Count),
            ("last", Kind::Time),
            ("entries", Kind::Entries),
        ],
    );
    for one in &told.strangers {
        let cells = row![
            one.system.as_str(),
            one.who.to_string(),
            one.deployments,
            one.last,
            entries(one.entries.iter().copied()),
        ];
        sheet.tested(cells, State::Fail);
    }
    sheet.done()
}

fn removed(told: &Told<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "U05",
        "What the review before asked about, and this one does not",
        "each item of the review before whose access is no longer listed, by review and item",
        &[("review before", Kind::Id), ("item", Kind::Id)],
    );
    for one in &told.gone {
        sheet.row(row![one.campaign.as_str(), one.item.as_str()]);
    }
    sheet.done()
}

fn added(told: &Told<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "U10",
        "What was given since, and is not in the review",
        "each entitlement that the first whole listing after the opening has and the listings of the review have not, by system",
        &[
            ("system", Kind::Id),
            ("account", Kind::Id),
            ("person", Kind::Person),
            ("entitlement", Kind::Id),
            ("privileged", Kind::Text),
            ("entry", Kind::Entries),
        ],
    );
    for one in &told.additions {
        sheet.row(row![
            one.system.as_str(),
            one.account.as_str(),
            one.person.map(|who| who.to_string()),
            one.entitlement.as_str(),
            one.is_privileged,
            one.entry.to_string(),
        ]);
    }
    sheet.done()
}

/// What one reviewer did.
#[derive(Default)]
struct Bench {
    given: u64,
    handed: u64,
    overrides: u64,
    comments: u64,
    times: Vec<Timestamp>,
    relationships: BTreeSet<String>,
    entries: BTreeSet<u64>,
}

fn reviewers(told: &Told<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "U06",
        "Reviewers: what they were given and decided, and how fast",
        "each reviewer, by pseudonym; the most decisions are those within any minute",
        &[
            ("reviewer", Kind::Person),
            ("relationship", Kind::Text),
            ("items", Kind::Count),
            ("of these handed on", Kind::Count),
            ("decisions", Kind::Count),
            ("against the recommendation", Kind::Count),
            ("with a comment", Kind::Count),
            ("first", Kind::Time),
            ("last", Kind::Time),
            ("most in a minute", Kind::Count),
            ("entries", Kind::Entries),
        ],
    );
    for (who, mut bench) in benches(told) {
        bench.times.sort_unstable();
        let most = fastest(&bench.times);
        let words: Vec<String> = bench.relationships.into_iter().collect();
        sheet.row(row![
            who.map(|who| who.to_string()),
            words.join(" "),
            bench.given,
            bench.handed,
            bench.times.len() as u64,
            bench.overrides,
            bench.comments,
            bench.times.first().copied(),
            bench.times.last().copied(),
            most,
            entries(bench.entries.into_iter().take(64)),
        ]);
    }
    sheet.done()
}

fn benches(told: &Told<'_>) -> BTreeMap<Option<Pseudonym>, Bench> {
    let standing = &told.standing;
    let mut all: BTreeMap<Option<Pseudonym>, Bench> = BTreeMap::new();
    for item in standing.items() {
        for stage in 1..=standing.opened().stages {
            if let Some(row) = standing.assignment(&item.item, stage, told.now) {
                let bench = all.entry(row.reviewer.pseudonym).or_default();
                bench.given += 1;
                bench.handed += u64::from(crate::review::standing::is_handed(row));
                bench.relationships.insert(row.relationship.to_string());
            }
        }
        for decided in standing.decided(&item.item) {
            let bench = all.entry(decided.reviewer).or_default();
            bench.times.push(decided.at);
            bench.overrides += u64::from(decided.is_override);
            bench.comments += u64::from(decided.has_comment);
            bench.entries.insert(decided.entry);
        }
    }
    all
}

/// The most of these ascending times that lie within a minute.
fn fastest(times: &[Timestamp]) -> u64 {
    let (mut from, mut most) = (0, 0);
    for (place, at) in times.iter().enumerate() {
        while times.get(from).is_some_and(|first| at.micros() - first.micros() >= MINUTE) {
            from += 1;
        }
        most = most.max(place + 1 - from);
    }
    most as u64
}

/// What T18 and T19 found of this review.
fn said(material: &Material<'_>, told: &Told<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "U07",
        "What the tests found of this review",
        "each exception of T18 and T19 that is about this review, by test, item and sentence",
        &[
            ("test", Kind::Id),
            ("item", Kind::Id),
            ("code", Kind::Id),
            ("severity", Kind::Severity),
            ("result", Kind::State),
            ("what happened", Kind::Sentence),
            ("entries", Kind::Entries),
        ],
    );
    let id = told.standing.id();
    let own = |item: &Item| item.id == id || item.id.starts_with(&format!("{id}/"));
    let mut rows: BTreeMap<(&str, &str, &str), &Exception> = BTreeMap::new();
    for run in &material.evaluation.runs {
        if !matches!(run.test.id, "T18" | "T19") {
            continue;
        }
        for item in run.census.items.iter().filter(|item| own(item)) {
            for known in &item.exceptions {
                rows.insert((run.test.id, &item.id, &known.sentence), known);
            }
        }
    }
    for ((test, item, sentence), known) in rows {
        let state = if known.undecided { State::Indeterminate } else { State::Fail };
        let cited = entries(known.entries.iter().copied());
        let severity = known.severity.as_str();
        sheet.tested(row![test, item, known.code, severity, state, sentence, cited], state);
    }
    sheet.done()
}

fn flow(told: &Told<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "U08",
        "Decisions, and what is proven",
        "the items by what was decided; carried out: what a later listing no longer has",
        &[("decision", Kind::Text), ("items", Kind::Count), ("carried out", Kind::Count)],
    );
    let counts = told.standing.counts();
    let gone = |wanted: &str| {
        let own = told.removals.iter().filter(|one| one.decided.0.as_str() == wanted);
        own.filter(|one| matches!(one.shown, Shown::Absent(..))).count() as u64
    };
    sheet.row(row!["certified", counts.certified, None::<u64>]);
    sheet.row(row!["modified", counts.modified, gone("modify")]);
    sheet.row(row!["revoked", counts.revoked, gone("revoke")]);
    sheet.row(row!["undecided", counts.undecided, None::<u64>]);
    sheet.done()
}

fn removals(told: &Told<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "U09",
        "What was to be taken away or changed, and its proof",
        "each item that was not certified, by system, account, entitlement and scope",
        &[
            ("item", Kind::Id),
            ("decision", Kind::Text),
            ("decided at", Kind::Time),
            ("carried out", Kind::Time),
            ("result", Kind::State),
            ("shown by", Kind::Digest),
            ("shown at", Kind::Time),
            ("came back", Kind::Time),
            ("used before it went", Kind::Count),
            ("looked at", Kind::Text),
            ("entries", Kind::Entries),
        ],
    );
    for one in &told.removals {
        let blind = one.uses > 0 && !one.looked;
        let (state, shown) = match one.shown {
            Shown::Nothing => (State::Indeterminate, None),
            Shown::Present(list, at) => (State::Fail, Some((list, at))),
            Shown::Absent(list, at) if one.again.is_some() || blind => {
                (State::Fail, Some((list, at)))
            }
            Shown::Absent(list, at) => (State::Pass, Some((list, at))),
        };
        let cells = row![
            one.item.as_str(),
            one.decided.0.as_str(),
            one.decided.1,
            one.executed,
            state,
            shown.map(|(list, _)| list),
            shown.map(|(_, at)| at),
            one.again,
            one.uses,
            one.looked,
            entries(one.entries.iter().copied()),
        ];
        sheet.tested(cells, state);
    }
    sheet.done()
}
