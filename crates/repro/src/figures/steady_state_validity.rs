//! How good the steady-state approximation is.

use anyhow::Result;

use super::Figure;
use crate::plot::{Axes, Color, Page, SERIES, Scale, Stroke, Width};
use crate::results::{Frame, Inputs, Reads};

/// Report, Fig. 5, and a last row of ours: learning at a tenth of the rates.
pub(super) static FIGURE: Figure = Figure {
    id: "steady-state-validity",
    source: "Hill 2020, Fig. 5",
    shows: "deviation of the simulation from its steady-state approximation",
    reads: &[
        Reads::runs(POTENTIALS, &["key", "network.start"]),
        Reads::table(
            POTENTIALS,
            "deviations",
            &["key", "pattern", "n_passes", "potentials"],
        ),
        Reads::runs(WEIGHTS, &["key", "network.start", "network.eta_ip"]),
        Reads::table(
            WEIGHTS,
            "deviations",
            &["key", "pattern", "n_exposures", "weights"],
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
        let panel = potentials(&of_start(&deviations, &runs, start)?, column == 1)?;
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
            let panel = weights(&of_start(&deviations, runs, start)?, column == 1)?;
            let panel = panel.title(title).tag(tags[column]);
            page.place(page.cell(3, 2, row + 1, column), panel);
        }
    }
    Ok(page)
}

/// The deviations of the run with this start.
fn of_start(deviations: &Frame, runs: &Frame, start: &str) -> Result<Frame> {
    let keys = runs.matching("network.start", start)?.distinct("key")?;
    deviations.matching("key", keys.first().map_or("", String::as_str))
}

/// `named` panels have a legend, which holds for their neighbour as well.
fn potentials(deviations: &Frame, named: bool) -> Result<Axes> {
    let mut axes = Axes::new(
        patterns(deviations)?,
        Scale::log("RMSE *u* / RMS *u*_{sim}").limits(2e-8, 1.0),
    );
    // No two programs in single precision agree better than its spacing near 1.
    let dotted = Stroke::dotted(Color::BLACK).width(0.8);
    axes.across(f64::from(f32::EPSILON) / 2.0, dotted);
    let name = named.then_some("*n*_{passes}");
    series(&mut axes, deviations, "n_passes", "potentials", name)?;
    if named {
        axes.legend("resolution of f32", dotted, None);
    }
    Ok(axes)
}

fn weights(deviations: &Frame, named: bool) -> Result<Axes> {
    let mut axes = Axes::new(
        patterns(deviations)?,
        Scale::log("RMSE *W* / RMS *W*_{sim}").limits(1e-4, 10.0),
    );
    let name = named.then_some("*t*_{pattern} / d*T*");
    series(&mut axes, deviations, "n_exposures", "weights", name)?;
    Ok(axes)
}

fn patterns(deviations: &Frame) -> Result<Scale> {
    let last = deviations
        .numbers("pattern")?
        .into_iter()
        .fold(1.0, f64::max);
    Ok(Scale::linear("pattern").limits(0.0, last))
}

/// One line for every value of `by`; later ones are thinner, so that equal ones all show.
fn series(
    axes: &mut Axes,
    deviations: &Frame,
    by: &str,
    column: &str,
    name: Option<&str>,
) -> Result<()> {
    let widths = [2.0, 1.3, 0.7];
    let groups = deviations.by_number(by)?.into_iter();
    for (((n, group), color), width) in groups.zip(SERIES).zip(widths) {
        let stroke = Stroke::solid(color).width(width);
        axes.line(group.points("pattern", column)?, stroke);
        if let Some(name) = name {
            axes.legend(format!("{name} = {n}"), stroke, None);
        }
    }
    Ok(())
}
