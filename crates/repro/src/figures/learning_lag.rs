//! Accuracy against learning-lag: the report's central result, and the same with reset of Δ.

use anyhow::Result;

use super::accuracy::{LAG, panel, published_entry, series, steadnet_level};
use super::{Figure, Inputs};
use crate::plot::{Page, Width};

/// Report, Fig. 6a.
pub(super) static LEARNING_LAG: Figure = Figure {
    id: "learning-lag",
    source: "Hill 2020, Fig. 6a",
    shows: "Yin-Yang accuracy against learning-lag for four pattern times",
    experiments: &["learning_lag", "yinyang_steadnet"],
    draw: |inputs| draw(inputs, "learning_lag", "accuracy_vs_learning_lag", "false"),
};

/// Report, Fig. 6b.
pub(super) static LEARNING_LAG_RESET: Figure = Figure {
    id: "learning-lag-reset",
    source: "Hill 2020, Fig. 6b",
    shows: "the same with Δ reset to zero after each pattern",
    experiments: &["learning_lag_reset", "yinyang_steadnet"],
    draw: |inputs| {
        let figure = "accuracy_vs_learning_lag_reset";
        draw(inputs, "learning_lag_reset", figure, "true")
    },
};

/// `figure` is the name of the published one in its table, whose series differ in the pattern time.
fn draw(inputs: &Inputs<'_>, experiment: &str, figure: &str, reset: &str) -> Result<Page> {
    let mut axes = panel(&LAG).legend_at(1.0, 0.0);
    steadnet_level(inputs, &mut axes, reset)?;
    let runs = inputs.runs(experiment)?;
    let published = inputs
        .published("hill2020_yinyang_sweeps.csv")?
        .matching("figure", figure)?;
    for (i, (t_pattern, runs)) in runs.by_number("network.t_pattern_ms")?.iter().enumerate() {
        let name = format!("{t_pattern} ms");
        let published = published.matching("t_pattern_ms", &t_pattern.to_string())?;
        series(&mut axes, &LAG, runs, &published, i, &name)?;
    }
    published_entry(&mut axes);
    let mut page = Page::new(Width::Single, 190.0);
    page.place(page.cell(1, 1, 0, 0), axes);
    page.subtitle(inputs.shortfall(experiment, &[("training.epochs", "epochs")])?);
    Ok(page)
}
