//! Appendix: what is looked up: the document's own, the index of tables, words, and how to verify.

use std::fmt;

use ledger_core::report::About;

use super::{Book, Numbered, words};
use crate::line::{Line, Span};
use crate::table;
use crate::text::{number, short};

/// The letters of the appendices.
const LETTERS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];

/// What stands on a page beside sentences, charts and tables.
#[derive(Debug, Default)]
pub(crate) enum Extra {
    /// Nothing.
    #[default]
    None,
    /// What is the same of all tables, and a block for each.
    Index(Line, Vec<Line>),
    /// Words and what they mean.
    Words(Vec<(Line, Line)>),
    /// What is done, in this order.
    Steps(Vec<Line>),
}

impl fmt::Display for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Index(intro, blocks) => {
                write!(f, "<p>{intro}</p><div class=\"index\">")?;
                blocks.iter().try_for_each(|block| write!(f, "<p class=\"ipe\">{block}</p>"))?;
                f.write_str("</div>")
            }
            Self::Words(words) => {
                f.write_str("<dl class=\"facts\">")?;
                let mut words = words.iter();
                words.try_for_each(|(word, means)| write!(f, "<dt>{word}</dt><dd>{means}</dd>"))?;
                f.write_str("</dl>")
            }
            Self::Steps(steps) => {
                f.write_str("<ol>")?;
                steps.iter().try_for_each(|step| write!(f, "<li>{step}</li>"))?;
                f.write_str("</ol>")
            }
        }
    }
}

pub(super) fn all(book: &Book<'_>) -> Vec<Numbered> {
    let mut all: Vec<Numbered> =
        book.report.appendices.iter().map(|known| book.section(String::new(), known)).collect();
    all.push(index(book));
    all.push(glossary());
    all.push(verify(book));
    all.push(changes(book));
    for (known, letter) in all.iter_mut().zip(LETTERS) {
        letter.clone_into(&mut known.number);
    }
    all
}

fn page(id: &str, title: &str, sentence: &str, extra: Extra) -> Numbered {
    Numbered {
        id: id.to_owned(),
        number: String::new(),
        title: title.to_owned(),
        sentence: sentence.into(),
        notes: Vec::new(),
        extra,
        charts: Vec::new(),
        tables: Vec::new(),
    }
}

/// Every table with what an auditor must know of it.
fn index(book: &Book<'_>) -> Numbered {
    let report = book.report;
    let count = report.datasets.len() + report.populations.len();
    let sentence = format!(
        "{count} tables, each with its query, counts that tie, and the digest of its file."
    );
    page("index", "Index of tables", &sentence, tables(book))
}

/// What is the same of all tables, and a block for each.
pub(super) fn tables(book: &Book<'_>) -> Extra {
    let report = book.report;
    let front = &report.front;
    let own = report.datasets.iter().map(|dataset| &dataset.about);
    let blocks = own.chain(&report.populations).map(block).collect();
    let before = front.previous.as_ref().map_or_else(
        || "no report was issued before".into(),
        |known| format!("{}: {}", known.report, known.consistent.as_str()),
    );
    // a brief has no page of sources: what it stands on has its verdict in front
    let sources =
        if report.dataset("S02").is_some() { "reconciliation: S02; lag: S03; " } else { "" };
    let intro = Line::plain(format!("All tables: {} entries, root ", number(front.size)))
        .with(Span::Code(front.root.clone()))
        .and("; consistency with the report before: ")
        .and(before)
        .and(format!("; {sources}tool: "))
        .and(&*front.tool)
        .and("; made again by ")
        .with(Span::Code(front.command.clone()))
        .and(".");
    Extra::Index(intro, blocks)
}

fn block(about: &About) -> Line {
    let screen = |line: Line| Span::Screen(line);
    let mut line = Line::of(Span::Strong(about.query_id())).and(" ").and(&*about.title);
    line = line.with(screen(Line::of(Span::Break).and(&*about.query)));
    if !about.parameters.is_empty() {
        let mut asked = Line::of(Span::Break).and("asked with ");
        for (at, (name, value)) in about.parameters.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            asked = asked.and(comma).and(name).and(" = ").and(value);
        }
        line = line.with(screen(asked));
    }
    line = line.with(Span::Break);
    line.0.extend(table::made(about).0);
    line.with(Span::Break)
        .and("query sha256 ")
        .with(Span::Code(short(&about.query_digest().to_reference())))
        .and(", file ")
        .and(about.file())
        .and(" sha256 ")
        .with(Span::Whole(about.digest.to_reference()))
}

fn glossary() -> Numbered {
    let words = words::GLOSSARY.iter();
    let words = words.map(|(word, means)| ((*word).into(), (*means).into()));
    page(
        "glossary",
        "Glossary",
        "What the words of this report mean.",
        Extra::Words(words.collect()),
    )
}

fn verify(book: &Book<'_>) -> Numbered {
    let front = &book.report.front;
    let steps = [
        ("Verify the ledger, without network", front.verify.clone(), "It answers with INTEGRITY, what it was held against, and ends with status 0 when it holds, 1 when it does not, 2 when it cannot be told.".to_owned()),
        ("Make the report again", front.command.clone(), format!("report.json has the SHA-256 {}; every file in csv/ has the SHA-256 that the index of tables names.", book.digest)),
        ("Check a table", "sha256sum csv/P03.csv".to_owned(), "The digest of the index of tables, without its first word.".to_owned()),
        ("Check an exception id", "printf 'CONTROL\\0TEST\\0ITEM' | sha256sum".to_owned(), "Its first 32 digits, with x- before them.".to_owned()),
        ("See an entry that is cited", "ledger show INDEX".to_owned(), "The event, its times, its signatures.".to_owned()),
    ];
    let step = |(what, command, expected): (&str, String, String)| {
        let line = Line::of(Span::Strong(what.to_owned())).with(Span::Break);
        line.with(Span::Whole(command)).with(Span::Break).and(expected)
    };
    page(
        "verify",
        "How to verify this report",
        "Everything here can be done offline by somebody else.",
        Extra::Steps(steps.into_iter().map(step).collect()),
    )
}

fn changes(book: &Book<'_>) -> Numbered {
    let front = &book.report.front;
    let said = match &front.previous {
        Some(known) if known.superseded => format!(
            "Issue {} stands in the place of {} ({}), issued by entry {}.",
            front.version, known.report, known.digest, known.entry
        ),
        _ => format!("Issue {}: no report of this period was issued before.", front.version),
    };
    page("history", "Change log of this report", &said, Extra::None)
}
