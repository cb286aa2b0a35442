//! Signed: what stands beside the report as documents of their own: signatures, and names.

use askama::Template;
use ledger_core::report::{Signatures, Statement};

use super::{Edges, STYLE, printed_edges, words};
use crate::line::Line;
use crate::text::{minute, number, short};

/// The page of signatures.
#[derive(Template)]
#[template(path = "signatures.html")]
pub(crate) struct Leaf {
    pub(crate) heading: Line,
    style: String,
    pub(crate) entity: Line,
    pub(crate) title: Line,
    pub(crate) period: Line,
    pub(crate) sentence: Line,
    pub(crate) report: Line,
    pub(crate) digest: Line,
    pub(crate) checkpoint: Line,
    pub(crate) signed: Vec<Row>,
    pub(crate) statements: &'static [(&'static str, &'static str)],
    #[cfg_attr(not(feature = "pdf"), expect(dead_code, reason = "paper alone has edges"))]
    pub(crate) edges: Edges,
}

/// A statement.
pub(crate) struct Row {
    role: Line,
    who: Line,
    at: Line,
    words: Line,
    entry: u64,
    doubt: Line,
}

/// The page of signatures, one file that needs nothing else.
pub fn signatures(document: &Signatures) -> Result<String, askama::Error> {
    leaf(document).render()
}

/// The page of signatures as it is read.
pub(crate) fn leaf(document: &Signatures) -> Leaf {
    let mark = if document.is_draft() { "DRAFT" } else { "signed" };
    let head = format!("{} \u{b7} signatures \u{b7} {}", document.entity, document.period);
    let foot = format!("{} \u{b7} {} \u{b7} {mark}", document.report, short(&document.digest));
    let checkpoint = match &document.checkpoint {
        Some(seen) if seen.size >= document.size => Line::plain(format!(
            "a signed checkpoint over {} entries covers all {} of the report, by ",
            number(seen.size),
            number(document.size),
        ))
        .and(seen.by.join(", ")),
        Some(seen) => Line::plain(format!(
            "the largest signed checkpoint covers {} of the {} entries of the report, by ",
            number(seen.size),
            number(document.size),
        ))
        .and(seen.by.join(", ")),
        None => "no checkpoint was signed".into(),
    };
    Leaf {
        style: format!("{}\n{STYLE}", printed_edges(&head, "", &foot)),
        heading: head.as_str().into(),
        edges: Edges { head, warning: String::new(), foot },
        entity: document.entity.as_str().into(),
        title: document.title.as_str().into(),
        period: document.period.as_str().into(),
        sentence: Line::told(document.sentence()),
        report: document.report.as_str().into(),
        digest: document.digest.as_str().into(),
        checkpoint,
        signed: document.signed.iter().map(Row::of).collect(),
        statements: words::STATEMENTS,
    }
}

impl Row {
    fn of(known: &Statement) -> Self {
        Self {
            role: known.role.as_str().into(),
            who: known.signer().into(),
            at: minute(&known.at).into(),
            words: short(&known.text_digest).into(),
            entry: known.entry,
            doubt: known.doubt.as_deref().map(Line::from).unwrap_or_default(),
        }
    }

    /// The same as a row of a table on paper.
    #[cfg(feature = "pdf")]
    pub(crate) fn printed(&self) -> crate::table::Row {
        let cells = [&self.role, &self.who, &self.at, &self.words].map(Clone::clone);
        let mut cells = cells.to_vec();
        cells.push(number(self.entry).into());
        let mut row = crate::table::Row::plain(cells);
        if !self.doubt.is_empty() {
            row.sentence = Line::plain("\u{25b2} no evidence: ").join(&self.doubt);
        }
        row
    }
}

/// The annex of names.
#[derive(Template)]
#[template(path = "names.html")]
pub(crate) struct Annex {
    pub(crate) heading: Line,
    style: String,
    pub(crate) report: Line,
    pub(crate) digest: Line,
    pub(crate) rows: Vec<[Line; 4]>,
    #[cfg_attr(not(feature = "pdf"), expect(dead_code, reason = "paper alone has edges"))]
    pub(crate) edges: Edges,
}

/// The annex of names of a report: pseudonym, names, accounts, and by which entry or why not.
pub fn names(report: &str, digest: &str, rows: &[[String; 4]]) -> Result<String, askama::Error> {
    annex(report, digest, rows).render()
}

/// The annex as it is read.
pub(crate) fn annex(report: &str, digest: &str, rows: &[[String; 4]]) -> Annex {
    let head = format!("annex of names \u{b7} {report} \u{b7} CONFIDENTIAL");
    let foot = short(digest);
    Annex {
        style: format!("{}\n{STYLE}", printed_edges(&head, "", &foot)),
        heading: head.as_str().into(),
        edges: Edges { head, warning: String::new(), foot },
        report: report.into(),
        digest: digest.into(),
        rows: rows.iter().map(|row| row.each_ref().map(|cell| cell.as_str().into())).collect(),
    }
}
