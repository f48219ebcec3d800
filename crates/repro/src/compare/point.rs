//! A point of a published series, ours and theirs.

use anyhow::Result;
use statrs::stats_tests::Alternative;
use statrs::stats_tests::fisher::fishers_exact;

use crate::results::Frame;
use crate::results::stats::Statistic;
use crate::sources::hill::Repeated;

/// Fewest runs on both sides from which a spread says something.
const ENOUGH: usize = 3;

/// One point of a series, ours and published.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) series: String,
    /// What varies along the series, and its value here.
    pub(crate) x: (&'static str, f64),
    pub(crate) values: Values,
    /// Epochs of training behind ours, and behind the published point.
    pub(crate) epochs: (usize, usize),
    /// Whether ours left the published integrator.
    pub(crate) adaptive: bool,
    /// Whether ours are not the runs of the experiment, so that nothing follows from their distance.
    pub(crate) doubted: bool,
    /// Runs of ours that repeat a published run: same seed, same settings.
    pub(crate) repeated: Vec<Repeated>,
}

/// What is compared, ours first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Values {
    /// Accuracies around a mean.
    Means(Statistic, Statistic),
    /// Mean accuracies of runs of which some start to learn and some never do: how far they spread says nothing of the mean.
    Bimodal(Statistic, Statistic),
    /// How many runs stayed at chance, of how many.
    AtChance(Count, Count),
}

/// `n` of `of` runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) n: usize,
    pub(crate) of: usize,
}

impl Count {
    fn share(self) -> f64 {
        self.n as f64 / self.of as f64
    }

    fn text(self) -> String {
        format!("{} of {}", self.n, self.of)
    }
}

impl Values {
    /// Number of runs, ours and published.
    pub(crate) fn runs(&self) -> (usize, usize) {
        match self {
            Self::Means(ours, published) | Self::Bimodal(ours, published) => {
                (ours.runs, published.runs)
            }
            Self::AtChance(ours, published) => (ours.of, published.of),
        }
    }

    /// Means, or fractions of runs, ours and published.
    pub(crate) fn means(&self) -> (f64, f64) {
        match self {
            Self::Means(ours, published) | Self::Bimodal(ours, published) => {
                (ours.mean, published.mean)
            }
            Self::AtChance(ours, published) => (ours.share(), published.share()),
        }
    }

    /// Ours and published for people: in per cent, or as counts.
    pub(crate) fn texts(&self) -> (String, String) {
        match self {
            Self::Means(ours, published) => (ours.percent(), published.percent()),
            Self::Bimodal(ours, published) => {
                let text = |s: &Statistic| format!("{:.2} ({})", 100.0 * s.mean, s.runs);
                (text(ours), text(published))
            }
            Self::AtChance(ours, published) => (ours.text(), published.text()),
        }
    }
}

impl Point {
    /// Ours less published, in percentage points.
    pub(crate) fn difference(&self) -> f64 {
        let (ours, published) = self.values.means();
        100.0 * (ours - published)
    }

    /// Ours less published, in standard errors of that difference. Where one of the two spreads is
    /// unknown, it is taken to be the other; `None` if nothing is known to spread, there are too few runs, values are not
    /// around a mean, or ours are not the runs of the experiment.
    pub(crate) fn standard_errors(&self) -> Option<f64> {
        let Values::Means(ours, published) = self.values else {
            return None;
        };
        let (n, m) = self.values.runs();
        if self.doubted || n.min(m) < ENOUGH {
            return None;
        }
        let variance = |s: &Statistic, std: f64| std.powi(2) / s.runs as f64;
        let either = |a: f64, b: f64| if a.is_finite() { a } else { b };
        let error = variance(&ours, either(ours.std, published.std))
            + variance(&published, either(published.std, ours.std));
        (error > 0.0).then(|| (ours.mean - published.mean) / error.sqrt())
    }

    /// Probability that counts differ as much as these or more if runs stay at chance as often here as there: Fisher's exact
    /// test, both sides. `None` if nothing is counted, or ours are not the runs of the experiment.
    pub(crate) fn p_value(&self) -> Option<f64> {
        let Values::AtChance(ours, published) = self.values else {
            return None;
        };
        let row = |count: Count| [count.n as u64, (count.of - count.n) as u64];
        let ([a, b], [c, d]) = (row(ours), row(published));
        let p = fishers_exact(&[a, c, b, d], Alternative::TwoSided).ok()?;
        (!self.doubted).then_some(p.min(1.0))
    }

    /// How far apart the two are, as far as that can be judged.
    pub(crate) fn judgement(&self) -> String {
        match (self.standard_errors(), self.p_value()) {
            (Some(errors), _) => format!("{errors:+.1} s.e."),
            (_, Some(p)) => format!("p = {p:.2}"),
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
