//! Accuracy against the time constants of pattern transition and of plasticity.

use anyhow::Result;

use super::accuracy::{Swept, panel, published_entry, series};
use super::{Figure, Inputs};
use crate::plot::{Page, Width};

/// Report, Fig. 6c.
pub(super) static TAU_0: Figure = Figure {
    id: "tau-0",
    source: "Hill 2020, Fig. 6c",
    shows: "accuracy against the time constant of pattern transition",
    experiments: &["tau_0"],
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
    experiments: &["tau_w"],
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
    let runs = inputs.runs(experiment)?;
    let published = inputs
        .published("hill2020_yinyang_sweeps.csv")?
        .matching("figure", figure)?;
    for (i, (t_pattern, runs)) in runs.by_number("network.t_pattern_ms")?.iter().enumerate() {
        let published = published.matching("t_pattern_ms", &t_pattern.to_string())?;
        let lag = runs.numbers("network.learning_lag_ms")?[0];
        let name = format!("{t_pattern} ms, lag {lag} ms");
        series(&mut axes, swept, runs, &published, i, &name)?;
    }
    published_entry(&mut axes);
    let mut page = Page::new(Width::Single, 190.0);
    page.place(page.cell(1, 1, 0, 0), axes);
    page.subtitle(inputs.shortfall(experiment, &[("training.epochs", "epochs")])?);
    Ok(page)
}
