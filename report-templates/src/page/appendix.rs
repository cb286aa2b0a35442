//! Appendix: what is looked up: the document's own, the index of tables, words, and how to verify.

use ledger_core::report::About;

use super::{Book, Numbered, words};
use crate::table;
use crate::text::{escaped, number, short};

/// The letters of the appendices.
const LETTERS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];

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

fn page(id: &str, title: &str, sentence: &str, extra: String) -> Numbered {
    Numbered {
        id: id.to_owned(),
        number: String::new(),
        title: title.to_owned(),
        sentence: escaped(sentence),
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
pub(super) fn tables(book: &Book<'_>) -> String {
    let report = book.report;
    let front = &report.front;
    let own = report.datasets.iter().map(|dataset| &dataset.about);
    let blocks: String = own.chain(&report.populations).map(block).collect();
    let before = front.previous.as_ref().map_or_else(
        || "no report was issued before".to_owned(),
        |known| format!("{}: {}", escaped(&known.report), known.consistent.as_str()),
    );
    // a brief has no page of sources: what it stands on has its verdict in front
    let sources =
        if report.dataset("S02").is_some() { "reconciliation: S02; lag: S03; " } else { "" };
    format!(
        "<p>All tables: {} entries, root <code>{}</code>; consistency with the report before: {before}; {sources}tool: {}; made again by <code>{}</code>.</p><div class=\"index\">{blocks}</div>",
        number(front.size),
        escaped(&front.root),
        escaped(&front.tool),
        escaped(&front.command),
    )
}

fn block(about: &About) -> String {
    let parameters: Vec<String> = about
        .parameters
        .iter()
        .map(|(name, value)| format!("{} = {}", escaped(name), escaped(value)))
        .collect();
    let parameters = if parameters.is_empty() {
        String::new()
    } else {
        format!("<span class=\"x\"><br>asked with {}</span>", parameters.join(", "))
    };
    format!(
        r#"<p class="ipe"><b>{}</b> {}<span class="x"><br>{}</span>{parameters}<br>{}<br>query sha256 <code>{}</code>, file {} sha256 <code class="whole">{}</code></p>"#,
        escaped(&about.query_id()),
        escaped(&about.title),
        escaped(&about.query),
        table::made(about),
        short(&about.query_digest().to_reference()),
        escaped(&about.file()),
        escaped(&about.digest.to_reference()),
    )
}

fn glossary() -> Numbered {
    let words = words::GLOSSARY.iter();
    let list: Vec<String> =
        words.map(|(word, means)| format!("<dt>{word}</dt><dd>{means}</dd>")).collect();
    let list = list.concat();
    page(
        "glossary",
        "Glossary",
        "What the words of this report mean.",
        format!(r#"<dl class="facts">{list}</dl>"#),
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
    let list: Vec<String> = steps
        .iter()
        .map(|(what, command, expected)| {
            format!(
                r#"<li><b>{what}</b><br><code class="whole">{}</code><br>{}</li>"#,
                escaped(command),
                escaped(expected)
            )
        })
        .collect();
    let list = list.concat();
    page(
        "verify",
        "How to verify this report",
        "Everything here can be done offline by somebody else.",
        format!("<ol>{list}</ol>"),
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
    page("history", "Change log of this report", &said, String::new())
}
