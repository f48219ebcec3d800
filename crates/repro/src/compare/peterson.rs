//! Peterson's classifiers: means over 20 unseeded runs read off plots, and the runs that were printed.
//!
//! Whether a run starts to learn at all is a coin toss that decides its accuracy. So the means are shown and not judged; what is
//! judged is how many runs stayed at chance, and the accuracies of those that did not, where they were printed.

use anyhow::Result;

use super::comparison::Comparison;
use super::point::{Count, Point, Values, trained};
use crate::results::started::Accuracies;
use crate::results::stats::Statistic;
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
        let mut points = means(&Disturbed::diffusion(inputs)?, &ours, "sigma")?;
        for (level, runs, stuck) in peterson::at_chance(inputs)? {
            let ours = Disturbed::at(&ours, level)?;
            if ours.is_empty() {
                continue;
            }
            let published = Count { n: stuck, of: runs };
            let values = Values::AtChance(stuck_of(&Accuracies::ours(&ours)?), published);
            let place = ("sigma", level);
            points.push(point("runs at chance", place, values, trained(&ours)?));
        }
        Ok(points)
    },
};

/// The program's noise plot.
pub(super) const NOISE: Comparison = Comparison {
    figure: "astro-noise",
    reads: &[Reads::runs("astro_noise", RUNS)],
    points: |inputs| {
        let runs = inputs.runs("astro_noise")?;
        means(&Disturbed::noise(inputs)?, &runs, "sigma")
    },
};

/// The program's plot of lost connections.
pub(super) const DROPOUT: Comparison = Comparison {
    figure: "astro-dropout",
    reads: &[Reads::runs("astro_dropout", RUNS)],
    points: |inputs| {
        let runs = inputs.runs("astro_dropout")?;
        means(&Disturbed::dropout(inputs)?, &runs, "p")
    },
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

/// The published program on an autoencoder of its own, trained by the same recipe: which latents are wired together differs, so
/// that means are shown and nothing is judged.
pub(super) const LATENTS: Comparison = Comparison {
    figure: "astro-latents",
    reads: &[Reads::runs(
        "astro_latents",
        &["encoder.order", "training.epochs", "test_accuracy"],
    )],
    points: |inputs| {
        let runs = inputs.runs("astro_latents")?;
        let epochs = trained(&runs)?;
        let program = peterson::program_on_autoencoder(inputs, epochs as f64)?;
        let mut points = Vec::new();
        if program.len() > 0 {
            let as_trained = runs.matching("encoder.order", "")?;
            let mut add = |series: &str, ours: &Frame| -> Result<()> {
                let ours = Statistic::of(&ours.numbers("test_accuracy")?);
                let values = Values::Bimodal(ours, Statistic::of(&program.all()));
                points.push(Point {
                    epochs: (epochs, epochs),
                    ..point(series, ("sigma", 0.0), values, epochs)
                });
                Ok(())
            };
            add("mean accuracy, latents as trained", &as_trained)?;
            add("mean accuracy, all orders", &runs)?;
        }
        Ok(points)
    },
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
        let name = encoder.name;
        let started = |runs: &Accuracies| Statistic::of(&runs.started());
        for (series, values) in [
            (
                format!("{name}, runs that started"),
                Values::Means(started(&ours), started(&published)),
            ),
            (
                format!("{name}, runs at chance"),
                Values::AtChance(stuck_of(&ours), stuck_of(&published)),
            ),
        ] {
            points.push(point(&series, ("sigma", 0.0), values, epochs));
        }
    }
    Ok(points)
}

/// Mean accuracies by level, and where single runs were printed, those of the runs that started.
fn means(published: &Disturbed, ours: &Frame, parameter: &'static str) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for level in published.joined(ours)? {
        let place = (parameter, level.level);
        let epochs = trained(&level.ours)?;
        let all = Statistic::of(&level.ours.numbers("test_accuracy")?);
        let bar = Statistic {
            mean: level.mean,
            std: f64::NAN,
            runs: peterson::RUNS,
        };
        points.push(point(
            "mean accuracy",
            place,
            Values::Bimodal(all, bar),
            epochs,
        ));
        if level.runs.len() > 0 {
            let ours = Statistic::of(&Accuracies::ours(&level.ours)?.started());
            let started = Values::Means(ours, Statistic::of(&level.runs.started()));
            points.push(point("runs that started", place, started, epochs));
        }
    }
    Ok(points)
}

fn point(series: &str, x: (&'static str, f64), values: Values, epochs: usize) -> Point {
    Point {
        series: series.to_owned(),
        x,
        values,
        epochs: (epochs, EPOCHS),
        adaptive: false,
        doubted: false,
        repeated: Vec::new(),
    }
}

fn stuck_of(runs: &Accuracies) -> Count {
    Count {
        n: runs.stuck(),
        of: runs.len(),
    }
}
