//! Peterson's classifiers: means over 20 unseeded runs read off plots, and the runs that were printed.
//!
//! Whether a run starts to learn at all is a coin toss that decides its accuracy, so the fraction of runs at chance is
//! compared as a series of its own.

use anyhow::Result;

use super::point::{Point, Statistic, trained};
use crate::figures::{Inputs, STARTED};
use crate::results::stats::mean_std;
use crate::results::{Frame, Row};

const EPOCHS: usize = 150;
const RUNS: usize = 20;

/// Talk, diffusion: σ = 0 on a random projection, everything else on the autoencoder.
pub(super) fn diffusion(inputs: &Inputs<'_>) -> Result<Vec<Point>> {
    let ours = inputs
        .runs("diffusion")?
        .matching("disturbance.spillover", "published")?;
    let bars = inputs
        .published("peterson2019_talk.csv")?
        .matching("figure", "leak")?;
    let mut points = means(inputs, &ours, &bars, "leak", "bar_mean_estimated")?;
    let chance = inputs.published("peterson2019_chance.csv")?;
    for row in chance.rows() {
        let level = row.number("level")?;
        let runs = row.number("runs")? as usize;
        let published = share(row.number("at_chance")? as usize, runs);
        points.extend(at_chance(&at(&ours, level)?, level, published)?);
    }
    Ok(points)
}

/// The program's noise plot.
pub(super) fn noise(inputs: &Inputs<'_>) -> Result<Vec<Point>> {
    plotted(inputs, "astro_noise", "noise")
}

/// The program's plot of lost connections.
pub(super) fn dropout(inputs: &Inputs<'_>) -> Result<Vec<Point>> {
    plotted(inputs, "astro_dropout", "drop")
}

fn plotted(inputs: &Inputs<'_>, experiment: &str, figure: &str) -> Result<Vec<Point>> {
    let bars = inputs
        .published("peterson2019_code_plots.csv")?
        .matching("figure", figure)?
        .matching("statistic", "mean")?;
    means(inputs, &inputs.runs(experiment)?, &bars, figure, "value")
}

/// The runs that were printed, astrocytes on the three encoders.
pub(super) fn versus(inputs: &Inputs<'_>) -> Result<Vec<Point>> {
    let printed = inputs.published("peterson2019_runs.csv")?;
    let fixed = inputs
        .runs("astro_vs_neurons_fixed")?
        .matching("network.cells", "astrocytes")?;
    let joint = inputs.table("astro_vs_neurons", "classifiers")?;
    let parts = [
        (
            "digits_exp151",
            "autoencoder learning along",
            joint.matching("cells", "astrocytes")?,
            trained(&inputs.runs("astro_vs_neurons")?)?,
        ),
        (
            "digits_exp153",
            "fixed autoencoder",
            fixed.matching("encoder.kind", "vae")?,
            trained(&fixed)?,
        ),
        (
            "digits_exp155",
            "random projection",
            fixed.matching("encoder.kind", "random-projection")?,
            trained(&fixed)?,
        ),
    ];
    let mut points = Vec::new();
    for (experiment, name, runs, epochs) in parts {
        let published = printed
            .matching("experiment", experiment)?
            .numbers("test_accuracy")?;
        let ours = runs.numbers("test_accuracy")?;
        let stuck = |all: &[f64]| share(all.iter().filter(|&&a| a < STARTED).count(), all.len());
        for (series, ours, published) in [
            (
                name.to_owned(),
                Statistic::of(&ours),
                Statistic::of(&published),
            ),
            (
                format!("{name}, at chance"),
                stuck(&ours),
                stuck(&published),
            ),
        ] {
            points.push(point(series, 0.0, ours, published, epochs));
        }
    }
    Ok(points)
}

/// Mean accuracies by level, with the deviation of the published ones where their runs were printed.
fn means(
    inputs: &Inputs<'_>,
    ours: &Frame,
    bars: &Frame,
    perturbation: &str,
    column: &str,
) -> Result<Vec<Point>> {
    let printed = inputs.published("peterson2019_runs.csv")?;
    let mut points = Vec::new();
    for bar in bars.rows() {
        let level = bar.number("condition")?;
        let runs = at(ours, level)?;
        if runs.is_empty() {
            continue;
        }
        let of_level = printed.filter(|r| belongs(r, perturbation, level).unwrap_or(false));
        let published = Statistic {
            mean: bar.number(column)?,
            std: mean_std(&of_level.numbers("test_accuracy")?).1,
            runs: RUNS,
        };
        let ours = Statistic::of(&runs.numbers("test_accuracy")?);
        let epochs = trained(&runs)?;
        points.push(point(
            "mean accuracy".into(),
            level,
            ours,
            published,
            epochs,
        ));
    }
    Ok(points)
}

fn belongs(printed: Row<'_>, perturbation: &str, level: f64) -> Result<bool> {
    Ok(if level == 0.0 {
        printed.text("experiment")? == "digits_exp155"
    } else {
        printed.text("perturbation")? == perturbation && printed.number("level")? == level
    })
}

fn at_chance(runs: &Frame, level: f64, published: Statistic) -> Result<Option<Point>> {
    if runs.is_empty() {
        return Ok(None);
    }
    let all = runs.numbers("test_accuracy")?;
    let ours = share(all.iter().filter(|&&a| a < STARTED).count(), all.len());
    let name = "runs at chance".to_owned();
    Ok(Some(point(name, level, ours, published, trained(runs)?)))
}

/// Our runs of a level, on the encoder that the published ones were made with.
fn at(ours: &Frame, level: f64) -> Result<Frame> {
    let encoder = if level == 0.0 {
        "random-projection"
    } else {
        "vae"
    };
    let runs = ours.matching("encoder.kind", encoder)?;
    Ok(runs.filter(|r| r.number("disturbance.level").is_ok_and(|l| l == level)))
}

fn point(
    series: String,
    level: f64,
    ours: Statistic,
    published: Statistic,
    epochs: usize,
) -> Point {
    Point {
        series,
        x: ("sigma", level),
        ours,
        published,
        epochs: (epochs, EPOCHS),
        adaptive: false,
        repeated: Vec::new(),
    }
}

/// A fraction of runs as the mean of zeros and ones, with Laplace's estimate of its deviation: that of no run in
/// twenty is not zero.
fn share(count: usize, runs: usize) -> Statistic {
    let n = runs as f64;
    let p = (count as f64 + 1.0) / (n + 2.0);
    Statistic {
        mean: count as f64 / n,
        std: (p * (1.0 - p)).sqrt(),
        runs,
    }
}
