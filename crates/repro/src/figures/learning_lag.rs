//! Accuracy against learning-lag: the report's central result, and the same with reset of Δ.

use anyhow::Result;

use super::Figure;
use super::accuracy::{LAG, RUNS, panel, published_entry, series, steadnet_level};
use crate::plot::{Page, Width};
use crate::results::{Inputs, Reads};
use crate::sources::hill;

const STEADNET: Reads = Reads::runs(
    "yinyang_steadnet",
    &["network.reset_deltas", "test_accuracy"],
);

/// Report, Fig. 6a.
pub(super) static LEARNING_LAG: Figure = Figure {
    id: "learning-lag",
    source: "Hill 2020, Fig. 6a",
    shows: "Yin-Yang accuracy against learning-lag for four pattern times",
    reads: &[Reads::runs("learning_lag", RUNS), STEADNET],
    amounts: &[("training.epochs", "epochs")],
    draw: |inputs| draw(inputs, "learning_lag", "accuracy_vs_learning_lag", "false"),
};

/// Report, Fig. 6b.
pub(super) static LEARNING_LAG_RESET: Figure = Figure {
    id: "learning-lag-reset",
    source: "Hill 2020, Fig. 6b",
    shows: "the same with Δ reset to zero after each pattern",
    reads: &[Reads::runs("learning_lag_reset", RUNS), STEADNET],
    amounts: &[("training.epochs", "epochs")],
    draw: |inputs| {
        let figure = "accuracy_vs_learning_lag_reset";
        draw(inputs, "learning_lag_reset", figure, "true")
    },
};

/// `figure` is the name of the published one in its table, whose series differ in the pattern time.
fn draw(inputs: &Inputs<'_>, experiment: &str, figure: &str, reset: &str) -> Result<Page> {
    let mut axes = panel(&LAG).legend_at(1.0, 0.0);
    steadnet_level(inputs, &mut axes, reset)?;
    for (i, of_time) in hill::sweep(inputs, experiment, figure)?.iter().enumerate() {
        let name = format!("{} ms", of_time.t_pattern_ms);
        series(&mut axes, &LAG, of_time, i, &name)?;
    }
    published_entry(&mut axes);
    let mut page = Page::new(Width::Single, 190.0);
    page.place(page.cell(1, 1, 0, 0), axes);
    Ok(page)
}
