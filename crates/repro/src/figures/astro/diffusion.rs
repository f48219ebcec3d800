//! Diffusion of transmitter, and what of its effect is the published program's.

use anyhow::Result;

use super::super::{Figure, Inputs};
use super::bars::{Condition, OURS, STARTED, Statistic, accuracies, at_chance, legend};
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::Frame;

/// Talk, "Effect of gliotransmitter diffusion on model performance".
pub(in crate::figures) static DIFFUSION: Figure = Figure {
    id: "diffusion",
    source: "Peterson 2019, diffusion",
    shows: "accuracy against the width of transmitter diffusion, and the runs that never start",
    experiments: &["diffusion"],
    draw,
};

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("diffusion")?;
    let blurred = runs.matching("disturbance.spillover", "published")?;
    let vae = blurred.matching("encoder.kind", "vae")?;
    let projection = blurred.matching("encoder.kind", "random-projection")?;
    let mixed = vae.filter(|r| r.number("disturbance.level").is_ok_and(|l| l > 0.0));
    let as_published = conditions(inputs, &[&projection, &mixed], true)?;
    let one_encoder = conditions(inputs, &[&vae], false)?;

    let label = "diffusion *σ* / cells";
    let bars = inputs
        .published("peterson2019_chance.csv")?
        .matching("figure", "leak")?;
    let mut shares = Vec::new();
    for row in bars.rows() {
        shares.push(Some(row.number("at_chance")? / row.number("runs")?));
    }
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
    let foot = "Published wiring and blur but where said; the lattice starts from initial values for three inputs.";
    let shortfall = inputs.shortfall("diffusion", &[("training.epochs", "epochs")])?;
    page.subtitle([foot, &shortfall].join("  ").trim());
    Ok(page)
}

/// Our runs by σ, with the published bars if they are for these runs.
fn conditions(inputs: &Inputs<'_>, parts: &[&Frame], published: bool) -> Result<Vec<Condition>> {
    let bars = inputs
        .published("peterson2019_talk.csv")?
        .matching("figure", "leak")?;
    let printed = inputs.published("peterson2019_runs.csv")?;
    let mut all = Vec::new();
    for part in parts {
        for (level, runs) in part.by_number("disturbance.level")? {
            let bar = bars.filter(|r| r.number("condition").is_ok_and(|l| l == level));
            let of_level = printed.filter(|r| {
                let text = |column| r.text(column).unwrap_or_default();
                let perturbed =
                    text("perturbation") == "leak" && text("level").parse() == Ok(level);
                perturbed || (level == 0.0 && text("experiment") == "digits_exp155")
            });
            all.push(Condition {
                label: level.to_string(),
                ours: runs.numbers("test_accuracy")?,
                published: bar
                    .numbers("bar_mean_estimated")?
                    .first()
                    .copied()
                    .filter(|_| published),
                published_runs: of_level.numbers("test_accuracy")?,
            });
        }
    }
    Ok(all)
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
            let all = runs.numbers("test_accuracy")?;
            let good: Vec<f64> = all.iter().copied().filter(|&a| a >= STARTED).collect();
            shares.push((level, 100.0 * (1.0 - good.len() as f64 / all.len() as f64)));
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
