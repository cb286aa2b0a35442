//! Svg: a picture in the making, and as an element of a page. Lengths are tenths of a pixel.

use std::fmt;

use crate::text::escaped;

/// How wide a picture is.
pub(crate) const WIDTH: u64 = 3600;

/// A picture: what is drawn, in its order. A class is one of the style sheet's.
#[derive(Clone, Debug)]
pub(crate) struct Svg {
    pub(crate) shapes: Vec<(Shape, String)>,
    pub(crate) height: u64,
}

/// What can be drawn.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A rectangle: left, top, width, height.
    Rect([u64; 4]),
    /// A line from a point to another.
    Line([u64; 4]),
    /// A circle: its middle and radius.
    Dot([u64; 3]),
    /// A triangle around a point.
    Triangle([u64; 3]),
    /// A band that bends: left, its top there, right, its top there, thickness.
    Band([u64; 5]),
    /// A text at a point of its foot.
    Text(u64, u64, Anchor, String),
}

/// Where a text begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture with what it shows, for those who do not see it.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) title: String,
    pub(crate) svg: Svg,
}

impl Svg {
    /// A picture of that height.
    pub(super) fn new(height: u64) -> Self {
        Self { shapes: Vec::new(), height }
    }

    fn draw(&mut self, shape: Shape, class: &str) {
        self.shapes.push((shape, class.to_owned()));
    }

    /// A rectangle; nothing of no area.
    pub(super) fn rect(&mut self, place: [u64; 4], class: &str) {
        let [.., width, height] = place;
        if width > 0 && height > 0 {
            self.draw(Shape::Rect(place), class);
        }
    }

    /// A line.
    pub(super) fn line(&mut self, ends: [u64; 4], class: &str) {
        self.draw(Shape::Line(ends), class);
    }

    /// A circle.
    pub(super) fn dot(&mut self, x: u64, y: u64, radius: u64, class: &str) {
        self.draw(Shape::Dot([x, y, radius]), class);
    }

    /// A triangle around a point.
    pub(super) fn triangle(&mut self, x: u64, y: u64, radius: u64, class: &str) {
        self.draw(Shape::Triangle([x, y, radius]), class);
    }

    /// A band that bends from a stretch at the left to one at the right.
    pub(super) fn band(&mut self, place: [u64; 5], class: &str) {
        let [.., thick] = place;
        if thick > 0 {
            self.draw(Shape::Band(place), class);
        }
    }

    /// A text; its class is one of the style sheet's.
    pub(super) fn text(&mut self, x: u64, y: u64, anchor: Anchor, class: &str, text: &str) {
        self.draw(Shape::Text(x, y, anchor, text.to_owned()), class);
    }

    /// The picture, with its title.
    pub(super) fn done(self, title: &str) -> Picture {
        Picture { title: title.to_owned(), svg: self }
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, height) = (escaped(&self.title), self.svg.height);
        write!(f, r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">"#)?;
        self.svg.shapes.iter().try_for_each(|(shape, class)| element(shape, class, f))?;
        f.write_str("</svg>")
    }
}

fn element(shape: &Shape, class: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match shape {
        Shape::Rect([x, y, width, height]) => write!(
            f,
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}"/>"#
        ),
        Shape::Line([x1, y1, x2, y2]) => {
            write!(f, r#"<path class="{class}" d="M{x1} {y1}L{x2} {y2}"/>"#)
        }
        Shape::Dot([x, y, radius]) => {
            write!(f, r#"<circle class="{class}" cx="{x}" cy="{y}" r="{radius}"/>"#)
        }
        Shape::Triangle([x, y, radius]) => {
            let (left, right) = (x.saturating_sub(*radius), x + radius);
            let (top, bottom) = (y.saturating_sub(*radius), y + radius);
            write!(f, r#"<path class="{class}" d="M{x} {top}L{right} {bottom}H{left}Z"/>"#)
        }
        Shape::Band([x1, top1, x2, top2, thick]) => {
            let (bottom1, bottom2, half) = (top1 + thick, top2 + thick, u64::midpoint(*x1, *x2));
            write!(
                f,
                r#"<path class="{class}" d="M{x1} {top1}C{half} {top1} {half} {top2} {x2} {top2}V{bottom2}C{half} {bottom2} {half} {bottom1} {x1} {bottom1}Z"/>"#
            )
        }
        Shape::Text(x, y, anchor, text) => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => r#" text-anchor="middle""#,
                Anchor::End => r#" text-anchor="end""#,
            };
            let text = escaped(text);
            write!(f, r#"<text class="{class}" x="{x}" y="{y}"{anchor}>{text}</text>"#)
        }
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
