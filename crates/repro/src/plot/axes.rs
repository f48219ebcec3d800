//! What a panel shows: marks in data coordinates, two scales, a legend.

use super::{Color, Picture, Scale};

/// How a line is drawn; lengths in typographic points.
#[derive(Clone, Copy, Debug)]
pub struct Stroke {
    pub(super) color: Color,
    pub(super) width: f64,
    pub(super) dash: Option<(f64, f64)>,
}

impl Stroke {
    /// A full line of normal width.
    pub fn solid(color: Color) -> Self {
        Self {
            color,
            width: 1.0,
            dash: None,
        }
    }

    /// A dashed line.
    pub fn dashed(color: Color) -> Self {
        Self {
            dash: Some((4.0, 2.5)),
            ..Self::solid(color)
        }
    }

    /// A dotted line.
    pub fn dotted(color: Color) -> Self {
        Self {
            dash: Some((1.0, 1.6)),
            ..Self::solid(color)
        }
    }

    /// The same line, this wide.
    #[must_use]
    pub fn width(self, width: f64) -> Self {
        Self { width, ..self }
    }
}

/// How a point is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Marker {
    pub(super) color: Color,
    pub(super) radius: f64,
    pub(super) shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Dot,
    Ring,
    Square,
    Diamond,
    Triangle,
    Cross,
}

impl Marker {
    /// A filled circle.
    pub fn dot(color: Color) -> Self {
        Self {
            color,
            radius: 2.0,
            shape: Shape::Dot,
        }
    }

    /// An open circle.
    pub fn ring(color: Color) -> Self {
        Self {
            shape: Shape::Ring,
            ..Self::dot(color)
        }
    }

    /// A filled square.
    pub fn square(color: Color) -> Self {
        Self {
            shape: Shape::Square,
            ..Self::dot(color)
        }
    }

    /// A filled diamond.
    pub fn diamond(color: Color) -> Self {
        Self {
            shape: Shape::Diamond,
            ..Self::dot(color)
        }
    }

    /// A filled triangle.
    pub fn triangle(color: Color) -> Self {
        Self {
            shape: Shape::Triangle,
            ..Self::dot(color)
        }
    }

    /// A ×.
    pub fn cross(color: Color) -> Self {
        Self {
            shape: Shape::Cross,
            ..Self::dot(color)
        }
    }

    /// The same mark with this radius, in points.
    #[must_use]
    pub fn radius(self, radius: f64) -> Self {
        Self { radius, ..self }
    }
}

/// Something drawn in data coordinates.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    Line(Vec<(f64, f64)>, Stroke),
    Points(Vec<(f64, f64)>, Marker),
    ErrorBars(Vec<(f64, f64, f64)>, Stroke),
    Band(Vec<(f64, f64, f64)>, Color),
    Box {
        x: (f64, f64),
        y: (f64, f64),
        fill: Color,
    },
    Text {
        at: (f64, f64),
        text: String,
        color: Color,
        align: f64,
    },
    Across {
        y: f64,
        stroke: Stroke,
    },
    Upright {
        x: f64,
        stroke: Stroke,
    },
    Picture {
        x: (f64, f64),
        y: (f64, f64),
        picture: Picture,
    },
}

#[derive(Clone, Debug)]
pub(super) struct LegendEntry {
    pub(super) text: String,
    pub(super) stroke: Option<Stroke>,
    pub(super) marker: Option<Marker>,
    pub(super) fill: Option<Color>,
}

/// A panel: marks, scales, title and legend.
#[derive(Clone, Debug, Default)]
pub struct Axes {
    pub(super) x: Scale,
    pub(super) y: Scale,
    /// A second vertical scale on the right, for the marks that follow [`Axes::right`].
    pub(super) y2: Option<Scale>,
    pub(super) title: String,
    pub(super) tag: String,
    pub(super) marks: Vec<(Mark, bool)>,
    pub(super) legend: Vec<LegendEntry>,
    pub(super) corner: Option<(f64, f64)>,
    pub(super) bare: bool,
    pub(super) square: bool,
    on_right: bool,
}

impl Axes {
    /// An empty panel.
    pub fn new(x: Scale, y: Scale) -> Self {
        Self {
            x,
            y,
            ..Self::default()
        }
    }

    /// A line over the panel.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The panel's letter.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = tag.into();
        self
    }

    /// No frame, ticks or labels: for drawings and pictures.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// The plotted area is made square.
    #[must_use]
    pub fn square(mut self) -> Self {
        self.square = true;
        self
    }

    /// Where the legend stands: (0, 0) is the lower left corner of the panel, (1, 1) the upper
    /// right. Without a call it is put where it covers least.
    #[must_use]
    pub fn legend_at(mut self, x: f64, y: f64) -> Self {
        self.corner = Some((x, y));
        self
    }

    /// Opens a second vertical scale on the right; marks added from here on belong to it.
    pub fn right(&mut self, scale: Scale) {
        self.y2 = Some(scale);
        self.on_right = true;
    }

    /// A polyline. Points that a scale cannot show interrupt it.
    pub fn line(&mut self, points: impl IntoIterator<Item = (f64, f64)>, stroke: Stroke) {
        self.push(Mark::Line(points.into_iter().collect(), stroke));
    }

    /// Separate points.
    pub fn points(&mut self, points: impl IntoIterator<Item = (f64, f64)>, marker: Marker) {
        self.push(Mark::Points(points.into_iter().collect(), marker));
    }

    /// Vertical bars from y − e to y + e, given as (x, y, e).
    pub fn error_bars(&mut self, bars: impl IntoIterator<Item = (f64, f64, f64)>, stroke: Stroke) {
        self.push(Mark::ErrorBars(bars.into_iter().collect(), stroke));
    }

    /// A filled band between two curves, given as (x, low, high).
    pub fn band(&mut self, band: impl IntoIterator<Item = (f64, f64, f64)>, fill: Color) {
        self.push(Mark::Band(band.into_iter().collect(), fill));
    }

    /// A filled rectangle.
    pub fn rectangle(&mut self, x: (f64, f64), y: (f64, f64), fill: Color) {
        self.push(Mark::Box { x, y, fill });
    }

    /// A picture between these limits.
    pub fn picture(&mut self, x: (f64, f64), y: (f64, f64), picture: Picture) {
        self.push(Mark::Picture { x, y, picture });
    }

    /// Text at a point; `align` 0 puts its left end there, 0.5 its middle, 1 its right end.
    pub fn text(&mut self, at: (f64, f64), text: impl Into<String>, color: Color, align: f64) {
        self.push(Mark::Text {
            at,
            text: text.into(),
            color,
            align,
        });
    }

    /// A horizontal line over the whole width.
    pub fn across(&mut self, y: f64, stroke: Stroke) {
        self.push(Mark::Across { y, stroke });
    }

    /// A vertical line over the whole height.
    pub fn upright(&mut self, x: f64, stroke: Stroke) {
        self.push(Mark::Upright { x, stroke });
    }

    /// A legend entry with a line, a marker, or both.
    pub fn legend(
        &mut self,
        text: impl Into<String>,
        stroke: impl Into<Option<Stroke>>,
        marker: impl Into<Option<Marker>>,
    ) {
        let (stroke, marker) = (stroke.into(), marker.into());
        self.legend.push(LegendEntry {
            text: text.into(),
            stroke,
            marker,
            fill: None,
        });
    }

    /// A legend entry with a filled box.
    pub fn legend_box(&mut self, text: impl Into<String>, fill: Color) {
        let text = text.into();
        self.legend.push(LegendEntry {
            text,
            stroke: None,
            marker: None,
            fill: Some(fill),
        });
    }

    fn push(&mut self, mark: Mark) {
        self.marks.push((mark, self.on_right));
    }
}

impl Mark {
    /// The x values that the horizontal scale has to show.
    pub(super) fn xs(&self) -> Vec<f64> {
        match self {
            Self::Line(p, _) | Self::Points(p, _) => p.iter().map(|p| p.0).collect(),
            Self::ErrorBars(p, _) | Self::Band(p, _) => p.iter().map(|p| p.0).collect(),
            Self::Box { x, .. } | Self::Picture { x, .. } => vec![x.0, x.1],
            Self::Text { at, .. } => vec![at.0],
            Self::Upright { x, .. } => vec![*x],
            Self::Across { .. } => Vec::new(),
        }
    }

    /// The y values that the vertical scale has to show.
    pub(super) fn ys(&self) -> Vec<f64> {
        match self {
            Self::Line(p, _) | Self::Points(p, _) => p.iter().map(|p| p.1).collect(),
            Self::ErrorBars(p, _) => p.iter().flat_map(|p| [p.1 - p.2, p.1 + p.2]).collect(),
            Self::Band(p, _) => p.iter().flat_map(|p| [p.1, p.2]).collect(),
            Self::Box { y, .. } | Self::Picture { y, .. } => vec![y.0, y.1],
            Self::Text { at, .. } => vec![at.1],
            Self::Across { y, .. } => vec![*y],
            Self::Upright { .. } => Vec::new(),
        }
    }
}
