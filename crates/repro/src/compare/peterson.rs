//! Peterson's classifiers: means over 20 unseeded runs read off plots, and the runs that were printed.
//!
//! Whether a run starts to learn at all is a coin toss that decides its accuracy, so the fraction of runs at chance is
//! compared as a series of its own.

use anyhow::Result;

use super::comparison::Comparison;
use super::point::{Point, trained};
use crate::results::started::Accuracies;
use crate::results::stats::{Statistic, mean_std};
use crate::results::{Frame, Inputs, Reads};
use crate::sources::peterson::{self, Disturbed};

const EPOCHS: usize = 150;

/// What is read of runs with a disturbance.
const RUNS: &[&str] = &[
    "encoder.kind",
    "disturbance.level",
    "training.epochs",
    "test_accuracy",
    "started",
];

/// Talk, diffusion: σ = 0 on a random projection, everything else on the autoencoder.
pub(super) const DIFFUSION: Comparison = Comparison {
    figure: "diffusion",
    reads: &[Reads::runs(
        "diffusion",
        &[
            "encoder.kind",
            "disturbance.level",
            "disturbance.spillover",
            "training.epochs",
            "test_accuracy",
            "started",
        ],
    )],
    points: |inputs| {
        let runs = inputs.runs("diffusion")?;
        let ours = runs.matching("disturbance.spillover", "published")?;
        let mut points = means(&Disturbed::diffusion(inputs)?, &ours)?;
        for (level, runs, stuck) in peterson::at_chance(inputs)? {
            let ours = Disturbed::at(&ours, level)?;
            if ours.is_empty() {
                continue;
            }
            let all = Accuracies::ours(&ours)?;
            points.push(Point {
                series: "runs at chance".to_owned(),
                published: share(stuck, runs),
                ..point(level, share(all.stuck(), all.len()), trained(&ours)?)
            });
        }
        Ok(points)
    },
};

/// The program's noise plot.
pub(super) const NOISE: Comparison = Comparison {
    figure: "astro-noise",
    reads: &[Reads::runs("astro_noise", RUNS)],
    points: |inputs| means(&Disturbed::noise(inputs)?, &inputs.runs("astro_noise")?),
};

/// The program's plot of lost connections.
pub(super) const DROPOUT: Comparison = Comparison {
    figure: "astro-dropout",
    reads: &[Reads::runs("astro_dropout", RUNS)],
    points: |inputs| means(&Disturbed::dropout(inputs)?, &inputs.runs("astro_dropout")?),
};

/// The runs that were printed, astrocytes on the three encoders.
pub(super) const VERSUS: Comparison = Comparison {
    figure: "astro-vs-neurons",
    reads: &[
        Reads::runs("astro_vs_neurons", &["training.epochs"]),
        Reads::table(
            "astro_vs_neurons",
            "classifiers",
            &["cells", "test_accuracy", "started"],
        ),
        Reads::runs(
            "astro_vs_neurons_fixed",
            &[
                "encoder.kind",
                "network.cells",
                "training.epochs",
                "test_accuracy",
                "started",
            ],
        ),
    ],
    points: versus,
};

fn versus(inputs: &Inputs<'_>) -> Result<Vec<Point>> {
    let along = trained(&inputs.runs("astro_vs_neurons")?)?;
    let fixed = trained(&inputs.runs("astro_vs_neurons_fixed")?)?;
    let mut points = Vec::new();
    for (encoder, epochs) in peterson::encoders(inputs)?
        .into_iter()
        .zip([along, fixed, fixed])
    {
        let (ours, published) = (Accuracies::ours(&encoder.astrocytes)?, encoder.runs);
        let stuck = |runs: &Accuracies| share(runs.stuck(), runs.len());
        let accuracy = |runs: &Accuracies| Statistic::of(&runs.all());
        points.push(Point {
            series: encoder.name.to_owned(),
            published: accuracy(&published),
            ..point(0.0, accuracy(&ours), epochs)
        });
        points.push(Point {
            series: format!("{}, at chance", encoder.name),
            published: stuck(&published),
            ..point(0.0, stuck(&ours), epochs)
        });
    }
    Ok(points)
}

/// Mean accuracies by level, with the deviation of the published ones where their runs were printed.
fn means(published: &Disturbed, ours: &Frame) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for level in published.joined(ours)? {
        let accuracies = Statistic::of(&level.ours.numbers("test_accuracy")?);
        points.push(Point {
            published: Statistic {
                mean: level.mean,
                std: mean_std(&level.runs.all()).1,
                runs: peterson::RUNS,
            },
            ..point(level.level, accuracies, trained(&level.ours)?)
        });
    }
    Ok(points)
}

/// A point of ours, still without its published value.
fn point(level: f64, ours: Statistic, epochs: usize) -> Point {
    Point {
        series: "mean accuracy".to_owned(),
        x: ("sigma", level),
        ours,
        published: Statistic::of(&[]),
        epochs: (epochs, EPOCHS),
        adaptive: false,
        doubted: false,
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
