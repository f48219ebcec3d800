//! A panel: frame, axes, marks and legend.

use anyhow::Result;

use super::area::{Area, Point, Rect};
use super::axes::{LegendEntry, Mark};
use super::pen::Pen;
use super::scale::{Fitted, Scale};
use super::series::entry_of;
use super::style::{GAP, LABEL, TICK, TICK_LENGTH, TITLE};
use super::text::layout;
use super::{Axes, Color, Stroke, interactive, legend};

/// What labels need around the plotted area of a panel, in points.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Margins {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) above: f64,
    pub(super) below: f64,
}

impl Margins {
    /// Enough for both.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            right: self.right.max(other.right),
            above: self.above.max(other.above),
            below: self.below.max(other.below),
        }
    }
}

/// A panel with its scales fitted to what is plotted.
pub(super) struct Fit<'a> {
    axes: &'a Axes,
    x: Fitted,
    y: Fitted,
    y2: Option<(&'a Scale, Fitted)>,
}

impl<'a> Fit<'a> {
    pub(super) fn of(axes: &'a Axes) -> Self {
        let side = |right: bool| {
            let marks = axes.marks.iter().filter(move |m| m.1 == right);
            marks.flat_map(|m| m.0.ys())
        };
        Self {
            x: axes.x.fit(axes.marks.iter().flat_map(|m| m.0.xs())),
            y: axes.y.fit(side(false)),
            y2: axes.y2.as_ref().map(|scale| (scale, scale.fit(side(true)))),
            axes,
        }
    }

    pub(super) fn margins(&self) -> Margins {
        let axes = self.axes;
        let head = if axes.title.is_empty() && axes.tag.is_empty() {
            0.0
        } else {
            TITLE + GAP
        };
        let above = head + 2.0 * GAP;
        if axes.bare {
            let label = if axes.x.label.is_empty() {
                GAP
            } else {
                LABEL + 2.0 * GAP
            };
            return Margins {
                left: GAP,
                right: GAP,
                above,
                below: label,
            };
        }
        let label = |scale: &Scale| {
            if scale.label.is_empty() {
                0.0
            } else {
                LABEL + GAP
            }
        };
        let vertical = |scale: &Scale, fitted: &Fitted| {
            let width = |tick: &(f64, String)| layout(&tick.1, TICK).width;
            let widest = fitted.ticks.iter().map(width).fold(0.0, f64::max);
            let numbers = if scale.hidden { 0.0 } else { widest + 2.0 };
            TICK_LENGTH + numbers + label(scale) + GAP
        };
        let right = self
            .y2
            .as_ref()
            .map_or(2.5 * GAP, |(scale, fitted)| vertical(scale, fitted));
        // The last number under the axis may stand half beyond its end.
        let overhang = GAP + 0.5 * self.x.overhang(|label| layout(label, TICK).width);
        let numbers = if axes.x.hidden { 0.0 } else { TICK + 2.0 };
        Margins {
            left: vertical(&axes.y, &self.y),
            right: right.max(overhang),
            above,
            below: TICK_LENGTH + numbers + label(&axes.x) + GAP,
        }
    }
}

impl Pen {
    /// Draws the panel with its plotted area at `frame`; its letter stands at `left`. `entries` are those of legends that
    /// speak of its marks, by their numbers; its own come first.
    pub(super) fn panel(
        &mut self,
        fit: &Fit<'_>,
        mut frame: Rect,
        left: f64,
        entries: &[(usize, &LegendEntry)],
    ) -> Result<()> {
        let Fit { axes, x, y, y2 } = fit;
        if axes.square {
            let side = frame.w.min(frame.h);
            frame.x += (frame.w - side) / 2.0;
            (frame.w, frame.h) = (side, side);
        }
        let area = |y| Area { frame, x, y };
        let mut ink = Vec::new();
        let (main, second) = (area(y), y2.as_ref().map(|(_, y2)| area(y2)));
        let scales = (&axes.x, &axes.y, axes.y2.as_ref());
        // A drawing has no values.
        let about = match axes.bare {
            true => Vec::new(),
            false => interactive::panel(scales, &main, second.as_ref()),
        };
        self.canvas.open(&about);
        for (mark, right) in &axes.marks {
            let area = second.as_ref().filter(|_| *right).unwrap_or(&main);
            let entry = entry_of(mark, entries);
            self.canvas.open(&interactive::mark(mark, *right, entry));
            self.mark(mark, area)?;
            self.canvas.close();
            ink.extend(legend::ink(mark, area, TICK));
        }
        self.canvas.close();
        if !axes.bare {
            self.horizontal_axis(&axes.x, &main);
            self.vertical_axis(&axes.y, &main, false);
            if let Some((scale, y2)) = y2 {
                self.vertical_axis(scale, &area(y2), true);
            }
            let Rect { x, y, w, h } = frame;
            let corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)];
            self.dashes(&corners, Stroke::solid(Color::BLACK).width(0.6));
        }
        let tag_width = if axes.tag.is_empty() { 0.0 } else { 12.0 };
        let title_y = frame.y - GAP - 1.0;
        let tag = format!("**{}**", axes.tag);
        let place = (left + GAP, title_y);
        self.text(&tag, place, TITLE + 1.0, Color::BLACK, 0.0, false);
        let middle = (frame.x + frame.w / 2.0).max(left + tag_width);
        self.text(
            &axes.title,
            (middle, title_y),
            TITLE,
            Color::BLACK,
            0.5,
            false,
        );
        self.legend(axes, frame, &ink, entries);
        Ok(())
    }

    fn horizontal_axis(&mut self, scale: &Scale, area: &Area<'_>) {
        let Rect { x, y, w, h } = area.frame;
        let bottom = y + h;
        let ink = Stroke::solid(Color::BLACK).width(0.6);
        for &value in &area.x.minor {
            if let Some(u) = area.x.unit(value) {
                let at = x + u * w;
                self.segment((at, bottom), (at, bottom + TICK_LENGTH * 0.6), ink);
            }
        }
        for (value, label) in &area.x.ticks {
            let Some(u) = area
                .x
                .unit(*value)
                .filter(|u| (-1e-6..=1.0 + 1e-6).contains(u))
            else {
                continue;
            };
            let at = x + u * w;
            self.segment((at, bottom), (at, bottom + TICK_LENGTH), ink);
            if !scale.hidden {
                let baseline = bottom + TICK_LENGTH + TICK;
                self.text(label, (at, baseline), TICK, Color::BLACK, 0.5, false);
            }
        }
        let numbers = if scale.hidden { 0.0 } else { TICK + 2.0 };
        let baseline = bottom + TICK_LENGTH + numbers + LABEL;
        self.text(
            &scale.label,
            (x + w / 2.0, baseline),
            LABEL,
            Color::BLACK,
            0.5,
            false,
        );
    }

    fn vertical_axis(&mut self, scale: &Scale, area: &Area<'_>, right: bool) {
        let Rect { x, y, w, h } = area.frame;
        let (edge, out) = if right { (x + w, 1.0) } else { (x, -1.0) };
        let ink = Stroke::solid(Color::BLACK).width(0.6);
        for &value in &area.y.minor {
            if let Some(v) = area.y.unit(value) {
                let at = y + (1.0 - v) * h;
                self.segment((edge, at), (edge + out * TICK_LENGTH * 0.6, at), ink);
            }
        }
        let mut widest: f64 = 0.0;
        for (value, label) in &area.y.ticks {
            widest = widest.max(layout(label, TICK).width);
            let Some(v) = area
                .y
                .unit(*value)
                .filter(|v| (-1e-6..=1.0 + 1e-6).contains(v))
            else {
                continue;
            };
            let at = y + (1.0 - v) * h;
            self.segment((edge, at), (edge + out * TICK_LENGTH, at), ink);
            if !scale.hidden {
                let place = (edge + out * (TICK_LENGTH + 2.0), at + 0.36 * TICK);
                let align = if right { 0.0 } else { 1.0 };
                self.text(label, place, TICK, Color::BLACK, align, false);
            }
        }
        let numbers = if scale.hidden { 0.0 } else { widest + 2.0 };
        let away = TICK_LENGTH + numbers + GAP;
        let baseline = if right {
            edge + away + LABEL * 0.8
        } else {
            edge - away
        };
        self.text(
            &scale.label,
            (baseline, y + h / 2.0),
            LABEL,
            Color::BLACK,
            0.5,
            true,
        );
    }

    fn mark(&mut self, mark: &Mark, area: &Area<'_>) -> Result<()> {
        let Rect { x, y, w, h } = area.frame;
        match mark {
            Mark::Line(points, stroke) => self.polyline(points, *stroke, area),
            Mark::Points(points, marker) => {
                let places = points.iter().filter_map(|p| area.at(*p));
                for at in places.filter(|p| area.contains(*p)) {
                    self.marker(at, *marker);
                }
            }
            Mark::ErrorBars(bars, stroke) => {
                for &(x, y, e) in bars {
                    let (low, high) = (area.at_or_edge((x, y - e)), area.at_or_edge((x, y + e)));
                    if let Some((a, b)) = area.clip(low, high) {
                        self.segment(a, b, *stroke);
                    }
                }
            }
            Mark::Band(band, fill) => {
                let upper = band.iter().map(|&(x, _, high)| (x, high));
                let lower = band.iter().rev().map(|&(x, low, _)| (x, low));
                let outline = upper.chain(lower);
                let outline: Vec<Point> = outline.map(|p| area.clamp(area.at_or_edge(p))).collect();
                self.canvas.polygon(&outline, *fill);
            }
            Mark::Box { x, y, fill } => {
                let (a, b) = corners(area, *x, *y);
                self.canvas.rectangle(a, b, *fill);
            }
            Mark::Picture { x, y, picture } => {
                let (a, b) = corners(area, *x, *y);
                self.canvas.picture(picture, a, b)?;
            }
            Mark::Text {
                at,
                text,
                color,
                align,
            } => {
                if let Some((x, y)) = area.at(*at) {
                    let place = (x, y + 0.36 * TICK);
                    self.text(text, place, TICK, *color, *align, false);
                }
            }
            Mark::Across { y: value, stroke } => match area.y.unit(*value) {
                Some(v) if (0.0..=1.0).contains(&v) => {
                    let at = y + (1.0 - v) * h;
                    self.dashes(&[(x, at), (x + w, at)], *stroke);
                }
                _ => {}
            },
            Mark::Upright { x: value, stroke } => match area.x.unit(*value) {
                Some(u) if (0.0..=1.0).contains(&u) => {
                    let at = x + u * w;
                    self.dashes(&[(at, y), (at, y + h)], *stroke);
                }
                _ => {}
            },
        }
        Ok(())
    }

    fn polyline(&mut self, points: &[Point], stroke: Stroke, area: &Area<'_>) {
        let mut piece: Vec<Point> = Vec::new();
        let placed: Vec<Option<Point>> = points.iter().map(|p| area.at(*p)).collect();
        for pair in placed.windows(2) {
            let segment = match (pair[0], pair[1]) {
                (Some(a), Some(b)) => area.clip(a, b),
                _ => None,
            };
            match segment {
                Some((a, b)) => {
                    if piece.last().is_none_or(|last| *last != a) {
                        self.dashes(&std::mem::take(&mut piece), stroke);
                        piece.push(a);
                    }
                    piece.push(b);
                }
                None => self.dashes(&std::mem::take(&mut piece), stroke),
            }
        }
        self.dashes(&piece, stroke);
    }

    fn legend(
        &mut self,
        axes: &Axes,
        frame: Rect,
        ink: &[Point],
        entries: &[(usize, &LegendEntry)],
    ) {
        if axes.legend.is_empty() {
            return;
        }
        let widths = axes.legend.iter().map(entry_width);
        let (w, h) = (
            widths.fold(0.0, f64::max),
            axes.legend.len() as f64 * ENTRY + GAP,
        );
        let Rect { x, y, .. } = legend::place(frame, (w, h), GAP, axes.corner, ink);
        let ground = Color::WHITE.opacity(0.75);
        self.canvas.rectangle((x, y), (x + w, y + h), ground);
        for (i, entry) in entries.iter().take(axes.legend.len()).enumerate() {
            let middle = y + GAP / 2.0 + (i as f64 + 0.5) * ENTRY;
            self.entry(*entry, (x, middle));
        }
    }

    /// A legend's entry and its number, from its left end at half its height.
    pub(super) fn entry(&mut self, (number, entry): (usize, &LegendEntry), (x, middle): Point) {
        self.canvas.open(&interactive::entry(number, entry));
        let LegendEntry {
            text,
            stroke,
            marker,
            fill,
        } = entry;
        let (a, b) = (x + GAP, x + GAP + SAMPLE);
        if let Some(fill) = fill {
            let (upper, lower) = ((a + 3.0, middle - 2.5), (b - 3.0, middle + 2.5));
            self.canvas.rectangle(upper, lower, *fill);
        }
        if let Some(stroke) = stroke {
            self.segment((a, middle), (b, middle), *stroke);
        }
        if let Some(marker) = marker {
            self.marker(((a + b) / 2.0, middle), *marker);
        }
        let at = (b + GAP, middle + 0.36 * TICK);
        self.text(text, at, TICK, Color::BLACK, 0.0, false);
        self.canvas.close();
    }
}

/// Upper left and lower right corner on the page.
fn corners(area: &Area<'_>, x: (f64, f64), y: (f64, f64)) -> (Point, Point) {
    let corner = |p| area.clamp(area.at_or_edge(p));
    (corner((x.0, y.1)), corner((x.1, y.0)))
}

/// Length of the sample in a legend's entry, and the height of an entry.
const SAMPLE: f64 = 14.0;
pub(super) const ENTRY: f64 = TICK + 2.5;

/// Width of a legend's entry with the gaps around it.
pub(super) fn entry_width(entry: &LegendEntry) -> f64 {
    SAMPLE + 3.0 * GAP + layout(&entry.text, TICK).width
}
