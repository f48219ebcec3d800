//! Diffusion of transmitter, and what of its effect is the published program's.

use anyhow::Result;

use super::super::Figure;
use super::super::look::ASTROCYTES;
use super::super::works::PETERSON;
use super::bars::{Condition, Statistic, accuracies, at_chance, legend};
use super::levels::by_level;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::started::Accuracies;
use crate::results::{Frame, Inputs, Reads};
use crate::sources::peterson::{self, Disturbed};

/// Talk, "Effect of gliotransmitter diffusion on model performance".
pub(in crate::figures) static DIFFUSION: Figure = Figure {
    id: "diffusion",
    work: &PETERSON,
    code: file!(),
    place: "diffusion",
    finding: "Diffusion keeps more and more runs from starting; those that start stay good",
    shows: "accuracy against the width of transmitter diffusion, and the runs that never start",
    reads: &[Reads::runs(
        "diffusion",
        &[
            "encoder.kind",
            "network.wiring",
            "disturbance.level",
            "disturbance.spillover",
            "test_accuracy",
            "started",
        ],
    )],
    amounts: &[("training.epochs", "epochs")],
    draw,
};

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("diffusion")?;
    let blurred = runs.matching("disturbance.spillover", "published")?;
    let vae = blurred.matching("encoder.kind", "vae")?;
    let published = Disturbed::diffusion(inputs)?;
    let label = |level: f64, _: &str| level.to_string();
    let as_published = blurred.try_filter(|run| {
        let encoder = Disturbed::encoder(run.number("disturbance.level")?);
        Ok(run.text("encoder.kind")? == encoder)
    })?;
    let (levels, as_published): (Vec<f64>, Vec<Condition>) =
        by_level(&published, &as_published, label)?
            .into_iter()
            .unzip();
    let one_encoder = by_level(&published, &vae, label)?.into_iter();
    let one_encoder: Vec<Condition> = one_encoder
        .map(|(_, condition)| Condition {
            published: None,
            ..condition
        })
        .collect();
    let chance = peterson::at_chance(inputs)?;
    let share = |level: &f64| {
        let of_level = chance.iter().find(|(published, ..)| published == level);
        of_level.map(|&(_, runs, stuck)| stuck as f64 / runs as f64)
    };
    let shares: Vec<Option<f64>> = levels.iter().map(share).collect();

    let label = "diffusion *σ* / cells";
    let mut page = Page::new(Width::Double, 300.0);
    let mut top = accuracies(label, &as_published, Statistic::Mean)
        .tag("a")
        .title("the talk's sweep");
    legend(&mut top, Statistic::Mean, false);
    page.key(&mut top);
    page.place(page.cell(2, 3, 0, 0), top);
    let below = at_chance(label, &as_published, &shares).tag("d");
    page.place(page.cell(2, 3, 1, 0), below);
    let top = accuracies(label, &one_encoder, Statistic::Mean);
    page.place(
        page.cell(2, 3, 0, 1),
        top.tag("b").title("the same, one encoder"),
    );
    let below = at_chance(label, &one_encoder, &[]).tag("e");
    page.place(page.cell(2, 3, 1, 1), below);

    let conserving = runs.matching("disturbance.spillover", "conserving")?;
    let series = [
        ("published blur and wiring", vae),
        (
            "conserving",
            conserving.matching("network.wiring", "published")?,
        ),
        (
            "conserving, lattice",
            conserving.matching("network.wiring", "lattice")?,
        ),
    ];
    let (started, chance) = remains(label, &series)?;
    page.place(
        page.cell(2, 3, 0, 2),
        started.tag("c").title("diffusion that conserves"),
    );
    page.place(page.cell(2, 3, 1, 2), chance.tag("f"));
    page.note(
        "a: the published bar at *σ* = 0 stands on a random projection, the others on an autoencoder, and so do ours; b: all on one \
         autoencoder. The published blur also shrinks every signal; c, f: diffusion that conserves transmitter, with the published wiring \
         and with a lattice in which no input goes unread. d–f: runs that never left chance.",
    );
    Ok(page)
}

/// Accuracy of the runs that started, and the fraction that did not, against σ.
fn remains(label: &str, series: &[(&str, Frame)]) -> Result<(Axes, Axes)> {
    let x = || Scale::linear(label).from(-0.05);
    let accuracy = Scale::linear("accuracy, started runs / %").limits(0.0, 111.0);
    let mut started = Axes::new(x(), accuracy).legend_at(0.0, 0.0);
    let mut chance = Axes::new(x(), Scale::linear("runs at chance / %").limits(-3.0, 103.0));
    for (i, (name, runs)) in series.iter().enumerate() {
        let color = if i == 0 { ASTROCYTES } else { SERIES[i] };
        let (mut means, mut dots, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        for (level, runs) in runs.by_number("disturbance.level")? {
            let runs = Accuracies::ours(&runs)?;
            let good = runs.started();
            shares.push((level, 100.0 * runs.at_chance()));
            if !good.is_empty() {
                means.push((level, 100.0 * Statistic::Mean.of(&good)));
            }
            dots.extend(good.iter().map(|a| (level, 100.0 * a)));
        }
        started.points(dots, Marker::dot(color.lighter(0.5)).radius(0.8));
        for (axes, points) in [(&mut started, means), (&mut chance, shares)] {
            axes.line(points.clone(), Stroke::solid(color));
            axes.points(points, Marker::dot(color));
        }
        started.legend(*name, Stroke::solid(color), Marker::dot(color));
    }
    chance.across(0.0, Stroke::dotted(Color::GREY));
    Ok((started, chance))
}
