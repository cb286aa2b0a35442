//! Dataset: a table of a report, with what an auditor must know before relying on it (IPE: information
//! produced by the entity, PCAOB AS 1105.10).
//!
//! Every table, chart and file of a report is one of these, so all dressings show the same rows.

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::csv;
use crate::check::{Period, State};
use crate::fact::{Said, Table};
use crate::hash::{Sha256, Sha256Writer};
use crate::json::{Lazy, Value};
use crate::schema::typed::{Id, Person};
use crate::time::Timestamp;

/// Bytes of a file that are handed over at a time.
const PIECE: usize = 1 << 16;

/// What stands in a column, so that a dressing knows how to show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// A whole sentence, which stands on a line of its own.
    Sentence,
    /// A name that joins tables: shown as it is, and never broken in silence.
    Id,
    /// A number of things.
    Count,
    /// A moment, UTC.
    Time,
    /// A day in the zone of the period.
    Day,
    /// A length of time in seconds.
    Seconds,
    /// A digest.
    Digest,
    /// A pseudonym.
    Person,
    /// A state, as in results.
    State,
    /// A severity.
    Severity,
    /// Indexes of entries, with spaces between them.
    Entries,
}

impl Kind {
    /// The word in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Sentence => "sentence",
            Self::Id => "id",
            Self::Count => "count",
            Self::Time => "time",
            Self::Day => "day",
            Self::Seconds => "seconds",
            Self::Digest => "digest",
            Self::Person => "person",
            Self::State => "state",
            Self::Severity => "severity",
            Self::Entries => "entries",
        }
    }

    /// Whether its cells are numbers, which stand at the right.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Count | Self::Seconds)
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, unique in its dataset.
    pub name: String,
    /// What stands in it.
    pub kind: Kind,
}

/// One cell. An empty text says that the ledger does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A text.
    Text(Box<str>),
    /// A number.
    Count(u64),
}

impl Cell {
    fn in_csv(&self) -> csv::Value<'_> {
        match self {
            Self::Text(words) => csv::Value::Text(words),
            Self::Count(count) => csv::Value::Count(*count),
        }
    }

    /// As it stands in a file.
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::Count(count) => count.to_string(),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => Value::text(&**text),
            Self::Count(count) => Value::count(*count),
        }
    }

    /// The number, if it is one.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Count(count) => Some(*count),
            Self::Text(_) => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Count(_) => "",
        }
    }
}

/// What is a cell.
macro_rules! cells {
    ($($type:ty: $value:ident => $cell:expr;)*) => {$(
        impl From<$type> for Cell {
            fn from($value: $type) -> Self {
                $cell
            }
        }
    )*};
}

cells! {
    &str: text => Self::Text(text.into());
    String: text => Self::Text(text.into());
    u64: count => Self::Count(count);
    bool: flag => Self::Text(if flag { "yes" } else { "no" }.into());
    Timestamp: at => Self::Text(at.to_string().into());
    &Id: id => Self::Text(id.as_str().into());
    Sha256: digest => Self::Text(digest.to_reference().into());
    Person: person => person.pseudonym.map(|who| who.to_string()).into();
    State: state => Self::Text(state.as_str().into());
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or_else(|| Self::Text("".into()), Into::into)
    }
}

/// A row of cells.
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($crate::report::dataset::Cell::from($cell)),*] };
}
pub(super) use row;

/// What a dataset is, and what it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its id: the request-list item, the run, or the control.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The version of the query.
    pub version: u64,
    /// The query in words: what is in it, and in which order.
    pub query: String,
    /// What the query was asked with.
    pub parameters: Vec<(String, String)>,
    /// The columns.
    pub columns: Vec<Column>,
    /// What was left out: how many, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// What the rows came to, where they were tested. They tie with the rows.
    pub counts: BTreeMap<State, u64>,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 of its canonical CSV.
    pub digest: Sha256,
}

impl About {
    /// What was left out, in all.
    pub fn left_out(&self) -> u64 {
        self.excluded.values().sum()
    }

    /// All that was gone through: in scope and left out.
    pub fn total(&self) -> u64 {
        self.rows + self.left_out()
    }

    /// The id and version of the query.
    pub fn query_id(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }

    /// SHA-256 of the query: its id, version, words, parameters and columns, as canonical JSON.
    pub fn query_digest(&self) -> Sha256 {
        Sha256::of(self.query_json().to_canonical().as_bytes())
    }

    fn query_json(&self) -> Value {
        let columns = self.columns.iter().map(|column| {
            Value::object([
                ("kind", Value::text(column.kind.as_str())),
                ("name", Value::text(&column.name)),
            ])
        });
        let parameters =
            self.parameters.iter().map(|(name, value)| (name.clone(), Value::text(value)));
        Value::object([
            ("columns", Value::List(columns.collect())),
            ("id", Value::text(&self.id)),
            ("parameters", Value::object(parameters)),
            ("version", Value::count(self.version)),
            ("words", Value::text(&self.query)),
        ])
    }

    /// The whole as JSON.
    pub fn to_json(&self) -> Value {
        Value::object(self.members())
    }

    fn members(&self) -> [(&'static str, Value); 10] {
        let excluded = self.excluded.iter().map(|(why, count)| (why.clone(), Value::count(*count)));
        let counts =
            self.counts.iter().map(|(state, count)| (state.as_str(), Value::count(*count)));
        [
            ("counts", Value::object(counts)),
            ("digest", Value::text(self.digest.to_reference())),
            ("excluded", Value::object(excluded)),
            ("file", Value::text(self.file())),
            ("id", Value::text(&self.id)),
            ("in_scope", Value::count(self.rows)),
            ("query", self.query_json()),
            ("query_digest", Value::text(self.query_digest().to_reference())),
            ("title", Value::text(&self.title)),
            ("total", Value::count(self.total())),
        ]
    }

    /// The file of its canonical CSV, beside the document.
    pub fn file(&self) -> String {
        format!("csv/{}.csv", self.id)
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// What it is.
    pub about: About,
    /// Its rows, in the order that its query says.
    pub rows: Vec<Vec<Cell>>,
}

impl Dataset {
    /// The same with the digest of its CSV as it is now.
    pub(super) fn sealed(mut self) -> Self {
        self.about.digest = self.csv_digest();
        self
    }

    /// The canonical CSV, which its digest is over: RFC 4180, a header, CR LF after each row; a text that a
    /// spreadsheet would run has an apostrophe before it.
    pub fn to_csv(&self) -> String {
        let mut out = String::new();
        let whole = self.write_csv(&mut |piece: &str| {
            out.push_str(piece);
            Ok::<(), Infallible>(())
        });
        match whole {
            Ok(()) => out,
            Err(never) => match never {},
        }
    }

    /// Hands the same over, piece by piece; the first error of `sink` ends it.
    pub fn write_csv<E>(&self, sink: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let mut piece = String::with_capacity(2 * PIECE);
        let names = self.about.columns.iter().map(|column| csv::Value::Text(&column.name));
        csv::row(names, &mut piece);
        for row in &self.rows {
            csv::row(row.iter().map(Cell::in_csv), &mut piece);
            if piece.len() >= PIECE {
                sink(&piece)?;
                piece.clear();
            }
        }
        sink(&piece)
    }

    /// The digest of the same.
    pub(super) fn csv_digest(&self) -> Sha256 {
        let mut digest = Sha256Writer::default();
        let whole = self.write_csv(&mut |piece: &str| {
            digest.update(piece.as_bytes());
            Ok::<(), Infallible>(())
        });
        match whole {
            Ok(()) => digest.finish(),
            Err(never) => match never {},
        }
    }

    /// The whole as JSON, its rows made as they are written.
    pub fn document(&self) -> Lazy<'_> {
        let row = |row: &Vec<Cell>| Value::List(row.iter().map(Cell::to_json).collect());
        let members = self.about.members().map(|(name, value)| (name, Lazy::from(value)));
        Lazy::object(members.into_iter().chain([("rows", Lazy::written(&self.rows, row))]))
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.about.columns.iter().position(|column| column.name == name)
    }
}

/// A dataset in the making.
pub(super) struct Sheet {
    about: About,
    rows: Vec<Vec<Cell>>,
}

impl Sheet {
    /// A sheet with these columns.
    pub(super) fn new(id: &str, title: &str, query: &str, columns: &[(&str, Kind)]) -> Self {
        let column = |(name, kind): &(&str, Kind)| Column { name: (*name).to_owned(), kind: *kind };
        Self {
            about: About {
                id: id.to_owned(),
                title: title.to_owned(),
                version: 1,
                query: query.to_owned(),
                parameters: Vec::new(),
                columns: columns.iter().map(column).collect(),
                excluded: BTreeMap::new(),
                counts: BTreeMap::new(),
                rows: 0,
                digest: Sha256::default(),
            },
            rows: Vec::new(),
        }
    }

    /// What it is asked with.
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.about.parameters.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a row.
    pub(super) fn row(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// The sheet with rows that each come from an entry, in the order of these.
    pub(super) fn by_entry(mut self, mut rows: Vec<(u64, Vec<Cell>)>) -> Dataset {
        rows.sort_by_key(|(index, _)| *index);
        self.rows.extend(rows.into_iter().map(|(_, row)| row));
        self.done()
    }

    /// Adds a row that was tested.
    pub(super) fn tested(&mut self, row: Vec<Cell>, state: State) {
        *self.about.counts.entry(state).or_default() += 1;
        self.rows.push(row);
    }

    /// Leaves some out.
    pub(super) fn exclude(&mut self, reason: &str, count: u64) {
        if count > 0 {
            *self.about.excluded.entry(reason.to_owned()).or_default() += count;
        }
    }

    /// The facts of a type that occurred in the period; the others are left out.
    pub(super) fn within<'f, T>(
        &mut self,
        table: &'f Table<T>,
        period: Period,
    ) -> impl Iterator<Item = &'f Said<T>> + use<'f, T> {
        let all = table.all();
        let outside = all.iter().filter(|row| !period.has(row.at.occurred)).count();
        self.exclude("outside the period", outside as u64);
        all.iter().filter(move |row| period.has(row.at.occurred))
    }

    /// The dataset.
    pub(super) fn done(self) -> Dataset {
        self.open().sealed()
    }

    /// The dataset without its digest, which is taken once its cells are as they are shown.
    pub(super) fn open(mut self) -> Dataset {
        self.about.rows = self.rows.len() as u64;
        Dataset { about: self.about, rows: self.rows }
    }
}

/// Entries in a cell.
pub(super) fn entries(indexes: impl IntoIterator<Item = u64>) -> String {
    let words: Vec<String> = indexes.into_iter().map(|index| index.to_string()).collect();
    words.join(" ")
}

/// Names in a cell.
pub(super) fn names<'i>(ids: impl IntoIterator<Item = &'i Id>) -> String {
    let words: Vec<&str> = ids.into_iter().map(Id::as_str).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Kind, Sheet};

    #[test]
    fn cells_stand_as_they_are_and_run_nothing() {
        let mut sheet = Sheet::new("x", "x", "x", &[("a", Kind::Text), ("b", Kind::Count)]);
        sheet.row(row!["=cmd|' /C calc'!A0", 7]);
        sheet.row(row!["a,\"b\"\r\nc", 0]);
        sheet.row(row!["-1", 1]);
        sheet.row(row!["", 2]);
        let dataset = sheet.done();
        let expected = "a,b\r\n'=cmd|' /C calc'!A0,7\r\n\"a,\"\"b\"\"\r\nc\",0\r\n'-1,1\r\n,2\r\n";
        assert_eq!(dataset.to_csv(), expected);
        assert_eq!(dataset.about.digest, crate::hash::Sha256::of(expected.as_bytes()));
    }
}
