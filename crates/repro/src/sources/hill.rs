//! P. Hill, *Neuro-Backprop* (2020): accuracies on Yin-Yang.

use anyhow::Result;

use crate::results::stats::Statistic;
use crate::results::{Frame, Inputs, Row};

/// Correct samples are counted in the published validation and test sets of this size.
pub(crate) const SAMPLES: f64 = 600.0;
/// Epochs of the published sweeps.
pub(crate) const SWEEP_EPOCHS: usize = 45;
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

/// The runs with this integrator, `"euler"` or `"adaptive"`, and this precision, `"f32"` or `"f64"`.
pub(crate) fn computed_with(runs: &Frame, integrator: &str, precision: &str) -> Result<Frame> {
    runs.try_filter(|run| {
        // Single precision is what a row need not mention.
        let given = match run.text("precision")? {
            "" => "f32",
            given => given,
        };
        Ok(run.text("network.integrator")? == integrator && given == precision)
    })
}

/// A series of a sweep: patterns of one duration.
#[derive(Clone)]
pub(crate) struct Series {
    pub(crate) t_pattern_ms: f64,
    /// Its name in the published tables; empty if nothing was published at this duration.
    pub(crate) name: String,
    pub(crate) ours: Frame,
    published: Frame,
    /// Single runs of all published series.
    singles: Frame,
}

/// The published series of `figure` and our runs of a sweep, by the duration of patterns.
pub(crate) fn sweep(inputs: &Inputs<'_>, experiment: &str, figure: &str) -> Result<Vec<Series>> {
    let sweeps = inputs.published("hill2020_yinyang_sweeps.csv")?;
    let published = sweeps.matching("figure", figure)?;
    let singles = inputs.published("hill2020_yinyang_runs.csv")?;
    let runs = inputs.runs(experiment)?;
    let mut times = published.numbers("t_pattern_ms")?;
    times.extend(runs.numbers("network.t_pattern_ms")?);
    times.sort_by(f64::total_cmp);
    times.dedup_by(|a, b| close(*a, *b));
    let series = |t_pattern_ms: f64| {
        let of_time = |frame: &Frame, column: &str| {
            frame.try_filter(|row| Ok(close(row.number(column)?, t_pattern_ms)))
        };
        let published = of_time(&published, "t_pattern_ms")?;
        let name = published.distinct("series")?.into_iter().next();
        Ok(Series {
            t_pattern_ms,
            name: name.unwrap_or_default(),
            ours: of_time(&runs, "network.t_pattern_ms")?,
            published,
            singles: singles.clone(),
        })
    };
    times.into_iter().map(series).collect()
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
    /// The same with other runs of ours.
    pub(crate) fn with(self, ours: Frame) -> Self {
        Self { ours, ..self }
    }

    /// All published points: `x`, mean accuracy and its standard deviation (NaN if it was not published).
    pub(crate) fn published(&self, x: &str) -> Result<Vec<(f64, f64, f64)>> {
        let point = |row: Row<'_>| {
            let std = row.maybe("accuracy_std")?.unwrap_or(f64::NAN);
            Ok((row.number(x)?, row.number("accuracy_mean")?, std))
        };
        self.published.rows().map(point).collect()
    }

    /// The learning-lags of the series, in ms.
    pub(crate) fn lags(&self) -> Result<String> {
        let mut lags = self.published.numbers("learning_lag_ms")?;
        lags.extend(self.ours.numbers("network.learning_lag_ms")?);
        lags.sort_by(f64::total_cmp);
        lags.dedup_by(|a, b| close(*a, *b));
        let lags: Vec<String> = lags.iter().map(f64::to_string).collect();
        Ok(lags.join(", "))
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::paths::{Output, Repository};
    use crate::profile::Profile;
    use crate::results::{Reads, Results};

    const COLUMNS: &[&str] = &[
        "seed",
        "network.t_pattern_ms",
        "network.learning_lag_ms",
        "network.tau_0_ms",
        "network.tau_w_ms",
        "network.reset_deltas",
        "validation_accuracy",
        "test_accuracy",
    ];
    const READS: &[Reads] = &[Reads::runs("learning_lag_reset", COLUMNS)];

    /// Our runs, one a line.
    fn joined(lines: &str) -> Vec<Series> {
        let dir = tempfile::tempdir().unwrap();
        let output = Output::at(dir.path());
        fs::create_dir_all(output.data()).unwrap();
        let csv = format!("{}\n{lines}", COLUMNS.join(","));
        fs::write(output.runs_csv("learning_lag_reset"), csv).unwrap();
        let results = Results::new(&Repository::find().unwrap(), &output, Profile::Paper);
        let inputs = Inputs::new(&results, "a test", READS);
        sweep(
            &inputs,
            "learning_lag_reset",
            "accuracy_vs_learning_lag_reset",
        )
        .unwrap()
    }

    #[test]
    fn runs_stand_beside_the_published_point_of_their_settings() {
        // The published program did not reset at lag 0; the third lag is published as 1.01695.
        let series = joined(
            "2304,100,0,3,30,true,0.1,0.2\n\
             2304,100,0.0,3,30,false,0.3,0.4\n\
             123,100,0,3,30,false,0.5,0.6\n\
             2304,100.0,1.0169491525423728,3,30,true,0.7,0.8\n\
             2304,100,1.0169491525423728,3.5,30,true,0.9,1.0\n",
        );
        // Those that are published without a run of ours are there too.
        let times: Vec<f64> = series.iter().map(|s| s.t_pattern_ms).collect();
        assert_eq!(times, [50.0, 60.0, 75.0, 100.0]);
        assert!(series[0].joined("learning_lag_ms").unwrap().is_empty());
        let [first, third] = &series[3].joined("learning_lag_ms").unwrap()[..] else {
            panic!("not two points")
        };
        assert_eq!((first.x, first.published.reset), (0.0, false));
        assert_eq!(first.ours.numbers("test_accuracy").unwrap(), [0.4, 0.6]);
        assert_eq!((third.x, third.published.reset), (1.01695, true));
        assert_eq!(third.ours.numbers("test_accuracy").unwrap(), [0.8]);
        assert!(series[3].published("learning_lag_ms").unwrap().len() == 60);
    }

    #[test]
    fn repeated_runs_are_counted_in_samples_of_their_own_set() {
        let series = joined("2304,100,0,3,30,false,0.5,0.25\n7,100,0,3,30,false,0.5,0.25\n");
        let points = series[3].joined("learning_lag_ms").unwrap();
        let repeated = points[0].repeated().unwrap();
        assert_eq!(repeated.len(), 1, "one seed is published");
        let Repeated {
            seed,
            validation,
            test,
        } = repeated[0];
        let single = points[0]
            .singles
            .try_filter(|row| Ok(row.number("seed")? == 2304.0));
        let single = single.unwrap();
        let samples = |column: &str| (600.0 * single.numbers(column).unwrap()[0]).round();
        assert_eq!(seed, 2304);
        assert_eq!(validation, (300.0, samples("validation_accuracy")));
        assert_eq!(test, (150.0, samples("test_accuracy")));
        let apart = (150.0 - test.1).abs().max((300.0 - validation.1).abs());
        assert_eq!(repeated[0].difference(), apart);
    }
}
