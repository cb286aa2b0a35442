//! Words: a line of the report as runs of a style, and broken to a width.

use super::font::{Fonts, Length};
use super::style::{Style, of_state};
use crate::line::{Line, Span};
use crate::text::{brief, glyph, minute, number, person, short, span, visible, words};

/// Words of one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) text: String,
    pub(super) style: Style,
    /// Whether it breaks anywhere, not only where words end.
    anywhere: bool,
}

/// A part of a broken line: how far from its beginning, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) from: Length,
    pub(super) text: String,
    pub(super) style: Style,
}

/// A broken line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) pieces: Vec<Piece>,
    pub(super) width: Length,
}

/// The runs of a line; an empty run is the end of one.
pub(super) fn runs(line: &Line, style: Style, fonts: &Fonts) -> Vec<Run> {
    let mut all = Vec::new();
    for span in &line.0 {
        add(span, style, fonts, &mut all);
    }
    all
}

fn add(span: &Span, style: Style, fonts: &Fonts, all: &mut Vec<Run>) {
    let mut put = |text: &str, style: Style, anywhere: bool| {
        let text = fonts.shown(style.face, &visible(text));
        if !text.is_empty() {
            all.push(Run { text, style, anywhere });
        }
    };
    match span {
        Span::Plain(text) | Span::Name(text) | Span::Spelled(text) => put(text, style, false),
        Span::Link(_, text) => put(text, style, false),
        Span::Told(text) | Span::Apart(text) => put(&brief(text), style, false),
        Span::Strong(text) => put(text, style.bold(), false),
        Span::Small(text) => put(text, Style { size: style.size * 8 / 10, ..style }, false),
        Span::Code(text) => put(text, style.mono(), false),
        Span::Whole(text) => put(text, style.mono(), true),
        Span::Short(text) => put(&short(text), style, false),
        Span::Digest(text) => put(&short(text), style.mono(), false),
        Span::Person(text) => {
            let (first, beside) = person(text);
            put(first, style.mono(), false);
            put(beside, style, false);
        }
        Span::Time(text) => put(&minute(text), style, false),
        Span::Count(count) => put(&number(*count), style, false),
        Span::Seconds(count) => put(&self::span(*count), style, false),
        Span::State(state) => {
            let color = of_state(state);
            put(&format!("{} {}", glyph(state), words(state)), style.bold().colored(color), false);
        }
        Span::Glyph(state) => put(glyph(state), style.colored(of_state(state)), false),
        Span::Severity(text) | Span::Weight(text) => {
            let heavy = matches!(text.as_str(), "critical" | "high");
            let heavy = heavy || matches!(span, Span::Weight(_));
            put(text, if heavy { style.bold() } else { style }, false);
        }
        Span::Break => all.push(Run { text: String::new(), style, anywhere: false }),
        // paper has it elsewhere, or a file does
        Span::Screen(_) => {}
    }
}

/// How wide a run is where it is not broken at all, and its longest word.
pub(super) fn widths(runs: &[Run], fonts: &Fonts) -> (Length, Length) {
    let (mut whole, mut widest, mut longest) = (0, 0, 0);
    for run in runs {
        if run.text.is_empty() {
            whole = 0;
        }
        let wide = |text: &str| fonts.width(run.style.face, run.style.size, text);
        whole += wide(&run.text);
        widest = whole.max(widest);
        let word = run.text.split_inclusive(ends).map(|word| wide(word.trim_end())).max();
        longest = word
            .unwrap_or(0)
            .min(if run.anywhere { run.style.size * 6 } else { Length::MAX })
            .max(longest);
    }
    (widest, longest)
}

/// Where a line may be broken behind.
fn ends(char: char) -> bool {
    matches!(char, ' ' | '/' | '-' | ',' | ';' | '_' | ':' | '=')
}

/// The runs broken to a width. What is longer than a line is broken where the line ends; nothing is
/// left out.
pub(super) fn broken(runs: &[Run], width: Length, fonts: &Fonts) -> Vec<Row> {
    let mut rows = vec![Row::default()];
    for run in runs {
        if run.text.is_empty() {
            rows.push(Row::default());
            continue;
        }
        if run.anywhere {
            for char in run.text.chars() {
                place(char.encode_utf8(&mut [0; 4]), run, width, fonts, &mut rows);
            }
            continue;
        }
        for word in run.text.split_inclusive(ends) {
            if fonts.width(run.style.face, run.style.size, word.trim_end()) <= width {
                place(word, run, width, fonts, &mut rows);
                continue;
            }
            for char in word.chars() {
                place(char.encode_utf8(&mut [0; 4]), run, width, fonts, &mut rows);
            }
        }
    }
    rows
}

/// Puts a word on the last row, or on a new one where it has no room.
fn place(word: &str, run: &Run, width: Length, fonts: &Fonts, rows: &mut Vec<Row>) {
    let wide = |text: &str| fonts.width(run.style.face, run.style.size, text);
    let full = rows
        .last()
        .is_none_or(|row| !row.pieces.is_empty() && row.width + wide(word.trim_end()) > width);
    if full {
        rows.push(Row::default());
    }
    let Some(row) = rows.last_mut() else { return };
    match row.pieces.last_mut().filter(|piece| piece.style == run.style) {
        Some(piece) => {
            piece.text.push_str(word);
            row.width = piece.from + wide(&piece.text);
        }
        None => {
            let (from, text) = (row.width, word.to_owned());
            row.width += wide(word);
            row.pieces.push(Piece { from, text, style: run.style });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::style::BODY;

    fn told(line: &Line, width: Length) -> Vec<String> {
        let fonts = Fonts::load().unwrap();
        let rows = broken(&runs(line, BODY, &fonts), width, &fonts);
        for row in &rows {
            let text: String = row.pieces.iter().map(|piece| piece.text.as_str()).collect();
            let last = row.pieces.last().map_or(0, |piece| {
                piece.from + fonts.width(BODY.face, BODY.size, piece.text.trim_end())
            });
            assert!(last <= width || text.chars().count() == 1, "`{text}` is {last} wide");
        }
        let text = |row: &Row| row.pieces.iter().map(|piece| piece.text.clone()).collect();
        rows.iter().map(text).collect()
    }

    #[test]
    fn lines_break_where_words_end_and_nothing_is_lost() {
        let words = "one two three four five six seven eight nine ten";
        let rows = told(&Line::plain(words), 60_000);
        assert!(rows.len() > 2 && rows.concat() == words, "{rows:?}");
        assert!(rows.iter().all(|row| !row.starts_with(' ')));
        let long = "W".repeat(100);
        let rows = told(&Line::plain(&*long), 60_000);
        assert_eq!(rows.concat(), long);
        let broken = Line::plain("a").with(Span::Break).and("b");
        assert_eq!(told(&broken, 60_000), ["a", "b"]);
        assert_eq!(told(&Line::plain(&*long), 10).len(), 100, "a line has a character at least");
        assert_eq!(told(&Line::default(), 60_000), [""]);
    }
}
