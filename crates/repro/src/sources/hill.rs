//! P. Hill, *Neuro-Backprop* (2020): accuracies on Yin-Yang.

use anyhow::Result;

use crate::results::stats::Statistic;
use crate::results::{Frame, Inputs, Row};

/// Correct samples are counted in the published validation and test sets of this size.
const SAMPLES: f64 = 600.0;
/// The published tables round to five decimals.
const ROUNDING: f64 = 1e-5;
/// What makes a point of a sweep, besides the reset of Δ: columns there, settings of `network` here.
const PLACE: [&str; 4] = ["t_pattern_ms", "learning_lag_ms", "tau_0_ms", "tau_w_ms"];
const RESET: &str = "reset_deltas";

/// A published accuracy over seeds.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) accuracy: Statistic,
    /// Whether Δ was reset after every pattern.
    pub(crate) reset: bool,
}

impl Published {
    fn read(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            accuracy: Statistic {
                mean: row.number("accuracy_mean")?,
                std: row.number("accuracy_std")?,
                runs: row.number("n_runs")? as usize,
            },
            reset: row.truth(RESET)?,
        })
    }
}

/// The accuracies that the text gives for `quantity`, each with those of our runs that reset Δ where it did.
pub(crate) fn from_the_text(
    inputs: &Inputs<'_>,
    quantity: &str,
    runs: &Frame,
) -> Result<Vec<(Published, Frame)>> {
    let report = inputs.published("hill2020_report.csv")?;
    let rows = report.matching("quantity", quantity)?;
    let beside = |row: Row<'_>| {
        let published = Published::read(row)?;
        let same = |run: Row<'_>| Ok(run.truth("network.reset_deltas")? == published.reset);
        let ours = runs.try_filter(same)?;
        Ok((published, ours))
    };
    rows.rows().map(beside).collect()
}

/// A series of a sweep: patterns of one duration.
pub(crate) struct Series {
    pub(crate) t_pattern_ms: f64,
    /// Its name in the published tables; empty if nothing was published at this duration.
    pub(crate) name: String,
    pub(crate) ours: Frame,
    published: Frame,
    /// Single runs of all published series.
    singles: Frame,
}

/// Our runs of a sweep and the published ones of `figure`, by the duration of patterns.
pub(crate) fn sweep(inputs: &Inputs<'_>, experiment: &str, figure: &str) -> Result<Vec<Series>> {
    let sweeps = inputs.published("hill2020_yinyang_sweeps.csv")?;
    let published = sweeps.matching("figure", figure)?;
    let singles = inputs.published("hill2020_yinyang_runs.csv")?;
    let runs = inputs.runs(experiment)?.by_number("network.t_pattern_ms")?;
    let series = |(t_pattern_ms, ours): (f64, Frame)| {
        let same = |row: Row<'_>| Ok(close(row.number("t_pattern_ms")?, t_pattern_ms));
        let published = published.try_filter(same)?;
        let name = published.distinct("series")?.into_iter().next();
        Ok(Series {
            t_pattern_ms,
            name: name.unwrap_or_default(),
            ours,
            published,
            singles: singles.clone(),
        })
    };
    runs.into_iter().map(series).collect()
}

/// A published point at which we have runs too.
pub(crate) struct Joined {
    /// Where it stands along the sweep.
    pub(crate) x: f64,
    pub(crate) published: Published,
    pub(crate) ours: Frame,
    /// The single published runs of the point, as far as they are known.
    pub(crate) singles: Frame,
}

impl Series {
    /// All published points: `x` and mean accuracy.
    pub(crate) fn published(&self, x: &str) -> Result<Vec<(f64, f64)>> {
        self.published.points(x, "accuracy_mean")
    }

    /// The published points at which there are runs of ours.
    pub(crate) fn joined(&self, x: &str) -> Result<Vec<Joined>> {
        let mut joined = Vec::new();
        for point in self.published.rows() {
            let ours = self.ours.try_filter(|run| is_at(run, point))?;
            if ours.is_empty() {
                continue;
            }
            let of_series = self.singles.matching("series", &self.name)?;
            joined.push(Joined {
                x: point.number(x)?,
                published: Published::read(point)?,
                ours,
                singles: of_series.try_filter(|single| same_point(single, point))?,
            });
        }
        Ok(joined)
    }
}

/// A published run that was repeated.
#[derive(Clone, Debug)]
pub(crate) struct Repeated {
    pub(crate) seed: u64,
    /// Correct validation samples, ours and published.
    pub(crate) validation: (f64, f64),
    /// Correct test samples, ours and published.
    pub(crate) test: (f64, f64),
}

impl Repeated {
    /// Larger of the two differences, in samples.
    pub(crate) fn difference(&self) -> f64 {
        let difference = |(ours, published): (f64, f64)| (ours - published).abs();
        difference(self.validation).max(difference(self.test))
    }
}

impl Joined {
    /// The published runs whose seed a run of ours has, if it came to an end.
    pub(crate) fn repeated(&self) -> Result<Vec<Repeated>> {
        let mut repeated = Vec::new();
        for single in self.singles.rows() {
            let seed = single.number("seed")?;
            let ours = self
                .ours
                .try_filter(|run| Ok(run.number("seed")? == seed))?;
            let Some(run) = ours.rows().next() else {
                continue;
            };
            if run.maybe("test_accuracy")?.is_none() {
                continue;
            }
            let correct = |row: Row<'_>, column| -> Result<f64> {
                Ok((row.number(column)? * SAMPLES).round())
            };
            let both = |column| -> Result<(f64, f64)> {
                Ok((correct(run, column)?, correct(single, column)?))
            };
            repeated.push(Repeated {
                seed: seed as u64,
                validation: both("validation_accuracy")?,
                test: both("test_accuracy")?,
            });
        }
        Ok(repeated)
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= ROUNDING
}

/// Whether a run of ours has the settings of a published point.
fn is_at(run: Row<'_>, point: Row<'_>) -> Result<bool> {
    for column in PLACE {
        if !close(
            run.number(&format!("network.{column}"))?,
            point.number(column)?,
        ) {
            return Ok(false);
        }
    }
    Ok(run.truth("network.reset_deltas")? == point.truth(RESET)?)
}

/// Whether two published rows are of the same point.
fn same_point(a: Row<'_>, b: Row<'_>) -> Result<bool> {
    for column in PLACE {
        if !close(a.number(column)?, b.number(column)?) {
            return Ok(false);
        }
    }
    Ok(a.truth(RESET)? == b.truth(RESET)?)
}
