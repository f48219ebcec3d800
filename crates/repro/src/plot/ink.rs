//! Where drawing ends up: a backend of plotters that is SVG, PDF and bitmap alike, so they never differ.
//!
//! Plotters' own SVG backend knows neither groups nor paths of several shapes, which hover values and small files need.

use std::convert::Infallible;

use plotters::style::{FontStyle, FontTransform};
use plotters_backend::{
    BackendColor, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use super::Color;
use super::bitmap::Bitmap;
use super::font::Face;
use super::pdf::Pdf;
use super::style::{UNITS, Unit};
use super::svg::Svg;
use super::text::Span;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// A page in all its forms; places are in whole drawing units.
pub(super) struct Ink {
    pub(super) svg: Svg,
    pub(super) bitmap: Bitmap,
    pub(super) pdf: Pdf,
    pub(super) size: (u32, u32),
}

impl DrawingBackend for Ink {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, at: Unit, color: BackendColor) -> Drawn {
        self.draw_rect(at, (at.0 + 1, at.1 + 1), &color, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: Unit, to: Unit, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = Unit>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let points: Vec<Unit> = path.into_iter().collect();
        let (color, width) = (style.color().into(), style.stroke_width());
        self.svg.polyline(&points, color, width);
        self.bitmap.polyline(&points, color, width);
        self.pdf.polyline(&points, color, width);
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: Unit, b: Unit, style: &S, fill: bool) -> Drawn {
        if !fill {
            return self.draw_path([a, (b.0, a.1), b, (a.0, b.1), a], style);
        }
        let color = style.color().into();
        self.svg.rectangle(a, b, color);
        self.bitmap.rectangle(a, b, color);
        self.pdf.rectangle(a, b, color);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: Unit,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let (color, width) = (style.color().into(), style.stroke_width());
        if fill {
            self.svg.disc(center, radius, color);
            self.bitmap.disc(center, radius, color);
            self.pdf.disc(center, radius, color);
        } else {
            self.svg.ring(center, radius, color, width);
            self.bitmap.ring(center, radius, color, width);
            self.pdf.ring(center, radius, color, width);
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = Unit>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        let points: Vec<Unit> = corners.into_iter().collect();
        let color = style.color().into();
        self.svg.polygon(&points, color);
        self.bitmap.polygon(&points, color);
        self.pdf.polygon(&points, color);
        Ok(())
    }

    /// A text whose baseline starts here, to the right or (turned by 270°) upwards.
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, start: Unit) -> Drawn {
        let span = Span {
            text: text.to_owned(),
            face: match style.style() {
                FontStyle::Normal => Face::Regular,
                FontStyle::Oblique | FontStyle::Italic => Face::Italic,
                FontStyle::Bold => Face::Bold,
            },
            size: style.size() / UNITS,
            rise: 0.0,
            x: 0.0,
        };
        let upright = matches!(style.transform(), FontTransform::Rotate270);
        let color = style.color().into();
        self.svg.text(&span, start, color, upright);
        self.bitmap.text(&span, start, color, upright);
        self.pdf.text(&span, start, color, upright);
        Ok(())
    }
}

impl From<BackendColor> for Color {
    fn from(
        BackendColor {
            alpha,
            rgb: (red, green, blue),
        }: BackendColor,
    ) -> Self {
        Self::rgb(red, green, blue).opacity(alpha)
    }
}
