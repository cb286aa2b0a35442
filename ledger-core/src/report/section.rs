//! Section: a page of a report: what it says in one sentence, its charts, its tables.

mod access;
mod appendix;
mod basis;
mod change;
mod record;

use super::Material;
use super::dataset::Dataset;
use crate::json::Value;

/// How a chart is drawn from the rows of its dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plot {
    /// Cells of framework × domain, each with its state in words and its counts.
    Heat,
    /// A bar for each row: tested, and left out.
    Population,
    /// Small bars by week, a strip for each row.
    Weeks,
    /// Stacked bars by week: a column for each class.
    Stack,
    /// Stacked bars: a column for each age.
    Ageing,
    /// Dots at the quantiles of a length of time.
    Quantiles,
    /// A dot for each row against a limit.
    Deadline,
    /// A cell for each day, freezes hatched.
    Calendar,
    /// Bands from what was listed to what was decided and carried out.
    Flow,
}

impl Plot {
    /// The word in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Heat => "heat",
            Self::Population => "population",
            Self::Weeks => "weeks",
            Self::Stack => "stack",
            Self::Ageing => "ageing",
            Self::Quantiles => "quantiles",
            Self::Deadline => "deadline",
            Self::Calendar => "calendar",
            Self::Flow => "flow",
        }
    }
}

/// A chart of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// How it is drawn.
    pub plot: Plot,
    /// What it shows, as a sentence.
    pub title: String,
    /// What is counted or measured.
    pub unit: String,
    /// Its dataset.
    pub dataset: String,
    /// What is said where there is nothing to draw.
    pub nothing: String,
}

/// One page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Its id, for links.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What came out, in one sentence.
    pub sentence: String,
    /// What else is to be known, a paragraph each.
    pub notes: Vec<String>,
    /// Its charts.
    pub charts: Vec<Chart>,
    /// Its tables.
    pub datasets: Vec<String>,
}

impl Section {
    /// The whole as JSON.
    pub fn to_json(&self) -> Value {
        let texts = |texts: &[String]| Value::List(texts.iter().map(Value::text).collect());
        let charts = self.charts.iter().map(Chart::to_json);
        Value::object([
            ("charts", Value::List(charts.collect())),
            ("datasets", texts(&self.datasets)),
            ("id", Value::text(&self.id)),
            ("notes", texts(&self.notes)),
            ("sentence", Value::text(&self.sentence)),
            ("title", Value::text(&self.title)),
        ])
    }
}

impl Chart {
    /// The whole as JSON.
    pub fn to_json(&self) -> Value {
        Value::object([
            ("dataset", Value::text(&self.dataset)),
            ("nothing", Value::text(&self.nothing)),
            ("plot", Value::text(self.plot.as_str())),
            ("title", Value::text(&self.title)),
            ("unit", Value::text(&self.unit)),
        ])
    }
}

/// The pages of a report around its controls.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// Before the controls: scope and basis, integrity and completeness.
    pub(super) basis: Vec<Section>,
    /// After them: changes to privacy.
    pub(super) sections: Vec<Section>,
    /// What is looked up.
    pub(super) appendices: Vec<Section>,
    /// The tables that stand in them and in no list.
    pub(super) datasets: Vec<Dataset>,
}

impl Pages {
    pub(super) fn of(material: &Material<'_>) -> Self {
        let mut pages = Self::default();
        pages.basis.push(basis::scope(material, &mut pages.datasets));
        pages.basis.push(basis::integrity(material, &mut pages.datasets));
        let write = [
            change::section,
            access::emergencies,
            access::reviews,
            access::movers,
            record::incidents,
            record::register,
            record::remediation,
            record::privacy,
        ];
        for write in write {
            pages.sections.push(write(material, &mut pages.datasets));
        }
        pages.appendices = appendix::all(material, &mut pages.datasets);
        pages
    }
}

/// The register of exceptions, and what is done about them.
pub(super) fn exceptions(material: &Material<'_>, all: &mut Vec<Dataset>) -> Vec<Section> {
    vec![record::register(material, all), record::remediation(material, all)]
}

/// The calendar of deployments and freezes, on a page.
pub(super) fn calendar_of(material: &Material<'_>, page: &mut Section, all: &mut Vec<Dataset>) {
    change::calendar_on(page, material, all);
}

/// A page in the making.
pub(super) fn section(id: &str, title: &str, sentence: impl Into<String>) -> Section {
    Section {
        id: id.to_owned(),
        title: title.to_owned(),
        sentence: sentence.into(),
        ..Section::default()
    }
}

impl Section {
    /// Adds a table of its own.
    pub(super) fn table(&mut self, dataset: Dataset, all: &mut Vec<Dataset>) {
        self.datasets.push(dataset.about.id.clone());
        all.push(dataset);
    }

    /// Names a table that stands in a list.
    fn list(&mut self, id: &str) {
        self.datasets.push(id.to_owned());
    }

    /// Adds a chart of a table of its own.
    pub(super) fn chart(
        &mut self,
        plot: Plot,
        words: [&str; 3],
        dataset: Dataset,
        all: &mut Vec<Dataset>,
    ) {
        self.draw(plot, &dataset.about.id, words);
        all.push(dataset);
    }

    /// Adds a chart of a table that stands elsewhere.
    pub(super) fn draw(&mut self, plot: Plot, dataset: &str, [title, unit, nothing]: [&str; 3]) {
        self.charts.push(Chart {
            plot,
            title: title.to_owned(),
            unit: unit.to_owned(),
            dataset: dataset.to_owned(),
            nothing: nothing.to_owned(),
        });
    }

    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// `1 deployment`, `2 deployments`.
pub(super) fn many(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
