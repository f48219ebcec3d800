//! Hill's Yin-Yang results: sweeps with seeds that are known, and accuracies from the text.

use anyhow::Result;

use super::point::{Point, Repeated, Statistic, trained};
use crate::figures::Inputs;
use crate::results::{Frame, Row};

/// Epochs of the published sweeps.
const SWEEP_EPOCHS: usize = 45;
/// Samples in the published validation and test sets.
const SAMPLES: f64 = 600.0;
/// The published tables round to five decimals.
const ROUNDING: f64 = 1e-5;

pub(super) fn yinyang(inputs: &Inputs<'_>) -> Result<Vec<Point>> {
    let runs = inputs.runs("yinyang")?;
    from_the_text(inputs, "yinyang", 55, |_| {
        Ok(("Fig. 7".to_owned(), runs.clone()))
    })
}

pub(super) fn yinyang_steadnet(inputs: &Inputs<'_>) -> Result<Vec<Point>> {
    let runs = inputs.runs("yinyang_steadnet")?;
    from_the_text(inputs, "yinyang-steadnet", SWEEP_EPOCHS, |published| {
        let reset = published.text("reset_deltas")?;
        let name = if reset == "true" {
            "Δ reset"
        } else {
            "Δ carried over"
        };
        Ok((
            name.to_owned(),
            runs.matching("network.reset_deltas", reset)?,
        ))
    })
}

fn from_the_text(
    inputs: &Inputs<'_>,
    quantity: &str,
    epochs: usize,
    ours: impl Fn(Row<'_>) -> Result<(String, Frame)>,
) -> Result<Vec<Point>> {
    let published = inputs
        .published("hill2020_report.csv")?
        .matching("quantity", quantity)?;
    let mut points = Vec::new();
    for row in published.rows() {
        let (series, runs) = ours(row)?;
        let lag = row_lag(&runs)?;
        points.push(Point {
            series,
            x: ("learning_lag_ms", lag),
            ours: statistic(&runs)?,
            published: published_statistic(row)?,
            epochs: (trained(&runs)?, epochs),
            adaptive: adaptive(&runs)?,
            repeated: Vec::new(),
        });
    }
    Ok(points)
}

fn row_lag(runs: &Frame) -> Result<f64> {
    Ok(runs
        .numbers("network.learning_lag_ms")?
        .first()
        .copied()
        .unwrap_or(f64::NAN))
}

pub(super) fn learning_lag(inputs: &Inputs<'_>) -> Result<Vec<Point>> {
    sweep(
        inputs,
        "learning_lag",
        "accuracy_vs_learning_lag",
        "learning_lag_ms",
    )
}

pub(super) fn learning_lag_reset(inputs: &Inputs<'_>) -> Result<Vec<Point>> {
    sweep(
        inputs,
        "learning_lag_reset",
        "accuracy_vs_learning_lag_reset",
        "learning_lag_ms",
    )
}

pub(super) fn tau_0(inputs: &Inputs<'_>) -> Result<Vec<Point>> {
    sweep(inputs, "tau_0", "accuracy_vs_tau_0", "tau_0_ms")
}

pub(super) fn tau_w(inputs: &Inputs<'_>) -> Result<Vec<Point>> {
    sweep(inputs, "tau_w", "accuracy_vs_tau_w", "tau_w_ms")
}

/// Every published point of a figure at which we have runs too.
fn sweep(
    inputs: &Inputs<'_>,
    experiment: &str,
    figure: &str,
    x: &'static str,
) -> Result<Vec<Point>> {
    let runs = inputs.runs(experiment)?;
    let sweeps = inputs
        .published("hill2020_yinyang_sweeps.csv")?
        .matching("figure", figure)?;
    let singles = inputs.published("hill2020_yinyang_runs.csv")?;
    let mut points = Vec::new();
    for published in sweeps.rows() {
        let ours = runs.filter(|r| same_point(r, published).unwrap_or(false));
        if ours.is_empty() {
            continue;
        }
        let series = published.text("series")?;
        let epochs = trained(&ours)?;
        let mut repeated = Vec::new();
        if epochs == SWEEP_EPOCHS {
            let singles = singles.matching("series", series)?;
            for single in singles
                .rows()
                .filter(|s| same_row(*s, published).unwrap_or(false))
            {
                repeated.extend(repeat(&ours, single)?);
            }
        }
        points.push(Point {
            series: series.to_owned(),
            x: (x, published.number(x)?),
            ours: statistic(&ours)?,
            published: published_statistic(published)?,
            epochs: (epochs, SWEEP_EPOCHS),
            adaptive: adaptive(&ours)?,
            repeated,
        });
    }
    Ok(points)
}

const PLACE: [&str; 4] = ["t_pattern_ms", "learning_lag_ms", "tau_0_ms", "tau_w_ms"];

/// Whether a run of ours has the settings of a published point.
fn same_point(ours: Row<'_>, published: Row<'_>) -> Result<bool> {
    for column in PLACE {
        let setting = ours.number(&format!("network.{column}"))?;
        if (setting - published.number(column)?).abs() > ROUNDING {
            return Ok(false);
        }
    }
    Ok(ours.text("network.reset_deltas")? == published.text("reset_deltas")?)
}

/// Whether two published rows are of the same point.
fn same_row(a: Row<'_>, b: Row<'_>) -> Result<bool> {
    for column in PLACE {
        if (a.number(column)? - b.number(column)?).abs() > ROUNDING {
            return Ok(false);
        }
    }
    Ok(true)
}

fn repeat(ours: &Frame, single: Row<'_>) -> Result<Option<Repeated>> {
    let seed = single.number("seed")?;
    let Some(run) = ours
        .rows()
        .find(|r| r.number("seed").is_ok_and(|s| s == seed))
    else {
        return Ok(None);
    };
    let samples =
        |row: Row<'_>, column| -> Result<f64> { Ok((row.number(column)? * SAMPLES).round()) };
    let pair =
        |column| -> Result<(f64, f64)> { Ok((samples(run, column)?, samples(single, column)?)) };
    if run.maybe("test_accuracy")?.is_none() {
        return Ok(None);
    }
    Ok(Some(Repeated {
        seed: seed as u64,
        validation: pair("validation_accuracy")?,
        test: pair("test_accuracy")?,
    }))
}

fn statistic(runs: &Frame) -> Result<Statistic> {
    Ok(Statistic::of(&runs.numbers("test_accuracy")?))
}

fn published_statistic(row: Row<'_>) -> Result<Statistic> {
    Ok(Statistic {
        mean: row.number("accuracy_mean")?,
        std: row.number("accuracy_std")?,
        runs: row.number("n_runs")? as usize,
    })
}

fn adaptive(runs: &Frame) -> Result<bool> {
    Ok(!runs.matching("network.integrator", "adaptive")?.is_empty())
}
