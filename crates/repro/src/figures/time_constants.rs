//! Accuracy against the time constants of pattern transition and of plasticity.

use anyhow::Result;

use super::Figure;
use super::accuracy::{RUNS, Swept, differences, panel, series};
use super::works::HILL;
use crate::plot::{Page, Width};
use crate::results::{Inputs, Reads};
use crate::sources::hill;

/// Report, Fig. 6c.
pub(super) static TAU_0: Figure = Figure {
    id: "tau-0",
    work: &HILL,
    code: file!(),
    place: "Fig. 6c",
    finding: "How fast one pattern gives way to the next",
    shows: "test accuracy on Yin-Yang against the time constant of pattern transition",
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
    work: &HILL,
    code: file!(),
    place: "Fig. 6d",
    finding: "How slowly weight changes are filtered",
    shows: "test accuracy on Yin-Yang against the time constant of plasticity",
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
    let all = hill::sweep(inputs, experiment, figure)?;
    for of_time in &all {
        let lags = of_time.lags()?;
        let name = format!("{} ms, lag {lags} ms", of_time.t_pattern_ms);
        series(&mut axes, swept, of_time, &name)?;
    }
    let mut page = Page::new(Width::Double, 200.0);
    page.key(&mut axes);
    page.place(page.cell(1, 2, 0, 0), axes.tag("a"));
    page.place(page.cell(1, 2, 0, 1), differences(swept, &all)?.tag("b"));
    page.note(
        "Lines and bands: published, mean ± standard deviation of ten runs. Markers and bars: ours, the same. b: each of our runs \
         less the published run of its seed, spread sideways by seed.",
    );
    Ok(page)
}
