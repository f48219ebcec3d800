//! Accuracy of a trained transformer whose attention is replaced by the circuit.

use anyhow::Result;

use super::super::works::KOZACHKOV;
use super::Figure;
use super::kept::{accuracy, draw_series, kept_from, panels};
use super::labels::FEATURES;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Stroke, Width};
use crate::results::{Frame, Inputs, Reads};

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
    finding: "With the usual random features the circuit needs thousands of hidden neurons a head; with the transformer retrained around it, eight",
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
    let mut key = Axes::default();
    let mut panels = panels(
        "the circuit in place of softmax",
        NEAR..100.0,
        [softmax, uniform],
        &mut key,
    );
    let of = |condition: &str, features: &str| -> Result<Frame> {
        runs.matching("condition", condition)?
            .matching("circuit.features", features)
    };
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
