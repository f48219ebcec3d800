//! E. J. Peterson, *Artificial astrocyte networks* (2019): accuracies on digits, over 20 unseeded runs.

use anyhow::Result;

use crate::results::started::Accuracies;
use crate::results::{Frame, Inputs, Row};

/// Runs behind every published value.
pub(crate) const RUNS: usize = 20;

/// A published series of bars against the level of a disturbance, with what is known of its runs.
pub(crate) struct Disturbed {
    bars: Frame,
    column: &'static str,
    printed: Frame,
    perturbation: &'static str,
}

/// Our runs of one level, and what was published of it.
pub(crate) struct Level {
    pub(crate) level: f64,
    pub(crate) ours: Frame,
    /// The published mean.
    pub(crate) mean: f64,
    /// The published runs, as far as they were printed.
    pub(crate) runs: Accuracies,
}

impl Disturbed {
    /// Diffusion, from the talk.
    pub(crate) fn diffusion(inputs: &Inputs<'_>) -> Result<Self> {
        let bars = inputs.published("peterson2019_talk.csv")?;
        Self::new(inputs, bars, "leak", "bar_mean_estimated")
    }

    /// Noise, from a plot of the program.
    pub(crate) fn noise(inputs: &Inputs<'_>) -> Result<Self> {
        Self::plotted(inputs, "noise")
    }

    /// Lost connections, from a plot of the program.
    pub(crate) fn dropout(inputs: &Inputs<'_>) -> Result<Self> {
        Self::plotted(inputs, "drop")
    }

    fn plotted(inputs: &Inputs<'_>, perturbation: &'static str) -> Result<Self> {
        let plots = inputs.published("peterson2019_code_plots.csv")?;
        let means = plots.matching("statistic", "mean")?;
        Self::new(inputs, means, perturbation, "value")
    }

    fn new(
        inputs: &Inputs<'_>,
        bars: Frame,
        perturbation: &'static str,
        column: &'static str,
    ) -> Result<Self> {
        Ok(Self {
            bars: bars.matching("figure", perturbation)?,
            column,
            printed: inputs.published("peterson2019_runs.csv")?,
            perturbation,
        })
    }

    /// The encoder that the published runs of a level were made on: the zeros of the plots had another than all
    /// other bars.
    pub(crate) fn encoder(level: f64) -> &'static str {
        if level == 0.0 {
            "random-projection"
        } else {
            "vae"
        }
    }

    /// Our runs of a level, on the encoder of the published ones.
    pub(crate) fn at(ours: &Frame, level: f64) -> Result<Frame> {
        let runs = ours.matching("encoder.kind", Self::encoder(level))?;
        runs.try_filter(|run| Ok(run.number("disturbance.level")? == level))
    }

    /// The bar of a level.
    pub(crate) fn mean(&self, level: f64) -> Result<Option<f64>> {
        let same = |row: Row<'_>| Ok(row.number("condition")? == level);
        let bar = self.bars.try_filter(same)?;
        Ok(bar.numbers(self.column)?.first().copied())
    }

    /// The published runs of a level, as far as they were printed. The zero of all plots is one experiment.
    pub(crate) fn runs(&self, level: f64) -> Result<Accuracies> {
        let same = |row: Row<'_>| -> Result<bool> {
            Ok(match level == 0.0 {
                true => row.text("experiment")? == "digits_exp155",
                false => {
                    row.text("perturbation")? == self.perturbation
                        && row.maybe("level")? == Some(level)
                }
            })
        };
        let runs = self.printed.try_filter(same)?;
        Ok(Accuracies::published(&runs.numbers("test_accuracy")?))
    }

    /// The published levels at which there are runs of ours.
    pub(crate) fn joined(&self, ours: &Frame) -> Result<Vec<Level>> {
        let mut levels = Vec::new();
        for bar in self.bars.rows() {
            let level = bar.number("condition")?;
            let ours = Self::at(ours, level)?;
            if !ours.is_empty() {
                levels.push(Level {
                    level,
                    ours,
                    mean: bar.number(self.column)?,
                    runs: self.runs(level)?,
                });
            }
        }
        Ok(levels)
    }
}

/// How many published runs of every diffusion level never started: level, of how many, and how many.
pub(crate) fn at_chance(inputs: &Inputs<'_>) -> Result<Vec<(f64, usize, usize)>> {
    let chance = inputs.published("peterson2019_chance.csv")?;
    let count = |row: Row<'_>, column| Ok::<_, anyhow::Error>(row.number(column)? as usize);
    let level = |row: Row<'_>| {
        Ok((
            row.number("level")?,
            count(row, "runs")?,
            count(row, "at_chance")?,
        ))
    };
    chance
        .matching("figure", "leak")?
        .rows()
        .map(level)
        .collect()
}

/// Classifiers on one of the encoders: what was published, and our runs.
pub(crate) struct Encoder {
    /// For people.
    pub(crate) name: &'static str,
    pub(crate) astrocytes: Frame,
    pub(crate) neurons: Frame,
    /// Published medians of the two.
    pub(crate) medians: (Option<f64>, Option<f64>),
    /// The published runs of astrocytes.
    pub(crate) runs: Accuracies,
}

/// The encoder that learns along, the trained autoencoder, and the random projection.
pub(crate) fn encoders(inputs: &Inputs<'_>) -> Result<[Encoder; 3]> {
    let printed = inputs.published("peterson2019_runs.csv")?;
    let plots = inputs.published("peterson2019_code_plots.csv")?;
    let fixed = inputs.runs("astro_vs_neurons_fixed")?;
    let joint = inputs.table("astro_vs_neurons", "classifiers")?;
    let on = |kind: &str| fixed.matching("encoder.kind", kind);
    let encoder = |name, plot: &str, experiment: &str, runs: &Frame, cells: &str| {
        let figure = format!("astrocytes vs neurons, {plot}");
        let bars = plots.matching("figure", &figure)?;
        let median = |of: &str| -> Result<Option<f64>> {
            let bar = bars.matching("condition", of)?;
            Ok(bar.numbers("value")?.first().copied())
        };
        let runs_printed = printed.matching("experiment", experiment)?;
        Ok(Encoder {
            name,
            astrocytes: runs.matching(cells, "astrocytes")?,
            neurons: runs.matching(cells, "neurons")?,
            medians: (median("astrocytes")?, median("neurons")?),
            runs: Accuracies::published(&runs_printed.numbers("test_accuracy")?),
        })
    };
    let cells = "network.cells";
    let along = "autoencoder learning along";
    let projection = "random projection";
    let parts: [Result<Encoder>; 3] = [
        encoder(along, "joint VAE", "digits_exp151", &joint, "cells"),
        encoder(
            "fixed autoencoder",
            "pretrained VAE",
            "digits_exp153",
            &on("vae")?,
            cells,
        ),
        encoder(
            projection,
            projection,
            "digits_exp155",
            &on("random-projection")?,
            cells,
        ),
    ];
    let [a, b, c] = parts;
    Ok([a?, b?, c?])
}

/// The printed runs on the talk's trained autoencoder.
pub(crate) fn printed_on_autoencoder(inputs: &Inputs<'_>) -> Result<Accuracies> {
    let printed = inputs.published("peterson2019_runs.csv")?;
    let runs = printed.matching("experiment", "digits_exp153")?;
    Ok(Accuracies::published(&runs.numbers("test_accuracy")?))
}

/// Runs of the published program with astrocytes on an autoencoder of our recipe, after a number of epochs.
pub(crate) fn program_on_autoencoder(inputs: &Inputs<'_>, epochs: f64) -> Result<Accuracies> {
    let runs = inputs
        .published("peterson2019_program_runs.csv")?
        .matching("cells", "astrocytes")?
        .matching("encoder", "vae_86ep_lr0.001")?
        .try_filter(|row| Ok(row.number("sigma")? == 0.0 && row.number("epoch")? == epochs))?;
    Ok(Accuracies::published(&runs.numbers("test_accuracy")?))
}
