//! Error of the circuit against softmax attention, by number of hidden neurons.

use anyhow::Result;

use super::super::works::KOZACHKOV;
use super::Figure;
use super::labels::{FEATURES, signed};
use crate::plot::{Axes, Color, Marker, Page, Scale, Stroke, Width};
use crate::results::stats::{log_slope, median, quantile};
use crate::results::{Frame, Reads};

/// m from which slopes are fitted: below, trigonometric denominators cancel and errors saturate.
const FITTED_FROM: f64 = 128.0;

/// Not in the paper, which argues that the error vanishes.
pub(in crate::figures) static ATTENTION_ERROR: Figure = Figure {
    id: "attention-error",
    work: &KOZACHKOV,
    code: file!(),
    place: "theory",
    finding: "The circuit's error falls as 1/√m while attention is soft, far slower once scores spread",
    shows: "error of the neuron–astrocyte circuit against softmax attention: 1/√m while attention is soft, far slower once scores spread",
    reads: &[Reads::runs(
        "attention_error",
        &[
            "seed",
            "sequence.tokens",
            "sequence.heads",
            "sequence.head_dim",
            "sequence.scale",
            "circuit.features",
            "circuit.m",
            "relative_error",
            "mean_cosine",
            "diverged",
        ],
    )],
    amounts: &[],
    draw: |inputs| {
        let runs = inputs.runs("attention_error")?;
        let scales = runs.by_number("sequence.scale")?;
        let mut page = Page::new(Width::Double, 330.0);
        let shared = [
            Limits::of(&runs, &RELATIVE_ERROR)?,
            Limits::of(&runs, &COSINE)?,
        ];
        for (column, (scale, runs)) in scales.iter().enumerate() {
            let title = format!("scores of deviation {}", signed(scale * scale, 2));
            let tag =
                |row: usize| char::from(b'a' + (row * scales.len() + column) as u8).to_string();
            let mut error = panel(runs, &RELATIVE_ERROR, &shared[0])?;
            if column == 0 {
                legend(&mut error);
                page.key(&mut error);
            }
            let error = error.title(title).tag(tag(0));
            page.place(page.cell(2, scales.len(), 0, column), error);
            let cosine = panel(runs, &COSINE, &shared[1])?.tag(tag(1));
            page.place(page.cell(2, scales.len(), 1, column), cosine);
        }
        page.note(note(&runs)?);
        Ok(page)
    },
};

/// What is drawn against m.
struct Measure {
    column: &'static str,
    label: &'static str,
    value: fn(f64) -> f64,
    /// Power of m with which theory lets it fall.
    theory: f64,
}

const RELATIVE_ERROR: Measure = Measure {
    column: "relative_error",
    label: "relative error",
    value: |x| x,
    theory: -0.5,
};

const COSINE: Measure = Measure {
    column: "mean_cosine",
    label: "1 − cosine similarity",
    value: |x| 1.0 - x,
    theory: -1.0,
};

/// Limits of a row of panels, which all share.
struct Limits(f64, f64);

impl Limits {
    fn of(runs: &Frame, measure: &Measure) -> Result<Self> {
        let values = runs.numbers(measure.column)?;
        let values: Vec<f64> = values.into_iter().map(measure.value).collect();
        Ok(Self(
            0.6 * quantile(&values, 0.002),
            1.2 * quantile(&values, 0.995),
        ))
    }
}

fn panel(runs: &Frame, measure: &Measure, limits: &Limits) -> Result<Axes> {
    let values = |runs: &Frame| -> Result<Vec<f64>> {
        let values = runs.numbers(measure.column)?;
        Ok(values.into_iter().map(measure.value).collect())
    };
    let y = Scale::log(measure.label).limits(limits.0, limits.1);
    let x = Scale::log("hidden neurons per head *m*");
    let mut axes = Axes::new(x, y);
    let mut slopes = Vec::new();
    let mut last = None;
    for (features, color) in FEATURES {
        let runs = runs.matching("circuit.features", features)?;
        let (mut line, mut band) = (Vec::new(), Vec::new());
        for (m, runs) in runs.by_number("circuit.m")? {
            let values = values(&runs)?;
            line.push((m, median(&values)));
            band.push((m, quantile(&values, 0.25), quantile(&values, 0.75)));
        }
        let fitted: Vec<_> = line
            .iter()
            .copied()
            .filter(|(m, _)| *m >= FITTED_FROM)
            .collect();
        let slope = signed(log_slope(&fitted), 2);
        let (stroke, marker) = (Stroke::solid(color), Marker::dot(color));
        axes.band(band, color.opacity(0.2));
        axes.line(line.iter().copied(), stroke);
        axes.points(line.iter().copied(), marker);
        slopes.push((format!("*m*^{{{slope}}}"), color));
        last = line.last().copied().or(last);
    }
    if let Some((m, y)) = last {
        let theory = |x: f64| (x, 0.6 * y * (x / m).powf(measure.theory));
        let stroke = Stroke::dashed(Color::GREY);
        axes.line([theory(FITTED_FROM), theory(m)], stroke);
    }
    // The exponents, in the colours of their lines, in the lower left.
    for (row, (text, color)) in slopes.into_iter().rev().enumerate() {
        let y = limits.0 * (limits.1 / limits.0).powf(0.07 + 0.09 * row as f64);
        axes.text((10.0, y), text, color, 0.0);
    }
    Ok(axes)
}

fn legend(axes: &mut Axes) {
    for (features, color) in FEATURES {
        axes.legend(features, Stroke::solid(color), Marker::dot(color));
    }
    let theory = Stroke::dashed(Color::GREY);
    axes.legend("theory: 1/√*m* above, 1/*m* below", theory, None);
}

fn note(runs: &Frame) -> Result<String> {
    let seeds = runs.distinct("seed")?.len();
    let cancelled = runs
        .filter(|r| r.text("diverged").is_ok_and(|t| !t.is_empty()))
        .len();
    let mut text = format!(
        "Medians and quartiles of {seeds} Gaussian sequences of {} tokens, {} heads of *d* = {}; exponents fitted from *m* = {FITTED_FROM}.",
        one(runs, "sequence.tokens")?,
        one(runs, "sequence.heads")?,
        one(runs, "sequence.head_dim")?,
    );
    if cancelled > 0 {
        text.push_str(&format!(" {cancelled} runs without calcium left out."));
    }
    Ok(text)
}

/// The values of a column that is meant to have one.
fn one(runs: &Frame, column: &str) -> Result<String> {
    Ok(runs.distinct(column)?.join(", "))
}
