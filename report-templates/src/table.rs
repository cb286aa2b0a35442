//! Table: a dataset as a page shows it. Wide ones fold: digests, persons and entries stand on a line of
//! their own below the row, and so does the sentence that says what happened.

use std::collections::BTreeMap;

use askama::Template;
use ledger_core::check::State;
use ledger_core::report::{About, Cell, Column, Dataset, Kind};

use crate::line::{Line, Span};
use crate::text::{number, words};

/// Columns that stand beside each other at most.
const WIDE: usize = 8;

/// A table on a page.
#[derive(Debug, Template)]
#[template(path = "table.html")]
pub(crate) struct Table {
    /// The dataset's id.
    pub(crate) id: String,
    /// The id of the element, unique on its page.
    pub(crate) anchor: String,
    /// The dataset's title.
    pub(crate) title: Line,
    /// The columns that stand beside each other.
    pub(crate) heads: Vec<Head>,
    /// The rows that are shown.
    pub(crate) rows: Vec<Row>,
    /// What was shown of how many, where not all is.
    pub(crate) more: Option<Line>,
    /// What is printed of how many, where paper has fewer rows than the screen.
    pub(crate) printed: Option<Line>,
    /// What ties, in one line.
    pub(crate) made: Line,
    /// The query and its version.
    pub(crate) query: Line,
    /// The digest of its file.
    pub(crate) digest: Line,
    /// Its file.
    pub(crate) file: String,
    /// Whether there is enough to sort and filter.
    pub(crate) long: bool,
}

/// The head of a column.
#[derive(Debug)]
pub(crate) struct Head {
    /// Its name.
    pub(crate) name: Line,
    /// The class of its cells.
    pub(crate) class: &'static str,
}

/// A row.
#[derive(Debug)]
pub(crate) struct Row {
    /// The cells beside each other: class, label, content.
    pub(crate) cells: Vec<(&'static str, Line, Line)>,
    /// What happened, on a line of its own.
    pub(crate) sentence: Line,
    /// What else there is, on a line of its own: label and content.
    pub(crate) beside: Vec<(Line, Line)>,
    /// Whether paper has it too.
    pub(crate) printed: bool,
}

/// Where a column stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Beside,
    Sentence,
    Below,
}

impl Table {
    /// The rows of a dataset from one on, so many at most; `more` says where the others are.
    pub(crate) fn of(dataset: &Dataset, from: usize, most: usize, more: &Line) -> Self {
        let about = &dataset.about;
        let places = places(&about.columns);
        let heads = about.columns.iter().zip(&places).filter(|(_, place)| **place == Place::Beside);
        let heads = heads.map(|(column, _)| Head {
            name: column.name.as_str().into(),
            class: class(column.kind),
        });
        let rows: Vec<Row> = dataset
            .rows
            .iter()
            .skip(from)
            .take(most)
            .map(|row| Row::of(row, &about.columns, &places))
            .collect();
        let all = dataset.rows.len();
        let hidden = rows.len() < all;
        let told = || {
            let told = format!(
                "Rows {} to {} of {}; ",
                number(from as u64 + 1),
                number((from + rows.len()) as u64),
                number(all as u64)
            );
            Line::plain(told).join(more)
        };
        Self {
            id: about.id.clone(),
            anchor: format!("d-{}", about.id),
            title: about.title.as_str().into(),
            heads: heads.collect(),
            more: hidden.then(told),
            printed: None,
            made: made(about),
            query: about.query_id().into(),
            digest: Line::of(Span::Digest(about.digest.to_reference())),
            file: about.file(),
            long: rows.len() > 8,
            rows,
        }
    }

    /// The same with so many of its rows on paper, which refers to the file for the others.
    #[must_use]
    pub(crate) fn printed(mut self, most: usize) -> Self {
        let rows = self.rows.len();
        for row in self.rows.iter_mut().skip(most) {
            row.printed = false;
        }
        if rows > most {
            let first = match most {
                0 => "No row is".to_owned(),
                1 => "The first row is".to_owned(),
                most => format!("The first {} rows are", number(most as u64)),
            };
            self.printed = Some(format!("{first} printed; all are in {}", self.file).into());
        }
        self
    }

    /// The number of columns beside each other.
    pub(crate) fn width(&self) -> usize {
        self.heads.len()
    }
}

/// How a dataset was made, in one line: what ties.
pub(crate) fn made(about: &About) -> Line {
    let rows = number(about.rows);
    let mut line = Line::plain(format!("{rows} in scope"));
    if about.left_out() > 0 {
        line = line.and(format!(" + {} left out (", number(about.left_out())));
        for (at, (why, count)) in about.excluded.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            line = line.and(format!("{comma}{} ", number(*count))).and(why);
        }
        line = line.and(format!(") = {} in all", number(about.total())));
    }
    if !about.counts.is_empty() {
        line = line.and(format!("; {rows} = {}", counted(&about.counts).join(" + ")));
    }
    line
}

/// Each state with its number.
pub(crate) fn counted(counts: &BTreeMap<State, u64>) -> Vec<String> {
    let one =
        |(state, count): (&State, &u64)| format!("{} {}", number(*count), words(state.as_str()));
    counts.iter().map(one).collect()
}

fn places(columns: &[Column]) -> Vec<Place> {
    let narrow = columns.len() <= WIDE;
    let mut beside = 0;
    let place = |column: &Column| {
        if column.kind == Kind::Sentence {
            return Place::Sentence;
        }
        let small = matches!(column.kind, Kind::Digest | Kind::Entries | Kind::Person);
        if (small && !narrow) || beside == WIDE {
            return Place::Below;
        }
        beside += 1;
        Place::Beside
    };
    columns.iter().map(place).collect()
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Count | Kind::Seconds => "n",
        Kind::Time | Kind::Day => "t",
        Kind::Id | Kind::Digest | Kind::Person => "i",
        Kind::State | Kind::Severity => "w",
        Kind::Text | Kind::Entries | Kind::Sentence => "",
    }
}

impl Row {
    /// Cells beside each other, and nothing else.
    #[cfg(feature = "pdf")]
    pub(crate) fn plain(cells: Vec<Line>) -> Self {
        Self {
            cells: cells.into_iter().map(|cell| ("", Line::default(), cell)).collect(),
            sentence: Line::default(),
            beside: Vec::new(),
            printed: true,
        }
    }

    fn of(row: &[Cell], columns: &[Column], places: &[Place]) -> Self {
        let mut shown = Self {
            cells: Vec::new(),
            sentence: Line::default(),
            beside: Vec::new(),
            printed: true,
        };
        for ((cell, column), place) in row.iter().zip(columns).zip(places) {
            let content = content(cell, column.kind);
            let name = || Line::plain(&*column.name);
            match place {
                Place::Beside => shown.cells.push((class(column.kind), name(), content)),
                Place::Sentence => shown.sentence = content,
                Place::Below if content.is_empty() => {}
                Place::Below => shown.beside.push((name(), content)),
            }
        }
        shown
    }
}

/// What stands in a cell.
fn content(cell: &Cell, kind: Kind) -> Line {
    let text = match cell {
        Cell::Count(count) if kind == Kind::Seconds => return Line::of(Span::Seconds(*count)),
        Cell::Count(count) => return Line::of(Span::Count(*count)),
        Cell::Text(text) => text.to_string(),
    };
    if text.is_empty() {
        return Line::default();
    }
    Line::of(match kind {
        Kind::Digest => Span::Digest(text),
        Kind::Person => Span::Person(text),
        Kind::Time => Span::Time(text),
        Kind::State => Span::State(text),
        Kind::Severity => Span::Severity(text),
        Kind::Entries => Span::Plain(few(&text)),
        Kind::Sentence | Kind::Text => Span::Apart(text),
        Kind::Id if text.starts_with("x-") && text.len() == 34 => Span::Short(text),
        Kind::Id => Span::Name(text),
        Kind::Count | Kind::Seconds | Kind::Day => Span::Spelled(text),
    })
}

/// The first of many entries.
fn few(entries: &str) -> String {
    let all: Vec<&str> = entries.split(' ').collect();
    let first = all.iter().take(6).copied().collect::<Vec<_>>().join(", ");
    match all.len().checked_sub(6) {
        Some(more) if more > 0 => format!("{first} and {more} more"),
        _ => first,
    }
}
