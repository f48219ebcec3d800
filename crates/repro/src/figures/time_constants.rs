//! Accuracy against the time constants of pattern transition and of plasticity.

use anyhow::Result;

use super::Figure;
use super::accuracy::{RUNS, Swept, panel, published_entry, series};
use crate::plot::{Page, Width};
use crate::results::{Inputs, Reads};
use crate::sources::hill;

/// Report, Fig. 6c.
pub(super) static TAU_0: Figure = Figure {
    id: "tau-0",
    source: "Hill 2020, Fig. 6c",
    shows: "accuracy against the time constant of pattern transition",
    reads: &[Reads::runs("tau_0", RUNS)],
    amounts: &[("training.epochs", "epochs")],
    draw: |inputs| {
        let swept = Swept {
            setting: "network.tau_0_ms",
            published: "tau_0_ms",
            label: "pattern-transition time constant *τ*_{0} / ms",
            limits: (0.0, 25.5),
        };
        draw(inputs, "tau_0", "accuracy_vs_tau_0", &swept)
    },
};

/// Report, Fig. 6d.
pub(super) static TAU_W: Figure = Figure {
    id: "tau-w",
    source: "Hill 2020, Fig. 6d",
    shows: "accuracy against the time constant of plasticity",
    reads: &[Reads::runs("tau_w", RUNS)],
    amounts: &[("training.epochs", "epochs")],
    draw: |inputs| {
        let swept = Swept {
            setting: "network.tau_w_ms",
            published: "tau_w_ms",
            label: "plasticity time constant *τ*_{w} / ms",
            limits: (0.0, 101.0),
        };
        draw(inputs, "tau_w", "accuracy_vs_tau_w", &swept)
    },
};

/// One series per pattern time; the published series of a figure differ in it too.
fn draw(inputs: &Inputs<'_>, experiment: &str, figure: &str, swept: &Swept) -> Result<Page> {
    let mut axes = panel(swept);
    for (i, of_time) in hill::sweep(inputs, experiment, figure)?.iter().enumerate() {
        let lags = of_time.ours.distinct("network.learning_lag_ms")?;
        let name = format!("{} ms, lag {} ms", of_time.t_pattern_ms, lags.join(", "));
        series(&mut axes, swept, of_time, i, &name)?;
    }
    published_entry(&mut axes);
    let mut page = Page::new(Width::Single, 190.0);
    page.place(page.cell(1, 1, 0, 0), axes);
    Ok(page)
}
