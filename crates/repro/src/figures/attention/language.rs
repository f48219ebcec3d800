//! A pretrained sentence encoder with circuits in place of attention.

use anyhow::{Result, ensure};

use super::super::works::KOZACHKOV;
use super::Figure;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::stats::{mean, median};
use crate::results::{Frame, Inputs, Reads};

/// The hidden neurons at which layers are told apart.
const TOLD_APART: f64 = 128.0;

/// How hidden neurons come about.
struct Kind {
    label: &'static str,
    features: &'static str,
    spread: &'static str,
    learns: bool,
    color: Color,
}

const KINDS: [Kind; 3] = [
    Kind {
        label: "FAVOR+",
        features: "positive-orthogonal",
        spread: "unit",
        learns: false,
        color: SERIES[2],
    },
    Kind {
        label: "SDERF, opposite pairs, fitted where attention is",
        features: "positive-antithetic",
        spread: "anisotropic",
        learns: false,
        color: SERIES[3],
    },
    Kind {
        label: "the same, then learnt from softmax attention",
        features: "positive-antithetic",
        spread: "anisotropic",
        learns: true,
        color: SERIES[0],
    },
];

/// What a whole encoder has besides.
const OF_EMBEDDINGS: [(&str, &str, &str); 2] = [
    ("cosine", "cosine with softmax", "embeddings"),
    (
        "neighbours",
        "same nearest neighbour / %",
        "nearest sequences",
    ),
];

/// The claim, at a model that others use.
pub(in crate::figures) static ATTENTION_LANGUAGE: Figure = Figure {
    id: "attention-language",
    work: &KOZACHKOV,
    code: file!(),
    place: "claim",
    finding: "In a pretrained sentence encoder, 32 hidden neurons a head that learn from softmax attention come closer to it than 256 that are drawn; none are close enough",
    shows: "the embeddings and the attention of a frozen sentence encoder whose heads are computed by circuits",
    reads: &[
        Reads::runs(
            "attention_language",
            &[
                "key",
                "source",
                "condition",
                "circuit.features",
                "circuit.m",
                "fit.spread",
                "imitation.steps",
                "cosine",
                "neighbours",
                "attention_error",
            ],
        ),
        Reads::table(
            "attention_language",
            "layers",
            &["key", "layer", "attention_error"],
        ),
    ],
    amounts: &[("compared", "sequences")],
    draw,
};

impl Kind {
    fn runs(&self, circuits: &Frame) -> Result<Frame> {
        circuits
            .matching("circuit.features", self.features)?
            .matching("fit.spread", self.spread)?
            .try_filter(|row| Ok((row.number("imitation.steps")? > 0.0) == self.learns))
    }
}

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("attention_language")?;
    let layers = inputs.table("attention_language", "layers")?;
    let circuits = runs.matching("condition", "circuit")?;
    let none = runs.matching("condition", "uniform")?;
    ensure!(!none.is_empty(), "no run without attention");
    let whole = runs.matching("source", "model")?.len() == runs.len();
    let mut key = Axes::default();
    key.legend("no attention", Stroke::dashed(Color::GREY), None);
    for kind in &KINDS {
        key.legend(
            kind.label,
            Stroke::solid(kind.color),
            Marker::dot(kind.color),
        );
    }
    let m = || Scale::log("hidden neurons per head *m*");
    let mut panels = Vec::new();
    let embeddings = OF_EMBEDDINGS.iter().filter(|_| whole);
    for &(metric, label, title) in embeddings {
        let scale = if metric == "neighbours" { 100.0 } else { 1.0 };
        let y = Scale::linear(label).limits(0.0, scale);
        let mut axes = Axes::new(m(), y).title(title);
        series(&mut axes, &circuits, &none, metric, scale)?;
        panels.push(axes);
    }
    let error = Scale::linear("relative error of attention").from(0.0);
    let mut axes = Axes::new(m(), error).title("attention, mean over layers");
    series(&mut axes, &circuits, &none, "attention_error", 1.0)?;
    panels.push(axes);
    panels.push(by_layer(&layers, &circuits, &none)?);
    let mut page = Page::new(Width::Double, if whole { 380.0 } else { 210.0 });
    page.key(&mut key);
    let rows = panels.len().div_ceil(2);
    for (place, axes) in panels.into_iter().enumerate() {
        let tag = ["a", "b", "c", "d"][place];
        page.place(page.cell(rows, 2, place / 2, place % 2), axes.tag(tag));
    }
    let what = match whole {
        true => {
            "All 72 heads of all-MiniLM-L6-v2 are circuits, everything else is as published. Text that is compared is not that to which hidden neurons \
             are drawn or fitted."
        }
        false => {
            "Captured queries, keys and values of one head of each layer of all-MiniLM-L6-v2; the whole encoder, which does not ship, is the paper profile's."
        }
    };
    page.note(format!(
        "{what} FAVOR+ in the whole encoder: queries and keys balanced. Learnt: each head by the gradient of its divergence from softmax attention, with \
         synapses of its own from queries and keys. Points: medians; bars: range over draws."
    ));
    Ok(page)
}

/// A metric over m, and its level without attention.
fn series(axes: &mut Axes, circuits: &Frame, none: &Frame, metric: &str, scale: f64) -> Result<()> {
    axes.across(
        scale * mean(&none.numbers(metric)?),
        Stroke::dashed(Color::GREY),
    );
    for kind in &KINDS {
        let (mut line, mut bars) = (Vec::new(), Vec::new());
        for (m, runs) in kind.runs(circuits)?.by_number("circuit.m")? {
            let values: Vec<f64> = runs.numbers(metric)?.iter().map(|x| scale * x).collect();
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            line.push((m, median(&values)));
            bars.push((m, 0.5 * (low + high), 0.5 * (high - low)));
        }
        axes.error_bars(bars, Stroke::solid(kind.color));
        axes.line(line.clone(), Stroke::solid(kind.color));
        axes.points(line, Marker::dot(kind.color));
    }
    Ok(())
}

/// Errors of the layers, at one m.
fn by_layer(layers: &Frame, circuits: &Frame, none: &Frame) -> Result<Axes> {
    let x = Scale::linear("layer");
    let y = Scale::linear("relative error of attention").from(0.0);
    let title = format!("attention, layer by layer, *m* = {TOLD_APART}");
    let mut axes = Axes::new(x, y).title(title);
    let mut line = |runs: &Frame, stroke: Stroke, marker: Option<Marker>| -> Result<()> {
        let mut line = Vec::new();
        for (layer, rows) in layers.of_runs(runs)?.by_number("layer")? {
            line.push((layer, median(&rows.numbers("attention_error")?)));
        }
        axes.line(line.clone(), stroke);
        if let Some(marker) = marker {
            axes.points(line, marker);
        }
        Ok(())
    };
    line(none, Stroke::dashed(Color::GREY), None)?;
    for kind in &KINDS {
        let at = kind
            .runs(circuits)?
            .try_filter(|row| Ok(row.number("circuit.m")? == TOLD_APART))?;
        let marker = Marker::dot(kind.color);
        line(&at, Stroke::solid(kind.color), Some(marker))?;
    }
    Ok(axes)
}
