//! Page: the report as one HTML file that needs nothing else, and the pages of long tables beside it.

mod appendix;
mod brief;
mod control;
mod cover;
mod signed;
mod words;

pub(crate) use appendix::Extra;
#[cfg(feature = "pdf")]
pub(crate) use brief::{One, page as one};
pub(crate) use control::Lead;
pub(crate) use cover::Verdict;
#[cfg(feature = "pdf")]
pub(crate) use signed::Row as SignedRow;
#[cfg(feature = "pdf")]
pub(crate) use signed::{Annex, Leaf, annex, leaf};
pub use signed::{names, signatures};

use askama::Template;
use ledger_core::check::State;
use ledger_core::report::{Brief, Dataset, Report, Section};

use crate::chart::{self, Drawn};
use crate::line::{Line, Span};
use crate::table::Table;
use crate::text::{escaped, in_style, short};

/// The style sheet.
pub(crate) const STYLE: &str = include_str!("../templates/report.css");
/// The script: reading needs none of it.
const SCRIPT: &str = include_str!("../templates/report.js");
/// Rows of a table that the report itself shows, and of the exceptions of a control.
const ROWS: usize = 50;
/// Rows of the list of controls, which is never cut.
const ALL: usize = usize::MAX;
/// Rows of a table that paper has, beside its file's name.
const PRINTED: usize = 8;
/// Rows of one page of a long table.
const PAGE: usize = 2000;

/// A file of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its name within the report's folder.
    pub name: String,
    /// Its text.
    pub html: String,
}

/// A page, or why it cannot be made.
pub type Made = Result<Page, askama::Error>;

/// The report and the pages of its long tables, each made when it is asked for: all together they can be
/// larger than memory. `digest` is that of `report.json`.
pub fn pages<'r>(report: &'r Report, digest: &'r str) -> impl Iterator<Item = Made> + 'r {
    let book = Book { report, digest };
    let html = move || book.whole().render();
    let first = move || Ok(Page { name: "report.html".to_owned(), html: html()? });
    std::iter::once_with(first).chain(book.details())
}

/// A brief and the pages of its long tables. `digest` is that of its `report.json`.
pub fn brief<'r>(brief: &'r Brief, digest: &'r str) -> impl Iterator<Item = Made> + 'r {
    let html = move || brief::page(brief, digest).render();
    let first = move || Ok(Page { name: "report.html".to_owned(), html: html()? });
    let book = Book { report: &brief.report, digest };
    std::iter::once_with(first).chain(book.details())
}

/// Whether a table has pages of its own.
fn is_long(dataset: &Dataset) -> bool {
    let most = match dataset.about.id.get(..1) {
        // all of them are in the report itself
        Some("G" | "M") => ALL,
        Some("X") => control::ROWS,
        _ => ROWS,
    };
    dataset.rows.len() > most
}

fn detail_name(id: &str, part: usize) -> String {
    format!("pages/{id}-{}.html", part + 1)
}

/// The main page.
#[derive(Template)]
#[template(path = "report.html")]
pub(crate) struct Whole {
    heading: String,
    style: String,
    script: &'static str,
    pub(crate) unreliable: Option<String>,
    pub(crate) entity: Line,
    pub(crate) title: Line,
    pub(crate) period: Line,
    pub(crate) version: u64,
    pub(crate) facts: Vec<(&'static str, Line)>,
    pub(crate) contents: Vec<(String, String, String)>,
    pub(crate) sentences: Vec<Line>,
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) issues: Vec<Line>,
    pub(crate) figures: Vec<(Line, Line)>,
    pub(crate) charts: Vec<Drawn>,
    pub(crate) before: Option<Table>,
    pub(crate) basis: Vec<Numbered>,
    pub(crate) glance: Numbered,
    pub(crate) controls: Vec<Lead>,
    pub(crate) sections: Vec<Numbered>,
    pub(crate) printed: &'static str,
    pub(crate) signoff: String,
    pub(crate) signing: [Line; 3],
    pub(crate) appendices: Vec<Numbered>,
    foot: String,
}

/// A section with its number.
#[derive(Template)]
#[template(path = "section.html")]
pub(crate) struct Numbered {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) title: String,
    pub(crate) sentence: Line,
    pub(crate) notes: Vec<Line>,
    pub(crate) extra: Extra,
    pub(crate) charts: Vec<Drawn>,
    pub(crate) tables: Vec<Table>,
}

/// A page of a long table.
#[derive(Template)]
#[template(path = "detail.html")]
struct Detail {
    heading: String,
    style: String,
    script: &'static str,
    unreliable: Option<String>,
    table: Table,
    foot: String,
}

/// What stands at the edges of printed pages; a warning stands beside the head.
pub(crate) struct Edges {
    pub(crate) head: String,
    pub(crate) warning: String,
    pub(crate) foot: String,
}

/// A report and what its pages have in common.
#[derive(Clone, Copy)]
pub(crate) struct Book<'r> {
    pub(crate) report: &'r Report,
    pub(crate) digest: &'r str,
}

impl<'r> Book<'r> {
    /// The report as it is read from its first page to its last.
    pub(crate) fn whole(&self) -> Whole {
        let report = self.report;
        let conclusion = &report.conclusion;
        let number = |from: usize| {
            move |(at, section): (usize, &Section)| self.section((from + at).to_string(), section)
        };
        let basis: Vec<Numbered> = report.basis.iter().enumerate().map(number(3)).collect();
        let sections: Vec<Numbered> = report.sections.iter().enumerate().map(number(7)).collect();
        let signoff = (7 + sections.len()).to_string();
        let appendices = appendix::all(self);
        let glance = self.glance();
        let before = report.dataset("H01").filter(|dataset| !dataset.rows.is_empty());
        Whole {
            heading: self.heading(),
            style: self.style(),
            script: SCRIPT,
            unreliable: self.unreliable(),
            entity: report.front.entity.as_str().into(),
            title: report.front.title.as_str().into(),
            period: words::period(report).into(),
            version: report.front.version,
            facts: cover::facts(report, self.digest),
            contents: contents(&basis, &glance, &sections, &signoff, &appendices),
            sentences: conclusion.sentences.iter().map(Line::told).collect(),
            verdicts: cover::verdicts(report),
            issues: conclusion.issues.iter().map(cover::issue).collect(),
            figures: conclusion.figures.iter().map(cover::figure).collect(),
            charts: self.charts(&conclusion.charts),
            before: before.map(|known| table(known, ROWS).printed(PRINTED)),
            basis,
            glance,
            controls: report.controls.iter().map(|known| control::lead(known, self)).collect(),
            sections,
            signoff,
            printed: words::PRINTED,
            signing: words::signing(self.digest),
            appendices,
            foot: self.foot(),
        }
    }

    /// The pages of the tables that are too long for the first.
    fn details(self) -> impl Iterator<Item = Made> + 'r {
        let long = self.report.datasets.iter().filter(|dataset| is_long(dataset));
        long.flat_map(move |dataset| {
            let parts = dataset.rows.len().div_ceil(PAGE);
            (0..parts).map(move |part| self.detail(dataset, part, parts))
        })
    }

    fn detail(&self, dataset: &Dataset, part: usize, parts: usize) -> Made {
        let id = &dataset.about.id;
        let name = detail_name(id, part);
        let words = format!("page {} of {parts} of this table", part + 1);
        let detail = Detail {
            heading: format!("{} · {}", escaped(id), escaped(&dataset.about.title)),
            style: self.style(),
            script: SCRIPT,
            unreliable: self.unreliable(),
            table: Table::of(dataset, part * PAGE, PAGE, &words.into()),
            foot: self.foot(),
        };
        Ok(Page { name, html: detail.render()? })
    }

    fn heading(&self) -> String {
        escaped(&self.name())
    }

    /// Whose report it is, of what, and of when.
    fn name(&self) -> String {
        let front = &self.report.front;
        format!("{} \u{b7} {} \u{b7} {}", front.entity, front.title, front.period)
    }

    fn foot(&self) -> String {
        let digest = short(self.digest);
        format!("{} · report.json {digest} · DRAFT", escaped(&self.report.front.id))
    }

    /// The style sheet, with what stands at the edges of printed pages.
    fn style(&self) -> String {
        let Edges { head, warning, foot } = self.edges();
        format!("{}\n{STYLE}", printed_edges(&head, &warning, &foot))
    }

    /// What stands at the edges of printed pages.
    pub(crate) fn edges(&self) -> Edges {
        let id = &self.report.front.id;
        Edges {
            head: self.name(),
            warning: self.unreliable().unwrap_or_default(),
            foot: format!("{id} \u{b7} {} \u{b7} DRAFT", short(self.digest)),
        }
    }

    /// What every page says where the log is not what it was.
    fn unreliable(&self) -> Option<String> {
        match self.report.integrity.state {
            State::Fail => Some("Results not reliable: integrity does not hold".to_owned()),
            _ => None,
        }
    }

    fn section(&self, number: String, section: &Section) -> Numbered {
        Numbered {
            id: section.id.clone(),
            number,
            title: section.title.clone(),
            sentence: Line::told(&*section.sentence),
            notes: section.notes.iter().map(Line::told).collect(),
            extra: Extra::None,
            charts: self.charts(&section.charts),
            tables: self.tables(&section.datasets),
        }
    }

    /// All controls, one line each.
    fn glance(&self) -> Numbered {
        Numbered {
            id: "glance".to_owned(),
            number: "5".to_owned(),
            title: "Controls at a glance".to_owned(),
            sentence: self
                .report
                .conclusion
                .sentences
                .get(1)
                .map(|sentence| sentence.as_str().into())
                .unwrap_or_default(),
            notes: Vec::new(),
            extra: Extra::None,
            charts: Vec::new(),
            tables: self.tables(&["M01".to_owned()]),
        }
    }

    fn charts(&self, charts: &[ledger_core::report::Chart]) -> Vec<Drawn> {
        let one = |known: &ledger_core::report::Chart| {
            Some(chart::drawn(known, self.report.dataset(&known.dataset)?))
        };
        charts.iter().filter_map(one).collect()
    }

    fn tables(&self, ids: &[String]) -> Vec<Table> {
        let known = ids.iter().filter_map(|id| self.report.dataset(id));
        let one = |known: &Dataset| match &*known.about.id {
            "M01" => table(known, ALL),
            // long, and looked up rather than read
            "L02" | "R03" => table(known, ROWS).printed(0),
            "A01" | "R01" => table(known, ROWS),
            _ => table(known, ROWS).printed(PRINTED),
        };
        known.map(one).collect()
    }
}

/// What stands at the edges of printed pages.
fn printed_edges(head: &str, warning: &str, foot: &str) -> String {
    format!(
        "@page{{size:A4;margin:18mm 18mm 16mm;@top-left{{content:\"{}\";width:82%}}@top-right{{content:\"{}\";color:#a3201d;font-weight:700}}@bottom-left{{content:\"{}\";width:75%}}@bottom-right{{content:\"page \" counter(page) \" of \" counter(pages)}}@top-left{{font:7.5pt Arial,sans-serif;color:#444}}@bottom-left{{font:7.5pt Arial,sans-serif;color:#444}}@bottom-right{{font:7.5pt Arial,sans-serif;color:#444}}}}",
        in_style(head),
        in_style(warning),
        in_style(foot),
    )
}

/// A table as the report itself shows it, with so many rows at most.
fn table(dataset: &Dataset, most: usize) -> Table {
    let file = dataset.about.file();
    let more = if is_long(dataset) {
        let page = detail_name(&dataset.about.id, 0);
        let link = Span::Link(page.clone(), page);
        Line::plain("all are in ").with(link).and(" and ").and(file)
    } else {
        Line::plain("all are in ").and(file)
    };
    Table::of(dataset, 0, most, &more)
}

fn contents(
    basis: &[Numbered],
    glance: &Numbered,
    sections: &[Numbered],
    signoff: &str,
    appendices: &[Numbered],
) -> Vec<(String, String, String)> {
    let entry = |known: &Numbered| (known.number.clone(), known.id.clone(), known.title.clone());
    let own =
        |number: &str, id: &str, name: &str| (number.to_owned(), id.to_owned(), name.to_owned());
    let mut all = vec![own("1", "cover", "Cover"), own("2", "conclusion", "Conclusion")];
    all.extend(basis.iter().map(entry));
    all.push(entry(glance));
    all.push(own("6", "controls", "Controls one by one"));
    all.extend(sections.iter().map(entry));
    all.push(own(signoff, "signoff", "Sign-off"));
    all.extend(appendices.iter().map(entry));
    all
}
