//! Grid: a table on paper. A row stays on one page where a page has room for it; the heads of the
//! columns stand on each page that has rows.

use super::font::{Length, POINT};
use super::sheet::{COLUMN, Part, SIDE, Sheet, spaced};
use super::style::{INK, LINE, MADE, MUTE, ROW, Style};
use super::words::{self, runs, widths};
use crate::line::Line;
use crate::table::{Head, Row, Table};

/// Between columns.
const GAP: Length = 5 * POINT;
/// Rows by which widths are told.
const TOLD: usize = 200;

/// A table: title, heads, rows, and what an auditor must know of it. A close one is smaller, and leaves what
/// stands beside a row to its file.
pub(super) fn table(sheet: &mut Sheet, table: &Table, close: bool) {
    let head = Style { size: ROW.size * 108 / 100, ..ROW }.bold();
    let row = if close { Style { size: ROW.size * 92 / 100, ..ROW } } else { ROW };
    sheet.gap(40);
    // the title, the heads and a row or two
    sheet.need(head.leading() * 2 + row.leading() * 4);
    sheet.begin(Part::Section);
    let title = Line::plain(format!("{}  ", table.id)).join(&table.title);
    sheet.block(Part::Caption, &title, head);
    sheet.gap(10);
    if table.rows.is_empty() {
        sheet.paragraph(&"No rows: nothing of this kind was recorded.".into(), row.colored(MUTE));
    } else if table.rows.iter().any(|row| row.printed) {
        rows(sheet, &table.heads, &table.rows, row, close);
    }
    for line in table.printed.iter().chain(table.more.iter().filter(|_| table.printed.is_none())) {
        sheet.paragraph(line, MADE);
    }
    let made = table.made.clone().and(" \u{b7} ").join(&table.query);
    let made = made.and(" \u{b7} sha256 ").join(&table.digest);
    sheet.paragraph(&made.and(format!(" \u{b7} {}", table.file)), MADE);
    sheet.end();
}

/// Heads and rows alone. A close row leaves what stands beside it to the table's file.
pub(super) fn rows(sheet: &mut Sheet, heads: &[Head], rows: &[Row], style: Style, close: bool) {
    Grid::of(sheet, heads, rows, style, close).draw(sheet, rows);
}

/// The columns of a table.
struct Grid<'t> {
    heads: &'t [Head],
    widths: Vec<Length>,
    style: Style,
    /// Whether a row has only its cells and its sentence; what else there is stands in its file.
    close: bool,
}

impl<'t> Grid<'t> {
    /// As wide as their words want, and what is left shared by those that are broken.
    fn of(sheet: &Sheet, heads: &'t [Head], rows: &[Row], style: Style, close: bool) -> Self {
        let count = heads.len();
        let gaps = GAP * Length::try_from(count.saturating_sub(1)).unwrap_or(0);
        let room = COLUMN - gaps;
        let mut whole = vec![0; count];
        let mut word = vec![0; count];
        let mut see = |line: &Line, at: usize, style: Style| {
            let (wide, longest) = widths(&runs(line, style, &sheet.fonts), &sheet.fonts);
            if let (Some(whole), Some(word)) = (whole.get_mut(at), word.get_mut(at)) {
                *whole = wide.max(*whole);
                *word = longest.min(room / 3).max(*word);
            }
        };
        for (at, head) in heads.iter().enumerate() {
            see(&head.name, at, style.bold());
        }
        for row in rows.iter().filter(|row| row.printed).take(TOLD) {
            for (at, (_, _, cell)) in row.cells.iter().enumerate() {
                see(cell, at, style);
            }
        }
        Self { heads, widths: shared(&whole, &word, room), style, close }
    }

    fn draw(&self, sheet: &mut Sheet, rows: &[Row]) {
        sheet.begin(Part::Table);
        self.heads(sheet, true);
        sheet.begin(Part::Body);
        for row in rows.iter().filter(|row| row.printed) {
            self.row(sheet, row);
        }
        sheet.end();
        sheet.end();
        sheet.gap(20);
    }

    /// The heads of the columns; `first` where they are read, and not only seen again.
    fn heads(&self, sheet: &mut Sheet, first: bool) {
        let style = self.style.bold();
        let cells: Vec<Vec<words::Row>> = self
            .heads
            .iter()
            .zip(&self.widths)
            .map(|(head, width)| sheet.broken(&head.name, style, *width))
            .collect();
        let tall = cells.iter().map(Vec::len).max().unwrap_or(1);
        if first {
            sheet.begin(Part::Head);
            sheet.begin(Part::Line);
        }
        let top = sheet.y;
        let mut x = SIDE;
        for ((rows, width), head) in cells.iter().zip(&self.widths).zip(self.heads) {
            if first {
                sheet.begin(Part::Name);
            }
            // heads stand on the line below them
            for (at, row) in (tall - rows.len() + 1..).zip(rows) {
                let y = top + style.leading() * Length::try_from(at).unwrap_or(1) - style.foot();
                let from = if head.class == "n" { x + width - row.width } else { x };
                if first {
                    sheet.row(&spaced(row), from, y);
                } else {
                    sheet.words(None, row, from, y);
                }
            }
            if first {
                sheet.end();
            }
            x += width + GAP;
        }
        sheet.y = top + style.leading() * Length::try_from(tall).unwrap_or(1);
        sheet.rule(INK, POINT * 8 / 10);
        sheet.y += POINT;
        if first {
            sheet.end();
            sheet.end();
        }
    }

    fn row(&self, sheet: &mut Sheet, row: &Row) {
        let style = self.style;
        let cells: Vec<Vec<words::Row>> = row
            .cells
            .iter()
            .zip(&self.widths)
            .map(|((_, _, cell), width)| sheet.broken(cell, style, *width))
            .collect();
        let below = self.below(sheet, row);
        let tall = cells.iter().map(Vec::len).max().unwrap_or(1);
        let count = Length::try_from(tall + below.len()).unwrap_or(1);
        let height = style.leading() * count + 2 * POINT;
        if height < Sheet::most() / 2 && height > sheet.room() {
            sheet.turn();
            self.heads(sheet, false);
        }
        sheet.begin(Part::Line);
        let places: Vec<_> = row
            .cells
            .iter()
            .map(|_| {
                let place = sheet.begin(Part::Cell);
                sheet.end();
                place
            })
            .collect();
        for at in 0..tall {
            self.next(sheet);
            let mut x = SIDE;
            let y = sheet.y - style.foot();
            let columns = cells.iter().zip(&self.widths).zip(&row.cells).zip(&places);
            for (((rows, width), (class, ..)), place) in columns {
                if let Some(row) = rows.get(at) {
                    let from = if *class == "n" { x + width - row.width } else { x };
                    sheet.words(Some(*place), &spaced(row), from, y);
                }
                x += width + GAP;
            }
        }
        if !below.is_empty() {
            sheet.end();
            sheet.begin(Part::Line);
            sheet.begin(Part::Across(u32::try_from(self.widths.len()).unwrap_or(1)));
            for row in &below {
                self.next(sheet);
                sheet.row(&spaced(row), SIDE + 8 * POINT, sheet.y - style.foot());
            }
            sheet.end();
        }
        sheet.end();
        sheet.y += POINT;
        sheet.rule(LINE, POINT * 3 / 10);
        sheet.y += POINT * 7 / 10;
    }

    /// Goes on to the next line, on a new page where this has none.
    fn next(&self, sheet: &mut Sheet) {
        if self.style.leading() > sheet.room() {
            sheet.turn();
            self.heads(sheet, false);
        }
        sheet.y += self.style.leading();
    }

    /// What stands below a row over the whole width.
    fn below(&self, sheet: &Sheet, row: &Row) -> Vec<words::Row> {
        let width = COLUMN - 8 * POINT;
        let mut all = Vec::new();
        if !row.sentence.is_empty() {
            all.extend(sheet.broken(&row.sentence, self.style, width));
        }
        let mut beside = Line::default();
        for (label, content) in row.beside.iter().filter(|_| !self.close) {
            let before = if beside.is_empty() { "" } else { "   " };
            beside = beside.and(before).join(label).and(" ").join(content);
        }
        if !beside.is_empty() {
            all.extend(sheet.broken(&beside, self.style.colored(MUTE), width));
        }
        all
    }
}

/// How wide each column is: `whole` what it wants, `word` what it needs.
fn shared(whole: &[Length], word: &[Length], room: Length) -> Vec<Length> {
    let wanted: Length = whole.iter().sum();
    let needed: Length = word.iter().sum();
    if wanted <= room {
        // what is left is shared, so that tables have one edge
        let more = (room - wanted) / Length::try_from(whole.len().max(1)).unwrap_or(1);
        return whole.iter().map(|width| width + more).collect();
    }
    if needed >= room {
        return word.iter().map(|width| width * room / needed.max(1)).collect();
    }
    let (spare, missing) = (room - needed, wanted - needed);
    let pairs = whole.iter().zip(word);
    pairs.map(|(whole, word)| word + (whole - word).max(0) * spare / missing.max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::shared;

    #[test]
    fn columns_share_what_there_is() {
        assert_eq!(shared(&[10, 20], &[5, 5], 40), [15, 25]);
        assert_eq!(shared(&[10, 90], &[10, 20], 60), [10, 50]);
        assert_eq!(shared(&[50, 50], &[50, 50], 50), [25, 25]);
        let all = shared(&[500, 30, 900], &[60, 30, 80], 400);
        assert!(all.iter().sum::<i64>() <= 400 && all[1] == 30, "{all:?}");
        assert!(shared(&[], &[], 10).is_empty());
    }
}
