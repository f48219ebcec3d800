//! Strokes, markers and text in points, through plotters.

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontFamily, FontStyle, FontTransform, ShapeStyle, TextStyle};

use super::area::Point;
use super::axes::Shape;
use super::export::UNITS;
use super::text::{FAMILY, Face, layout};
use super::{Color, Marker, Stroke};

pub(super) type Drawn = Result<(), Box<dyn std::error::Error + Send + Sync>>;
/// What plotters draws at.
type BackendCoord = (i32, i32);

/// Draws in points.
pub(super) struct Pen<'a> {
    pub(super) backend: SVGBackend<'a>,
}

pub(super) fn units((x, y): Point) -> BackendCoord {
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

pub(super) fn filled(color: Color) -> ShapeStyle {
    ShapeStyle {
        color: color.plotters(),
        filled: true,
        stroke_width: 0,
    }
}

fn outlined(color: Color, width: f64) -> ShapeStyle {
    let stroke_width = (width * UNITS).round() as u32;
    ShapeStyle {
        color: color.plotters(),
        filled: false,
        stroke_width,
    }
}

impl Pen<'_> {
    /// A line in page coordinates, dashed if its stroke is.
    pub(super) fn dashes(&mut self, points: &[Point], stroke: Stroke) -> Drawn {
        if points.len() < 2 {
            return Ok(());
        }
        let style = outlined(stroke.color, stroke.width);
        let Some((on, off)) = stroke.dash else {
            return Ok(self
                .backend
                .draw_path(points.iter().map(|p| units(*p)), &style)?);
        };
        let mut dash = vec![points[0]];
        let (mut drawing, mut left) = (true, on);
        for pair in points.windows(2) {
            let (mut a, b) = (pair[0], pair[1]);
            loop {
                let length = (b.0 - a.0).hypot(b.1 - a.1);
                if length < left {
                    left -= length;
                    dash.push(b);
                    break;
                }
                let t = left / length;
                a = (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
                dash.push(a);
                if drawing {
                    self.backend
                        .draw_path(dash.iter().map(|p| units(*p)), &style)?;
                }
                dash = vec![a];
                drawing = !drawing;
                left = if drawing { on } else { off };
            }
        }
        if drawing && dash.len() > 1 {
            self.backend
                .draw_path(dash.iter().map(|p| units(*p)), &style)?;
        }
        Ok(())
    }

    pub(super) fn segment(&mut self, a: Point, b: Point, stroke: Stroke) -> Drawn {
        self.dashes(&[a, b], stroke)
    }

    pub(super) fn marker(&mut self, (x, y): Point, marker: Marker) -> Drawn {
        let Marker {
            color,
            radius,
            shape,
        } = marker;
        let r = radius * UNITS;
        let outline = outlined(color, 0.7);
        match shape {
            Shape::Dot => {
                self.backend
                    .draw_circle(units((x, y)), r as u32, &filled(color), true)?;
            }
            Shape::Ring => self
                .backend
                .draw_circle(units((x, y)), r as u32, &outline, false)?,
            Shape::Square => {
                let s = radius * 0.9;
                let (a, b) = (units((x - s, y - s)), units((x + s, y + s)));
                self.backend.draw_rect(a, b, &filled(color), true)?;
            }
            Shape::Diamond => {
                let s = radius * 1.25;
                let corners = [(x - s, y), (x, y - s), (x + s, y), (x, y + s)];
                self.backend
                    .fill_polygon(corners.map(units), &color.plotters())?;
            }
            Shape::Cross => {
                let s = radius * 0.8;
                for d in [1.0, -1.0] {
                    let path = [(x - s, y - d * s), (x + s, y + d * s)];
                    self.backend.draw_path(path.map(units), &outline)?;
                }
            }
        }
        Ok(())
    }

    /// A line of text with its baseline through `at`; `align` says which part of it is there.
    pub(super) fn text(
        &mut self,
        markup: &str,
        at: Point,
        size: f64,
        color: Color,
        align: f64,
        upright: bool,
    ) -> Drawn {
        let line = layout(markup, size);
        for span in &line.spans {
            let along = span.x - align * line.width;
            // Plotters centres text 0.5 ex below the point; the fonts' x-height is 0.547 em.
            let below = -span.rise - 0.27 * span.size;
            let place = match upright {
                false => (at.0 + along, at.1 + below),
                true => (at.0 + below, at.1 - along),
            };
            let style = match span.face {
                Face::Regular => FontStyle::Normal,
                Face::Italic => FontStyle::Oblique,
                Face::Bold => FontStyle::Bold,
            };
            // Plotters divides sizes by 1.24 on their way into an SVG.
            let font = plotters::style::FontDesc::new(
                FontFamily::Name(FAMILY),
                span.size * UNITS * 1.24,
                style,
            );
            let font = if upright {
                font.transform(FontTransform::Rotate270)
            } else {
                font
            };
            let ink = color.plotters();
            let style = TextStyle::from(font)
                .color(&ink)
                .pos(Pos::new(HPos::Left, VPos::Center));
            self.backend.draw_text(&span.text, &style, units(place))?;
        }
        Ok(())
    }
}
