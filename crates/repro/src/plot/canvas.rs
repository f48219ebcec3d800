//! What is drawn on: places and lengths in points become plotters' calls, in whole drawing units.

use anyhow::Result;
use plotters::style::{
    FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, ShapeStyle, TextStyle,
};
use plotters_backend::{DrawingBackend as _, DrawingErrorKind};

use super::Color;
use super::area::Point;
use super::bitmap::Bitmap;
use super::font::Face;
use super::ink::Ink;
use super::pdf::Pdf;
use super::picture::Picture;
use super::style::{UNITS, Unit};
use super::svg::Svg;
use super::text::{FAMILY, Span};

/// A page as files.
pub struct Files {
    /// The SVG.
    pub svg: String,
    /// The PNG.
    pub png: Vec<u8>,
    /// The PDF.
    pub pdf: Vec<u8>,
}

/// A page to draw on.
pub(super) struct Canvas {
    width: f64,
    height: f64,
    ink: Ink,
}

impl Canvas {
    /// A white page of this size.
    pub(super) fn new(width: f64, height: f64) -> Result<Self> {
        let size = ((width * UNITS) as u32, (height * UNITS) as u32);
        Ok(Self {
            width,
            height,
            ink: Ink {
                svg: Svg::default(),
                bitmap: Bitmap::new(size)?,
                pdf: Pdf::new(size.1),
                size,
            },
        })
    }

    pub(super) fn polyline(&mut self, points: &[Point], color: Color, width: f64) {
        let style = outlined(color, width);
        done(self.ink.draw_path(places(points), &style));
    }

    pub(super) fn polygon(&mut self, points: &[Point], color: Color) {
        done(self.ink.fill_polygon(places(points), &filled(color)));
    }

    /// A filled rectangle from its upper left corner to its lower right.
    pub(super) fn rectangle(&mut self, a: Point, b: Point, color: Color) {
        done(self.ink.draw_rect(place(a), place(b), &filled(color), true));
    }

    pub(super) fn disc(&mut self, center: Point, radius: f64, color: Color) {
        let radius = (radius * UNITS) as u32;
        done(
            self.ink
                .draw_circle(place(center), radius, &filled(color), true),
        );
    }

    pub(super) fn ring(&mut self, center: Point, radius: f64, color: Color, width: f64) {
        let (radius, style) = ((radius * UNITS) as u32, outlined(color, width));
        done(self.ink.draw_circle(place(center), radius, &style, false));
    }

    /// A text whose baseline starts here, to the right or (upright) upwards.
    pub(super) fn text(&mut self, span: &Span, start: Point, color: Color, upright: bool) {
        let style = match span.face {
            Face::Regular => FontStyle::Normal,
            Face::Italic => FontStyle::Oblique,
            Face::Bold => FontStyle::Bold,
        };
        let font = FontDesc::new(FontFamily::Name(FAMILY), span.size * UNITS, style);
        let font = match upright {
            false => font,
            true => font.transform(FontTransform::Rotate270),
        };
        let ink = ink(color);
        let style = TextStyle::from(font).color(&ink);
        done(self.ink.draw_text(&span.text, &style, place(start)));
    }

    /// A picture from its upper left corner to its lower right.
    pub(super) fn picture(&mut self, picture: &Picture, a: Point, b: Point) -> Result<()> {
        let (a, b) = (place(a), place(b));
        self.ink.svg.picture(picture, a, b, &picture.png()?);
        self.ink.bitmap.picture(picture, a, b);
        self.ink.pdf.picture(picture, a, b);
        Ok(())
    }

    /// Begins a group that the script of the SVG knows by these attributes.
    pub(super) fn open(&mut self, attributes: &[(&str, String)]) {
        self.ink.svg.open(attributes);
    }

    /// Ends the group that was begun last.
    pub(super) fn close(&mut self) {
        self.ink.svg.close();
    }

    /// The finished page.
    pub(super) fn finish(self) -> Result<Files> {
        Ok(Files {
            svg: self.ink.svg.finish(self.width, self.height),
            png: self.ink.bitmap.png()?,
            pdf: self.ink.pdf.finish(self.width)?,
        })
    }
}

fn place((x, y): Point) -> Unit {
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

fn places(points: &[Point]) -> Vec<Unit> {
    points.iter().map(|&p| place(p)).collect()
}

fn ink(color: Color) -> RGBAColor {
    let [red, green, blue] = color.bytes();
    RGBAColor(red, green, blue, color.alpha())
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

/// Drawing into memory does not fail.
fn done<E: std::error::Error + Send + Sync>(drawn: Result<(), DrawingErrorKind<E>>) {
    if let Err(error) = drawn {
        unreachable!("{error}");
    }
}
