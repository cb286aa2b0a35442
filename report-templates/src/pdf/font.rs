//! Font: the faces that a printed report carries, how wide their words are, and what they cannot show.
//!
//! DejaVu 2.37, whole and unchanged (`fonts/LICENSE`); a report has only the glyphs it uses.

use std::fmt::Write as _;

use krilla::text::Font;
use skrifa::charmap::Charmap;
use skrifa::raw::TableProvider as _;
use skrifa::raw::tables::hmtx::Hmtx;
use skrifa::{FontRef, MetadataProvider as _};

use super::Unprinted;

/// Thousandths of a point: what all lengths on paper are counted in, so that nothing is rounded twice.
pub(super) type Length = i64;

/// A point.
pub(super) const POINT: Length = 1000;

/// A face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Words.
    Plain,
    /// What stands out.
    Bold,
    /// Digests and commands.
    Mono,
}

const PLAIN: &[u8] = include_bytes!("../../fonts/DejaVuSansCondensed.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/DejaVuSansCondensed-Bold.ttf");
const MONO: &[u8] = include_bytes!("../../fonts/DejaVuSansMono.ttf");

/// A face that was read.
struct Loaded {
    whole: Font,
    /// The glyphs of characters.
    glyphs: Charmap<'static>,
    /// How far each goes.
    advances: Hmtx<'static>,
    /// Units of a size.
    units: Length,
}

/// All faces.
pub(super) struct Fonts {
    plain: Loaded,
    bold: Loaded,
    mono: Loaded,
}

/// A glyph of a face, and how far it goes in units of the face.
#[derive(Clone, Copy)]
pub(super) struct Glyph {
    pub(super) id: u32,
    pub(super) advance: u16,
}

impl Loaded {
    fn of(bytes: &'static [u8]) -> Result<Self, Unprinted> {
        let unread = || Unprinted("a font of this program cannot be read".to_owned());
        let whole = Font::new(bytes.to_vec().into(), 0).ok_or_else(unread)?;
        let read = FontRef::new(bytes).map_err(|_| unread())?;
        let units = read.head().map_err(|_| unread())?.units_per_em();
        let advances = read.hmtx().map_err(|_| unread())?;
        let (glyphs, units) = (read.charmap(), Length::from(units.max(1)));
        Ok(Self { whole, glyphs, advances, units })
    }
}

impl Fonts {
    /// Reads the faces.
    pub(super) fn load() -> Result<Self, Unprinted> {
        Ok(Self { plain: Loaded::of(PLAIN)?, bold: Loaded::of(BOLD)?, mono: Loaded::of(MONO)? })
    }

    fn face(&self, face: Face) -> &Loaded {
        match face {
            Face::Plain => &self.plain,
            Face::Bold => &self.bold,
            Face::Mono => &self.mono,
        }
    }

    /// The face as a document takes it.
    pub(super) fn whole(&self, face: Face) -> Font {
        self.face(face).whole.clone()
    }

    /// The units of a size.
    pub(super) fn units(&self, face: Face) -> Length {
        self.face(face).units
    }

    /// The glyph of a character, where the face has one.
    pub(super) fn glyph(&self, face: Face, char: char) -> Option<Glyph> {
        let face = self.face(face);
        let id = face.glyphs.map(char).filter(|id| id.to_u32() != 0)?;
        let advance = face.advances.advance(id)?;
        Some(Glyph { id: id.to_u32(), advance })
    }

    /// How wide a text is.
    pub(super) fn width(&self, face: Face, size: Length, text: &str) -> Length {
        let glyphs = text.chars().filter_map(|char| self.glyph(face, char));
        let units: Length = glyphs.map(|glyph| Length::from(glyph.advance)).sum();
        units * size / self.units(face)
    }

    /// The text with every character spelled out that these faces cannot show as it is meant: scripts that
    /// they lack, that are written from right to left, or whose signs join.
    pub(super) fn shown(&self, face: Face, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for char in text.chars() {
            if is_simple(char) && self.glyph(face, char).is_some() {
                out.push(char);
            } else {
                let _ = write!(out, "\u{27e8}U+{:04X}\u{27e9}", u32::from(char));
            }
        }
        out
    }
}

/// Whether a character stands by itself, from left to right: Latin, Greek, Cyrillic, punctuation, signs.
fn is_simple(char: char) -> bool {
    matches!(char,
        ' '..='~' | '\u{a0}'..='\u{2ff}' | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{52f}'
        | '\u{1e00}'..='\u{1fff}' | '\u{2000}'..='\u{200a}' | '\u{2010}'..='\u{2027}'
        | '\u{202f}'..='\u{205f}' | '\u{2070}'..='\u{20bf}' | '\u{2100}'..='\u{2bff}'
        | '\u{fb00}'..='\u{fb06}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_faces_lack_is_spelled_out() {
        let fonts = Fonts::load().unwrap();
        for face in [Face::Plain, Face::Bold, Face::Mono] {
            assert_eq!(
                fonts.shown(face, "Gr\u{fc}\u{df}e, \u{416}\u{3a9} \u{2026}"),
                "Gr\u{fc}\u{df}e, \u{416}\u{3a9} \u{2026}"
            );
            assert_eq!(fonts.shown(face, "\u{65e5}\u{1f680}"), "⟨U+65E5⟩⟨U+1F680⟩");
            assert_eq!(fonts.shown(face, "\u{5d0}e\u{301}"), "⟨U+05D0⟩e⟨U+0301⟩");
            assert_eq!(fonts.shown(face, "●▲◆◇○–⟨⟩→"), "●▲◆◇○–⟨⟩→");
        }
        assert_eq!(fonts.shown(Face::Plain, "1\u{202f}234"), "1\u{202f}234");
        let mono = fonts.width(Face::Mono, 10 * POINT, "abc");
        assert_eq!(mono, fonts.width(Face::Mono, 10 * POINT, "iii"));
        assert!(
            fonts.width(Face::Bold, 10 * POINT, "abc")
                > fonts.width(Face::Plain, 10 * POINT, "abc")
        );
        assert_eq!(fonts.width(Face::Plain, 10 * POINT, ""), 0);
    }
}
