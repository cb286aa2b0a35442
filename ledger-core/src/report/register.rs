//! Register: all findings as one list (P14), what is done about them, and how old they are.

use std::collections::BTreeMap;

use super::dataset::{Dataset, Kind, Sheet, entries, row};
use super::finding::{self, Finding};
use super::{Material, period};
use crate::check::{Severity, State};
use crate::schema::records::{Disposition, RootCause};

/// The four ages in which open findings are counted, by their last days.
const AGES: [(&str, u64); 4] =
    [("0-30 days", 30), ("31-60 days", 60), ("61-90 days", 90), ("over 90 days", u64::MAX)];

/// The register.
pub(super) fn dataset(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P14",
        "Exceptions: what was found, and what became of it",
        "each item that a control's test found wrong or could not tell about, by control, severity and time; then those of earlier periods that are open or were closed in this one",
        &[
            ("exception", Kind::Id),
            ("control", Kind::Id),
            ("test", Kind::Id),
            ("item", Kind::Id),
            ("system", Kind::Id),
            ("at", Kind::Time),
            ("severity", Kind::Severity),
            ("result", Kind::State),
            ("what happened", Kind::Sentence),
            ("stands", Kind::Text),
            ("disposition", Kind::Id),
            ("owner", Kind::Person),
            ("due", Kind::Time),
            ("age in days", Kind::Count),
            ("earlier period", Kind::Text),
            ("entries", Kind::Entries),
        ],
    );
    for known in &material.findings {
        let result = known.state;
        sheet.tested(
            row![
                known.id.as_str(),
                known.control,
                known.test,
                known.item,
                known.system,
                known.at,
                known.severity.as_str(),
                result,
                known.sentence,
                known.stands(),
                known.life.disposition.map(Disposition::as_str),
                finding::owner(&known.life),
                known.life.due,
                known.age(material.now),
                known.carried,
                entries(known.entries.iter().copied()),
            ],
            result,
        );
    }
    sheet.done()
}

/// What management promised, and whether it was kept.
pub(super) fn remediation(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "E02",
        "Remediation: what was promised, and what was kept",
        "each exception of P14 that somebody answered for, was given a date, or closed, in the order of P14",
        &[
            ("exception", Kind::Id),
            ("control", Kind::Id),
            ("severity", Kind::Severity),
            ("owner", Kind::Person),
            ("first promised", Kind::Time),
            ("due", Kind::Time),
            ("moved", Kind::Count),
            ("stands", Kind::Text),
            ("promise", Kind::Text),
            ("root cause", Kind::Id),
            ("management answered", Kind::Text),
            ("stood in", Kind::Text),
            ("entries", Kind::Entries),
        ],
    );
    for known in &material.findings {
        let life = &known.life;
        if life.due.is_none() && !life.answered && !life.is_closed() {
            sheet.exclude("nobody answered for it yet", 1);
            continue;
        }
        let moved = life.promised.len().saturating_sub(1) as u64;
        sheet.row(row![
            known.id.as_str(),
            known.control,
            known.severity.as_str(),
            finding::owner(life),
            life.promised.first().copied(),
            life.due,
            moved,
            known.stands(),
            promise(known, material),
            life.root_cause.map(RootCause::as_str),
            life.answered,
            life.compensating.clone(),
            entries(life.entries.iter().copied()),
        ]);
    }
    sheet.done()
}

/// Whether the first promise was kept.
pub(super) fn promise(known: &Finding<'_>, material: &Material<'_>) -> &'static str {
    let life = &known.life;
    let Some(first) = life.promised.first() else { return "none made" };
    let done = life.until.filter(|_| life.is_closed());
    match done {
        Some(done) if done <= *first => "kept",
        Some(_) => "kept late",
        None if material.now > *first => "slipped",
        None => "running",
    }
}

/// Open findings by severity and age.
pub(super) fn ageing(material: &Material<'_>) -> Dataset {
    let mut columns = vec![("severity", Kind::Severity)];
    columns.extend(AGES.map(|(name, _)| (name, Kind::Count)));
    let mut sheet = Sheet::new(
        "G04",
        "Open exceptions by severity and age",
        "how many exceptions of P14 are open at the cut-off, by severity and by days since they were first known",
        &columns,
    );
    let mut counts: BTreeMap<Severity, [u64; 4]> = BTreeMap::new();
    for known in &material.findings {
        if !known.is_open() {
            sheet.exclude("closed, or its risk accepted", 1);
            continue;
        }
        let age = known.age(material.now);
        let ages = counts.entry(known.severity).or_default();
        let bucket = AGES.iter().zip(ages).find(|((_, last), _)| age <= *last);
        if let Some((_, count)) = bucket {
            *count += 1;
        }
    }
    for (severity, ages) in counts {
        let mut cells = row![severity.as_str()];
        cells.extend(ages.map(super::dataset::Cell::from));
        sheet.row(cells);
    }
    sheet.done()
}

/// Findings of this period by control and week.
pub(super) fn weeks(material: &Material<'_>) -> Dataset {
    let weeks = period::weeks(material.period, material.zone());
    let mut columns = vec![("control", Kind::Id)];
    columns.extend(weeks.iter().map(|week| (week.as_str(), Kind::Count)));
    let mut sheet = Sheet::new(
        "G03",
        "Exceptions by control and week",
        "how many exceptions of P14 that say something is wrong happened in each week of the period, for each control with any; a week begins on its column's day",
        &columns,
    );
    let mut counts: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for known in &material.findings {
        let wrong = matches!(known.state, State::Fail | State::Waived);
        if known.carried || !wrong || !material.period.has(known.at) {
            sheet.exclude("it cannot be told, or not of an item of the period", 1);
            continue;
        }
        let row = counts.entry(known.control).or_insert_with(|| vec![0; weeks.len()]);
        if let Some(count) = row.get_mut(period::week(material.period, material.zone(), known.at)) {
            *count += 1;
        }
    }
    for (control, counts) in counts {
        let mut cells = row![control];
        cells.extend(counts.into_iter().map(super::dataset::Cell::from));
        sheet.row(cells);
    }
    sheet.done()
}
