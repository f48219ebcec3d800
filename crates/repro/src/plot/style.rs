//! Sizes that all panels share, in points.

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
