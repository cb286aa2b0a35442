//! Flow: what was listed, what was decided on it, and what was carried out, as bands.

use ledger_core::report::{Cell, Dataset};

use super::svg::{Anchor, Svg, scaled};
use crate::text::number;

/// How tall all items together are.
const TALL: u64 = 1100;
/// Between two bands.
const GAP: u64 = 170;

pub(super) fn flow(dataset: &Dataset) -> Option<Svg> {
    let count = |row: &[Cell], place: usize| row.get(place).and_then(Cell::count);
    let all: u64 = dataset.rows.iter().filter_map(|row| count(row, 1)).sum();
    if all == 0 {
        return None;
    }
    let mut svg = Svg::new(TALL + GAP * dataset.rows.len() as u64 + 100);
    svg.text(0, 110, Anchor::Start, "l", &format!("{} listed", number(all)));
    let (mut from, mut to) = (160, 160);
    for (row, band) in dataset.rows.iter().zip(0..) {
        let items = count(row, 1).unwrap_or(0);
        let thick = scaled(items, all, TALL);
        svg.rect([0, from, 120, thick], &format!("w{band}"));
        svg.band([120, from, 1700, to, thick], &format!("w{band} soft"));
        svg.rect([1700, to, 120, thick], &format!("w{band}"));
        let name = row.first().map(Cell::text).unwrap_or_default();
        let mut told = format!("{} {name}", number(items));
        if let Some(done) = count(row, 2) {
            told = format!("{told}, {} seen gone", number(done));
        }
        svg.text(1880, to + thick / 2 + 50, Anchor::Start, "l", &told);
        from += thick;
        to += thick + GAP;
    }
    Some(svg)
}
