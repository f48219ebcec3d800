//! Astrocytes against neurons.

use anyhow::Result;

use super::super::Figure;
use super::bars::{Condition, Statistic, accuracies, at_chance, legend};
use crate::plot::{Page, Width};
use crate::results::started::Accuracies;
use crate::results::{Frame, Inputs, Reads};
use crate::sources::peterson::{Encoder, encoders};

/// Talk, "Test set performance".
pub(in crate::figures) static ASTRO_VS_NEURONS: Figure = Figure {
    id: "astro-vs-neurons",
    source: "Peterson 2019, results",
    shows: "test accuracy of astrocyte and neuron classifiers of digits",
    reads: &[
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
                "network.hidden",
                "test_accuracy",
                "started",
            ],
        ),
    ],
    amounts: &[("training.epochs", "epochs")],
    draw,
};

/// Bars of astrocytes and neurons on one encoder. The published neurons had a hidden layer of 20.
fn conditions(encoder: &Encoder, neurons: Vec<(String, Frame)>) -> Result<Vec<Condition>> {
    let mut conditions = vec![Condition {
        label: "astrocytes".to_owned(),
        ours: Accuracies::ours(&encoder.astrocytes)?,
        published: encoder.medians.0,
        published_runs: encoder.runs.clone(),
    }];
    for (i, (label, runs)) in neurons.into_iter().enumerate() {
        conditions.push(Condition {
            label,
            ours: Accuracies::ours(&runs)?,
            published: encoder.medians.1.filter(|_| i == 0),
            published_runs: Accuracies::default(),
        });
    }
    Ok(conditions)
}

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let [along, autoencoder, projection] = encoders(inputs)?;
    let left = conditions(&along, vec![("neurons".to_owned(), along.neurons.clone())])?;
    let mut right = Vec::new();
    for encoder in [autoencoder, projection] {
        let widths = encoder.neurons.by_number("network.hidden")?.into_iter();
        let neurons = widths.map(|(hidden, runs)| (format!("20-{hidden}-10"), runs));
        right.extend(conditions(&encoder, neurons.collect())?);
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
    let published = Some(left[0].published_runs.at_chance());
    let third = at_chance("", &left, &[published]);
    page.place(place(1.0, 0.0, 0.38), third);
    let mut fourth = at_chance(fixed, &right, &[]).legend_at(1.0, 1.0);
    legend(&mut fourth, Statistic::Median, true);
    page.place(place(1.0, 0.38, 1.0), fourth);
    let means: Vec<String> = left
        .iter()
        .map(|c| (&c.label, Statistic::Mean.of(&c.ours.all())))
        .map(|(label, mean)| format!("{label} {:.1} %", 100.0 * mean))
        .collect();
    let means = means.join(", ");
    page.note(format!(
        "Astrocytes with the published wiring; means of all runs: {means}."
    ));
    Ok(page)
}
