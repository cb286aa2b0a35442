//! Style: how words and shapes stand on paper.

use super::font::{Face, Length, POINT};

/// Red, green, blue.
pub(super) type Color = [u8; 3];

pub(super) const INK: Color = [0x1a, 0x20, 0x26];
pub(super) const MUTE: Color = [0x44, 0x4c, 0x55];
pub(super) const LINE: Color = [0xc3, 0xca, 0xd1];
pub(super) const WASH: Color = [0xf4, 0xf6, 0xf8];
pub(super) const BAR: Color = [0x3b, 0x5b, 0x7a];
pub(super) const PASS: Color = [0x1b, 0x6e, 0x3c];
pub(super) const FAIL: Color = [0xa3, 0x20, 0x1d];
pub(super) const CANNOT: Color = [0x6b, 0x4e, 0x00];
pub(super) const WAIVED: Color = [0x4a, 0x3a, 0x86];
pub(super) const NONE: Color = [0x44, 0x50, 0x5c];

/// How words stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) face: Face,
    pub(super) size: Length,
    pub(super) color: Color,
}

impl Style {
    /// Plain words of a size in tenths of a point.
    pub(super) const fn plain(tenths: Length) -> Self {
        Self { face: Face::Plain, size: tenths * POINT / 10, color: INK }
    }

    /// The same in bold.
    #[must_use]
    pub(super) const fn bold(self) -> Self {
        Self { face: Face::Bold, ..self }
    }

    /// The same in another colour.
    #[must_use]
    pub(super) const fn colored(self, color: Color) -> Self {
        Self { color, ..self }
    }

    /// The same as a machine reads it: as wide as the words around it, not wider.
    #[must_use]
    pub(super) const fn mono(self) -> Self {
        Self { face: Face::Mono, size: self.size * 86 / 100, ..self }
    }

    /// From the foot of words to the end of their line.
    pub(super) const fn foot(self) -> Length {
        self.size * 3 / 10
    }

    /// From one foot of a line to the next.
    pub(super) const fn leading(self) -> Length {
        self.size * 135 / 100
    }
}

/// What is read.
pub(super) const BODY: Style = Style::plain(88);
/// What says the result.
pub(super) const SAYS: Style = Style::plain(92).bold();
/// Lead sheets and lists of facts.
pub(super) const CLOSE: Style = Style::plain(76);
/// Rows of tables.
pub(super) const ROW: Style = Style::plain(68);
/// How a table was made.
pub(super) const MADE: Style = Style::plain(58).colored(MUTE);
/// Head and foot of a page.
pub(super) const EDGE: Style = Style::plain(70).colored(MUTE);

/// The colour of a state.
pub(super) fn of_state(state: &str) -> Color {
    match state {
        "pass" => PASS,
        "fail" => FAIL,
        "indeterminate" => CANNOT,
        "waived" => WAIVED,
        _ => NONE,
    }
}

/// The ground behind a state.
pub(super) fn ground(state: &str) -> Color {
    match state {
        "pass" => [0xe7, 0xf4, 0xec],
        "fail" => [0xfd, 0xec, 0xeb],
        "indeterminate" => [0xff, 0xf4, 0xd6],
        "waived" => [0xef, 0xec, 0xfb],
        _ => [0xee, 0xf1, 0xf4],
    }
}
