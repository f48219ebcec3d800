//! Astrocytes against neurons.

use anyhow::Result;

use super::super::Figure;
use super::super::look::{ASTROCYTES, NEURONS};
use super::super::works::PETERSON;
use super::bars::{Condition, Statistic, accuracies, counts, legend};
use crate::plot::{Page, Rect, Width};
use crate::results::started::Accuracies;
use crate::results::{Frame, Inputs, Reads};
use crate::sources::peterson::{Encoder, encoders};

/// Talk, "Test set performance".
pub(in crate::figures) static ASTRO_VS_NEURONS: Figure = Figure {
    id: "astro-vs-neurons",
    work: &PETERSON,
    code: file!(),
    place: "results",
    finding: "Astrocytes against neurons on the latents of digits",
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
        color: ASTROCYTES,
        ours: Accuracies::ours(&encoder.astrocytes)?,
        published: encoder.medians.0,
        published_runs: encoder.runs.clone(),
    }];
    for (i, (label, runs)) in neurons.into_iter().enumerate() {
        conditions.push(Condition {
            label,
            color: NEURONS,
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
    let mut page = Page::new(Width::Double, 190.0);
    let part = |from: f64, to: f64| {
        let whole = page.part(1, 1, 0, 0);
        Rect {
            x: whole.w * from,
            w: whole.w * (to - from),
            ..whole
        }
    };
    let (narrow, wide) = (part(0.0, 0.36), part(0.36, 1.0));
    let mut first = accuracies("", &left, Statistic::Median)
        .tag("a")
        .title("the autoencoder learns along");
    counts(&mut first, &left);
    legend(&mut first, Statistic::Median, true);
    page.key(&mut first);
    page.place(narrow, first);
    let fixed = "on the latents of an autoencoder (left), on a random projection (right)";
    let mut second = accuracies(fixed, &right, Statistic::Median)
        .tag("b")
        .title("the encoder is fixed");
    counts(&mut second, &right);
    page.place(wide, second);
    let means: Vec<String> = left
        .iter()
        .map(|c| (&c.label, Statistic::Mean.of(&c.ours.all())))
        .map(|(label, mean)| format!("{label} {:.1} %", 100.0 * mean))
        .collect();
    let means = means.join(", ");
    page.note(format!(
        "Astrocytes with the published wiring. Over the bars: how many of our runs stayed at chance. Means of all runs in a: {means}."
    ));
    Ok(page)
}
