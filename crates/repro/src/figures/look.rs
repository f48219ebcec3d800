//! One colour and one marker for a thing, in all figures and profiles: tellable apart in grey as well.

use crate::plot::{Color, Marker, SERIES};

/// Astrocytes, and neurons beside them.
pub(super) const ASTROCYTES: Color = SERIES[0];
pub(super) const NEURONS: Color = SERIES[1];

/// Colour and marker of a duration of patterns, in ms.
pub(super) fn pattern_time(ms: f64) -> (Color, Marker) {
    match ms.round() as u32 {
        50 => (SERIES[0], Marker::dot(SERIES[0])),
        60 => (SERIES[4], Marker::cross(SERIES[4])),
        75 => (SERIES[5], Marker::ring(SERIES[5])),
        100 => (SERIES[1], Marker::triangle(SERIES[1])),
        200 => (SERIES[2], Marker::square(SERIES[2])),
        300 => (SERIES[3], Marker::diamond(SERIES[3])),
        _ => (Color::BLACK, Marker::ring(Color::BLACK)),
    }
}
