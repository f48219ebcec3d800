//! The theory part of the talk, tested: are stacks of astrocytes universal approximators?

use anyhow::Result;

use super::super::Figure;
use super::super::look::{ASTROCYTES, NEURONS};
use super::super::works::PETERSON;
use crate::plot::{Axes, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::stats::median;
use crate::results::{Frame, Inputs, Reads};

/// Talk, "Proof sketch" and "Astrocyte Sudoku".
pub(in crate::figures) static APPROXIMATION: Figure = Figure {
    id: "astro-approximation",
    work: &PETERSON,
    code: file!(),
    place: "theory",
    finding: "What stacks of astrocytes approximate: by training, and by construction",
    shows: "trained error against depth, and dense layers compiled into astrocyte layers",
    reads: &[
        Reads::runs(
            "astro_approximation",
            &["target", "network.cells", "depth", "sup_error"],
        ),
        Reads::runs(
            "astro_sudoku",
            &[
                "layer.size",
                "stack.method",
                "slides",
                "residual",
                "network_sup_error",
            ],
        ),
    ],
    amounts: &[("training.steps", "steps")],
    draw,
};

const TARGETS: [(&str, &str); 4] = [
    ("sine", "sin 2π*x*"),
    ("kink", "1 − 2|*x*|"),
    ("bump", "Gaussian bump in 2-D"),
    ("ripple", "sin π*x_{1}* cos π*x_{2}*"),
];

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let trained = inputs.runs("astro_approximation")?;
    let mut page = Page::new(Width::Double, 330.0);
    for (i, (target, title)) in TARGETS.iter().enumerate() {
        let mut axes = error_panel(&trained.matching("target", target)?, i == 0)?;
        page.key(&mut axes);
        axes = axes.title(*title).tag(["a", "b", "d", "e"][i]);
        page.place(page.cell(2, 3, i / 2, i % 2), axes);
    }
    let sudoku = inputs.runs("astro_sudoku")?;
    let axes = sudoku_panel(&sudoku, "residual", "relative residual", 1e-16)?;
    page.place(
        page.cell(2, 3, 0, 2),
        axes.tag("c").title("a given *n* × *n* layer compiled"),
    );
    let axes = sudoku_panel(
        &sudoku,
        "network_sup_error",
        "largest error of the network",
        1e-7,
    )?;
    page.place(
        page.cell(2, 3, 1, 2),
        axes.tag("f").title("the same with rectifiers"),
    );
    page.note(
        "Lattice wiring; dense: one hidden layer, as many parameters. Diamonds: elimination, 2*n* − 3 slides; dotted: *n* − 1. \
         The construction (c, f; single precision) shows what such layers can compute; training (a, b, d, e) only what was found, an upper bound \
         of the error at that depth.",
    );
    Ok(page)
}

/// Largest error against the depth of the stack, for the stack and for the dense network of its size.
fn error_panel(runs: &Frame, legend: bool) -> Result<Axes> {
    let x = Scale::linear("astrocyte layers").from(0.0);
    let mut axes = Axes::new(x, Scale::log("largest error").limits(1e-3, 3.0));
    for (cells, color) in [("astrocytes", ASTROCYTES), ("neurons", NEURONS)] {
        let (mut medians, mut dots) = (Vec::new(), Vec::new());
        for (depth, runs) in runs.matching("network.cells", cells)?.by_number("depth")? {
            let errors = runs.numbers("sup_error")?;
            medians.push((depth, median(&errors)));
            dots.extend(errors.into_iter().map(|e| (depth, e)));
        }
        axes.points(dots, Marker::dot(color.lighter(0.5)).radius(1.0));
        axes.line(medians.clone(), Stroke::solid(color));
        axes.points(medians, Marker::dot(color));
        if legend {
            axes.legend(cells, Stroke::solid(color), Marker::dot(color));
        }
    }
    Ok(axes)
}

/// What is left over against the number of slides; the elimination's as diamonds.
fn sudoku_panel(runs: &Frame, metric: &str, label: &str, floor: f64) -> Result<Axes> {
    let y = Scale::log(label).limits(floor, 3.0);
    let x = Scale::linear("slides").from(0.0).to(18.0);
    let mut axes = Axes::new(x, y);
    for (i, (size, runs)) in runs.by_number("layer.size")?.into_iter().enumerate() {
        let color = SERIES[2 + i];
        for (method, line) in [("least-squares", true), ("elimination", false)] {
            let (mut medians, mut dots) = (Vec::new(), Vec::new());
            for (slides, runs) in runs.matching("stack.method", method)?.by_number("slides")? {
                let left_over = runs.numbers(metric)?;
                medians.push((slides, median(&left_over)));
                dots.extend(left_over.into_iter().map(|r| (slides, r)));
            }
            axes.points(dots, Marker::dot(color.lighter(0.5)).radius(0.9));
            let marker = if line {
                Marker::dot(color)
            } else {
                Marker::diamond(color).radius(3.0)
            };
            if line {
                axes.line(medians.clone(), Stroke::solid(color));
            }
            axes.points(medians, marker);
        }
        let above = if i == 0 {
            (size / 2.0, 1e-5)
        } else {
            (1.4 * size, 0.2)
        };
        axes.text(above, format!("*n* = {size}"), color, 0.5);
        axes.upright(size - 1.0, Stroke::dotted(color));
    }
    Ok(axes)
}
