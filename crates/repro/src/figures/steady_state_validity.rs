//! How good the steady-state approximation is.

use anyhow::Result;

use super::Figure;
use super::works::HILL;
use crate::plot::{Axes, Color, Page, SERIES, Scale, Stroke, Width};
use crate::results::{Frame, Inputs, Reads};

/// Report, Fig. 5, and a last row of ours: learning at a tenth of the rates.
pub(super) static FIGURE: Figure = Figure {
    id: "steady-state-validity",
    work: &HILL,
    code: file!(),
    place: "Fig. 5",
    finding: "The approximation is as good as its passes are many and its updates small",
    shows: "deviation of the simulation from its steady-state approximation",
    reads: &[
        Reads::runs(POTENTIALS, &["key", "network.start"]),
        Reads::table(
            POTENTIALS,
            "deviations",
            &["key", "quantity", "pattern", "n_passes", "deviation"],
        ),
        Reads::runs(WEIGHTS, &["key", "network.start", "network.eta_ip"]),
        Reads::table(
            WEIGHTS,
            "deviations",
            &["key", "quantity", "pattern", "n_exposures", "deviation"],
        ),
    ],
    amounts: &[("patterns", "patterns")],
    draw,
};

const POTENTIALS: &str = "steady_state_potentials";
const WEIGHTS: &str = "steady_state_weights";
const STARTS: [(&str, &str); 2] = [
    ("random", "random start"),
    ("self-predicting", "self-predicting start"),
];

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let mut page = Page::new(Width::Double, 430.0);
    let runs = inputs.runs(POTENTIALS)?;
    let deviations = inputs.table(POTENTIALS, "deviations")?;
    for (column, (start, title)) in STARTS.into_iter().enumerate() {
        let mut panel = potentials(&of_start(&deviations, &runs, start)?, column == 1)?;
        page.key(&mut panel);
        let panel = panel.title(title).tag(["a", "b"][column]);
        page.place(page.cell(3, 2, 0, column), panel);
    }
    let deviations = inputs.table(WEIGHTS, "deviations")?;
    // The published learning rates first, then the lower ones.
    let rates = inputs.runs(WEIGHTS)?.by_number("network.eta_ip")?;
    let highest = rates.last().map_or(1.0, |(rate, _)| *rate);
    let tags = [["c", "d"], ["e", "f"]];
    for (row, ((rate, runs), tags)) in rates.iter().rev().zip(tags).enumerate() {
        for (column, (start, title)) in STARTS.into_iter().enumerate() {
            let title = match (highest / rate).round() {
                1.0 => title.to_owned(),
                times => format!("{title}, learning rates / {times}"),
            };
            let mut panel = weights(
                &of_start(&deviations, runs, start)?,
                (row, column) == (0, 1),
            )?;
            page.key(&mut panel);
            let panel = panel.title(title).tag(tags[column]);
            page.place(page.cell(3, 2, row + 1, column), panel);
        }
    }
    page.note(
        "Deviations as the source computes them. *u*: root mean square over the neurons of *u*_{sim} − *u*_{stead}, \
         each neuron relative to its own mean over all patterns. *W*: root mean square over the weights, relative to that of \
         *W*_{sim}; two passes. e and f are ours.",
    );
    Ok(page)
}

/// The deviations of the run with this start.
fn of_start(deviations: &Frame, runs: &Frame, start: &str) -> Result<Frame> {
    let keys = runs.matching("network.start", start)?.distinct("key")?;
    deviations.matching("key", keys.first().map_or("", String::as_str))
}

/// The three lines of the source in each panel, and how it writes them.
const SOMATA: [(&str, &str); 3] = [
    ("pyramidal_1", "*u* of hidden pyramidal neurons"),
    ("interneurons_1", "*u* of interneurons"),
    ("pyramidal_2", "*u* of outputs"),
];
const MATRICES: [(&str, &str); 3] = [
    ("up_1", "*W*_{up} of the hidden layer"),
    ("ip_1", "*W*_{ip}"),
    ("up_2", "*W*_{up} of the output"),
];

/// `named` panels have a legend, which holds for their neighbour as well.
fn potentials(deviations: &Frame, named: bool) -> Result<Axes> {
    let mut axes = Axes::new(
        patterns(deviations)?,
        Scale::log("deviation of *u*").limits(2e-8, 10.0),
    );
    // No two programs in single precision agree better than its spacing near 1.
    let dashes = Stroke::dashed(Color::GREY).width(0.6);
    axes.across(f64::from(f32::EPSILON) / 2.0, dashes);
    let name = named.then_some("*n*_{passes}");
    series(&mut axes, deviations, &SOMATA, "n_passes", name)?;
    if named {
        axes.legend("resolution of f32", dashes, None);
    }
    Ok(axes)
}

fn weights(deviations: &Frame, named: bool) -> Result<Axes> {
    let mut axes = Axes::new(
        patterns(deviations)?,
        Scale::log("deviation of *W*").limits(1e-4, 30.0),
    );
    let name = named.then_some("*t*_{pattern} / d*T*");
    series(&mut axes, deviations, &MATRICES, "n_exposures", name)?;
    Ok(axes)
}

fn patterns(deviations: &Frame) -> Result<Scale> {
    let last = deviations
        .numbers("pattern")?
        .into_iter()
        .fold(1.0, f64::max);
    Ok(Scale::linear("pattern").limits(0.0, last))
}

/// A line for every quantity, in its colour, and every value of `by`, in its dashes.
fn series(
    axes: &mut Axes,
    deviations: &Frame,
    quantities: &[(&str, &str)],
    by: &str,
    name: Option<&str>,
) -> Result<()> {
    let dashes = [Stroke::solid, Stroke::dotted, Stroke::dashed];
    for ((quantity, _), color) in quantities.iter().zip(SERIES) {
        let lines = deviations.matching("quantity", quantity)?.by_number(by)?;
        for ((_, line), stroke) in lines.iter().zip(dashes) {
            axes.line(
                line.points("pattern", "deviation")?,
                stroke(color).width(0.9),
            );
        }
    }
    if let Some(name) = name {
        for ((_, label), color) in quantities.iter().zip(SERIES) {
            axes.legend(*label, Stroke::solid(color), None);
        }
        for ((n, _), stroke) in deviations.by_number(by)?.iter().zip(dashes) {
            axes.legend(format!("{name} = {n}"), stroke(Color::BLACK), None);
        }
    }
    Ok(())
}
