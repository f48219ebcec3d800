//! A point of a published series, ours and theirs.

use anyhow::Result;

use crate::results::Frame;
use crate::results::stats::Statistic;
use crate::sources::hill::Repeated;

/// One point of a series, ours and published.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) series: String,
    /// What varies along the series, and its value here.
    pub(crate) x: (&'static str, f64),
    pub(crate) ours: Statistic,
    pub(crate) published: Statistic,
    /// Epochs of training behind ours, and behind the published point.
    pub(crate) epochs: (usize, usize),
    /// Whether ours left the published integrator.
    pub(crate) adaptive: bool,
    /// Whether ours are not the runs of the experiment, so that nothing follows from their distance.
    pub(crate) doubted: bool,
    /// Runs of ours that repeat a published run: same seed, same settings.
    pub(crate) repeated: Vec<Repeated>,
}

impl Point {
    /// Ours less published, in standard errors of that difference. Where one of the two spreads is
    /// unknown, it is taken to be the other; NaN if nothing is known to spread, or
    /// if ours are not the runs of the experiment.
    pub(crate) fn standard_errors(&self) -> f64 {
        let variance = |s: &Statistic, std: f64| std.powi(2) / s.runs as f64;
        let either = |a: f64, b: f64| if a.is_finite() { a } else { b };
        let (ours, published) = (self.ours.std, self.published.std);
        let error = variance(&self.ours, either(ours, published))
            + variance(&self.published, either(published, ours));
        match error > 0.0 && !self.doubted {
            true => (self.ours.mean - self.published.mean) / error.sqrt(),
            false => f64::NAN,
        }
    }

    /// [`Self::standard_errors`] for people.
    pub(crate) fn standard_errors_text(&self) -> String {
        match self.standard_errors() {
            x if x.is_finite() => format!("{x:+.1}"),
            _ => "–".to_owned(),
        }
    }

    /// Whether ours had the published amount of training.
    pub(crate) fn comparable(&self) -> bool {
        self.epochs.0 == self.epochs.1
    }
}

/// Epochs of training behind our runs.
pub(super) fn trained(runs: &Frame) -> Result<usize> {
    let epochs = runs.numbers("training.epochs")?;
    Ok(epochs.into_iter().fold(0.0, f64::max) as usize)
}
