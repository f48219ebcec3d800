//! Exclusive or: the comparison that the published pair of runs never made.

use anyhow::Result;

use super::super::Figure;
use super::super::look::{ASTROCYTES, NEURONS};
use super::super::works::PETERSON;
use crate::plot::{Axes, Color, Marker, Page, Scale, Width};
use crate::results::{Inputs, Reads, Row};

/// Runs `xor_exp3` and `xor_exp4` of the program behind the talk both trained the dense network.
pub(in crate::figures) static XOR: Figure = Figure {
    id: "astro-xor",
    work: &PETERSON,
    code: file!(),
    place: "program",
    finding: "The published stack cannot solve exclusive or; a lattice with biases and tanh mostly does",
    shows: "fraction of seeds that solve exclusive or, astrocyte stacks and a dense network",
    reads: &[Reads::runs(
        "astro_xor",
        &[
            "network.cells",
            "network.wiring",
            "network.bias",
            "network.activation",
            "solved",
            "steps",
        ],
    )],
    amounts: &[("training.steps", "steps")],
    draw,
};

/// Name, cells, wiring, bias and activation of a bar.
const CONDITIONS: [(&str, [&str; 4]); 7] = [
    (
        "neurons, softmax",
        ["neurons", "published", "false", "softmax"],
    ),
    ("neurons, tanh", ["neurons", "published", "false", "tanh"]),
    (
        "**published stack**: no bias, softmax",
        ["astrocytes", "published", "false", "softmax"],
    ),
    (
        "published wiring, bias as a factor, softmax",
        ["astrocytes", "published", "true", "softmax"],
    ),
    (
        "published wiring, bias as a factor, tanh",
        ["astrocytes", "published", "true", "tanh"],
    ),
    (
        "lattice, bias, softmax",
        ["astrocytes", "lattice", "true", "softmax"],
    ),
    (
        "lattice, bias, tanh",
        ["astrocytes", "lattice", "true", "tanh"],
    ),
];

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("astro_xor")?;
    let ticks = || {
        CONDITIONS
            .iter()
            .enumerate()
            .map(|(i, (name, _))| (-(i as f64), *name))
    };
    let rows = |label: &str| Scale::linear(label).ticks(ticks()).limits(-6.6, 0.6);
    let x = Scale::linear("seeds that solve it / %").limits(0.0, 100.0);
    let mut solved = Axes::new(x, rows("")).tag("a");
    let steps_scale = Scale::log("steps until solved").limits(10.0, 2.1e4);
    let mut steps = Axes::new(steps_scale, rows("").unlabelled()).tag("b");
    for (i, (_, key)) in CONDITIONS.iter().enumerate() {
        let columns = [
            "network.cells",
            "network.wiring",
            "network.bias",
            "network.activation",
        ];
        let matches = |r: Row<'_>| {
            columns
                .iter()
                .zip(key)
                .all(|(column, want)| r.text(column).is_ok_and(|t| t == *want))
        };
        let of_kind = runs.filter(matches);
        let done = of_kind.try_filter(|run| Ok(run.number("solved")? == 1.0))?;
        let share = 100.0 * done.len() as f64 / of_kind.len() as f64;
        let color = if i < 2 { NEURONS } else { ASTROCYTES };
        let y = -(i as f64);
        solved.rectangle((0.0, share), (y - 0.33, y + 0.33), color.lighter(0.4));
        let count = format!("{} of {}", done.len(), of_kind.len());
        let (at, align) = if share > 50.0 {
            (share - 2.0, 1.0)
        } else {
            (share + 2.0, 0.0)
        };
        solved.text((at, y), count, Color::BLACK, align);
        let jitter = |k: usize| y + 0.05 * ((k * 7 % 11) as f64 - 5.0);
        let dots = done
            .numbers("steps")?
            .into_iter()
            .enumerate()
            .map(|(k, s)| (s.max(1.0), jitter(k)));
        steps.points(dots.collect::<Vec<_>>(), Marker::dot(color).radius(1.1));
    }
    let mut page = Page::new(Width::Double, 170.0);
    let whole = page.part(1, 1, 0, 0);
    let (mut left, mut right) = (whole, whole);
    left.w = 0.64 * whole.w;
    (right.x, right.w) = (left.w, 0.36 * whole.w);
    page.place(left, solved);
    page.place(right, steps);
    page.note("Neurons: dense 2-10-1. Solved: all four outputs within 0.1 after at most 20,000 steps, where b ends. Published stack: the layers of the \
         published program, whose runs of this name trained the dense network instead. Its bias multiplies.");
    Ok(page)
}
