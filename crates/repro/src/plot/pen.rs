//! Dashes, markers and lines of marked-up text, in points.

use super::area::Point;
use super::axes::Shape;
use super::canvas::Canvas;
use super::text::layout;
use super::{Color, Marker, Stroke};

/// Draws in points.
pub(super) struct Pen {
    pub(super) canvas: Canvas,
}

/// Farther than any page reaches.
const FAR: f64 = 1e5;

impl Pen {
    /// A line in page coordinates, dashed if its stroke is.
    pub(super) fn dashes(&mut self, points: &[Point], stroke: Stroke) {
        // What is far from any page would be dashed without end.
        let far = |&(x, y): &Point| !(x.abs() < FAR && y.abs() < FAR);
        if points.len() < 2 || points.iter().any(far) {
            return;
        }
        let Stroke { color, width, dash } = stroke;
        let Some((on, off)) = dash else {
            return self.canvas.polyline(points, color, width);
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
                    self.canvas.polyline(&dash, color, width);
                }
                dash = vec![a];
                drawing = !drawing;
                left = if drawing { on } else { off };
            }
        }
        if drawing && dash.len() > 1 {
            self.canvas.polyline(&dash, color, width);
        }
    }

    pub(super) fn segment(&mut self, a: Point, b: Point, stroke: Stroke) {
        self.dashes(&[a, b], stroke);
    }

    pub(super) fn marker(&mut self, (x, y): Point, marker: Marker) {
        let Marker {
            color,
            radius,
            shape,
        } = marker;
        const OUTLINE: f64 = 0.7;
        match shape {
            Shape::Dot => self.canvas.disc((x, y), radius, color),
            Shape::Ring => self.canvas.ring((x, y), radius, color, OUTLINE),
            Shape::Square => {
                let s = radius * 0.9;
                self.canvas.rectangle((x - s, y - s), (x + s, y + s), color);
            }
            Shape::Diamond => {
                let s = radius * 1.25;
                let corners = [(x - s, y), (x, y - s), (x + s, y), (x, y + s)];
                self.canvas.polygon(&corners, color);
            }
            Shape::Triangle => {
                let s = radius * 1.2;
                let corners = [(x - s, y + 0.75 * s), (x, y - s), (x + s, y + 0.75 * s)];
                self.canvas.polygon(&corners, color);
            }
            Shape::Cross => {
                let s = radius * 0.8;
                for d in [1.0, -1.0] {
                    let path = [(x - s, y - d * s), (x + s, y + d * s)];
                    self.canvas.polyline(&path, color, OUTLINE);
                }
            }
        }
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
    ) {
        let line = layout(markup, size);
        for span in &line.spans {
            let along = span.x - align * line.width;
            let start = match upright {
                false => (at.0 + along, at.1 - span.rise),
                true => (at.0 - span.rise, at.1 - along),
            };
            self.canvas.text(span, start, color, upright);
        }
    }
}
