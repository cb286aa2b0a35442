//! Signed: what stands beside the report as documents of their own: signatures, and names.

use askama::Template;
use ledger_core::report::{Signatures, Statement};

use super::{STYLE, printed_edges, words};
use crate::text::{escaped, minute, number, short, told};

/// The page.
#[derive(Template)]
#[template(path = "signatures.html")]
struct Leaf {
    heading: String,
    style: String,
    entity: String,
    title: String,
    period: String,
    sentence: String,
    report: String,
    digest: String,
    checkpoint: String,
    signed: Vec<Row>,
    statements: &'static [(&'static str, &'static str)],
}

/// A statement.
struct Row {
    role: String,
    who: String,
    at: String,
    words: String,
    entry: u64,
    doubt: String,
}

/// The page of signatures, one file that needs nothing else.
pub fn signatures(document: &Signatures) -> Result<String, askama::Error> {
    let mark = if document.is_draft() { "DRAFT" } else { "signed" };
    let head = format!("{} \u{b7} signatures \u{b7} {}", document.entity, document.period);
    let foot = format!("{} \u{b7} {} \u{b7} {mark}", document.report, short(&document.digest));
    let checkpoint = match &document.checkpoint {
        Some(seen) if seen.size >= document.size => format!(
            "a signed checkpoint over {} entries covers all {} of the report, by {}",
            number(seen.size),
            number(document.size),
            escaped(&seen.by.join(", "))
        ),
        Some(seen) => format!(
            "the largest signed checkpoint covers {} of the {} entries of the report, by {}",
            number(seen.size),
            number(document.size),
            escaped(&seen.by.join(", "))
        ),
        None => "no checkpoint was signed".to_owned(),
    };
    let leaf = Leaf {
        heading: escaped(&head),
        style: format!("{}\n{STYLE}", printed_edges(&head, "", &foot)),
        entity: escaped(&document.entity),
        title: escaped(&document.title),
        period: escaped(&document.period),
        sentence: told(&document.sentence()),
        report: escaped(&document.report),
        digest: escaped(&document.digest),
        checkpoint,
        signed: document.signed.iter().map(row).collect(),
        statements: words::STATEMENTS,
    };
    leaf.render()
}

fn row(known: &Statement) -> Row {
    Row {
        role: escaped(&known.role),
        who: escaped(&known.signer()),
        at: minute(&known.at),
        words: short(&known.text_digest),
        entry: known.entry,
        doubt: known.doubt.as_deref().map(escaped).unwrap_or_default(),
    }
}

/// The annex of names.
#[derive(Template)]
#[template(path = "names.html")]
struct Annex {
    heading: String,
    style: String,
    report: String,
    digest: String,
    rows: Vec<[String; 4]>,
}

/// The annex of names of a report: pseudonym, names, accounts, and by which entry or why not.
pub fn names(report: &str, digest: &str, rows: &[[String; 4]]) -> Result<String, askama::Error> {
    let head = format!("annex of names \u{b7} {report} \u{b7} CONFIDENTIAL");
    let annex = Annex {
        heading: escaped(&head),
        style: format!("{}\n{STYLE}", printed_edges(&head, "", &short(digest))),
        report: escaped(report),
        digest: escaped(digest),
        rows: rows.iter().map(|row| row.each_ref().map(|cell| escaped(cell))).collect(),
    };
    annex.render()
}
