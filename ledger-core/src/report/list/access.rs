//! Who may do what: listings, grants, sessions, reviews, conflicts: P06 to P10.

use std::collections::BTreeMap;

use crate::check::State;
use crate::report::Material;
use crate::report::dataset::{Dataset, Kind, Sheet, entries, names, row};
use crate::report::review::Review;

pub(super) fn snapshots(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P06",
        "Listings of accounts and entitlements, with how they were extracted",
        "each listing of the accounts and entitlements of a system that was taken in the period, by entry",
        &[
            ("system", Kind::Id),
            ("taken at", Kind::Time),
            ("collector", Kind::Id),
            ("complete", Kind::Text),
            ("rows", Kind::Count),
            ("reported by the system", Kind::Count),
            ("pages", Kind::Count),
            ("query", Kind::Digest),
            ("list", Kind::Digest),
            ("entry", Kind::Entries),
        ],
    );
    for seen in sheet.within(&material.facts.access_observed, material.period) {
        sheet.row(row![
            &seen.system,
            seen.taken_at,
            &seen.collector,
            seen.complete,
            seen.rows,
            seen.total_reported,
            seen.pages,
            seen.query_digest,
            seen.entitlements.attachment,
            seen.at.index.to_string(),
        ]);
    }
    sheet.done()
}

pub(super) fn movements(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P07",
        "Access that was granted, changed or taken away; joiners, movers, leavers",
        "each change of an account or entitlement and each joining, moving and leaving that took effect in the period, by entry",
        &[
            ("effective", Kind::Time),
            ("event", Kind::Text),
            ("who", Kind::Person),
            ("system", Kind::Id),
            ("role", Kind::Id),
            ("privileged", Kind::Text),
            ("approval", Kind::Id),
            ("executor", Kind::Person),
            ("entry", Kind::Entries),
        ],
    );
    let (facts, period) = (material.facts, material.period);
    let mut rows = Vec::new();
    for change in facts.access_changed.all() {
        if !period.has(change.effective_at) {
            sheet.exclude("outside the period", 1);
            continue;
        }
        let entitlement = change.entitlement.as_ref();
        let cells = row![
            change.effective_at,
            format!("{} {}", change.object, change.action),
            change.principal,
            &change.system,
            entitlement.map(|known| &known.role),
            entitlement.map(|known| known.privileged),
            change.approval.as_ref(),
            change.executor,
            change.at.index.to_string(),
        ];
        rows.push((change.at.index, cells));
    }
    for person in facts.person_changed.all() {
        if !period.has(person.effective_at) {
            sheet.exclude("outside the period", 1);
            continue;
        }
        let cells = row![
            person.effective_at,
            format!("{} {}", person.kind, person.event),
            person.what.person,
            "",
            person.role_profile.as_ref(),
            "",
            "",
            None::<&str>,
            person.at.index.to_string(),
        ];
        rows.push((person.at.index, cells));
    }
    sheet.by_entry(rows)
}

pub(super) fn sessions(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P08",
        "Sessions with more rights, and the breaking of the glass",
        "each session that was opened with more rights and each use of break-glass in the period, by entry",
        &[
            ("at", Kind::Time),
            ("kind", Kind::Id),
            ("session or deployment", Kind::Id),
            ("system", Kind::Id),
            ("who", Kind::Person),
            ("incident or ticket", Kind::Id),
            ("phase", Kind::Id),
            ("findings", Kind::Count),
            ("entry", Kind::Entries),
        ],
    );
    let (facts, period) = (material.facts, material.period);
    let mut rows = Vec::new();
    for session in sheet.within(&facts.session_elevated, period) {
        let cells = row![
            session.at.occurred,
            session.kind.as_str(),
            &session.session,
            &session.system,
            session.principal,
            session.ticket.as_ref(),
            session.phase.as_str(),
            session.findings,
            session.at.index.to_string(),
        ];
        rows.push((session.at.index, cells));
    }
    for glass in sheet.within(&facts.break_glass_used, period) {
        let of = glass.subject.iter().map(|(_, id)| id);
        let cells = row![
            glass.at.occurred,
            "break-glass",
            names(of),
            "",
            glass.by,
            &glass.incident,
            "",
            None::<u64>,
            glass.at.index.to_string(),
        ];
        rows.push((glass.at.index, cells));
    }
    sheet.by_entry(rows)
}

pub(super) fn campaigns(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P09",
        "Access reviews: what was decided, and whether it was carried out",
        "each access review that was open in the period, by id; an item counts by its last decision",
        &[
            ("campaign", Kind::Id),
            ("systems", Kind::Text),
            ("opened", Kind::Time),
            ("due", Kind::Time),
            ("closed", Kind::Time),
            ("in time", Kind::Text),
            ("items", Kind::Count),
            ("left out", Kind::Count),
            ("certified", Kind::Count),
            ("revoked", Kind::Count),
            ("modified", Kind::Count),
            ("undecided", Kind::Count),
            ("seen gone", Kind::Count),
            ("entries", Kind::Entries),
        ],
    );
    let reviews = Review::all(material.facts);
    for review in &reviews {
        if !review.is_open_in(material.period) {
            sheet.exclude("not open in the period", 1);
            continue;
        }
        let opened = review.opened;
        let left_out: u64 = opened.population.exclusions.iter().map(|known| known.count).sum();
        sheet.row(row![
            &opened.campaign,
            names(opened.systems.iter()),
            opened.at.occurred,
            opened.due,
            review.closed.map(|row| row.at.occurred),
            review.in_time(material.now).map_or("open", |yes| if yes { "yes" } else { "no" }),
            opened.items.count,
            left_out,
            review.certified,
            review.revoked,
            review.modified,
            review.undecided(),
            review.gone,
            entries(review.entries.iter().copied()),
        ]);
    }
    sheet.done()
}

pub(in crate::report) fn conflicts(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P10",
        "Duties that one person holds at once",
        "each person and rule of the matrix of separated duties with a conflict, as T17 found it, by item",
        &[
            ("item", Kind::Id),
            ("seen", Kind::Time),
            ("system", Kind::Id),
            ("state", Kind::State),
            ("what", Kind::Text),
            ("entries", Kind::Entries),
        ],
    );
    let mut rows = BTreeMap::new();
    for run in material.evaluation.runs.iter().filter(|run| run.test.id == "T17") {
        for item in &run.census.items {
            for exception in &item.exceptions {
                rows.insert((&item.id, &exception.sentence), (item, exception));
            }
        }
    }
    for (item, exception) in rows.into_values() {
        let state = if exception.undecided { State::Indeterminate } else { State::Fail };
        sheet.tested(
            row![
                item.id.as_str(),
                item.at,
                item.system.as_deref(),
                state,
                exception.sentence.as_str(),
                entries(exception.entries.iter().copied()),
            ],
            state,
        );
    }
    sheet.done()
}
