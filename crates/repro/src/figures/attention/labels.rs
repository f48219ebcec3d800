//! What the figures of attention call things.

use crate::plot::{Color, SERIES};

/// The random feature maps, in the order in which they are drawn, with their colours.
pub(super) const FEATURES: [(&str, Color); 3] = [
    ("trigonometric", SERIES[1]),
    ("positive", SERIES[0]),
    ("positive-orthogonal", SERIES[2]),
];

/// A number with a typographic minus, this many decimals.
pub(super) fn signed(x: f64, decimals: usize) -> String {
    format!("{x:.decimals$}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minus_is_typographic() {
        assert_eq!(signed(-0.5, 2), "−0.50");
    }
}
