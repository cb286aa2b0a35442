//! Words: what stands in every report.

use ledger_core::report::Report;

use crate::line::{Line, Span};

/// Who signs what.
pub(super) const STATEMENTS: &[(&str, &str)] = &[
    (
        "Control owner",
        "I own the controls named beside my signature. I have read their results and exceptions, and what is said of each exception is complete as far as I know.",
    ),
    (
        "System owner",
        "I own the systems named beside my signature. Their registration in the scope of this report is correct, and the deployments listed are those that I know of.",
    ),
    (
        "Compliance officer",
        "I have reviewed this report, its two verdicts and its limitations, and the disposition of the exceptions in it.",
    ),
    (
        "Management",
        "Management is responsible for the controls and for what is stated about them here. Changes to controls in the period are named in this report.",
    ),
    (
        "Reviewer of access reviews",
        "I have read the decisions of the access reviews listed and how they were carried out. I decided on none of my own access.",
    ),
];

/// What the words of a report mean.
pub(super) const GLOSSARY: &[(&str, &str)] = &[
    ("artifact", "what is built and deployed, known by its SHA-256"),
    (
        "checkpoint",
        "a signed statement of how many entries the ledger has and of the root over them",
    ),
    ("cut-off", "the moment after which nothing recorded counts for this report"),
    (
        "entry",
        "one line of the ledger, by its index from 0; entries are never changed or taken away",
    ),
    ("exception", "an item that does not satisfy a test, or of which that cannot be told"),
    ("freeze", "a span in which nothing may be deployed without an exception"),
    ("item", "one member of a population"),
    (
        "IPE",
        "information produced by the entity: what a table must say of itself before one relies on it",
    ),
    ("overlay", "what a region, a company or a system adds to the catalogue; it only tightens"),
    ("population", "everything that a test goes through; nothing is left out without a reason"),
    (
        "pseudonym",
        "stands for a person, the same in all entries; names are kept apart and can be erased, and the entry that did it then stands beside the pseudonym",
    ),
    ("ratification", "approval of an emergency after it, by somebody else"),
    ("reconciliation", "an independent extract of a source held against the ledger, both ways"),
    ("source", "a system that reports to the ledger"),
    (
        "\u{27e8}U+1F680\u{27e9}",
        "a character by its code point: one that would not be seen, or that the fonts of the printed report cannot show as it is meant",
    ),
    (
        "strength",
        "evidences: shows what is asked for; supports: is part of what shows it; context: useful beside it",
    ),
];

/// What paper has of the controls.
pub(super) const PRINTED: &str = "Printed are the first two exceptions of a control. The rules of the tests are in appendix A, their limits in csv/L02.csv, every item in the file that a test names, every exception in csv/P14.csv; the whole digests are in the index of tables.";

/// The page of sign-offs: what it says first, how a statement is signed, and over what.
pub(super) fn signing(digest: &str) -> [Line; 3] {
    let code = |text: &str| Span::Code(text.to_owned());
    let how = Line::plain(
        "A statement is signed by a person's own key over the digest of report.json, with ",
    )
    .with(code("ledger sign-off report.json --role ROLE"))
    .and(", and is an entry of the ledger. ")
    .with(code("ledger report signatures report.json --out DIR"))
    .and(" makes the page of all of them, with room for those who still sign by hand.");
    [
        "DRAFT until it is signed. Who signed stands in a document of its own, so that no signature changes this one.".into(),
        how,
        Line::plain("Digest to be signed: ").with(Span::Whole(digest.to_owned())),
    ]
}

/// The period in a line.
pub(super) fn period(report: &Report) -> String {
    let front = &report.front;
    let days = format!("{} to {}, {}", front.first, front.last, front.zone);
    if front.period.contains("..") {
        return days;
    }
    format!("{} \u{b7} {days}", front.period)
}
