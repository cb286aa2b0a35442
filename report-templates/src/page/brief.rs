//! Brief: the page of a report of one matter.

use askama::Template;
use ledger_core::report::Brief;

use super::{Book, Numbered, SCRIPT, appendix, cover, words};
use crate::text::{escaped, told};

/// The page.
#[derive(Template)]
#[template(path = "brief.html")]
struct One {
    heading: String,
    style: String,
    script: &'static str,
    unreliable: Option<String>,
    entity: String,
    title: String,
    period: String,
    sentences: Vec<String>,
    verdicts: Vec<cover::Verdict>,
    sections: Vec<Numbered>,
    last: usize,
    facts: Vec<(&'static str, String)>,
    index: String,
    foot: String,
}

pub(super) fn page(brief: &Brief, digest: &str) -> Result<String, askama::Error> {
    let report = &brief.report;
    let book = Book { report, digest };
    let sections = report.sections.iter().enumerate();
    let mut sections: Vec<Numbered> =
        sections.map(|(at, section)| book.section((at + 1).to_string(), section)).collect();
    let sentences: Vec<String> =
        report.conclusion.sentences.iter().map(|sentence| told(sentence)).collect();
    // what the head has said is not said again
    for section in sections.iter_mut().filter(|section| sentences.contains(&section.sentence)) {
        section.sentence.clear();
    }
    let one = One {
        heading: book.heading(),
        style: book.style(),
        script: SCRIPT,
        unreliable: book.unreliable(),
        entity: escaped(&report.front.entity),
        title: escaped(&report.front.title),
        period: escaped(&words::period(report)),
        sentences,
        verdicts: cover::verdicts(report),
        last: sections.len() + 1,
        sections,
        facts: cover::facts(report, digest),
        index: appendix::tables(&book),
        foot: book.foot(),
    };
    one.render()
}
