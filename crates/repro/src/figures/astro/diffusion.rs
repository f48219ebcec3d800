//! Diffusion of transmitter, and what of its effect is the published program's.

use anyhow::Result;

use super::super::Figure;
use super::bars::{Condition, OURS, Statistic, accuracies, at_chance, legend};
use super::levels::by_level;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::started::Accuracies;
use crate::results::{Frame, Inputs, Reads};
use crate::sources::peterson::{self, Disturbed};

/// Talk, "Effect of gliotransmitter diffusion on model performance".
pub(in crate::figures) static DIFFUSION: Figure = Figure {
    id: "diffusion",
    source: "Peterson 2019, diffusion",
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
    let top = accuracies(label, &as_published, Statistic::Mean)
        .tag("a")
        .title("as published: *σ* = 0, other encoder");
    page.place(page.cell(2, 3, 0, 0), top);
    let mut below = at_chance(label, &as_published, &shares).legend_at(0.0, 1.0);
    legend(&mut below, Statistic::Mean, true);
    page.place(page.cell(2, 3, 1, 0), below);
    let top = accuracies(label, &one_encoder, Statistic::Mean);
    page.place(
        page.cell(2, 3, 0, 1),
        top.tag("b").title("one encoder throughout"),
    );
    page.place(page.cell(2, 3, 1, 1), at_chance(label, &one_encoder, &[]));

    let conserving = runs.matching("disturbance.spillover", "conserving")?;
    let series = [
        ("published blur, published wiring", vae),
        (
            "conserving, published wiring",
            conserving.matching("network.wiring", "published")?,
        ),
        (
            "conserving, lattice wiring",
            conserving.matching("network.wiring", "lattice")?,
        ),
    ];
    let (started, chance) = remains(label, &series)?;
    page.place(
        page.cell(2, 3, 0, 2),
        started.tag("c").title("the blur does not only diffuse"),
    );
    page.place(page.cell(2, 3, 1, 2), chance);
    page.note(
        "Published wiring and blur but where said; the lattice starts from initial values for three inputs.",
    );
    Ok(page)
}

/// Accuracy of the runs that started, and the fraction that did not, against σ.
fn remains(label: &str, series: &[(&str, Frame)]) -> Result<(Axes, Axes)> {
    let x = || Scale::linear(label).from(-0.05);
    let accuracy = Scale::linear("accuracy if started / %").limits(0.0, 100.0);
    let mut started = Axes::new(x(), accuracy).legend_at(0.0, 0.0);
    let mut chance = Axes::new(x(), Scale::linear("runs at chance / %").limits(-3.0, 103.0));
    for (i, (name, runs)) in series.iter().enumerate() {
        let color = if i == 0 { OURS } else { SERIES[i] };
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
