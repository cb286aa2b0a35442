//! Brief: the page of a report of one matter.

use askama::Template;
use ledger_core::report::Brief;

use super::{Book, Numbered, SCRIPT, appendix, cover, words};
use crate::line::Line;

/// The page.
#[derive(Template)]
#[template(path = "brief.html")]
pub(crate) struct One {
    heading: String,
    style: String,
    script: &'static str,
    pub(crate) unreliable: Option<String>,
    pub(crate) entity: Line,
    pub(crate) title: Line,
    pub(crate) period: Line,
    pub(crate) sentences: Vec<Line>,
    pub(crate) verdicts: Vec<cover::Verdict>,
    pub(crate) sections: Vec<Numbered>,
    pub(crate) last: usize,
    pub(crate) facts: Vec<(&'static str, Line)>,
    pub(crate) index: appendix::Extra,
    foot: String,
}

/// The brief as it is read from its first page to its last.
pub(crate) fn page(brief: &Brief, digest: &str) -> One {
    let report = &brief.report;
    let book = Book { report, digest };
    let sections = report.sections.iter().enumerate();
    let mut sections: Vec<Numbered> =
        sections.map(|(at, section)| book.section((at + 1).to_string(), section)).collect();
    let sentences: Vec<Line> = report.conclusion.sentences.iter().map(Line::told).collect();
    // what the head has said is not said again
    for section in sections.iter_mut().filter(|section| sentences.contains(&section.sentence)) {
        section.sentence = Line::default();
    }
    One {
        heading: book.heading(),
        style: book.style(),
        script: SCRIPT,
        unreliable: book.unreliable(),
        entity: report.front.entity.as_str().into(),
        title: report.front.title.as_str().into(),
        period: words::period(report).into(),
        sentences,
        verdicts: cover::verdicts(report),
        last: sections.len() + 1,
        sections,
        facts: cover::facts(report, digest),
        index: appendix::tables(&book),
        foot: book.foot(),
    }
}
