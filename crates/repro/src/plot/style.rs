//! Sizes that all panels share, in points, and the units that they are drawn in.

/// Font of axis labels.
pub(super) const LABEL: f64 = 8.0;
/// Font of tick labels and legends.
pub(super) const TICK: f64 = 7.0;
/// Font of titles.
pub(super) const TITLE: f64 = 8.0;
/// Length of a tick.
pub(super) const TICK_LENGTH: f64 = 2.5;
/// Gaps between things.
pub(super) const GAP: f64 = 3.0;

/// Drawing units per point: things are placed on whole units, a tenth of a point is fine enough.
pub(super) const UNITS: f64 = 10.0;
/// A place in drawing units.
pub(super) type Unit = (i32, i32);
