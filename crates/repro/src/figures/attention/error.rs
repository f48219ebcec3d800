//! Error of the circuit against softmax attention, by number of hidden neurons.

use anyhow::Result;

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
    source: "Kozachkov 2023, theory",
    shows: "error of the neuron–astrocyte circuit against softmax attention falls as 1/√m",
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
        for (column, (scale, runs)) in scales.iter().enumerate() {
            let title = format!("*q*·*k*/√*d* of deviation {}", signed(scale * scale, 2));
            let tag =
                |row: usize| char::from(b'a' + (row * scales.len() + column) as u8).to_string();
            let error = panel(runs, &RELATIVE_ERROR)?.title(title).tag(tag(0));
            page.place(page.cell(2, scales.len(), 0, column), error);
            let cosine = panel(runs, &COSINE)?.tag(tag(1));
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

fn panel(runs: &Frame, measure: &Measure) -> Result<Axes> {
    let values = |runs: &Frame| -> Result<Vec<f64>> {
        let values = runs.numbers(measure.column)?;
        Ok(values.into_iter().map(measure.value).collect())
    };
    // The legend stands in headroom of its own.
    let all = values(runs)?;
    let (low, high) = (quantile(&all, 0.02), quantile(&all, 0.98));
    let y = Scale::log(measure.label).limits(0.6 * low, high * (high / low).powf(0.65));
    let x = Scale::log("hidden neurons per head *m*");
    let mut axes = Axes::new(x, y).legend_at(1.0, 1.0);
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
        axes.legend(format!("{features}, *m*^{{{slope}}}"), stroke, marker);
        last = line.last().copied().or(last);
    }
    if let Some((m, y)) = last {
        let theory = |x: f64| (x, 0.6 * y * (x / m).powf(measure.theory));
        let stroke = Stroke::dashed(Color::GREY);
        axes.line([theory(FITTED_FROM), theory(m)], stroke);
        let text = if measure.theory == -0.5 {
            "theory, 1/√*m*"
        } else {
            "theory, 1/*m*"
        };
        axes.legend(text, stroke, None);
    }
    Ok(axes)
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
