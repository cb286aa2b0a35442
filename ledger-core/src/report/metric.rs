//! Metric: the tables of the release metrics. Their members are a document of their own.

use std::collections::BTreeMap;

use super::dataset::{Cell, Dataset, Kind, Sheet, row};
use super::period::day;
use super::section::{Plot, Section, section};
use crate::metric::{Metric, Metrics, Value, median, quantile};

/// The metric whose quantiles are drawn.
const LEAD_TIME: &str = "change-lead-time";

/// What every table of metrics says of a value.
const VALUE: [(&str, Kind); 11] = [
    ("value", Kind::Text),
    ("numerator", Kind::Count),
    ("denominator", Kind::Count),
    ("items", Kind::Count),
    ("median", Kind::Seconds),
    ("p90", Kind::Seconds),
    ("greatest", Kind::Seconds),
    ("interval_95", Kind::Text),
    ("cannot_be_told", Kind::Text),
    ("left_out", Kind::Text),
    ("beside", Kind::Text),
];

/// The page of the metrics and its tables.
pub fn metrics(metrics: &Metrics) -> (Section, Vec<Dataset>) {
    let all = metrics.metrics.iter().filter_map(|metric| metric.value(None));
    let (told, few) = all.partition::<Vec<_>, _>(|value| value.meaningful);
    let sentence = format!(
        "{} metrics were computed; {} of them stand on fewer than {} items and are not meaningful.",
        told.len() + few.len(),
        few.len(),
        metrics.minimum_n
    );
    let mut page = section("metrics", "Release metrics", sentence);
    page.notes.push(
        "A metric is compared with its own past, never with another team or a band of good values. What \
         cannot be told never counts as good: it is counted apart. The items of each metric and their \
         entries are in metrics.json."
            .to_owned(),
    );
    page.notes
        .extend(metrics.changes.iter().map(|change| format!("Changed: {}.", change.sentence)));
    let mut tables = vec![whole(metrics), parts(metrics), weekly(metrics)];
    page.datasets.extend(tables.iter().map(|table| table.about.id.clone()));
    if let Some(metric) = metrics.metric(LEAD_TIME) {
        let title =
            "From the commit to the end of the deployment that first brought it, by service";
        page.draw(
            Plot::Quantiles,
            "G05",
            [title, "time", "No deployment of the period brought a commit whose time is known."],
        );
        tables.push(lead_times(metrics, metric));
    }
    (page, tables)
}

/// The quantiles of the change lead time, from the members of its metric: one definition for both.
fn lead_times(metrics: &Metrics, metric: &Metric) -> Dataset {
    let columns = [
        ("service", Kind::Id),
        ("pairs", Kind::Count),
        ("p10", Kind::Seconds),
        ("p25", Kind::Seconds),
        ("median", Kind::Seconds),
        ("p75", Kind::Seconds),
        ("p90", Kind::Seconds),
    ];
    let mut sheet = Sheet::new(
        "G05",
        "Change lead time by service",
        "for each service, those with the most pairs first, the quantiles (nearest rank; the median is the middle) of the members of change-lead-time: from a commit to the end of the deployment that first brought it to production, in seconds",
        &columns,
    )
    .with("definitions", metrics.digest.to_reference())
    .with("metric", format!("{} {}", metric.definition.id, metric.definition.version));
    // the largest first: a picture shows as many as fit
    let services = metric.values.iter().filter(|value| value.line.is_none());
    let mut times: Vec<(&str, Vec<u64>)> = services
        .filter_map(|value| value.service.as_deref())
        .map(|name| (name, metric.measured(Some(name))))
        .filter(|(_, times)| !times.is_empty())
        .collect();
    times.sort_by_key(|(service, times)| (std::cmp::Reverse(times.len()), *service));
    for (service, times) in times {
        let at = |percent| quantile(&times, percent).map(|micros| micros / 1_000_000);
        let middle = median(&times).map(|micros| micros / 1_000_000);
        sheet.row(row![service, times.len() as u64, at(10), at(25), middle, at(75), at(90)]);
    }
    sheet.done()
}

fn sheet(metrics: &Metrics, [id, title, query]: [&str; 3], first: &[(&str, Kind)]) -> Sheet {
    let columns: Vec<(&str, Kind)> = first.iter().chain(&VALUE).copied().collect();
    Sheet::new(id, title, query, &columns)
        .with("definitions", metrics.digest.to_reference())
        .with("minimum_n", metrics.minimum_n.to_string())
        .with("version", metrics.version.clone())
}

/// For all services together.
fn whole(metrics: &Metrics) -> Dataset {
    let words = [
        "R01",
        "Release metrics",
        "each metric of the definitions for all services together, with numerator and denominator, in the order of the definitions",
    ];
    let first = [("metric", Kind::Id), ("title", Kind::Text), ("version", Kind::Text)];
    let mut sheet = sheet(metrics, words, &first);
    for metric in &metrics.metrics {
        let Some(value) = metric.value(None) else { continue };
        let known = &metric.definition;
        let mut cells = row![&*known.id, &*known.title, &*known.version];
        cells.extend(cells_of(metric, value));
        sheet.row(cells);
    }
    sheet.done()
}

/// By service and line.
fn parts(metrics: &Metrics) -> Dataset {
    let words = [
        "R02",
        "Release metrics by service and line",
        "each metric by service, and by line where it has lines, in the order of the definitions, then of the names; services are not ranked",
    ];
    let first = [("metric", Kind::Id), ("service", Kind::Id), ("line", Kind::Id)];
    let mut sheet = sheet(metrics, words, &first);
    for metric in &metrics.metrics {
        let named = |value: &&Value| value.service.is_some() || value.line.is_some();
        for value in metric.values.iter().filter(named) {
            let mut cells =
                row![&*metric.definition.id, value.service.as_deref(), value.line.as_deref()];
            cells.extend(cells_of(metric, value));
            sheet.row(cells);
        }
    }
    sheet.done()
}

/// Week by week, for all services together.
fn weekly(metrics: &Metrics) -> Dataset {
    let words = [
        "R03",
        "Release metrics by week",
        "what is drawn over time, for all services together, by week from Monday, UTC, and by line where a metric has lines",
    ];
    let first = [("metric", Kind::Id), ("week", Kind::Day), ("line", Kind::Id)];
    let mut sheet = sheet(metrics, words, &first);
    for id in Metrics::WEEKLY {
        let (Some(metric), Some(weeks)) = (metrics.metric(id), metrics.weeks(id, None)) else {
            continue;
        };
        for week in weeks {
            for value in &week.values {
                let mut cells = row![*id, day(week.from), value.line.as_deref()];
                cells.extend(cells_of(metric, value));
                sheet.row(cells);
            }
        }
    }
    sheet.done()
}

fn cells_of(metric: &Metric, value: &Value) -> Vec<Cell> {
    let seconds = |micros: u64| micros / 1_000_000;
    let spread = value.spread;
    let interval = value.interval.map(|(low, high)| {
        let percent = |parts: u64| format!("{}.{:02} %", parts / 100, parts % 100);
        format!("{} to {}", percent(low), percent(high))
    });
    row![
        value.words(&metric.definition),
        value.numerator,
        value.denominator,
        value.n,
        spread.map(|spread| seconds(spread.median)),
        spread.map(|spread| seconds(spread.p90)),
        spread.map(|spread| seconds(spread.greatest)),
        interval,
        counted(&value.unknown),
        counted(&value.left_out),
        counted(&value.beside),
    ]
}

fn counted(counts: &BTreeMap<&'static str, u64>) -> String {
    let each: Vec<String> = counts.iter().map(|(why, count)| format!("{why}: {count}")).collect();
    each.join("; ")
}
