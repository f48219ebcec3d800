//! Summaries of repeated runs.

/// Mean and sample standard deviation (divisor n − 1): the mean of nothing and the deviation of
/// fewer than two values are NaN.
pub(crate) fn mean_std(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if n < 2.0 {
        return (mean, f64::NAN);
    }
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_values_have_no_deviation() {
        assert_eq!(mean_std(&[1.0, 3.0]), (2.0, 2f64.sqrt()));
        let (mean, std) = mean_std(&[1.0]);
        assert!(mean == 1.0 && std.is_nan());
        let (mean, std) = mean_std(&[]);
        assert!(mean.is_nan() && std.is_nan());
    }
}
