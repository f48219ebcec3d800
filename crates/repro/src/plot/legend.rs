//! The place of a legend: where it covers least of the data.

use super::area::{Area, Point, Rect};
use super::axes::Mark;
use super::text::layout;

/// Places that are tried, as fractions of the free width and height from the lower left: the first
/// of equally good ones wins.
const ACROSS: [f64; 5] = [1.0, 0.0, 0.5, 0.75, 0.25];
const UP: [f64; 9] = [1.0, 0.0, 0.5, 0.75, 0.25, 0.875, 0.625, 0.375, 0.125];
/// Distance between samples of plotted lines, in points.
const STEP: f64 = 2.0;

/// The box of a legend of width `w` and height `h` inside `frame`, `gap` away from its edges, at
/// `corner` or else where it covers fewest of the points
/// where something is plotted.
pub(super) fn place(
    frame: Rect,
    (w, h): (f64, f64),
    gap: f64,
    corner: Option<(f64, f64)>,
    ink: &[Point],
) -> Rect {
    let at = |(u, v): (f64, f64)| Rect {
        x: frame.x + gap + u * (frame.w - w - 2.0 * gap),
        y: frame.y + gap + (1.0 - v) * (frame.h - h - 2.0 * gap),
        w,
        h,
    };
    let covered = |place: &(f64, f64)| {
        let Rect { x, y, w, h } = at(*place);
        ink.iter()
            .filter(|p| (x..=x + w).contains(&p.0) && (y..=y + h).contains(&p.1))
            .count()
    };
    let places = || UP.iter().flat_map(|&v| ACROSS.map(|u| (u, v)));
    let best = || places().min_by_key(covered).unwrap_or((1.0, 1.0));
    at(corner.unwrap_or_else(best))
}

/// Points of the page, close to each other, where a mark leaves ink. Fillings count by their outline
/// only: text can be read on them.
pub(super) fn ink(mark: &Mark, area: &Area<'_>, text_size: f64) -> Vec<Point> {
    let mut out = Vec::new();
    let mut line = |points: &[Point]| {
        for pair in points.windows(2) {
            if let Some((a, b)) = area.clip(pair[0], pair[1]) {
                let n = ((b.0 - a.0).hypot(b.1 - a.1) / STEP).ceil().max(1.0);
                let along = (0..n as usize).map(|i| i as f64 / n);
                out.extend(along.map(|t| (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1))));
            }
        }
    };
    let Rect { x, y, w, h } = area.frame;
    match mark {
        Mark::Line(points, _) => {
            for pair in points.windows(2) {
                if let (Some(a), Some(b)) = (area.at(pair[0]), area.at(pair[1])) {
                    line(&[a, b]);
                }
            }
        }
        // A marker is as wide as a few samples of a line.
        Mark::Points(points, _) => {
            for &(x, y) in points
                .iter()
                .filter_map(|p| area.at(*p))
                .collect::<Vec<_>>()
                .iter()
            {
                line(&[(x - 3.0, y), (x + 3.0, y)]);
            }
        }
        Mark::ErrorBars(bars, _) => {
            for &(x, y, e) in bars {
                line(&[area.at_or_edge((x, y - e)), area.at_or_edge((x, y + e))]);
            }
        }
        Mark::Band(band, _) => {
            let edge = |high: bool| -> Vec<Point> {
                let y = |p: &(f64, f64, f64)| if high { p.2 } else { p.1 };
                band.iter().map(|p| area.at_or_edge((p.0, y(p)))).collect()
            };
            line(&edge(false));
            line(&edge(true));
        }
        Mark::Box { x, y, .. } | Mark::Picture { x, y, .. } => {
            let corners = [(x.0, y.0), (x.0, y.1), (x.1, y.1), (x.1, y.0), (x.0, y.0)];
            line(&corners.map(|p| area.at_or_edge(p)));
        }
        Mark::Text {
            at, text, align, ..
        } => {
            if let Some((x, y)) = area.at(*at) {
                let width = layout(text, text_size).width;
                let left = x - align * width;
                line(&[(left, y - 2.0), (left + width, y - 2.0)]);
                line(&[(left, y + 2.0), (left + width, y + 2.0)]);
            }
        }
        Mark::Across { y: value, .. } => {
            if let Some(v) = area.y.unit(*value) {
                let at = y + (1.0 - v) * h;
                line(&[(x, at), (x + w, at)]);
            }
        }
        Mark::Upright { x: value, .. } => {
            if let Some(u) = area.x.unit(*value) {
                let at = x + u * w;
                line(&[(at, y), (at, y + h)]);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect {
        x: 0.0,
        y: 0.0,
        w: 100.0,
        h: 60.0,
    };

    #[test]
    fn an_empty_panel_has_its_legend_at_the_upper_right() {
        let legend = place(FRAME, (30.0, 20.0), 3.0, None, &[]);
        assert_eq!((legend.x, legend.y), (67.0, 3.0));
    }

    #[test]
    fn a_legend_gives_way_to_what_is_plotted() {
        // From the lower left to the upper right: the upper left is free.
        let diagonal: Vec<Point> = (0..50)
            .map(|i| (2.0 * f64::from(i), 60.0 - 1.2 * f64::from(i)))
            .collect();
        let legend = place(FRAME, (30.0, 20.0), 3.0, None, &diagonal);
        assert_eq!((legend.x, legend.y), (3.0, 3.0));
        let asked = place(FRAME, (30.0, 20.0), 3.0, Some((0.0, 0.0)), &diagonal);
        assert_eq!((asked.x, asked.y), (3.0, 37.0));
    }
}
