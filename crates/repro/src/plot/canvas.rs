//! What is drawn on: every line, filling and text goes into the SVG, through plotters, and into the
//! bitmap of the PNG, so the two never differ.

use anyhow::Result;
use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, ShapeStyle, TextStyle,
};

use super::Color;
use super::area::Point;
use super::bitmap::Bitmap;
use super::font::Face;
use super::style::{UNITS, Unit};
use super::text::{FAMILY, Span};

pub(super) type Drawn = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// A page to draw on; places and lengths are in points.
pub(super) struct Canvas<'a> {
    svg: SVGBackend<'a>,
    bitmap: Bitmap,
}

impl<'a> Canvas<'a> {
    /// A white page of this size. The SVG goes into `svg`.
    pub(super) fn new(svg: &'a mut String, width: f64, height: f64) -> Result<Self> {
        let size = ((width * UNITS) as u32, (height * UNITS) as u32);
        Ok(Self {
            svg: SVGBackend::with_string(svg, size),
            bitmap: Bitmap::new(size)?,
        })
    }

    pub(super) fn polyline(&mut self, points: &[Point], color: Color, width: f64) -> Drawn {
        let points: Vec<Unit> = points.iter().map(|&p| place(p)).collect();
        let style = outlined(color, width);
        self.bitmap.polyline(&points, color, style.stroke_width);
        Ok(self.svg.draw_path(points, &style)?)
    }

    pub(super) fn polygon(&mut self, points: &[Point], color: Color) -> Drawn {
        let points: Vec<Unit> = points.iter().map(|&p| place(p)).collect();
        self.bitmap.polygon(&points, color);
        Ok(self.svg.fill_polygon(points, &ink(color))?)
    }

    /// A filled rectangle from its upper left corner to its lower right.
    pub(super) fn rectangle(&mut self, a: Point, b: Point, color: Color) -> Drawn {
        let (a, b) = (place(a), place(b));
        self.bitmap.rectangle(a, b, color);
        Ok(self.svg.draw_rect(a, b, &filled(color), true)?)
    }

    pub(super) fn disc(&mut self, center: Point, radius: f64, color: Color) -> Drawn {
        let (center, radius) = (place(center), (radius * UNITS) as u32);
        self.bitmap.disc(center, radius, color);
        Ok(self.svg.draw_circle(center, radius, &filled(color), true)?)
    }

    pub(super) fn ring(&mut self, center: Point, radius: f64, color: Color, width: f64) -> Drawn {
        let (center, radius) = (place(center), (radius * UNITS) as u32);
        let style = outlined(color, width);
        self.bitmap.ring(center, radius, color, style.stroke_width);
        Ok(self.svg.draw_circle(center, radius, &style, false)?)
    }

    /// A text whose baseline starts here, to the right or (upright) upwards.
    pub(super) fn text(&mut self, span: &Span, start: Point, color: Color, upright: bool) -> Drawn {
        self.bitmap.text(span, place(start), color, upright);
        // Plotters centres text 0.5 ex below the point; the fonts' x-height is 0.547 em.
        let below = 0.27 * span.size;
        let middle = match upright {
            false => (start.0, start.1 - below),
            true => (start.0 - below, start.1),
        };
        let style = match span.face {
            Face::Regular => FontStyle::Normal,
            Face::Italic => FontStyle::Oblique,
            Face::Bold => FontStyle::Bold,
        };
        // Plotters divides sizes by 1.24 on their way into an SVG.
        let font = FontDesc::new(FontFamily::Name(FAMILY), span.size * UNITS * 1.24, style);
        let font = match upright {
            false => font,
            true => font.transform(FontTransform::Rotate270),
        };
        let ink = ink(color);
        let style = TextStyle::from(font)
            .color(&ink)
            .pos(Pos::new(HPos::Left, VPos::Center));
        Ok(self.svg.draw_text(&span.text, &style, place(middle))?)
    }

    /// Completes the SVG and returns the PNG.
    pub(super) fn finish(mut self) -> Result<Vec<u8>> {
        self.svg.present()?;
        self.bitmap.png()
    }
}

fn place((x, y): Point) -> Unit {
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

fn ink(color: Color) -> RGBAColor {
    color.plotters()
}

fn filled(color: Color) -> ShapeStyle {
    ShapeStyle {
        color: ink(color),
        filled: true,
        stroke_width: 0,
    }
}

fn outlined(color: Color, width: f64) -> ShapeStyle {
    ShapeStyle {
        color: ink(color),
        filled: false,
        stroke_width: (width * UNITS).round() as u32,
    }
}
