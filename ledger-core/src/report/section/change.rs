//! Changes: how many, of which class, how they ended, how long they took, and when.

use std::collections::BTreeMap;

use super::{Plot, Section, many};
use crate::report::Material;
use crate::report::dataset::{Cell, Dataset, Kind, Sheet, row};
use crate::report::period;
use crate::schema::change::FreezeAction;
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// The classes of deployments, and the word for none.
const CLASSES: [&str; 4] = ["standard", "normal", "emergency", "unclassified"];

pub(super) fn section(material: &Material<'_>, all: &mut Vec<Dataset>) -> Section {
    let deployments = &material.deployments.all;
    let count = |wanted: &str| deployments.iter().filter(|d| d.class_word() == wanted).count();
    let back = deployments.iter().filter(|d| d.rolled_back.is_some()).count();
    let total = deployments.len() as u64;
    let sentence = if total == 0 {
        "No deployment reached production in the period.".to_owned()
    } else {
        format!(
            "{} reached production: {} standard, {} normal, {} emergency, {} of no class; {back} were rolled back.",
            many(total, "deployment"),
            count("standard"),
            count("normal"),
            count("emergency"),
            count("unclassified"),
        )
    };
    let mut page = super::section("changes", "Change statistics", sentence);
    let nothing = "No deployment reached production in the period.";
    page.chart(
        Plot::Stack,
        ["Deployments to production by week and class", "deployments", nothing],
        classes(material),
        all,
    );
    calendar_on(&mut page, material, all);
    page.list("P04");
    page.list("P03");
    page.list("P11");
    page.list("P12");
    page
}

/// The calendar, as a chart of a page.
pub(super) fn calendar_on(page: &mut Section, material: &Material<'_>, all: &mut Vec<Dataset>) {
    page.chart(
        Plot::Calendar,
        [
            "Deployments to production by day; days of a freeze are hatched",
            "deployments",
            "No deployment reached production in the period.",
        ],
        calendar(material),
        all,
    );
}

fn classes(material: &Material<'_>) -> Dataset {
    let mut columns = vec![("week", Kind::Day)];
    columns.extend(CLASSES.map(|class| (class, Kind::Count)));
    let mut sheet = Sheet::new(
        "G09",
        "Deployments to production by week and class",
        "how many deployments of P03 began in each week of the period, by class; a week begins on its day",
        &columns,
    );
    let weeks = period::weeks(material.period, material.zone());
    let mut counts = vec![[0_u64; 4]; weeks.len()];
    for deployed in &material.deployments.all {
        let week = counts.get_mut(period::week(material.period, material.zone(), deployed.what.at));
        let class = CLASSES.iter().position(|class| *class == deployed.class_word());
        if let (Some(week), Some(class)) = (week, class)
            && let Some(count) = week.get_mut(class)
        {
            *count += 1;
        }
    }
    for (week, counts) in weeks.into_iter().zip(counts) {
        let mut cells = row![week];
        cells.extend(counts.map(Cell::from));
        sheet.row(cells);
    }
    sheet.done()
}

fn calendar(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "G07",
        "Deployments to production by day",
        "each day of the period: the deployments of P03 that began on it, how many of them did not succeed or were rolled back, and the freezes in force at some time of the day, as they were declared last",
        &[
            ("day", Kind::Day),
            ("deployments", Kind::Count),
            ("not succeeded", Kind::Count),
            ("freezes", Kind::Text),
        ],
    );
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for deployed in &material.deployments.all {
        let day = counts.entry(period::day_on_wall(deployed.what.at, material.zone())).or_default();
        day.0 += 1;
        day.1 += u64::from(deployed.outcome_word() != "succeeded");
    }
    let freezes = freezes(material);
    for (day, start, end) in period::days(material.period, material.zone()) {
        let touching = freezes.iter().filter(|(_, from, to)| *from < end && *to > start);
        let names: Vec<&str> = touching.map(|(name, ..)| *name).collect();
        let (all, failed) = counts.get(&day).copied().unwrap_or_default();
        sheet.row(row![day, all, failed, names.join(" ")]);
    }
    sheet.done()
}

/// The freezes as they were declared last, with their windows.
fn freezes<'r>(material: &Material<'r>) -> Vec<(&'r str, Timestamp, Timestamp)> {
    let table = &material.facts.freeze_changed;
    let mut found = Vec::new();
    for id in table.ids(Reference::Freeze) {
        let rows = table.of(Reference::Freeze, id.as_str());
        let shapes = |row: &&_| {
            let row: &&crate::fact::Said<crate::schema::change::FreezeChanged> = row;
            matches!(row.action, FreezeAction::Declared | FreezeAction::Amended)
        };
        let Some(last) = rows.clone().rfind(shapes) else { continue };
        let lifted = rows
            .clone()
            .rfind(|row| row.action == FreezeAction::Lifted && row.at.index > last.at.index);
        let end = lifted.map_or(last.window.end, |row| row.at.occurred.min(last.window.end));
        found.push((id.as_str(), last.window.start, end));
    }
    found
}
