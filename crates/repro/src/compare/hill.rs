//! Hill's Yin-Yang results: sweeps with seeds that are known, and accuracies from the text.

use anyhow::Result;

use super::comparison::Comparison;
use super::point::{Point, Values, trained};
use crate::results::stats::Statistic;
use crate::results::{Frame, Inputs, Reads};
use crate::sources::hill::{self, SWEEP_EPOCHS, Series};

/// What is read of runs whose precision differs.
const OF_ANY_PRECISION: &[&str] = &[
    "precision",
    "seed",
    "network.t_pattern_ms",
    "network.learning_lag_ms",
    "network.tau_0_ms",
    "network.tau_w_ms",
    "network.reset_deltas",
    "network.integrator",
    "training.epochs",
    "validation_accuracy",
    "test_accuracy",
];
/// What is read of other runs: all but the precision.
const RUNS: &[&str] = OF_ANY_PRECISION.split_at(1).1;

pub(super) const YINYANG: Comparison = Comparison {
    figure: "yinyang",
    reads: &[Reads::runs("yinyang", RUNS)],
    points: |inputs| from_the_text(inputs, "yinyang", "yinyang", 55),
};

pub(super) const YINYANG_STEADNET: Comparison = Comparison {
    figure: "yinyang-steadnet",
    reads: &[Reads::runs("yinyang_steadnet", RUNS)],
    points: |inputs| from_the_text(inputs, "yinyang_steadnet", "yinyang-steadnet", SWEEP_EPOCHS),
};

pub(super) const LEARNING_LAG: Comparison = Comparison {
    figure: "learning-lag",
    reads: &[Reads::runs("learning_lag", RUNS)],
    points: |inputs| {
        let figure = "accuracy_vs_learning_lag";
        sweep(inputs, "learning_lag", figure, "learning_lag_ms")
    },
};

pub(super) const LEARNING_LAG_RESET: Comparison = Comparison {
    figure: "learning-lag-reset",
    reads: &[Reads::runs("learning_lag_reset", RUNS)],
    points: |inputs| {
        let figure = "accuracy_vs_learning_lag_reset";
        sweep(inputs, "learning_lag_reset", figure, "learning_lag_ms")
    },
};

pub(super) const TAU_0: Comparison = Comparison {
    figure: "tau-0",
    reads: &[Reads::runs("tau_0", RUNS)],
    points: |inputs| sweep(inputs, "tau_0", "accuracy_vs_tau_0", "tau_0_ms"),
};

pub(super) const TAU_W: Comparison = Comparison {
    figure: "tau-w",
    reads: &[Reads::runs("tau_w", RUNS)],
    points: |inputs| sweep(inputs, "tau_w", "accuracy_vs_tau_w", "tau_w_ms"),
};

/// The same runs, computed in four ways: each is a series.
pub(super) const PRECISION: Comparison = Comparison {
    figure: "precision",
    reads: &[Reads::runs("precision", OF_ANY_PRECISION)],
    points: |inputs| {
        let mut points = Vec::new();
        for series in hill::sweep(inputs, "precision", "accuracy_vs_learning_lag")? {
            for integrator in ["euler", "adaptive"] {
                for precision in ["f32", "f64"] {
                    let ours = hill::computed_with(&series.ours, integrator, precision)?;
                    let way = series.clone().with(ours);
                    let name = format!("{}, {integrator}, {precision}", series.name);
                    points.extend(along(&way, &name, "learning_lag_ms")?);
                }
            }
        }
        Ok(points)
    },
};

fn from_the_text(
    inputs: &Inputs<'_>,
    experiment: &str,
    quantity: &str,
    epochs: usize,
) -> Result<Vec<Point>> {
    let runs = inputs.runs(experiment)?;
    let mut points = Vec::new();
    for (published, ours) in hill::from_the_text(inputs, quantity, &runs)? {
        let lag = ours.numbers("network.learning_lag_ms")?.first().copied();
        let series = match published.reset {
            true => "Δ reset",
            false => "Δ carried over",
        };
        points.push(Point {
            series: series.to_owned(),
            x: ("learning_lag_ms", lag.unwrap_or(f64::NAN)),
            values: Values::Means(accuracy(&ours)?, published.accuracy),
            epochs: (trained(&ours)?, epochs),
            adaptive: adaptive(&ours)?,
            doubted: false,
            repeated: Vec::new(),
        });
    }
    Ok(points)
}

/// Every published point of a figure at which we have runs too.
fn sweep(
    inputs: &Inputs<'_>,
    experiment: &str,
    figure: &str,
    x: &'static str,
) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for series in hill::sweep(inputs, experiment, figure)? {
        points.extend(along(&series, &series.name, x)?);
    }
    Ok(points)
}

/// The published points of a series at which we have runs.
fn along(series: &Series, name: &str, x: &'static str) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for joined in series.joined(x)? {
        let epochs = trained(&joined.ours)?;
        points.push(Point {
            series: name.to_owned(),
            x: (x, joined.x),
            values: Values::Means(accuracy(&joined.ours)?, joined.published.accuracy),
            epochs: (epochs, SWEEP_EPOCHS),
            adaptive: adaptive(&joined.ours)?,
            doubted: false,
            repeated: match epochs == SWEEP_EPOCHS {
                true => joined.repeated()?,
                false => Vec::new(),
            },
        });
    }
    Ok(points)
}

fn accuracy(runs: &Frame) -> Result<Statistic> {
    Ok(Statistic::of(&runs.numbers("test_accuracy")?))
}

fn adaptive(runs: &Frame) -> Result<bool> {
    Ok(!runs.matching("network.integrator", "adaptive")?.is_empty())
}
