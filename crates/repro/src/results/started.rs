//! The mark of a classifier that has started to learn.

use anyhow::Result;

use super::frame::Frame;

/// An accuracy below this is that of a network that still answers the same to everything.
pub(crate) const STARTED: f64 = 0.2;

/// Test accuracies of runs, and which of them started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accuracies(Vec<(f64, bool)>);

impl Accuracies {
    /// Of our runs, which carry their mark; runs without an accuracy are left out.
    pub(crate) fn ours(runs: &Frame) -> Result<Self> {
        let marked = runs.points("test_accuracy", "started")?;
        Ok(Self(
            marked.into_iter().map(|(a, s)| (a, s != 0.0)).collect(),
        ))
    }

    /// Of published runs, whose accuracy is all that is known.
    pub(crate) fn published(values: &[f64]) -> Self {
        Self(values.iter().map(|&a| (a, a >= STARTED)).collect())
    }

    /// All accuracies.
    pub(crate) fn all(&self) -> Vec<f64> {
        self.0.iter().map(|(accuracy, _)| *accuracy).collect()
    }

    /// Those of the runs that started.
    pub(crate) fn started(&self) -> Vec<f64> {
        let started = self.0.iter().filter(|(_, started)| *started);
        started.map(|(accuracy, _)| *accuracy).collect()
    }

    /// Number of runs.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Number of runs that never started.
    pub(crate) fn stuck(&self) -> usize {
        self.0.iter().filter(|(_, started)| !started).count()
    }

    /// Fraction of runs that never started; NaN of nothing.
    pub(crate) fn at_chance(&self) -> f64 {
        self.stuck() as f64 / self.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_runs_below_the_mark_never_started() {
        let runs = Accuracies::published(&[0.1135, STARTED, 0.8, 0.19]);
        assert_eq!((runs.stuck(), runs.at_chance()), (2, 0.5));
        assert_eq!(runs.started(), [STARTED, 0.8]);
        assert_eq!(runs.all().len(), runs.len());
        assert!(Accuracies::default().at_chance().is_nan());
    }
}
