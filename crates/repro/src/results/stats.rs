//! Statistics of repeated runs, each with the one definition that figures, comparisons, sweeps and commands share.

/// Arithmetic mean; NaN of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean and sample standard deviation (divisor n − 1): the mean of nothing and the deviation of
/// fewer than two values are NaN.
pub(crate) fn mean_std(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = mean(values);
    if n < 2.0 {
        return (mean, f64::NAN);
    }
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, variance.sqrt())
}

/// Median: the middle value, or the mean of the middle two; NaN of nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Quantile by linear interpolation between order statistics; NaN of nothing.
pub(crate) fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = q * sorted.len().saturating_sub(1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(a), Some(b)) if a == b => *a,
        (Some(a), Some(b)) => a + (b - a) * (at - low as f64),
        _ => f64::NAN,
    }
}

/// Index of the value at the median, the lower of the middle two; the first of equals.
pub(crate) fn median_index(values: &[f64]) -> Option<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    order.get(order.len().saturating_sub(1) / 2).copied()
}

/// Least-squares slope of ln y over ln x.
pub(crate) fn log_slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let logs = || points.iter().map(|(x, y)| (x.ln(), y.ln()));
    let (sx, sy) = logs().fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x / n, sy + y / n));
    let covariance: f64 = logs().map(|(x, y)| (x - sx) * (y - sy)).sum();
    let variance: f64 = logs().map(|(x, _)| (x - sx).powi(2)).sum();
    covariance / variance
}

/// Index of the largest value; the first of equals.
pub(crate) fn argmax<T: Copy + PartialOrd>(values: &[T]) -> usize {
    let mut best = 0;
    for (i, &value) in values.iter().enumerate() {
        if value > values[best] {
            best = i;
        }
    }
    best
}

/// Mean and deviation of repeated runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statistic {
    pub(crate) mean: f64,
    /// Sample standard deviation; NaN of a single run, and where it was not published.
    pub(crate) std: f64,
    pub(crate) runs: usize,
}

impl Statistic {
    /// Of the values of single runs.
    pub(crate) fn of(values: &[f64]) -> Self {
        let (mean, std) = mean_std(values);
        Self {
            mean,
            std,
            runs: values.len(),
        }
    }

    /// `97.05 ± 0.84 (10)`: mean and deviation in per cent, number of runs.
    pub(crate) fn percent(&self) -> String {
        let (mean, std, runs) = (100.0 * self.mean, 100.0 * self.std, self.runs);
        match std.is_finite() {
            true => format!("{mean:.2} ± {std:.2} ({runs})"),
            false => format!("{mean:.2} ({runs})"),
        }
    }
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

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[1.0, f64::INFINITY, f64::INFINITY]), f64::INFINITY);
        assert!(median(&[]).is_nan());
        assert_eq!(quantile(&[0.0, 1.0], 0.25), 0.25);
        assert_eq!(median_index(&[4.0, 1.0, 3.0, 2.0]), Some(3));
        assert_eq!(median_index(&[3.0, 1.0, 2.0]), Some(2));
        assert_eq!(median_index(&[]), None);
    }

    #[test]
    fn the_slope_of_a_power_law_is_its_exponent() {
        let points = [8.0, 64.0, 512.0].map(|m: f64| (m, 3.0 * m.powf(-0.5)));
        assert!((log_slope(&points) + 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_first_of_equal_values_is_the_largest() {
        assert_eq!(argmax(&[0.1, 0.7, 0.7, -1.0]), 1);
    }
}
