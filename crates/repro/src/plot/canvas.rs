//! What is drawn on: every line, filling and text goes into SVG, PDF and bitmap alike, so they never differ.

use anyhow::Result;

use super::Color;
use super::area::Point;
use super::bitmap::Bitmap;
use super::pdf::Pdf;
use super::picture::Picture;
use super::style::{UNITS, Unit};
use super::svg::Svg;
use super::text::Span;

/// A page as files.
pub struct Files {
    /// The SVG.
    pub svg: String,
    /// The PNG.
    pub png: Vec<u8>,
    /// The PDF.
    pub pdf: Vec<u8>,
}

/// A page to draw on; places and lengths are in points.
pub(super) struct Canvas {
    width: f64,
    height: f64,
    svg: Svg,
    bitmap: Bitmap,
    pdf: Pdf,
}

impl Canvas {
    /// A white page of this size.
    pub(super) fn new(width: f64, height: f64) -> Result<Self> {
        let size = ((width * UNITS) as u32, (height * UNITS) as u32);
        Ok(Self {
            width,
            height,
            svg: Svg::default(),
            bitmap: Bitmap::new(size)?,
            pdf: Pdf::new(size.1),
        })
    }

    pub(super) fn polyline(&mut self, points: &[Point], color: Color, width: f64) {
        let (points, width) = (places(points), length(width));
        self.svg.polyline(&points, color, width);
        self.bitmap.polyline(&points, color, width);
        self.pdf.polyline(&points, color, width);
    }

    pub(super) fn polygon(&mut self, points: &[Point], color: Color) {
        let points = places(points);
        self.svg.polygon(&points, color);
        self.bitmap.polygon(&points, color);
        self.pdf.polygon(&points, color);
    }

    /// A filled rectangle from its upper left corner to its lower right.
    pub(super) fn rectangle(&mut self, a: Point, b: Point, color: Color) {
        let (a, b) = (place(a), place(b));
        self.svg.rectangle(a, b, color);
        self.bitmap.rectangle(a, b, color);
        self.pdf.rectangle(a, b, color);
    }

    pub(super) fn disc(&mut self, center: Point, radius: f64, color: Color) {
        let (center, radius) = (place(center), (radius * UNITS) as u32);
        self.svg.disc(center, radius, color);
        self.bitmap.disc(center, radius, color);
        self.pdf.disc(center, radius, color);
    }

    pub(super) fn ring(&mut self, center: Point, radius: f64, color: Color, width: f64) {
        let (center, radius) = (place(center), (radius * UNITS) as u32);
        let width = length(width);
        self.svg.ring(center, radius, color, width);
        self.bitmap.ring(center, radius, color, width);
        self.pdf.ring(center, radius, color, width);
    }

    /// A text whose baseline starts here, to the right or (upright) upwards.
    pub(super) fn text(&mut self, span: &Span, start: Point, color: Color, upright: bool) {
        let start = place(start);
        self.svg.text(span, start, color, upright);
        self.bitmap.text(span, start, color, upright);
        self.pdf.text(span, start, color, upright);
    }

    /// A picture from its upper left corner to its lower right.
    pub(super) fn picture(&mut self, picture: &Picture, a: Point, b: Point) -> Result<()> {
        let (a, b) = (place(a), place(b));
        self.svg.picture(picture, a, b, &picture.png()?);
        self.bitmap.picture(picture, a, b);
        self.pdf.picture(picture, a, b);
        Ok(())
    }

    /// Begins a group that the script of the SVG knows by these attributes.
    pub(super) fn open(&mut self, attributes: &[(&str, String)]) {
        self.svg.open(attributes);
    }

    /// Ends the group that was begun last.
    pub(super) fn close(&mut self) {
        self.svg.close();
    }

    /// The finished page.
    pub(super) fn finish(self) -> Result<Files> {
        Ok(Files {
            svg: self.svg.finish(self.width, self.height),
            png: self.bitmap.png()?,
            pdf: self.pdf.finish(self.width)?,
        })
    }
}

fn place((x, y): Point) -> Unit {
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

fn places(points: &[Point]) -> Vec<Unit> {
    points.iter().map(|&p| place(p)).collect()
}

fn length(points: f64) -> u32 {
    (points * UNITS).round() as u32
}
