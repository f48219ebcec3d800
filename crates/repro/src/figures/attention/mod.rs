//! The neuron–astrocyte transformer (Kozachkov, Kastanenka & Krotov 2023).

mod error;
mod swap;
mod traces;

pub(super) use error::ATTENTION_ERROR;
pub(super) use swap::ATTENTION_SWAP;
pub(super) use traces::ATTENTION_TRACES;

use super::{Figure, Inputs};
use crate::plot::{Color, SERIES};

/// The random feature maps, in the order in which they are drawn, with their colours.
const FEATURES: [(&str, Color); 3] = [
    ("trigonometric", SERIES[1]),
    ("positive", SERIES[0]),
    ("positive-orthogonal", SERIES[2]),
];

/// Median; NaN of nothing.
fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Quantile by linear interpolation; NaN of nothing.
fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = q * sorted.len().saturating_sub(1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(a), Some(b)) => a + (b - a) * (at - low as f64),
        _ => f64::NAN,
    }
}

/// Least-squares slope of ln y over ln x.
fn log_slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let logs = || points.iter().map(|(x, y)| (x.ln(), y.ln()));
    let (sx, sy) = logs().fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x / n, sy + y / n));
    let covariance: f64 = logs().map(|(x, y)| (x - sx) * (y - sy)).sum();
    let variance: f64 = logs().map(|(x, _)| (x - sx).powi(2)).sum();
    covariance / variance
}

/// A number with a typographic minus, this many decimals.
fn signed(x: f64, decimals: usize) -> String {
    format!("{x:.decimals$}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_and_quantiles_are_what_they_say() {
        let points: Vec<_> = [8.0, 64.0, 512.0]
            .iter()
            .map(|&m: &f64| (m, 3.0 * m.powf(-0.5)))
            .collect();
        assert!((log_slope(&points) + 0.5).abs() < 1e-12);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(quantile(&[0.0, 1.0], 0.25), 0.25);
        assert!(median(&[]).is_nan());
        assert_eq!(signed(-0.5, 2), "−0.50");
    }
}
