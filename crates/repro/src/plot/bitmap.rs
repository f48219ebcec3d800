//! The bitmap of a page, and the PNG made of it.

use anyhow::{Context as _, Result};
use tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};

use super::Color;
use super::picture::Picture;
use super::style::{UNITS, Unit};
use super::text::Span;

/// Resolution of the PNG, which it states.
const DOTS_PER_INCH: f64 = 288.0;
/// Pixels per drawing unit.
const PIXELS: f32 = (DOTS_PER_INCH / 72.0 / UNITS) as f32;

/// A white page, drawn on in whole drawing units.
pub(super) struct Bitmap {
    pixels: Pixmap,
}

impl Bitmap {
    pub(super) fn new((width, height): (u32, u32)) -> Result<Self> {
        let pixels = |length: u32| (length as f32 * PIXELS).ceil() as u32;
        let mut pixels =
            Pixmap::new(pixels(width), pixels(height)).context("the page has no area")?;
        pixels.fill(tiny_skia::Color::WHITE);
        Ok(Self { pixels })
    }

    pub(super) fn polyline(&mut self, points: &[Unit], color: Color, width: u32) {
        self.stroke(polyline(points, false), color, width);
    }

    pub(super) fn polygon(&mut self, points: &[Unit], color: Color) {
        self.fill(polyline(points, true), color, Transform::identity());
    }

    pub(super) fn rectangle(&mut self, a: Unit, b: Unit, color: Color) {
        let rect = Rect::from_ltrb(a.0 as f32, a.1 as f32, b.0 as f32, b.1 as f32);
        self.fill(
            rect.map(PathBuilder::from_rect),
            color,
            Transform::identity(),
        );
    }

    pub(super) fn disc(&mut self, center: Unit, radius: u32, color: Color) {
        self.fill(circle(center, radius), color, Transform::identity());
    }

    pub(super) fn ring(&mut self, center: Unit, radius: u32, color: Color, width: u32) {
        self.stroke(circle(center, radius), color, width);
    }

    /// A text whose baseline starts here, to the right or (upright) upwards.
    pub(super) fn text(&mut self, span: &Span, start: Unit, color: Color, upright: bool) {
        let em = (span.size * UNITS) as f32;
        let (x, y) = (start.0 as f32, start.1 as f32);
        let place = match upright {
            false => Transform::from_row(em, 0.0, 0.0, -em, x, y),
            true => Transform::from_row(0.0, -em, -em, 0.0, x, y),
        };
        self.fill(span.face.outline(&span.text), color, place);
    }

    /// A picture from its upper left corner to its lower right.
    pub(super) fn picture(&mut self, picture: &Picture, a: Unit, b: Unit) {
        let pitch = (
            (b.0 - a.0) as f32 / picture.width as f32,
            (b.1 - a.1) as f32 / picture.height() as f32,
        );
        for (i, &level) in picture.levels.iter().enumerate() {
            let (column, line) = ((i % picture.width) as f32, (i / picture.width) as f32);
            let (x, y) = (a.0 as f32 + column * pitch.0, a.1 as f32 + line * pitch.1);
            // Neighbours meet without a seam.
            let mut paint = paint(Color::rgb(level, level, level));
            paint.anti_alias = false;
            if let Some(rect) = Rect::from_xywh(x, y, pitch.0, pitch.1) {
                let scale = Transform::from_scale(PIXELS, PIXELS);
                self.pixels.fill_rect(rect, &paint, scale, None);
            }
        }
    }

    pub(super) fn png(&self) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.pixels.width(), self.pixels.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let per_meter = (DOTS_PER_INCH / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: per_meter,
            yppu: per_meter,
            unit: png::Unit::Meter,
        }));
        // The page is opaque.
        let rgb: Vec<u8> = self
            .pixels
            .data()
            .chunks_exact(4)
            .flat_map(|p| [p[0], p[1], p[2]])
            .collect();
        encoder.write_header()?.write_image_data(&rgb)?;
        Ok(file)
    }

    fn fill(&mut self, path: Option<Path>, color: Color, place: Transform) {
        if let Some(path) = path {
            let place = place.post_scale(PIXELS, PIXELS);
            self.pixels
                .fill_path(&path, &paint(color), FillRule::Winding, place, None);
        }
    }

    fn stroke(&mut self, path: Option<Path>, color: Color, width: u32) {
        let stroke = Stroke {
            width: width as f32,
            ..Stroke::default()
        };
        if let Some(path) = path {
            let scale = Transform::from_scale(PIXELS, PIXELS);
            self.pixels
                .stroke_path(&path, &paint(color), &stroke, scale, None);
        }
    }
}

fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(color.skia());
    paint
}

fn circle((x, y): Unit, radius: u32) -> Option<Path> {
    PathBuilder::from_circle(x as f32, y as f32, radius as f32)
}

fn polyline(points: &[Unit], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        match i {
            0 => path.move_to(x as f32, y as f32),
            _ => path.line_to(x as f32, y as f32),
        }
    }
    if closed {
        path.close();
    }
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::font::Face;

    /// First and last column and row that are not white.
    fn ink(bitmap: &Bitmap) -> [u32; 4] {
        let width = bitmap.pixels.width() as usize;
        let marked = |i: usize| bitmap.pixels.data()[4 * i..4 * i + 3] != [255; 3];
        let places = (0..bitmap.pixels.data().len() / 4).filter(|&i| marked(i));
        places.fold(
            [u32::MAX, 0, u32::MAX, 0],
            |[left, right, top, bottom], i| {
                let (x, y) = ((i % width) as u32, (i / width) as u32);
                [left.min(x), right.max(x), top.min(y), bottom.max(y)]
            },
        )
    }

    #[test]
    fn a_drawing_unit_is_four_tenths_of_a_pixel() {
        let mut bitmap = Bitmap::new((200, 100)).unwrap();
        bitmap.rectangle((50, 20), (100, 40), Color::BLACK);
        assert_eq!(ink(&bitmap), [20, 39, 8, 15]);
        bitmap.polyline(&[(10, 50), (190, 50)], Color::BLACK, 10);
        assert_eq!(ink(&bitmap), [4, 75, 8, 21]);
    }

    #[test]
    fn text_runs_from_its_start_to_the_right_or_upwards() {
        let span = Span {
            text: "nnn".into(),
            face: Face::Regular,
            size: 10.0,
            rise: 0.0,
            x: 0.0,
        };
        let drawn = |upright| {
            let mut bitmap = Bitmap::new((1000, 1000)).unwrap();
            bitmap.text(&span, (500, 500), Color::BLACK, upright);
            ink(&bitmap)
        };
        let ([left, right, top, bottom], upright) = (drawn(false), drawn(true));
        assert!(200 < left && left < 205 && bottom == 199, "{left} {bottom}");
        assert!(right - left > 2 * (bottom - top));
        assert_eq!(upright, [top, bottom, 399 - right, 399 - left]);
    }
}
