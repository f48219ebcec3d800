//! Parts of a page, and the plotted area of a panel: from data to places on the page.

use super::scale::Fitted;

/// A part of a page, in points from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

/// A place on the page, or in the data.
pub(super) type Point = (f64, f64);

/// The plotted area of a panel with its scales.
pub(super) struct Area<'a> {
    pub(super) frame: Rect,
    pub(super) x: &'a Fitted,
    pub(super) y: &'a Fitted,
}

impl Area<'_> {
    pub(super) fn at(&self, (x, y): Point) -> Option<Point> {
        let (u, v) = (self.x.unit(x)?, self.y.unit(y)?);
        Some((
            self.frame.x + u * self.frame.w,
            self.frame.y + (1.0 - v) * self.frame.h,
        ))
    }

    /// As [`Self::at`], with what a logarithmic axis cannot show put at the axis.
    pub(super) fn at_or_edge(&self, (x, y): Point) -> Point {
        let (u, v) = (self.x.unit(x).unwrap_or(0.0), self.y.unit(y).unwrap_or(0.0));
        (
            self.frame.x + u * self.frame.w,
            self.frame.y + (1.0 - v) * self.frame.h,
        )
    }

    pub(super) fn contains(&self, p: Point) -> bool {
        let Rect { x, y, w, h } = self.frame;
        let slack = 0.5;
        (x - slack..=x + w + slack).contains(&p.0) && (y - slack..=y + h + slack).contains(&p.1)
    }

    pub(super) fn clamp(&self, p: Point) -> Point {
        let Rect { x, y, w, h } = self.frame;
        (p.0.clamp(x, x + w), p.1.clamp(y, y + h))
    }

    /// The part of a segment inside the frame (Liang and Barsky).
    pub(super) fn clip(&self, a: Point, b: Point) -> Option<(Point, Point)> {
        let Rect { x, y, w, h } = self.frame;
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let (mut t0, mut t1) = (0.0f64, 1.0f64);
        for (p, q) in [
            (-dx, a.0 - x),
            (dx, x + w - a.0),
            (-dy, a.1 - y),
            (dy, y + h - a.1),
        ] {
            if p == 0.0 {
                if q < 0.0 {
                    return None;
                }
            } else if p < 0.0 {
                t0 = t0.max(q / p);
            } else {
                t1 = t1.min(q / p);
            }
        }
        let at = |t: f64| (a.0 + t * dx, a.1 + t * dy);
        (t0 <= t1).then(|| (at(t0), at(t1)))
    }
}
