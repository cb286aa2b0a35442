//! Emergencies, access reviews, joiners and leavers.

use super::{Plot, Section, many, section};
use crate::check::{State, Value};
use crate::fact::Said;
use crate::report::Material;
use crate::report::dataset::{Dataset, Kind, Sheet, entries, row};
use crate::report::deployed::Deployed;
use crate::report::review::Review;
use crate::schema::approve::{ApprovalDecided, ApprovalDecision};
use crate::schema::words::{Class, Reference};
use crate::time::Timestamp;

pub(super) fn emergencies(material: &Material<'_>, all: &mut Vec<Dataset>) -> Section {
    let urgent: Vec<&Deployed<'_>> = material
        .deployments
        .all
        .iter()
        .filter(|deployed| deployed.class == Some(Class::Emergency))
        .collect();
    let list = emergency_list(&urgent, material);
    let chart = ratifications(&urgent, material);
    let late = chart.rows.iter().filter(|row| row.last().is_some_and(|cell| cell.text() == "no"));
    let late = late.count() as u64;
    let missing = urgent.len() as u64 - chart.about.rows;
    let sentence = if urgent.is_empty() {
        "No deployment of the period was an emergency.".to_owned()
    } else {
        let total = many(urgent.len() as u64, "emergency deployment");
        format!("{total}: {late} ratified late, {missing} not ratified at the cut-off.")
    };
    let mut page = section("emergencies", "Emergencies and break-glass", sentence);
    page.chart(
        Plot::Deadline,
        [
            "From the end of an emergency deployment to its ratification, against the limit",
            "time",
            "No emergency deployment of the period was ratified.",
        ],
        chart,
        all,
    );
    page.table(list, all);
    page.list("P08");
    page
}

/// The first ratification of what was deployed.
fn ratified<'r>(
    deployed: &Deployed<'r>,
    material: &Material<'r>,
) -> Option<&'r Said<ApprovalDecided>> {
    let what = &deployed.what;
    let artifact = what.artifact()?;
    let mut rows = material.facts.approval_decided.of(Reference::Change, what.change()?.as_str());
    rows.find(|row| {
        row.decision == ApprovalDecision::Ratified
            && row.r#for.artifact == Some(artifact)
            && row.at.occurred >= what.at
    })
}

fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    to.micros().saturating_sub(from.micros()) / 1_000_000
}

fn emergency_list(urgent: &[&Deployed<'_>], material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "E01",
        "Emergency deployments",
        "each deployment of P03 of class emergency, by first entry",
        &[
            ("deployment", Kind::Id),
            ("service", Kind::Id),
            ("began", Kind::Time),
            ("outcome", Kind::Text),
            ("incident", Kind::Id),
            ("broke the glass", Kind::Text),
            ("ratified", Kind::Time),
            ("after", Kind::Seconds),
            ("by role", Kind::Id),
            ("reviewed in writing", Kind::Time),
            ("entries", Kind::Entries),
        ],
    );
    let facts = material.facts;
    for deployed in urgent {
        let what = &deployed.what;
        let id = what.reference.as_str();
        let yes = ratified(deployed, material);
        let glass = facts.break_glass_used.of(Reference::Deployment, id).next();
        let incident = what.started.and_then(|row| row.what.incident.as_ref());
        let incident = incident.or(glass.map(|row| &row.what.incident));
        let own = facts.postmortem_published.of(Reference::Deployment, id);
        let of = incident.into_iter().flat_map(|incident| {
            facts.postmortem_published.of(Reference::Incident, incident.as_str())
        });
        let reviewed = own.chain(of).map(|row| row.at.occurred).filter(|at| *at >= what.at).min();
        let cited = [glass.map(|row| row.at.index), yes.map(|row| row.at.index)];
        sheet.row(row![
            what.id,
            what.service,
            what.at,
            deployed.outcome_word(),
            incident,
            glass.is_some(),
            yes.map(|row| row.at.occurred),
            yes.map(|row| seconds(what.ended(), row.at.occurred)),
            yes.map(|row| &row.what.role),
            reviewed,
            entries(what.entries().chain(cited.into_iter().flatten())),
        ]);
    }
    sheet.done()
}

fn ratifications(urgent: &[&Deployed<'_>], material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "G06",
        "Ratification of emergency deployments against the limit",
        "each deployment of E01 that was ratified, by first entry: the time from its end, and the limit of T07 in force",
        &[
            ("deployment", Kind::Id),
            ("ended", Kind::Time),
            ("took", Kind::Seconds),
            ("limit", Kind::Seconds),
            ("in time", Kind::Text),
        ],
    );
    let limit =
        material.evaluation.runs.iter().filter(|run| run.test.id == "T07").find_map(|run| {
            let known = run.test.parameters.iter().find(|known| known.name == "ratify_within")?;
            match run.parameters.get(known) {
                Value::Span(micros) => Some(micros / 1_000_000),
                _ => None,
            }
        });
    for deployed in urgent {
        let Some(yes) = ratified(deployed, material) else {
            sheet.exclude("not ratified at the cut-off", 1);
            continue;
        };
        let took = seconds(deployed.what.ended(), yes.at.occurred);
        let in_time = limit.map(|limit| took <= limit);
        sheet.row(row![deployed.what.id, deployed.what.ended(), took, limit, in_time,]);
    }
    sheet.done()
}

pub(super) fn reviews(material: &Material<'_>, all: &mut Vec<Dataset>) -> Section {
    let reviews: Vec<Review<'_>> = Review::all(material.facts)
        .into_iter()
        .filter(|review| review.is_open_in(material.period))
        .collect();
    let late = reviews.iter().filter(|review| review.in_time(material.now) == Some(false)).count();
    let mut sheet = Sheet::new(
        "G08",
        "Decisions of access reviews, and whether they were carried out",
        "the items of the reviews of P09 by what was decided; carried out: what a later listing no longer has",
        &[("decision", Kind::Text), ("items", Kind::Count), ("carried out", Kind::Count)],
    );
    let sum = |count: fn(&Review<'_>) -> u64| reviews.iter().map(count).sum::<u64>();
    let undecided: u64 = reviews.iter().map(Review::undecided).sum();
    let listed = sum(|review| review.opened.items.count);
    if listed > 0 {
        let rows = [
            ("certified", sum(|review| review.certified), None),
            ("modified", sum(|review| review.modified), None),
            ("revoked", sum(|review| review.revoked), Some(sum(|review| review.gone))),
            ("undecided", undecided, None),
        ];
        for (decision, items, done) in rows {
            sheet.row(row![decision, items, done]);
        }
    }
    let (revoked, gone) = (sum(|review| review.revoked), sum(|review| review.gone));
    let sentence = if reviews.is_empty() {
        "No access review was open in the period.".to_owned()
    } else {
        format!(
            "{} over {}: {late} not closed in time; of {revoked} revoked, {gone} were seen gone.",
            many(reviews.len() as u64, "review"),
            many(listed, "item"),
        )
    };
    let mut page = section("reviews", "Access reviews and separation of duties", sentence);
    let words = [
        "What was decided on each item, and what was carried out",
        "items",
        "No item was under review in the period.",
    ];
    page.chart(Plot::Flow, words, sheet.done(), all);
    for id in ["P09", "P10", "P06"] {
        page.list(id);
    }
    page
}

pub(super) fn movers(material: &Material<'_>, all: &mut Vec<Dataset>) -> Section {
    let mut sheet = Sheet::new(
        "J01",
        "Leavers, and when their access ended",
        "each leaver as T14 tested them, each once, by item",
        &[
            ("item", Kind::Id),
            ("left", Kind::Time),
            ("result", Kind::State),
            ("what happened", Kind::Sentence),
            ("entries", Kind::Entries),
        ],
    );
    let mut seen = std::collections::BTreeSet::new();
    let mut late = 0_u64;
    for run in material.evaluation.runs.iter().filter(|run| run.test.id == "T14") {
        for item in run.census.items.iter().filter(|item| seen.insert(item.id.as_str())) {
            let state = item.state();
            late += u64::from(state == State::Fail);
            let said: Vec<&str> =
                item.exceptions.iter().map(|exception| exception.sentence.as_str()).collect();
            let cells = row![
                item.id.as_str(),
                item.at,
                state,
                said.join("; "),
                entries(item.entries.iter().copied()),
            ];
            sheet.tested(cells, state);
        }
    }
    let leavers = seen.len() as u64;
    let moved = material.facts.person_changed.all().iter();
    let moved = moved.filter(|row| material.period.has(row.effective_at)).count() as u64;
    let mut page = section(
        "movers",
        "Joiners, movers, leavers",
        format!(
            "{} of joining, moving or leaving; {} tested, {late} with exceptions.",
            many(moved, "record"),
            many(leavers, "leaver"),
        ),
    );
    page.table(sheet.done(), all);
    page.list("P07");
    page
}
