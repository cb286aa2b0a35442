//! Picture: a chart on paper, from the same shapes as on a screen.

use super::font::{Length, POINT};
use super::sheet::{Mark, Part, SIDE, Sheet, Step};
use super::style::{BAR, Color, FAIL, INK, LINE, MUTE, Style, WASH, ground, of_state};
use crate::chart::{Anchor, Picture, Shape, Svg, WIDTH};

/// How a class of shapes is drawn.
#[derive(Default)]
struct Look {
    fill: Option<Color>,
    edge: Option<(Color, u64)>,
    dashed: bool,
    hatched: bool,
}

const TINTS: [(&str, Color); 15] = [
    ("k0", [0x9d, 0xb7, 0xd1]),
    ("k1", [0x3b, 0x5b, 0x7a]),
    ("k2", [0xb8, 0x65, 0x1b]),
    ("k3", [0xc3, 0xca, 0xd1]),
    ("a0", [0xd4, 0xdd, 0xe6]),
    ("a1", [0xa3, 0xb6, 0xc9]),
    ("a2", [0x5d, 0x78, 0x94]),
    ("a3", [0x2b, 0x4a, 0x68]),
    ("q1", [0xd4, 0xdd, 0xe6]),
    ("q2", [0xa3, 0xb6, 0xc9]),
    ("q3", [0x2b, 0x4a, 0x68]),
    ("w0", [0xa3, 0xb6, 0xc9]),
    ("w1", [0x9d, 0xb7, 0xd1]),
    ("w2", [0x3b, 0x5b, 0x7a]),
    ("w3", [0xb8, 0x65, 0x1b]),
];

/// The picture from a left edge on, so wide, of the part that is open.
pub(super) fn draw(sheet: &mut Sheet, picture: &Picture, left: Length, width: Length) {
    let scale = Scale { left, top: sheet.y, width };
    let place = sheet.begin(Part::Picture(picture.title.clone()));
    for (shape, class) in &picture.svg.shapes {
        if let Shape::Text(x, y, anchor, text) = shape {
            words(sheet, &scale, place, (*x, *y, *anchor), class, text);
            continue;
        }
        let look = look(class);
        let edge = look.edge.map(|(color, thick)| (color, scale.long(thick).max(POINT / 4)));
        let steps = steps(shape, &scale);
        let dashed = look.dashed;
        sheet.mark(Some(place), Mark::Path { steps, fill: look.fill, edge, dashed });
        if let (true, Shape::Rect(rect)) = (look.hatched, shape) {
            let (steps, edge) = (hatch(*rect, &scale), Some((MUTE, scale.long(14))));
            sheet.mark(Some(place), Mark::Path { steps, fill: None, edge, dashed: false });
        }
    }
    sheet.end();
    sheet.y += height(picture, width);
}

/// How tall a picture of a width is.
pub(super) fn height(picture: &Picture, width: Length) -> Length {
    Scale { left: 0, top: 0, width }.long(picture.svg.height)
}

/// The picture in parts of a height in its own lengths at most, cut where nothing is drawn; a part is
/// taller where there is no such place.
pub(super) fn parts(picture: &Picture, most: u64) -> Vec<Picture> {
    let mut order: Vec<(u64, u64, usize)> = Vec::new();
    for (at, (shape, class)) in picture.svg.shapes.iter().enumerate() {
        let (top, foot) = extent(shape);
        // a label stands above what it names
        let foot = if class == "l" { foot + 105 } else { foot };
        order.push((top, foot, at));
    }
    order.sort_unstable();
    // what overlaps stays together
    let mut rows: Vec<(u64, u64, Vec<usize>)> = Vec::new();
    for (top, foot, at) in order {
        match rows.last_mut().filter(|row| top < row.1) {
            Some(row) => {
                row.1 = row.1.max(foot);
                row.2.push(at);
            }
            None => rows.push((top, foot, vec![at])),
        }
    }
    let mut parts: Vec<(u64, Svg)> = Vec::new();
    for (top, foot, shapes) in rows {
        if parts.last().is_none_or(|(from, _)| foot - from > most) {
            parts.push((top, Svg { shapes: Vec::new(), height: 0 }));
        }
        let Some((from, part)) = parts.last_mut() else { continue };
        part.height = foot - *from;
        let mut own: Vec<usize> = shapes;
        own.sort_unstable();
        let known = own.iter().filter_map(|at| picture.svg.shapes.get(*at));
        part.shapes.extend(known.map(|(shape, class)| (raised(shape, *from), class.clone())));
    }
    let count = parts.len();
    let title = |at: usize| match count {
        1 => picture.title.clone(),
        _ => format!("{}, part {} of {count}", picture.title, at + 1),
    };
    let parts = parts.into_iter().enumerate();
    parts.map(|(at, (_, svg))| Picture { title: title(at), svg }).collect()
}

/// From where to where a shape reaches.
fn extent(shape: &Shape) -> (u64, u64) {
    match shape {
        Shape::Rect([_, y, _, height]) => (*y, y + height),
        Shape::Line([_, y1, _, y2]) => (*y1.min(y2), y1.max(y2) + 10),
        Shape::Dot([_, y, radius]) | Shape::Triangle([_, y, radius]) => {
            (y.saturating_sub(*radius), y + radius)
        }
        Shape::Band([_, top1, _, top2, thick]) => (*top1.min(top2), top1.max(top2) + thick),
        Shape::Text(_, y, ..) => (y.saturating_sub(100), y + 25),
    }
}

/// The shape so much further up.
fn raised(shape: &Shape, by: u64) -> Shape {
    let up = |y: u64| y.saturating_sub(by);
    match shape.clone() {
        Shape::Rect([x, y, width, height]) => Shape::Rect([x, up(y), width, height]),
        Shape::Line([x1, y1, x2, y2]) => Shape::Line([x1, up(y1), x2, up(y2)]),
        Shape::Dot([x, y, radius]) => Shape::Dot([x, up(y), radius]),
        Shape::Triangle([x, y, radius]) => Shape::Triangle([x, up(y), radius]),
        Shape::Band([x1, top1, x2, top2, thick]) => {
            Shape::Band([x1, up(top1), x2, up(top2), thick])
        }
        Shape::Text(x, y, anchor, text) => Shape::Text(x, up(y), anchor, text),
    }
}

/// From lengths of a picture to lengths on paper.
struct Scale {
    left: Length,
    top: Length,
    width: Length,
}

impl Scale {
    fn long(&self, length: u64) -> Length {
        let length = u128::from(length) * u128::from(self.width.unsigned_abs()) / u128::from(WIDTH);
        Length::try_from(length).unwrap_or(Length::MAX)
    }

    fn at(&self, x: u64, y: u64) -> [Length; 2] {
        [SIDE + self.left + self.long(x), self.top + self.long(y)]
    }
}

fn words(
    sheet: &mut Sheet,
    scale: &Scale,
    place: usize,
    (x, y, anchor): (u64, u64, Anchor),
    class: &str,
    text: &str,
) {
    let tenths = if class.split(' ').any(|word| word == "d") { 98 } else { 105 };
    let plain = Style { size: scale.long(tenths), ..Style::plain(0) };
    let mut style = plain;
    for word in class.split(' ') {
        style = match word {
            "m" | "d" => style.colored(MUTE),
            "on2" | "on3" | "on-q3" => style.colored([0xff; 3]),
            "on0" | "on1" | "on-q1" | "on-q2" => style.colored(INK),
            word => match word.strip_prefix("f-") {
                Some(state) => style.colored(of_state(state)),
                None => style,
            },
        };
    }
    let text = sheet.fonts.shown(style.face, &crate::text::visible(text));
    let wide = sheet.fonts.width(style.face, style.size, &text);
    let [x, y] = scale.at(x, y);
    let x = match anchor {
        Anchor::Start => x,
        Anchor::Middle => x - wide / 2,
        Anchor::End => x - wide,
    };
    sheet.mark(Some(place), Mark::Words { x, y, text: text + " ", style });
}

fn look(class: &str) -> Look {
    let mut look = Look::default();
    for word in class.split(' ') {
        match word {
            "bar" | "dot" => look.fill = Some(BAR),
            "frame" => (look.fill, look.edge) = (Some(WASH), Some((LINE, 6))),
            "hatch" => look.hatched = true,
            "axis" => look.edge = Some((MUTE, 10)),
            "thin" => look.edge = Some((BAR, 12)),
            "thick" => look.edge = Some((soft(BAR, 55), 45)),
            "limit" => (look.edge, look.dashed) = (Some((INK, 18)), true),
            "late" => look.fill = Some(FAIL),
            "soft" => look.fill = look.fill.map(|color| soft(color, 40)),
            word => {
                let tint = TINTS.iter().find(|(name, _)| *name == word);
                look.fill = tint.map(|(_, color)| *color).or(look.fill);
                if let Some(state) = word.strip_prefix("b-") {
                    (look.fill, look.edge) = (Some(ground(state)), Some((of_state(state), 6)));
                }
            }
        }
    }
    look
}

/// A colour in so many hundredths, on white.
fn soft(color: Color, parts: u16) -> Color {
    color.map(|tone| {
        let mixed = (u16::from(tone) * parts + 255 * (100 - parts)) / 100;
        u8::try_from(mixed).unwrap_or(u8::MAX)
    })
}

fn steps(shape: &Shape, scale: &Scale) -> Vec<Step> {
    match shape {
        Shape::Rect([x, y, width, height]) => vec![
            Step::Move(scale.at(*x, *y)),
            Step::Line(scale.at(x + width, *y)),
            Step::Line(scale.at(x + width, y + height)),
            Step::Line(scale.at(*x, y + height)),
            Step::Close,
        ],
        Shape::Line([x1, y1, x2, y2]) => {
            vec![Step::Move(scale.at(*x1, *y1)), Step::Line(scale.at(*x2, *y2))]
        }
        Shape::Dot([x, y, radius]) => circle(scale.at(*x, *y), scale.long(*radius)),
        Shape::Triangle([x, y, radius]) => vec![
            Step::Move(scale.at(*x, y.saturating_sub(*radius))),
            Step::Line(scale.at(x + radius, y + radius)),
            Step::Line(scale.at(x.saturating_sub(*radius), y + radius)),
            Step::Close,
        ],
        Shape::Band([x1, top1, x2, top2, thick]) => {
            let half = u64::midpoint(*x1, *x2);
            let bend = |from: u64, to: u64, end: u64| {
                let ([a, b], [c, d], [e, f]) =
                    (scale.at(half, from), scale.at(half, to), scale.at(end, to));
                Step::Curve([a, b, c, d, e, f])
            };
            vec![
                Step::Move(scale.at(*x1, *top1)),
                bend(*top1, *top2, *x2),
                Step::Line(scale.at(*x2, top2 + thick)),
                bend(top2 + thick, top1 + thick, *x1),
                Step::Close,
            ]
        }
        Shape::Text(..) => Vec::new(),
    }
}

/// Four bends, each a quarter of a circle to a thousandth of its radius.
fn circle([x, y]: [Length; 2], radius: Length) -> Vec<Step> {
    let bend = radius * 552 / 1000;
    vec![
        Step::Move([x + radius, y]),
        Step::Curve([x + radius, y + bend, x + bend, y + radius, x, y + radius]),
        Step::Curve([x - bend, y + radius, x - radius, y + bend, x - radius, y]),
        Step::Curve([x - radius, y - bend, x - bend, y - radius, x, y - radius]),
        Step::Curve([x + bend, y - radius, x + radius, y - bend, x + radius, y]),
        Step::Close,
    ]
}

/// Lines across a rectangle, from its left foot to its right top.
fn hatch([x, y, width, height]: [u64; 4], scale: &Scale) -> Vec<Step> {
    let mut steps = Vec::new();
    for from in (0..width + height).step_by(55).skip(1) {
        // each line has one sum of what is left of it and above it
        let (left, right) = (from.saturating_sub(height), from.min(width));
        steps.push(Step::Move(scale.at(x + left, y + from - left)));
        steps.push(Step::Line(scale.at(x + right, y + from - right)));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_hatch_stay_within() {
        let scale = Scale { left: 0, top: 0, width: 3600 };
        for rect in [[100, 50, 130, 130], [0, 0, 3600, 90], [7, 7, 1, 500]] {
            let [x, y, width, height] = rect.map(|known| Length::try_from(known).unwrap());
            for step in hatch(rect, &scale) {
                let (Step::Move([left, top]) | Step::Line([left, top])) = step else { panic!() };
                let left = left - SIDE;
                assert!(left >= x && left <= x + width && top >= y && top <= y + height);
            }
        }
        assert_eq!(soft([0, 100, 255], 40), [153, 193, 255]);
    }

    #[test]
    fn a_tall_picture_is_cut_between_its_rows() {
        let row = |at: u64| {
            let text = Shape::Text(0, at * 300 + 110, Anchor::Start, format!("row {at}"));
            [(text, "l".to_owned()), (Shape::Rect([0, at * 300 + 150, 90, 90]), "bar".to_owned())]
        };
        let svg = Svg { shapes: (0..10).flat_map(row).collect(), height: 3000 };
        let whole = Picture { title: "rows".to_owned(), svg };
        let parts = parts(&whole, 1500);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].svg.shapes.len() + parts[1].svg.shapes.len(), 20);
        assert!(parts.iter().all(|part| part.svg.height <= 1500));
        assert!(
            matches!(&parts[1].svg.shapes[0].0, Shape::Text(0, 100, _, text) if text == "row 5")
        );
        assert_eq!(super::parts(&whole, 9000).len(), 1);
    }
}
