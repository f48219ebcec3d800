//! Accuracy against learning-lag: the report's central result, and the same with reset of Δ.

use anyhow::Result;

use super::Figure;
use super::accuracy::{LAG, RUNS, differences, panel, series, steadnet_level};
use super::works::HILL;
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
    work: &HILL,
    code: file!(),
    place: "Fig. 6a",
    finding: "Plasticity while the circuit settles chokes learning; a learning-lag restores it",
    shows: "test accuracy on Yin-Yang against learning-lag, ours beside the published series, and run by run",
    reads: &[Reads::runs("learning_lag", RUNS), STEADNET],
    amounts: &[("training.epochs", "epochs")],
    draw: |inputs| draw(inputs, "learning_lag", "accuracy_vs_learning_lag", "false"),
};

/// Report, Fig. 6b.
pub(super) static LEARNING_LAG_RESET: Figure = Figure {
    id: "learning-lag-reset",
    work: &HILL,
    code: file!(),
    place: "Fig. 6b",
    finding: "Learning-lag, with the low-pass weight changes reset between patterns",
    shows: "test accuracy on Yin-Yang against learning-lag, with Δ reset to zero after each pattern",
    reads: &[Reads::runs("learning_lag_reset", RUNS), STEADNET],
    amounts: &[("training.epochs", "epochs")],
    draw: |inputs| {
        let figure = "accuracy_vs_learning_lag_reset";
        draw(inputs, "learning_lag_reset", figure, "true")
    },
};

/// `figure` is the name of the published one in its table, whose series differ in the pattern time.
fn draw(inputs: &Inputs<'_>, experiment: &str, figure: &str, reset: &str) -> Result<Page> {
    let mut axes = panel(&LAG);
    steadnet_level(inputs, &mut axes, reset)?;
    let all = hill::sweep(inputs, experiment, figure)?;
    for of_time in &all {
        let name = format!("patterns of {} ms", of_time.t_pattern_ms);
        series(&mut axes, &LAG, of_time, &name)?;
    }
    let mut page = Page::new(Width::Double, 200.0);
    page.key(&mut axes);
    page.place(page.cell(1, 2, 0, 0), axes.tag("a"));
    page.place(page.cell(1, 2, 0, 1), differences(&LAG, &all)?.tag("b"));
    page.note(
        "Lines and bands: published, mean ± standard deviation of ten runs. Markers and bars: ours, the same. b: each of our runs \
         less the published run of its seed, lags spread sideways by seed.",
    );
    Ok(page)
}
