//! Draw: pages that are made as a file: PDF/A-2a (ISO 19005-2) and PDF/UA-1 (ISO 14289-1), held to both
//! while it is written: what each thing is, a way to every title, the fonts within.

use std::num::{NonZeroU16, NonZeroU32};

use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::{Destination, XyzDestination};
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::{Page, PageSettings};
use krilla::paint::{Fill, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, SpanTag, TableHeaderScope, Tag,
    TagGroup, TagKind, TagTree,
};
use krilla::text::{GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};
use ledger_core::time::Timestamp;

use super::Unprinted;
use super::font::{Fonts, Length};
use super::sheet::{Anchor, Leaf, Mark, Part, Place, SIDE, Sheet, Step, TALL, WIDE};
use super::style::{Color, Style};
use crate::text::numbers;

/// A length in points.
#[expect(clippy::cast_precision_loss, reason = "a page has fewer thousandths than 2^23")]
fn points(length: Length) -> f32 {
    length as f32 / 1000.0
}

/// What a file says of itself.
pub(super) struct Said<'s> {
    pub(super) title: String,
    pub(super) id: &'s str,
    pub(super) tool: &'s str,
    /// When what it stands on came to its end: nothing of the run.
    pub(super) at: Timestamp,
}

/// The file of the pages.
pub(super) fn file(sheet: &Sheet, said: Said<'_>) -> Result<Vec<u8>, Unprinted> {
    let standard = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish();
    let configuration = standard.map_err(|error| Unprinted(format!("{error:?}")))?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    document.set_metadata(metadata(said));
    let mut leaves: Vec<Vec<Identifier>> = vec![Vec::new(); sheet.nodes.len()];
    for leaf in &sheet.leaves {
        let size = PageSettings::from_wh(points(WIDE), points(TALL));
        let size = size.ok_or_else(|| Unprinted("a page has no size".to_owned()))?;
        let mut page = document.start_page_with(size);
        let mut surface = page.surface();
        marks(leaf, sheet, &mut surface, &mut leaves);
        surface.finish();
        ways(leaf, sheet, &mut page, &mut leaves);
        page.finish();
    }
    document.set_outline(outline(&sheet.anchors));
    let mut tree = TagTree::new();
    tree.push(group(0, sheet, &leaves));
    document.set_tag_tree(tree);
    document.finish().map_err(|error| Unprinted(format!("{error}: {error:?}")))
}

/// Nothing of the run: the date is that of the evidence.
fn metadata(said: Said<'_>) -> Metadata {
    let (year, [month, day, hour, minute, second]) = numbers(said.at);
    let date = DateTime::new(year).month(month).day(day).hour(hour).minute(minute).second(second);
    let date = date.utc_offset_hour(0);
    Metadata::new()
        .title(said.title)
        .description(said.id.to_owned())
        .document_id(said.id.to_owned())
        .creator(said.tool.to_owned())
        .language("en".to_owned())
        .creation_date(date)
}

/// What stands on a page. Marks of one part that follow each other are one piece of its content.
fn marks(leaf: &Leaf, sheet: &Sheet, surface: &mut Surface<'_>, leaves: &mut [Vec<Identifier>]) {
    let drawn: Vec<_> =
        leaf.marks.iter().filter(|(_, mark)| !matches!(mark, Mark::Way(..))).collect();
    for alike in drawn.chunk_by(|(one, _), (other, _)| one == other) {
        let place = alike.first().and_then(|(place, _)| *place);
        let words = alike.iter().all(|(_, mark)| matches!(mark, Mark::Words { .. }));
        let tag = match place {
            None => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)),
            Some(_) if words => ContentTag::Span(SpanTag::empty()),
            Some(_) => ContentTag::Other,
        };
        let identifier = surface.start_tagged(tag);
        for (_, mark) in alike {
            draw(mark, sheet, surface);
        }
        surface.end_tagged();
        if let Some(leaves) = place.and_then(|place| leaves.get_mut(place)) {
            leaves.push(identifier);
        }
    }
}

fn draw(mark: &Mark, sheet: &Sheet, surface: &mut Surface<'_>) {
    match mark {
        Mark::Words { x, y, text, style } => words(*x, *y, text, *style, &sheet.fonts, surface),
        Mark::Number { to, y, anchor, style } => {
            let known = sheet.anchors.iter().find(|known| known.id == *anchor);
            let text = known.map(|known| (known.leaf + 1).to_string()).unwrap_or_default();
            let wide = sheet.fonts.width(style.face, style.size, &text);
            words(to - wide, *y, &text, *style, &sheet.fonts, surface);
        }
        Mark::Fill([x, y, width, height], color) => {
            let mut path = PathBuilder::new();
            let rect = Rect::from_xywh(points(*x), points(*y), points(*width), points(*height));
            if let Some(rect) = rect {
                path.push_rect(rect);
            }
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*color)));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Mark::Path { steps, fill: inside, edge, dashed } => {
            let mut path = PathBuilder::new();
            for step in steps {
                match *step {
                    Step::Move([x, y]) => path.move_to(points(x), points(y)),
                    Step::Line([x, y]) => path.line_to(points(x), points(y)),
                    Step::Curve(bend) => {
                        let [x1, y1, x2, y2, x, y] = bend.map(points);
                        path.cubic_to(x1, y1, x2, y2, x, y);
                    }
                    Step::Close => path.close(),
                }
            }
            surface.set_fill(inside.map(fill));
            surface.set_stroke(edge.map(|(color, width)| stroke(color, width, *dashed)));
            if let (Some(path), true) = (path.finish(), inside.is_some() || edge.is_some()) {
                surface.draw_path(&path);
            }
        }
        Mark::Way(..) => {}
    }
}

fn fill([red, green, blue]: Color) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), ..Fill::default() }
}

fn stroke([red, green, blue]: Color, width: Length, dashed: bool) -> Stroke {
    let dash = dashed.then(|| StrokeDash { array: vec![4.0, 2.5], offset: 0.0 });
    let paint = rgb::Color::new(red, green, blue).into();
    Stroke { paint, width: points(width), dash, ..Stroke::default() }
}

fn words(x: Length, y: Length, text: &str, style: Style, fonts: &Fonts, surface: &mut Surface<'_>) {
    let units = points(fonts.units(style.face) * 1000);
    let glyphs: Vec<KrillaGlyph> = text
        .char_indices()
        .filter_map(|(at, char)| {
            let glyph = fonts.glyph(style.face, char)?;
            let advance = f32::from(glyph.advance) / units;
            let range = at..at + char.len_utf8();
            Some(KrillaGlyph::new(GlyphId::new(glyph.id), advance, 0.0, 0.0, 0.0, range, None))
        })
        .collect();
    surface.set_stroke(None);
    surface.set_fill(Some(fill(style.color)));
    let (at, font) = (Point::from_xy(points(x), points(y)), fonts.whole(style.face));
    surface.draw_glyphs(at, &glyphs, font, text, points(style.size), false);
}

/// Ways from a page to anchors, each a part of what it is drawn over.
fn ways(leaf: &Leaf, sheet: &Sheet, page: &mut Page<'_>, leaves: &mut [Vec<Identifier>]) {
    for (place, mark) in &leaf.marks {
        let Mark::Way([x, y, width, height], anchor) = mark else { continue };
        let Some(known) = sheet.anchors.iter().find(|known| known.id == *anchor) else { continue };
        let rect = Rect::from_xywh(points(*x), points(*y), points(*width), points(*height));
        let (Some(rect), Some(place)) = (rect, place) else { continue };
        let target = Target::Destination(Destination::Xyz(there(known)));
        let words = format!("{}, page {}", known.title, known.leaf + 1);
        let way = Annotation::new_link(LinkAnnotation::new(rect, target), Some(words));
        let identifier = page.add_tagged_annotation(way);
        if let Some(leaves) = leaves.get_mut(*place) {
            leaves.insert(0, identifier);
        }
    }
}

fn there(anchor: &Anchor) -> XyzDestination {
    let top = (anchor.y - 10_000).max(0);
    XyzDestination::new(anchor.leaf, Point::from_xy(points(SIDE), points(top)))
}

/// The titles, those of controls below that of their section.
fn outline(anchors: &[Anchor]) -> Outline {
    let mut outline = Outline::new();
    let mut last: Option<OutlineNode> = None;
    for anchor in anchors {
        let node = OutlineNode::new(anchor.title.clone(), there(anchor));
        match &mut last {
            Some(outer) if anchor.level > 2 => outer.push_child(node),
            _ => {
                if let Some(done) = last.replace(node) {
                    outline.push_child(done);
                }
            }
        }
    }
    if let Some(done) = last {
        outline.push_child(done);
    }
    outline
}

/// A part with all that is in it.
fn group(place: Place, sheet: &Sheet, leaves: &[Vec<Identifier>]) -> TagGroup {
    let node = sheet.nodes.get(place);
    let own = leaves.get(place).map(Vec::as_slice).unwrap_or_default();
    let mut group = TagGroup::new(node.map_or(Tag::Section.into(), |node| kind(&node.part)));
    match node.map(|node| &node.part) {
        Some(Part::Item) => {
            let mut body = TagGroup::new(Tag::LBody);
            for leaf in own {
                body.push(*leaf);
            }
            group.push(body);
        }
        Some(Part::Entry) => {
            let mut way = TagGroup::new(Tag::Link);
            for leaf in own {
                way.push(*leaf);
            }
            group.push(way);
        }
        _ => {
            for leaf in own {
                group.push(*leaf);
            }
        }
    }
    for part in node.iter().flat_map(|node| &node.parts) {
        group.push(self::group(*part, sheet, leaves));
    }
    group
}

fn kind(part: &Part) -> TagKind {
    match part {
        Part::Section => Tag::Section.into(),
        Part::Heading(level, words) => {
            let level = NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN);
            Tag::Hn(level, Some(words.clone())).into()
        }
        Part::Paragraph => Tag::P.into(),
        Part::List => Tag::L(ListNumbering::None).into(),
        Part::Item => Tag::LI.into(),
        Part::Table => Tag::Table.into(),
        Part::Head => Tag::THead.into(),
        Part::Body => Tag::TBody.into(),
        Part::Line => Tag::TR.into(),
        Part::Name => Tag::TH(TableHeaderScope::Column).into(),
        Part::Cell => Tag::TD.into(),
        Part::Across(columns) => Tag::TD.with_col_span(NonZeroU32::new(*columns)).into(),
        Part::Picture(words) => Tag::Figure(Some(words.clone())).into(),
        Part::Caption => Tag::Caption.into(),
        Part::Contents => Tag::TOC.into(),
        Part::Entry => Tag::TOCI.into(),
    }
}
