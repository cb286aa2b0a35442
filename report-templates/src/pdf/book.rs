//! Book: the views of a report, from its first page to its last, as they follow each other on paper.

use super::font::{Face, Length, POINT};
use super::grid::table;
use super::picture;
use super::sheet::{COLUMN, Mark, Part, SIDE, Sheet};
use super::style::{BODY, CANNOT, CLOSE, FAIL, INK, MADE, MUTE, SAYS, Style, ground, of_state};
use crate::chart::{Drawn, Picture};
use crate::line::{Line, Span};
use crate::page::{Edges, Extra, Lead, Numbered, One, Verdict, Whole};
use crate::table::Table;

const FIRST: Style = Style::plain(190).bold();
const SECOND: Style = Style::plain(125).bold();
const THIRD: Style = Style::plain(90).bold();

/// Sections that begin on a page of their own.
const OWN: [&str; 3] = ["scope", "controls", "tests"];

/// A report of a period.
pub(super) fn whole(sheet: &mut Sheet, known: &Whole) {
    cover(sheet, known);
    sheet.turn();
    conclusion(sheet, known);
    known.basis.iter().for_each(|page| section(sheet, page));
    section(sheet, &known.glance);
    controls(sheet, known);
    known.sections.iter().for_each(|page| section(sheet, page));
    sign_off(sheet, known);
    known.appendices.iter().for_each(|page| section(sheet, page));
}

/// A report of one matter.
pub(super) fn one(sheet: &mut Sheet, known: &One) {
    title(sheet, &known.entity, &known.title, &known.period);
    known.sentences.iter().for_each(|sentence| sheet.paragraph(sentence, SAYS));
    verdicts(sheet, &known.verdicts, false);
    known.sections.iter().for_each(|page| section(sheet, page));
    let last = known.last.to_string();
    heading(sheet, &last, "What this stands on", "identity");
    sheet.facts(&named(&known.facts), CLOSE);
    extra(sheet, &known.index);
}

fn named(facts: &[(&'static str, Line)]) -> Vec<(Line, Line)> {
    facts.iter().map(|(name, what)| ((*name).into(), what.clone())).collect()
}

fn title(sheet: &mut Sheet, entity: &Line, title: &Line, period: &Line) {
    sheet.paragraph(entity, Style::plain(110).colored(MUTE));
    let rows = sheet.broken(title, FIRST, COLUMN);
    let words = rows.iter().flat_map(|row| &row.pieces).map(|piece| piece.text.as_str());
    let words: String = words.collect();
    sheet.anchor(1, &words, "cover");
    sheet.block(Part::Heading(1, words), title, FIRST);
    sheet.gap(30);
    sheet.paragraph(period, Style::plain(110));
}

fn cover(sheet: &mut Sheet, known: &Whole) {
    title(sheet, &known.entity, &known.title, &known.period);
    let issue = format!(
        " until it is signed: issue {}. Signatures are documents of their own that name the digest below.",
        known.version
    );
    sheet.paragraph(&Line::of(Span::Strong("DRAFT".to_owned())).and(issue), BODY);
    sheet.gap(40);
    sheet.facts(&named(&known.facts), CLOSE);
    contents(sheet, known);
}

/// The contents, each with its page.
fn contents(sheet: &mut Sheet, known: &Whole) {
    sheet.gap(60);
    title_of(sheet, 2, "Contents", SECOND);
    sheet.begin(Part::Contents);
    let style = BODY;
    for (number, id, name) in &known.contents {
        sheet.need(style.leading());
        sheet.y += style.leading();
        let y = sheet.y - style.foot();
        let place = sheet.begin(Part::Entry);
        let words = |x: Length, text: String, style: Style| Mark::Words { x, y, text, style };
        let name = sheet.fonts.shown(Face::Plain, name);
        sheet.mark(Some(place), words(SIDE, format!("{number} "), style.colored(MUTE)));
        sheet.mark(Some(place), words(SIDE + 22 * POINT, format!("{name} "), style));
        let to = SIDE + COLUMN;
        sheet.mark(Some(place), Mark::Number { to, y, anchor: id.clone(), style });
        let area = [SIDE, sheet.y - style.leading(), COLUMN, style.leading()];
        sheet.mark(Some(place), Mark::Way(area, id.clone()));
        sheet.end();
    }
    sheet.end();
}

fn conclusion(sheet: &mut Sheet, known: &Whole) {
    heading(sheet, "2", "Conclusion", "conclusion");
    known.sentences.iter().for_each(|sentence| sheet.paragraph(sentence, SAYS));
    verdicts(sheet, &known.verdicts, true);
    title_of(sheet, 3, "What needs attention", THIRD);
    if known.issues.is_empty() {
        sheet.paragraph(&"Nothing is open.".into(), BODY);
    }
    sheet.list(&known.issues, BODY, true);
    figures(sheet, &known.figures);
    known.before.iter().for_each(|before| table(sheet, before, false));
    known.charts.iter().for_each(|chart| drawn(sheet, chart));
}

/// The two verdicts, each with its reasons.
fn verdicts(sheet: &mut Sheet, all: &[Verdict], reasons: bool) {
    for verdict in all {
        sheet.need(BODY.leading() * 3);
        let color = of_state(verdict.state);
        let height = BODY.leading() + 5 * POINT;
        let (top, ground) = (sheet.y, ground(verdict.state));
        sheet.mark(None, Mark::Fill([SIDE, top, COLUMN, height], ground));
        sheet.mark(None, Mark::Fill([SIDE, top, 3 * POINT, height], color));
        let line = Line::of(Span::Strong(format!("{} ", verdict.name))).join(&verdict.said);
        let style = BODY.colored(color);
        let rows = sheet.broken(&line, style, COLUMN - 16 * POINT);
        sheet.begin(Part::Paragraph);
        sheet.y += 2 * POINT;
        sheet.lines(&rows, 9 * POINT, style);
        sheet.end();
        sheet.y = sheet.y.max(top + height) + 2 * POINT;
        if reasons {
            sheet.list(&verdict.reasons, CLOSE, false);
        }
        sheet.gap(20);
    }
}

/// The figures, four beside each other.
fn figures(sheet: &mut Sheet, figures: &[(Line, Line)]) {
    const LARGE: Style = Style::plain(120).bold();
    let width = COLUMN / 4;
    for four in figures.chunks(4) {
        let labels: Vec<_> =
            four.iter().map(|(_, label)| sheet.broken(label, CLOSE, width - 6 * POINT)).collect();
        let most = labels.iter().map(Vec::len).max().unwrap_or(1);
        let tall = LARGE.leading() + CLOSE.leading() * Length::try_from(most).unwrap_or(1);
        sheet.need(tall + 6 * POINT);
        let top = sheet.y + 3 * POINT;
        let mut x = SIDE;
        for ((figure, _), label) in four.iter().zip(&labels) {
            sheet.mark(None, Mark::Fill([x, top - 2 * POINT, width - 6 * POINT, POINT / 2], MUTE));
            let rows = sheet.broken(figure, LARGE, width - 6 * POINT);
            sheet.begin(Part::Paragraph);
            for row in rows.iter().take(1) {
                let row = super::sheet::spaced(row);
                sheet.row(&row, x, top + LARGE.leading() - LARGE.foot());
            }
            for (at, row) in (1..).zip(label) {
                sheet.row(
                    &super::sheet::spaced(row),
                    x,
                    top + LARGE.leading() + CLOSE.leading() * at - CLOSE.foot(),
                );
            }
            sheet.end();
            x += width;
        }
        sheet.y = top + tall + 3 * POINT;
    }
    sheet.gap(30);
}

/// A title within a section.
pub(super) fn title_of(sheet: &mut Sheet, level: u16, words: &str, style: Style) {
    sheet.gap(40);
    sheet.need(style.leading() + BODY.leading() * 4);
    sheet.block(Part::Heading(level, words.to_owned()), &words.into(), style);
    sheet.gap(15);
}

/// The title of a section, with its number.
pub(super) fn heading(sheet: &mut Sheet, number: &str, words: &str, id: &str) {
    sheet.gap(140);
    sheet.need(SECOND.leading() * 2 + BODY.leading() * 7);
    sheet.rule(INK, 2 * POINT);
    sheet.anchor(2, &format!("{number} {words}"), id);
    sheet.y += POINT;
    let line = Line::plain(format!("{number}  {words}"));
    sheet.block(Part::Heading(2, words.to_owned()), &line, SECOND);
    sheet.gap(30);
}

fn section(sheet: &mut Sheet, page: &Numbered) {
    if OWN.contains(&page.id.as_str()) {
        sheet.turn();
    }
    sheet.begin(Part::Section);
    heading(sheet, &page.number, &page.title, &page.id);
    sheet.paragraph(&page.sentence, SAYS);
    page.notes.iter().for_each(|note| sheet.paragraph(note, BODY));
    extra(sheet, &page.extra);
    page.charts.iter().for_each(|chart| drawn(sheet, chart));
    for known in &page.tables {
        let glance = known.id == "M01";
        table(sheet, known, glance);
    }
    sheet.end();
}

fn extra(sheet: &mut Sheet, known: &Extra) {
    match known {
        Extra::None => {}
        Extra::Index(intro, blocks) => {
            sheet.paragraph(intro, CLOSE);
            blocks.chunks(2).for_each(|two| beside(sheet, two, Style { color: INK, ..MADE }));
        }
        Extra::Words(words) => sheet.facts(words, CLOSE),
        Extra::Steps(steps) => sheet.list(steps, BODY, true),
    }
}

/// Two paragraphs beside each other.
fn beside(sheet: &mut Sheet, two: &[Line], style: Style) {
    let width = (COLUMN - 12 * POINT) / 2;
    let all: Vec<_> = two.iter().map(|line| sheet.broken(line, style, width)).collect();
    let most = all.iter().map(Vec::len).max().unwrap_or(1);
    let tall = style.leading() * Length::try_from(most).unwrap_or(1);
    sheet.need(tall);
    let (top, mut x) = (sheet.y, SIDE);
    for rows in &all {
        sheet.begin(Part::Paragraph);
        for (at, row) in (1..).zip(rows) {
            let y = top + style.leading() * at - style.foot();
            sheet.row(&super::sheet::spaced(row), x, y);
        }
        sheet.end();
        x += width + 12 * POINT;
    }
    sheet.y = top + tall;
    sheet.gap(20);
}

/// A chart with its title, or the sentence that there is nothing to draw. A tall one stands in two
/// columns.
fn drawn(sheet: &mut Sheet, chart: &Drawn) {
    const WHOLE: Length = COLUMN * 52 / 100;
    const HALF: Length = COLUMN * 47 / 100;
    let parts = chart.picture.as_ref().map_or_else(Vec::new, |known| {
        let tall = picture::height(known, WHOLE);
        let half = known.svg.height / 2 + 450;
        let page = known.svg.height * (Sheet::most() * 9 / 10).unsigned_abs()
            / picture::height(known, HALF).max(1).unsigned_abs();
        let most = if tall * 2 > Sheet::most() { half.min(page) } else { u64::MAX };
        picture::parts(known, most)
    });
    let width = if parts.len() > 1 { HALF } else { WHOLE };
    let tall = |parts: &[Picture]| parts.iter().map(|part| picture::height(part, width)).max();
    let first = parts.chunks(2).next().and_then(tall).unwrap_or(BODY.leading() * 3);
    sheet.gap(40);
    sheet.need(first + THIRD.leading() * 3);
    sheet.begin(Part::Section);
    let title = chart.title.clone().and(" (").join(&chart.unit).and(")");
    sheet.block(Part::Caption, &title, THIRD);
    sheet.gap(30);
    for two in parts.chunks(2) {
        let tall = tall(two).unwrap_or_default();
        sheet.need(tall);
        let top = sheet.y;
        for (part, left) in two.iter().zip([0, COLUMN - HALF]) {
            sheet.y = top;
            picture::draw(sheet, part, left, width);
        }
        sheet.y = top + tall;
        sheet.gap(20);
    }
    if chart.picture.is_some() {
        sheet.paragraph(&format!("data of this chart: {}", chart.table.file).into(), MADE);
    } else {
        sheet.paragraph(&chart.nothing, BODY.colored(MUTE));
    }
    sheet.end();
}

fn controls(sheet: &mut Sheet, known: &Whole) {
    sheet.turn();
    sheet.begin(Part::Section);
    heading(sheet, "6", "Controls one by one", "controls");
    let says =
        "Each control: what is asked for, how it was tested, what came out, and its exceptions.";
    sheet.paragraph(&says.into(), SAYS);
    sheet.paragraph(&known.printed.into(), CLOSE);
    known.controls.iter().for_each(|control| lead(sheet, control));
    sheet.end();
}

/// The lead sheet of a control.
fn lead(sheet: &mut Sheet, known: &Lead) {
    sheet.gap(60);
    sheet.need(THIRD.leading() + CLOSE.leading() * 9);
    sheet.hairline();
    sheet.begin(Part::Section);
    let title = Line::plain(format!("{} \u{b7} ", known.id)).join(&known.title);
    let words = format!("{} {}", known.id, plain(&known.title));
    sheet.anchor(3, &words, &known.id);
    let title = title.and("  ").join(&known.badge);
    sheet.block(Part::Heading(3, words), &title, THIRD);
    sheet.gap(10);
    sheet.paragraph(&known.conclusion, CLOSE.bold());
    known.reasons.iter().for_each(|reason| sheet.paragraph(reason, CLOSE.colored(CANNOT)));
    let paper = known.paper.clone();
    let paper = paper.and("; prepared by ledger, reviewed by ______________ on __________");
    let facts = [
        ("Asked for", known.requirement.clone()),
        ("Control", known.control.clone()),
        ("Citations", known.citations.clone()),
        ("Nature", known.nature.clone()),
        ("Ties", known.ties.clone()),
        ("Working paper", paper),
    ];
    sheet.facts(&named(&facts), Style { size: CLOSE.size * 94 / 100, ..CLOSE });
    let tests: Vec<Line> = known.tests.iter().map(|test| test.line.clone()).collect();
    sheet.list(&tests, Style { size: CLOSE.size * 9 / 10, ..CLOSE }, false);
    known.table.iter().for_each(|exceptions: &Table| table(sheet, exceptions, true));
    sheet.end();
}

/// The words of a line, without how they stand.
fn plain(line: &Line) -> String {
    let text = line.0.iter().filter_map(|span| match span {
        Span::Plain(text) => Some(text.as_str()),
        _ => None,
    });
    crate::text::visible(&text.collect::<String>())
}

fn sign_off(sheet: &mut Sheet, known: &Whole) {
    sheet.begin(Part::Section);
    heading(sheet, &known.signoff, "Sign-off", "signoff");
    let [says, how, digest] = &known.signing;
    sheet.paragraph(says, SAYS);
    sheet.paragraph(how, BODY);
    sheet.paragraph(digest, BODY);
    sheet.end();
}

/// Puts what stands at the edges on all pages; the last number is that of the pages.
pub(super) fn stamp(sheet: &mut Sheet, edges: &Edges) {
    use super::style::EDGE;
    let count = sheet.leaves.len();
    let cut = |text: &str, room: Length, fonts: &super::font::Fonts| {
        let mut text = fonts.shown(Face::Plain, &crate::text::visible(text));
        while fonts.width(EDGE.face, EDGE.size, &text) > room && text.pop().is_some() {
            text.truncate(text.trim_end_matches('\u{2026}').len());
            text.pop();
            text.push('\u{2026}');
        }
        text
    };
    let warned = Style { color: FAIL, ..EDGE }.bold();
    let wide = sheet.fonts.width(warned.face, warned.size, &edges.warning);
    let head = cut(&edges.head, COLUMN - wide - 10 * POINT, &sheet.fonts);
    let foot = cut(&edges.foot, COLUMN * 7 / 10, &sheet.fonts);
    let top: Length = 34 * POINT;
    let bottom = super::sheet::TALL - 30 * POINT;
    for at in 0..count {
        let number = format!("page {} of {count}", at + 1);
        let long = sheet.fonts.width(EDGE.face, EDGE.size, &number);
        let marks = [
            (SIDE, top, head.clone(), EDGE),
            (SIDE + COLUMN - wide, top, edges.warning.clone(), warned),
            (SIDE, bottom, foot.clone(), EDGE),
            (SIDE + COLUMN - long, bottom, number, EDGE),
        ];
        let Some(leaf) = sheet.leaves.get_mut(at) else { continue };
        let marks = marks.into_iter().filter(|(_, _, text, _)| !text.is_empty());
        leaf.marks
            .extend(marks.map(|(x, y, text, style)| (None, Mark::Words { x, y, text, style })));
    }
}
