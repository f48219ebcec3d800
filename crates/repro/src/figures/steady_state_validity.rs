//! How good the steady-state approximation is.

use anyhow::Result;

use super::{Figure, Inputs};
use crate::frame::Frame;
use crate::plot::{Axes, Page, SERIES, Scale, Stroke, Width};

/// Report, Fig. 5.
pub(super) static FIGURE: Figure = Figure {
    id: "steady-state-validity",
    source: "Hill 2020, Fig. 5",
    shows: "deviation of the simulation from its steady-state approximation",
    experiments: &[POTENTIALS, WEIGHTS],
    draw,
};

const POTENTIALS: &str = "steady_state_potentials";
const WEIGHTS: &str = "steady_state_weights";

/// One row of the figure.
struct Comparison {
    experiment: &'static str,
    /// Which deviation, against what it is told apart by.
    column: &'static str,
    by: &'static str,
    label: &'static str,
    legend: &'static str,
    tags: [&'static str; 2],
}

const ROWS: [Comparison; 2] = [
    Comparison {
        experiment: POTENTIALS,
        column: "potentials",
        by: "n_passes",
        label: "RMSE *u* / RMS *u*_{sim}",
        legend: "passes",
        tags: ["a", "b"],
    },
    Comparison {
        experiment: WEIGHTS,
        column: "weights",
        by: "n_exposures",
        label: "RMSE *W* / RMS *W*_{sim}",
        legend: "*t*_{pattern}/d*T*",
        tags: ["c", "d"],
    },
];

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let mut page = Page::new(Width::Double, 300.0);
    let mut short = Vec::new();
    for (row, comparison) in ROWS.iter().enumerate() {
        let runs = inputs.runs(comparison.experiment)?;
        let deviations = inputs.table(comparison.experiment, "deviations")?;
        let starts = [
            ("random", "random start"),
            ("self-predicting", "self-predicting start"),
        ];
        for (column, (start, title)) in starts.into_iter().enumerate() {
            let keys = runs.matching("network.start", start)?.distinct("key")?;
            let Some(key) = keys.first() else { continue };
            let mut panel = deviation(&deviations.matching("key", key)?, comparison)?;
            if row == 0 {
                panel = panel.title(title);
            }
            page.place(
                page.cell(2, 2, row, column),
                panel.tag(comparison.tags[column]),
            );
        }
        short.push(inputs.shortfall(comparison.experiment, &[("patterns", "patterns")])?);
    }
    short.retain(|s| !s.is_empty());
    page.subtitle(short.join("; "));
    Ok(page)
}

fn deviation(deviations: &Frame, comparison: &Comparison) -> Result<Axes> {
    let Comparison {
        column,
        by,
        label,
        legend,
        ..
    } = comparison;
    let mut axes = Axes::new(Scale::linear("pattern").from(0.0), Scale::log(*label));
    for ((n, series), color) in deviations.by_number(by)?.into_iter().zip(SERIES) {
        let stroke = Stroke::solid(color).width(0.8);
        axes.line(series.points("pattern", column)?, stroke);
        axes.legend(format!("{legend} = {n}"), stroke.width(1.2), None);
    }
    Ok(axes)
}
