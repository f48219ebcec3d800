//! Astrocytes against neurons.

use anyhow::Result;

use super::super::{Figure, Inputs};
use super::bars::{Condition, Statistic, accuracies, at_chance, legend};
use crate::plot::{Page, Width};
use crate::results::Frame;

/// Talk, "Test set performance".
pub(in crate::figures) static ASTRO_VS_NEURONS: Figure = Figure {
    id: "astro-vs-neurons",
    source: "Peterson 2019, results",
    shows: "test accuracy of astrocyte and neuron classifiers of digits",
    experiments: &["astro_vs_neurons", "astro_vs_neurons_fixed"],
    draw,
};

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let printed = inputs.published("peterson2019_runs.csv")?;
    let medians = inputs.published("peterson2019_code_plots.csv")?;
    let joint = inputs.table("astro_vs_neurons", "classifiers")?;
    let mut left = Vec::new();
    for cells in ["astrocytes", "neurons"] {
        let plot = "astrocytes vs neurons, joint VAE";
        left.push(Condition {
            label: cells.to_owned(),
            ours: joint.matching("cells", cells)?.numbers("test_accuracy")?,
            published: median(&medians, plot, cells)?,
            published_runs: match cells {
                "astrocytes" => printed
                    .matching("experiment", "digits_exp151")?
                    .numbers("test_accuracy")?,
                _ => Vec::new(),
            },
        });
    }
    let fixed = inputs.runs("astro_vs_neurons_fixed")?;
    let mut right = Vec::new();
    for (encoder, plot, experiment) in [
        ("vae", "pretrained VAE", "digits_exp153"),
        ("random-projection", "random projection", "digits_exp155"),
    ] {
        let runs = fixed.matching("encoder.kind", encoder)?;
        let plot = format!("astrocytes vs neurons, {plot}");
        right.push(Condition {
            label: "astrocytes".to_owned(),
            ours: runs
                .matching("network.cells", "astrocytes")?
                .numbers("test_accuracy")?,
            published: median(&medians, &plot, "astrocytes")?,
            published_runs: printed
                .matching("experiment", experiment)?
                .numbers("test_accuracy")?,
        });
        let neurons = runs.matching("network.cells", "neurons")?;
        for hidden in ["20", "30"] {
            right.push(Condition {
                label: format!("20-{hidden}-10"),
                ours: neurons
                    .matching("network.hidden", hidden)?
                    .numbers("test_accuracy")?,
                published: median(&medians, &plot, "neurons")?.filter(|_| hidden == "20"),
                published_runs: Vec::new(),
            });
        }
    }
    let mut page = Page::new(Width::Double, 300.0);
    let whole = page.cell(2, 1, 0, 0);
    let place = |row: f64, from: f64, to: f64| {
        let mut rect = whole;
        (rect.x, rect.w, rect.y) = (whole.w * from, whole.w * (to - from), whole.h * row);
        rect
    };
    let fixed = "autoencoder (left), random projection (right)";
    let first = accuracies("", &left, Statistic::Median)
        .tag("a")
        .title("VAE learning along");
    page.place(place(0.0, 0.0, 0.38), first);
    let second = accuracies(fixed, &right, Statistic::Median)
        .tag("b")
        .title("fixed encoders");
    page.place(place(0.0, 0.38, 1.0), second);
    let third = at_chance("", &left, &[Some(7.0 / 20.0), Some(0.0)]);
    page.place(place(1.0, 0.0, 0.38), third);
    let mut fourth = at_chance(fixed, &right, &[]).legend_at(1.0, 1.0);
    legend(&mut fourth, Statistic::Median, true);
    page.place(place(1.0, 0.38, 1.0), fourth);
    let foot = "Astrocytes with the published wiring; means of all runs: ";
    let means: Vec<String> = left
        .iter()
        .map(|c| format!("{} {:.1} %", c.label, 100.0 * Statistic::Mean.of(&c.ours)))
        .collect();
    let shortfall = inputs.shortfall("astro_vs_neurons", &[("training.epochs", "epochs")])?;
    page.subtitle(
        [&format!("{foot}{}.", means.join(", ")), shortfall.as_str()]
            .join("  ")
            .trim(),
    );
    Ok(page)
}

/// The published median of this plot and these cells.
fn median(plots: &Frame, plot: &str, cells: &str) -> Result<Option<f64>> {
    let bars = plots
        .matching("figure", plot)?
        .matching("condition", cells)?;
    Ok(bars.numbers("value")?.first().copied())
}
