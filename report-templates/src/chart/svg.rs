//! Svg: a picture in the making. Lengths are tenths of a pixel.

use std::fmt::Write as _;

use crate::text::escaped;

/// How wide a picture is.
pub(super) const WIDTH: u64 = 3600;

/// A picture.
#[derive(Debug)]
pub(super) struct Svg {
    body: String,
    height: u64,
}

/// Where a text begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// A picture of that height.
    pub(super) fn new(height: u64) -> Self {
        Self { body: String::new(), height }
    }

    /// A rectangle; nothing of no area.
    pub(super) fn rect(&mut self, [x, y, width, height]: [u64; 4], class: &str) {
        if width > 0 && height > 0 {
            let _ = write!(
                self.body,
                r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}"/>"#
            );
        }
    }

    /// A line.
    pub(super) fn line(&mut self, [x1, y1, x2, y2]: [u64; 4], class: &str) {
        let _ = write!(self.body, r#"<path class="{class}" d="M{x1} {y1}L{x2} {y2}"/>"#);
    }

    /// A circle.
    pub(super) fn dot(&mut self, x: u64, y: u64, radius: u64, class: &str) {
        let _ = write!(self.body, r#"<circle class="{class}" cx="{x}" cy="{y}" r="{radius}"/>"#);
    }

    /// A triangle around a point.
    pub(super) fn triangle(&mut self, x: u64, y: u64, radius: u64, class: &str) {
        let (left, right) = (x.saturating_sub(radius), x + radius);
        let (top, bottom) = (y.saturating_sub(radius), y + radius);
        let _ =
            write!(self.body, r#"<path class="{class}" d="M{x} {top}L{right} {bottom}H{left}Z"/>"#);
    }

    /// A band that bends from a stretch at the left to one at the right.
    pub(super) fn band(&mut self, [x1, top1, x2, top2, thick]: [u64; 5], class: &str) {
        if thick == 0 {
            return;
        }
        let (bottom1, bottom2, half) = (top1 + thick, top2 + thick, u64::midpoint(x1, x2));
        let _ = write!(
            self.body,
            r#"<path class="{class}" d="M{x1} {top1}C{half} {top1} {half} {top2} {x2} {top2}V{bottom2}C{half} {bottom2} {half} {bottom1} {x1} {bottom1}Z"/>"#
        );
    }

    /// A text; its class is one of the style sheet's.
    pub(super) fn text(&mut self, x: u64, y: u64, anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let text = escaped(text);
        let _ = write!(self.body, r#"<text class="{class}" x="{x}" y="{y}"{anchor}>{text}</text>"#);
    }

    /// The element, with its title for those who do not see it.
    pub(super) fn done(self, title: &str) -> String {
        let title = escaped(title);
        format!(
            r#"<svg viewBox="0 0 {WIDTH} {}" role="img" aria-label="{title}">{}</svg>"#,
            self.height, self.body
        )
    }
}

/// A part of a length, rounded down; at least 10 of what is not nothing.
pub(super) fn scaled(part: u64, whole: u64, length: u64) -> u64 {
    if part == 0 || whole == 0 {
        return 0;
    }
    (part.saturating_mul(length) / whole).max(10)
}

/// The words that fit, cut with an ellipsis.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('\u{2026}');
    short
}
