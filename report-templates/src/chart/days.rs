//! Days: a calendar of months, a cell for each day, freezes hatched, failures marked.

use ledger_core::report::{Cell, Dataset};

use super::svg::{Anchor, Svg};
use crate::text::number;

/// The side of a day.
const SIDE: u64 = 150;
/// From one month to the next.
const MONTH: u64 = 1220;
/// How tall a month is.
const TALL: u64 = 1320;

pub(super) fn calendar(dataset: &Dataset) -> Option<Svg> {
    let count = |row: &[Cell], place: usize| row.get(place).and_then(Cell::count).unwrap_or(0);
    let most = dataset.rows.iter().map(|row| count(row, 1)).max()?;
    if most == 0 {
        return None;
    }
    let months = months(dataset);
    let tall = (months.len() as u64).div_ceil(3) * TALL;
    let mut svg = Svg::new(tall + 220);
    for (number, month) in months.iter().enumerate() {
        let number = number as u64;
        let (left, top) = (number % 3 * MONTH, number / 3 * TALL);
        svg.text(left, top + 110, Anchor::Start, "l", month.name);
        for (name, column) in ["M", "T", "W", "T", "F", "S", "S"].iter().zip(0..) {
            svg.text(left + column * SIDE + 75, top + 230, Anchor::Middle, "d", name);
        }
        for (row, day) in &month.days {
            let cell = month.offset + day - 1;
            let (x, y) = (left + cell % 7 * SIDE, top + 260 + cell / 7 * SIDE);
            draw(&mut svg, row, [x, y], most);
        }
    }
    let y = tall + 150;
    svg.rect([0, y - 110, 130, 130], "hatch");
    svg.text(180, y, Anchor::Start, "d", "freeze");
    svg.triangle(760, y - 40, 45, "late");
    svg.text(850, y, Anchor::Start, "d", "not succeeded");
    svg.rect([1700, y - 110, 130, 130], "q1");
    svg.rect([1830, y - 110, 130, 130], "q2");
    svg.rect([1960, y - 110, 130, 130], "q3");
    svg.text(2130, y, Anchor::Start, "d", &format!("1 to {} a day", number(most)));
    Some(svg)
}

fn draw(svg: &mut Svg, row: &[Cell], [x, y]: [u64; 2], most: u64) {
    let count = |place: usize| row.get(place).and_then(Cell::count).unwrap_or(0);
    let (deployments, failed) = (count(1), count(2));
    svg.rect([x, y, SIDE - 10, SIDE - 10], "frame");
    if deployments > 0 {
        let shade = ((deployments - 1) * 3 / most).min(2) + 1;
        svg.rect([x, y, SIDE - 10, SIDE - 10], &format!("q{shade}"));
    }
    if row.get(3).is_some_and(|freezes| !freezes.text().is_empty()) {
        svg.rect([x, y, SIDE - 10, SIDE - 10], "hatch");
    }
    if deployments > 0 {
        let shade = ((deployments - 1) * 3 / most).min(2) + 1;
        let class = format!("d on-q{shade}");
        svg.text(x + 70, y + 105, Anchor::Middle, &class, &number(deployments));
    }
    if failed > 0 {
        svg.triangle(x + 118, y + 25, 28, "late");
    }
}

/// A month and its days.
struct Month<'d> {
    /// Like `2026-07`.
    name: &'d str,
    /// The day of the week of its first day, from 0 for Monday.
    offset: u64,
    days: Vec<(&'d Vec<Cell>, u64)>,
}

fn months(dataset: &Dataset) -> Vec<Month<'_>> {
    let mut found: Vec<Month<'_>> = Vec::new();
    for row in &dataset.rows {
        let day = row.first().map(Cell::text).unwrap_or_default();
        let (Some(name), Some(number)) = (day.get(..7), day.get(8..10)) else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        if found.last().is_none_or(|month| month.name != name) {
            let first = ledger_core::time::Timestamp::of_day(&format!("{name}-01"));
            let days = first.map_or(0, |first| first.seconds() / 86_400);
            // the epoch was a Thursday
            found.push(Month { name, offset: (days + 3) % 7, days: Vec::new() });
        }
        if let Some(month) = found.last_mut() {
            month.days.push((row, number));
        }
    }
    found
}
