//! Noise on connections, and connections lost.

use anyhow::Result;

use super::super::{Figure, Inputs};
use super::bars::{Condition, Statistic, accuracies, at_chance, legend};
use crate::plot::{Page, Width};

/// The plot of the noise runs kept with the program behind the talk.
pub(in crate::figures) static NOISE: Figure = Figure {
    id: "astro-noise",
    source: "Peterson 2019, program",
    shows: "accuracy of astrocytes against noise on every connection",
    experiments: &["astro_noise"],
    draw: |inputs| draw(inputs, "astro_noise", "noise", "noise *σ*"),
};

/// The plot of the runs with lost connections kept with the program behind the talk.
pub(in crate::figures) static DROPOUT: Figure = Figure {
    id: "astro-dropout",
    source: "Peterson 2019, program",
    shows: "accuracy of astrocytes against the fraction of connections lost",
    experiments: &["astro_dropout"],
    draw: |inputs| {
        draw(
            inputs,
            "astro_dropout",
            "drop",
            "probability *p* of a lost connection",
        )
    },
};

fn draw(inputs: &Inputs<'_>, experiment: &str, figure: &str, label: &str) -> Result<Page> {
    let runs = inputs.runs(experiment)?;
    let bars = inputs.published("peterson2019_code_plots.csv")?;
    let bars = bars
        .matching("figure", figure)?
        .matching("statistic", "mean")?;
    let printed = inputs
        .published("peterson2019_runs.csv")?
        .matching("perturbation", figure)?;
    let mut conditions = Vec::new();
    for (level, runs) in runs.by_number("disturbance.level")? {
        for encoder in ["random-projection", "vae"] {
            let runs = runs.matching("encoder.kind", encoder)?;
            if runs.is_empty() {
                continue;
            }
            // The published zero was made on the random projection.
            let comparable = (level == 0.0) == (encoder == "random-projection");
            let bar = bars.filter(|r| r.text("condition").is_ok_and(|l| l.parse() == Ok(level)));
            let of_level = printed.filter(|r| r.number("level").is_ok_and(|l| l == level));
            let label = match encoder {
                "vae" => level.to_string(),
                _ => format!("{level}, proj."),
            };
            conditions.push(Condition {
                label,
                ours: runs.numbers("test_accuracy")?,
                published: bar
                    .numbers("value")?
                    .first()
                    .copied()
                    .filter(|_| comparable),
                published_runs: of_level.numbers("test_accuracy")?,
            });
        }
    }
    let mut page = Page::new(Width::Double, 170.0);
    let left = accuracies(label, &conditions, Statistic::Mean).tag("a");
    page.place(page.cell(1, 2, 0, 0), left);
    let mut right = at_chance(label, &conditions, &[])
        .tag("b")
        .legend_at(0.0, 1.0);
    legend(&mut right, Statistic::Mean, true);
    page.place(page.cell(1, 2, 0, 1), right);
    let foot = "Published wiring. 0, proj.: on a random projection, as the published zero.";
    let shortfall = inputs.shortfall(experiment, &[("training.epochs", "epochs")])?;
    page.subtitle([foot, &shortfall].join("  ").trim());
    Ok(page)
}
