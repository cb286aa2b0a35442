//! Sheet: pages in the making: what stands where, and what it is a part of.

use super::font::{Fonts, Length, POINT};
use super::style::{Color, LINE, Style};
use super::words::{Row, Run, broken, runs};
use crate::line::Line;

/// A4.
pub(super) const WIDE: Length = 595_276;
pub(super) const TALL: Length = 841_890;
/// What is left free at each edge: 18 mm at the sides.
pub(super) const SIDE: Length = 51_024;
const TOP: Length = 56_000;
const BOTTOM: Length = 52_000;
/// How wide the words of a page are.
pub(super) const COLUMN: Length = WIDE - 2 * SIDE;

/// What a part of a document is, for those who hear it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Section,
    /// A heading: its level and words.
    Heading(u16, String),
    Paragraph,
    List,
    Item,
    Table,
    Head,
    Body,
    Line,
    /// The head of a column.
    Name,
    Cell,
    /// A cell over so many columns.
    Across(u32),
    /// A picture, with what it shows.
    Picture(String),
    Caption,
    Contents,
    Entry,
}

/// The number of a part.
pub(super) type Place = usize;

/// A part and what is in it, in the order in which it is read.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) part: Part,
    pub(super) parts: Vec<Place>,
}

/// Something on a page. Lengths are from the left and the top.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// Words at a point of their foot.
    Words { x: Length, y: Length, text: String, style: Style },
    /// The number of the page of an anchor, up to a point.
    Number { to: Length, y: Length, anchor: String, style: Style },
    /// A way from an area to an anchor: left, top, width, height.
    Way([Length; 4], String),
    /// A filled rectangle: left, top, width, height.
    Fill([Length; 4], Color),
    /// An open or closed path, with the colours of its inside and its edge, and the edge's width.
    Path { steps: Vec<Step>, fill: Option<Color>, edge: Option<(Color, Length)>, dashed: bool },
}

/// A step of a path.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Move([Length; 2]),
    Line([Length; 2]),
    Curve([Length; 6]),
    Close,
}

/// A page: what stands on it, each with its part; none of what only serves the eye.
#[derive(Debug, Default)]
pub(super) struct Leaf {
    pub(super) marks: Vec<(Option<Place>, Mark)>,
}

/// Where a title stands: its level, words, anchor, page and height.
#[derive(Debug)]
pub(super) struct Anchor {
    pub(super) level: u16,
    pub(super) title: String,
    pub(super) id: String,
    pub(super) leaf: usize,
    pub(super) y: Length,
}

/// Pages in the making.
pub(super) struct Sheet {
    pub(super) fonts: Fonts,
    pub(super) leaves: Vec<Leaf>,
    pub(super) nodes: Vec<Node>,
    pub(super) anchors: Vec<Anchor>,
    /// How far the last page is filled.
    pub(super) y: Length,
    open: Vec<Place>,
}

impl Sheet {
    /// One empty page.
    pub(super) fn new(fonts: Fonts) -> Self {
        let root = Node { part: Part::Section, parts: Vec::new() };
        Self {
            fonts,
            leaves: vec![Leaf::default()],
            nodes: vec![root],
            anchors: Vec::new(),
            y: TOP,
            open: vec![0],
        }
    }

    /// Begins a part within the last one that is open.
    pub(super) fn begin(&mut self, part: Part) -> Place {
        let place = self.nodes.len();
        self.nodes.push(Node { part, parts: Vec::new() });
        let outer = self.open.last().copied().unwrap_or_default();
        if let Some(node) = self.nodes.get_mut(outer) {
            node.parts.push(place);
        }
        self.open.push(place);
        place
    }

    /// Ends the last part that is open.
    pub(super) fn end(&mut self) {
        if self.open.len() > 1 {
            self.open.pop();
        }
    }

    /// The last part that is open.
    pub(super) fn place(&self) -> Place {
        self.open.last().copied().unwrap_or_default()
    }

    /// A mark on the last page.
    pub(super) fn mark(&mut self, place: Option<Place>, mark: Mark) {
        if let Some(leaf) = self.leaves.last_mut() {
            leaf.marks.push((place, mark));
        }
    }

    /// What is left of the page.
    pub(super) fn room(&self) -> Length {
        TALL - BOTTOM - self.y
    }

    /// What a whole page has.
    pub(super) fn most() -> Length {
        TALL - BOTTOM - TOP
    }

    /// A new page, where so much has no room on the last.
    pub(super) fn need(&mut self, height: Length) {
        if height > self.room() {
            self.turn();
        }
    }

    /// A new page, where the last has something on it.
    pub(super) fn turn(&mut self) {
        if self.y > TOP {
            self.leaves.push(Leaf::default());
            self.y = TOP;
        }
    }

    /// Free space, but at the top of a page.
    pub(super) fn gap(&mut self, tenths: Length) {
        if self.y > TOP {
            self.y += tenths * POINT / 10;
        }
    }

    /// Where something begins.
    pub(super) fn anchor(&mut self, level: u16, title: &str, id: &str) {
        let leaf = self.leaves.len() - 1;
        let (title, id) = (title.to_owned(), id.to_owned());
        self.anchors.push(Anchor { level, title, id, leaf, y: self.y });
    }

    /// A line of words at a point of its foot; of no part where it is only seen again.
    pub(super) fn words(&mut self, place: Option<Place>, row: &Row, x: Length, y: Length) {
        for piece in &row.pieces {
            let (text, style) = (piece.text.clone(), piece.style);
            self.mark(place, Mark::Words { x: x + piece.from, y, text, style });
        }
    }

    /// The same, of the part that is open.
    pub(super) fn row(&mut self, row: &Row, x: Length, y: Length) {
        self.words(Some(self.place()), row, x, y);
    }

    /// Words of a style, broken to a width.
    pub(super) fn broken(&self, line: &Line, style: Style, width: Length) -> Vec<Row> {
        broken(&runs(line, style, &self.fonts), width, &self.fonts)
    }

    /// Lines of words from the left, `indent` from the edge, over as many pages as they need.
    pub(super) fn lines(&mut self, rows: &[Row], indent: Length, style: Style) {
        let leading = style.leading();
        for row in rows {
            self.need(leading);
            self.y += leading;
            self.row(row, SIDE + indent, self.y - style.foot());
        }
    }

    /// Words over the whole width that are a part of their own.
    pub(super) fn block(&mut self, part: Part, line: &Line, style: Style) {
        let rows = self.broken(line, style, COLUMN);
        self.begin(part);
        self.lines(&rows, 0, style);
        self.end();
    }

    /// A paragraph, kept together where it is short.
    pub(super) fn paragraph(&mut self, line: &Line, style: Style) {
        if line.is_empty() {
            return;
        }
        let rows = self.broken(line, style, COLUMN);
        let count = Length::try_from(rows.len().min(4)).unwrap_or(4);
        self.need(style.leading() * count);
        self.begin(Part::Paragraph);
        self.lines(&rows, 0, style);
        self.end();
        self.gap(25);
    }

    /// Items with a mark or a number before each.
    pub(super) fn list(&mut self, items: &[Line], style: Style, numbered: bool) {
        const INDENT: Length = 14 * POINT;
        if items.is_empty() {
            return;
        }
        self.begin(Part::List);
        for (at, item) in items.iter().enumerate() {
            let rows = self.broken(item, style, COLUMN - INDENT);
            let count = Length::try_from(rows.len().min(4)).unwrap_or(4);
            self.need(style.leading() * count);
            self.begin(Part::Item);
            let before = if numbered { format!("{}. ", at + 1) } else { "\u{2022} ".to_owned() };
            let y = self.y + style.leading() - style.foot();
            let place = self.place();
            self.mark(Some(place), Mark::Words { x: SIDE, y, text: before, style });
            self.lines(&rows, INDENT, style);
            self.end();
            self.y += POINT;
        }
        self.end();
        self.gap(25);
    }

    /// Names and what they stand for, beside each other.
    pub(super) fn facts(&mut self, facts: &[(Line, Line)], style: Style) {
        let most = COLUMN * 27 / 100;
        let wide = |line: &Line| {
            let runs: Vec<Run> = runs(line, style, &self.fonts);
            super::words::widths(&runs, &self.fonts).0
        };
        let indent =
            facts.iter().map(|(name, _)| wide(name)).max().unwrap_or(0).min(most) + 8 * POINT;
        for (name, what) in facts {
            let muted = style.colored(super::style::MUTE);
            let names = self.broken(name, muted, indent - 6 * POINT);
            let rows = self.broken(what, style, COLUMN - indent);
            let count = Length::try_from(rows.len().max(names.len()).min(5)).unwrap_or(5);
            self.need(style.leading() * count);
            self.begin(Part::Paragraph);
            for (at, row) in (1..).zip(&names) {
                let y = self.y + style.leading() * at - style.foot();
                self.row(&spaced(row), SIDE, y);
            }
            self.lines(&rows, indent, style);
            self.end();
            self.y += POINT / 2;
        }
        self.gap(25);
    }

    /// A line over the whole width.
    pub(super) fn rule(&mut self, color: Color, thick: Length) {
        let y = self.y;
        self.mark(None, Mark::Fill([SIDE, y, COLUMN, thick], color));
        self.y += thick;
    }

    /// A thin line.
    pub(super) fn hairline(&mut self) {
        self.rule(LINE, POINT / 2);
    }
}

/// The row with a space behind it, so that it does not run into what stands beside it when it is read.
pub(super) fn spaced(row: &Row) -> Row {
    let mut row = row.clone();
    if let Some(piece) = row.pieces.last_mut().filter(|piece| !piece.text.ends_with(' ')) {
        piece.text.push(' ');
    }
    row
}
