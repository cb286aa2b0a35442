//! Bars: populations, weeks, ages.

use ledger_core::report::{Cell, Dataset};

use super::svg::{Anchor, Svg, WIDTH, cut, scaled};
use crate::text::number;

fn counts(row: &[Cell], from: usize) -> Vec<u64> {
    row.iter().skip(from).map(|cell| cell.count().unwrap_or(0)).collect()
}

fn first(row: &[Cell]) -> &str {
    row.first().map(Cell::text).unwrap_or_default()
}

/// A bar for each row: tested, then left out, hatched. Each is as long as its own whole.
pub(super) fn population(dataset: &Dataset) -> Option<Svg> {
    let rows: Vec<&Vec<Cell>> = dataset.rows.iter().collect();
    if rows.is_empty() {
        return None;
    }
    let mut svg = Svg::new(rows.len() as u64 * 300);
    for (row, top) in rows.iter().zip((0..).step_by(300)) {
        let words = row.get(1).map(Cell::text).unwrap_or_default();
        let label = format!("{} {}", first(row), cut(words, 34));
        let [tested, out] = [2, 3].map(|place| row.get(place).and_then(Cell::count).unwrap_or(0));
        svg.text(0, top + 110, Anchor::Start, "l", &label);
        let told = match (tested, out) {
            (0, 0) => "no occurrence".to_owned(),
            (_, 0) => format!("{} tested", number(tested)),
            _ => format!("{} tested | {} out", number(tested), number(out)),
        };
        svg.text(WIDTH, top + 110, Anchor::End, "m", &told);
        let long = scaled(tested, tested + out, WIDTH);
        svg.rect([0, top + 150, WIDTH, 90], "frame");
        svg.rect([0, top + 150, long, 90], "bar");
        svg.rect([long, top + 150, if out > 0 { WIDTH - long } else { 0 }, 90], "hatch");
    }
    Some(svg)
}

/// A strip of bars by week for each row; all rows have one scale.
pub(super) fn weeks(dataset: &Dataset) -> Option<Svg> {
    let most = dataset.rows.iter().flat_map(|row| counts(row, 1)).max()?;
    let mut svg = Svg::new(dataset.rows.len() as u64 * 420 + 200);
    for (row, top) in dataset.rows.iter().zip((0..).step_by(420)) {
        let counts = counts(row, 1);
        svg.text(0, top + 110, Anchor::Start, "l", first(row));
        let sum = counts.iter().sum();
        svg.text(WIDTH, top + 110, Anchor::End, "m", &format!("n = {}", number(sum)));
        bars(&mut svg, &counts, most, top + 130, 220);
    }
    ends(&mut svg, dataset, dataset.rows.len() as u64 * 420 + 120);
    Some(svg)
}

/// The bars of one row.
pub(super) fn strip(dataset: &Dataset, name: &str) -> Option<Svg> {
    let row = dataset.rows.iter().find(|row| first(row) == name)?;
    let counts = counts(row, 1);
    let most = counts.iter().max().copied()?;
    let mut svg = Svg::new(520);
    bars(&mut svg, &counts, most, 60, 280);
    ends(&mut svg, dataset, 480);
    Some(svg)
}

fn bars(svg: &mut Svg, counts: &[u64], most: u64, top: u64, tall: u64) {
    let step = WIDTH / (counts.len() as u64).max(1);
    let foot = top + tall;
    for (count, left) in counts.iter().zip((0..).step_by(usize::try_from(step).unwrap_or(1))) {
        let high = scaled(*count, most, tall.saturating_sub(80));
        svg.rect([left + 10, foot - high, step.saturating_sub(20), high], "bar");
        if *count > 0 {
            let middle = left + step / 2;
            svg.text(middle, foot - high - 20, Anchor::Middle, "d", &number(*count));
        }
    }
    svg.line([0, foot, WIDTH, foot], "axis");
}

/// The first and the last week below the bars.
fn ends(svg: &mut Svg, dataset: &Dataset, y: u64) {
    let names = dataset.about.columns.iter().skip(1).map(|column| column.name.as_str());
    let names: Vec<&str> = names.collect();
    let told = |name: Option<&&str>| format!("week of {}", name.copied().unwrap_or_default());
    svg.text(0, y, Anchor::Start, "d", &told(names.first()));
    svg.text(WIDTH, y, Anchor::End, "d", &told(names.last()));
}

/// Stacked bars by week, a tint for each class.
pub(super) fn stack(dataset: &Dataset) -> Option<Svg> {
    let most = dataset.rows.iter().map(|row| counts(row, 1).iter().sum::<u64>()).max()?;
    if most == 0 {
        return None;
    }
    let mut svg = Svg::new(1900);
    let classes = dataset.about.columns.iter().skip(1);
    for ((column, left), class) in classes.zip((0..).step_by(900)).zip(0..) {
        svg.rect([left, 30, 110, 110], &format!("k{class}"));
        svg.text(left + 150, 125, Anchor::Start, "d", &column.name);
    }
    let (top, foot) = (240, 1680);
    let step = WIDTH / (dataset.rows.len() as u64).max(1);
    for (row, left) in dataset.rows.iter().zip((0..).step_by(usize::try_from(step).unwrap_or(1))) {
        let mut y = foot;
        let counts = counts(row, 1);
        for (count, class) in counts.iter().zip(0..) {
            let high = scaled(*count, most, foot - top - 160);
            y -= high;
            svg.rect([left + 15, y, step.saturating_sub(30), high], &format!("k{class}"));
        }
        let sum: u64 = counts.iter().sum();
        svg.text(left + step / 2, y - 30, Anchor::Middle, "d", &number(sum));
    }
    svg.line([0, foot, WIDTH, foot], "axis");
    let week = |row: Option<&Vec<Cell>>| {
        format!("week of {}", row.map(|row| first(row)).unwrap_or_default())
    };
    svg.text(0, foot + 150, Anchor::Start, "d", &week(dataset.rows.first()));
    svg.text(WIDTH, foot + 150, Anchor::End, "d", &week(dataset.rows.last()));
    Some(svg)
}

/// A bar for each severity, a part for each age; all rows have one scale.
pub(super) fn ageing(dataset: &Dataset) -> Option<Svg> {
    let most = dataset.rows.iter().map(|row| counts(row, 1).iter().sum::<u64>()).max()?;
    let mut svg = Svg::new(dataset.rows.len() as u64 * 380 + 260);
    let ages = dataset.about.columns.iter().skip(1);
    for ((column, left), class) in ages.zip((0..).step_by(900)).zip(0..) {
        svg.rect([left, 30, 110, 110], &format!("a{class}"));
        svg.text(left + 150, 125, Anchor::Start, "d", &column.name);
    }
    for (row, top) in dataset.rows.iter().zip((260..).step_by(380)) {
        let counts = counts(row, 1);
        let sum = counts.iter().sum();
        svg.text(0, top + 110, Anchor::Start, "l", first(row));
        svg.text(WIDTH, top + 110, Anchor::End, "m", &format!("n = {}", number(sum)));
        let mut left = 0;
        for (count, class) in counts.iter().zip(0..) {
            let long = scaled(*count, most, WIDTH);
            svg.rect([left, top + 150, long, 150], &format!("a{class}"));
            if long > 250 {
                let (x, y) = (left + long / 2, top + 265);
                svg.text(x, y, Anchor::Middle, &format!("d on{class}"), &number(*count));
            }
            left += long;
        }
    }
    Some(svg)
}
