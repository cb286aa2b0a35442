//! Heat map: for each framework and domain a square for each control, with its glyph, and the worst in
//! words.

use ledger_core::report::{Cell, Dataset};

use super::svg::{Anchor, Svg, WIDTH};
use crate::text::{glyph, words};

/// The counts of a row in their columns, the worst first, and the state that each is of.
const STATES: [(usize, &str); 5] =
    [(5, "fail"), (6, "indeterminate"), (7, "waived"), (4, "pass"), (8, "no_occurrence")];
/// Squares in a line.
const LINE: u64 = 20;

pub(super) fn heat(dataset: &Dataset) -> Option<Svg> {
    let lines = |row: &Vec<Cell>| {
        let controls = row.get(3).and_then(Cell::count).unwrap_or(0);
        controls.div_ceil(LINE).max(1)
    };
    let height: u64 = dataset.rows.iter().map(|row| 260 + lines(row) * 180).sum();
    if dataset.rows.is_empty() {
        return None;
    }
    let mut svg = Svg::new(height);
    let mut top = 0;
    for row in &dataset.rows {
        let text = |place: usize| row.get(place).map(Cell::text).unwrap_or_default();
        let worst = text(2);
        let name = format!("{} \u{b7} {}", text(0).to_uppercase(), text(1));
        svg.text(0, top + 140, Anchor::Start, "l", &name);
        let told = format!("{} {}", glyph(worst), words(worst));
        svg.text(WIDTH, top + 140, Anchor::End, &format!("f-{worst}"), &told);
        let mut number = 0;
        for (place, state) in STATES {
            for _ in 0..row.get(place).and_then(Cell::count).unwrap_or(0) {
                let (x, y) = (5 + number % LINE * 179, top + 190 + number / LINE * 180);
                svg.rect([x, y, 160, 160], &format!("b-{state}"));
                let class = format!("g f-{state}");
                svg.text(x + 80, y + 118, Anchor::Middle, &class, glyph(state));
                number += 1;
            }
        }
        top += 260 + lines(row) * 180;
    }
    Some(svg)
}
