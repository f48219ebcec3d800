//! What the seeds of a point found together, and which of two points is the better one.

use std::cmp::Ordering;

use serde::Deserialize;

use crate::results::stats::{mean_std, median};
use crate::studies::Better;

/// One number for all seeds of a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OverSeeds {
    /// Arithmetic mean.
    #[default]
    Mean,
    /// Median.
    Median,
    /// The worst seed.
    Worst,
}

impl OverSeeds {
    /// As in files and columns.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Median => "median",
            Self::Worst => "worst",
        }
    }

    fn of(self, values: &[f64], better: Better) -> f64 {
        match (self, better) {
            (Self::Mean, _) => mean_std(values).0,
            (Self::Median, _) => median(values),
            (Self::Worst, Better::Higher) => values.iter().copied().fold(f64::NAN, f64::min),
            (Self::Worst, Better::Lower) => values.iter().copied().fold(f64::NAN, f64::max),
        }
    }
}

/// What the seeds of a point found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Score {
    /// The one number, of the seeds that have a result; NaN of none.
    pub(crate) value: f64,
    /// Sample standard deviation of the seeds, and standard error of their mean; NaN of fewer than two.
    pub(crate) std: f64,
    pub(crate) standard_error: f64,
    /// Seeds, and how many of them have no result: they diverged.
    pub(crate) runs: usize,
    pub(crate) diverged: usize,
}

impl Score {
    /// Of one value a seed, none for a seed that diverged.
    pub(crate) fn of(values: &[Option<f64>], over_seeds: OverSeeds, better: Better) -> Self {
        let valid: Vec<f64> = values.iter().flatten().copied().collect();
        let (_, std) = mean_std(&valid);
        Self {
            value: over_seeds.of(&valid, better),
            std,
            standard_error: std / (valid.len() as f64).sqrt(),
            runs: values.len(),
            diverged: values.len() - valid.len(),
        }
    }

    /// The one number, unless seeds diverged.
    pub(crate) fn sound(&self) -> Option<f64> {
        (self.diverged == 0).then_some(self.value)
    }

    /// The better one first. A point of which fewer seeds diverged is better, whatever the others found.
    pub(crate) fn compare(&self, other: &Self, better: Better) -> Ordering {
        let (here, there) = (self.diverged * other.runs, other.diverged * self.runs);
        let values = match better {
            Better::Higher => other.value.total_cmp(&self.value),
            Better::Lower => self.value.total_cmp(&other.value),
        };
        // Whose seeds all diverged have no value to be compared by.
        here.cmp(&there).then(match self.value.is_nan() {
            true => Ordering::Equal,
            false => values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(values: &[Option<f64>]) -> Score {
        Score::of(values, OverSeeds::Mean, Better::Higher)
    }

    #[test]
    fn seeds_are_made_one_number() {
        let values = [Some(1.0), Some(2.0), None, Some(6.0)];
        let of = |over_seeds, better| Score::of(&values, over_seeds, better).value;
        assert_eq!(of(OverSeeds::Mean, Better::Higher), 3.0);
        assert_eq!(of(OverSeeds::Median, Better::Higher), 2.0);
        assert_eq!(of(OverSeeds::Worst, Better::Higher), 1.0);
        assert_eq!(of(OverSeeds::Worst, Better::Lower), 6.0);
        let score = score(&values);
        assert_eq!((score.runs, score.diverged), (4, 1));
        assert_eq!(score.standard_error, (14.0 / 2.0_f64).sqrt() / 3f64.sqrt());
    }

    #[test]
    fn points_of_which_seeds_diverge_are_behind() {
        let (low, high) = (
            score(&[Some(0.1), Some(0.2)]),
            score(&[Some(0.9), Some(0.8)]),
        );
        let (half, none) = (score(&[Some(1.0), None]), score(&[None, None]));
        let mut order = [none, half, low, high];
        order.sort_by(|a, b| a.compare(b, Better::Higher));
        let values = order.map(|score| score.value);
        assert_eq!(values[..3], [high.value, low.value, half.value]);
        assert!(values[3].is_nan());
        assert_eq!(low.compare(&high, Better::Lower), Ordering::Less);
    }
}
