//! Noise on connections, and connections lost.

use anyhow::Result;

use super::super::Figure;
use super::super::works::PETERSON;
use super::bars::{Condition, Statistic, accuracies, counts, legend};
use super::levels::by_level;
use crate::plot::{Page, Width};
use crate::results::{Frame, Reads};
use crate::sources::peterson::Disturbed;

const RUNS: &[&str] = &[
    "encoder.kind",
    "disturbance.level",
    "test_accuracy",
    "started",
];

/// The plot of the noise runs kept with the program behind the talk.
pub(in crate::figures) static NOISE: Figure = Figure {
    id: "astro-noise",
    work: &PETERSON,
    code: file!(),
    place: "program",
    finding: "Noise on every connection",
    shows: "accuracy of astrocytes against noise on every connection",
    reads: &[Reads::runs("astro_noise", RUNS)],
    amounts: &[("training.epochs", "epochs")],
    draw: |inputs| {
        let runs = inputs.runs("astro_noise")?;
        draw(&Disturbed::noise(inputs)?, &runs, "noise *σ*")
    },
};

/// The plot of the runs with lost connections kept with the program behind the talk.
pub(in crate::figures) static DROPOUT: Figure = Figure {
    id: "astro-dropout",
    work: &PETERSON,
    code: file!(),
    place: "program",
    finding: "Connections lost",
    shows: "accuracy of astrocytes against the fraction of connections lost",
    reads: &[Reads::runs("astro_dropout", RUNS)],
    amounts: &[("training.epochs", "epochs")],
    draw: |inputs| {
        let runs = inputs.runs("astro_dropout")?;
        let label = "probability *p* of a lost connection";
        draw(&Disturbed::dropout(inputs)?, &runs, label)
    },
};

fn draw(published: &Disturbed, runs: &Frame, label: &str) -> Result<Page> {
    let name = |level: f64, encoder: &str| match encoder {
        "vae" => level.to_string(),
        _ => format!("{level}, projection"),
    };
    let conditions = by_level(published, runs, name)?.into_iter();
    let conditions: Vec<Condition> = conditions.map(|(_, condition)| condition).collect();
    let mut page = Page::new(Width::Double, 170.0);
    let mut axes = accuracies(label, &conditions, Statistic::Mean);
    counts(&mut axes, &conditions);
    legend(&mut axes, Statistic::Mean, false);
    page.key(&mut axes);
    page.place(page.cell(1, 1, 0, 0), axes);
    page.note(
        "Published wiring. Over the bars: how many of our runs stayed at chance. Projection: on a random projection, as the published \
         zero; all others on the latents of an autoencoder.",
    );
    Ok(page)
}
