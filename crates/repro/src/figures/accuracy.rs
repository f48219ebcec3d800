//! Yin-Yang accuracy against one swept parameter, ours before the published: Figs. 6a–d.

use anyhow::Result;

use crate::plot::{Axes, Color, Marker, SERIES, Scale, Stroke};
use crate::results::Inputs;
use crate::results::stats::mean_std;
use crate::sources::hill::Series;

/// What the figures read of the runs of a sweep.
pub(super) const RUNS: &[&str] = &[
    "network.t_pattern_ms",
    "network.learning_lag_ms",
    "network.tau_0_ms",
    "network.tau_w_ms",
    "test_accuracy",
];

/// What is swept: its setting, its column in the published table, and its axis.
pub(super) struct Swept {
    pub(super) setting: &'static str,
    pub(super) published: &'static str,
    pub(super) label: &'static str,
    pub(super) limits: (f64, f64),
}

/// Learning-lag.
pub(super) const LAG: Swept = Swept {
    setting: "network.learning_lag_ms",
    published: "learning_lag_ms",
    label: "learning-lag / ms",
    limits: (-0.6, 30.6),
};

/// An empty panel for accuracies in per cent.
pub(super) fn panel(swept: &Swept) -> Axes {
    let (low, high) = swept.limits;
    let x = Scale::linear(swept.label).limits(low, high);
    Axes::new(x, Scale::linear("test accuracy / %").limits(30.0, 100.0))
}

/// Adds our runs of one series (mean ± sample standard deviation over seeds) over the published
/// points, which are drawn faintly; `index` picks the colour.
pub(super) fn series(
    axes: &mut Axes,
    swept: &Swept,
    series: &Series,
    index: usize,
    name: &str,
) -> Result<()> {
    let color = SERIES[index % SERIES.len()];
    let behind = series.published(swept.published)?.into_iter();
    let behind: Vec<(f64, f64)> = behind.map(|(x, mean)| (x, 100.0 * mean)).collect();
    axes.line(behind.clone(), Stroke::solid(color.lighter(0.7)).width(0.7));
    axes.points(behind, Marker::dot(color.lighter(0.6)).radius(1.2));
    let mut ours = Vec::new();
    for (x, runs) in series.ours.by_number(swept.setting)? {
        let (mean, std) = mean_std(&runs.numbers("test_accuracy")?);
        ours.push((x, 100.0 * mean, 100.0 * std));
    }
    axes.error_bars(
        ours.iter().copied().filter(|p| p.2.is_finite()),
        Stroke::solid(color),
    );
    let means = ours.iter().map(|p| (p.0, p.1));
    axes.line(means.clone(), Stroke::solid(color));
    axes.points(means, Marker::dot(color));
    axes.legend(name, Stroke::solid(color), Marker::dot(color));
    Ok(())
}

/// The legend entry of the published points.
pub(super) fn published_entry(axes: &mut Axes) {
    axes.legend(
        "published",
        Stroke::solid(Color::LIGHT).width(0.7),
        Marker::dot(Color::LIGHT).radius(1.2),
    );
}

/// Dashed line and band: what the steady-state approximation reaches.
pub(super) fn steadnet_level(inputs: &Inputs<'_>, axes: &mut Axes, reset: &str) -> Result<()> {
    let runs = inputs
        .runs("yinyang_steadnet")?
        .matching("network.reset_deltas", reset)?;
    let (mean, std) = mean_std(&runs.numbers("test_accuracy")?);
    let (mean, std) = (100.0 * mean, 100.0 * std);
    if std.is_finite() {
        let (low, high) = (mean - std, mean + std);
        let (left, right) = LAG.limits;
        axes.band(
            [(left, low, high), (right, low, high)],
            Color::GREY.lighter(0.75),
        );
    }
    axes.across(mean, Stroke::dashed(Color::GREY));
    axes.legend("SteadNet", Stroke::dashed(Color::GREY), None);
    Ok(())
}
