//! Summaries of repeated runs.

/// Mean and sample standard deviation (divisor n − 1): the mean of nothing and the deviation of
/// fewer than two values are NaN.
pub(crate) fn mean_std(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, variance.sqrt())
}
