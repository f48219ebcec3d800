//! The bundled fonts: widths of texts, and their outlines for the bitmap.

use std::sync::OnceLock;

use tiny_skia::{Path, PathBuilder};
use ttf_parser::gpos::{PairAdjustment, PositioningSubtable};
use ttf_parser::{GlyphId, OutlineBuilder};

/// The three bundled faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Face {
    Regular,
    Italic,
    Bold,
}

type Font = ttf_parser::Face<'static>;

impl Face {
    pub(super) const ALL: [Self; 3] = [Self::Regular, Self::Italic, Self::Bold];

    /// The font file.
    pub(super) fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../../assets/DejaVuSansCondensed.ttf"),
            Self::Italic => include_bytes!("../../assets/DejaVuSansCondensed-Oblique.ttf"),
            Self::Bold => include_bytes!("../../assets/DejaVuSansCondensed-Bold.ttf"),
        }
    }

    fn font(self) -> &'static Font {
        static FONTS: OnceLock<[Font; 3]> = OnceLock::new();
        let read = |face: Face| {
            Font::parse(face.bytes(), 0)
                .unwrap_or_else(|_| unreachable!("the bundled font is a font"))
        };
        &FONTS.get_or_init(|| Self::ALL.map(read))[self as usize]
    }

    /// Width of a text at this size. Kerning is left out: not every viewer of an SVG applies it.
    pub(super) fn width(self, text: &str, size: f64) -> f64 {
        let font = self.font();
        let advance = |c: char| f64::from(advance(font, glyph(font, c)));
        let letters = text.chars().filter(|&c| !is_mark(c));
        letters.map(advance).sum::<f64>() / f64::from(font.units_per_em()) * size
    }

    /// Outline of a text that starts at the origin, x to the right and y upwards, in ems; nothing if it
    /// leaves no ink.
    pub(super) fn outline(self, text: &str) -> Option<Path> {
        let font = self.font();
        let mut outline = Outline {
            path: PathBuilder::new(),
            origin: (0.0, 0.0),
            em: f32::from(font.units_per_em()),
        };
        for glyph in self.glyphs(text) {
            outline.origin = (glyph.x, glyph.y);
            font.outline_glyph(GlyphId(glyph.id), &mut outline);
        }
        outline.path.finish()
    }

    /// The glyphs of a text that starts at the origin.
    pub(super) fn glyphs(self, text: &str) -> Vec<Glyph> {
        let font = self.font();
        let em = f32::from(font.units_per_em());
        let mut end = 0.0;
        let mut base: Option<(GlyphId, f32)> = None;
        let mut glyphs = Vec::new();
        for letter in text.chars() {
            let id = glyph(font, letter);
            let (x, y) = match base.filter(|_| is_mark(letter)) {
                Some((base, at)) => {
                    let (dx, dy) = attachment(font, base, id).unwrap_or_default();
                    (at + dx, dy)
                }
                None => {
                    let moved = base.and_then(|(left, _)| kerning(font, left, id));
                    end += moved.unwrap_or(0.0);
                    let x = end;
                    base = Some((id, x));
                    end += f32::from(advance(font, id));
                    (x, 0.0)
                }
            };
            glyphs.push(Glyph {
                letter,
                id: id.0,
                x: x / em,
                y: y / em,
                advance: f32::from(advance(font, id)) / em,
            });
        }
        glyphs
    }

    /// The name by which a PDF calls it.
    pub(super) fn postscript_name(self) -> &'static str {
        match self {
            Self::Regular => "DejaVuSansCondensed",
            Self::Italic => "DejaVuSansCondensed-Oblique",
            Self::Bold => "DejaVuSansCondensed-Bold",
        }
    }

    /// Widths of all its glyphs, in ems.
    pub(super) fn advances(self) -> Vec<f32> {
        let font = self.font();
        let em = f32::from(font.units_per_em());
        let ids = (0..font.number_of_glyphs()).map(GlyphId);
        ids.map(|id| f32::from(advance(font, id)) / em).collect()
    }

    /// What a PDF says of it.
    pub(super) fn metrics(self) -> Metrics {
        let font = self.font();
        let em = f32::from(font.units_per_em());
        let bounds = font.global_bounding_box();
        let bounds = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max];
        Metrics {
            bounds: bounds.map(|x| f32::from(x) / em),
            ascent: f32::from(font.ascender()) / em,
            descent: f32::from(font.descender()) / em,
            capitals: f32::from(font.capital_height().unwrap_or(font.ascender())) / em,
            slant: font.italic_angle(),
        }
    }
}

/// A letter where it stands, in ems.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Glyph {
    pub(super) letter: char,
    pub(super) id: u16,
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) advance: f32,
}

/// Measures of a face: in ems, and in degrees.
pub(super) struct Metrics {
    /// Left, lower, right and upper end of all its glyphs.
    pub(super) bounds: [f32; 4],
    pub(super) ascent: f32,
    pub(super) descent: f32,
    pub(super) capitals: f32,
    pub(super) slant: f32,
}

/// Combining marks sit on the letter before them.
fn is_mark(c: char) -> bool {
    ('\u{300}'..'\u{370}').contains(&c)
}

/// The letter's glyph; glyph 0 shows that the font has none.
fn glyph(font: &Font, c: char) -> GlyphId {
    font.glyph_index(c).unwrap_or(GlyphId(0))
}

fn advance(font: &Font, glyph: GlyphId) -> u16 {
    font.glyph_hor_advance(glyph).unwrap_or(0)
}

fn positioning(font: &Font) -> impl Iterator<Item = PositioningSubtable<'static>> {
    let lookups = font
        .tables()
        .gpos
        .into_iter()
        .flat_map(|table| table.lookups);
    lookups.flat_map(|lookup| lookup.subtables.into_iter())
}

/// How far a letter moves towards the one on its left.
fn kerning(font: &Font, left: GlyphId, right: GlyphId) -> Option<f32> {
    positioning(font).find_map(|table| {
        let PositioningSubtable::Pair(pair) = table else {
            return None;
        };
        let index = pair.coverage().get(left)?;
        let (value, _) = match pair {
            PairAdjustment::Format1 { sets, .. } => sets.get(index)?.get(right)?,
            PairAdjustment::Format2 {
                classes, matrix, ..
            } => matrix.get((classes.0.get(left), classes.1.get(right)))?,
        };
        Some(f32::from(value.x_advance))
    })
}

/// Where a mark stands, from the origin of the letter that carries it.
fn attachment(font: &Font, base: GlyphId, mark: GlyphId) -> Option<(f32, f32)> {
    positioning(font).find_map(|table| {
        let PositioningSubtable::MarkToBase(table) = table else {
            return None;
        };
        let (class, on_mark) = table.marks.get(table.mark_coverage.get(mark)?)?;
        let on_base = table.anchors.get(table.base_coverage.get(base)?, class)?;
        let distance = |to: i16, from: i16| f32::from(to) - f32::from(from);
        Some((
            distance(on_base.x, on_mark.x),
            distance(on_base.y, on_mark.y),
        ))
    })
}

/// Collects the outlines of glyphs, each moved to its origin, in ems.
struct Outline {
    path: PathBuilder,
    origin: (f32, f32),
    em: f32,
}

impl Outline {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.origin.0 + x / self.em, self.origin.1 + y / self.em)
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Left and right, lower and upper end of a text's ink, in ems.
    fn ink(text: &str) -> [f32; 4] {
        let bounds = Face::Regular.outline(text).unwrap().bounds();
        [bounds.left(), bounds.right(), bounds.top(), bounds.bottom()]
    }

    #[test]
    fn a_combining_mark_takes_no_width_and_stands_on_its_letter() {
        let width = |text| Face::Regular.width(text, 10.0);
        assert_eq!(width("u\u{307}"), width("u"));
        let ([left, right, _, top], dotted) = (ink("u"), ink("u\u{307}"));
        assert_eq!(dotted[..2], [left, right]);
        assert!(dotted[3] > top + 0.1);
    }

    #[test]
    fn letters_are_kerned() {
        let gap = |pair: &str| {
            let mut letters = pair.chars().map(String::from);
            let (first, second) = (letters.next().unwrap(), letters.next().unwrap());
            ink(pair)[1] - ink(&second)[1] - Face::Regular.width(&first, 1.0) as f32
        };
        assert!(gap("Yo") < -0.05, "{}", gap("Yo"));
        assert!(gap("nn").abs() < 1e-6);
    }

    #[test]
    fn spaces_leave_no_ink() {
        assert!(Face::Bold.outline("  ").is_none());
    }
}
