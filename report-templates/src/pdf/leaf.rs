//! Leaf: what stands beside a report on paper: its signatures, the annex of names, a table by itself.

use ledger_core::report::{Dataset, Made, Signatures};
use ledger_core::time::Timestamp;

use super::Unprinted;
use super::book::{heading, stamp, title_of};
use super::draw::{self, Said};
use super::font::{Fonts, POINT};
use super::grid;
use super::sheet::{Part, Sheet};
use super::style::{BODY, CLOSE, FAIL, INK, MADE, MUTE, ROW, SAYS, Style};
use crate::line::{Line, Span};
use crate::page::{Annex, Edges, Leaf, annex, leaf};
use crate::table::{Head, Row, Table};
use crate::text::{short, visible};

const FIRST: Style = Style::plain(190).bold();
const THIRD: Style = Style::plain(90).bold();
/// Most rows of a table that stands by itself.
const MOST: usize = 20_000;

/// The page of signatures. `made` is the report that it is of.
pub fn signatures(document: &Signatures, made: &Made) -> Result<Vec<u8>, Unprinted> {
    let known: Leaf = leaf(document);
    let mut sheet = Sheet::new(Fonts::load()?);
    sheet.paragraph(&known.entity, Style::plain(110).colored(MUTE));
    title(&mut sheet, "Signatures");
    let period = known.title.clone().and(" \u{b7} ").join(&known.period);
    sheet.paragraph(&period, Style::plain(110));
    sheet.paragraph(&known.sentence, SAYS);
    let facts = [
        ("Report", code(&known.report)),
        ("report.json", whole(&known.digest)),
        ("Checkpoint", known.checkpoint.clone()),
    ];
    sheet.facts(&named(facts), CLOSE);
    heading(&mut sheet, "1", "Signed with a person\u{2019}s own key", "signed");
    let heads =
        [("", "role"), ("i", "signer"), ("t", "at, UTC"), ("", "words, sha256"), ("n", "entry")];
    let rows: Vec<Row> = known.signed.iter().map(crate::page::SignedRow::printed).collect();
    rows_of(&mut sheet, &heads, &rows, "Nobody has signed.");
    let beside = "Persons stand as pseudonyms; `ledger person reveal` names one, on record. A statement of the ledger lies in blobs/ under the digest of its words.";
    sheet.paragraph(&beside.into(), CLOSE);
    heading(&mut sheet, "2", "For those who sign by hand", "hand");
    let binds = "A signature on paper binds nothing in the ledger; the digest above says what was before the one who signed.";
    sheet.paragraph(&binds.into(), BODY);
    for (role, statement) in known.statements {
        sheet.need(BODY.leading() * 9);
        title_of(&mut sheet, 3, role, THIRD);
        sheet.paragraph(&(*statement).into(), CLOSE);
        sheet.y += 22 * POINT;
        sheet.rule(INK, POINT / 2);
        sheet.paragraph(&"Name, date, signature".into(), MADE);
    }
    finished(sheet, &known.edges, &known.heading, made)
}

/// The annex of names: pseudonym, names, accounts, and by which entry or why not. `made` is the report that
/// it is of.
pub fn names(made: &Made, digest: &str, rows: &[[String; 4]]) -> Result<Vec<u8>, Unprinted> {
    let known: Annex = annex(made.front("id"), digest, rows);
    let mut sheet = Sheet::new(Fonts::load()?);
    title(&mut sheet, "Annex of names");
    let says = "CONFIDENTIAL: names of persons. Keep it apart from the report; an erasure makes it out of date, and it is destroyed then.";
    sheet.paragraph(&says.into(), SAYS.colored(FAIL));
    let facts = [("Report", code(&known.report)), ("report.json", whole(&known.digest))];
    sheet.facts(&named(facts), CLOSE);
    heading(&mut sheet, "1", "Persons", "names");
    let heads =
        [("i", "pseudonym"), ("", "name"), ("", "accounts"), ("", "revealed by, or why not named")];
    let rows: Vec<Row> = known.rows.iter().map(|row| Row::plain(row.to_vec())).collect();
    rows_of(&mut sheet, &heads, &rows, "The report names nobody.");
    finished(sheet, &known.edges, &known.heading, made)
}

/// A table by itself, all of it; `at` is when what it stands on came to its end, `tool` what made it.
///
/// More than 20,000 rows are refused: they are looked up, and not read.
pub fn sheet(dataset: &Dataset, tool: &str, at: Timestamp) -> Result<Vec<u8>, Unprinted> {
    let about = &dataset.about;
    if dataset.rows.len() > MOST {
        return Err(Unprinted(format!("it has {} rows, and paper has {MOST}", dataset.rows.len())));
    }
    let mut sheet = Sheet::new(Fonts::load()?);
    title(&mut sheet, &visible(&about.title));
    let facts =
        about.parameters.iter().map(|(name, value)| (Line::plain(name), Line::plain(value)));
    sheet.facts(&facts.collect::<Vec<_>>(), CLOSE);
    let mut table = Table::of(dataset, 0, MOST, &Line::default());
    table.digest = whole_line(&about.digest.to_reference());
    grid::table(&mut sheet, &table, false);
    let parameters = about.parameters.iter().map(|(_, value)| visible(value));
    let of: Vec<String> = std::iter::once(visible(&about.title)).chain(parameters).collect();
    let head = of.join(" \u{b7} ");
    let edges = Edges {
        head: head.clone(),
        warning: String::new(),
        foot: format!("{} \u{b7} {}", about.file(), short(&about.digest.to_reference())),
    };
    stamp(&mut sheet, &edges);
    draw::file(&sheet, Said { title: head, id: &about.id, tool, at })
}

fn finished(
    mut sheet: Sheet,
    edges: &Edges,
    title: &Line,
    made: &Made,
) -> Result<Vec<u8>, Unprinted> {
    stamp(&mut sheet, edges);
    let at = Timestamp::parse(made.front("cutoff").as_bytes());
    let at = at.map_err(|error| Unprinted(error.to_string()))?;
    let title = visible(&title.text());
    draw::file(&sheet, Said { title, id: made.front("id"), tool: made.front("tool"), at })
}

fn title(sheet: &mut Sheet, words: &str) {
    sheet.anchor(1, words, "cover");
    sheet.block(Part::Heading(1, words.to_owned()), &words.into(), FIRST);
    sheet.gap(30);
}

fn rows_of(sheet: &mut Sheet, heads: &[(&'static str, &str)], rows: &[Row], none: &str) {
    if rows.is_empty() {
        sheet.paragraph(&none.into(), BODY.colored(MUTE));
        return;
    }
    let head = |(class, name): &(&'static str, &str)| Head { name: (*name).into(), class };
    let heads: Vec<Head> = heads.iter().map(head).collect();
    grid::rows(sheet, &heads, rows, ROW, false);
}

fn named<const N: usize>(facts: [(&str, Line); N]) -> Vec<(Line, Line)> {
    facts.into_iter().map(|(name, what)| (name.into(), what)).collect()
}

fn code(line: &Line) -> Line {
    Line::of(Span::Code(line.text()))
}

fn whole(line: &Line) -> Line {
    whole_line(&line.text())
}

fn whole_line(text: &str) -> Line {
    Line::of(Span::Whole(text.to_owned()))
}
