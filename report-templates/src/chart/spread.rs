//! Spread: lengths of time, as quantiles of many or as dots against a limit.

use ledger_core::report::{Cell, Dataset};

use super::svg::{Anchor, Svg, WIDTH, cut};
use crate::text::{number, span};

/// The most dots that have a line of their own.
const LINES: usize = 40;
/// The most services that are drawn.
const SERVICES: usize = 12;

/// Where a time stands on the axis; a hundredth of the width is left free on both sides.
fn place(seconds: u64, most: u64) -> u64 {
    60 + seconds.min(most).saturating_mul(WIDTH - 120) / most.max(1)
}

fn axis(svg: &mut Svg, most: u64, y: u64) {
    svg.line([0, y, WIDTH, y], "axis");
    let marks = [(0, Anchor::Start), (most / 2, Anchor::Middle), (most, Anchor::End)];
    for (at, anchor) in marks {
        let x = match anchor {
            Anchor::Start => 0,
            Anchor::Middle => WIDTH / 2,
            Anchor::End => WIDTH,
        };
        svg.text(x, y + 130, anchor, "d", &span(at));
    }
}

/// For each row dots at its quantiles, the median the largest; one scale for all.
pub(super) fn quantiles(dataset: &Dataset) -> Option<Svg> {
    let count = |row: &Vec<Cell>, place: usize| row.get(place).and_then(Cell::count).unwrap_or(0);
    let drawn = dataset.rows.get(..SERVICES).unwrap_or(&dataset.rows);
    let most = drawn.iter().map(|row| count(row, 6)).max()?;
    let foot = drawn.len() as u64 * 380 + 40;
    let mut svg = Svg::new(foot + 330);
    for (row, top) in drawn.iter().zip((0..).step_by(380)) {
        let name = row.first().map(Cell::text).unwrap_or_default();
        svg.text(0, top + 110, Anchor::Start, "l", &cut(name, 30));
        let median = span(count(row, 4));
        let told = format!("median {median}, n = {}", number(count(row, 1)));
        svg.text(WIDTH, top + 110, Anchor::End, "m", &told);
        let y = top + 230;
        let at = |column: usize| place(count(row, column), most);
        svg.line([at(2), y, at(6), y], "thin");
        svg.line([at(3), y, at(5), y], "thick");
        for (column, radius) in [(2, 30), (3, 40), (5, 40), (6, 30)] {
            svg.dot(at(column), y, radius, "dot");
        }
        svg.dot(at(4), y, 70, "dot");
    }
    axis(&mut svg, most, foot);
    let more = dataset.rows.len() - drawn.len();
    if more > 0 {
        let told = format!("the {SERVICES} with the most of them; {more} more in the data");
        svg.text(0, foot + 300, Anchor::Start, "d", &told);
    }
    Some(svg)
}

/// A dot for each row, a triangle where it is late, against the limit.
pub(super) fn deadline(dataset: &Dataset) -> Option<Svg> {
    if dataset.rows.is_empty() {
        return None;
    }
    let count = |row: &[Cell], place: usize| row.get(place).and_then(Cell::count);
    let took = |row: &Vec<Cell>| count(row, 2).unwrap_or(0);
    let limit = dataset.rows.iter().filter_map(|row| count(row, 3)).max();
    let longest = dataset.rows.iter().map(took).max().unwrap_or(0);
    let most = longest.max(limit.unwrap_or(0)).max(1) / 10 * 11;
    let lines = dataset.rows.len().min(LINES) as u64;
    let foot = 220 + lines * 110;
    let mut svg = Svg::new(foot + 180);
    if let Some(limit) = limit {
        let x = place(limit, most);
        svg.line([x, 150, x, foot], "limit");
        svg.text(x, 110, Anchor::Middle, "l", &format!("limit {}", span(limit)));
    }
    for (number, row) in dataset.rows.iter().enumerate() {
        // more rows than lines share them
        let y = 240 + (number % LINES) as u64 * 110;
        let x = place(took(row), most);
        if row.get(4).is_some_and(|cell| cell.text() == "no") {
            svg.triangle(x, y, 50, "late");
        } else {
            svg.dot(x, y, 45, "dot");
        }
    }
    axis(&mut svg, most, foot + 20);
    Some(svg)
}
