//! The PDF of a page: vectors, and text as text in the bundled fonts, which it carries.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::Result;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish as _, Name, Rect, Ref, Str};

use super::Color;
use super::font::{Face, Glyph};
use super::picture::Picture;
use super::style::{UNITS, Unit};
use super::text::Span;

/// Glyphs are numbered as in the font file.
const IDENTITY: SystemInfo<'_> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};
/// Ends of the curve that comes next to a quarter of a circle, in radii.
const QUARTER: f32 = 0.5523;

/// A PDF on its way, drawn in whole drawing units from the upper left corner.
pub(super) struct Pdf {
    content: Content,
    height: f32,
    /// The letters that are used of each face.
    letters: [BTreeMap<u16, char>; Face::ALL.len()],
    /// Opacities in per cent.
    opacities: Vec<u8>,
    pictures: Vec<Picture>,
}

impl Pdf {
    /// A page of this height in drawing units.
    pub(super) fn new(height: u32) -> Self {
        let mut content = Content::new();
        let unit = (1.0 / UNITS) as f32;
        content.transform([unit, 0.0, 0.0, -unit, 0.0, height as f32 * unit]);
        Self {
            content,
            height: height as f32 * unit,
            letters: Default::default(),
            opacities: Vec::new(),
            pictures: Vec::new(),
        }
    }

    pub(super) fn polyline(&mut self, points: &[Unit], color: Color, width: u32) {
        self.stroke(color, width, |content| path(content, points));
    }

    pub(super) fn polygon(&mut self, points: &[Unit], color: Color) {
        self.fill(color, |content| {
            path(content, points);
            content.close_path();
        });
    }

    pub(super) fn rectangle(&mut self, a: Unit, b: Unit, color: Color) {
        let (w, h) = (b.0 - a.0, b.1 - a.1);
        self.fill(color, |content| {
            content.rect(a.0 as f32, a.1 as f32, w as f32, h as f32);
        });
    }

    pub(super) fn disc(&mut self, center: Unit, radius: u32, color: Color) {
        self.fill(color, |content| circle(content, center, radius));
    }

    pub(super) fn ring(&mut self, center: Unit, radius: u32, color: Color, width: u32) {
        self.stroke(color, width, |content| circle(content, center, radius));
    }

    /// A text whose baseline starts here, to the right or (upright) upwards.
    pub(super) fn text(&mut self, span: &Span, (x, y): Unit, color: Color, upright: bool) {
        let (em, x, y) = ((span.size * UNITS) as f32, x as f32, y as f32);
        let place = match upright {
            false => [em, 0.0, 0.0, -em, x, y],
            true => [0.0, -em, -em, 0.0, x, y],
        };
        let glyphs = span.face.glyphs(&span.text);
        let letters = &mut self.letters[span.face as usize];
        letters.extend(glyphs.iter().map(|glyph| (glyph.id, glyph.letter)));
        self.painted(color, |content| {
            let [r, g, b] = color.parts();
            content.set_fill_rgb(r, g, b);
            content.begin_text();
            content.set_font(Name(font_name(span.face).as_bytes()), 1.0);
            content.set_text_matrix(place);
            show(content, &glyphs);
            content.end_text();
        });
    }

    /// A picture from its upper left corner to its lower right.
    pub(super) fn picture(&mut self, picture: &Picture, a: Unit, b: Unit) {
        let name = picture_name(self.pictures.len());
        self.pictures.push(picture.clone());
        let [x, y, w, h] = [a.0, b.1, b.0 - a.0, b.1 - a.1].map(|n| n as f32);
        self.content.save_state();
        self.content.transform([w, 0.0, 0.0, -h, x, y]);
        self.content.x_object(Name(name.as_bytes()));
        self.content.restore_state();
    }

    /// The whole file, of a page this wide in points.
    pub(super) fn finish(self, width: f64) -> Result<Vec<u8>> {
        let mut pdf = pdf_writer::Pdf::new();
        let mut next = Ref::new(1);
        let [catalog, pages, page, content] = std::array::from_fn(|_| next.bump());
        let faces = Face::ALL.into_iter();
        let faces = faces.filter(|face| !self.letters[*face as usize].is_empty());
        let faces: Vec<(Face, [Ref; 5])> = faces
            .map(|face| (face, std::array::from_fn(|_| next.bump())))
            .collect();
        let states: Vec<(u8, Ref)> = self
            .opacities
            .iter()
            .map(|percent| (*percent, next.bump()))
            .collect();
        let pictures: Vec<(&Picture, Ref)> = self
            .pictures
            .iter()
            .map(|picture| (picture, next.bump()))
            .collect();
        pdf.catalog(catalog).pages(pages);
        pdf.pages(pages).kids([page]).count(1);
        let mut leaf = pdf.page(page);
        leaf.media_box(Rect::new(0.0, 0.0, width as f32, self.height));
        leaf.parent(pages);
        leaf.contents(content);
        let mut resources = leaf.resources();
        let mut fonts = resources.fonts();
        for (face, refs) in &faces {
            fonts.pair(Name(font_name(*face).as_bytes()), refs[0]);
        }
        fonts.finish();
        let mut all = resources.ext_g_states();
        for (percent, state) in &states {
            all.pair(Name(state_name(*percent).as_bytes()), *state);
        }
        all.finish();
        let mut all = resources.x_objects();
        for (i, (_, picture)) in pictures.iter().enumerate() {
            all.pair(Name(picture_name(i).as_bytes()), *picture);
        }
        all.finish();
        resources.finish();
        leaf.finish();
        let drawn = deflated(&self.content.finish())?;
        pdf.stream(content, &drawn).filter(Filter::FlateDecode);
        for (percent, state) in states {
            let opacity = f32::from(percent) / 100.0;
            let mut state = pdf.ext_graphics(state);
            state.stroking_alpha(opacity).non_stroking_alpha(opacity);
        }
        for (picture, at) in pictures {
            let levels = deflated(&picture.levels)?;
            let mut image = pdf.image_xobject(at, &levels);
            image.filter(Filter::FlateDecode);
            image.width(picture.width as i32);
            image.height(picture.height() as i32);
            image.color_space().device_gray();
            image.bits_per_component(8);
        }
        for (face, refs) in faces {
            embed(&mut pdf, face, refs, &self.letters[face as usize])?;
        }
        Ok(pdf.finish())
    }

    fn fill(&mut self, color: Color, path: impl FnOnce(&mut Content)) {
        self.painted(color, |content| {
            let [r, g, b] = color.parts();
            content.set_fill_rgb(r, g, b);
            path(content);
            content.fill_nonzero();
        });
    }

    fn stroke(&mut self, color: Color, width: u32, path: impl FnOnce(&mut Content)) {
        self.painted(color, |content| {
            let [r, g, b] = color.parts();
            content.set_stroke_rgb(r, g, b);
            content.set_line_width(width as f32);
            path(content);
            content.stroke();
        });
    }

    /// Draws with the opacity of a colour.
    fn painted(&mut self, color: Color, draw: impl FnOnce(&mut Content)) {
        if color.is_opaque() {
            return draw(&mut self.content);
        }
        let percent = (100.0 * color.alpha()).round() as u8;
        if !self.opacities.contains(&percent) {
            self.opacities.push(percent);
        }
        self.content.save_state();
        self.content
            .set_parameters(Name(state_name(percent).as_bytes()));
        draw(&mut self.content);
        self.content.restore_state();
    }
}

fn font_name(face: Face) -> String {
    format!("F{}", face as usize)
}

fn state_name(percent: u8) -> String {
    format!("O{percent}")
}

fn picture_name(i: usize) -> String {
    format!("P{i}")
}

fn path(content: &mut Content, points: &[Unit]) {
    for (i, &(x, y)) in points.iter().enumerate() {
        match i {
            0 => content.move_to(x as f32, y as f32),
            _ => content.line_to(x as f32, y as f32),
        };
    }
}

fn circle(content: &mut Content, (x, y): Unit, radius: u32) {
    let (x, y, r) = (x as f32, y as f32, radius as f32);
    let k = QUARTER * r;
    content.move_to(x + r, y);
    content.cubic_to(x + r, y + k, x + k, y + r, x, y + r);
    content.cubic_to(x - k, y + r, x - r, y + k, x - r, y);
    content.cubic_to(x - r, y - k, x - k, y - r, x, y - r);
    content.cubic_to(x + k, y - r, x + r, y - k, x + r, y);
    content.close_path();
}

/// Shows glyphs where they stand, in a font of size 1.
fn show(content: &mut Content, glyphs: &[Glyph]) {
    let mut end = 0.0;
    for line in glyphs.chunk_by(|a, b| a.y == b.y) {
        content.set_rise(line[0].y);
        let mut positioned = content.show_positioned();
        let mut items = positioned.items();
        for glyph in line {
            let gap = glyph.x - end;
            if gap.abs() > 1e-4 {
                items.adjust(-1000.0 * gap);
            }
            items.show(Str(&glyph.id.to_be_bytes()));
            end = glyph.x + glyph.advance;
        }
    }
    content.set_rise(0.0);
}

/// Puts a font file into the PDF, with what is said of it; `letters` makes its text readable for programs.
fn embed(
    pdf: &mut pdf_writer::Pdf,
    face: Face,
    [font, glyphs, about, file, unicode]: [Ref; 5],
    letters: &BTreeMap<u16, char>,
) -> Result<()> {
    let name = face.postscript_name();
    let name = Name(name.as_bytes());
    let mut whole = pdf.type0_font(font);
    whole.base_font(name);
    whole.encoding_predefined(Name(b"Identity-H"));
    whole.descendant_font(glyphs).to_unicode(unicode);
    whole.finish();
    let mut cid = pdf.cid_font(glyphs);
    cid.subtype(CidFontType::Type2).base_font(name);
    cid.system_info(IDENTITY).font_descriptor(about);
    cid.cid_to_gid_map_predefined(Name(b"Identity"));
    let widths = face.advances().into_iter().map(|advance| 1000.0 * advance);
    cid.widths().consecutive(0, widths);
    cid.finish();
    let metrics = face.metrics();
    let [left, bottom, right, top] = metrics.bounds.map(|x| 1000.0 * x);
    let mut descriptor = pdf.font_descriptor(about);
    descriptor.name(name).flags(FontFlags::SYMBOLIC);
    descriptor.bbox(Rect::new(left, bottom, right, top));
    descriptor.italic_angle(metrics.slant);
    descriptor.ascent(1000.0 * metrics.ascent);
    descriptor.descent(1000.0 * metrics.descent);
    descriptor.cap_height(1000.0 * metrics.capitals);
    descriptor.stem_v(80.0).font_file2(file);
    descriptor.finish();
    let bytes = deflated(face.bytes())?;
    let mut stream = pdf.stream(file, &bytes);
    stream.filter(Filter::FlateDecode);
    stream.pair(Name(b"Length1"), face.bytes().len() as i32);
    stream.finish();
    let mut map = UnicodeCmap::<u16>::new(Name(b"Letters"), IDENTITY);
    for (glyph, letter) in letters {
        map.pair(*glyph, *letter);
    }
    let map = deflated(&map.finish())?;
    let mut stream = pdf.cmap(unicode, &map);
    stream.filter(Filter::FlateDecode);
    Ok(())
}

fn deflated(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
