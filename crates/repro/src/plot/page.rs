//! Pages: panels in a grid, drawn through plotters.

use anyhow::{Result, anyhow};
use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontFamily, FontStyle, FontTransform, ShapeStyle, TextStyle};

use super::axes::{LegendEntry, Mark, Shape};
use super::export::{UNITS, finish_svg, png};
use super::legend;
use super::scale::{Fitted, Scale};
use super::text::{FAMILY, Face, layout, wrap};
use super::{Axes, Color, Marker, Stroke};

/// Font sizes in points.
const LABEL: f64 = 8.0;
const TICK: f64 = 7.0;
const TITLE: f64 = 8.0;
/// Length of a tick, and gaps between things, in points.
const TICK_LENGTH: f64 = 2.5;
const GAP: f64 = 3.0;

/// Width of a page: one or two columns of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 89 mm.
    Single,
    /// 183 mm.
    Double,
}

impl Width {
    fn points(self) -> f64 {
        match self {
            Self::Single => 252.0,
            Self::Double => 519.0,
        }
    }
}

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

/// A page of panels.
#[derive(Clone, Debug)]
pub struct Page {
    width: f64,
    height: f64,
    subtitle: String,
    panels: Vec<(Rect, Axes)>,
}

impl Page {
    /// A page of this width and height (points; 1 pt = 0.353 mm).
    pub fn new(width: Width, height: f64) -> Self {
        Self {
            width: width.points(),
            height,
            subtitle: String::new(),
            panels: Vec::new(),
        }
    }

    /// Small lines at the foot: what has to be known to read the figure, the profile and what it leaves
    /// out. Broken where the page ends.
    pub fn subtitle(&mut self, text: impl Into<String>) {
        self.subtitle = text.into();
    }

    /// The cell in `row` and `column` of a grid over the page.
    pub fn cell(&self, rows: usize, columns: usize, row: usize, column: usize) -> Rect {
        let (w, h) = (self.width / columns as f64, self.height / rows as f64);
        Rect {
            x: column as f64 * w,
            y: row as f64 * h,
            w,
            h,
        }
    }

    /// Puts a panel with its labels into a part of the page.
    pub fn place(&mut self, rect: Rect, axes: Axes) {
        self.panels.push((rect, axes));
    }

    /// The page as SVG and PNG.
    pub fn render(&self) -> Result<(String, Vec<u8>)> {
        let size = TICK - 0.5;
        let lines = wrap(&self.subtitle, size, self.width - 2.0 * GAP);
        let pitch = TICK + GAP;
        let foot = match lines.len() {
            0 => 0.0,
            n => GAP + n as f64 * pitch,
        };
        let height = self.height + foot;
        let mut svg = String::new();
        {
            let pixels = ((self.width * UNITS) as u32, (height * UNITS) as u32);
            let mut pen = Pen {
                backend: SVGBackend::with_string(&mut svg, pixels),
            };
            for (rect, axes) in &self.panels {
                pen.panel(*rect, axes)
                    .map_err(|e| anyhow!("drawing failed: {e}"))?;
            }
            for (line, above) in lines.iter().zip((0..lines.len()).rev()) {
                let baseline = height - GAP - 1.0 - above as f64 * pitch;
                pen.text(line, (GAP, baseline), size, Color::GREY, 0.0, false)
                    .map_err(|e| anyhow!("drawing failed: {e}"))?;
            }
            pen.backend
                .present()
                .map_err(|e| anyhow!("drawing failed: {e}"))?;
        }
        let svg = finish_svg(&svg, self.width, height);
        let png = png(&svg)?;
        Ok((svg, png))
    }
}

type Drawn = Result<(), Box<dyn std::error::Error + Send + Sync>>;
pub(super) type Point = (f64, f64);
/// What plotters draws at.
type BackendCoord = (i32, i32);

/// Draws in points.
struct Pen<'a> {
    backend: SVGBackend<'a>,
}

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

    fn contains(&self, p: Point) -> bool {
        let Rect { x, y, w, h } = self.frame;
        let slack = 0.5;
        (x - slack..=x + w + slack).contains(&p.0) && (y - slack..=y + h + slack).contains(&p.1)
    }

    fn clamp(&self, p: Point) -> Point {
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

fn units((x, y): Point) -> BackendCoord {
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

fn filled(color: Color) -> ShapeStyle {
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
    fn panel(&mut self, rect: Rect, axes: &Axes) -> Drawn {
        let side = |right: bool| {
            axes.marks
                .iter()
                .filter(move |m| m.1 == right)
                .map(|m| &m.0)
        };
        let all = || axes.marks.iter().map(|m| &m.0);
        let x = axes.x.fit(all().flat_map(Mark::xs));
        let y = axes.y.fit(side(false).flat_map(Mark::ys));
        let y2 = axes
            .y2
            .as_ref()
            .map(|s| (s, s.fit(side(true).flat_map(Mark::ys))));
        let frame = self.frame(rect, axes, &x, &y, y2.as_ref().map(|(_, f)| f));
        let left = Area {
            frame,
            x: &x,
            y: &y,
        };
        let mut ink = Vec::new();
        for mark in side(false) {
            self.mark(mark, &left)?;
            ink.extend(legend::ink(mark, &left, TICK));
        }
        if let Some((_, y2)) = &y2 {
            let right = Area {
                frame,
                x: &x,
                y: y2,
            };
            for mark in side(true) {
                self.mark(mark, &right)?;
                ink.extend(legend::ink(mark, &right, TICK));
            }
        }
        if !axes.bare {
            self.horizontal_axis(&axes.x, &left)?;
            self.vertical_axis(&axes.y, &left, false)?;
            if let Some((scale, y2)) = &y2 {
                self.vertical_axis(
                    scale,
                    &Area {
                        frame,
                        x: &x,
                        y: y2,
                    },
                    true,
                )?;
            }
            let Rect { x, y, w, h } = frame;
            let corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)];
            self.dashes(&corners, Stroke::solid(Color::BLACK).width(0.6))?;
        }
        let tag_width = if axes.tag.is_empty() { 0.0 } else { 12.0 };
        let title_y = frame.y - GAP - 1.0;
        let tag = format!("**{}**", axes.tag);
        self.text(
            &tag,
            (rect.x + GAP, title_y),
            TITLE + 1.0,
            Color::BLACK,
            0.0,
            false,
        )?;
        let middle = (frame.x + frame.w / 2.0).max(rect.x + tag_width);
        self.text(
            &axes.title,
            (middle, title_y),
            TITLE,
            Color::BLACK,
            0.5,
            false,
        )?;
        self.legend(axes, frame, &ink)
    }

    /// The plotted area: the rectangle less labels.
    fn frame(&self, rect: Rect, axes: &Axes, x: &Fitted, y: &Fitted, y2: Option<&Fitted>) -> Rect {
        let head = if axes.title.is_empty() && axes.tag.is_empty() {
            0.0
        } else {
            TITLE + GAP
        };
        let widest = |fitted: &Fitted| {
            let width = |tick: &(f64, String)| layout(&tick.1, TICK).width;
            fitted.ticks.iter().map(width).fold(0.0, f64::max)
        };
        let label = |scale: &Scale| {
            if scale.label.is_empty() {
                0.0
            } else {
                LABEL + GAP
            }
        };
        let vertical = |scale: &Scale, fitted: &Fitted| {
            let numbers = if scale.hidden {
                0.0
            } else {
                widest(fitted) + 2.0
            };
            TICK_LENGTH + numbers + label(scale) + GAP
        };
        let (left, right, below) = if axes.bare {
            (
                GAP,
                GAP,
                if axes.x.label.is_empty() {
                    GAP
                } else {
                    LABEL + 2.0 * GAP
                },
            )
        } else {
            let right = axes
                .y2
                .as_ref()
                .zip(y2)
                .map_or(2.5 * GAP, |(s, f)| vertical(s, f));
            // The last number under the axis may stand half beyond its end.
            let right = right.max(GAP + 0.5 * x.overhang(|label| layout(label, TICK).width));
            let numbers = if axes.x.hidden { 0.0 } else { TICK + 2.0 };
            (
                vertical(&axes.y, y),
                right,
                TICK_LENGTH + numbers + label(&axes.x) + GAP,
            )
        };
        let mut frame = Rect {
            x: rect.x + left,
            y: rect.y + head + 2.0 * GAP,
            w: (rect.w - left - right).max(10.0),
            h: (rect.h - head - 2.0 * GAP - below).max(10.0),
        };
        if axes.square {
            let side = frame.w.min(frame.h);
            frame.x += (frame.w - side) / 2.0;
            (frame.w, frame.h) = (side, side);
        }
        frame
    }

    fn horizontal_axis(&mut self, scale: &Scale, area: &Area<'_>) -> Drawn {
        let Rect { x, y, w, h } = area.frame;
        let bottom = y + h;
        let ink = Stroke::solid(Color::BLACK).width(0.6);
        for &value in &area.x.minor {
            if let Some(u) = area.x.unit(value) {
                let at = x + u * w;
                self.segment((at, bottom), (at, bottom + TICK_LENGTH * 0.6), ink)?;
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
            self.segment((at, bottom), (at, bottom + TICK_LENGTH), ink)?;
            if !scale.hidden {
                let baseline = bottom + TICK_LENGTH + TICK;
                self.text(label, (at, baseline), TICK, Color::BLACK, 0.5, false)?;
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
        )
    }

    fn vertical_axis(&mut self, scale: &Scale, area: &Area<'_>, right: bool) -> Drawn {
        let Rect { x, y, w, h } = area.frame;
        let (edge, out) = if right { (x + w, 1.0) } else { (x, -1.0) };
        let ink = Stroke::solid(Color::BLACK).width(0.6);
        for &value in &area.y.minor {
            if let Some(v) = area.y.unit(value) {
                let at = y + (1.0 - v) * h;
                self.segment((edge, at), (edge + out * TICK_LENGTH * 0.6, at), ink)?;
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
            self.segment((edge, at), (edge + out * TICK_LENGTH, at), ink)?;
            if !scale.hidden {
                let place = (edge + out * (TICK_LENGTH + 2.0), at + 0.36 * TICK);
                let align = if right { 0.0 } else { 1.0 };
                self.text(label, place, TICK, Color::BLACK, align, false)?;
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
        )
    }

    fn mark(&mut self, mark: &Mark, area: &Area<'_>) -> Drawn {
        let Rect { x, y, w, h } = area.frame;
        match mark {
            Mark::Line(points, stroke) => self.polyline(points, *stroke, area),
            Mark::Points(points, marker) => {
                for at in points
                    .iter()
                    .filter_map(|p| area.at(*p))
                    .filter(|p| area.contains(*p))
                {
                    self.marker(at, *marker)?;
                }
                Ok(())
            }
            Mark::ErrorBars(bars, stroke) => {
                for &(x, y, e) in bars {
                    let (low, high) = (area.at_or_edge((x, y - e)), area.at_or_edge((x, y + e)));
                    if let Some((a, b)) = area.clip(low, high) {
                        self.segment(a, b, *stroke)?;
                    }
                }
                Ok(())
            }
            Mark::Band(band, fill) => {
                let upper = band.iter().map(|&(x, _, high)| (x, high));
                let lower = band.iter().rev().map(|&(x, low, _)| (x, low));
                let outline = upper
                    .chain(lower)
                    .map(|p| units(area.clamp(area.at_or_edge(p))));
                Ok(self.backend.fill_polygon(outline, &fill.plotters())?)
            }
            Mark::Box { x, y, fill } => {
                let a = area.clamp(area.at_or_edge((x.0, y.1)));
                let b = area.clamp(area.at_or_edge((x.1, y.0)));
                Ok(self
                    .backend
                    .draw_rect(units(a), units(b), &filled(*fill), true)?)
            }
            Mark::Text {
                at,
                text,
                color,
                align,
            } => match area.at(*at) {
                Some((x, y)) => self.text(text, (x, y + 0.36 * TICK), TICK, *color, *align, false),
                None => Ok(()),
            },
            Mark::Across { y: value, stroke } => match area.y.unit(*value) {
                Some(v) if (0.0..=1.0).contains(&v) => {
                    let at = y + (1.0 - v) * h;
                    self.dashes(&[(x, at), (x + w, at)], *stroke)
                }
                _ => Ok(()),
            },
            Mark::Upright { x: value, stroke } => match area.x.unit(*value) {
                Some(u) if (0.0..=1.0).contains(&u) => {
                    let at = x + u * w;
                    self.dashes(&[(at, y), (at, y + h)], *stroke)
                }
                _ => Ok(()),
            },
        }
    }

    fn polyline(&mut self, points: &[Point], stroke: Stroke, area: &Area<'_>) -> Drawn {
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
                        self.dashes(&std::mem::take(&mut piece), stroke)?;
                        piece.push(a);
                    }
                    piece.push(b);
                }
                None => self.dashes(&std::mem::take(&mut piece), stroke)?,
            }
        }
        self.dashes(&piece, stroke)
    }

    /// A line in page coordinates, dashed if its stroke is.
    fn dashes(&mut self, points: &[Point], stroke: Stroke) -> Drawn {
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

    fn segment(&mut self, a: Point, b: Point, stroke: Stroke) -> Drawn {
        self.dashes(&[a, b], stroke)
    }

    fn marker(&mut self, (x, y): Point, marker: Marker) -> Drawn {
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

    fn legend(&mut self, axes: &Axes, frame: Rect, ink: &[Point]) -> Drawn {
        const SAMPLE: f64 = 14.0;
        const LINE: f64 = TICK + 2.5;
        if axes.legend.is_empty() {
            return Ok(());
        }
        let text = axes
            .legend
            .iter()
            .map(|e| layout(&e.text, TICK).width)
            .fold(0.0, f64::max);
        let (w, h) = (
            SAMPLE + 3.0 * GAP + text,
            axes.legend.len() as f64 * LINE + GAP,
        );
        let Rect { x, y, .. } = legend::place(frame, (w, h), GAP, axes.corner, ink);
        let ground = filled(Color::WHITE.opacity(0.75));
        self.backend
            .draw_rect(units((x, y)), units((x + w, y + h)), &ground, true)?;
        for (i, entry) in axes.legend.iter().enumerate() {
            let LegendEntry {
                text,
                stroke,
                marker,
                fill,
            } = entry;
            let middle = y + GAP / 2.0 + (i as f64 + 0.5) * LINE;
            let (a, b) = (x + GAP, x + GAP + SAMPLE);
            if let Some(stroke) = stroke {
                self.segment((a, middle), (b, middle), *stroke)?;
            }
            if let Some(marker) = marker {
                self.marker(((a + b) / 2.0, middle), *marker)?;
            }
            if let Some(fill) = fill {
                let corners = (
                    units((a + 3.0, middle - 2.5)),
                    units((b - 3.0, middle + 2.5)),
                );
                self.backend
                    .draw_rect(corners.0, corners.1, &filled(*fill), true)?;
            }
            let at = (b + GAP, middle + 0.36 * TICK);
            self.text(text, at, TICK, Color::BLACK, 0.0, false)?;
        }
        Ok(())
    }

    /// A line of text with its baseline through `at`; `align` says which part of it is there.
    fn text(
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
