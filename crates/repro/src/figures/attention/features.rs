//! Accuracy of a frozen transformer by how the circuit's hidden neurons are drawn.

use anyhow::Result;

use super::super::works::KOZACHKOV;
use super::Figure;
use super::kept::{accuracy, draw_series, kept_from, panels};
use crate::plot::{Axes, Marker, Page, SERIES, Stroke, Width};
use crate::results::{Inputs, Reads};

/// Lower end of the enlarged panel, in per cent.
const NEAR: f64 = 90.0;

/// How hidden neurons are drawn: label, features, balanced, spread, pairs, place of the colour.
const DRAWS: [(&str, &str, &str, &str, &str, usize); 5] = [
    (
        "FAVOR+, balanced",
        "positive-orthogonal",
        "true",
        "unit",
        "all",
        2,
    ),
    (
        "OPRF, balanced",
        "positive-orthogonal",
        "true",
        "isotropic",
        "all",
        0,
    ),
    (
        "SDERF",
        "positive-orthogonal",
        "false",
        "anisotropic",
        "all",
        4,
    ),
    (
        "SDERF, balanced (ADERF)",
        "positive-orthogonal",
        "true",
        "anisotropic",
        "all",
        5,
    ),
    (
        "the same, opposite pairs, fitted where attention is",
        "positive-antithetic",
        "true",
        "anisotropic",
        "attended",
        3,
    ),
];

/// How far one comes without training anything.
pub(in crate::figures) static ATTENTION_FEATURES: Figure = Figure {
    id: "attention-features",
    work: &KOZACHKOV,
    code: file!(),
    place: "claim",
    finding: "With hidden neurons drawn as widely as a head's queries and keys ask, tens do what thousands did, and nothing is trained",
    shows: "a frozen transformer's accuracy on MNIST with its attention computed by circuits, by how their hidden neurons are drawn",
    reads: &[Reads::runs(
        "attention_features",
        &[
            "condition",
            "circuit.features",
            "circuit.m",
            "fit.balanced",
            "fit.spread",
            "fit.pairs",
            "accuracy",
        ],
    )],
    amounts: &[("test.images", "test images")],
    draw,
};

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("attention_features")?;
    let level = |condition| accuracy(&runs.matching("condition", condition)?);
    let (softmax, uniform) = (level("softmax")?, level("uniform")?);
    let circuit = runs.matching("condition", "circuit")?;
    let mut key = Axes::default();
    let title = "hidden neurons drawn, nothing trained";
    let mut panels = panels(title, NEAR..100.0, [softmax, uniform], &mut key);
    for (label, features, balanced, spread, pairs, color) in DRAWS {
        let drawn = circuit
            .matching("circuit.features", features)?
            .matching("fit.balanced", balanced)?
            .matching("fit.spread", spread)?
            .matching("fit.pairs", pairs)?;
        let color = SERIES[color];
        let (stroke, marker) = (Stroke::solid(color), Marker::dot(color));
        let kept = kept_from(&draw_series(&mut panels, &drawn, stroke, marker)?, softmax);
        key.legend(format!("{label} ({kept})"), stroke, marker);
    }
    let mut page = Page::new(Width::Double, 210.0);
    page.key(&mut key);
    for (column, axes) in panels.into_iter().enumerate() {
        page.place(page.cell(1, 2, 0, column), axes);
    }
    page.note(
        "The transformer is the one that was trained with softmax. Every head draws its own hidden neurons, as widely as its queries and keys \
         over 500 training images ask. In brackets: from which *m* on 99 % of the softmax accuracy is kept (medians), or how far *m* was taken \
         without that. Bars: range over draws.",
    );
    Ok(page)
}
