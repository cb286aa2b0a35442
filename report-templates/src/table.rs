//! Table: a dataset as a page shows it. Wide ones fold: digests, persons and entries stand on a line of
//! their own below the row, and so does the sentence that says what happened.

use askama::Template;
use ledger_core::report::{About, Cell, Column, Dataset, Kind};

use crate::text::{escaped, glyph, minute, number, short, span, told, words};

/// Columns that stand beside each other at most.
const WIDE: usize = 8;

/// Bytes of a name that is never broken.
const SHORT: usize = 18;

/// A table on a page.
#[derive(Debug, Template)]
#[template(path = "table.html")]
pub(crate) struct Table {
    /// The dataset's id.
    pub(crate) id: String,
    /// The id of the element, unique on its page.
    pub(crate) anchor: String,
    /// The dataset's title.
    pub(crate) title: String,
    /// The columns that stand beside each other.
    pub(crate) heads: Vec<Head>,
    /// The rows that are shown.
    pub(crate) rows: Vec<Row>,
    /// What was shown of how many, where not all is.
    pub(crate) more: Option<String>,
    /// What is printed of how many, where paper has fewer rows than the screen.
    pub(crate) printed: Option<String>,
    /// What ties, in one line.
    pub(crate) made: String,
    /// The query and its version.
    pub(crate) query: String,
    /// The digest of its file, whole and short.
    pub(crate) digest: String,
    /// The digest, short.
    pub(crate) short: String,
    /// Its file.
    pub(crate) file: String,
    /// Whether there is enough to sort and filter.
    pub(crate) long: bool,
}

/// The head of a column.
#[derive(Debug)]
pub(crate) struct Head {
    /// Its name.
    pub(crate) name: String,
    /// The class of its cells.
    pub(crate) class: &'static str,
}

/// A row.
#[derive(Debug)]
pub(crate) struct Row {
    /// The cells beside each other: class, label, content.
    pub(crate) cells: Vec<(&'static str, String, String)>,
    /// What happened, on a line of its own.
    pub(crate) sentence: String,
    /// What else there is, on a line of its own: label and content.
    pub(crate) beside: Vec<(String, String)>,
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
    pub(crate) fn of(dataset: &Dataset, from: usize, most: usize, more: &str) -> Self {
        let about = &dataset.about;
        let places = places(&about.columns);
        let heads = about.columns.iter().zip(&places).filter(|(_, place)| **place == Place::Beside);
        let heads = heads
            .map(|(column, _)| Head { name: escaped(&column.name), class: class(column.kind) });
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
            format!(
                "Rows {} to {} of {}; {more}",
                number(from as u64 + 1),
                number((from + rows.len()) as u64),
                number(all as u64)
            )
        };
        Self {
            id: about.id.clone(),
            anchor: format!("d-{}", about.id),
            title: escaped(&about.title),
            heads: heads.collect(),
            more: hidden.then(told),
            printed: None,
            made: made(about),
            query: escaped(&about.query_id()),
            digest: about.digest.to_reference(),
            short: short(&about.digest.to_reference()),
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
            self.printed = Some(format!("{first} printed; all are in {}", escaped(&self.file)));
        }
        self
    }

    /// The number of columns beside each other.
    pub(crate) fn width(&self) -> usize {
        self.heads.len()
    }
}

/// How a dataset was made, in one line: what ties, and the digest.
pub(crate) fn made(about: &About) -> String {
    let rows = number(about.rows);
    let mut line = format!("{rows} in scope");
    if about.left_out() > 0 {
        let why: Vec<String> = about
            .excluded
            .iter()
            .map(|(why, count)| format!("{} {}", number(*count), escaped(why)))
            .collect();
        let (left, total) = (number(about.left_out()), number(about.total()));
        line = format!("{line} + {left} left out ({}) = {total} in all", why.join(", "));
    }
    if !about.counts.is_empty() {
        let counts: Vec<String> = about
            .counts
            .iter()
            .map(|(state, count)| format!("{} {}", number(*count), words(state.as_str())))
            .collect();
        line = format!("{line}; {rows} = {}", counts.join(" + "));
    }
    line
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
    fn of(row: &[Cell], columns: &[Column], places: &[Place]) -> Self {
        let mut shown =
            Self { cells: Vec::new(), sentence: String::new(), beside: Vec::new(), printed: true };
        for ((cell, column), place) in row.iter().zip(columns).zip(places) {
            let content = content(cell, column.kind);
            match place {
                Place::Beside => {
                    shown.cells.push((class(column.kind), escaped(&column.name), content));
                }
                Place::Sentence => shown.sentence = content,
                Place::Below if content.is_empty() => {}
                Place::Below => shown.beside.push((escaped(&column.name), content)),
            }
        }
        shown
    }
}

/// A cell, escaped.
fn content(cell: &Cell, kind: Kind) -> String {
    let text = match cell {
        Cell::Count(count) if kind == Kind::Seconds => {
            return format!(r#"<data value="{count}">{}</data>"#, span(*count));
        }
        Cell::Count(count) => {
            return format!(r#"<data value="{count}">{}</data>"#, number(*count));
        }
        Cell::Text(text) => text,
    };
    if text.is_empty() {
        return String::new();
    }
    match kind {
        Kind::Digest => format!(r#"<code title="{}">{}</code>"#, escaped(text), short(text)),
        Kind::Person => {
            let first = text.get(..8).unwrap_or(text);
            format!(r#"<code title="{}">{}</code>"#, escaped(text), escaped(first))
        }
        Kind::Time => format!(r#"<time datetime="{}">{}</time>"#, escaped(text), minute(text)),
        Kind::State => badge(text),
        Kind::Severity => format!(r#"<span class="sev-{}">{0}</span>"#, escaped(text)),
        Kind::Entries => few(text),
        Kind::Sentence | Kind::Text => format!("<bdi>{}</bdi>", told(text)),
        Kind::Id if text.starts_with("x-") && text.len() == 34 => {
            format!(r#"<span title="{}">{}</span>"#, escaped(text), short(text))
        }
        // a short name stays on one line; a long one breaks where it must
        Kind::Id if text.len() <= SHORT => format!(r#"<bdi class="k">{}</bdi>"#, escaped(text)),
        _ => format!("<bdi>{}</bdi>", escaped(text)),
    }
}

/// A state: glyph, words and colour.
pub(crate) fn badge(state: &str) -> String {
    let (glyph, words) = (glyph(state), words(state));
    format!(
        r#"<span class="s s-{}"><span aria-hidden="true">{glyph}</span> {words}</span>"#,
        escaped(state)
    )
}

/// The first of many entries.
fn few(entries: &str) -> String {
    let all: Vec<&str> = entries.split(' ').collect();
    let first = all.iter().take(6).map(|index| escaped(index)).collect::<Vec<_>>().join(", ");
    match all.len().checked_sub(6) {
        Some(more) if more > 0 => format!("{first} and {more} more"),
        _ => first,
    }
}
