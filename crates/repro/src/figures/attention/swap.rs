//! Accuracy of a trained transformer whose attention is replaced by the circuit.

use anyhow::{Result, ensure};

use super::super::works::KOZACHKOV;
use super::Figure;
use super::labels::FEATURES;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::stats::{mean, median};
use crate::results::{Frame, Inputs, Reads};

/// The share of the softmax accuracy that counts as kept.
const KEPT: f64 = 0.99;
/// Lower end of the enlarged panel, in per cent.
const NEAR: f64 = 85.0;
const FINE_TUNED: Color = SERIES[3];
const ELU: Color = SERIES[4];

/// The paper argues that the circuit can stand in for a transformer's attention; this tries it.
pub(in crate::figures) static ATTENTION_SWAP: Figure = Figure {
    id: "attention-swap",
    work: &KOZACHKOV,
    code: file!(),
    place: "claim",
    finding: "Swapped into a trained transformer the circuit needs thousands of hidden neurons a head; trained in place, eight",
    shows: "a transformer's accuracy on MNIST with its attention replaced by the circuit",
    reads: &[Reads::runs(
        "attention_swap",
        &["condition", "circuit.features", "circuit.m", "accuracy"],
    )],
    amounts: &[
        ("test.images", "test images"),
        ("fine_tuning.images", "tuning images"),
    ],
    draw,
};

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("attention_swap")?;
    let softmax = accuracy(&runs.matching("condition", "softmax")?)?;
    let uniform = accuracy(&runs.matching("condition", "uniform")?)?;
    let scale = || Scale::log("hidden neurons per head *m*");
    let label = "test accuracy / %";
    let whole = Scale::linear(label).limits(0.0, 100.0);
    let near = Scale::linear(label).limits(NEAR, 100.0);
    let mut panels = [
        Axes::new(scale(), whole)
            .tag("a")
            .title("the circuit in place of softmax"),
        Axes::new(scale(), near).tag("b").title("enlarged"),
    ];
    for axes in &mut panels {
        axes.across(100.0 * softmax, Stroke::solid(Color::BLACK));
        axes.across(100.0 * KEPT * softmax, Stroke::dotted(Color::GREY));
        axes.across(100.0 * uniform, Stroke::dashed(Color::GREY));
    }
    let of = |condition: &str, features: &str| -> Result<Frame> {
        runs.matching("condition", condition)?
            .matching("circuit.features", features)
    };
    let mut key = Axes::default();
    for (text, stroke) in [
        (
            format!("softmax, {}", percent(softmax)),
            Stroke::solid(Color::BLACK),
        ),
        ("99 % of softmax".to_owned(), Stroke::dotted(Color::GREY)),
        (
            format!("uniform, {}", percent(uniform)),
            Stroke::dashed(Color::GREY),
        ),
    ] {
        key.legend(text, stroke, None);
    }
    for (features, color) in FEATURES {
        let swapped = of("swapped", features)?;
        draw_series(
            &mut panels,
            &swapped,
            Stroke::dashed(color),
            Marker::ring(color),
        )?;
        let balanced = of("balanced", features)?;
        let (stroke, marker) = (Stroke::solid(color), Marker::dot(color));
        let kept = kept_from(
            &draw_series(&mut panels, &balanced, stroke, marker)?,
            softmax,
        );
        key.legend(format!("{features} ({kept})"), stroke, marker);
    }
    key.legend(
        "the same, not balanced".to_owned(),
        Stroke::dashed(Color::GREY),
        Marker::ring(Color::GREY),
    );
    for (features, color) in [("positive-orthogonal", FINE_TUNED), ("elu-plus-one", ELU)] {
        let (stroke, marker) = (Stroke::solid(color), Marker::square(color));
        let tuned = of("fine-tuned", features)?;
        let kept = kept_from(&draw_series(&mut panels, &tuned, stroke, marker)?, softmax);
        key.legend(format!("{features}, fine-tuned ({kept})"), stroke, marker);
    }
    let elu = of("swapped", "elu-plus-one")?;
    draw_series(&mut panels, &elu, Stroke::solid(ELU), Marker::cross(ELU))?;
    key.legend(
        "elu-plus-one, not retrained".to_owned(),
        None,
        Marker::cross(ELU),
    );

    let mut page = Page::new(Width::Double, 210.0);
    page.key(&mut key);
    for (column, axes) in panels.into_iter().enumerate() {
        page.place(page.cell(1, 2, 0, column), axes);
    }
    page.note(
        "In brackets: from which *m* on about 99 % of the softmax accuracy is kept (medians), or how far *m* was taken without that. Uniform: \
         all tokens weigh the same, in the network that was trained with softmax. Bars: range over seeds.",
    );
    Ok(page)
}

/// Mean accuracy of a condition that does not depend on the seed.
fn accuracy(runs: &Frame) -> Result<f64> {
    let values = runs.numbers("accuracy")?;
    ensure!(
        !values.is_empty(),
        "attention_swap: no run with softmax or without attention"
    );
    Ok(mean(&values))
}

/// Draws median and range over seeds against m; returns the medians.
fn draw_series(
    panels: &mut [Axes],
    runs: &Frame,
    stroke: Stroke,
    marker: Marker,
) -> Result<Vec<(f64, f64)>> {
    let (mut line, mut bars) = (Vec::new(), Vec::new());
    for (m, runs) in runs.by_number("circuit.m")? {
        let values = runs.numbers("accuracy")?;
        let (low, high) = values
            .iter()
            .fold((1.0f64, 0.0f64), |(a, b), &x| (a.min(x), b.max(x)));
        line.push((m, median(&values)));
        bars.push((m, 0.5 * (low + high), 0.5 * (high - low)));
    }
    for axes in panels {
        let bars = bars
            .iter()
            .map(|&(m, middle, half)| (m, 100.0 * middle, 100.0 * half));
        axes.error_bars(bars, stroke);
        let line = line.iter().map(|&(m, accuracy)| (m, 100.0 * accuracy));
        axes.line(line.clone(), stroke);
        axes.points(line, marker);
    }
    Ok(line)
}

/// The smallest m from which on the accuracy stays above the share kept.
fn kept_from(line: &[(f64, f64)], softmax: f64) -> String {
    let above = |(_, accuracy): &&(f64, f64)| *accuracy >= KEPT * softmax;
    match line.iter().rev().take_while(above).last() {
        Some((m, _)) => format!("*m* = {m}"),
        None => line
            .last()
            .map_or("–".to_owned(), |(m, _)| format!("*m* > {m}")),
    }
}

fn percent(x: f64) -> String {
    format!("{:.1} %", 100.0 * x)
}
